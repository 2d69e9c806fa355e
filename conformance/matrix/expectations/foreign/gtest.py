"""Filters of googletest: `--gtest_filter=-Suite.Test:Other.*`, or a file with a pattern a line and `#` comments.

A pattern after `-` names tests that are not run. The others choose what is run, which expects nothing of it. Patterns
have `*` and `?`. See docs/advanced.md of google/googletest, "Running a Subset of the Tests", and
testing/buildbot/filters/README.md of Chromium. In a filter, `:` parts patterns; `::` in a case's id does not, nor does
anything in its brackets.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from conformance.matrix.expectations.foreign.lines import commented, written
from conformance.matrix.expectations.foreign.notes import Item, Unread
from conformance.model import Expectation

_FLAG = re.compile(r"""(?:--)?gtest_filter=["']?(.*?)["']?""", re.IGNORECASE)
_PATTERN = re.compile(r"(?:::|\[[^\]]*\]?|[^:])+")
_BEFORE_MINUS = re.compile(r"(?:\[[^\]]*\]?|[^-\[])*")
CHOOSES = "it chooses what is run, which expects nothing of it; what is known to fail stands after a minus"


def read(text: str) -> tuple[list[Item], list[Unread]]:
    """The tests that a filter leaves out, and its other patterns."""
    items: list[Item] = []
    unread: list[Unread] = []
    for number, said, notes in commented(text, _parted):
        flag = _FLAG.fullmatch(said)
        chosen, left_out = _patterns(flag[1] if flag else said)
        items += [Item(name, number, notes) for name in left_out]
        unread += [Unread(number, name, CHOOSES) for name in chosen]
    return items, unread


def _parted(line: str) -> tuple[str, str]:
    said, _, note = line.partition("#")
    return said, note


def _patterns(text: str) -> tuple[list[str], list[str]]:
    """The patterns of a filter before its minus, and those after it."""
    found = _BEFORE_MINUS.match(text)
    before = found[0] if found else ""
    return _PATTERN.findall(before), [each.strip() for each in _PATTERN.findall(text[len(before) + 1 :])]


def write(entries: Sequence[Expectation]) -> tuple[str, list[Expectation]]:
    """A filter file, and what cannot be written in one: a name in which `#`, `-` or `:` would mean something."""
    return written(entries, lambda case: f"-{case}", _fits)


def _fits(case: str) -> bool:
    return "#" not in case and len(case.split()) == 1 and _patterns(f"-{case}") == ([], [case])
