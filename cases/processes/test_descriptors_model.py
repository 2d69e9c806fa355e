"""Tables of descriptors, against a model: dup, fcntl, close_range, and what execve(2) leaves open."""

from __future__ import annotations

from collections.abc import Mapping
from errno import EBADF, EINVAL, ENOSYS
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from cases.processes._descriptors_model import Entry, Table
from conformance.programs.keeping import Kernel, ScriptMachine
from conformance.programs.script import Script
from conformance.syscalls import Buffer
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
from conformance.syscalls.files.reading import SEEK_CUR, SEEK_SET, lseek
from conformance.syscalls.machinery.world import FILES
from conformance.syscalls.processes.limits import RLIMIT_NOFILE, Rlimit, prlimit64
from conformance.syscalls.pseudo import ExecReport, exec_report

ROOM = 6
"""How many descriptors there may be, besides the one that is open already; a new program tells of as many."""
FIRST = 1
"""The first descriptor that may be used."""
FDS = st.integers(0, ROOM + 1)
"""A descriptor, counted from the first that may be used; the last two are beyond the limit."""
ABSENT = 50
"""No such descriptor is ever open."""


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


class Descriptors(ScriptMachine):
    """A table. Every open file has an offset of its own, which tells which one it is."""

    def __init__(self, ranges: bool, marking: bool) -> None:
        """`ranges`: whether there is close_range(2) (Linux 5.9); `marking`: its CLOSE_RANGE_CLOEXEC (Linux 5.11)."""
        super().__init__()
        self.ranges, self.marking = ranges, marking
        self.table = Table(FIRST, FIRST + ROOM)
        self.files = 0
        self.executed = False
        self.says(0, openat, AT_FDCWD, b"file", O_RDWR | O_CREAT, 0o600)
        self.limit(FIRST + ROOM)

    def limit(self, fds: int) -> None:
        """Let so many fds be open."""
        self.says(0, prlimit64, 0, RLIMIT_NOFILE, Rlimit(cur=fds, max=FILES), None)

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
        fd = self.table.open(Entry(self.files, cloexec))
        self.says(fd, openat, AT_FDCWD, b"file", O_RDWR | O_CREAT | (O_CLOEXEC if cloexec else 0), 0o600)
        if fd >= 0:
            self.does(lseek, fd, self.files, SEEK_SET)

    def open_two(self, cloexec: bool) -> None:
        """pipe2(2); then a file takes the place of each end, since a pipe has no offset."""
        fds = Buffer(8)
        expected = self.table.open(Entry(0, cloexec), Entry(0, cloexec))
        self.says(min(expected, 0), pipe2, fds, O_CLOEXEC if cloexec else 0)
        if expected >= 0:
            ends = [fd for fd, entry in sorted(self.table.entries.items()) if not entry.file]
            self.then(self.two_opened, fds, ends)
            for fd in ends:
                self.says(FD_CLOEXEC if cloexec else 0, fcntl, fd, F_GETFD)
                self.close(fd - FIRST)

    def two_opened(self, fds: Buffer, ends: list[int]) -> None:
        """Judge it."""
        assert [fds.int_at(0), fds.int_at(4)] == ends

    def dup(self, old: int) -> None:
        fd = FIRST + old
        self.says(self.table.duplicate(fd), dup, fd)

    def dup_from(self, old: int, start: int, cloexec: bool) -> None:
        fd, least = FIRST + old, FIRST + start
        command = F_DUPFD_CLOEXEC if cloexec else F_DUPFD
        self.says(self.table.duplicate(fd, least, cloexec=cloexec), fcntl, fd, command, least)

    def dup2(self, old: int, new: int) -> None:
        """The same number twice is no error, and changes nothing."""
        fds = FIRST + old, FIRST + new
        self.says(self.table.replace(*fds), dup2, *fds)

    def dup3(self, old: int, new: int, cloexec: bool) -> None:
        """The same number twice is EINVAL."""
        fds = FIRST + old, FIRST + new
        expected = self.table.replace(*fds, cloexec=cloexec, same=-EINVAL)
        self.says(expected, dup3, *fds, O_CLOEXEC if cloexec else 0)

    def close(self, fd: int) -> None:
        self.says(self.table.close(FIRST + fd), close, FIRST + fd)

    def mark(self, fd: int, cloexec: bool) -> None:
        expected = self.table.mark(FIRST + fd, cloexec)
        self.says(expected, fcntl, FIRST + fd, F_SETFD, FD_CLOEXEC if cloexec else 0)

    def close_range(self, first: int, size: int, unshare: bool, marking: bool) -> None:
        if not self.ranges:
            return
        only_mark = marking and self.marking
        flags = (CLOSE_RANGE_UNSHARE if unshare else 0) | (CLOSE_RANGE_CLOEXEC if only_mark else 0)
        ends = FIRST + first, FIRST + first + size
        self.says(self.table.close_range(*ends, only_mark=only_mark), close_range, *ends, flags)

    def execute(self) -> None:
        """A child executes a program that tells which descriptors it has, and of which files."""
        if self.executed or len(self.table.entries) < 2:
            return
        self.executed = True  # once is enough: it takes longer than all else
        self.limit(FILES)  # the way to tell it takes fds, too
        report = ExecReport()
        self.says(ExecReport.size(), exec_report, report)
        self.then(self.has_executed, report, self.table.after_execve())
        self.limit(FIRST + ROOM)

    def has_executed(self, report: ExecReport, files: Mapping[int, int]) -> None:
        """Judge what it told."""
        found = {fd for fd in range(FILES) if report.open_fds >> fd & 1}
        assert found == {*range(FIRST), *files}, "the fds of a new program"
        assert report.cloexec_fds == 0
        assert {fd: report.positions >> 8 * fd & 0xFF for fd in files} == files, "the files of a new program's fds"

    @invariant()
    def has_what_it_should(self) -> None:
        """F_GETFD and the offset of every descriptor."""
        for fd in range(FIRST, FIRST + ROOM + 2):
            entry = self.table.entries.get(fd)
            self.says(-EBADF if entry is None else FD_CLOEXEC if entry.cloexec else 0, fcntl, fd, F_GETFD)
            if entry:
                self.says(entry.file, lseek, fd, 0, SEEK_CUR)


def test_table_has_what_its_model_says(kernel: Kernel) -> None:
    probe = Script()
    plain = probe.call(close_range, ABSENT, ABSENT, 0)
    marking = probe.call(close_range, ABSENT, ABSENT, CLOSE_RANGE_CLOEXEC)
    kernel.does(probe)
    kernel.keeps(Descriptors, plain.error != ENOSYS, marking.error == 0)
