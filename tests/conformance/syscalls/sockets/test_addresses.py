from __future__ import annotations

import struct

import pytest

from conformance.syscalls.machinery.call import Parameter
from conformance.syscalls.machinery.kinds import Kind, Names, Seen
from conformance.syscalls.machinery.memory import Pointer
from conformance.syscalls.sockets.addresses import (
    InSockaddr,
    OutSockaddr,
    SockaddrKind,
    holds_address,
    sockaddr_in,
    sockaddr_in6,
    sockaddr_nl,
    sockaddr_un,
)


def seen(address: bytes) -> str:
    """An address as a record has it."""
    return address.decode("latin-1")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (sockaddr_in(33000), sockaddr_in(44000), True),
        (sockaddr_in(5000), sockaddr_in(5001), False),
        (sockaddr_in(33000), sockaddr_in(44000, 0), False),
        (sockaddr_in6(33000), sockaddr_in6(44000), True),
        (sockaddr_in6(33000), sockaddr_in(33000), False),
        (sockaddr_nl(pid=77), sockaddr_nl(pid=78), True),
        (sockaddr_nl(pid=77), sockaddr_nl(pid=0), False),
        (sockaddr_nl(pid=77), sockaddr_nl(pid=77, groups=1), False),
        (sockaddr_un(b"\x0000001"), sockaddr_un(b"\x0000002"), True),
        (sockaddr_un(b"\x0000001"), sockaddr_un(b"\0other"), False),
        (sockaddr_un(b"a"), sockaddr_un(b"b"), False),
        (sockaddr_in(33000)[:3], sockaddr_in(44000)[:3], True),
    ],
)
def test_ports_and_names_that_the_kernel_chose_are_as_good_as_others(one: bytes, other: bytes, same: bool) -> None:
    normal = Parameter("address", InSockaddr).kind.normal
    assert (normal(seen(one), Names()) == normal(seen(other), Names())) == same


def test_one_port_is_told_from_another() -> None:
    normal, names = Parameter("address", OutSockaddr).kind.normal, Names()
    first, second, again = (normal(seen(sockaddr_in(port)), names) for port in (33000, 44000, 33000))
    assert first == again != second


@pytest.mark.parametrize(("pointer", "normal"), [(0x1234, "addr"), (0, 0), (None, None), ("", ""), ("\2", "\2")])
def test_pointers_and_what_is_too_short_are_compared_as_of_any_memory(pointer: Seen, normal: Seen) -> None:
    assert Parameter("address", InSockaddr).kind.normal(pointer, Names()) == normal


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (sockaddr_in(5000), "AF_INET 127.0.0.1:5000"),
        (sockaddr_in(5000)[:8], "AF_INET 127.0.0.1:5000 (8 bytes)"),
        (struct.pack("=H", 99) + b"ab", "b'c\\x00ab'"),
    ],
)
def test_addresses_are_shown_as_a_person_would_write_them(address: bytes, shown: str) -> None:
    assert Parameter("address", InSockaddr).kind.show(seen(address)) == shown


def test_it_is_known_which_memory_holds_an_address() -> None:
    assert holds_address(Parameter("address", InSockaddr).kind)
    assert holds_address(Parameter("address", OutSockaddr).kind)
    assert not any(map(holds_address, (Pointer(), Kind(), SockaddrKind())))
