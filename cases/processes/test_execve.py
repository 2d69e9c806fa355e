"""Executing: which files execve(2) and execveat(2) take, what scripts add, which descriptors survive."""

from __future__ import annotations

import signal
from errno import E2BIG, EACCES, EBADF, EFAULT, EINVAL, ELOOP, ENAMETOOLONG, ENOENT, ENOEXEC, ENOSYS, ENOTDIR, ETXTBSY

import pytest

from conformance.syscalls import Buffer, missing, untraced
from conformance.syscalls.files.descriptors import F_GETFD, FD_CLOEXEC, dup2, dup3, fcntl
from conformance.syscalls.files.directories import mkdir
from conformance.syscalls.files.links import readlink, symlink
from conformance.syscalls.files.opening import (
    CLOSE_RANGE_CLOEXEC,
    O_CLOEXEC,
    O_RDONLY,
    O_RDWR,
    O_WRONLY,
    close,
    close_range,
    creat,
    open,
    openat,
)
from conformance.syscalls.files.paths import AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW
from conformance.syscalls.files.sizes import truncate
from conformance.syscalls.help.child import fork_child, in_child
from conformance.syscalls.help.code import EXIT_WITH_ERRNO, call, exit_code
from conformance.syscalls.help.programs import new_executable, new_program, run_program
from conformance.syscalls.help.waiting import until
from conformance.syscalls.processes.executing import AT_EXECVE_CHECK, Strings, execve, execveat
from conformance.syscalls.signals import kill, pause

pytestmark = pytest.mark.needs("x86_64")

LONGEST_STRING = 32 * 4096
"""MAX_ARG_STRLEN, with the NUL at its end (execve(2), "Limits on size of arguments and environment")."""
HIGH_FD = 100
EXIT_WITH_ARGC = b"\x48\x8b\x3c\x24\xb8\xe7\x00\x00\x00\x0f\x05"
"""Machine code: exit_group with what the stack begins with, the number of arguments."""


def executed(pid: int) -> bytes:
    """The file that a process executes. Not traced."""
    path = Buffer(256)
    with untraced():
        return path.take(readlink(b"/proc/%d/exe" % pid, path, 256))


def test_path_that_leads_to_no_executable_is_refused() -> None:
    new_program(b"program", EXIT_WITH_ARGC)
    new_executable(b"private", b"\x7fELF", mode=0o644)
    mkdir(b"directory", 0o755)
    symlink(b"loop", b"loop")
    for path, error in (
        (b"absent", ENOENT),
        (b"", ENOENT),
        (b"program/x", ENOTDIR),
        (b"directory", EACCES),
        (b"private", EACCES),
        (b"loop", ELOOP),
        (b"x" * 256, ENAMETOOLONG),
        (1, EFAULT),
    ):
        execve.fails_with(error, path, None, None)
    execve.fails_with(EFAULT, b"program", 8, None)


def test_file_that_is_open_for_writing_is_etxtbsy() -> None:
    path = new_program(b"program", exit_code(99))
    openat(AT_FDCWD, path, O_WRONLY, 0)
    assert in_child(lambda: execve.fails_with(ETXTBSY, path, None, None)) == 0


def test_file_that_is_executed_is_etxtbsy_for_who_would_write_to_it() -> None:
    path = new_program(b"program", call(pause))
    pid = fork_child(lambda: execve(path, None, None))
    until(lambda: executed(pid).endswith(b"/program"))
    open.fails_with(ETXTBSY, path, O_WRONLY)
    openat.fails_with(ETXTBSY, AT_FDCWD, path, O_RDWR, 0)
    creat.fails_with(ETXTBSY, path, 0o755)
    truncate.fails_with(ETXTBSY, path, 0)
    with untraced():
        kill(pid, signal.SIGKILL)


def test_content_that_no_format_claims_is_enoexec() -> None:
    for at, content in enumerate((b"", b"echo hello\n", b"\x7fELF" + bytes(60), b"#!\n")):
        execve.fails_with(ENOEXEC, new_executable(b"%d" % at, content), None, None)


def test_one_string_holds_131071_bytes() -> None:
    path = new_program(b"program", EXIT_WITH_ARGC)
    assert run_program(path, b"x" * (LONGEST_STRING - 1)) == 2
    execve.fails_with(E2BIG, path, Strings(path, b"x" * LONGEST_STRING).array, None)


def test_script_passes_its_one_argument_and_its_name() -> None:
    """The interpreter's name, "one argument" as a whole, the script's name, then what the script was given.

    The interpreter may be a script itself, four levels deep at least, not for ever (execve(2)).
    """
    new_program(b"0", EXIT_WITH_ARGC)
    assert run_program(new_executable(b"script", b"#! ./0 one argument \n"), b"x", b"y") == 5
    for level in range(1, 5):
        new_executable(b"%d" % level, b"#!./%d\n" % (level - 1))
    assert run_program(b"4") == 5
    execve.fails_with(ELOOP, new_executable(b"itself", b"#!./itself\n"), None, None)


def test_file_can_be_executed_by_its_descriptor() -> None:
    """A script's name is then /dev/fd/N; if that is closed on execve, ENOENT (execveat(2), "BUGS")."""
    fd = openat(AT_FDCWD, new_program(b"program", EXIT_WITH_ARGC), O_RDONLY | O_CLOEXEC, 0)
    arguments = Strings(b"a", b"b", b"c")
    execveat.fails_with(ENOENT, fd, b"", arguments.array, None, 0)
    assert in_child(lambda: execveat(fd, b"", arguments.array, None, AT_EMPTY_PATH)) == 3
    execveat.fails_with(EINVAL, AT_FDCWD, b"program", arguments.array, None, 1)
    symlink(b"program", b"link")
    execveat.fails_with(ELOOP, AT_FDCWD, b"link", arguments.array, None, AT_SYMLINK_NOFOLLOW)
    script = openat(AT_FDCWD, new_executable(b"script", b"#!./program\n"), O_RDONLY | O_CLOEXEC, 0)
    execveat.fails_with(ENOENT, script, b"", None, None, AT_EMPTY_PATH)


def test_executable_can_be_checked_without_being_executed() -> None:
    """AT_EXECVE_CHECK (Linux 6.14)."""
    fd = openat(AT_FDCWD, new_program(b"program", EXIT_WITH_ARGC), O_RDONLY, 0)
    _, error = execveat.result_of(fd, b"", None, None, AT_EMPTY_PATH | AT_EXECVE_CHECK)
    if error in (EINVAL, ENOSYS):
        missing("AT_EXECVE_CHECK")
    assert error == 0
    path = new_executable(b"private", b"\x7fELF", mode=0o644)
    execveat.fails_with(EACCES, AT_FDCWD, path, None, None, AT_EXECVE_CHECK)


@pytest.mark.parametrize("how", ["kept", "dup3", "close_range"])
def test_descriptor_is_closed_by_execve_if_it_is_marked(how: str) -> None:
    """The program exits with the errno of closing it. CLOSE_RANGE_CLOEXEC is of Linux 5.11."""
    path = new_program(b"program", call(close, HIGH_FD) + EXIT_WITH_ERRNO)
    if how == "dup3":
        dup3(0, HIGH_FD, O_CLOEXEC)
    else:
        dup2(0, HIGH_FD)
    if how == "close_range" and close_range.result_of(HIGH_FD, HIGH_FD, CLOSE_RANGE_CLOEXEC)[1] in (EINVAL, ENOSYS):
        missing("CLOSE_RANGE_CLOEXEC")
    assert fcntl(HIGH_FD, F_GETFD) == (0 if how == "kept" else FD_CLOEXEC)
    assert run_program(path) == (0 if how == "kept" else EBADF)
