"""What of a log is no part of a program, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from conformance.text import one_line

MOST_NUMBERS = 6
"""Lines that are named of those left out for one reason."""


class Unsaid(Exception):
    """A call of a log cannot be said as one of a program; why, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Left:
    """A line that was left out."""

    line: int
    """From 1."""
    call: str
    """Its name; empty where the line has none."""
    why: str


def told(left: Iterable[Left]) -> Iterator[str]:
    """A line for each reason, with the lines of the log that it holds for."""
    groups: dict[tuple[str, str], list[int]] = {}
    for each in sorted(left, key=lambda each: each.line):
        groups.setdefault((each.call, each.why), []).append(each.line)
    for (call, why), numbers in groups.items():
        shown = ", ".join(map(str, numbers[:MOST_NUMBERS]))
        more = f" and {len(numbers) - MOST_NUMBERS} more" if len(numbers) > MOST_NUMBERS else ""
        name = f"{call}: " if call else ""
        yield one_line(f"{'line' if len(numbers) == 1 else 'lines'} {shown}{more}: {name}{why}")
