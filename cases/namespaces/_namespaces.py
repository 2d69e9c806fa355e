"""Going into a new namespace and coming back, and identities of namespaces."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from errno import EINVAL, ENOTTY

from conformance.syscalls import Buffer, missing, untraced
from conformance.syscalls.files.ioctls import ioctl
from conformance.syscalls.files.links import readlink
from conformance.syscalls.files.opening import O_CLOEXEC, O_RDONLY, open
from conformance.syscalls.namespaces import setns, unshare


def enter(flags: int) -> None:
    """unshare(2). Where the kind of namespace does not exist the case ends as missing."""
    error = unshare.result_of(flags)[1]
    if error == EINVAL:
        missing("namespaces of this kind")
    if error:
        raise OSError(error, "unshare")


@contextmanager
def inside(kind: bytes, flag: int) -> Iterator[None]:
    """Be in a new namespace, `kind` as in /proc/PID/ns, then back in the old one."""
    before = open(b"/proc/self/ns/" + kind, O_RDONLY | O_CLOEXEC)
    enter(flag)
    yield
    setns(before, flag)


def ask(namespace: int, request: int) -> int:
    """A question of ioctl_ns(2); where the kernel does not know it (before Linux 4.9) the case ends as missing."""
    answer, error = ioctl.result_of(namespace, request)
    if error == ENOTTY:
        missing("questions about namespaces")
    if error:
        raise OSError(error, "ioctl of a namespace")
    return answer


def identity(path: bytes) -> bytes:
    """What a link of /proc/PID/ns says, `uts:[4026531838]`. Not traced, as the number is the kernel's choice."""
    name = Buffer(64)
    with untraced():
        return name.take(readlink(path, name, 64))
