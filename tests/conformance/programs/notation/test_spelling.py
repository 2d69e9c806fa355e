from __future__ import annotations

from conformance.programs.program import Memory, Ref
from tests.conformance.programs.notation.texts import printed


def test_what_a_call_has_written_is_named_by_the_argument_and_its_place() -> None:
    text = printed(("pipe2", (Memory(bytes(8), room=True), 0)), ("close", (Ref(0, 0, 4, 4),)))
    assert text == "r0 = pipe2(room(8), 0)\nclose(r0.fds[1])\n"


def test_a_struct_is_told_by_those_of_its_members_that_are_not_zero() -> None:
    text = printed(("sched_setattr", (0, Memory(b"\0\x10" + bytes(46)), 0)))
    assert text == "sched_setattr(0, {size=4096}, 0)\n"


def test_memory_that_memory_points_to_stands_in_it() -> None:
    vectors = Memory(bytes(16), ((0, 8, Memory(b"hello")), (8, 8, 5)))
    assert printed(("writev", (1, vectors, 1))) == 'writev(1, [{iov_base="hello", iov_len=size}], 1)\n'


def test_an_address_of_a_socket_is_told_by_its_family() -> None:
    address = Memory(b"\2\0\x13\x88\x7f\0\0\1" + bytes(8))
    text = "bind(0, {sin_family=AF_INET, sin_port=5000, sin_addr=INADDR_LOOPBACK}, 16)\n"
    assert printed(("bind_inet", (0, address, 16))) == text
    assert printed(("bind_inet", (0, Memory(address.data[:8]), 8))) == "bind_inet(0, u64[0x100007f88130002], 8)\n"


def test_a_message_is_told_with_all_that_it_points_to() -> None:
    vectors = Memory(bytes(16), ((0, 8, Memory(b"hello")), (8, 8, 5)))
    message = Memory(bytes(24) + b"\1" + bytes(31), ((16, 8, vectors),))
    text = 'sendmsg(0, {iov=[{iov_base="hello", iov_len=size}], iovlen=1}, 0)\n'
    assert printed(("sendmsg", (0, message, 0))) == text


def test_a_number_that_is_put_into_memory_is_told_from_one_that_is_there() -> None:
    there, put = Memory(b"\x05\0\0\0"), Memory(bytes(4), ((0, 4, 5),))
    assert printed(("getsockname", (0, 0, there))) == "getsockname(0, NULL, [5])\n"
    assert printed(("getsockname", (0, 0, put))) == "getsockname(0, NULL, [put(5)])\n"


def test_a_path_has_its_zero_byte_unsaid_and_one_without_it_ends_in_dots() -> None:
    assert printed(("unlink", (Memory(b"f0\0"),))) == 'unlink("f0")\n'
    assert printed(("unlink", (Memory(b"f0", edge=True),))) == 'unlink(edge "f0"...)\n'


def test_what_is_repeated_is_said_once() -> None:
    assert printed(("unlink", (Memory(b"d0/" * 1400 + b"\0"),))) == 'unlink("d0/"*1400)\n'


def test_numbers_that_are_none_of_a_kind_s_names_are_numbers() -> None:
    assert printed(("close", (12345,))) == "close(12345)\n"
    assert printed(("lseek", (0, 0, 77))) == "lseek(0, 0, 77)\n"
    assert printed(("open", (0, -1, 0))) == "open(NULL, -1, 0)\n"
    assert printed(("open", (0, 0x40000002, 0))) == "open(NULL, O_RDWR|0x40000000, 0)\n"


def test_what_lies_across_members_is_put_at_its_place() -> None:
    across = Memory(bytes(48), ((2, 4, 7),))
    assert printed(("sched_setattr", (0, across, 0))) == 'sched_setattr(0, "\\0"*48 @{2:4=put(7)}, 0)\n'


def test_what_lies_between_members_is_not_lost() -> None:
    whole = Memory(b"\1" * 48)
    assert "flags=SCHED_FLAG_RESET_ON_FORK|0x101010101010100" in printed(("sched_setattr", (0, whole, 0)))


def test_parts_that_are_out_of_order_stay_so() -> None:
    disordered = Memory(bytes(16), ((8, 8, 1), (0, 8, 2)))
    assert printed(("pipe", (disordered,))) == 'pipe("\\0"*16 @{8:8=put(1), 0:8=put(2)})\n'
