"""The formats by name, and what of a foreign list is an expectation here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from conformance.matrix.expectations.entries import SEARCHED, matches
from conformance.matrix.expectations.files import ExpectationError, TargetFile, dump, parse
from conformance.matrix.expectations.foreign import gtest, ltp, qa_reports
from conformance.matrix.expectations.foreign.notes import ForeignError, Item, Unread, expectation
from conformance.matrix.expectations.single import is_single, parse_single
from conformance.model import Expectation, Verdict


class Format(StrEnum):
    """Who keeps such lists."""

    LTP = "ltp"
    GTEST = "gtest"
    QA_REPORTS = "qa-reports"
    TOML = "toml"


SUFFIXES = {
    ".toml": Format.TOML,
    ".yaml": Format.QA_REPORTS,
    ".yml": Format.QA_REPORTS,
    ".filter": Format.GTEST,
    ".skip": Format.LTP,
    ".skipfile": Format.LTP,
}
"""What a file's name says of its format."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of a foreign list."""

    target: str
    environment: str
    """What the list calls the target, where it has names for such."""
    verdict: Verdict
    """Of tests of which the list says none."""
    day: str


def read(
    form: Format, text: str, name: str, wanted: Wanted, functions: Collection[str]
) -> tuple[list[Expectation], list[Unread]]:
    """The expectations of a list, and what of it is none. Raises ExpectationError, with `name` and the line.

    `functions`: the test functions that there are, `netlink/test_audit.py::test_status`; what is none of them, and no
    glob over them, is told.
    """
    if form is Format.TOML:
        return _ours(text, name, wanted.target), []
    try:
        items, unread = _items(form, text, wanted.environment)
        strangers = [each for each in items if not is_case(each.name, functions)]
        known = [each for each in items if is_case(each.name, functions)]
        found = [expectation(each, wanted.target, wanted.verdict, wanted.day, name) for each in known]
    except ForeignError as error:
        raise ExpectationError(f"{name}:{error.line}: {error}") from error
    unread += [Unread(each.line, each.name, "there is no such case here") for each in strangers]
    return found, sorted(unread, key=lambda each: each.line)


def _items(form: Format, text: str, environment: str) -> tuple[list[Item], list[Unread]]:
    if form is Format.QA_REPORTS:
        return qa_reports.read(text, environment)
    return ltp.read(text) if form is Format.LTP else gtest.read(text)


def _ours(text: str, name: str, target: str) -> list[Expectation]:
    files = parse_single(text, name) if is_single(text) else [parse(text, target, name)]
    return [each for file in files if not target or file.target == target for each in file.entries]


def is_case(name: str, functions: Collection[str]) -> bool:
    """Whether a name is that of a case, or a glob over some. Parameters are not looked at."""
    pattern = name.partition("[")[0]
    return name.startswith(SEARCHED) or pattern in functions or any(matches(pattern, each) for each in functions)


def write(form: Format, file: TargetFile) -> tuple[str, list[Expectation]]:
    """What is expected of a target, as others keep it, and the entries that cannot be written so."""
    entries: Sequence[Expectation] = sorted(file.entries, key=lambda each: (each.case, each.kind, each.when))
    match form:
        case Format.TOML:
            return dump(file, named=True), []
        case Format.LTP:
            return ltp.write(entries)
        case Format.GTEST:
            return gtest.write(entries)
        case Format.QA_REPORTS:
            return qa_reports.write(entries)
