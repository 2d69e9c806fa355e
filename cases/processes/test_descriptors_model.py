"""Tables of descriptors, against a model: dup, fcntl, close_range, and what execve(2) leaves open."""

from __future__ import annotations

import struct
from errno import EBADF, EINVAL, ENOSYS
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from cases.processes._descriptors_model import Entry, Table
from conformance.syscalls import Buffer, untraced
from conformance.syscalls.files.descriptors import (
    F_DUPFD,
    F_DUPFD_CLOEXEC,
    F_GETFD,
    F_SETFD,
    FD_CLOEXEC,
    dup,
    dup2,
    dup3,
    fcntl,
)
from conformance.syscalls.files.opening import (
    CLOSE_RANGE_CLOEXEC,
    CLOSE_RANGE_UNSHARE,
    O_CLOEXEC,
    O_CREAT,
    O_RDWR,
    close,
    close_range,
    openat,
)
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.pipes import pipe2
from conformance.syscalls.files.reading import SEEK_CUR, SEEK_SET, lseek, read, write
from conformance.syscalls.help.code import DATA, call, exit_code, store_result
from conformance.syscalls.help.pipes import new_pipe
from conformance.syscalls.help.programs import new_program, run_program
from conformance.syscalls.processes.limits import RLIMIT_NOFILE, Rlimit, prlimit64

pytestmark = pytest.mark.needs("x86_64")

ROOM = 6
"""How many descriptors there may be, besides those that are open already."""
FDS = st.integers(0, ROOM + 1)
"""A descriptor, counted from the first that may be used; the last two are beyond the limit."""
ABSENT = 250
"""No such descriptor is open before anything begins."""


def answer(result: tuple[int, int]) -> int:
    """A result as the kernel gives it: errnos are negative."""
    value, error = result
    return -error if error else value


CALLS = st.one_of(
    st.tuples(st.just("open"), st.booleans()),
    st.tuples(st.just("open_two"), st.booleans()),
    st.tuples(st.just("dup"), FDS),
    st.tuples(st.just("dup_from"), FDS, FDS, st.booleans()),
    st.tuples(st.just("dup2"), FDS, FDS),
    st.tuples(st.just("dup3"), FDS, FDS, st.booleans()),
    st.tuples(st.just("close"), FDS),
    st.tuples(st.just("mark"), FDS, st.booleans()),
    st.tuples(st.just("close_range"), FDS, st.integers(-1, 3), st.booleans(), st.booleans()),
    st.tuples(st.just("execute")),
)
"""What may be done, with what."""


class Descriptors(RuleBasedStateMachine):
    """This process's table. Every open file has an offset of its own, which tells which one it is."""

    first: int
    """The first descriptor that may be used: all below are taken."""
    program: bytes
    report: int
    """Where the program writes what it finds."""
    ranges = True
    """Whether there is close_range(2) (Linux 5.9)."""
    marking = True
    """Whether it has CLOSE_RANGE_CLOEXEC (Linux 5.11)."""

    def __init__(self) -> None:
        super().__init__()
        self.table = Table(self.first, self.first + ROOM)
        self.files = 0
        self.executed = False
        self.old = Rlimit()
        prlimit64(0, RLIMIT_NOFILE, None, self.old)
        prlimit64(0, RLIMIT_NOFILE, Rlimit(cur=self.first + ROOM, max=self.old.max), None)

    def teardown(self) -> None:
        for fd in self.table.entries:
            close(fd)
        prlimit64(0, RLIMIT_NOFILE, self.old, None)

    @initialize(first=st.booleans(), second=st.booleans())
    def begin(self, first: bool, second: bool) -> None:
        self.open(first)
        self.open(second)

    @rule(call=CALLS)
    def make(self, call: tuple[Any, ...]) -> None:
        """One rule, since of several Hypothesis leaves some out of each program: too many, when programs are few."""
        name, *arguments = call
        getattr(self, name)(*arguments)

    def open(self, cloexec: bool) -> None:
        self.files += 1
        fd = answer(openat.result_of(AT_FDCWD, b"file", O_RDWR | O_CREAT | (O_CLOEXEC if cloexec else 0), 0o600))
        assert fd == self.table.open(Entry(self.files, cloexec))
        if fd >= 0:
            lseek(fd, self.files, SEEK_SET)

    def open_two(self, cloexec: bool) -> None:
        """pipe2(2); then a file takes the place of each end, since a pipe has no offset."""
        fds = Buffer(8)
        expected = self.table.open(Entry(0, cloexec), Entry(0, cloexec))
        assert answer(pipe2.result_of(fds, O_CLOEXEC if cloexec else 0)) == min(expected, 0)
        if expected >= 0:
            ends = [fd for fd, entry in sorted(self.table.entries.items()) if not entry.file]
            assert [fds.int_at(0), fds.int_at(4)] == ends
            for fd in ends:
                assert fcntl(fd, F_GETFD) == (FD_CLOEXEC if cloexec else 0)
                close(fd)
                self.table.close(fd)

    def dup(self, old: int) -> None:
        fd = self.first + old
        assert answer(dup.result_of(fd)) == self.table.duplicate(fd)

    def dup_from(self, old: int, start: int, cloexec: bool) -> None:
        fd, least = self.first + old, self.first + start
        command = F_DUPFD_CLOEXEC if cloexec else F_DUPFD
        assert answer(fcntl.result_of(fd, command, least)) == self.table.duplicate(fd, least, cloexec=cloexec)

    def dup2(self, old: int, new: int) -> None:
        """The same number twice is no error, and changes nothing."""
        fds = self.first + old, self.first + new
        assert answer(dup2.result_of(*fds)) == self.table.replace(*fds)

    def dup3(self, old: int, new: int, cloexec: bool) -> None:
        """The same number twice is EINVAL."""
        fds = self.first + old, self.first + new
        expected = self.table.replace(*fds, cloexec=cloexec, same=-EINVAL)
        assert answer(dup3.result_of(*fds, O_CLOEXEC if cloexec else 0)) == expected

    def close(self, fd: int) -> None:
        assert answer(close.result_of(self.first + fd)) == self.table.close(self.first + fd)

    def mark(self, fd: int, cloexec: bool) -> None:
        result = fcntl.result_of(self.first + fd, F_SETFD, FD_CLOEXEC if cloexec else 0)
        assert answer(result) == self.table.mark(self.first + fd, cloexec)

    def close_range(self, first: int, size: int, unshare: bool, marking: bool) -> None:
        if not self.ranges:
            return
        only_mark = marking and self.marking
        flags = (CLOSE_RANGE_UNSHARE if unshare else 0) | (CLOSE_RANGE_CLOEXEC if only_mark else 0)
        ends = self.first + first, self.first + first + size
        assert answer(close_range.result_of(*ends, flags)) == self.table.close_range(*ends, only_mark=only_mark)

    def execute(self) -> None:
        """A child executes a program that tells which descriptors it has, and of which files."""
        if self.executed or len(self.table.entries) < 2:
            return
        self.executed = True  # once is enough: it takes longer than all else
        assert run_program(self.program) == 0
        found = Buffer(8 * ROOM)
        assert read(self.report, found, 8 * ROOM) == 8 * ROOM
        told = dict(enumerate(struct.unpack(f"={ROOM}q", bytes(found)), self.first))
        assert told == dict.fromkeys(told, -EBADF) | self.table.after_execve()

    @invariant()
    def has_what_it_should(self) -> None:
        """F_GETFD and the offset of every descriptor."""
        for fd in range(self.first, self.first + ROOM + 2):
            entry = self.table.entries.get(fd)
            flags = answer(fcntl.result_of(fd, F_GETFD))
            assert flags == (-EBADF if entry is None else FD_CLOEXEC if entry.cloexec else 0), f"F_GETFD of {fd}"
            if entry:
                assert lseek(fd, 0, SEEK_CUR) == entry.file, f"which file {fd} is"


def prepare() -> None:
    """Find out what there is, fill the gaps, and write the program that tells its descriptors' offsets."""
    Descriptors.ranges = close_range.result_of(ABSENT, ABSENT, 0)[1] != ENOSYS
    Descriptors.marking = close_range.result_of(ABSENT, ABSENT, CLOSE_RANGE_CLOEXEC)[1] == 0
    Descriptors.report, writer = new_pipe()
    highest = max(fd for fd in range(ABSENT) if fcntl.result_of(fd, F_GETFD)[1] == 0)
    while (last := dup(0)) < highest:
        pass
    Descriptors.first = last + 1
    fds = range(last + 1, last + 1 + ROOM)
    code = b"".join(call(lseek, fd, 0, SEEK_CUR) + store_result(DATA + 8 * at) for at, fd in enumerate(fds))
    code += call(write, writer, DATA, 8 * ROOM) + exit_code(0)
    Descriptors.program = new_program(b"program", code)


def test_table_has_what_its_model_says() -> None:
    with untraced():
        prepare()
        run_state_machine_as_test(Descriptors)
