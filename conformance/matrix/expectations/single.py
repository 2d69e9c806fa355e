"""The one file that all targets shared before each had its own: read for one more release, and never written."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import Any

import msgspec

from conformance.matrix.expectations.entries import RAW, check
from conformance.matrix.expectations.files import ExpectationError, TargetFile
from conformance.model import Cause, Expectation, ExpectationKind, Verdict


class _Old(msgspec.Struct, forbid_unknown_fields=True):
    """A table of that file."""

    case: str
    target: str
    verdict: Verdict
    reason: str
    link: str = ""
    condition: str = ""
    cause: Cause | None = None
    since: str = ""
    expires: str = ""


def is_single(text: str) -> bool:
    """Whether a text is of that kind."""
    return "[[expectation]]" in text


def parse_single(text: str, name: str) -> list[TargetFile]:
    """What it says, by target. A reason that is what a case said is a baseline's message.

    Raises ExpectationError, which begins with `name`.
    """
    try:
        tables: Any = tomllib.loads(text)
        for key in tables.keys() - {"expectation"}:
            raise ValueError(f"{key} is not known here; a table is called [[expectation]]")
        found = [_read(each) for each in msgspec.convert(tables["expectation"], list[_Old])]
    except (ValueError, RecursionError) as error:
        raise ExpectationError(f"{name}: {error}") from error
    for number, each in enumerate(found, 1):
        try:
            check(each)
        except ValueError as error:
            raise ExpectationError(f"{name}: expectation {number}: {error}") from error
    by_target: dict[str, list[Expectation]] = {}
    for each in found:
        by_target.setdefault(each.target, []).append(each)
    return [TargetFile(target, tuple(entries)) for target, entries in sorted(by_target.items())]


def _read(old: _Old) -> Expectation:
    each = Expectation(
        *(old.case, old.target, old.verdict, old.reason, old.link, old.condition, old.cause, old.since, old.expires)
    )
    return (
        replace(each, kind=ExpectationKind.BASELINE, reason="", message=old.reason) if RAW.search(old.reason) else each
    )
