"""Programs of machine code as files."""

from __future__ import annotations

from conformance.syscalls import untraced
from conformance.syscalls.files.opening import O_CREAT, O_EXCL, O_WRONLY, close, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import write
from conformance.syscalls.help.child import in_child
from conformance.syscalls.help.code import elf
from conformance.syscalls.processes.executing import Strings, execve

EXIT_WITH_ARGC = b"\x48\x8b\x3c\x24\xb8\xe7\x00\x00\x00\x0f\x05"
"""Machine code: exit_group with what the stack begins with, the number of arguments."""


def new_file(name: bytes, content: bytes, mode: int = 0o755) -> bytes:
    """Write a file; its name."""
    with untraced():
        fd = openat(AT_FDCWD, name, O_WRONLY | O_CREAT | O_EXCL, mode)
        assert write(fd, content, len(content)) == len(content)
        close(fd)
    return name


def new_program(name: bytes, code: bytes) -> bytes:
    """Write an executable; its name."""
    return new_file(name, elf(code))


def run(path: bytes, *arguments: bytes) -> int:
    """Execute a file in a child, with these strings as its arguments from the first on; the exit status."""
    strings = Strings(path, *arguments)
    return in_child(lambda: execve(path, strings.array, None))
