"""Pipes, against a model: order, what is written at once, capacity, and what the other end's closing does (pipe(7))."""

from __future__ import annotations

import signal
import struct
from errno import EAGAIN, EBUSY, EINVAL, EPIPE

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from cases._models import opened_pipe, polled
from cases.ipc._pipes_model import PAGE, PIPE_BUF, Pipe, stream
from conformance.programs.keeping import Kernel, ScriptMachine
from conformance.programs.script import Reply, Script
from conformance.syscalls import Buffer
from conformance.syscalls.files.descriptors import F_GETPIPE_SZ, F_SETPIPE_SZ, dup, fcntl
from conformance.syscalls.files.ioctls import ioctl
from conformance.syscalls.files.opening import O_NONBLOCK
from conformance.syscalls.files.reading import read, write
from conformance.syscalls.files.vectors import Vector, writev
from conformance.syscalls.polling.poll import POLLERR, POLLHUP, POLLIN, POLLOUT, Pollfd
from conformance.syscalls.pseudo import SPAWN_WRITE, spawn_writer
from conformance.syscalls.signals import SIG_BLOCK, SIGSET_SIZE, rt_sigprocmask, rt_sigtimedwait, sigset
from conformance.syscalls.time.clocks import Timespec

FIONREAD = 0x541B
SIGPIPE = sigset(signal.SIGPIPE)
NOW = Timespec()
BYTES = st.integers(1, 3 * PAGE)
PAGES = st.integers(1, 6).map(lambda pages: pages * PAGE)
STREAM = stream(7 * PAGE)
"""Of which parts are written."""
STRIDE = 1004
MOST_PIPES = 3
"""In one script: two processes write to each, and there are eight at most."""
CAPACITIES = st.sampled_from([1, PAGE, 5000, 2 * PAGE, 4 * PAGE, 16 * PAGE])


class Pipes(ScriptMachine):
    """One pipe, each of whose ends can be open more than once, or not any more."""

    def __init__(self, resizable: bool) -> None:
        """`resizable`: whether there is F_SETPIPE_SZ."""
        super().__init__()
        self.does(rt_sigprocmask, SIG_BLOCK, SIGPIPE, None, SIGSET_SIZE)
        reader, writer = opened_pipe(self.script, O_NONBLOCK)
        self.readers, self.writers = [reader], [writer]
        self.resizable = resizable
        self.pipe = Pipe(16 * PAGE)  # pipe(7)
        self.memory = self.script.keep(STREAM)
        self.writes = 0
        if resizable:
            answer = self.does(fcntl, writer, F_SETPIPE_SZ, 4 * PAGE)
            self.then(lambda: setattr(self.pipe, "capacity", answer.result))

    @precondition(lambda self: self.writers)
    @rule(size=st.one_of(BYTES, PAGES))
    def write(self, size: int) -> None:
        at = self.next_place(size)
        answer = self.call(write, self.writers[-1], self.memory + at, size)
        self.then(self.written, STREAM[at : at + size], answer, self.sigpipe(), bool(self.readers))

    @precondition(lambda self: self.writers)
    @rule(sizes=st.lists(st.integers(0, PIPE_BUF), min_size=1, max_size=4))
    def write_parts(self, sizes: list[int]) -> None:
        """writev(2) is one write: its parts stay together."""
        if sum(sizes):
            parts = [Buffer(STREAM[at : at + size]) for size in sizes for at in [self.next_place(size)]]
            answer = self.call(writev, self.writers[-1], Vector(*parts), len(parts))
            self.then(self.written, b"".join(map(bytes, parts)), answer, self.sigpipe(), bool(self.readers))

    def next_place(self, size: int) -> int:
        """Where in `STREAM` the next bytes begin that are written: elsewhere than those before, which so differ."""
        self.writes += 1
        return self.writes * STRIDE % (len(STREAM) - size)

    def sigpipe(self) -> Reply:
        """Take a SIGPIPE that has come, if one has."""
        return self.call(rt_sigtimedwait, SIGPIPE, None, NOW, SIGSET_SIZE)

    def written(self, data: bytes, answer: Reply, sigpipe: Reply, has_readers: bool) -> None:
        """Judge what a write said."""
        size = len(data)
        if not has_readers:
            assert answer.said == (-1, EPIPE)
            assert sigpipe.error == 0, "no SIGPIPE came with EPIPE"
            return
        assert sigpipe.error == EAGAIN, "SIGPIPE came though somebody can read"
        least, most = self.pipe.accepted(size)
        if answer.said == (-1, EAGAIN):
            assert least == 0, f"EAGAIN, where {least} to {most} of {size} bytes had to be written"
            return
        count, error = answer.said
        assert error == 0
        assert max(least, 1) <= count <= most, f"{count} of {size} bytes written, not {least} to {most}"
        assert count == size or size > PIPE_BUF, f"a write of {size} bytes, not more than PIPE_BUF, was cut to {count}"
        self.pipe.put(data[:count])

    @precondition(lambda self: self.readers)
    @rule(size=st.one_of(BYTES, PAGES))
    def read(self, size: int) -> None:
        buffer = Buffer(size)
        self.then(self.was_read, size, self.call(read, self.readers[-1], buffer, size), buffer, bool(self.writers))

    def was_read(self, size: int, answer: Reply, buffer: Buffer, has_writers: bool) -> None:
        """Judge what a read said."""
        if not self.pipe.held:
            assert answer.said == ((-1, EAGAIN) if has_writers else (0, 0))
            return
        expected = self.pipe.take(size)
        assert answer.said == (len(expected), 0)
        assert buffer.take(len(expected)) == expected, "not the bytes that were written, in their order"

    @precondition(lambda self: self.resizable and self.writers)
    @rule(size=CAPACITIES)
    def resize(self, size: int) -> None:
        """F_SETPIPE_SZ: at least what was asked for, and what is convenient, if what is in the pipe fits (fcntl(2))."""
        self.then(self.resized, size, self.call(fcntl, self.writers[-1], F_SETPIPE_SZ, size))

    def resized(self, size: int, answer: Reply) -> None:
        """Judge what that said."""
        if answer.error:
            assert answer.error == EBUSY
            assert False in self.pipe.fits(size), f"{self.pipe.held} bytes do not fit into {size}"
            return
        assert answer.result >= size
        assert True in self.pipe.fits(answer.result), f"{self.pipe.held} bytes fit into {answer.result}"
        self.pipe.capacity = answer.result

    @rule(which=st.sampled_from(["readers", "writers"]), opening=st.sampled_from([True, True, False]))
    def change_ends(self, which: str, opening: bool) -> None:
        """Open another descriptor of an end, or close one; something is open to the last."""
        fds = self.readers if which == "readers" else self.writers
        if fds and opening:
            fds.append(self.opens(dup, fds[0]))
        elif fds and len(self.readers + self.writers) > 1:
            self.closes(fds.pop())

    @invariant()
    def tells_its_state(self) -> None:
        """FIONREAD, F_GETPIPE_SZ and poll(2)."""
        size = self.does(fcntl, (self.readers + self.writers)[0], F_GETPIPE_SZ) if self.resizable else None
        count = Buffer(4)
        if self.readers:
            self.does(ioctl, self.readers[0], FIONREAD, count)
        to_read = polled(self.script, self.readers[0], POLLIN) if self.readers else None
        to_write = polled(self.script, self.writers[0], POLLOUT) if self.writers else None
        self.then(self.state_was_told, size, count, to_read, to_write)

    def state_was_told(
        self, size: Reply | None, count: Buffer, to_read: Pollfd | None, to_write: Pollfd | None
    ) -> None:
        """Judge all that."""
        if size:
            assert size.result == self.pipe.capacity
        if to_read:
            assert count.int_at(0) == self.pipe.held
            assert to_read.revents == (POLLIN if self.pipe.held else 0) | (0 if to_write else POLLHUP)
        if to_write:
            state = to_write.revents
            assert state & POLLERR == (0 if to_read else POLLERR)
            if to_read and self.pipe.free_pages:
                assert state == POLLOUT
            if to_read and self.pipe.held == self.pipe.capacity:
                assert state == 0


def can_be_resized(kernel: Kernel) -> bool:
    """Whether there is F_SETPIPE_SZ; models go without, where it is not."""
    probe = Script()
    _, writer = opened_pipe(probe)
    answer = probe.call(fcntl, writer, F_SETPIPE_SZ, PAGE)
    kernel.does(probe)
    return answer.error != EINVAL


def test_pipe_does_what_its_model_says(kernel: Kernel) -> None:
    kernel.keeps(Pipes, can_be_resized(kernel))


RECORDS = st.lists(st.integers(1, PIPE_BUF), max_size=8)
"""Lengths of writes."""
ROOMS = st.lists(st.integers(1, 2 * PAGE), max_size=8)
"""Of reads."""
LETTERS = b"ab"


class Writers(ScriptMachine):
    """Two processes write to a pipe, each a letter of its own, and wait for room in the middle."""

    def __init__(self, resizable: bool) -> None:
        """`resizable`: whether there is F_SETPIPE_SZ."""
        super().__init__()
        self.resizable = resizable
        self.pipes = 0

    @precondition(lambda self: self.pipes < MOST_PIPES)
    @rule(of_a=RECORDS, of_b=RECORDS, rooms=ROOMS)
    def write(self, of_a: list[int], of_b: list[int], rooms: list[int]) -> None:
        self.pipes += 1
        reader, writer = opened_pipe(self.script)
        if self.resizable:
            self.does(fcntl, writer, F_SETPIPE_SZ, PAGE)
        for letter, sizes in zip(LETTERS, (of_a, of_b), strict=True):
            orders = struct.pack(f"={3 + len(sizes)}H", writer, letter, *sizes, 0)
            self.does(spawn_writer, SPAWN_WRITE, orders)
        self.closes(writer)
        # A write that comes in one piece takes no more than two reads of these, and the last finds the end.
        rooms = [*rooms, *[2 * PAGE] * (2 * len(of_a + of_b) + 1)]
        self.then(self.arrived, of_a, of_b, [self.read(reader, room) for room in rooms])
        self.closes(reader)

    def read(self, reader: int, room: int) -> tuple[Reply, Buffer]:
        """Wait for what comes next."""
        buffer = Buffer(room)
        return self.does(read, reader, buffer, room), buffer

    def arrived(self, of_a: list[int], of_b: list[int], reads: list[tuple[Reply, Buffer]]) -> None:
        """Judge what came: each write in one piece, and nothing else."""
        arrived = b"".join(buffer.take(answer.result) for answer, buffer in reads)
        left = dict(zip(LETTERS, (list(of_a), list(of_b)), strict=True))
        at = 0
        while at < len(arrived):
            letter = arrived[at]
            assert left.get(letter), f"more writes of {letter:c} than there were"
            size = left[letter].pop(0)
            piece = arrived[at : at + size]
            assert piece == bytes([letter]) * len(piece), f"{size} bytes did not come in one piece"
            at += size
        if reads[-1][0].result == 0:
            assert at == len(arrived), "a write was cut"
            assert not any(left.values()), "a write is lost"

    @rule()
    def rest(self) -> None:
        """There are as many pipes as there are to be."""


def test_writes_up_to_pipe_buf_do_not_mix(kernel: Kernel) -> None:
    """Two processes write, and wait for room in the middle; each write arrives in one piece (pipe(7), "PIPE_BUF")."""
    kernel.keeps(Writers, can_be_resized(kernel))
