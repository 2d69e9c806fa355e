"""Bytes as texts: long ones in pieces that fit on a line, what is repeated said once."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.programs.notation.layout import Doc
from conformance.programs.notation.tokens import text_spelled

LONGEST = 72
"""Bytes of one piece, and characters as far as escapes allow."""
REPEATED = 16
"""Bytes from which on it is worth saying how often they are repeated."""
PERIODS = range(1, 9)
"""Lengths of what may be repeated, in bytes."""


def is_text(data: bytes) -> bool:
    """Whether bytes are letters, with at most zeros at the end."""
    told = data.rstrip(b"\0")
    return bool(told) and all(32 <= each < 127 or each in b"\n\t" for each in told)


def text_doc(data: bytes) -> tuple[Doc, ...]:
    """Pieces that are such bytes, one after the other."""
    return tuple(_pieces(data)) or ('""',)


def _pieces(data: bytes) -> Iterator[str]:
    at, start = 0, 0
    while at < len(data):
        period, times = _repeated(data, at)
        if not times:
            at += 1
            continue
        yield from _chunks(data[start:at])
        yield f"{text_spelled(data[at : at + period])}*{times}"
        at += period * times
        start = at
    yield from _chunks(data[start:])


def _repeated(data: bytes, at: int) -> tuple[int, int]:
    """How many bytes are repeated from here on, and how often; 0 times where it is not worth telling."""
    for period in PERIODS:
        piece = data[at : at + period]
        if data[at + period : at + 2 * period] != piece or len(piece) < period:
            continue
        end = at + 2 * period
        while data[end : end + period] == piece:
            end += period
        if end - at >= REPEATED:
            return period, (end - at) // period
    return 0, 0


def _chunks(data: bytes) -> Iterator[str]:
    """Texts of a length that fits."""
    start, length = 0, 0
    for at, each in enumerate(data):
        cost = 1 if 32 <= each < 127 and each not in b'"\\' else 4
        if length + cost > LONGEST:
            yield text_spelled(data[start:at])
            start, length = at, 0
        length += cost
    if start < len(data):
        yield text_spelled(data[start:])
