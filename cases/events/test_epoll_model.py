"""Epoll, against a model: level, edge and one-shot watches of pipes, sockets and eventfds, held against poll(2)."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from errno import EEXIST, ENOENT
from signal import SIGPIPE
from typing import Any, TypeAlias

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from cases._models import opened_pair, opened_pipe, polled
from cases.events._epoll_model import BITS, Told, Watch
from conformance.programs.keeping import Kernel, ScriptMachine
from conformance.programs.script import Reply
from conformance.syscalls import Buffer
from conformance.syscalls.files.descriptors import dup
from conformance.syscalls.files.opening import O_NONBLOCK
from conformance.syscalls.files.reading import read, write
from conformance.syscalls.files.vectors import writev
from conformance.syscalls.machinery.world import DATA
from conformance.syscalls.polling.epoll import (
    EPOLL_CTL_ADD,
    EPOLL_CTL_DEL,
    EPOLL_CTL_MOD,
    EPOLLET,
    EPOLLIN,
    EPOLLONESHOT,
    EPOLLOUT,
    EPOLLRDHUP,
    EpollEvent,
    epoll_create1,
    epoll_ctl,
    epoll_wait,
)
from conformance.syscalls.polling.eventfd import EFD_NONBLOCK, eventfd2
from conformance.syscalls.polling.poll import POLLIN, Pollfd, poll
from conformance.syscalls.signals import SIG_BLOCK, SIGSET_SIZE, rt_sigprocmask, sigset
from conformance.syscalls.sockets.connections import SHUT_WR, shutdown
from conformance.syscalls.sockets.socket import AF_UNIX, SOCK_NONBLOCK, SOCK_STREAM, socketpair

EVENT = 12
"""Bytes of a `struct epoll_event`."""
MOST = 64
"""More events than there are."""
FULL = 2**64 - 2
"""The highest count of an eventfd."""
ENDS = {"pipe out": "pipe in", "pipe in": "pipe out", "left": "right", "right": "left", "count": "count"}
"""Each descriptor, with the one that notices what is done to it."""
NAMES = st.sampled_from(sorted(ENDS))
INTERESTS = st.sampled_from([0, EPOLLIN, EPOLLOUT, EPOLLIN | EPOLLOUT, EPOLLIN | EPOLLRDHUP])
OPERATIONS = st.sampled_from([EPOLL_CTL_ADD, EPOLL_CTL_ADD, EPOLL_CTL_MOD, EPOLL_CTL_DEL])
MODES = st.sampled_from([0, EPOLLET, EPOLLONESHOT, EPOLLET | EPOLLONESHOT])
PIPE, PIECES = 65536, 8
"""Bytes of a pipe, and in how many pieces they are written at once."""
ROOM = PIPE // 2
"""Bytes that one call can read."""
IMPOSSIBLE = {("pipe out", "write"), ("pipe out", "fill"), ("pipe in", "drain"), ("left", "fill"), ("right", "fill")}


Polled: TypeAlias = "tuple[list[str], Buffer, Reply]"
"""The names that poll(2) was asked about, and what it said."""
Said: TypeAlias = "tuple[Buffer, Reply]"
"""What epoll_wait(2) said."""
CALLS = st.one_of(
    st.tuples(st.just("use"), NAMES, st.sampled_from(["write", "fill", "drain"])),
    st.tuples(st.just("change"), NAMES, st.sampled_from(["shut", "close", "renumber", "renumber"])),
    st.tuples(st.just("control"), OPERATIONS, NAMES, INTERESTS, MODES),
    st.tuples(st.just("wait"), st.sampled_from([1, 2, MOST, MOST, MOST])),
    st.tuples(st.just("wait_one_by_one")),
)
"""What may be done, with what."""


class Epoll(ScriptMachine):
    """One epoll instance, and descriptors that become ready, change their numbers and are closed."""

    def __init__(self) -> None:
        super().__init__()
        self.much = self.script.keep(struct.pack("=QQ", DATA, PIPE // PIECES) * PIECES)
        """Vectors for as much as a pipe holds: pieces of the same memory, whatever is in it."""
        self.does(rt_sigprocmask, SIG_BLOCK, sigset(SIGPIPE), None, SIGSET_SIZE)
        self.epoll = self.opens(epoll_create1, 0)
        self.fds = dict(zip(["pipe out", "pipe in"], opened_pipe(self.script, O_NONBLOCK), strict=True))
        ends = Buffer(8)
        self.does(socketpair, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends)
        self.fds |= zip(["left", "right"], opened_pair(self.script, ends), strict=True)
        self.fds["count"] = self.opens(eventfd2, 0, EFD_NONBLOCK)
        self.count = 0
        self.serial = 0
        self.watches: dict[int, Watch] = {}
        self.state: dict[str, int] = {}
        """What poll said last."""
        self.then(self.was_polled, self.poll())

    # -- the two ways to ask

    def poll(self) -> Polled:
        """Ask poll(2) about every descriptor that is open."""
        states = Buffer(b"".join(bytes(Pollfd(fd=fd, events=BITS)) for fd in self.fds.values()))
        return list(self.fds), states, self.does(poll, states, len(self.fds), 0)

    def was_polled(self, polled: Polled) -> None:
        """Take note of what it said."""
        names, states, answer = polled
        self.state = {name: states.int_at(8 * at + 6, 2) for at, name in enumerate(names)}
        assert answer.result == sum(map(bool, self.state.values())), f"poll(2) says {answer.result}"

    def events(self, most: int) -> Said:
        """Ask epoll_wait(2)."""
        told = Buffer(EVENT * most)
        return told, self.does(epoll_wait, self.epoll, told, most, 0)

    def told(self, said: Said) -> dict[int, int]:
        """What it said: each watch with its events."""
        told, answer = said
        count = answer.result
        found = {told.int_at(EVENT * at + 4): told.int_at(EVENT * at) for at in range(count)}
        assert len(found) == count, "one descriptor was told twice by one call"
        return found

    # -- what happens to the descriptors

    def happened(self, name: str, arrived: Callable[[], bool] = lambda: False) -> None:
        """Tell the model what poll says now, after something was done to `name`."""
        self.then(self.has_happened, name, arrived, self.poll(), dict(self.watches))

    def has_happened(
        self, name: str, arrived: Callable[[], bool], polled: Polled, watches: Mapping[int, Watch]
    ) -> None:
        before = self.state
        self.was_polled(polled)
        for watch in watches.values():
            if watch.name in (name, ENDS[name]):
                new = watch.name == ENDS[name] and arrived()
                watch.happened(before[watch.name], self.state[watch.name], arrived=new)

    @rule(call=CALLS)
    def make(self, call: tuple[Any, ...]) -> None:
        """One rule, since of several Hypothesis leaves some out of each program: too many, when programs are few."""
        if not self.script.full:
            name, *arguments = call
            getattr(self, name)(*arguments)

    def use(self, name: str, what: str) -> None:
        """Write a byte, or add one; write until there is no room, but for sockets; read all that there is."""
        if name not in self.fds or (name, what) in IMPOSSIBLE:
            return
        if what == "drain":
            self.call(read, self.fds[name], Buffer(ROOM), ROOM)
            if name == "pipe out":  # one call cannot have it all
                self.call(read, self.fds[name], Buffer(ROOM), ROOM)
            self.count = 0 if name == "count" else self.count
            self.happened(name)
            return
        if name == "count":
            more = 1 if what == "write" else FULL - self.count
            answer = self.call(write, self.fds[name], struct.pack("=Q", more), 8)
            self.count += more if self.count + more <= FULL else 0
        elif what == "write":
            answer = self.call(write, self.fds[name], b"x", 1)
        else:
            answer = self.call(writev, self.fds[name], self.much, PIECES)
        self.happened(name, lambda: answer.result > 0)

    def change(self, name: str, what: str) -> None:
        """Shut down a socket's sending side, close a descriptor, or give it another number.

        What is closed is not watched any more. What is watched under another number goes on being watched under the
        old one, by which it cannot be reached (epoll(7), Q6).
        """
        if name not in self.fds:
            return
        if what == "shut" and {name, ENDS[name]} == {"left", "right"} & set(self.fds):
            self.says(0, shutdown, self.fds[name], SHUT_WR)
            self.happened(name)
        elif what == "close" and len(self.fds) > 3:
            self.closes(self.fds.pop(name))
            self.watches = {key: watch for key, watch in self.watches.items() if watch.name != name}
            self.happened(name)
        elif what == "renumber":
            old = self.fds[name]
            self.fds[name] = self.opens(dup, old)
            self.closes(old)

    # -- the interest list

    @initialize(settings=st.lists(st.tuples(NAMES, INTERESTS, MODES), max_size=4))
    def begin(self, settings: list[tuple[str, int, int]]) -> None:
        for name, interest, mode in settings:
            self.control(EPOLL_CTL_ADD, name, interest, mode)

    def control(self, operation: int, name: str, interest: int, mode: int) -> None:
        """MOD enables what was disabled, and has an edge told again if it is still ready, which is what ADD does."""
        if name not in self.fds:
            return
        fd = self.fds[name]
        key = next((key for key, watch in self.watches.items() if (watch.name, watch.fd) == (name, fd)), 0)
        self.serial += 1
        event = EpollEvent(events=interest | mode, data=self.serial)
        if bool(key) == (operation == EPOLL_CTL_ADD):
            self.says(-(EEXIST if key else ENOENT), epoll_ctl, self.epoll, operation, fd, event)
            return
        self.says(0, epoll_ctl, self.epoll, operation, fd, event)
        self.watches.pop(key, None)
        if operation != EPOLL_CTL_DEL:
            self.watches[self.serial] = Watch(name, fd, interest | mode)

    # -- what is told

    def wait(self, most: int) -> None:
        self.then(self.has_waited, most, self.events(most), dict(self.watches))

    def has_waited(self, most: int, said: Said, watches: Mapping[int, Watch]) -> None:
        """Judge it."""
        expected = {key: watch.told(self.state[watch.name]) for key, watch in watches.items()}
        found = self.told(said)
        for key, events in found.items():
            watch = watches.get(key)
            assert watch, "a watch was told that is no more"
            assert expected[key] is not Told.NO, f"{watch} was told {events:#x}"
            assert events == self.state[watch.name] & watch.interest, f"{watch}: poll says otherwise"
        if len(found) < most:
            missing = [watches[key] for key in expected if expected[key] is Told.MUST and key not in found]
            assert not missing, f"not told, where poll says {self.state}"
        for key, watch in watches.items():
            if key in found:
                watch.was_told()
            else:
                watch.was_passed_over(self.state[watch.name], room=len(found) < most)

    def wait_one_by_one(self) -> None:
        """Each that is ready has its turn (epoll_wait(2), "round robin"); judged where all is level-triggered."""
        if not any(watch.events & (EPOLLET | EPOLLONESHOT) for watch in self.watches.values()):
            said = [self.events(1) for _ in self.watches]
            self.then(self.had_their_turns, said, dict(self.watches))

    def had_their_turns(self, said: list[Said], watches: Mapping[int, Watch]) -> None:
        """Judge it."""
        ready = {key for key, watch in watches.items() if self.state[watch.name] & watch.interest}
        told = [key for each in said[: len(ready)] for key in self.told(each)]
        assert sorted(told) == sorted(ready)

    @invariant()
    def is_ready_itself(self) -> None:
        """poll(2) of the epoll descriptor: there is something to tell."""
        self.then(self.was_ready_itself, polled(self.script, self.epoll), dict(self.watches))

    def was_ready_itself(self, state: Pollfd, watches: Mapping[int, Watch]) -> None:
        """Judge it."""
        expected = {watch.told(self.state[watch.name]) for watch in watches.values()}
        assert state.revents in (0, POLLIN)
        if Told.MUST in expected:
            assert state.revents == POLLIN
        elif Told.MAY not in expected:
            assert state.revents == 0


def test_epoll_tells_what_poll_does(kernel: Kernel) -> None:
    kernel.keeps(Epoll)
