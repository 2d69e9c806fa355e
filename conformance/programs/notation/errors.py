"""What is wrong with a text, where, and what would be right."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches

from conformance.programs.program import ProgramError

MOST_MEANT = 3
ABOUT = 0.04
"""How much less alike a word may be, of 1, to be named beside the most alike one."""


class NotationError(ProgramError):
    """A text is no file of programs: one sentence with its place, what is wrong and what would be right."""

    def __init__(self, file: str, line: int, column: int, message: str) -> None:
        super().__init__(f"{file}:{line}:{column}: {message}")
        self.file = file
        self.line = line
        """From 1."""
        self.column = column
        """From 1, in characters."""
        self.message = message


def meant(word: str, known: Iterable[str]) -> str:
    """`; did you mean …?` where some known words are near, else nothing."""
    words = sorted(set(known))
    near = [each for each in words if each.casefold() == word.casefold()]
    near = near or [each for each in words if len(each) > 1 and sorted(each) == sorted(word)]
    near = near or _nearest(word, get_close_matches(word, words, MOST_MEANT, 0.7))
    return f"; did you mean {' or '.join(near)}?" if near else ""


def _nearest(word: str, near: list[str]) -> list[str]:
    """Those of some words, the nearest first, that are about as near as the first."""
    ratios = [SequenceMatcher(None, each, word).ratio() for each in near]
    return [each for each, ratio in zip(near, ratios, strict=True) if ratio > ratios[0] - ABOUT]
