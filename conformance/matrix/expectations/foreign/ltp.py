"""LTP's skip files (`kirk --skip-file`, `runltp -S`): a test a line, comments on lines that begin with `#`.

Kirk takes a line as a regular expression over the names of tests (`_get_skip_tests` in libkirk/main.py), and runltp
takes its first word; here it is a case's id, or a glob.
"""

from __future__ import annotations

from collections.abc import Sequence

from conformance.matrix.expectations.foreign.lines import commented, written
from conformance.matrix.expectations.foreign.notes import Item, Unread
from conformance.model import Expectation


def read(text: str) -> tuple[list[Item], list[Unread]]:
    """The tests of a skip file."""
    return [Item(said.split()[0], number, notes) for number, said, notes in commented(text, _parted)], []


def _parted(line: str) -> tuple[str, str]:
    whole = line.lstrip()
    return ("", whole[1:]) if whole.startswith("#") else (whole, "")


def write(entries: Sequence[Expectation]) -> tuple[str, list[Expectation]]:
    """A skip file, and what cannot be written in one: a name with a space in it."""
    return written(entries, str, lambda case: len(case.split()) == 1 and case == case.strip() and case[0] != "#")
