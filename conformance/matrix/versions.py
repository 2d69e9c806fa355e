"""Kernel releases as versions, and the conditions of expectations on them."""

from __future__ import annotations

import operator
import re

OPERATORS = {
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}
_CONDITION = re.compile(r"\s*kernel\s*(>=|<=|==|!=|>|<)\s*(\d+(?:\.\d+)*)\s*")


def series(release: str) -> tuple[int, ...]:
    """`(6, 1)` of `6.1.0-56-cloud-amd64`; empty when it does not begin with a version."""
    found = re.match(r"(\d+)\.(\d+)", release)
    return (int(found[1]), int(found[2])) if found else ()


def holds(condition: str, release: str) -> bool:
    """Whether a condition such as `kernel >= 6.6` holds for a release. An empty one always does.

    Only as many numbers are compared as the condition gives: 6.6.87 is == 6.6, and 6.6 is == 6.6.0. None holds for a
    release that is not known. Raises ValueError when malformed.
    """
    if not condition.strip():
        return True
    told = [_holds(part, release) for part in condition.split(" and ")]  # all: a malformed one is always told
    return all(told)


def _holds(condition: str, release: str) -> bool:
    found = _CONDITION.fullmatch(condition)
    if not found:
        raise ValueError(f"{condition!r} is not a condition such as `kernel >= 6.6`")
    wanted = tuple(map(int, found[2].split(".")))
    version = re.match(r"\d+(?:\.\d+)*", release)
    if not version:
        return False
    given = (*map(int, version[0].split(".")), *[0] * len(wanted))[: len(wanted)]
    return bool(OPERATORS[found[1]](given, wanted))
