"""Memory with an fd: memfd_create(2)'s flags, and memfd_secret(2)."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.files import O_CLOEXEC
from conformance.syscalls.machinery.call import syscall
from conformance.syscalls.machinery.choices import Choices
from conformance.syscalls.machinery.kinds import FileDescriptor, Flags
from conformance.syscalls.machinery.touches import PROCESS

MFD_CLOEXEC, MFD_ALLOW_SEALING, MFD_HUGETLB, MFD_NOEXEC_SEAL, MFD_EXEC = 1, 2, 4, 8, 16

SecretFlags = Annotated[int, Flags({"O_CLOEXEC": O_CLOEXEC}), Choices(0, O_CLOEXEC, ...)]
SecretFd = Annotated[int, FileDescriptor("secret")]


@syscall(number=447, since="5.14", touches=PROCESS)
def memfd_secret(flags: SecretFlags) -> SecretFd: ...
