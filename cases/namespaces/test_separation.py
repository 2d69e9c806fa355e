"""Separation by namespaces: what is done in one is not seen in another of its kind (namespaces(7))."""

from __future__ import annotations

from errno import ECONNREFUSED, ENETUNREACH, ENOENT

import pytest

from cases.cgroups._groups import group
from cases.namespaces._namespaces import enter, inside
from conformance.syscalls import missing, untraced
from conformance.syscalls.files.directories import fchdir
from conformance.syscalls.files.opening import O_CLOEXEC, O_DIRECTORY, O_RDONLY, open
from conformance.syscalls.help.child import in_child
from conformance.syscalls.help.mounts import mount_at, mount_new
from conformance.syscalls.help.paths import contents, exists, make_file, write_to
from conformance.syscalls.ipc.msg import msgget
from conformance.syscalls.ipc.sysv import IPC_CREAT
from conformance.syscalls.namespaces import CLONE_NEWCGROUP, CLONE_NEWIPC, CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWTIME
from conformance.syscalls.sockets.addresses import sockaddr_in, sockaddr_un
from conformance.syscalls.sockets.connections import bind, connect, listen
from conformance.syscalls.sockets.messages import sendto
from conformance.syscalls.sockets.socket import AF_INET, AF_UNIX, SOCK_DGRAM, SOCK_STREAM, socket
from conformance.syscalls.time.clocks import CLOCK_MONOTONIC, Now, clock_gettime

pytestmark = pytest.mark.needs("root")

KEY = 0x636F6E66


def test_mount_is_not_seen_outside() -> None:
    here = open(b".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    with inside(b"mnt", CLONE_NEWNS):
        mount_new(b"tmpfs", b"mounted")
        make_file(b"mounted/file")
        assert exists(b"mounted/file")
    fchdir(here)  # setns(2) goes to the root of the other mount namespace
    assert not mount_at(b"mounted")
    assert not exists(b"mounted/file")


def test_message_queue_is_not_found_outside() -> None:
    with inside(b"ipc", CLONE_NEWIPC):
        with untraced():  # the number is the kernel's choice, and may be 0
            assert msgget(KEY, IPC_CREAT | 0o600) == msgget(KEY, 0)
    msgget.fails_with(ENOENT, KEY, 0)


def test_abstract_socket_is_not_reached_from_outside() -> None:
    """unix(7): the names belong to the network namespace."""
    address = sockaddr_un(b"\0conformance")
    with inside(b"net", CLONE_NEWNET):
        server = socket(AF_UNIX, SOCK_STREAM, 0)
        bind(server, address, len(address))
        listen(server, 1)
        connect(socket(AF_UNIX, SOCK_STREAM, 0), address, len(address))
    connect.fails_with(ECONNREFUSED, socket(AF_UNIX, SOCK_STREAM, 0), address, len(address))


def test_new_network_has_a_loopback_interface_that_is_down() -> None:
    enter(CLONE_NEWNET)
    assert b"lo" in interfaces()  # some kernels add devices of tunnels
    fd = socket(AF_INET, SOCK_DGRAM, 0)
    sendto.fails_with(ENETUNREACH, fd, b"x", 1, 0, sockaddr_in(9), 16)


def interfaces() -> list[bytes]:
    """The names in /proc/net/dev, below two lines of headings."""
    return [line.split(b":")[0].strip() for line in contents(b"/proc/self/net/dev").splitlines()[2:]]


def test_group_of_the_process_is_the_root_of_a_new_cgroup_namespace() -> None:
    with group() as path:

        def confined() -> None:
            write_to(path + b"/cgroup.procs", b"0")
            assert b"0::/conformance-" in contents(b"/proc/self/cgroup")
            enter(CLONE_NEWCGROUP)
            assert b"0::/" in contents(b"/proc/self/cgroup").splitlines()

        assert in_child(confined) == 0


def test_monotonic_clock_has_an_offset_for_children_of_a_time_namespace() -> None:
    """Linux 5.6, time_namespaces(7); the offset is set before the first process is in it."""
    if not exists(b"/proc/self/timens_offsets"):
        missing("time namespaces")
    enter(CLONE_NEWTIME)
    write_to(b"/proc/self/timens_offsets", b"monotonic 1000000 0\n")
    before = seconds()

    def inside_it() -> None:
        assert 1_000_000 <= seconds() - before < 1_001_000

    assert in_child(inside_it) == 0
    assert seconds() - before < 1000


def seconds() -> int:
    """The monotonic clock."""
    now = Now()
    clock_gettime(CLOCK_MONOTONIC, now)
    return int(now.tv_sec)
