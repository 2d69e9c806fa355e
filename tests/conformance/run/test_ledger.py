from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.model import CaseInfo, CaseResult, Outcome, Target
from conformance.protocol.lines import Header, Trouble
from conformance.run import records
from conformance.run.ledger import DEATHS, IDLE_DEATHS, GivenUp, Ledger, Stage
from conformance.run.session import Died
from tests.builders import facts

CASES = [f"a/test_b.py::test_{number}" for number in range(30)]
INFOS = [CaseInfo(case, "hash") for case in CASES]
DEATH = Died(Outcome.CRASH, "gone", None)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lts.jsonl"


@pytest.fixture
def ledger(path: Path) -> Iterator[Ledger]:
    with Ledger("lts", path) as opened:
        opened.write(Header(Target("lts", "fake"), "run"))
        yield opened


def test_a_result_is_written_and_counted(ledger: Ledger, path: Path) -> None:
    ledger.begins(CASES[0])
    ledger.result(CaseResult(CASES[0], "", Outcome.FAILED))
    assert [each.outcome for each in records.read(path).results[CASES[0]]] == [Outcome.FAILED]
    assert (ledger.attempts(CASES[0]), ledger.attempts(CASES[1])) == (1, 0)
    progress = ledger.progress
    assert (progress.done, progress.outcomes, progress.running) == (1, {Outcome.FAILED: 1}, "")


def test_what_is_left_of_a_pass_is_known_while_it_is_made(ledger: Ledger) -> None:
    ledger.pass_begins({CASES[0]: 3.0, CASES[1]: 1.0})
    progress = ledger.progress
    assert progress.left(time.monotonic()) is None
    ledger.result(CaseResult(CASES[1], "", Outcome.PASSED))
    assert progress.left(time.monotonic()) is None
    progress.stage = Stage.RUNNING
    assert progress.left(time.monotonic()) is not None


def test_what_an_earlier_record_has_are_attempts_too(ledger: Ledger, path: Path) -> None:
    ledger.result(CaseResult(CASES[0], "", Outcome.PASSED))
    assert Ledger("lts", path, records.read(path)).attempts(CASES[0]) == 1


def test_a_plan_is_written_once_and_again_when_another_guest_has_another(ledger: Ledger, path: Path) -> None:
    for _ in range(3):
        ledger.plan(facts(), INFOS, [])
    assert path.read_text().count('"kind":"plan"') == 1
    ledger.plan(facts(), INFOS[1:], [Trouble("it is lost", lost="a/test_c.py")])
    found = records.read(path)
    assert (found.cases, found.lost) == (INFOS[1:], ["a/test_c.py"])


def test_lines_of_many_threads_are_whole_and_counted(ledger: Ledger, path: Path) -> None:
    def write(name: str) -> None:
        for at in range(200):
            ledger.result(CaseResult(f"a/test_b.py::test_{name}_{at}", "", Outcome.PASSED, "x" * at))

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    found = records.read(path)
    assert (len(found.results), found.troubles, ledger.progress.done) == (800, [], 800)


def test_a_death_is_the_result_of_its_case_by_the_hash_of_the_plan(ledger: Ledger, path: Path) -> None:
    ledger.plan(facts(), INFOS, [])
    ledger.death(DEATH, CASES[0], first=True)
    (result,) = records.read(path).results[CASES[0]]
    assert (result.outcome, result.message, result.hash) == (Outcome.CRASH, "gone", "hash")
    assert ledger.progress.told == [f"crash in {CASES[0]}: gone; it goes on in a fresh guest"]


def test_too_many_deaths_in_the_first_pass_are_the_end(ledger: Ledger) -> None:
    for case in CASES[: DEATHS - 1]:
        ledger.death(DEATH, case, first=True)
    ledger.death(DEATH, CASES[-2], first=False)
    with pytest.raises(GivenUp, match=f"{DEATHS} guests died, the last in {CASES[-1]}: gone"):
        ledger.death(DEATH, CASES[-1], first=True)


def test_too_many_deaths_in_a_row_without_a_case_are_the_end(ledger: Ledger, path: Path) -> None:
    for _ in range(IDLE_DEATHS - 1):
        ledger.death(DEATH, None, first=True)
    ledger.death(DEATH, CASES[0], first=True)
    for _ in range(IDLE_DEATHS - 1):
        ledger.death(DEATH, None, first=True)
    with pytest.raises(GivenUp, match="the guest dies before it runs a case: gone"):
        ledger.death(DEATH, None, first=True)
    assert records.read(path).troubles == ["gone"]


def test_deaths_that_nobody_explains_are_said_once_and_together(ledger: Ledger, path: Path) -> None:
    ledger.tell_unexplained()
    ledger.unexplained(1)
    ledger.unexplained(2)
    for _ in range(2):
        ledger.tell_unexplained()
    said = ["3 executors died of programs, and not again of the same ones"]
    assert (ledger.progress.told, records.read(path).troubles) == (said, said)
