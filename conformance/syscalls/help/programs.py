"""Programs as files: what a case executes. Their calls go into no trace, since nobody asks how the file was made."""

from __future__ import annotations

from conformance.syscalls.files.attributes import fchmod
from conformance.syscalls.files.links import unlinkat
from conformance.syscalls.files.opening import O_CREAT, O_EXCL, O_WRONLY, close, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import write
from conformance.syscalls.help.child import in_child
from conformance.syscalls.help.code import elf
from conformance.syscalls.machinery.call import untraced
from conformance.syscalls.processes.executing import Strings, execve


def new_program(name: bytes, code: bytes, data: bytes = b"", *, mode: int = 0o755) -> bytes:
    """Write an executable made of machine code, as `elf` makes it; its name. Not traced."""
    return new_executable(name, elf(code, data), mode=mode)


def new_executable(name: bytes, content: bytes, *, mode: int = 0o755) -> bytes:
    """Write a file that can be executed, unless `mode` has it otherwise: a script, say; its name. Not traced.

    It takes the place of one of that name, which may be running. `mode` holds whatever the umask is.
    """
    with untraced():
        unlinkat.result_of(AT_FDCWD, name, 0)
        fd = openat(AT_FDCWD, name, O_WRONLY | O_CREAT | O_EXCL, 0o700)
        assert write(fd, content, len(content)) == len(content)
        fchmod(fd, mode)
        close(fd)
    return name


def run_program(path: bytes, *arguments: bytes) -> int:
    """Execute a file in a child, with these strings as its arguments from the first on; the exit status."""
    strings = Strings(path, *arguments)
    return in_child(lambda: execve(path, strings.array, None))
