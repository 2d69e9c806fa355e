"""A sample in other orders than the usual one, and case by case: what a case says hangs on no other."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from conformance.matrix.build import build
from conformance.model import CaseResult, Record
from conformance.protocol.lines import ResultLine
from conformance.run.conduct import USUAL
from conformance.run.hands import start
from conformance.run.selection import Selection
from conformance.run.session import Session
from tests.integration.targets import runner, target
from tests.integration.twice import is_all_the_same

AREAS = ("ipc", "namespaces", "processes", "signals", "terminals")
"""Whose cases reach for what others may have left: numbers, namespaces, dispositions, children, terminals."""
SAMPLE = 60
ALONE = 4


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with start(runner("native"), Selection(AREAS), USUAL, {}) as opened:
        yield opened


def results(session: Session, cases: list[str]) -> dict[str, CaseResult]:
    """What these say, one after the other."""
    return {line.result.case: line.result for line in session.run(cases) if isinstance(line, ResultLine)}


def record(session: Session, name: str, found: dict[str, CaseResult]) -> Record:
    """As that of a target."""
    cases = [info for info in session.cases if info.id in found]
    return Record(
        replace(target("native"), name=name),
        "run",
        session.facts,
        cases,
        {case: [each] for case, each in found.items()},
        complete=True,
    )


def test_records_in_any_order_and_one_by_one_say_the_same(session: Session) -> None:
    chance = random.Random(7)
    sample = chance.sample(sorted(info.id for info in session.cases), SAMPLE)
    usual = sorted(sample)
    one = record(session, "usual", results(session, usual))
    assert set(one.results) == set(sample)
    for at in range(3):
        chance.shuffle(sample)
        found = results(session, sample)
        assert list(found) == sample != usual
        is_all_the_same(build([one, record(session, f"order {at}", found)], "usual"))
    alone: dict[str, CaseResult] = {}
    for case in sample[:ALONE]:
        with start(runner("native"), Selection((case,)), USUAL, {}) as opened:
            alone |= results(opened, [case])
    assert list(alone) == sample[:ALONE]
    fewer = replace(
        one,
        cases=[info for info in one.cases if info.id in alone],
        results={case: one.results[case] for case in alone},
    )
    is_all_the_same(build([fewer, record(session, "alone", alone)], "usual"))
