from __future__ import annotations

import array
import os
import socket
import struct

import pytest

from conformance.programs.execution import Execution
from conformance.programs.notation.parse import parse_program
from conformance.programs.notation.printing import print_program
from conformance.syscalls.machinery.kinds import Names
from conformance.syscalls.sockets.controls import PAYLOADS, SCM_CREDENTIALS, SCM_RIGHTS, Cmsghdr, Controls
from conformance.syscalls.sockets.ip import IP_TTL
from conformance.syscalls.sockets.messages import Message, control_message, recvmsg
from conformance.syscalls.sockets.options import SO_TIMESTAMP, SOL_SOCKET
from conformance.syscalls.sockets.socket import IPPROTO_IP
from tests.conformance.search.native import needs_executor, run_one

RIGHTS = control_message(SOL_SOCKET, SCM_RIGHTS, struct.pack("=2i", 7, 8))
TTL = control_message(IPPROTO_IP, IP_TTL, struct.pack("=i", 64))


def normal(data: bytes) -> object:
    return Controls().normal(data.decode("latin-1"), Names())


def stamped(seconds: int, fraction: int) -> bytes:
    return control_message(SOL_SOCKET, SO_TIMESTAMP, struct.pack("=qq", seconds, fraction))


def sender(process: int, group: int) -> bytes:
    return control_message(SOL_SOCKET, SCM_CREDENTIALS, struct.pack("=3I", process, 0, group))


def test_heads_have_the_kernel_s_size_whatever_they_are_of() -> None:
    assert {Cmsghdr.size(), *(Cmsghdr.told_by(struct.pack("=Qii", 0, each, 0)).size() for each in range(300))} == {16}
    assert all(each.size() <= 48 for each in PAYLOADS.values())


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (RIGHTS, control_message(SOL_SOCKET, SCM_RIGHTS, struct.pack("=2i", 9, 11)), True),
        (RIGHTS, control_message(SOL_SOCKET, SCM_RIGHTS, struct.pack("=2i", 7, 7)), False),
        (RIGHTS, control_message(SOL_SOCKET, SCM_RIGHTS, struct.pack("=i", 7)), False),
        (RIGHTS + TTL, TTL + RIGHTS, False),
        (RIGHTS + TTL, RIGHTS, False),
        (TTL, control_message(IPPROTO_IP, IP_TTL, struct.pack("=i", 63)), False),
        (TTL, control_message(SOL_SOCKET, IP_TTL, struct.pack("=i", 64)), False),
        (TTL, control_message(IPPROTO_IP, IP_TTL, struct.pack("=h", 64)), False),
        (TTL, TTL[:20] + b"\1\2\3\4", True),
        (stamped(1_700_000_000, 5), stamped(1_800_000_000, 6), True),
        (stamped(1_700_000_000, 5), stamped(0, 6), False),
        (stamped(1_700_000_000, 5), b"", False),
        (sender(7, 0), sender(9, 0), True),
        (sender(7, 0), sender(7, 1), False),
        (sender(7, 0), sender(0, 0), False),
        (struct.pack("=Qii", 15, 1, 1), struct.pack("=Qii", 14, 1, 1), False),
    ],
)
def test_all_is_compared_but_what_differs_from_run_to_run(one: bytes, other: bytes, same: bool) -> None:
    assert (normal(one) == normal(other)) == same


def test_messages_are_compared_under_the_names_that_c_has_for_them() -> None:
    found = normal(RIGHTS + TTL + control_message(SOL_SOCKET, 99, b"abcd"))
    assert isinstance(found, dict)
    assert found["order"] == ["SCM_RIGHTS", "IP_TTL", "SOL_SOCKET/99"]
    assert (found["SCM_RIGHTS.fd"], found["SCM_RIGHTS.fd#2"]) == ("fd#1", "fd#2")
    assert (found["IP_TTL.number"], found["SOL_SOCKET/99.data"]) == (64, "abcd")


@pytest.mark.parametrize("size", [0, 1 << 62, (1 << 64) - 1])
def test_a_length_that_is_none_ends_the_reading(size: int) -> None:
    found = normal(struct.pack("=Qii", size, SOL_SOCKET, SCM_RIGHTS) + b"abcd")
    assert isinstance(found, dict)
    assert found["order"] == ["SCM_RIGHTS"]


def test_what_the_kernel_passes_is_read() -> None:
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with left, right:
        right.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        left.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [left.fileno()]))])
        message = Message(8, control=128)
        assert recvmsg(right.fileno(), message.header, 0) == 1
    data = message.control.take(message.header.controllen)
    os.close(message.controls()[1][2][0])
    found = normal(data)
    assert isinstance(found, dict)
    assert found["order"] == ["SCM_CREDENTIALS", "SCM_RIGHTS"]
    assert (found["SCM_CREDENTIALS.pid"], found["SCM_CREDENTIALS.uid"]) == ("pid#1", os.getuid())


@pytest.mark.parametrize(
    "control",
    [
        "{cmsg_len=24, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS} {fd=r0} {fd=-1}",
        "{cmsg_len=20, cmsg_type=IP_TTL} {number=9} [0] {cmsg_len=15, cmsg_level=SOL_SOCKET}",
        "{cmsg_len=18, cmsg_level=IPPROTO_UDP, cmsg_type=UDP_SEGMENT} {segment=2}",
        '{cmsg_len=19, cmsg_level=IPPROTO_IPV6, cmsg_type=99} "abc" "\\0\\0\\0\\0\\0"',
        '"abc"',
    ],
)
def test_what_is_sent_is_written_message_by_message(control: str) -> None:
    text = f"r0 = dup(0)\nsendmsg(0, {{control={control}, controllen=size}}, 0)\n"
    program = parse_program(text)
    assert parse_program(print_program(program)) == program
    assert control.partition("}")[0] in " ".join(print_program(program).split())


@needs_executor
def test_what_a_program_receives_is_part_of_its_trace() -> None:
    program = parse_program(
        "r0 = socketpair(AF_UNIX, SOCK_DGRAM|SOCK_NONBLOCK, 0, room(8))\n"
        "sendmsg(r0.fds[0], {control={cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS} {fd=r0.fds[0]} [0], "
        "controllen=size}, 0)\n"
        "recvmsg(r0.fds[1], {control=room(64), controllen=size}, 0)\n"
    )
    last = Execution(*run_one(program)).lines[-1]
    assert last.endswith("= 0, message.control=[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS}, {fd=2}]")
