from __future__ import annotations

import pytest

from conformance.syscalls.machinery.inside import holds, inside, of_member, offset_of
from conformance.syscalls.machinery.kinds import Kind
from conformance.syscalls.sockets.addresses import SockaddrKind
from conformance.syscalls.sockets.controls import Controls
from conformance.syscalls.sockets.messages import Mmsghdr, Msghdr, recvmmsg, recvmsg


@pytest.mark.parametrize(
    ("path", "name", "kind"),
    [
        ("1", "message", Kind),
        ("1.0", "message.name", SockaddrKind),
        ("1.32", "message.control", Controls),
        ("1.16", "message.iov", None),
        ("1.16.0", "message.iov.iov_base", Kind),
        ("1.16.16", "message.iov.1.iov_base", Kind),
    ],
)
def test_what_memory_points_to_has_the_name_of_its_member_and_its_kind(
    path: str, name: str, kind: type[Kind] | None
) -> None:
    said, found = inside(recvmsg.parameters[1], path)
    assert said == name
    assert kind is None or isinstance(found, kind)
    assert found is holds(recvmsg.parameters[1], path)


def test_structs_within_structs_are_passed_through() -> None:
    name, kind = inside(recvmmsg.parameters[1], "1.32")
    assert (name, type(kind)) == ("messages.msg_hdr.control", Controls)
    assert inside(recvmmsg.parameters[1], f"1.{Mmsghdr.size() + 32}")[0] == "messages.1.msg_hdr.control"


def test_memory_of_which_nothing_is_known_is_told_by_numbers() -> None:
    assert inside(recvmsg.parameters[0], "0.8.16") == ("fd.8.16", inside(recvmsg.parameters[0], "0.8")[1])


def test_a_member_s_place_is_found_by_its_name() -> None:
    assert offset_of(Msghdr, ["control"]) == 32
    assert offset_of(Mmsghdr, ["msg_hdr", "control"]) == 32
    assert offset_of(Msghdr, ["absent"]) is None
    assert offset_of(Msghdr, ["control", "control"]) is None


def test_a_member_s_kind_and_struct_are_known() -> None:
    assert of_member(Mmsghdr, "msg_hdr")[1] is Msghdr
    assert of_member(None, "x")[1] is None
