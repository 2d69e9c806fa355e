from __future__ import annotations

import pytest

from conformance.programs.notation.errors import NotationError
from conformance.programs.notation.tokens import tokens_of
from conformance.programs.notation.tree import Block, Items, Members, Numeral, Put, Result, Room, SizeOfMemory, Text
from conformance.programs.notation.values import Cursor


def cursor(text: str) -> Cursor:
    """A reader at the beginning of a text."""
    return Cursor(tokens_of(text, "x"))


@pytest.mark.parametrize(
    ("text", "of"),
    [
        ("5", Numeral),
        ("O_RDWR|0x8", Numeral),
        ("r0", Result),
        ("size", SizeOfMemory),
        ("size.fds[0]", Result),
        ("put(5)", Put),
        ("room(5)", Room),
        ("edge room", Room),
        ('"a"', Block),
        ("u8[1]", Block),
        ("{}", Block),
    ],
)
def test_a_value_is_told_by_how_it_begins(text: str, of: type) -> None:
    reader = cursor(text)
    assert isinstance(reader.value(), of)
    assert reader.now.said == ""


def test_memory_is_pieces_and_what_is_put_into_them() -> None:
    found = cursor('edge "a"*2 [1] {b=2} u16[3] "c"... @{0:2=r0, 4:8="d" @{0:1=put(1)}}').value()
    assert isinstance(found, Block)
    assert [type(piece) for piece in found.pieces] == [Text, Items, Members, Items, Text]
    assert [(each.offset, each.width) for each in found.patches] == [(0, 2), (4, 8)]
    assert found.edge
    assert found.pieces[0] == Text(found.pieces[0].at, b"aa")
    assert found.pieces[-1] == Text(found.pieces[-1].at, b"c", open=True)


def test_a_name_may_have_more_added_to_it() -> None:
    found = cursor("ARENA+0x10|1").value()
    assert isinstance(found, Numeral)
    assert [(term.name, term.number) for term in found.terms] == [("ARENA", 16), ("", 1)]


@pytest.mark.parametrize(
    ("text", "column", "what"),
    [
        ("", 1, "was expected, not the end"),
        (")", 1, "was expected, not )"),
        ("edge 5", 6, "a text, `room(64)`, `{…}` or `[…]` was expected, not 5"),
        ("room(x)", 6, "a size in bytes was expected, a number, not x"),
        ("room(-1)", 6, "a size in bytes is a number from 0 to 32768, not -1"),
        ("u8", 3, "`[` was expected behind `u8`, not the end"),
        ("[1 2]", 4, "`,` was expected or `]` behind a value, not 2"),
        ("{a 1}", 4, "`=` was expected behind a member's name, not 1"),
        ("{1}", 2, "a member such as `name=5` was expected, not 1"),
        ("r0.1", 4, "an argument's or a member's name was expected, not 1"),
        ("r0.a[@1]", 8, "`:` was expected and a width behind an offset, not ]"),
        ("r0.a[1:3]", 8, "a width is 1, 2, 4 or 8 bytes, not 3"),
        ("O_RDWR|", 8, "a number or a constant was expected, not the end"),
        ("put 5", 5, "`(` was expected behind `put`, not 5"),
        ('"a" @0', 6, "`{` was expected behind `@`, as in `@{8:4=r0}`, not 0"),
    ],
)
def test_what_is_no_value_says_what_was_expected(text: str, column: int, what: str) -> None:
    with pytest.raises(NotationError) as caught:
        cursor(text).value()
    assert caught.value.column == column
    assert what in caught.value.message
