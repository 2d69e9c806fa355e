"""Sockets as systemd needs them: who is at the other end, descriptors that are kept, devices that change."""

from __future__ import annotations

import struct
from errno import EINVAL, ENOPROTOOPT

import pytest

from cases.netlink._uevents import listener, next_event, trigger
from conformance.syscalls import Buffer, missing, untraced
from conformance.syscalls.files.opening import O_RDONLY, open
from conformance.syscalls.files.reading import pread64
from conformance.syscalls.help.child import exit_status, fork_child
from conformance.syscalls.help.paths import make_file
from conformance.syscalls.help.waiting import ready
from conformance.syscalls.polling.poll import POLLIN
from conformance.syscalls.processes.credentials import setgroups, setresgid, setresuid
from conformance.syscalls.sockets.addresses import sockaddr_un
from conformance.syscalls.sockets.connections import accept4, bind, connect, listen
from conformance.syscalls.sockets.controls import SCM_CREDENTIALS, SCM_RIGHTS
from conformance.syscalls.sockets.messages import Message, control_message, recvmsg, sendmsg
from conformance.syscalls.sockets.options import (
    SO_BINDTODEVICE,
    SO_BINDTOIFINDEX,
    SO_PASSCRED,
    SO_PEERCRED,
    SO_PEERGROUPS,
    SO_PEERPIDFD,
    SOL_SOCKET,
    Ucred,
    getsockopt,
    setsockopt,
)
from conformance.syscalls.sockets.socket import AF_INET, AF_UNIX, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_STREAM, socket

ADDRESS = sockaddr_un(b"\0conformance")


UNKNOWN_OPTION = (ENOPROTOOPT, EINVAL)
"""What a target says of an option that it does not know: Linux the first, WSL1 the second."""


def length(size: int) -> Buffer:
    """A `socklen_t` that is passed by its address."""
    return Buffer(struct.pack("=I", size))


def connection() -> tuple[int, int]:
    """What a listener accepted from a child that is another user with two groups, and the child's pid."""
    server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)
    bind(server, ADDRESS, len(ADDRESS))
    listen(server, 1)

    def client() -> None:
        setgroups(2, struct.pack("=II", 2000, 2001))
        setresgid(1001, 1001, 1001)
        setresuid(1000, 1000, 1000)
        fd = socket(AF_UNIX, SOCK_STREAM, 0)
        with untraced():  # the case may be over before the call could be recorded
            connect(fd, ADDRESS, len(ADDRESS))

    pid = fork_child(client)
    fd = accept4(server, None, 0, SOCK_CLOEXEC)
    return fd, pid


def test_notification_carries_its_sender_and_a_descriptor_to_keep() -> None:
    """sd_notify(3) with FDSTORE=1: a datagram with SCM_CREDENTIALS and SCM_RIGHTS."""
    manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)
    setsockopt(manager, SOL_SOCKET, SO_PASSCRED, struct.pack("=i", 1), 4)
    bind(manager, ADDRESS, len(ADDRESS))

    def service() -> None:
        make_file(b"kept", b"state")
        kept = open(b"kept", O_RDONLY)
        fd = socket(AF_UNIX, SOCK_DGRAM, 0)
        rights = control_message(SOL_SOCKET, SCM_RIGHTS, struct.pack("=i", kept))
        sendmsg(fd, Message(b"FDSTORE=1", control=rights, name=ADDRESS).header, 0)

    pid = fork_child(service)
    assert exit_status(pid) == 0
    message = Message(64, control=128)
    assert recvmsg(manager, message.header, 0) == 9
    controls = {kind: data for _, kind, data in message.controls()}
    assert Ucred.parse(controls[SCM_CREDENTIALS]).pid == pid
    data = Buffer(8)
    assert pread64(struct.unpack("=i", controls[SCM_RIGHTS])[0], data, 8, 0) == 5


@pytest.mark.needs("root")
def test_peer_of_a_connection_is_known_with_its_groups() -> None:
    """SO_PEERCRED and SO_PEERGROUPS (Linux 4.13): as they were when it connected."""
    fd, pid = connection()
    peer = Ucred()
    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, peer, length(12))
    assert (peer.pid, peer.uid, peer.gid) == (pid, 1000, 1001)
    groups, size = Buffer(64), length(64)
    _, error = getsockopt.result_of(fd, SOL_SOCKET, SO_PEERGROUPS, groups, size)
    if error in UNKNOWN_OPTION:
        missing("SO_PEERGROUPS")
    assert error == 0
    assert groups.take(size.int_at(0)) == struct.pack("=II", 2000, 2001)


@pytest.mark.needs("root")
def test_peer_of_a_connection_is_known_as_a_descriptor() -> None:
    """SO_PEERPIDFD (Linux 6.5, commit 7b26952a91cf): it does not become another process when the pid is used again."""
    fd, pid = connection()
    value = Buffer(4)
    with untraced():  # the value is a descriptor
        _, error = getsockopt.result_of(fd, SOL_SOCKET, SO_PEERPIDFD, value, length(4))
    if error in UNKNOWN_OPTION:
        missing("SO_PEERPIDFD")
    assert error == 0
    assert exit_status(pid) == 0
    assert ready(value.int_at(0)) & POLLIN


@pytest.mark.needs("root")
def test_socket_can_be_bound_to_an_interface_by_number() -> None:
    """SO_BINDTOIFINDEX (Linux 5.0): 1 is the loopback interface."""
    fd = socket(AF_INET, SOCK_DGRAM, 0)
    _, error = setsockopt.result_of(fd, SOL_SOCKET, SO_BINDTOIFINDEX, struct.pack("=i", 1), 4)
    if error in UNKNOWN_OPTION:
        missing("SO_BINDTOIFINDEX")
    assert error == 0
    name, size = Buffer(16), length(16)
    getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, size)
    assert name.take(size.int_at(0)) == b"lo\0"


@pytest.mark.needs("root")
def test_device_manager_hears_of_a_device_that_it_triggers() -> None:
    """`udevadm trigger --settle`: a synthetic uevent that comes back with its UUID (Linux 4.13)."""
    fd = listener()
    trigger(b"change 1b2a9c54-0000-4000-8000-00000000005d")
    event = next_event(fd, SYNTH_UUID="1b2a9c54-0000-4000-8000-00000000005d")
    assert event.variables[b"DEVNAME"] == b"null"
