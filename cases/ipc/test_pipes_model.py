"""Pipes, against a model: order, what is written at once, capacity, and what the other end's closing does (pipe(7))."""

from __future__ import annotations

import signal
from errno import EAGAIN, EBUSY, EINVAL, EPIPE
from functools import partial

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from cases.ipc._pipes_model import PAGE, PIPE_BUF, Pipe, stream
from conformance.syscalls import Buffer, untraced
from conformance.syscalls.files.descriptors import F_GETPIPE_SZ, F_SETPIPE_SZ, dup, fcntl
from conformance.syscalls.files.ioctls import ioctl
from conformance.syscalls.files.opening import O_NONBLOCK, close
from conformance.syscalls.files.reading import read, write
from conformance.syscalls.files.vectors import Vector, writev
from conformance.syscalls.help.child import fork_child
from conformance.syscalls.help.pipes import new_pipe
from conformance.syscalls.help.waiting import ready
from conformance.syscalls.polling.poll import POLLERR, POLLHUP, POLLIN, POLLOUT
from conformance.syscalls.signals import SIG_BLOCK, SIGSET_SIZE, rt_sigprocmask, rt_sigtimedwait, sigset
from conformance.syscalls.time.clocks import Timespec

FIONREAD = 0x541B
SIGPIPE = sigset(signal.SIGPIPE)
NOW = Timespec()
BYTES = st.integers(1, 3 * PAGE)
PAGES = st.integers(1, 6).map(lambda pages: pages * PAGE)
CAPACITIES = st.sampled_from([1, PAGE, 5000, 2 * PAGE, 4 * PAGE, 16 * PAGE])


def can_be_resized() -> bool:
    """Whether there is F_SETPIPE_SZ; the model goes without, where it is not."""
    reader, writer = new_pipe()
    _, error = fcntl.result_of(writer, F_SETPIPE_SZ, PAGE)
    close(reader)
    close(writer)
    return error != EINVAL


class Pipes(RuleBasedStateMachine):
    """One pipe, each of whose ends can be open more than once, or not any more."""

    resizable = True

    def __init__(self) -> None:
        super().__init__()
        reader, writer = new_pipe(O_NONBLOCK)
        self.readers, self.writers = [reader], [writer]
        self.pipe = Pipe(fcntl(writer, F_SETPIPE_SZ, 4 * PAGE) if self.resizable else 16 * PAGE)  # pipe(7)

    def teardown(self) -> None:
        for fd in self.readers + self.writers:
            close(fd)

    @precondition(lambda self: self.writers)
    @rule(size=st.one_of(BYTES, PAGES))
    def write(self, size: int) -> None:
        self.written(size, write.result_of(self.writers[-1], stream(self.pipe.written_to, size), size))

    @precondition(lambda self: self.writers)
    @rule(sizes=st.lists(st.integers(0, PIPE_BUF), min_size=1, max_size=4))
    def write_parts(self, sizes: list[int]) -> None:
        """writev(2) is one write: its parts stay together."""
        size = sum(sizes)
        if size:
            offsets = [self.pipe.written_to + sum(sizes[:at]) for at in range(len(sizes))]
            parts = [Buffer(stream(*part)) for part in zip(offsets, sizes, strict=True)]
            self.written(size, writev.result_of(self.writers[-1], Vector(*parts), len(parts)))

    def written(self, size: int, answer: tuple[int, int]) -> None:
        """Judge what a write of `size` bytes said."""
        _, signalled = rt_sigtimedwait.result_of(SIGPIPE, None, NOW, SIGSET_SIZE)
        if not self.readers:
            assert answer == (-1, EPIPE)
            assert signalled == 0, "no SIGPIPE came with EPIPE"
            return
        assert signalled == EAGAIN, "SIGPIPE came though somebody can read"
        least, most = self.pipe.accepted(size)
        if answer == (-1, EAGAIN):
            assert least == 0, f"EAGAIN, where {least} to {most} of {size} bytes had to be written"
            return
        count, error = answer
        assert error == 0
        assert max(least, 1) <= count <= most, f"{count} of {size} bytes written, not {least} to {most}"
        assert count == size or size > PIPE_BUF, f"a write of {size} bytes, not more than PIPE_BUF, was cut to {count}"
        self.pipe.put(count)

    @precondition(lambda self: self.readers)
    @rule(size=st.one_of(BYTES, PAGES))
    def read(self, size: int) -> None:
        buffer = Buffer(size)
        answer = read.result_of(self.readers[-1], buffer, size)
        if not self.pipe.held:
            assert answer == ((-1, EAGAIN) if self.writers else (0, 0))
            return
        expected = self.pipe.take(size)
        assert answer == (len(expected), 0)
        assert buffer.take(len(expected)) == expected, "not the bytes that were written, in their order"

    @precondition(lambda self: self.resizable and self.writers)
    @rule(size=CAPACITIES)
    def resize(self, size: int) -> None:
        """F_SETPIPE_SZ: at least what was asked for, and what is convenient, if what is in the pipe fits (fcntl(2))."""
        result, error = fcntl.result_of(self.writers[-1], F_SETPIPE_SZ, size)
        if error:
            assert error == EBUSY
            assert False in self.pipe.fits(size), f"{self.pipe.held} bytes do not fit into {size}"
            return
        assert result >= size
        assert True in self.pipe.fits(result), f"{self.pipe.held} bytes fit into {result}"
        self.pipe.capacity = result

    @rule(which=st.sampled_from(["readers", "writers"]), opening=st.sampled_from([True, True, False]))
    def change_ends(self, which: str, opening: bool) -> None:
        """Open another descriptor of an end, or close one; something is open to the last."""
        fds = self.readers if which == "readers" else self.writers
        if fds and opening:
            fds.append(dup(fds[0]))
        elif fds and len(self.readers + self.writers) > 1:
            close(fds.pop())

    @invariant()
    def tells_its_state(self) -> None:
        """FIONREAD, F_GETPIPE_SZ and poll(2)."""
        if self.resizable:
            assert fcntl((self.readers + self.writers)[0], F_GETPIPE_SZ) == self.pipe.capacity
        if self.readers:
            count = Buffer(4)
            ioctl(self.readers[0], FIONREAD, count)
            assert count.int_at(0) == self.pipe.held
            expected = (POLLIN if self.pipe.held else 0) | (0 if self.writers else POLLHUP)
            assert ready(self.readers[0], POLLIN, 0) == expected
        if self.writers:
            state = ready(self.writers[0], POLLOUT, 0)
            assert state & POLLERR == (0 if self.readers else POLLERR)
            if self.readers and self.pipe.free_pages:
                assert state == POLLOUT
            if self.readers and self.pipe.held == self.pipe.capacity:
                assert state == 0


def test_pipe_does_what_its_model_says() -> None:
    with untraced():
        rt_sigprocmask(SIG_BLOCK, SIGPIPE, None, SIGSET_SIZE)
        Pipes.resizable = can_be_resized()
        run_state_machine_as_test(Pipes)


def repeat(letter: bytes, orders: int, pipe: int, *, closing: list[int]) -> None:
    """A writer: for each two bytes that come from `orders`, write the letter so many times, waiting if need be."""
    for fd in closing:
        close(fd)
    order = Buffer(2)
    while read(orders, order, 2):
        size = order.int_at(0, 2)
        assert write(pipe, letter * size, size) == size


def test_writes_up_to_pipe_buf_do_not_mix() -> None:
    """Two processes write, and wait for room in the middle; each write arrives in one piece (pipe(7), "PIPE_BUF")."""
    with untraced():
        reader, writer = new_pipe()
        if can_be_resized():
            fcntl(writer, F_SETPIPE_SZ, PAGE)
        orders: list[int] = []
        for letter in (b"a", b"b"):
            source, order = new_pipe()
            orders.append(order)
            fork_child(partial(repeat, letter, source, writer, closing=orders))
            close(source)
        records = st.lists(st.integers(1, PIPE_BUF), max_size=8)

        @given(records, records, st.lists(st.integers(1, 2 * PAGE), min_size=1, max_size=4))
        def arrive_whole(of_a: list[int], of_b: list[int], reads: list[int]) -> None:
            for order, sizes in zip(orders, (of_a, of_b), strict=True):
                for size in sizes:
                    write(order, size.to_bytes(2, "little"), 2)
            total, arrived = sum(of_a) + sum(of_b), b""
            while len(arrived) < total:
                room = reads[len(arrived) % len(reads)]
                buffer = Buffer(room)
                arrived += buffer.take(read(reader, buffer, room))
            left = {ord("a"): list(of_a), ord("b"): list(of_b)}
            at = 0
            while at < total:
                letter = arrived[at]
                assert left[letter], f"more writes of {letter:c} than there were"
                size = left[letter].pop(0)
                assert arrived[at : at + size] == bytes([letter]) * size, f"{size} bytes did not come in one piece"
                at += size

        arrive_whole()
