"""memfd_secret(2): memory with an fd that the kernel itself cannot read."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.files.opening import O_CLOEXEC
from conformance.syscalls.machinery.call import syscall
from conformance.syscalls.machinery.choices import Choices
from conformance.syscalls.machinery.kinds import FileDescriptor, Flags
from conformance.syscalls.machinery.touches import NOTHING

SecretFlags = Annotated[int, Flags({"O_CLOEXEC": O_CLOEXEC}), Choices(0, O_CLOEXEC, ...)]
SecretFd = Annotated[int, FileDescriptor("secret")]


@syscall(number=447, since="5.14", touches=NOTHING)
def memfd_secret(flags: SecretFlags) -> SecretFd: ...
