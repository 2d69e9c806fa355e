"""Locks, against a model: ranges of processes, ranges of open files, and whole files, between two processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from errno import EINVAL, errorcode
from functools import partial
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from cases._models import Refused
from cases.files._locks_model import CELLS, Held, Locks, OpenDescription, Owner
from conformance.programs.keeping import Kernel, ScriptMachine
from conformance.programs.script import Reply, Script
from conformance.syscalls.files.descriptors import F_GETLK, F_OFD_GETLK, F_OFD_SETLK, F_SETLK, dup
from conformance.syscalls.files.locks import (
    F_RDLCK,
    F_UNLCK,
    F_WRLCK,
    LOCK_EX,
    LOCK_NB,
    LOCK_SH,
    LOCK_UN,
    Flock,
    fcntl_getlk,
    fcntl_getlk_ofd,
    fcntl_setlk,
    fcntl_setlk_ofd,
    flock,
)
from conformance.syscalls.files.opening import O_CREAT, O_RDONLY, O_RDWR, O_WRONLY, close, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import SEEK_END, SEEK_SET, write
from conformance.syscalls.machinery.call import Syscall
from conformance.syscalls.pseudo import fork_process, turn_to

if TYPE_CHECKING:
    from conformance.guest.plugin import Observe

ONLOOKER = 0
"""The process that has begun: it has no locks, and so is in the way of none."""
PROCESSES = (1, 2)
SLOTS = (1, 2, 3)
SHARED = 0
"""The slot of an fd that all processes have, and keep; it is the fd, too."""
SIZE = 5
"""Bytes of the file, from the end of which a range may be counted."""

processes = st.sampled_from(PROCESSES)
slots = st.sampled_from(SLOTS)
any_slots = st.sampled_from((SHARED, *SLOTS))
kinds = st.sampled_from([F_WRLCK, F_RDLCK, F_UNLCK])
questions = st.sampled_from([F_WRLCK, F_RDLCK])
modes = st.sampled_from([O_RDWR, O_RDONLY, O_WRONLY])
starts = st.integers(0, 10)
lengths = st.integers(0, 4)
ranges = st.tuples(kinds, starts, lengths, st.sampled_from(["start", "end", "backwards"]))

CALLS = st.one_of(
    st.tuples(st.just("open"), processes, slots, modes),
    st.tuples(st.just("dup"), processes, any_slots, slots),
    st.tuples(st.just("close"), processes, slots),
    st.tuples(st.just("lock"), processes, any_slots, st.booleans(), st.lists(ranges, min_size=1, max_size=4)),
    st.tuples(st.just("ask"), processes, any_slots, questions, starts, lengths, st.booleans()),
    st.tuples(st.just("lock_whole"), processes, any_slots, st.sampled_from([LOCK_EX, LOCK_SH, LOCK_UN])),
)
"""What may be done, with what."""


class LocksMachine(ScriptMachine):
    """Two processes make calls in turns, and a third looks on."""

    def __init__(self, has_file_locks: bool) -> None:
        """`has_file_locks`: whether there is F_OFD_SETLK (Linux 3.15)."""
        super().__init__()
        self.has_file_locks = has_file_locks
        self.locks = Locks()
        self.turn = ONLOOKER
        self.says(SHARED, openat, AT_FDCWD, b"file", O_RDWR | O_CREAT, 0o600)
        self.says(SIZE, write, SHARED, b"x" * SIZE, SIZE)
        shared = OpenDescription(O_RDWR, len(PROCESSES))
        self.pids = [self.does(fork_process) for _ in PROCESSES]
        self.fds = {(process, SHARED): SHARED for process in PROCESSES}
        """By process and slot."""
        for process in PROCESSES:
            self.locks.fds[process, SHARED] = shared
            self.open(process, SLOTS[0], O_RDWR)

    @rule(call=CALLS)
    def make(self, call: tuple[Any, ...]) -> None:
        """One rule, since of several Hypothesis leaves some out of each program: too many, when programs are few."""
        name, *arguments = call
        getattr(self, name)(*arguments)

    def turns_to(self, process: int) -> None:
        """Have a process make the calls that follow."""
        if self.turn != process:
            self.says(0, turn_to, process)
            self.turn = process

    def agree(self, model: Callable[[], None], process: int, stub: Syscall[Any], *args: object) -> bool:
        """Have the call made, which must fail or succeed as the model does. Whether it succeeds."""
        errors: tuple[int, ...] = (0,)
        try:
            model()
        except Refused as refused:
            errors = refused.errors
        self.turns_to(process)
        self.then(judge, stub.name, self.call(stub, *args), errors)
        return errors == (0,)

    # -- fds

    def new_fd(self, process: int) -> int:
        """The lowest that is free in a process."""
        taken = {fd for (whose, _), fd in self.fds.items() if whose == process}
        return next(fd for fd in range(len(taken) + 1) if fd not in taken)

    def open(self, process: int, slot: int, mode: int) -> None:
        if (process, slot) not in self.locks.fds:
            self.locks.open(process, slot, mode)
            self.turns_to(process)
            fd = self.fds[process, slot] = self.new_fd(process)
            self.says(fd, openat, AT_FDCWD, b"file", mode, 0)

    def dup(self, process: int, slot: int, new: int) -> None:
        if (process, slot) in self.locks.fds and (process, new) not in self.locks.fds:
            self.locks.dup(process, slot, new)
            self.turns_to(process)
            fd = self.fds[process, new] = self.new_fd(process)
            self.says(fd, dup, self.fds[process, slot])

    def close(self, process: int, slot: int) -> None:
        if (process, slot) in self.locks.fds:
            self.locks.close(process, slot)
            self.turns_to(process)
            self.says(0, close, self.fds.pop((process, slot)))
            self.look()

    # -- ranges

    def lock(self, process: int, slot: int, by_file: bool, ranges: list[tuple[int, int, int, str]]) -> None:
        """F_SETLK, F_OFD_SETLK."""
        file = self.locks.fds.get((process, slot))
        if file is None or (by_file and not self.has_file_locks):
            return
        stub, command = (fcntl_setlk_ofd, F_OFD_SETLK) if by_file else (fcntl_setlk, F_SETLK)
        for kind, start, length, form in ranges:
            model = partial(self.locks.lock, file if by_file else process, file.mode, kind, start, length)
            self.agree(model, process, stub, self.fds[process, slot], command, encoded(kind, start, length, form))
        self.look()

    def ask(self, process: int, slot: int, kind: int, start: int, length: int, by_file: bool) -> None:
        """F_GETLK, F_OFD_GETLK: one of the locks that are in the way."""
        file = self.locks.fds.get((process, slot))
        if file is None or (by_file and not self.has_file_locks):
            return
        owner: Owner = file if by_file else process
        stub, command = (fcntl_getlk_ofd, F_OFD_GETLK) if by_file else (fcntl_getlk, F_GETLK)
        found = Flock(l_type=kind, l_start=start, l_len=length)
        self.turns_to(process)
        self.says(0, stub, self.fds[process, slot], command, found)
        self.then(self.check, found, self.locks.conflicts(owner, kind, start, length), f"process {process}")

    def look(self) -> None:
        """Byte by byte, as somebody sees it who has no locks."""
        self.turns_to(ONLOOKER)
        for at in range(CELLS):
            found = Flock(l_type=F_WRLCK, l_whence=SEEK_SET, l_start=at, l_len=1)
            self.says(0, fcntl_getlk, SHARED, F_GETLK, found)
            self.then(self.check, found, self.locks.conflicts(-1, F_WRLCK, at, 1), "an onlooker")

    def check(self, found: Flock, conflicts: Sequence[Held], who: str) -> None:
        """F_GETLK's answer is one of the locks in the way, or that there is none."""
        wanted = [(each.kind, each.start, each.length, self.pid_of(each.owner)) for each in conflicts]
        said = (found.l_type, found.l_start, found.l_len, found.l_pid)
        if not wanted:
            assert found.l_type == F_UNLCK, f"{who} is told of {said} where no lock is"
        else:
            assert said in wanted, f"{who} is told of {said}; the locks (type, start, length, pid) there are {wanted}"

    def pid_of(self, owner: Owner) -> int:
        """As F_GETLK tells it."""
        return -1 if isinstance(owner, OpenDescription) else self.pids[owner - 1].result

    # -- the whole file

    def lock_whole(self, process: int, slot: int, operation: int) -> None:
        """flock(2)."""
        if file := self.locks.fds.get((process, slot)):
            fd, model = self.fds[process, slot], self.locks.lock_whole
            if not self.agree(lambda: model(file, operation), process, flock, fd, operation | LOCK_NB):
                # The lock that was to be converted may be lost, or may not: now it is.
                self.agree(lambda: model(file, LOCK_UN), process, flock, fd, LOCK_UN)


def judge(name: str, answer: Reply, errors: Sequence[int]) -> None:
    """A call has said one of these."""
    said, wanted = (" or ".join(errorcode.get(each, "success") for each in some) for some in ((answer.error,), errors))
    assert answer.error in errors, f"{name}: {said}; the model says {wanted}"
    assert answer.error or answer.result == 0


def encoded(kind: int, start: int, length: int, form: str) -> Flock:
    """A range in one of the ways to say it: from its start, from the file's end, or with a negative length."""
    if form == "end":
        return Flock(l_type=kind, l_whence=SEEK_END, l_start=start - SIZE, l_len=length)
    if form == "backwards":
        return Flock(l_type=kind, l_start=start + length, l_len=-length)
    return Flock(l_type=kind, l_start=start, l_len=length)


def test_locks_are_whose_they_are(kernel: Kernel, observe: Observe) -> None:
    """What is split and joined, what a close releases, who is told of whom; F_OFD_SETLK may be left out."""
    probe = Script()
    fd = probe.opens(openat, AT_FDCWD, b"file", O_RDWR | O_CREAT, 0o600)
    unlocked = probe.call(fcntl_setlk_ofd, fd, F_OFD_SETLK, Flock(l_type=F_UNLCK))
    kernel.does(probe)
    has_file_locks = unlocked.error != EINVAL
    observe("left out", [] if has_file_locks else ["F_OFD_SETLK"])
    kernel.keeps(LocksMachine, has_file_locks)
