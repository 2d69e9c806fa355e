"""The suite's lines: what a guest's suite says as it goes, what it is asked for, and what a record file consists of.

A line is a JSON object and a newline, in UTF-8. The suite says `collecting` for every module and, when it has them all,
`facts` and `plan`; then it is asked for cases, again and again, and says `start` and `result` for each of them, and
`end`. `trouble` may come at any time. A record has the same lines behind a `header`, without those that only say what
is being done.

A guest writes lines with the standard library (`as_line`); the host reads them by type (`conformance.run.records`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, is_dataclass
from typing import Any, Literal, TypeAlias, get_args

from conformance.model import SCHEMA, CaseInfo, CaseResult, Facts, Target

LONGEST_LINE = 16 << 20
"""Bytes. A guest that says more in one line is broken or hostile."""


@dataclass(frozen=True, slots=True)
class Header:
    """First line of a record file; the host writes it. No guest does."""

    target: Target
    run: str
    schema: int = SCHEMA
    kind: Literal["header"] = "header"


@dataclass(frozen=True, slots=True)
class FactsLine:
    """A guest has started and says what it is."""

    facts: Facts
    kind: Literal["facts"] = "facts"


@dataclass(frozen=True, slots=True)
class Plan:
    """The cases that were found."""

    cases: list[CaseInfo]
    kind: Literal["plan"] = "plan"


@dataclass(frozen=True, slots=True)
class Collecting:
    """A guest is about to import a module of cases. In no record: it names the one that ends or stops the guest."""

    module: str
    """Below the folder of cases, as in `Trouble.lost`."""
    kind: Literal["collecting"] = "collecting"


@dataclass(frozen=True, slots=True)
class Start:
    """A case begins."""

    case: str
    kind: Literal["start"] = "start"


@dataclass(frozen=True, slots=True)
class ResultLine:
    """A case has ended."""

    result: CaseResult
    kind: Literal["result"] = "result"


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is the harness's or the target's and no case's: it could not start, a line was malformed …"""

    message: str
    fatal: bool = False
    lost: str = ""
    """The module of cases that could not be collected, below the folder of cases: what is in it was not run."""
    kind: Literal["trouble"] = "trouble"


@dataclass(frozen=True, slots=True)
class End:
    """Everything that was asked for has been run."""

    kind: Literal["end"] = "end"


Line: TypeAlias = Header | FactsLine | Collecting | Plan | Start | ResultLine | Trouble | End
"""One line of a record file, or of what a guest's suite says."""
KINDS = {str(each.__dataclass_fields__["kind"].default): each for each in get_args(Line)}
"""The types of lines, by what they say of themselves."""


# -- what the suite in a guest says


def json_line(value: object) -> bytes:
    """A JSON value as a line that every reader takes: a lone surrogate, which is no character, becomes `?`.

    Raises ValueError for a number that is none (NaN), TypeError for what is not JSON.
    """
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace") + b"\n"


def as_line(line: Line) -> bytes:
    """A line, by the standard library alone."""
    return json_line(_plain(line))


def _plain(value: Any) -> Any:
    """A dataclass as a dict, and those in its lists too. What else it has is not copied, as `asdict` would."""
    if is_dataclass(value):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    return [_plain(each) for each in value] if isinstance(value, list) and value and is_dataclass(value[0]) else value


# -- what it is asked for


def request(cases: Sequence[str], *, fresh: bool = True) -> bytes:
    """To run cases, in order; an `end` answers it.

    `fresh`: this is no part of what was requested last, and what was found out for that is not to be relied on.
    """
    return json.dumps({"run": list(cases), "fresh": fresh}).encode() + b"\n"


def requested(line: bytes) -> tuple[list[str], bool]:
    """The cases of a request, which comes from the host, and whether it is fresh."""
    said = json.loads(line)
    return said["run"], said["fresh"]
