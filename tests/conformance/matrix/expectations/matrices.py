"""Matrices of a few cases, which pass on `native` and not on `wsl1`."""

from __future__ import annotations

import datetime
import re
from dataclasses import replace

from conformance.matrix.build import build
from conformance.model import CaseResult, Cell, Expectation, Matrix, Outcome, Verdict
from tests.builders import CASE, facts, record, result

FAILS = result(Outcome.FAILED, message="E   assert 1 == 2")
MISSING = result(Outcome.MISSING, message="overlayfs")
KNOWN = Expectation(CASE, "wsl1", Verdict.MISSING, "there is no overlayfs")
TODAY = datetime.date.today()
YESTERDAY, TOMORROW = (str(TODAY + datetime.timedelta(days)) for days in (-1, 1))


def matrix(
    *expectations: Expectation,
    said: CaseResult = MISSING,
    release: str = "6.1.0",
    versions: dict[str, str] | None = None,
) -> Matrix:
    """One case that passes on `native`, on `wsl1` says `said`, and for which something is expected."""
    guest = facts(release, versions=versions or {})
    records = [record("native", replace(said, outcome=Outcome.PASSED)), record("wsl1", said, facts_of=guest)]
    return build(records, "native", expectations)


def cell(found: Matrix) -> Cell:
    """Of the one case on `wsl1`."""
    return found.comparisons[0].cells["wsl1"]


def several(*, versions: dict[str, str] | None = None, **said: CaseResult) -> Matrix:
    """Cases by their names (`b__c_1` is the module b's case c with the parameter 1) that pass on `native`."""
    cases = {"a/test_" + name.replace("__", ".py::test_", 1): each for name, each in said.items()}
    named = {f"{case[:-2]}[{case[-1]}]" if re.search(r"_\d$", case) else case: each for case, each in cases.items()}
    mine = [replace(each, case=case) for case, each in named.items()]
    guest = facts(versions=versions or {})
    return build(
        [
            record("native", *[replace(each, outcome=Outcome.PASSED) for each in mine]),
            record("wsl1", *mine, facts_of=guest),
        ],
        "native",
    )
