"""Programs that try one thing and say by their exit status whether they might."""

from __future__ import annotations

from conformance.syscalls import untraced
from conformance.syscalls.files.attributes import fchmod
from conformance.syscalls.files.directories import chroot
from conformance.syscalls.files.opening import O_CREAT, O_WRONLY, close, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import write
from conformance.syscalls.help.code import DATA, EXIT_WITH_ERRNO, call, elf
from conformance.syscalls.processes.executing import execve


def program(code: bytes, data: bytes = b"", *, mode: int = 0o755) -> bytes:
    """Write an executable; its path."""
    image, path = elf(code, data), b"program"
    with untraced():
        fd = openat(AT_FDCWD, path, O_WRONLY | O_CREAT, 0o755)
        assert write(fd, image, len(image)) == len(image)
        fchmod(fd, mode)
        close(fd)
    return path


def chroot_program() -> bytes:
    """Changes its root, which takes CAP_SYS_CHROOT; the exit status is the errno, 0 on success."""
    return program(call(chroot, DATA) + EXIT_WITH_ERRNO, b"/\0")


def run(path: bytes) -> int:
    """For the end of a child: become the program. Never returns, unless it cannot be executed."""
    return execve(path, None, None)
