"""Signal masks and pending signals, against a model: what waits, what is lost, in which order it comes (signal(7))."""

from __future__ import annotations

import struct
from errno import EAGAIN, ENOSYS
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from cases.signals._handlers import action
from cases.signals._masks_model import IGNORED_BY_DEFAULT, NUMBERS, UNBLOCKABLE, Sent, Signals
from conformance.syscalls import Buffer, untraced
from conformance.syscalls.files.opening import close
from conformance.syscalls.files.reading import read
from conformance.syscalls.help.waiting import ready
from conformance.syscalls.machinery.buffers import write_memory
from conformance.syscalls.polling.poll import POLLIN
from conformance.syscalls.polling.signalfd import SFD_NONBLOCK, signalfd4
from conformance.syscalls.processes.credentials import getuid
from conformance.syscalls.processes.identity import getpid, gettid
from conformance.syscalls.signals import (
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
ROOM = 512
"""Signals for which the log has room."""
NOW = Timespec()
SIGNALS = st.sampled_from(NUMBERS)
SETS = st.lists(st.sampled_from(NUMBERS + UNBLOCKABLE), max_size=4, unique=True)


class Log:
    """What handlers were called with, in order; they are machine code, and block every signal while they run."""

    def __init__(self) -> None:
        self._memory = Buffer(bytes(8 + 16 * ROOM))
        self._read = 0
        log = b"\x48\xb8" + struct.pack("<Q", self._memory.address)  # mov rax, log
        log += b"\x48\x8b\x08\x48\xff\x00"  # mov rcx, [rax]; inc qword [rax]
        log += b"\x48\x81\xe1" + struct.pack("<I", ROOM - 1)  # and rcx, ROOM - 1
        log += b"\x48\xc1\xe1\x04\x48\x89\x7c\x08\x08"  # shl rcx, 4; mov [rax + rcx + 8], rdi: the signal
        log += b"\x48\x8b\x56\x18\x48\x89\x54\x08\x10"  # mov rdx, [rsi + 24]: si_value; mov [rax + rcx + 16], rdx
        self.action = action(log, SA_SIGINFO, b"\xff" * SIGSET_SIZE)

    def news(self) -> list[Sent]:
        """The calls since this was asked last."""
        count = self._memory.int_at(0, 8)
        data = bytes(self._memory)
        calls = [struct.unpack_from("<QQ", data, 8 + 16 * at) for at in range(count)]
        write_memory(self._memory.address, bytes(8))
        return [(number, value) for number, value in calls]


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


class Masks(RuleBasedStateMachine):
    """This process, which sends signals to itself."""

    log: Log
    queueing = True
    """Whether there is rt_sigqueueinfo(2). Without it no signal has a value, and all are sent to the process."""

    def __init__(self) -> None:
        super().__init__()
        self.model = Signals()
        self.serial = 0
        self.watched: list[int] = list(NUMBERS)
        self.model.blocked = set(NUMBERS)
        rt_sigprocmask(SIG_SETMASK, sigset(*NUMBERS), None, SIGSET_SIZE)
        for number in NUMBERS:
            rt_sigaction(number, self.log.action, None, SIGSET_SIZE)
        self.fd = signalfd4(-1, sigset(*NUMBERS), SIGSET_SIZE, SFD_NONBLOCK)
        self.log.news()

    def teardown(self) -> None:
        """Discard what is pending."""
        close(self.fd)
        for number in NUMBERS:
            rt_sigaction(number, Sigaction(handler=SIG_IGN), None, SIGSET_SIZE)
        rt_sigprocmask(SIG_SETMASK, sigset(), None, SIGSET_SIZE)

    @rule(call=CALLS)
    def make(self, call: tuple[Any, ...]) -> None:
        """One rule, since of several Hypothesis leaves some out of each program: too many, when programs are few."""
        name, *arguments = call
        getattr(self, name)(*arguments)

    def send(self, numbers: list[int], to_thread: bool) -> None:
        me, to_thread = getpid(), to_thread and self.queueing
        for number in numbers:
            self.serial += self.queueing
            info = Siginfo(si_signo=number, si_code=SI_QUEUE, si_pid=me, si_uid=getuid(), si_value=self.serial)
            if to_thread:
                rt_tgsigqueueinfo(me, gettid(), number, info)
            elif self.queueing:
                rt_sigqueueinfo(me, number, info)
            else:
                kill(me, number)
            assert self.log.news() == self.model.send(number, self.serial, to_thread=to_thread)

    def change_mask(self, how: int, numbers: list[int]) -> None:
        old = Buffer(SIGSET_SIZE)
        rt_sigprocmask(how, sigset(*numbers), old, SIGSET_SIZE)
        assert bytes(old) == sigset(*self.model.blocked)
        chosen = set(numbers) - set(UNBLOCKABLE)
        blocked = self.model.blocked
        self.model.blocked = {SIG_BLOCK: blocked | chosen, SIG_UNBLOCK: blocked - chosen, SIG_SETMASK: chosen}[how]
        wrong = self.model.deliver(self.log.news())
        assert not wrong, wrong

    def block_all(self) -> None:
        self.change_mask(SIG_BLOCK, list(NUMBERS))

    def act(self, number: int, what: str) -> None:
        """Not the default, where that would be death."""
        if what == "default" and number not in IGNORED_BY_DEFAULT:
            return
        new = self.log.action if what == "handle" else Sigaction(handler=SIG_IGN if what == "ignore" else SIG_DFL)
        rt_sigaction(number, new, None, SIGSET_SIZE)
        self.model.ignore(number, what != "handle")

    def wait(self, numbers: list[int]) -> None:
        info = Siginfo()
        answer = rt_sigtimedwait.result_of(sigset(*numbers), info, NOW, SIGSET_SIZE)
        allowed = self.model.next(numbers)
        if not allowed:
            assert answer == (-1, EAGAIN)
            return
        assert (answer[0], info.si_value) in allowed
        assert (info.si_signo, info.si_code) == (answer[0], SI_QUEUE if self.queueing else SI_USER)
        self.model.take((answer[0], info.si_value))

    def watch(self, numbers: list[int]) -> None:
        """Change what the signalfd delivers."""
        assert signalfd4(self.fd, sigset(*numbers), SIGSET_SIZE, 0) == self.fd
        self.watched = numbers

    def read(self, room: int) -> None:
        """As many records as there are and as fit."""
        records = Buffer(RECORD * room)
        count, error = read.result_of(self.fd, records, RECORD * room)
        if not self.model.next(self.watched):
            assert error == EAGAIN
            return
        assert error == 0
        for at in range(0, count, RECORD):
            number, code, value = records.int_at(at), records.int_at(at + 8, signed=True), records.int_at(at + 48, 8)
            assert code == (SI_QUEUE if self.queueing else SI_USER)
            assert (number, value) in self.model.next(self.watched)
            self.model.take((number, value))
        assert count == RECORD * room or not self.model.next(self.watched), "more would have fitted"

    @invariant()
    def tells_its_state(self) -> None:
        """rt_sigpending(2), and poll(2) of the signalfd; no handler was called."""
        pending = Buffer(SIGSET_SIZE)
        rt_sigpending(pending, SIGSET_SIZE)
        assert bytes(pending) == sigset(*self.model.pending)
        assert ready(self.fd, seconds=0) == (POLLIN if self.model.next(self.watched) else 0)
        assert self.log.news() == []


def test_pending_signals_are_what_the_model_says() -> None:
    with untraced():
        Masks.log = Log()
        rt_sigaction(NUMBERS[0], Sigaction(handler=SIG_IGN), None, SIGSET_SIZE)
        info = Siginfo(si_signo=NUMBERS[0], si_code=SI_QUEUE)
        Masks.queueing = rt_sigqueueinfo.result_of(getpid(), NUMBERS[0], info)[1] != ENOSYS
        run_state_machine_as_test(Masks)
