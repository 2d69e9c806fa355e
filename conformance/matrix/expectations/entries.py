"""One expectation: what it may say, and which cells it speaks of."""

from __future__ import annotations

import datetime
import fnmatch
import re
from collections.abc import Mapping
from dataclasses import fields
from unicodedata import category

from conformance.conditions import holds
from conformance.model import Expectation, ExpectationKind

SEARCHED = "fuzz/"
"""How the case of an expectation begins that is about a divergence of generated programs, and so of no row."""
UNWRITTEN = ("Cc", "Cs")
"""Categories of characters that are not kept: control characters, and halves of surrogates, which no encoding has."""
RAW = re.compile(r"\{message\}|\bAssertionError\b|\[Errno \d+\]|^E   |^assert |, and Linux says |wrote other data")
"""How a text looks that a case or the suite said, and no human."""


def check(each: Expectation) -> None:
    """Refuse an expectation that says nothing, or nothing that could be held against a cell. Raises ValueError.

    The error begins with the name of the key that is wrong.
    """
    for field in fields(Expectation):
        value = str(getattr(each, field.name) or "")
        if not value.isprintable() and (odd := _unwritten(value)):
            raise ValueError(f"{field.name}: there is a character in it that cannot be shown, U+{ord(odd):04X}")
    if not each.case.strip():
        raise ValueError("case: it is empty; it is a case's id, or a glob such as netlink/test_audit.py::*")
    if not is_name(each.target):
        raise ValueError(f"target: {each.target!r} is no target's name; a glob is none either, each target has its own")
    _check_kind(each)
    try:
        holds(each.when, {})
    except ValueError as error:
        raise ValueError(f"when: {error}") from error
    try:
        day_of(each.expires)
    except ValueError as error:
        raise ValueError(f"expires: {error}") from error


def is_name(target: str) -> bool:
    """Whether a text can be a target's name."""
    return re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", target) is not None


def _check_kind(each: Expectation) -> None:
    """What is explained has a human's reason, a baseline has none. Raises ValueError."""
    if each.kind is ExpectationKind.BASELINE:
        if each.reason:
            raise ValueError(
                "reason: a baseline has none, since nobody has looked at it; call what was seen `message`, or make it "
                "[[explained]]"
            )
        return
    if each.message:
        raise ValueError(
            "message: what a run showed belongs to a [[baseline]]; an [[explained]] one says why: `reason`"
        )
    if not each.reason.strip():
        raise ValueError("reason: it is empty; say why it is so, or make it a [[baseline]]")
    if found := RAW.search(each.reason):
        raise ValueError(
            f"reason: {found[0]!r} is what a case said and not why it is so; say why, or make it a [[baseline]] with "
            "that as its `message`"
        )


def _unwritten(value: str) -> str | None:
    """The first character that no file may have."""
    return next((char for char in value if char not in "\n\t" and category(char) in UNWRITTEN), None)


def plain(message: str) -> str:
    """What a guest said, as far as a file of expectations takes it."""
    return "".join("\ufffd" if category(each) in UNWRITTEN else each for each in message)


def day_of(expires: str) -> datetime.date | None:
    """The day from which an expectation does not hold any more, if there is one. Raises ValueError."""
    try:
        return datetime.date.fromisoformat(expires) if expires else None
    except ValueError as error:
        raise ValueError(f"{expires!r} is no date such as 2030-12-31") from error


def expired(each: Expectation) -> bool:
    """Whether its day has come."""
    day = day_of(each.expires)
    return day is not None and datetime.date.today() >= day


def is_glob(pattern: str) -> bool:
    """Whether a pattern may stand for several cases. Brackets hold a case's parameters, and mean nothing else."""
    return "*" in pattern or "?" in pattern


def matches(pattern: str, case: str) -> bool:
    """Whether a case's id is a pattern, or is one of those that a glob stands for."""
    if not is_glob(pattern):
        return case == pattern  # most are no globs, and to compile one takes longer than to compare a whole matrix
    return fnmatch.fnmatchcase(case, pattern.replace("[", "[[]"))


def speaks_of(each: Expectation, target: str, versions: Mapping[str, str], case: str) -> bool:
    """Whether an expectation speaks of a case on a target that has these versions, today."""
    return matches(each.case, case) and concerns(each, target, versions)


def concerns(each: Expectation, target: str, versions: Mapping[str, str]) -> bool:
    """Whether an expectation speaks of a target that has these versions, today. Where not, it is inert there."""
    return each.target == target and not expired(each) and holds(each.when, versions)


def precedence(each: Expectation) -> tuple[bool, int, bool]:
    """What counts first of several expectations that speak of a cell: the narrowest, then what a human explains."""
    return is_glob(each.case), -len(each.case), each.kind is ExpectationKind.BASELINE
