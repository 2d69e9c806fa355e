"""Epoll, against a model: level, edge and one-shot watches of pipes, sockets and eventfds, held against poll(2)."""

from __future__ import annotations

import struct
from errno import EEXIST, ENOENT
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from cases.events._epoll_model import BITS, Told, Watch
from conformance.syscalls import Buffer, untraced
from conformance.syscalls.files.descriptors import dup
from conformance.syscalls.files.opening import O_NONBLOCK, close
from conformance.syscalls.files.reading import read, write
from conformance.syscalls.help.pipes import new_pipe
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
PIPE = 65536
"""Bytes of a pipe."""
IMPOSSIBLE = {("pipe out", "write"), ("pipe out", "fill"), ("pipe in", "drain"), ("left", "fill"), ("right", "fill")}


def pair_of(call: str) -> tuple[int, int]:
    """The two ends of a pipe or of a connection, none of which waits."""
    if call == "pipe":
        return new_pipe(O_NONBLOCK)
    fds = Buffer(8)
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds)
    return fds.int_at(0), fds.int_at(4)


CALLS = st.one_of(
    st.tuples(st.just("use"), NAMES, st.sampled_from(["write", "fill", "drain"])),
    st.tuples(st.just("change"), NAMES, st.sampled_from(["shut", "close", "renumber", "renumber"])),
    st.tuples(st.just("control"), OPERATIONS, NAMES, INTERESTS, MODES),
    st.tuples(st.just("wait"), st.sampled_from([1, 2, MOST, MOST, MOST])),
    st.tuples(st.just("wait_one_by_one")),
)
"""What may be done, with what."""


class Epoll(RuleBasedStateMachine):
    """One epoll instance, and descriptors that become ready, change their numbers and are closed."""

    def __init__(self) -> None:
        super().__init__()
        self.epoll = epoll_create1(0)
        self.fds = dict(zip(["pipe out", "pipe in"], pair_of("pipe"), strict=True))
        self.fds |= zip(["left", "right"], pair_of("socketpair"), strict=True)
        self.fds["count"] = eventfd2(0, EFD_NONBLOCK)
        self.count = 0
        self.serial = 0
        self.watches: dict[int, Watch] = {}
        self.state = self.poll()

    def teardown(self) -> None:
        for fd in [*self.fds.values(), self.epoll]:
            close(fd)

    # -- the two ways to ask

    def poll(self) -> dict[str, int]:
        """What poll(2) says of every descriptor that is open."""
        states = Buffer(b"".join(bytes(Pollfd(fd=fd, events=BITS)) for fd in self.fds.values()))
        poll(states, len(self.fds), 0)
        return {name: states.int_at(8 * at + 6, 2) for at, name in enumerate(self.fds)}

    def events(self, most: int) -> dict[int, int]:
        """What epoll_wait(2) says at once: each watch with its events."""
        told = Buffer(EVENT * most)
        count = epoll_wait(self.epoll, told, most, 0)
        found = {told.int_at(EVENT * at + 4): told.int_at(EVENT * at) for at in range(count)}
        assert len(found) == count, "one descriptor was told twice by one call"
        return found

    # -- what happens to the descriptors

    def happened(self, name: str, *, arrived: bool = False) -> None:
        """Tell the model what poll says now, after something was done to `name`."""
        before, self.state = self.state, self.poll()
        for watch in self.watches.values():
            if watch.name in (name, ENDS[name]):
                new = arrived and watch.name == ENDS[name]
                watch.happened(before[watch.name], self.state[watch.name], arrived=new)

    @rule(call=CALLS)
    def make(self, call: tuple[Any, ...]) -> None:
        """One rule, since of several Hypothesis leaves some out of each program: too many, when programs are few."""
        name, *arguments = call
        getattr(self, name)(*arguments)

    def use(self, name: str, what: str) -> None:
        """Write a byte, or add one; write until there is no room, but for sockets; read all that there is."""
        if name not in self.fds or (name, what) in IMPOSSIBLE:
            return
        if what == "drain":
            read.result_of(self.fds[name], Buffer(2 * PIPE), 2 * PIPE)
            self.count = 0 if name == "count" else self.count
            self.happened(name)
            return
        data = b"x" if what == "write" else bytes(PIPE)
        if name == "count":
            data = struct.pack("=Q", 1 if what == "write" else FULL - self.count)
        result, _ = write.result_of(self.fds[name], data, len(data))
        if name == "count" and result > 0:
            self.count += struct.unpack("=Q", data)[0]
        self.happened(name, arrived=result > 0)

    def change(self, name: str, what: str) -> None:
        """Shut down a socket's sending side, close a descriptor, or give it another number.

        What is closed is not watched any more. What is watched under another number goes on being watched under the
        old one, by which it cannot be reached (epoll(7), Q6).
        """
        if name not in self.fds:
            return
        if what == "shut" and {name, ENDS[name]} == {"left", "right"} & set(self.fds):
            shutdown(self.fds[name], SHUT_WR)
            self.happened(name)
        elif what == "close" and len(self.fds) > 3:
            close(self.fds.pop(name))
            self.watches = {key: watch for key, watch in self.watches.items() if watch.name != name}
            self.happened(name)
        elif what == "renumber":
            old = self.fds[name]
            self.fds[name] = dup(old)
            close(old)

    # -- the interest list

    def watch_of(self, name: str) -> Watch | None:
        """The watch that a call about a descriptor would reach."""
        fds = {watch.fd: watch for watch in self.watches.values() if watch.name == name}
        return fds.get(self.fds[name])

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
        answer = epoll_ctl.result_of(self.epoll, operation, fd, event)
        if bool(key) == (operation == EPOLL_CTL_ADD):
            assert answer == (-1, EEXIST if key else ENOENT)
            return
        assert answer == (0, 0)
        self.watches.pop(key, None)
        if operation != EPOLL_CTL_DEL:
            self.watches[self.serial] = Watch(name, fd, interest | mode)

    # -- what is told

    def wait(self, most: int) -> None:
        expected = {key: watch.told(self.state[watch.name]) for key, watch in self.watches.items()}
        found = self.events(most)
        for key, events in found.items():
            watch = self.watches.get(key)
            assert watch, "a watch was told that is no more"
            assert expected[key] is not Told.NO, f"{watch} was told {events:#x}"
            assert events == self.state[watch.name] & watch.interest, f"{watch}: poll says otherwise"
        if len(found) < most:
            missing = [self.watches[key] for key in expected if expected[key] is Told.MUST and key not in found]
            assert not missing, f"not told, where poll says {self.state}"
        for key, watch in self.watches.items():
            if key in found:
                watch.was_told()
            else:
                watch.was_passed_over(self.state[watch.name], room=len(found) < most)

    def wait_one_by_one(self) -> None:
        """Each that is ready has its turn (epoll_wait(2), "round robin"); judged where all is level-triggered."""
        if any(watch.events & (EPOLLET | EPOLLONESHOT) for watch in self.watches.values()):
            return
        ready = {key for key, watch in self.watches.items() if self.state[watch.name] & watch.interest}
        told = [key for _ in ready for key in self.events(1)]
        assert sorted(told) == sorted(ready)

    @invariant()
    def is_ready_itself(self) -> None:
        """poll(2) of the epoll descriptor: there is something to tell."""
        expected = {watch.told(self.state[watch.name]) for watch in self.watches.values()}
        state = Pollfd(fd=self.epoll, events=POLLIN)
        poll(state, 1, 0)
        assert state.revents in (0, POLLIN)
        if Told.MUST in expected:
            assert state.revents == POLLIN
        elif Told.MAY not in expected:
            assert state.revents == 0


def test_epoll_tells_what_poll_does() -> None:
    with untraced():
        run_state_machine_as_test(Epoll)
