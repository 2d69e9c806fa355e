from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import replace

import pytest

from conformance.matrix.build import build, suspicious
from conformance.model import (
    CaseInfo,
    CaseResult,
    Cell,
    Expectation,
    ExpectationKind,
    Level,
    Matrix,
    Outcome,
    Record,
    Verdict,
)
from tests.builders import CASE, facts, passed, record, result, step

READS_TWO = passed(step("read", 0, None, 4, result=2))
READS_ONE = passed(step("read", 0, None, 4, result=1))


def matrix(*records: Record, expectations: Sequence[Expectation] = ()) -> Matrix:
    """Of records, the first of which is the reference."""
    return build(records, records[0].target.name, expectations)


def cell(name: str, *records: Record) -> Cell:
    """What the matrix of `records` says of the one case on one target."""
    (comparison,) = matrix(*records).comparisons
    return comparison.cells[name]


def against(reference: CaseResult, *target: CaseResult) -> Cell:
    """The cell of a target that did `target`, where the reference did `reference`."""
    return cell("lts", record("native", reference), record("lts", *target))


# One attempt


def test_a_target_that_does_what_the_reference_does_is_the_same() -> None:
    assert against(READS_TWO, READS_TWO) == Cell(Verdict.SAME, reference="native")


def test_a_target_that_passes_in_another_way_differs_and_the_cell_says_where() -> None:
    found = against(READS_TWO, READS_ONE)
    assert (found.verdict, found.level, found.step) == (Verdict.DIFFERS, Level.RESULT, 0)
    assert found.message == "read: returns 1, the reference 2"


@pytest.mark.parametrize(
    ("outcome", "verdict", "level"),
    [
        (Outcome.FAILED, Verdict.FAILS, Level.OUTCOME),
        (Outcome.MISSING, Verdict.MISSING, Level.OUTCOME),
        (Outcome.CRASH, Verdict.CRASH, Level.OUTCOME),
        (Outcome.HANG, Verdict.HANG, Level.OUTCOME),
        (Outcome.SKIPPED, Verdict.SKIPPED, None),
        (Outcome.ERROR, Verdict.ERROR, None),
    ],
)
def test_an_outcome_is_a_verdict(outcome: Outcome, verdict: Verdict, level: Level | None) -> None:
    found = against(READS_TWO, result(outcome, message="first\nlast words\n"))
    assert (found.verdict, found.level, found.message) == (verdict, level, "last words")


def test_a_failure_is_told_by_its_assertion() -> None:
    told = ">       assert x == 2\nE       assert 1 == 2\nE        +  where 1 = f()\n\nfile.py:3: AssertionError"
    assert against(READS_TWO, result(Outcome.FAILED, message=told)).message == "assert 1 == 2"


@pytest.mark.parametrize("outcome", [each for each in Outcome if each is not Outcome.PASSED])
def test_what_does_not_pass_is_never_the_same_even_if_the_reference_does_likewise(outcome: Outcome) -> None:
    both = result(outcome, step("read", 0, None, 4))
    assert against(both, both).verdict is not Verdict.SAME


# Attempts


def test_attempts_that_disagree_are_flaky() -> None:
    found = against(READS_TWO, READS_TWO, READS_ONE, READS_TWO)
    assert (found.verdict, found.attempts) == (Verdict.FLAKY, 3)
    assert found.message == "differs from itself: read: returns 1, or 2"


def test_attempts_that_end_otherwise_are_told_without_the_reference() -> None:
    passed, failed = result(), result(Outcome.FAILED)
    assert against(passed, failed, passed, failed).message == "differs from itself: passed, or failed"


def test_attempts_that_agree_are_believed() -> None:
    found = against(READS_TWO, READS_ONE, READS_ONE, READS_ONE)
    assert (found.verdict, found.attempts) == (Verdict.DIFFERS, 3)


def test_a_difference_from_a_reference_that_disagrees_with_itself_is_flaky() -> None:
    found = cell("lts", record("native", READS_TWO, READS_ONE), record("lts", READS_TWO))
    assert found.verdict is Verdict.FLAKY
    assert found.message.startswith("native differs from itself")


def test_a_reference_that_disagrees_with_itself_is_flaky() -> None:
    assert cell("native", record("native", READS_TWO, READS_ONE)).verdict is Verdict.FLAKY


def test_a_reference_that_passes_only_sometimes_is_no_measure() -> None:
    found = cell("lts", record("native", READS_TWO, result(Outcome.FAILED)), record("lts", READS_ONE))
    assert found == Cell(Verdict.SAME, reference=None)


# The reference


def test_the_reference_is_the_same_as_itself() -> None:
    assert cell("native", record("native", READS_TWO)) == Cell(Verdict.SAME, reference="native")


def test_a_reference_that_does_not_keep_a_promise_is_invalid() -> None:
    found = cell("native", record("native", result(Outcome.FAILED, message="why")))
    assert (found.verdict, found.message) == (Verdict.INVALID, "the reference itself: failed: why")


def test_what_the_reference_lacks_is_missing_there_and_no_difference() -> None:
    found = cell("native", record("native", result(Outcome.MISSING, message="why")))
    assert (found.verdict, found.message, found.level, found.unexpected) == (Verdict.MISSING, "why", None, False)


@pytest.mark.parametrize(("outcome", "verdict"), [(Outcome.SKIPPED, Verdict.SKIPPED), (Outcome.ERROR, Verdict.ERROR)])
def test_a_reference_that_could_not_run_the_case_is_not_blamed(outcome: Outcome, verdict: Verdict) -> None:
    assert cell("native", record("native", result(outcome))).verdict is verdict


@pytest.mark.parametrize("outcome", [each for each in Outcome if each not in (Outcome.PASSED, Outcome.MISSING)])
def test_the_control_stands_in_for_a_reference_that_does_not_pass(outcome: Outcome) -> None:
    records = [
        record("native", result(outcome)),
        record("gvisor", READS_TWO),
        record("lts", READS_ONE),
        record("wsl2", READS_ONE, control="lts"),
    ]
    assert cell("wsl2", *records) == Cell(Verdict.SAME, reference="lts")


def test_without_a_control_the_next_target_that_passes_stands_in() -> None:
    records = [
        record("native", result(Outcome.FAILED)),
        record("wsl1", result(Outcome.MISSING)),
        record("gvisor", READS_TWO),
        record("lts", READS_ONE),
    ]
    found = cell("lts", *records)
    assert (found.verdict, found.reference) == (Verdict.DIFFERS, "gvisor")


def test_where_nobody_else_passes_the_cases_own_assertions_decide_and_the_cell_says_so() -> None:
    alone = cell("lts", record("native", result(Outcome.SKIPPED)), record("lts", READS_TWO))
    assert alone == Cell(Verdict.SAME, reference=None)
    failing = cell("lts", record("native", result(Outcome.FAILED)), record("lts", result(Outcome.FAILED)))
    assert (failing.verdict, failing.reference) == (Verdict.FAILS, None)


def test_a_reference_that_never_started_does_not_make_the_others_invalid() -> None:
    records = [record("native", failed="there is no kernel"), record("lts", READS_TWO), record("wsl2", READS_TWO)]
    (comparison,) = matrix(*records).comparisons
    assert comparison.cells["native"].verdict is Verdict.ERROR
    assert comparison.cells["lts"] == Cell(Verdict.SAME, reference="wsl2")


def test_no_kernel_is_held_against_an_imitation() -> None:
    records = [
        record("native", result(Outcome.FAILED)),
        record("gvisor", READS_TWO, runner="gvisor"),
        record("lts", READS_ONE, runner="qemu"),
    ]
    assert cell("lts", *records) == Cell(Verdict.SAME, reference=None)
    assert cell("gvisor", *records).reference == "lts"


# What the reference lacks

LACKED = result(Outcome.MISSING, step("madvise", 0, 4096, 102, result=-1, errno=errno.EINVAL), message="guard pages")
"""What a kernel says that is too old."""
UNKNOWN_CALL = result(Outcome.MISSING, step("mseal", 0, 4096, 0, result=-1, errno=errno.ENOSYS), message="mseal(2)")


def kernels(old: CaseResult, *new: CaseResult, title: str = "") -> list[Record]:
    """Debian's 6.1 as the reference, 6.12 and, if there is one more, 6.18."""
    cases = [CaseInfo(CASE, old.hash, title)]
    releases = ("6.1.0-56-amd64", "6.12.43-amd64", "6.18.15-amd64")
    names = ("k61", "k612", "k618")
    return [
        record(name, each, runner="qemu", release=release, cases=cases)
        for name, release, each in zip(names, releases, (old, *new), strict=False)
    ]


@pytest.mark.parametrize(
    ("lacked", "title", "message"),
    [
        (LACKED, "", "there, and k61 lacks it: guard pages"),
        (
            LACKED,
            "MADV_GUARD_INSTALL (Linux 6.12): no mapping.",
            "there, and k61 lacks it (since Linux 6.12): guard pages",
        ),
        (UNKNOWN_CALL, "", "there, and k61 lacks it (since Linux 6.10): mseal(2)"),
        (LACKED, "fsopen and others (Linux 5.2).", "there, and k61 lacks it: guard pages"),
    ],
)
def test_what_only_the_newer_kernel_has_is_new_and_the_release_is_named_that_explains_it(
    lacked: CaseResult, title: str, message: str
) -> None:
    records = kernels(lacked, READS_TWO, title=title)
    found = cell("k612", *records)
    assert (found.verdict, found.message, found.level, found.unexpected) == (Verdict.NEW, message, None, False)
    assert cell("k61", *records).verdict is Verdict.MISSING


@pytest.mark.parametrize("error", [errno.ENOSYS, errno.ENOPROTOOPT, errno.EOPNOTSUPP, errno.ENOTTY])
def test_what_the_reference_fails_in_since_the_call_is_not_there_is_new_elsewhere(error: int) -> None:
    def fails(errno_of: int) -> CaseResult:
        return result(Outcome.FAILED, step("read", 0, None, 4, result=-1, errno=errno_of), message="E   assert 0")

    assert cell("k612", *kernels(fails(error), READS_TWO)).verdict is Verdict.NEW
    assert cell("k612", *kernels(fails(errno.EIO), READS_TWO)).verdict is Verdict.SAME


def test_two_that_lack_the_same_do_not_differ_though_another_has_it() -> None:
    found = cell("k612", *kernels(LACKED, LACKED, READS_TWO))
    assert (found.verdict, found.level, found.unexpected) == (Verdict.MISSING, None, False)
    assert found.message == "as on k61: guard pages"
    assert cell("k618", *kernels(LACKED, LACKED, READS_TWO)).verdict is Verdict.NEW


def test_two_that_are_refused_the_same_in_other_words_do_not_differ() -> None:
    other_errno = result(Outcome.MISSING, replace(LACKED.steps[0], errno=errno.EOPNOTSUPP), message="other words")
    assert not cell("k612", *kernels(LACKED, other_errno, READS_TWO)).unexpected


def test_two_that_name_the_same_feature_do_not_differ_though_they_came_to_it_by_other_calls() -> None:
    came_to_it = [
        result(Outcome.MISSING, *each.steps, *LACKED.steps, message="guard pages") for each in (READS_ONE, READS_TWO)
    ]
    assert not cell("k612", *kernels(*came_to_it)).unexpected


def test_one_that_does_not_come_as_far_as_the_reference_lacks_more() -> None:
    further = result(Outcome.MISSING, READS_TWO.steps[0], LACKED.steps[0], message="guard pages")
    refused = step("read", 0, None, 4, result=-1, errno=errno.ENOSYS)
    found = cell("k612", *kernels(further, result(Outcome.MISSING, refused, message="read")))
    assert (found.verdict, found.level, found.unexpected) == (Verdict.MISSING, Level.OUTCOME, True)


def test_two_that_break_a_promise_alike_do_not_differ_though_another_keeps_it() -> None:
    broken = result(Outcome.FAILED, *READS_ONE.steps)
    found = cell("k612", *kernels(broken, broken, READS_TWO))
    assert (found.verdict, found.level, found.message.startswith("as on k61")) == (Verdict.FAILS, None, True)


def test_of_two_that_have_what_the_reference_lacks_the_second_is_held_against_the_first() -> None:
    records = kernels(LACKED, READS_TWO, READS_ONE)
    assert cell("k612", *records).verdict is Verdict.NEW
    found = cell("k618", *records)
    assert (found.verdict, found.reference) == (Verdict.DIFFERS, "k612")


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.CRASH, Outcome.HANG])
def test_what_is_new_and_does_not_work_is_no_gain(outcome: Outcome) -> None:
    assert cell("k612", *kernels(LACKED, result(outcome))).unexpected


def test_what_is_new_is_seen_again_on_both_sides() -> None:
    found = matrix(*kernels(LACKED, READS_TWO))
    assert suspicious(found) == {"k61": [CASE], "k612": [CASE]}


# Deaths

CRASHED, HUNG = result(Outcome.CRASH, message="signal 11"), result(Outcome.HANG, message="20 s")


@pytest.mark.parametrize(
    ("attempts", "verdict", "message"),
    [
        ((CRASHED, READS_TWO, READS_TWO), Verdict.CRASH, "in 1 of 3 attempts (2 passed): signal 11"),
        ((READS_TWO, READS_TWO, HUNG), Verdict.HANG, "in 1 of 3 attempts (2 passed): 20 s"),
        ((CRASHED, HUNG, HUNG), Verdict.CRASH, "in 1 of 3 attempts (2 hang): signal 11"),
        ((HUNG, result(Outcome.FAILED)), Verdict.HANG, "in 1 of 2 attempts (1 failed): 20 s"),
        ((CRASHED, result(Outcome.ERROR)), Verdict.CRASH, "in 1 of 2 attempts (1 error): signal 11"),
        ((CRASHED, result(Outcome.SKIPPED)), Verdict.CRASH, "in 1 of 2 attempts (1 skipped): signal 11"),
    ],
)
def test_a_death_in_any_attempt_is_what_the_cell_says_and_unexpected(
    attempts: tuple[CaseResult, ...], verdict: Verdict, message: str
) -> None:
    found = against(READS_TWO, *attempts)
    assert (found.verdict, found.message, found.steady, found.unexpected) == (verdict, message, False, True)
    alone = cell("native", record("native", *attempts))
    assert (alone.verdict, alone.steady, alone.unexpected) == (verdict, False, True)


@pytest.mark.parametrize("outcome", [Outcome.CRASH, Outcome.HANG])
def test_a_death_that_the_reference_dies_as_well_is_unexpected_on_both(outcome: Outcome) -> None:
    both = result(outcome, message="why")
    (comparison,) = matrix(record("native", both), record("lts", both)).comparisons
    assert all(each.unexpected and each.steady and each.message == "why" for each in comparison.cells.values())


def test_deaths_after_other_calls_are_alike() -> None:
    later = result(Outcome.CRASH, *READS_TWO.steps, message="signal 11")
    found = against(READS_TWO, CRASHED, later, CRASHED)
    assert (found.verdict, found.steady, found.message) == (Verdict.CRASH, True, "signal 11")


def test_the_trace_of_a_death_is_kept_rather_than_the_last_one() -> None:
    (comparison,) = matrix(record("native", result(Outcome.CRASH, *READS_ONE.steps), READS_TWO, READS_TWO)).comparisons
    assert comparison.traces["native"].calls == ["read(0, NULL, 4) = 1"]


def test_a_death_is_looked_at_again_unless_it_is_expected() -> None:
    records = [record("native", READS_TWO), record("lts", CRASHED)]
    assert suspicious(matrix(*records))["lts"] == [CASE]
    known = [Expectation(CASE, "lts", Verdict.CRASH, "known")]
    assert suspicious(matrix(*records, expectations=known)) == {}
    assert suspicious(matrix(record("native", CRASHED)))["native"] == [CASE]


# What the harness lost


@pytest.mark.parametrize("earlier", [READS_TWO, result(Outcome.FAILED), result(Outcome.MISSING)])
def test_an_attempt_that_the_harness_lost_is_an_error_until_a_later_one_makes_it_good(earlier: CaseResult) -> None:
    lost = result(Outcome.ERROR, message="the channel broke")
    found = against(READS_TWO, earlier, lost)
    assert (found.verdict, found.message) == (Verdict.ERROR, "the channel broke")
    mended = against(READS_TWO, lost, READS_TWO)
    assert (mended.verdict, mended.attempts) == (Verdict.SAME, 1)


def test_a_cell_knows_how_long_its_last_attempt_took() -> None:
    assert against(READS_TWO, replace(READS_TWO, seconds=2.0), replace(READS_TWO, seconds=0.25)).seconds == 0.25


# What was not run


def test_a_case_that_was_not_run_is_an_error_that_says_why() -> None:
    found = cell("lts", record("native", READS_TWO), record("lts", failed="its kernel is no image"))
    assert (found.verdict, found.message, found.attempts) == (Verdict.ERROR, "not run: its kernel is no image", 0)


def test_a_case_that_a_run_did_not_get_to_is_an_error_that_says_so() -> None:
    cases = [CaseInfo(CASE, "0123456789abcdef")]
    found = cell("lts", record("native", READS_TWO), record("lts", cases=cases))
    assert (found.verdict, found.message) == (Verdict.ERROR, "not run: the run ended before this case")


def test_a_failed_target_is_a_column_that_says_why() -> None:
    _, column = matrix(record("native", READS_TWO), record("lts", failed="no image")).columns
    assert (column.target.name, column.failed, column.complete) == ("lts", "no image", False)


# The matrix as a whole


def test_a_target_compared_with_itself_is_all_the_same() -> None:
    results = [result(case=f"a/test_b.py::test_{n}", observations={"n": n}) for n in range(5)]
    found = matrix(record("native", *results), record("lts", *results))
    assert {each.verdict for _, _, each in found.cells()} == {Verdict.SAME}
    assert len(found.cells()) == 10


def test_rows_are_all_cases_that_any_target_knows_by_name() -> None:
    one, two, three = (result(case=f"a/test_{name}.py::test") for name in "bca")
    found = matrix(record("native", one, two), record("lts", three, one))
    assert [comparison.case for comparison in found.comparisons] == [
        "a/test_a.py::test",
        "a/test_b.py::test",
        "a/test_c.py::test",
    ]
    assert (found.comparisons[0].area, found.comparisons[0].module, found.comparisons[0].name) == (
        "a",
        "a/test_a.py",
        "test",
    )


def test_a_column_has_the_label_that_its_guest_gives() -> None:
    records = [record("native", READS_TWO), record("wsl2", READS_TWO, facts_of=facts(label="wsl2 (config)"))]
    assert [column.label for column in matrix(*records).columns] == ["native", "wsl2 (config)"]


def test_a_row_keeps_the_last_trace_of_every_target_that_has_one() -> None:
    (comparison,) = matrix(record("native", READS_TWO, READS_ONE), record("lts", failed="no image")).comparisons
    assert {name: trace.calls for name, trace in comparison.traces.items()} == {"native": ["read(0, NULL, 4) = 1"]}


def test_the_matrix_of_nothing_is_empty() -> None:
    assert build([], "native") == Matrix("", "native", [], [])


@pytest.mark.parametrize(
    ("moved", "warning"),
    [
        ({"suite": "0.0.9"}, "lts and native differ in suite (0.0.9, 0.1.0) as well"),
        ({"scratch": "ext4"}, "lts and native differ in scratch (ext4, tmpfs) as well"),
        ({"uid": 1000}, "lts and native differ in uid (1000, 0) as well"),
        ({"machine": "aarch64"}, "lts and native differ in machine (aarch64, x86_64) as well"),
        ({"isolation": ["mnt", "pid"]}, "lts has no fresh ipc, net, uts namespace for its cases"),
    ],
)
def test_an_axis_that_moved_beside_the_target_is_a_warning(moved: dict[str, object], warning: str) -> None:
    found = matrix(record("native", READS_TWO), record("lts", READS_TWO, facts_of=facts(**moved)))  # type: ignore[arg-type] # any field
    assert found.warnings == [warning]


def test_other_definitions_of_cases_are_a_warning() -> None:
    other = record("lts", READS_TWO, cases=[CaseInfo(CASE, "f" * 16)])
    assert matrix(record("native", READS_TWO), other).warnings == ["lts ran other definitions of 1 case than native"]


def test_equal_surroundings_are_no_warning() -> None:
    assert matrix(record("native", READS_TWO), record("lts", READS_TWO, release="5.10.0")).warnings == []


# What to run again


def test_a_difference_is_to_be_seen_again_on_both_sides() -> None:
    found = matrix(record("native", READS_TWO), record("lts", READS_ONE))
    assert suspicious(found) == {"native": [CASE], "lts": [CASE]}


def test_what_was_seen_three_times_is_not_run_again() -> None:
    found = matrix(record("native", READS_TWO, READS_TWO), record("lts", READS_ONE, READS_ONE, READS_ONE))
    assert suspicious(found) == {"native": [CASE]}


@pytest.mark.parametrize("last", [READS_TWO, result(Outcome.SKIPPED)])
def test_what_is_the_same_or_skipped_is_not_run_again(last: CaseResult) -> None:
    assert suspicious(matrix(record("native", READS_TWO), record("lts", last))) == {}


def test_what_never_ran_is_not_run_again() -> None:
    assert suspicious(matrix(record("native", READS_TWO), record("lts", failed="no image"))) == {}


def test_a_difference_that_is_expected_is_not_run_again() -> None:
    known = [Expectation(CASE, "lts", Verdict.DIFFERS, "known")]
    found = matrix(record("native", READS_TWO), record("lts", READS_ONE), expectations=known)
    assert suspicious(found) == {}


def test_an_expectation_that_is_not_met_is_looked_at_again() -> None:
    known = [Expectation(CASE, "lts", Verdict.MISSING, "known")]
    found = matrix(record("native", READS_TWO), record("lts", READS_ONE), expectations=known)
    assert suspicious(found) == {"native": [CASE], "lts": [CASE]}


def test_a_gain_is_looked_at_again() -> None:
    known = [Expectation(CASE, "lts", Verdict.MISSING, "known")]
    found = matrix(record("native", READS_TWO), record("lts", READS_TWO), expectations=known)
    assert suspicious(found) == {"native": [CASE], "lts": [CASE]}


FAILED = result(Outcome.FAILED, message="call 1, read: 0, and Linux promises 2")
"""What a reference says that does not keep its promise."""
KNOWN_TO_FAIL = Expectation(CASE, "lts", Verdict.FAILS, "known")
BASELINE = Expectation(CASE, "lts", Verdict.FAILS, message=FAILED.message, kind=ExpectationKind.BASELINE)


@pytest.mark.parametrize(
    ("known", "again"),
    [
        (KNOWN_TO_FAIL, False),
        (BASELINE, False),
        (replace(BASELINE, message=f"call 0, read: 3; {FAILED.message}"), False),  # of a glob over two cases
        (replace(BASELINE, message="call 1, read: 0"), True),
        (replace(BASELINE, message=""), True),
        (replace(KNOWN_TO_FAIL, verdict=Verdict.MISSING), True),
        (replace(KNOWN_TO_FAIL, verdict=Verdict.DIFFERS), True),
        (replace(KNOWN_TO_FAIL, target="wsl1"), True),
        (replace(KNOWN_TO_FAIL, when="kernel >= 6.6"), True),
        (replace(KNOWN_TO_FAIL, expires="2020-01-01"), True),
    ],
)
def test_a_reference_that_fails_is_looked_at_again_unless_it_is_known_to_fail_so(
    known: Expectation, again: bool
) -> None:
    found = build([record("lts", FAILED)], "lts", [known])
    (comparison,) = found.comparisons
    assert (comparison.cells["lts"].verdict, comparison.cells["lts"].expected) == (Verdict.INVALID, None)
    assert suspicious(found, [known]) == ({"lts": [CASE]} if again else {})


def test_another_target_is_looked_at_again_though_the_reference_is_known_to_fail() -> None:
    crashed = result(Outcome.CRASH)
    found = build([record("lts", FAILED), record("wsl2", crashed)], "lts", [KNOWN_TO_FAIL])
    assert suspicious(found, [KNOWN_TO_FAIL]) == {"wsl2": [CASE]}


@pytest.mark.parametrize(
    ("verdict", "refuted"), [(Verdict.DIFFERS, False), (Verdict.FAILS, True), (Verdict.CRASH, True)]
)
def test_that_it_differs_cannot_be_refuted_where_a_target_is_the_reference(verdict: Verdict, refuted: bool) -> None:
    known = Expectation(CASE, "lts", verdict, "known")
    found = build([record("lts", READS_TWO)], "lts", [known])
    assert found.comparisons[0].cells["lts"].outdated is refuted
    assert suspicious(found, [known]) == ({"lts": [CASE]} if refuted else {})


def test_cases_are_run_again_in_the_order_of_the_matrix() -> None:
    ours = [result(Outcome.FAILED, case=f"a/test_b.py::test_{n}") for n in (3, 1, 2)]
    found = matrix(record("native", *ours))
    assert suspicious(found) == {"native": [f"a/test_b.py::test_{n}" for n in (1, 2, 3)]}


def test_what_the_reference_says_as_well_is_no_difference_though_not_the_same() -> None:
    """Where nobody passes: a machine against itself must stay green, and the cell must not."""
    missing = result(Outcome.MISSING, message="overlayfs")
    (comparison,) = build([record("native", missing), record("again", missing)], "native").comparisons
    assert (comparison.cells["native"].verdict, comparison.cells["again"].verdict) == (Verdict.MISSING, Verdict.MISSING)
    assert not comparison.cells["again"].unexpected
    (comparison,) = build([record("native", missing), record("again", result(Outcome.FAILED))], "native").comparisons
    assert comparison.cells["again"].unexpected


def test_without_traces_the_matrix_says_the_same() -> None:
    records = [record("native", READS_TWO), record("lts", READS_ONE)]
    whole = build(records, "native")
    assert build(records, "native", traces=False).comparisons == [
        replace(comparison, traces={}) for comparison in whole.comparisons
    ]
