from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.matrix.expectations.accepting import accept
from conformance.matrix.expectations.applying import apply, outdated, unexpected
from conformance.matrix.expectations.files import TargetFile, dump, parse
from conformance.matrix.expectations.moving import Move, move
from conformance.model import CaseResult, Expectation, ExpectationKind, Matrix, Outcome, Verdict
from tests.builders import passed, result
from tests.conformance.matrix.expectations.matrices import FAILS, MISSING, several

OLD, NEW = {"runsc": "20240729"}, {"runsc": "20250101"}
CASE = "a/test_b.py::test_c"


def taken(versions: dict[str, str] = OLD, **said: CaseResult) -> tuple[Matrix, TargetFile]:
    """A run of an older version, and the file with its baseline."""
    found = several(versions=versions, **said)
    like = Expectation("*", "wsl1", Verdict.DIFFERS, since="2026-01-01", kind=ExpectationKind.BASELINE)
    file = TargetFile("wsl1", tuple(accept(found, [], lambda *_: True, like)))
    return found, file.sharing(ExpectationKind.BASELINE, when="runsc == 20240729", since="2026-01-01")


def counts(done: Move) -> tuple[int, int, int, int]:
    """As before, dropped, new, aside."""
    return done.kept, done.dropped, done.new, done.aside


def says(file: TargetFile) -> list[tuple[str, str, str]]:
    """The baseline of a file as it is written: case, verdict, condition."""
    read = parse(dump(file), file.target, "wsl1.toml")
    return [(each.case, each.verdict, each.when) for each in read.of(ExpectationKind.BASELINE)]


def test_a_new_version_makes_the_baseline_inert_and_one_move_takes_the_new_one() -> None:
    """What the issue asks for: the baseline of an older version is no lie about a newer one."""
    older, file = taken(b__c=MISSING, b__d=FAILS, e__f=passed())
    assert unexpected(apply(older, file.entries)) == []
    newer = several(versions=NEW, b__c=MISSING, b__d=passed(), e__f=FAILS)
    held = apply(newer, file.entries)
    assert [comparison.case for _, comparison, _ in unexpected(held)] == [CASE, "a/test_e.py::test_f"]
    assert outdated(held) == []  # that test_d passes now is no news: nothing was said of this version
    done = move(newer, file, "2026-02-02")
    assert unexpected(apply(newer, done.file.entries)) == []
    assert (counts(done), done.when) == ((1, 1, 1, 0), "runsc == 20250101")
    assert says(done.file) == [
        (CASE, "missing", "runsc == 20250101"),
        ("a/test_e.py::*", "fails", "runsc == 20250101"),
    ]


def test_the_condition_stands_once_on_top() -> None:
    _, file = taken(b__c=MISSING, b__d=FAILS)
    done = move(several(versions=NEW, b__c=MISSING, b__d=FAILS), file, "2026-02-02")
    assert dump(done.file) == dump(file).replace("20240729", "20250101")


def test_what_a_newer_version_does_as_the_older_one_did_is_known_since_then() -> None:
    _, file = taken(b__c=MISSING, b__d=FAILS)
    other = result(Outcome.FAILED, message="E   assert 3 == 4")
    done = move(several(versions=NEW, b__c=MISSING, b__d=other), file, "2026-02-02")
    assert [each.since for each in done.file.of(ExpectationKind.BASELINE)] == ["2026-01-01", "2026-02-02"]
    assert counts(done) == (1, 1, 1, 0)


def test_what_a_run_of_the_same_version_refutes_is_dropped_and_taken_anew() -> None:
    _, file = taken(b__c=MISSING, b__d=FAILS, e__f=MISSING)
    same = several(versions=OLD, b__c=passed(), b__d=MISSING, e__f=MISSING)
    done = move(same, file, "2026-02-02")
    assert says(done.file) == [
        ("a/test_b.py::test_d", "missing", "runsc == 20240729"),
        ("a/test_e.py::*", "missing", "runsc == 20240729"),
    ]
    assert unexpected(apply(same, done.file.entries)) == []


def test_what_is_explained_stays() -> None:
    _, file = taken(b__c=MISSING, b__d=FAILS)
    known = Expectation(CASE, "wsl1", Verdict.MISSING, "it has no overlayfs", when="runsc < 20260101")
    file = replace(file, entries=[known, *file.entries])
    done = move(several(versions=NEW, b__c=MISSING, b__d=FAILS), file, "2026-02-02")
    assert done.file.of(ExpectationKind.EXPLAINED) == [known]
    assert [each.case for each in done.file.of(ExpectationKind.BASELINE)] == ["a/test_b.py::test_d"]


def test_what_does_otherwise_than_is_explained_is_told_and_no_baseline_hides_it() -> None:
    _, file = taken(b__d=FAILS)
    known = Expectation(CASE, "wsl1", Verdict.MISSING, "it has no overlayfs")
    newer = several(versions=NEW, b__c=FAILS, b__d=FAILS)
    done = move(newer, replace(file, entries=[known, *file.entries]), "2026-02-02")
    assert done.explained_otherwise == [CASE]
    assert [comparison.case for _, comparison, _ in unexpected(apply(newer, done.file.entries))] == [CASE]


def test_of_what_a_run_does_not_have_the_baseline_stays_with_its_version() -> None:
    _, file = taken(b__c=MISSING, b__d=FAILS, e__f=MISSING)
    newer = several(versions=NEW, b__c=MISSING, b__d=passed())
    done = move(newer, file, "2026-02-02", lambda module: module == "a/test_b.py")
    assert counts(done) == (1, 1, 0, 1)
    assert says(done.file) == [
        (CASE, "missing", "runsc == 20250101"),
        ("a/test_e.py::*", "missing", "runsc == 20240729"),
    ]
    again = move(several(versions=NEW, e__f=FAILS), done.file, "2026-03-03", lambda module: module == "a/test_e.py")
    assert says(again.file)[1:] == [("a/test_e.py::*", "fails", "runsc == 20250101")]
    assert counts(again) == (1, 1, 1, 0)


def test_a_glob_over_more_than_a_run_has_stays() -> None:
    _, file = taken(b__c=MISSING, b__d=MISSING)
    done = move(several(versions=NEW, b__c=MISSING), file, "2026-02-02", lambda _module: False)
    assert ("a/test_b.py::*", "missing", "runsc == 20240729") in says(done.file)


def test_a_glob_of_this_version_that_a_case_refutes_stays_unless_the_run_has_all_of_it() -> None:
    _, file = taken(b__c=MISSING, b__d=MISSING)
    same = several(versions=OLD, b__c=FAILS)
    done = move(same, file, "2026-02-02", lambda _module: False)
    assert says(done.file) == [
        ("a/test_b.py::*", "missing", "runsc == 20240729"),
        (CASE, "fails", "runsc == 20240729"),
    ]
    assert unexpected(apply(same, done.file.entries)) == []


def test_a_case_that_is_gone_is_dropped_when_all_was_run() -> None:
    _, file = taken(b__c=MISSING, b__d=FAILS)
    done = move(several(versions=NEW, b__d=FAILS), file, "2026-02-02")
    assert counts(done) == (0, 2, 1, 0)  # what is left is the whole module


@pytest.mark.parametrize("outcome", [Outcome.ERROR, Outcome.SKIPPED])
def test_a_case_that_says_nothing_leaves_its_baseline_as_it_was(outcome: Outcome) -> None:
    _, file = taken(b__c=MISSING, b__d=passed())
    done = move(several(versions=NEW, b__c=result(outcome), b__d=passed()), file, "2026-02-02")
    assert says(done.file) == [(CASE, "missing", "runsc == 20240729")]


def test_a_target_of_which_nothing_is_known_gets_its_first_baseline() -> None:
    newer = several(versions=NEW, b__c=MISSING)
    done = move(newer, TargetFile("wsl1"), "2026-02-02")
    assert says(done.file) == [("a/test_b.py::*", "missing", "runsc == 20250101")]
    assert unexpected(apply(newer, done.file.entries)) == []


def test_a_target_of_which_all_is_explained_gets_no_baseline() -> None:
    known = Expectation(CASE, "wsl1", Verdict.MISSING, "it has no overlayfs")
    file = TargetFile("wsl1", (known,))
    assert move(several(versions=NEW, b__c=MISSING), file, "2026-02-02").file == file
