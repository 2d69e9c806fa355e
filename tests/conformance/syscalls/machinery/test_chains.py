from __future__ import annotations

from collections.abc import Iterator

import pytest

from conformance.syscalls.machinery.buffers import POISON, U16, Struct
from conformance.syscalls.machinery.chains import Chain, members_of, struct_behind, text_of
from conformance.syscalls.machinery.kinds import Names, Piece


class Head(Struct):
    """How long a record is, and what it is."""

    length: U16
    kind: U16


class Pair(Struct):
    """What records of the first kind hold."""

    one: U16
    other: U16


class Records(Chain):
    """Records of which those of the first kind hold pairs."""

    def __init__(self) -> None:
        super().__init__(Head, Pair)

    def pieces(self, data: bytes) -> Iterator[Piece]:
        at = 0
        while True:
            yield Piece(at, 4, Head, depth=0)
            if at + 4 > len(data):
                return
            head = Head.parse(data, at)
            if head.kind == 1:
                yield Piece(at + 4, 4, Pair)
            else:
                yield Piece(at + 4, head.length - 4, filler=head.kind == 2)
            at += head.length

    def title(self, head: Struct) -> str:
        return {1: "PAIR", 2: "PADDING"}.get(head.kind, "OTHER")


def record(kind: int, data: bytes) -> bytes:
    return (4 + len(data)).to_bytes(2, "little") + kind.to_bytes(2, "little") + data


PAIR = record(1, b"\5\0\7\0")


def normal(data: bytes) -> object:
    return Records().normal(data.decode("latin-1"), Names())


def test_a_record_is_compared_by_its_members_under_its_title_and_so_is_the_order() -> None:
    assert normal(PAIR + record(3, b"abc")) == {
        "order": ["PAIR", "OTHER"],
        "PAIR": "there",
        "OTHER": "there",
        "PAIR.length": 8,
        "PAIR.kind": 1,
        "PAIR.one": 5,
        "PAIR.other": 7,
        "OTHER.length": 7,
        "OTHER.kind": 3,
        "OTHER.data": "abc",
    }


@pytest.mark.parametrize(
    "other",
    [
        record(3, b"abc") + PAIR,
        PAIR,
        PAIR + record(3, b"abd"),
        PAIR + record(4, b"abc"),
        PAIR + record(3, b"abcd"),
        record(1, b"\5\0\6\0") + record(3, b"abc"),
        PAIR + PAIR + record(3, b"abc"),
        b"",
    ],
)
def test_what_has_another_order_kind_length_or_content_or_lacks_one_differs(other: bytes) -> None:
    assert normal(other) != normal(PAIR + record(3, b"abc"))


def test_a_record_that_is_there_twice_is_compared_twice() -> None:
    twice = normal(PAIR + record(1, b"\1\0\1\0"))
    assert isinstance(twice, dict)
    assert (twice["PAIR.one"], twice["PAIR#2.one"]) == (5, 1)


def test_padding_is_not_compared_but_how_long_it_is() -> None:
    assert normal(record(2, b"abc")) == normal(record(2, b"xyz"))
    assert normal(record(2, b"abc")) != normal(record(2, b"ab"))


def test_what_is_known_up_to_the_last_byte_that_was_written_is_filled_up() -> None:
    whole = record(1, b"\5\0" + bytes([POISON]) * 2)
    assert normal(whole) == normal(whole[:6])


def test_nothing_is_nothing_and_an_address_is_one() -> None:
    assert normal(b"") == {"order": []}
    assert Records().normal(None, Names()) is None


def test_records_are_shown_one_after_the_other() -> None:
    assert Records().show((PAIR + record(3, b"abc")).decode("latin-1")) == (
        "[{length=8, kind=1}, {one=5, other=7}, {length=7, kind=3}, b'abc']"
    )
    assert Records().show(None) == "NULL"


@pytest.mark.parametrize(
    ("before", "struct"), [(b"", Head), (PAIR[:4], Pair), (PAIR, Head), (PAIR[:3], None), (record(3, b"a")[:4], None)]
)
def test_what_is_there_tells_which_struct_stands_behind_it(before: bytes, struct: type[Struct] | None) -> None:
    assert struct_behind(Records(), before) is struct


def test_a_text_has_its_size_and_is_shown_without_its_end() -> None:
    assert text_of(3).size() == 3
    assert text_of(3) is text_of(3)
    assert members_of(b"lo\0", text_of(3)) == {"text": "lo"}
