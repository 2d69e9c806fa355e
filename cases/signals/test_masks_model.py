"""Signal masks and pending signals, against a model: what waits, what is lost, in which order it comes (signal(7))."""

from __future__ import annotations

import struct
from errno import EAGAIN, ENOSYS
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from cases._models import opened_pipe, polled
from cases.signals._masks_model import IGNORED_BY_DEFAULT, NUMBERS, UNBLOCKABLE, Sent, Signals
from conformance.programs.keeping import Kernel, ScriptMachine
from conformance.programs.script import Reply, Script
from conformance.syscalls import Buffer
from conformance.syscalls.files.opening import O_CREAT, O_RDWR, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import pread64, pwrite64, read, write
from conformance.syscalls.help.code import RESTORER, RET
from conformance.syscalls.machinery.buffers import POISON
from conformance.syscalls.machinery.world import DATA, DATA_BYTES, PAGE
from conformance.syscalls.memory.mapping import PROT_EXEC, PROT_READ, PROT_WRITE, mprotect
from conformance.syscalls.polling.poll import POLLIN, Pollfd
from conformance.syscalls.polling.signalfd import SFD_NONBLOCK, signalfd4
from conformance.syscalls.processes.identity import getpid, gettid
from conformance.syscalls.signals import (
    SA_RESTORER,
    SA_SIGINFO,
    SI_QUEUE,
    SI_USER,
    SIG_BLOCK,
    SIG_DFL,
    SIG_IGN,
    SIG_SETMASK,
    SIG_UNBLOCK,
    SIGSET_SIZE,
    Sigaction,
    Siginfo,
    kill,
    rt_sigaction,
    rt_sigpending,
    rt_sigprocmask,
    rt_sigqueueinfo,
    rt_sigtimedwait,
    rt_tgsigqueueinfo,
    sigset,
)
from conformance.syscalls.time.clocks import Timespec

pytestmark = pytest.mark.needs("x86_64")

RECORD = 128
"""Bytes of a `struct signalfd_siginfo`."""
ROOM = 128
"""Signals for which the log has room."""
MOST_PENDING = 100
"""How many signals are sent to a process: programs may have 128 pending."""
CODE = DATA + DATA_BYTES - PAGE
RETURNING, LOG = CODE + 0x100, CODE + 0x400
"""Where the handler lies, and what it returns to, and the log."""
EMPTY = bytes(8) + bytes([POISON]) * 16 * ROOM
"""A log without calls: what is poison to the end is not sent."""
HANDLED = Sigaction(handler=CODE, flags=SA_SIGINFO | SA_RESTORER, restorer=RETURNING, mask=(1 << 64) - 1)
NOW = Timespec()
SIGNALS = st.sampled_from(NUMBERS)
SETS = st.lists(st.sampled_from(NUMBERS + UNBLOCKABLE), max_size=4, unique=True)


def page() -> bytes:
    """A page with a handler, which blocks every signal while it runs, and behind it the log of its calls."""
    code = b"\x48\xb8" + struct.pack("<Q", LOG)  # mov rax, log
    code += b"\x48\x8b\x08\x48\xff\x00"  # mov rcx, [rax]; inc qword [rax]
    code += b"\x48\x81\xe1" + struct.pack("<I", ROOM - 1)  # and rcx, ROOM - 1
    code += b"\x48\xc1\xe1\x04\x48\x89\x7c\x08\x08"  # shl rcx, 4; mov [rax + rcx + 8], rdi: the signal
    code += b"\x48\x8b\x56\x18\x48\x89\x54\x08\x10"  # mov rdx, [rsi + 24]: si_value; mov [rax + rcx + 16], rdx
    code += RET
    assert len(code) <= RETURNING - CODE
    return (code.ljust(RETURNING - CODE, b"\0") + RESTORER).ljust(LOG - CODE, b"\0") + EMPTY.ljust(
        PAGE + CODE - LOG, b"\0"
    )


CALLS = st.one_of(
    st.tuples(st.just("send"), st.lists(SIGNALS, min_size=1, max_size=4), st.booleans()),
    st.tuples(st.just("change_mask"), st.sampled_from([SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK]), SETS),
    st.tuples(st.just("block_all")),
    st.tuples(st.just("act"), SIGNALS, st.sampled_from(["handle", "handle", "ignore", "default"])),
    st.tuples(st.just("wait"), SETS),
    st.tuples(st.just("watch"), SETS),
    st.tuples(st.just("read"), st.integers(1, 4)),
)
"""What may be done, with what."""


class Masks(ScriptMachine):
    """A process that sends signals to itself."""

    def __init__(self, queueing: bool) -> None:
        """`queueing`: whether there is rt_sigqueueinfo(2). Without it no signal has a value, and all are sent to the
        process."""
        super().__init__()
        self.queueing = queueing
        self.model = Signals()
        self.model.blocked = set(NUMBERS)
        self.serial = self.sent = 0
        self.watched: list[int] = list(NUMBERS)
        self.script.keep(page())
        self.says(0, mprotect, CODE, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC)
        self.reader, self.writer = opened_pipe(self.script)
        self.empty = self.opens(openat, AT_FDCWD, b"empty", O_RDWR | O_CREAT, 0o600)
        self.says(len(EMPTY), pwrite64, self.empty, LOG, len(EMPTY), 0)
        self.me, self.thread = self.does(getpid).resource, self.does(gettid).resource
        self.says(0, rt_sigprocmask, SIG_SETMASK, sigset(*NUMBERS), None, SIGSET_SIZE)
        for number in NUMBERS:
            self.says(0, rt_sigaction, number, HANDLED, None, SIGSET_SIZE)
        self.fd = self.opens(signalfd4, -1, sigset(*NUMBERS), SIGSET_SIZE, SFD_NONBLOCK)

    def news(self) -> Buffer:
        """Have the log told of the handlers' calls since this was asked last, and emptied."""
        told = Buffer(len(EMPTY))
        self.says(len(EMPTY), write, self.writer, LOG, len(EMPTY))
        self.says(len(EMPTY), read, self.reader, told, len(EMPTY))
        self.says(len(EMPTY), pread64, self.empty, LOG, len(EMPTY), 0)
        return told

    @rule(call=CALLS)
    def make(self, call: tuple[Any, ...]) -> None:
        """One rule, since of several Hypothesis leaves some out of each program: too many, when programs are few."""
        name, *arguments = call
        getattr(self, name)(*arguments)

    def send(self, numbers: list[int], to_thread: bool) -> None:
        to_thread = to_thread and self.queueing
        for number in numbers:
            self.sent += 1
            if self.sent > MOST_PENDING:
                return
            self.serial += self.queueing
            info = Siginfo(si_signo=number, si_code=SI_QUEUE, si_value=self.serial)
            if to_thread:
                self.says(0, rt_tgsigqueueinfo, self.me, self.thread, number, info)
            elif self.queueing:
                self.says(0, rt_sigqueueinfo, self.me, number, info)
            else:
                self.says(0, kill, self.me, number)
            self.then(self.was_sent, number, self.serial, to_thread, self.news())

    def was_sent(self, number: int, value: int, to_thread: bool, news: Buffer) -> None:
        """Judge it."""
        assert calls_in(news) == self.model.send(number, value, to_thread=to_thread)

    def change_mask(self, how: int, numbers: list[int]) -> None:
        old = Buffer(SIGSET_SIZE)
        self.says(0, rt_sigprocmask, how, sigset(*numbers), old, SIGSET_SIZE)
        self.then(self.mask_was_changed, how, numbers, old, self.news())

    def mask_was_changed(self, how: int, numbers: list[int], old: Buffer, news: Buffer) -> None:
        """Judge it."""
        assert bytes(old) == sigset(*self.model.blocked)
        chosen = set(numbers) - set(UNBLOCKABLE)
        blocked = self.model.blocked
        self.model.blocked = {SIG_BLOCK: blocked | chosen, SIG_UNBLOCK: blocked - chosen, SIG_SETMASK: chosen}[how]
        wrong = self.model.deliver(calls_in(news))
        assert not wrong, wrong

    def block_all(self) -> None:
        self.change_mask(SIG_BLOCK, list(NUMBERS))

    def act(self, number: int, what: str) -> None:
        """Not the default, where that would be death."""
        if what == "default" and number not in IGNORED_BY_DEFAULT:
            return
        new = HANDLED if what == "handle" else Sigaction(handler=SIG_IGN if what == "ignore" else SIG_DFL)
        self.says(0, rt_sigaction, number, new, None, SIGSET_SIZE)
        self.then(self.model.ignore, number, what != "handle")

    def wait(self, numbers: list[int]) -> None:
        info = Siginfo()
        answer = self.call(rt_sigtimedwait, sigset(*numbers), info, NOW, SIGSET_SIZE)
        self.then(self.has_waited, numbers, answer, info)

    def has_waited(self, numbers: list[int], answer: Reply, info: Siginfo) -> None:
        """Judge it."""
        allowed = self.model.next(numbers)
        if not allowed:
            assert answer.said == (-1, EAGAIN)
            return
        assert (answer.result, info.si_value) in allowed
        assert (info.si_signo, info.si_code) == (answer.result, SI_QUEUE if self.queueing else SI_USER)
        self.model.take((answer.result, info.si_value))

    def watch(self, numbers: list[int]) -> None:
        """Change what the signalfd delivers."""
        self.says(self.fd, signalfd4, self.fd, sigset(*numbers), SIGSET_SIZE, 0)
        self.watched = numbers

    def read(self, room: int) -> None:
        """As many records as there are and as fit."""
        records = Buffer(RECORD * room)
        self.then(self.was_read, room, self.call(read, self.fd, records, RECORD * room), records, self.watched)

    def was_read(self, room: int, answer: Reply, records: Buffer, watched: list[int]) -> None:
        """Judge it."""
        if not self.model.next(watched):
            assert answer.said == (-1, EAGAIN)
            return
        assert answer.error == 0
        for at in range(0, answer.result, RECORD):
            number, code, value = records.int_at(at), records.int_at(at + 8, signed=True), records.int_at(at + 48, 8)
            assert code == (SI_QUEUE if self.queueing else SI_USER)
            assert (number, value) in self.model.next(watched)
            self.model.take((number, value))
        assert answer.result == RECORD * room or not self.model.next(watched), "more would have fitted"

    @invariant()
    def tells_its_state(self) -> None:
        """rt_sigpending(2), and poll(2) of the signalfd; no handler was called."""
        pending = Buffer(SIGSET_SIZE)
        self.says(0, rt_sigpending, pending, SIGSET_SIZE)
        self.then(self.state_was_told, pending, polled(self.script, self.fd), self.watched, self.news())

    def state_was_told(self, pending: Buffer, state: Pollfd, watched: list[int], news: Buffer) -> None:
        """Judge it."""
        assert bytes(pending) == sigset(*self.model.pending)
        assert state.revents == (POLLIN if self.model.next(watched) else 0)
        assert calls_in(news) == []


def calls_in(news: Buffer) -> list[Sent]:
    """What handlers were called with, in order."""
    data = bytes(news)
    calls = [struct.unpack_from("<QQ", data, 8 + 16 * at) for at in range(news.int_at(0, 8))]
    return [(number, value) for number, value in calls]


def test_pending_signals_are_what_the_model_says(kernel: Kernel) -> None:
    probe = Script()
    me = probe.does(getpid).resource
    probe.does(rt_sigaction, NUMBERS[0], Sigaction(handler=SIG_IGN), None, SIGSET_SIZE)
    queued = probe.call(rt_sigqueueinfo, me, NUMBERS[0], Siginfo(si_signo=NUMBERS[0], si_code=SI_QUEUE))
    kernel.does(probe)
    kernel.keeps(Masks, queued.error != ENOSYS)
