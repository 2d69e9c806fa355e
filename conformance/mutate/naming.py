"""Which calls and operations somebody means who names chapters and calls."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from conformance.run.errors import UsageError
from conformance.syscalls.machinery.table import chapters, grammar


def labels_of(named: Sequence[str], calls: Sequence[str]) -> list[str]:
    """The labels of the calls and operations of these chapters (of all, where none is named), and of these calls
    (of all, likewise). Raises UsageError where there is none."""
    known = set(chapters().values())
    for chapter in named:
        if chapter not in known:
            raise UsageError(
                f"there is no chapter {chapter}{_near(chapter, known)}; there are {', '.join(sorted(known))}"
            )
    names = {label: {label, each.name} for label, each in grammar().items()}
    for call in calls:
        if not any(call in each for each in names.values()):
            raise UsageError(f"--call: there is no system call {call} in the suite's descriptions{_near(call, names)}")
    found = [
        label
        for label, chapter in chapters().items()
        if (not named or chapter in named) and (not calls or names[label].intersection(calls))
    ]
    if not found:
        raise UsageError(f"no call of {', '.join(calls)} is in {', '.join(named)}")
    return found


def _near(word: str, known: Sequence[str] | set[str] | dict[str, set[str]]) -> str:
    near = difflib.get_close_matches(word, list(known), 3)
    return f"; did you mean {' or '.join(near)}?" if near else ""
