from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.programs.notation.layout import flat
from conformance.programs.notation.parse import parse_program
from conformance.programs.notation.texts import LONGEST, is_text, text_doc
from conformance.programs.program import Memory

RUNS = st.lists(st.tuples(st.binary(min_size=1, max_size=9), st.integers(1, 40)), max_size=6)


def said(data: bytes) -> str:
    """Bytes as a text has them."""
    return " ".join(map(flat, text_doc(data)))


@given(RUNS)
def test_any_bytes_are_said_in_pieces(runs: list[tuple[bytes, int]]) -> None:
    data = b"".join(piece * times for piece, times in runs)
    assert parse_program(f"pipe({said(data)})").steps[0].args == (Memory(data),)
    assert all(len(flat(piece)) <= LONGEST + 12 for piece in text_doc(data))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", '""'),
        (bytes(16), '"\\0"*16'),
        (bytes(15), '"' + "\\0" * 15 + '"'),
        (b"a" + b"xy" * 20 + b"b", '"a" "xy"*20 "b"'),
        (b"a" * 15, '"' + "a" * 15 + '"'),
        (b"abcdefgh" * 2, '"abcdefgh"*2'),
    ],
)
def test_what_is_repeated_is_said_once_where_that_is_shorter(data: bytes, text: str) -> None:
    assert said(data) == text


@pytest.mark.parametrize(
    ("data", "text"),
    [(b"abc", True), (b"abc\0\0", True), (b"a\0b", False), (b"", False), (b"\0", False), (b"\xff", False)],
)
def test_letters_with_zeros_at_the_end_are_text(data: bytes, text: bool) -> None:
    assert is_text(data) is text
