"""Locks, against a model: ranges of processes, ranges of open files, and whole files, between two processes."""

from __future__ import annotations

import struct
from collections.abc import Callable
from errno import EINVAL, errorcode
from functools import partial
from typing import TYPE_CHECKING

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from cases._models import Refused
from cases.files._locks_model import CELLS, Held, Locks, OpenDescription, Owner
from conformance.syscalls import Buffer, untraced
from conformance.syscalls.files.descriptors import F_GETLK, F_OFD_GETLK, F_OFD_SETLK, F_SETLK, dup, fcntl
from conformance.syscalls.files.locks import F_RDLCK, F_UNLCK, F_WRLCK, LOCK_EX, LOCK_NB, LOCK_SH, LOCK_UN, Flock, flock
from conformance.syscalls.files.opening import O_RDONLY, O_RDWR, O_WRONLY, close, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import SEEK_END, SEEK_SET, read, write
from conformance.syscalls.help.child import exit_status, fork_child
from conformance.syscalls.help.paths import new_file
from conformance.syscalls.help.pipes import new_pipe

if TYPE_CHECKING:
    from conformance.guest.plugin import Observe

PROCESSES = (0, 1)
SLOTS = (1, 2, 3)
SHARED = 0
"""The slot of an fd that both processes have inherited, and keep."""
SIZE = 5
"""Bytes of the file, from the end of which a range may be counted."""
REQUEST = struct.Struct("<9s5q")
REPLY = struct.Struct("<5q")

processes = st.sampled_from(PROCESSES)
slots = st.sampled_from(SLOTS)
any_slots = st.sampled_from((SHARED, *SLOTS))
kinds = st.sampled_from([F_WRLCK, F_RDLCK, F_UNLCK])
questions = st.sampled_from([F_WRLCK, F_RDLCK])
modes = st.sampled_from([O_RDWR, O_RDONLY, O_WRONLY])
starts = st.integers(0, 10)
lengths = st.integers(0, 4)
ranges = st.tuples(kinds, starts, lengths, st.sampled_from(["start", "end", "backwards"]))


class Process:
    """A child that does what it is told."""

    def __init__(self, shared: int) -> None:
        requests, self._out = new_pipe()
        self._in, replies = new_pipe()
        self.pid = fork_child(lambda: serve(shared, requests, replies))

    def do(self, name: str, slot: int, *arguments: int) -> tuple[int, Flock]:
        """The errno of a call, and what it left in its `struct flock`."""
        request = REQUEST.pack(name.encode(), slot, *arguments, *[0] * (4 - len(arguments)))
        assert write(self._out, request, len(request)) == len(request)
        reply = Buffer(REPLY.size)
        assert read(self._in, reply, REPLY.size) == REPLY.size, f"the process is gone that was told to {name}"
        error, kind, start, length, pid = REPLY.unpack(bytes(reply))
        return error, Flock(l_type=kind, l_start=start, l_len=length, l_pid=pid)

    def end(self) -> None:
        """Let it go."""
        self.do("exit", 0)
        assert exit_status(self.pid) == 0


def serve(shared: int, requests: int, replies: int) -> None:
    """A process's life."""
    fds = {SHARED: shared}
    while read(requests, request := Buffer(REQUEST.size), REQUEST.size):
        name, slot, *arguments = REQUEST.unpack(bytes(request))
        command, found = name.rstrip(b"\0").decode(), Flock()
        error = perform(command, fds, slot, arguments, found)
        reply = REPLY.pack(error, found.l_type, found.l_start, found.l_len, found.l_pid)
        write(replies, reply, len(reply))
        if command == "exit":
            return


def perform(command: str, fds: dict[int, int], slot: int, arguments: list[int], found: Flock) -> int:
    """One call; its errno."""
    error = 0
    match command:
        case "open":
            fds[slot], error = openat.result_of(AT_FDCWD, b"file", arguments[0], 0)
        case "dup":
            fds[arguments[0]], error = dup.result_of(fds[slot])
        case "close":
            error = close.result_of(fds.pop(slot))[1]
        case "fcntl":
            operation, found.l_type, found.l_start, found.l_len = arguments
            if found.l_type & SEEK_END << 8:
                found.l_type, found.l_whence = found.l_type & 0xFF, SEEK_END
            error = fcntl.result_of(fds[slot], operation, found)[1]
        case "flock":
            error = flock.result_of(fds[slot], arguments[0])[1]
    return error


class LocksMachine(RuleBasedStateMachine):
    """Tells the processes what to do, and compares what comes of it with what the model says."""

    children: tuple[Process, ...] = ()
    observer = -1
    """An fd of this process, which has no locks and so is in the way of none."""
    has_file_locks = True

    def __init__(self) -> None:
        super().__init__()
        self.locks = Locks()
        shared = OpenDescription(O_RDWR, len(PROCESSES))
        for process in PROCESSES:
            self.locks.fds[process, SHARED] = shared
            self.open(process, SLOTS[0], O_RDWR)

    def teardown(self) -> None:
        for process, slot in self.locks.fds:
            if slot != SHARED:
                self.children[process].do("close", slot)
        for child in self.children:
            child.do("fcntl", SHARED, F_SETLK, F_UNLCK, 0, 0)
            child.do("fcntl", SHARED, F_OFD_SETLK, F_UNLCK, 0, 0)
            child.do("flock", SHARED, LOCK_UN)

    def agree(self, model: Callable[[], None], process: int, name: str, slot: int, *arguments: int) -> bool:
        """Have the call made, which must fail or succeed as the model does. Whether it succeeded."""
        errors: tuple[int, ...] = (0,)
        try:
            model()
        except Refused as refused:
            errors = refused.errors
        error, _ = self.children[process].do(name, slot, *arguments)
        said, wanted = (" or ".join(errorcode.get(each, "success") for each in some) for some in ((error,), errors))
        assert error in errors, f"{name}: {said}; the model says {wanted}"
        return not error

    # -- fds

    @rule(process=processes, slot=slots, mode=modes)
    def open(self, process: int, slot: int, mode: int) -> None:
        if (process, slot) not in self.locks.fds:
            self.agree(lambda: self.locks.open(process, slot, mode), process, "open", slot, mode)

    @rule(process=processes, slot=any_slots, new=slots)
    def dup(self, process: int, slot: int, new: int) -> None:
        if (process, slot) in self.locks.fds and (process, new) not in self.locks.fds:
            self.agree(lambda: self.locks.dup(process, slot, new), process, "dup", slot, new)

    @rule(process=processes, slot=slots)
    def close(self, process: int, slot: int) -> None:
        if (process, slot) in self.locks.fds:
            self.agree(lambda: self.locks.close(process, slot), process, "close", slot)
            self.look()

    # -- ranges

    @rule(process=processes, slot=any_slots, by_file=st.booleans(), ranges=st.lists(ranges, min_size=1, max_size=4))
    def lock(self, process: int, slot: int, by_file: bool, ranges: list[tuple[int, int, int, str]]) -> None:
        """F_SETLK, F_OFD_SETLK."""
        file = self.locks.fds.get((process, slot))
        if file is None or (by_file and not self.has_file_locks):
            return
        for kind, start, length, form in ranges:
            self.agree(
                partial(self.locks.lock, file if by_file else process, file.mode, kind, start, length),
                *(process, "fcntl", slot, F_OFD_SETLK if by_file else F_SETLK, *encoded(kind, start, length, form)),
            )
        self.look()

    @rule(process=processes, slot=any_slots, kind=questions, start=starts, length=lengths, by_file=st.booleans())
    def ask(self, process: int, slot: int, kind: int, start: int, length: int, by_file: bool) -> None:
        """F_GETLK, F_OFD_GETLK: one of the locks that are in the way."""
        file = self.locks.fds.get((process, slot))
        if file is None or (by_file and not self.has_file_locks):
            return
        owner: Owner = file if by_file else process
        operation = F_OFD_GETLK if by_file else F_GETLK
        error, found = self.children[process].do("fcntl", slot, operation, kind, start, length)
        assert not error, f"F_GETLK: {errorcode[error]}"
        self.check(found, self.locks.conflicts(owner, kind, start, length), f"process {process}")

    def look(self) -> None:
        """Byte by byte, as somebody sees it who has no locks."""
        for at in range(CELLS):
            found = Flock(l_type=F_WRLCK, l_whence=SEEK_SET, l_start=at, l_len=1)
            fcntl(self.observer, F_GETLK, found)
            self.check(found, self.locks.conflicts(-1, F_WRLCK, at, 1), "an onlooker")

    def check(self, found: Flock, conflicts: list[Held], who: str) -> None:
        """F_GETLK's answer is one of the locks in the way, or that there is none."""
        pids = [-1 if isinstance(each.owner, OpenDescription) else self.children[each.owner].pid for each in conflicts]
        wanted = [(each.kind, each.start, each.length, pid) for each, pid in zip(conflicts, pids, strict=True)]
        said = (found.l_type, found.l_start, found.l_len, found.l_pid)
        if not wanted:
            assert found.l_type == F_UNLCK, f"{who} is told of {said} where no lock is"
        else:
            assert said in wanted, f"{who} is told of {said}; the locks (type, start, length, pid) there are {wanted}"

    # -- the whole file

    @rule(process=processes, slot=any_slots, operation=st.sampled_from([LOCK_EX, LOCK_SH, LOCK_UN]))
    def lock_whole(self, process: int, slot: int, operation: int) -> None:
        """flock(2)."""
        if file := self.locks.fds.get((process, slot)):
            model = self.locks.lock_whole
            if not self.agree(lambda: model(file, operation), process, "flock", slot, operation | LOCK_NB):
                # The lock that was to be converted may be lost, or may not: now it is.
                self.agree(lambda: model(file, LOCK_UN), process, "flock", slot, LOCK_UN)


def encoded(kind: int, start: int, length: int, form: str) -> tuple[int, int, int]:
    """A range in one of the ways to say it: from its start, from the file's end, or with a negative length."""
    if form == "end":
        return kind | SEEK_END << 8, start - SIZE, length
    return (kind, start + length, -length) if form == "backwards" else (kind, start, length)


def test_locks_are_whose_they_are(observe: Observe) -> None:
    """What is split and joined, what a close releases, who is told of whom; F_OFD_SETLK may be left out."""
    with untraced():
        machine = LocksMachine
        fd = new_file(b"file", b"x" * SIZE)
        error = fcntl.result_of(fd, F_OFD_SETLK, Flock(l_type=F_UNLCK))[1]
        machine.has_file_locks = error != EINVAL
        observe("left out", [] if machine.has_file_locks else ["F_OFD_SETLK"])
        machine.children = tuple(Process(fd) for _ in PROCESSES)
        machine.observer = fd
        run_state_machine_as_test(machine)
        for process in machine.children:
            process.end()
