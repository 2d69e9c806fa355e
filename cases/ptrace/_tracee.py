"""Tracees: programs of machine code, started under this process's trace, and what their stops say."""

from __future__ import annotations

from collections.abc import Callable
from errno import EAGAIN, EINVAL, EIO, ENOENT

from conformance.syscalls import Buffer, missing, untraced
from conformance.syscalls.files.descriptors import dup2
from conformance.syscalls.files.opening import O_RDWR, close, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import read, write
from conformance.syscalls.help.child import fork_child
from conformance.syscalls.help.code import ENTRY, call
from conformance.syscalls.help.pipes import new_pipe
from conformance.syscalls.help.programs import new_program
from conformance.syscalls.processes.executing import execve
from conformance.syscalls.processes.waiting import WALL, wait4
from conformance.syscalls.ptrace import (
    PTRACE_CONT,
    PTRACE_GETEVENTMSG,
    PTRACE_GETREGS,
    PTRACE_PEEKUSER,
    PTRACE_SEIZE,
    PTRACE_SETOPTIONS,
    PTRACE_SYSCALL,
    PTRACE_TRACEME,
    NewPid,
    UserRegs,
    Word,
    ptrace,
)
from conformance.syscalls.signals import pause

SYSCALL_STOP = 0x80 | 5
"""The signal of a system call's stop with PTRACE_O_TRACESYSGOOD: SIGTRAP and a bit that no signal has."""

RIP = 8 * 16
"""Offset of the instruction pointer in `struct user`."""

READY = 100
"""The fd on which a launched program says that it runs."""
ANNOUNCE = call(write, READY, ENTRY, 1)
WAIT_FOREVER = call(pause)


def stopped(signum: int, event: int = 0) -> int:
    """The wait status of a stop: by a signal, or by a ptrace event with SIGTRAP."""
    return event << 16 | signum << 8 | 0x7F


def exited(status: int) -> int:
    """The wait status of a process that exited."""
    return status << 8


def wait(pid: int) -> int:
    """Wait for the next stop or end of a tracee; its wait status."""
    status = Buffer(4)
    wait4(pid, status, WALL, None)
    return status.int_at(0)


def start(code: bytes, data: bytes = b"", *, before: Callable[[], object] | None = None) -> int:
    """Start `code` as a tracee; the pid. It stands in the SIGTRAP that follows execve(2), before its first instruction.

    `before` is called in the child between PTRACE_TRACEME and execve. Raises OSError when tracing is refused.
    """
    path = new_program(b"tracee", code, data)

    def child() -> int:
        try:
            ptrace(PTRACE_TRACEME, 0)
            if before:
                before()
            execve(path, None, None)
        except OSError as error:
            return error.errno or EAGAIN
        return 0

    pid = fork_child(child)
    status = wait(pid)
    if status & 0x7F == 0:
        raise OSError(status >> 8, "the tracee could not be started")
    assert status == stopped(5), f"after execve the tracee's status is {status:#x}"
    return pid


def launch(code: bytes, data: bytes = b"", *, before: Callable[[], object] | None = None) -> int:
    """Start `code` untraced; the pid, once it runs: it must begin with `ANNOUNCE`.

    `before` is called in the child before execve.
    """
    path = new_program(b"tracee", code, data)
    with untraced():
        reader, writer = new_pipe()

    def child() -> int:
        if before:
            before()
        with untraced():
            dup2(writer, READY)
        execve(path, None, None)
        return 0

    pid = fork_child(child)
    with untraced():
        close(writer)
        assert read(reader, Buffer(1), 1) == 1, "the program did not start"
        close(reader)
    return pid


def seize(pid: int, options: int = 0) -> None:
    """PTRACE_SEIZE; an emulation that does not know the request says EIO or EINVAL."""
    _, error = ptrace.result_of(PTRACE_SEIZE, pid, 0, options)
    if error in (EINVAL, EIO):
        missing("PTRACE_SEIZE")
    assert error == 0


def memory_of(pid: int) -> int:
    """/proc/PID/mem, opened for reading and writing."""
    fd, error = openat.result_of(AT_FDCWD, b"/proc/%d/mem" % pid, O_RDWR, 0)
    if error == ENOENT:
        missing("/proc/PID/mem")
    assert error == 0
    return fd


def resume(pid: int, signum: int = 0, request: int = PTRACE_CONT) -> int:
    """Let a stopped tracee go on, with a signal or none, and wait; the wait status of its next stop or of its end."""
    ptrace(request, pid, 0, signum)
    return wait(pid)


def to_syscall(pid: int) -> int:
    """Let a tracee go on to the next entry to, or exit from, a system call; the wait status."""
    return resume(pid, request=PTRACE_SYSCALL)


def set_options(pid: int, options: int) -> None:
    """PTRACE_SETOPTIONS."""
    ptrace(PTRACE_SETOPTIONS, pid, 0, options)


def registers(pid: int) -> UserRegs:
    """PTRACE_GETREGS."""
    regs = UserRegs()
    ptrace(PTRACE_GETREGS, pid, 0, regs)
    return regs


def user_word(pid: int, offset: int) -> int:
    """PTRACE_PEEKUSER: a word of `struct user`."""
    word = Word()
    ptrace(PTRACE_PEEKUSER, pid, offset, word)
    return word.word


def event_message(pid: int) -> int:
    """PTRACE_GETEVENTMSG of an event that tells a number."""
    message = Word()
    ptrace(PTRACE_GETEVENTMSG, pid, 0, message)
    return message.word


def event_pid(pid: int) -> int:
    """PTRACE_GETEVENTMSG of an event that tells a thread id."""
    message = NewPid()
    ptrace(PTRACE_GETEVENTMSG, pid, 0, message)
    return message.pid
