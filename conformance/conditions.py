"""Conditions on versions: `kernel >= 6.6`, `runsc == 20240729`, several with `and`."""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

KERNEL = "kernel"
"""The name of the release in a condition. All other names are the runner's (`Facts.versions`)."""
OPERATORS = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}
_TERM = re.compile(r"\s*([a-z][a-z0-9_]*)\s*(>=|<=|==|!=|>|<)\s*(\d+(?:\.\d+)*)\s*")
VERSION = re.compile(r"\d+(?:\.\d+)*")
"""What of a release is its version."""


@dataclass(frozen=True, slots=True)
class _Term:
    """One comparison of a condition."""

    name: str
    compare: str
    wanted: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.name} {self.compare} {'.'.join(map(str, self.wanted))}"

    def holds(self, version: str) -> bool:
        found = VERSION.match(version)
        if not found:
            return False
        given = (*map(int, found[0].split(".")), *[0] * len(self.wanted))[: len(self.wanted)]
        return bool(OPERATORS[self.compare](given, self.wanted))


def holds(condition: str, versions: Mapping[str, str]) -> bool:
    """Whether a condition such as `kernel >= 6.6 and runsc == 20240729` holds. An empty one always does.

    Versions are compared number by number (6.10 is newer than 6.9), and only as many as the condition gives: 6.6.87 is
    == 6.6, and 6.6 is == 6.6.0. A comparison does not hold for a name that the target does not have, nor for a version
    that is none. Raises ValueError when malformed.
    """
    return all(term.name in versions and term.holds(versions[term.name]) for term in _terms(condition))


def tidied(condition: str) -> str:
    """The same condition with one space where there may be any number. Raises ValueError when malformed."""
    return " and ".join(map(str, _terms(condition)))


@cache
def _terms(condition: str) -> tuple[_Term, ...]:
    """Raises ValueError."""
    return tuple(map(_term, condition.split(" and "))) if condition.strip() else ()


def _term(text: str) -> _Term:
    found = _TERM.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is not a condition such as `kernel >= 6.6` or `runsc == 20240729`")
    return _Term(found[1], found[2], tuple(map(int, found[3].split("."))))
