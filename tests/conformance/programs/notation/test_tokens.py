from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.programs.notation.errors import NotationError
from conformance.programs.notation.tokens import NUMBER, TEXT, number_of, text_of, text_spelled, tokens_of


@given(st.binary(max_size=60))
def test_any_bytes_have_a_spelling_on_one_line(data: bytes) -> None:
    said = text_spelled(data)
    tokens = tokens_of(said, "x")
    assert said.isascii()
    assert "\n" not in said
    assert tokens.tokens[0].kind == TEXT
    assert text_of(tokens.tokens[0], tokens) == data


@given(st.text(max_size=80))
def test_any_text_is_tokens_or_refused_with_a_place(text: str) -> None:
    try:
        end = tokens_of(text, "x").tokens[-1].at
    except NotationError as error:
        end = len(text) if error.line >= 1 and error.column >= 1 else -1
    assert end == len(text)


@pytest.mark.parametrize(
    ("said", "value"),
    [("0", 0), ("0644", 0o644), ("00", 0), ("0xFf", 255), ("-12", -12), ("18446744073709551615", (1 << 64) - 1)],
)
def test_numbers_are_those_of_c(said: str, value: int) -> None:
    tokens = tokens_of(said, "x")
    assert tokens.tokens[0].kind == NUMBER
    assert number_of(tokens.tokens[0], tokens) == value


@pytest.mark.parametrize(
    "said", ["08", "1_000", "0x", "12ab", "18446744073709551616", "-9223372036854775809", "1" * 99]
)
def test_what_begins_like_a_number_and_is_none_is_refused(said: str) -> None:
    with pytest.raises(NotationError, match=r"is no number|more than 64 bits"):
        tokens_of(said, "x")


def test_a_token_knows_its_line_and_its_column() -> None:
    found = tokens_of('a: # b\n\n  "c" d', "x")
    assert [(each.said, each.line, each.column, each.first) for each in found.tokens] == [
        ("a", 1, 1, True),
        (":", 1, 2, False),
        ('"c"', 3, 3, True),
        ("d", 3, 7, False),
        ("", 3, 8, False),
    ]
    assert [(each.said, each.line) for each in found.comments] == [("# b", 1)]


def test_a_zero_byte_before_a_digit_does_not_swallow_it() -> None:
    assert text_spelled(b"\0001") == '"\\x001"'
