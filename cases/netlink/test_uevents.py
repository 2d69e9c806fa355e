"""Uevents: the kernel tells what happens to devices, to everybody who listens."""

from __future__ import annotations

import struct
from errno import EINVAL, ENOPROTOOPT, EPERM

import pytest

from cases.netlink._uevents import FULL, KERNEL_GROUP, hears, listener, next_event, trigger, uevent_file
from conformance.syscalls import Buffer, untraced
from conformance.syscalls.files.directories import mkdir
from conformance.syscalls.files.reading import write
from conformance.syscalls.help.netlink import netlink_socket, readable, set_netlink_option, verdict
from conformance.syscalls.mounts.mount import mount
from conformance.syscalls.namespaces import CLONE_NEWNET, unshare
from conformance.syscalls.processes.credentials import setresuid
from conformance.syscalls.sockets.addresses import sockaddr_nl
from conformance.syscalls.sockets.controls import SCM_CREDENTIALS
from conformance.syscalls.sockets.messages import Message, recvmsg, sendto
from conformance.syscalls.sockets.netlink import (
    NETLINK_ADD_MEMBERSHIP,
    NETLINK_DROP_MEMBERSHIP,
    NETLINK_KOBJECT_UEVENT,
    NLM_F_ACK,
    NLM_F_REQUEST,
    request,
)
from conformance.syscalls.sockets.options import SO_ATTACH_FILTER, SO_PASSCRED, SOL_SOCKET, Ucred, setsockopt

pytestmark = pytest.mark.needs("root")


def test_listener_hears_what_happened_to_which_device() -> None:
    fd = listener()
    trigger(b"change 1b2a9c54-0000-4000-8000-000000000001")
    event = next_event(fd, SYNTH_UUID="1b2a9c54-0000-4000-8000-000000000001")
    assert event.header == b"change@/devices/virtual/mem/null"
    assert event.variables[b"ACTION"] == b"change"
    assert event.variables[b"DEVPATH"] == b"/devices/virtual/mem/null"
    assert event.variables[b"SUBSYSTEM"] == b"mem"
    assert event.variables[b"DEVNAME"] == b"null"
    assert (event.variables[b"MAJOR"], event.variables[b"MINOR"]) == (b"1", b"3")
    assert int(event.variables[b"SEQNUM"]) > 0


@pytest.mark.parametrize("action", ["add", "change", "online", "bind"])
def test_action_can_be_chosen(action: str) -> None:
    """Not `remove` and its like: a device manager that listens would believe them."""
    fd = listener()
    trigger(f"{action} 1b2a9c54-0000-4000-8000-000000000002".encode())
    event = next_event(fd, SYNTH_UUID="1b2a9c54-0000-4000-8000-000000000002", ACTION=action)
    assert event.header == f"{action}@/devices/virtual/mem/null".encode()


def test_arguments_behind_the_uuid_become_variables() -> None:
    fd = listener()
    trigger(b"change 1b2a9c54-0000-4000-8000-000000000003 COLOUR=red SIZE=7")
    event = next_event(fd, SYNTH_UUID="1b2a9c54-0000-4000-8000-000000000003")
    assert event.variables[b"SYNTH_ARG_COLOUR"] == b"red"
    assert event.variables[b"SYNTH_ARG_SIZE"] == b"7"


def test_action_without_uuid_is_marked_as_synthetic_by_zero() -> None:
    fd = listener()
    trigger(b"change", FULL)
    event = next_event(fd, SYNTH_UUID="0", DEVPATH="/devices/virtual/mem/full")
    assert event.variables[b"ACTION"] == b"change"


def test_sequence_number_increases_with_every_event() -> None:
    fd = listener()
    trigger(b"change 1b2a9c54-0000-4000-8000-000000000004")
    trigger(b"change 1b2a9c54-0000-4000-8000-000000000005")
    first = next_event(fd, SYNTH_UUID="1b2a9c54-0000-4000-8000-000000000004")
    second = next_event(fd, SYNTH_UUID="1b2a9c54-0000-4000-8000-000000000005")
    assert int(second.variables[b"SEQNUM"]) > int(first.variables[b"SEQNUM"])


@pytest.mark.parametrize(
    "text",
    [b"conformance", b"change not-a-uuid", b"change 1b2a9c54-0000-4000-8000-000000000006 a-b=1"],
    ids=["action", "uuid", "key"],
)
def test_text_that_is_no_event_is_einval(text: bytes) -> None:
    """Keys are letters and digits; a failure is the writer's to know since Linux 4.20 (commit df44b479654f)."""
    fd = uevent_file()
    write.fails_with(EINVAL, fd, text, len(text))


def test_socket_in_no_group_hears_nothing() -> None:
    member, other = listener(), listener(groups=0)
    trigger(b"change 1b2a9c54-0000-4000-8000-000000000007")
    next_event(member, SYNTH_UUID="1b2a9c54-0000-4000-8000-000000000007")
    assert not readable(other, 0)


def test_group_can_be_joined_and_left_by_option() -> None:
    fd = listener(groups=0)
    set_netlink_option(fd, NETLINK_ADD_MEMBERSHIP, KERNEL_GROUP, "NETLINK_ADD_MEMBERSHIP")
    trigger(b"change 1b2a9c54-0000-4000-8000-000000000008")
    next_event(fd, SYNTH_UUID="1b2a9c54-0000-4000-8000-000000000008")
    set_netlink_option(fd, NETLINK_DROP_MEMBERSHIP, KERNEL_GROUP, "NETLINK_DROP_MEMBERSHIP")
    trigger(b"change 1b2a9c54-0000-4000-8000-000000000009")
    assert not hears(fd, SYNTH_UUID="1b2a9c54-0000-4000-8000-000000000009")


def test_credentials_of_an_event_are_those_of_the_kernel() -> None:
    """What udev trusts: uid 0 and pid 0, sent from port 0 to group 1."""
    fd = listener()
    unknown = (ENOPROTOOPT, EINVAL)
    setsockopt.or_missing("SO_PASSCRED of netlink", unknown, fd, SOL_SOCKET, SO_PASSCRED, struct.pack("=i", 1), 4)
    trigger(b"change 1b2a9c54-0000-4000-8000-00000000000a")
    assert readable(fd)
    message = Message(8192, control=64, name=12)
    with untraced():
        recvmsg(fd, message.header, 0)
    ((level, kind, data),) = message.controls()
    assert (level, kind) == (SOL_SOCKET, SCM_CREDENTIALS)
    sender = Ucred.parse(data)
    assert (sender.pid, sender.uid, sender.gid) == (0, 0, 0)
    assert bytes(message.name) == sockaddr_nl(pid=0, groups=KERNEL_GROUP)


def test_filter_drops_the_events_that_it_does_not_let_through() -> None:
    """A classic BPF program over the message: pass what begins with `c`, for `change`."""
    fd = listener()
    program = struct.pack("=HBBI", 0x30, 0, 0, 0)  # ldb [0]
    program += struct.pack("=HBBI", 0x15, 0, 1, ord("c"))  # jeq 'c', next, skip one
    program += struct.pack("=HBBI", 0x06, 0, 0, 0xFFFF)  # ret 65535
    program += struct.pack("=HBBI", 0x06, 0, 0, 0)  # ret 0
    instructions = Buffer(program)
    with untraced():  # the program's address is in the argument
        program = struct.pack("=HxxxxxxQ", 4, instructions.address)
        unknown = (ENOPROTOOPT, EINVAL)
        setsockopt.or_missing("SO_ATTACH_FILTER of netlink", unknown, fd, SOL_SOCKET, SO_ATTACH_FILTER, program, 16)
    trigger(b"add 1b2a9c54-0000-4000-8000-00000000000b")
    trigger(b"change 1b2a9c54-0000-4000-8000-00000000000b")
    event = next_event(fd, SYNTH_UUID="1b2a9c54-0000-4000-8000-00000000000b")
    assert event.variables[b"ACTION"] == b"change"


def test_unprivileged_process_may_listen() -> None:
    privileged = listener()
    uevents = uevent_file()
    setresuid(65534, 65534, 65534)
    fd = listener()
    text = b"change 1b2a9c54-0000-4000-8000-00000000000c"
    write(uevents, text, len(text))
    for each in (privileged, fd):
        next_event(each, SYNTH_UUID="1b2a9c54-0000-4000-8000-00000000000c")


def test_unprivileged_process_may_not_send_to_the_listeners() -> None:
    fd = listener(groups=0)
    setresuid(65534, 65534, 65534)
    text = b"add@/devices/forged\0ACTION=add\0"
    sendto.fails_with(EPERM, fd, text, len(text), 0, sockaddr_nl(groups=KERNEL_GROUP), 12)


def test_privileged_process_can_have_the_kernel_send_an_event() -> None:
    """The kernel adds the next SEQNUM and sends it to the sender's network namespace (4.18, commit 692ec06d7c92)."""
    fd, sender = listener(), netlink_socket(NETLINK_KOBJECT_UEVENT)
    text = b"add@/devices/conformance\0ACTION=add\0DEVPATH=/devices/conformance\0SUBSYSTEM=conformance\0"
    assert verdict(sender, request(0x10, NLM_F_REQUEST | NLM_F_ACK, text)) == 0
    event = next_event(fd, SUBSYSTEM="conformance")
    assert event.header == b"add@/devices/conformance"
    assert int(event.variables[b"SEQNUM"]) > 0


def test_event_of_a_network_device_stays_in_its_namespace() -> None:
    """`lo` of a new namespace is its listeners' alone (Linux 4.18, commit a3498436b3a0)."""
    outside = listener()
    unshare(CLONE_NEWNET)
    inside = listener()
    mkdir(b"sys", 0o755)
    mount(b"sysfs", b"sys", b"sysfs", 0, None)
    trigger(b"change 1b2a9c54-0000-4000-8000-00000000000d", b"sys/class/net/lo/uevent")
    event = next_event(inside, SYNTH_UUID="1b2a9c54-0000-4000-8000-00000000000d")
    assert event.variables[b"INTERFACE"] == b"lo"
    assert event.variables[b"IFINDEX"] == b"1"
    assert not hears(outside, SYNTH_UUID="1b2a9c54-0000-4000-8000-00000000000d")
