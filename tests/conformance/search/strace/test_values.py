"""Arguments as strace writes them."""

from __future__ import annotations

import pytest

from conformance.programs.notation.tree import Numeral
from conformance.search.strace.left import Unsaid
from conformance.search.strace.values import Said, SaidRow, SaidStruct, SaidText, arguments, number_at, number_in


def one(text: str) -> Said:
    """The only argument."""
    (value,) = arguments(text).values
    return value


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("5", 5),
        ("-1", -1),
        ("0666", 0o666),
        ("8192*1024", 8192 * 1024),
        ("htons(80)", 80),
        ('inet_addr("127.0.0.1")', 0x7F000001),
        ("makedev(0x8, 0x1)", 0x801),
        ("3</etc>", 3),
        ("0x20 /* ??? */", 0x20),
        ("RLIM64_INFINITY", (1 << 64) - 1),
        ("SIGRT_2", 34),
        ("~[]", (1 << 64) - 1),
    ],
)
def test_numbers_are_read_in_all_their_forms(text: str, number: int) -> None:
    assert number_in(one(text)) == number


def test_names_and_bits_stand_beside_each_other() -> None:
    value = one("O_RDWR|O_CREAT|0x8")
    assert isinstance(value, Numeral)
    assert [(each.name, each.number) for each in value.terms] == [("O_RDWR", 0), ("O_CREAT", 0), ("", 8)]


def test_of_several_names_of_a_number_the_one_that_is_known_is_taken() -> None:
    for text in ("FICLONE or BTRFS_IOC_CLONE", "BTRFS_IOC_CLONE or FICLONE"):
        value = one(text)
        assert isinstance(value, Numeral)
        assert value.terms[0].name == "FICLONE"


@pytest.mark.parametrize(
    ("text", "data", "cut"),
    [
        (r'"\x2f\x65"', b"/e", False),
        (r'"\x61"...', b"a", True),
        (r'@"\x61"', b"\0a", False),
        ('"/* no comment */"', b"/* no comment */", False),
    ],
)
def test_texts_are_bytes(text: str, data: bytes, cut: bool) -> None:
    value = one(text)
    assert isinstance(value, SaidText)
    assert (value.data, value.cut) == (data, cut)


def test_rows_have_numbers_signals_and_what_was_there_before_the_call() -> None:
    for text, numbers in (("[3, 4]", [3, 4]), ("[128 => 2]", [128]), ("[INT RT_1]", [1 << 1 | 1 << 32]), ("[]", [])):
        value = one(text)
        assert isinstance(value, SaidRow)
        assert [number_in(each) for each in value.items] == numbers
    assert number_at((one("[3, 4]"),), 0, 4, 4) == 4
    assert number_at((one("[3, 4]"),), 0, 8, 4) is None


def test_structs_have_members_and_may_be_cut() -> None:
    value = one('{sin6_port=htons(1), inet_pton(AF_INET6, "::1", &sin6_addr), x={y=[{z=1}]}, ...}')
    assert isinstance(value, SaidStruct)
    assert value.cut
    assert [name.said for name, _ in value.items] == ["sin6_port", "sin6_addr", "x"]
    address = value.items[1][1]
    assert isinstance(address, SaidText)
    assert address.data == bytes(15) + b"\1"


def test_the_status_of_a_child_is_passed_over() -> None:
    assert len(arguments("-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL").values) == 4


@pytest.mark.parametrize(
    "text",
    [
        '"\\177"',
        "f(1)",
        'inet_addr("1.2.3")',
        '{inet_pton(AF_INET6, "::x", &sin6_addr)}',
        "[3 4]",
        "{1=2}",
        "[1",
        "{a=1",
        "=",
        "1 2",
        "~[WHAT]",
        "@1",
        "[" * 100,
        "5*X",
        "0x1ffffffffffffffff",
    ],
)
def test_what_cannot_be_read_is_said_in_a_sentence(text: str) -> None:
    with pytest.raises(Unsaid, match=r"its arguments cannot be read: ."):
        arguments(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [("[1, " * 1000 + "1|" * 1500, "more than 2000 parts"), ('3, "a\\"b"', "strace -xx")],
)
def test_what_is_too_much_or_no_hexadecimal_is_not_read(text: str, words: str) -> None:
    with pytest.raises(Unsaid, match=words):
        arguments(text)
