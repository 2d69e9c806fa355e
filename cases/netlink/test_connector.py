"""Process events: NETLINK_CONNECTOR tells who forks, executes and exits (Documentation/driver-api/connector.rst)."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from cases.netlink._namespaces import only_in_first_namespaces
from conformance.syscalls import Buffer, untraced
from conformance.syscalls.files.opening import O_CREAT, O_WRONLY, close, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import read, write
from conformance.syscalls.help.child import exit_status, fork_child
from conformance.syscalls.help.code import elf, exit_code
from conformance.syscalls.help.netlink import ANSWERS_WITHIN, NetlinkTimeout, netlink_socket, receive, send
from conformance.syscalls.help.pipes import new_pipe
from conformance.syscalls.help.waiting import time_left
from conformance.syscalls.processes.credentials import setresuid
from conformance.syscalls.processes.executing import execve
from conformance.syscalls.processes.identity import getpid
from conformance.syscalls.processes.prctl import PR_SET_NAME, prctl
from conformance.syscalls.sockets.netlink import NETLINK_CONNECTOR, NLMSG_DONE, request
from conformance.syscalls.sockets.options import SO_RCVBUFFORCE, SOL_SOCKET, setsockopt

CN_IDX_PROC = CN_VAL_PROC = 1
PROC_CN_MCAST_LISTEN, PROC_CN_MCAST_IGNORE = 1, 2
PROC_EVENT_NONE, PROC_EVENT_FORK, PROC_EVENT_EXEC, PROC_EVENT_UID = 0, 1, 2, 4
PROC_EVENT_COMM, PROC_EVENT_EXIT = 0x200, 0x80000000

pytestmark = [pytest.mark.needs("root"), pytest.mark.shares("net", "pid")]


def operation(number: int) -> bytes:
    """`struct cn_msg` with a `enum proc_cn_mcast_op`, in the netlink message that the connector wants."""
    message = struct.pack("=IIIIHH", CN_IDX_PROC, CN_VAL_PROC, 1, 0, 4, 0) + struct.pack("=I", number)
    return request(NLMSG_DONE, 0, message)


@contextmanager
def listening() -> Iterator[int]:
    """A socket that hears of processes. The kernel counts listeners, so it must be told of each that goes."""
    fd = netlink_socket(NETLINK_CONNECTOR, groups=CN_IDX_PROC)
    only_in_first_namespaces()
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, struct.pack("=i", 1 << 22), 4)  # other processes are busy, too
    send(fd, operation(PROC_CN_MCAST_LISTEN))
    try:
        yield fd
    finally:
        send(fd, operation(PROC_CN_MCAST_IGNORE))


def next_event(fd: int, what: int, wanted: Callable[[bytes], bool]) -> bytes:
    """The data of the next event of a kind that is `wanted`: those of the machine's other processes are passed over."""
    for left in time_left(ANSWERS_WITHIN):
        for message in receive(fd, left, "a process event"):
            event = message.payload[20:]  # behind `struct cn_msg`
            if struct.unpack_from("=I", event)[0] == what and wanted(event[16:]):
                return event[16:]
    raise NetlinkTimeout(f"no process event {what:#x}")


def of_process(pid: int) -> Callable[[bytes], bool]:
    """Whether an event is of this process: most begin with a thread's id and its process's."""
    return lambda data: struct.unpack_from("=II", data) == (pid, pid)


def waiting_child(body: Callable[[], int | None]) -> tuple[int, int]:
    """A child that does `body` once a byte is written to the fd that comes with its pid."""
    with untraced():
        reader, writer = new_pipe()

    def wait_then_go() -> int | None:
        with untraced():
            read(reader, Buffer(1), 1)
        return body()

    return fork_child(wait_then_go), writer


def go(gate: int) -> None:
    """Let the child of `waiting_child` do what it is there for."""
    with untraced():
        write(gate, b"x", 1)


def test_request_to_listen_is_acknowledged() -> None:
    with listening() as fd:
        assert next_event(fd, PROC_EVENT_NONE, lambda data: True)[:4] == bytes(4)


def test_fork_names_parent_and_child() -> None:
    with listening() as fd:
        pid = fork_child(lambda: 0)
        own = getpid()
        event = next_event(fd, PROC_EVENT_FORK, lambda data: struct.unpack_from("=II", data, 8) == (pid, pid))
        assert struct.unpack_from("=II", event) == (own, own)
        exit_status(pid)


def test_exit_tells_the_status() -> None:
    with listening() as fd:
        pid = fork_child(lambda: 7)
        event = next_event(fd, PROC_EVENT_EXIT, of_process(pid))
        assert struct.unpack_from("=I", event, 8)[0] == 7 << 8
        exit_status(pid)


@pytest.mark.needs("x86_64")
def test_execve_is_told() -> None:
    with listening() as fd:
        program = elf(exit_code(0))
        file = openat(AT_FDCWD, b"program", O_WRONLY | O_CREAT, 0o755)
        write(file, program, len(program))
        close(file)
        pid, gate = waiting_child(lambda: execve(b"program", Buffer(bytes(8)), Buffer(bytes(8))))
        go(gate)
        next_event(fd, PROC_EVENT_EXEC, of_process(pid))
        assert exit_status(pid) == 0


def test_change_of_name_is_told() -> None:
    with listening() as fd:
        pid, gate = waiting_child(lambda: prctl(PR_SET_NAME, Buffer(b"conformance\0")))
        go(gate)
        event = next_event(fd, PROC_EVENT_COMM, of_process(pid))
        assert event[8:24].rstrip(b"\0") == b"conformance"
        assert exit_status(pid) == 0


def test_change_of_user_is_told() -> None:
    with listening() as fd:
        pid, gate = waiting_child(lambda: setresuid(65534, 65533, 65534))
        go(gate)
        event = next_event(fd, PROC_EVENT_UID, of_process(pid))
        assert struct.unpack_from("=II", event, 8) == (65534, 65533)
        assert exit_status(pid) == 0
