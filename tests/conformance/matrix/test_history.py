from __future__ import annotations

import errno
from dataclasses import replace

import pytest

from conformance.matrix.build import build
from conformance.matrix.history import Change, Diff, Side, TargetPairs, compare, moved_axes, pairs_of
from conformance.model import CaseInfo, CaseResult, Cause, Expectation, ExpectationKind, Outcome, Record, Verdict
from tests.builders import CASE, facts, passed, record, result, step

READS = passed(step("read", 0, None, 4, result=4))
READS_LESS = passed(step("read", 0, None, 4, result=1))
READS_OTHER = passed(step("read", 0, None, 4, result=4, outs={"1": "a"}))
REFUSED = passed(step("read", 0, None, 4, result=-1, errno=errno.EPERM))
FAILS = result(Outcome.FAILED, step("read", 0, None, 4, result=1), message="E   assert 1 == 4")
LACKS = result(Outcome.MISSING, step("read", 0, None, 4, result=-1, errno=errno.EINVAL), message="guard pages")
CRASHES, HANGS = result(Outcome.CRASH, message="signal 11"), result(Outcome.HANG, message="20 s")
SKIPS, ERRS = result(Outcome.SKIPPED, message="needs root"), result(Outcome.ERROR, message="the channel broke")


def side(of: Record, *others: Record, run: str = "old", expectations: tuple[Expectation, ...] = ()) -> Side:
    """A target in a run; the first of the others is the reference, if there is one."""
    records = [*others, of]
    return Side(run, build(records, records[0].target.name, expectations), of)


def kernel(*results: CaseResult, release: str = "6.1.0", **of: object) -> Record:
    """What `lts` said."""
    return record("lts", *results, release=release, runner="qemu", **of)  # type: ignore[arg-type] # the builder's own


def between(before: tuple[CaseResult, ...], after: tuple[CaseResult, ...], reference: CaseResult | None = None) -> Diff:
    """Two runs of `lts`, each beside the same reference, if there is one."""
    natives = [record("native", reference)] if reference else []
    return compare(side(kernel(*before), *natives), side(kernel(*after), *natives, run="new"))


def change(before: CaseResult, after: CaseResult, reference: CaseResult | None = None) -> Change | None:
    """How the one case has moved."""
    found = between((before,), (after,), reference)
    return found.moved[0].change if found.moved else None


# What was done is compared


@pytest.mark.parametrize("said", [READS, READS_LESS, REFUSED, FAILS, LACKS])
@pytest.mark.parametrize("reference", [None, READS, LACKS, CRASHES])
def test_a_target_that_does_what_it_did_has_not_moved(said: CaseResult, reference: CaseResult | None) -> None:
    found = between((said,), (said,), reference)
    assert (found.moved, found.same, found.compared) == ([], 1, 1)


@pytest.mark.parametrize("reference", [None, READS, READS_LESS, REFUSED, FAILS, LACKS, SKIPS])
@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (READS, FAILS, Change.REGRESSION),
        (READS, LACKS, Change.REGRESSION),
        (READS, CRASHES, Change.REGRESSION),
        (READS, HANGS, Change.REGRESSION),
        (READS, REFUSED, Change.REGRESSION),
        (READS, READS_LESS, Change.CHANGED),
        (READS, READS_OTHER, Change.CHANGED),
        (REFUSED, READS, Change.CHANGED),
        (FAILS, LACKS, Change.CHANGED),
        (LACKS, FAILS, Change.CHANGED),
        (FAILS, CRASHES, Change.REGRESSION),
        (LACKS, HANGS, Change.REGRESSION),
        (HANGS, CRASHES, Change.REGRESSION),
        (CRASHES, CRASHES, Change.DEATH),
        (CRASHES, FAILS, Change.CHANGED),
        (CRASHES, READS, Change.GAIN),
        (FAILS, READS, Change.GAIN),
        (LACKS, READS, Change.GAIN),
    ],
)
def test_what_has_moved_does_not_depend_on_the_reference(
    before: CaseResult, after: CaseResult, expected: Change, reference: CaseResult | None
) -> None:
    """A restriction is none the better for the reference's having it too, and new failures none the less new."""
    assert change(before, after, reference) is expected


def test_a_reference_that_moves_as_the_target_does_hides_nothing() -> None:
    before = side(kernel(READS), record("native", READS))
    after = side(kernel(REFUSED), record("native", REFUSED), run="new")
    (moved,) = compare(before, after).moved
    assert (moved.change, moved.gates) == (Change.REGRESSION, True)


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (result(Outcome.FAILED, replace(FAILS.steps[0], result=-1, errno=errno.EIO), message=FAILS.message), "EIO"),
        (replace(FAILS, message="E   assert 2 == 4"), "assert 2 == 4; before: assert 1 == 4"),
        (replace(FAILS, observations={"fields": 1}), "observed"),
        (result(Outcome.FAILED, message=FAILS.message), "makes no more calls"),
    ],
)
def test_a_failure_that_became_another_failure_is_told(after: CaseResult, told: str) -> None:
    (moved,) = between((FAILS,), (after,), READS).moved
    assert (moved.change, moved.gates) == (Change.CHANGED, True)
    assert told in moved.message


def test_what_varies_in_a_message_is_no_other_failure() -> None:
    first, second = (replace(FAILS, message=f"E  at 0x7f00{n}a8 of 4") for n in (1234, 5678))
    assert between((first,), (second,)).moved == []
    counting = [replace(FAILS, message=f"E  assert {n} == 4") for n in range(6)]
    assert between(tuple(counting[:3]), tuple(counting[3:])).moved == []


def test_a_third_opinion_says_which_side_is_right() -> None:
    assert "(native does so as well)" in between((READS_LESS,), (READS,), READS).moved[0].message
    assert "(native does as before)" in between((READS,), (READS_LESS,), READS).moved[0].message


def test_a_message_is_about_the_two_sides_and_the_release_is_named_that_brought_what_is_gained() -> None:
    (moved,) = between((READS,), (READS_LESS,)).moved
    assert (moved.message, moved.step) == ("read: returns 1, before 4", 0)
    old = kernel(LACKS, cases=[CaseInfo(CASE, LACKS.hash, "MADV_GUARD_INSTALL (Linux 6.13): no mapping.")])
    (gain,) = compare(side(old), side(kernel(READS, release="6.18.1"), run="new")).moved
    assert gain.message == "before: guard pages (since Linux 6.13)"


def test_a_regression_has_the_cause_that_the_newer_cell_has() -> None:
    native = record("native", READS, release="6.18.44")
    (moved,) = compare(side(kernel(READS), native), side(kernel(LACKS), native, run="new")).moved
    assert moved.cause is Cause.VERSION


# Attempts


@pytest.mark.parametrize("death", [CRASHES, HANGS])
@pytest.mark.parametrize("before", [READS, FAILS, LACKS, SKIPS, ERRS])
def test_a_death_in_any_attempt_is_a_regression(death: CaseResult, before: CaseResult) -> None:
    (moved,) = between((before,), (death, READS, READS)).moved
    assert (moved.change, moved.gates, moved.steady) == (Change.REGRESSION, True, False)


def test_a_death_that_was_seen_once_and_is_not_seen_now_is_no_gain() -> None:
    (moved,) = between((CRASHES, READS, READS), (READS,)).moved
    assert (moved.change, moved.message) == (Change.FLAKY, "before: in 1 of 3 attempts (2 passed): signal 11")


def test_how_a_side_does_not_agree_with_itself_is_told() -> None:
    (moved,) = between((READS,), (READS, READS_LESS)).moved
    assert moved.message == "now it differs from itself: read: returns 1, or 4"


def test_how_the_attempts_of_a_side_end_is_told() -> None:
    (moved,) = between((result(),), (result(), result(Outcome.FAILED))).moved
    assert moved.message == "now it differs from itself: failed, or passed"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ((READS,), (READS, READS_LESS, READS), Change.FLAKY),
        ((READS, READS_LESS), (READS,), Change.FLAKY),
        ((READS, FAILS), (READS,), Change.FLAKY),
        ((READS,), (FAILS, READS, FAILS), Change.FLAKY),
        ((READS, READS_LESS), (REFUSED, READS_OTHER), Change.FLAKY),
        ((READS,), (READS_LESS, READS_OTHER), Change.CHANGED),
        ((READS,), (FAILS, LACKS), Change.REGRESSION),
        ((FAILS, LACKS), (READS,), Change.GAIN),
    ],
)
def test_a_side_that_does_not_agree_with_itself_is_flaky_unless_it_never_does_what_the_other_does(
    before: tuple[CaseResult, ...], after: tuple[CaseResult, ...], expected: Change
) -> None:
    (moved,) = between(before, after).moved
    assert (moved.change, moved.gates) == (expected, expected in (Change.REGRESSION, Change.CHANGED))


# What is lost


@pytest.mark.parametrize("told", [READS, FAILS, LACKS])
@pytest.mark.parametrize("silent", [SKIPS, ERRS])
def test_what_only_one_side_says_anything_of_is_lost_evidence(told: CaseResult, silent: CaseResult) -> None:
    assert change(told, silent) is Change.LOST
    assert change(silent, told) is Change.LOST


def test_what_both_sides_skip_is_told_apart_from_what_both_lost() -> None:
    found = between((SKIPS,), (SKIPS,))
    assert (found.moved, found.same, found.silent, found.compared) == ([], 0, 1, 0)
    assert change(ERRS, ERRS) is Change.LOST
    assert change(SKIPS, ERRS) is Change.LOST


def test_a_case_that_was_planned_and_not_run_is_lost_evidence() -> None:
    planned = kernel(cases=[CaseInfo(CASE, READS.hash)])
    (moved,) = compare(side(kernel(READS)), side(planned, run="new")).moved
    assert (moved.change, moved.before, moved.after) == (Change.LOST, "passed", "not run")
    assert moved.message == "not run after: the run ended before this case"


def test_a_case_that_one_side_does_not_know_is_lost_evidence_unless_only_common_ones_are_asked_for() -> None:
    other = replace(READS, case="area/test_feature.py::test_other")
    more, less = side(kernel(READS, other)), side(kernel(READS), run="new")
    assert [(each.case, each.change, each.after) for each in compare(more, less).moved] == [
        (other.case, Change.LOST, "no such case")
    ]
    assert [(each.case, each.before) for each in compare(less, more).moved] == [(other.case, "no such case")]
    for common in (compare(more, less, common=True), compare(less, more, common=True)):
        assert (common.moved, common.same) == ([], 1)
    assert compare(more, less, lambda case: case == CASE).moved == []


def test_a_case_that_was_not_asked_for_is_told_from_one_that_is_gone() -> None:
    before, gone = side(kernel(READS)), side(kernel(cases=[]), run="new")
    assert compare(before, gone).moved[0].message == "lts in new has no such case"
    (moved,) = compare(before, replace(gone, asked=lambda _: False)).moved
    assert moved.message == "lts in new was asked for other cases (--common compares those that both have)"


def test_a_new_case_that_dies_is_grave_though_there_is_nothing_to_compare_it_with() -> None:
    (moved,) = compare(side(kernel(cases=[])), side(kernel(CRASHES), run="new")).moved
    assert (moved.change, moved.gates) == (Change.REGRESSION, True)


@pytest.mark.parametrize(
    ("broken", "told", "why"),
    [
        (record("lts", failed="no image"), ["lts in new could not be run: no image"], "lts in new could not be run"),
        (
            replace(kernel(cases=[]), lost=["area/test_feature.py"]),
            ["lts in new: area/test_feature.py could not be collected, its cases were not run"],
            "lts in new could not collect area/test_feature.py",
        ),
        (
            replace(kernel(cases=[]), complete=False),
            ["lts in new: the run did not end; finish it with `conformance run --resume new`"],
            "lts in new has no such case",
        ),
    ],
)
def test_why_evidence_is_lost_is_told(broken: Record, told: list[str], why: str) -> None:
    found = compare(side(kernel(READS)), side(broken, record("native", READS), run="new"))
    assert found.shortcomings() == told
    assert [(each.change, each.message) for each in found.moved] == [(Change.LOST, why)]
    assert found.compared == 0


def test_a_case_that_was_redefined_and_does_something_else_cannot_be_compared() -> None:
    assert change(READS, replace(FAILS, hash="f" * 16)) is Change.LOST
    assert change(READS, replace(READS, hash="f" * 16)) is None
    assert change(READS, replace(CRASHES, hash="")) is Change.REGRESSION


# What is accepted


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        (READS, FAILS, Verdict.FAILS),
        (READS, LACKS, Verdict.MISSING),
        (READS, CRASHES, Verdict.CRASH),
        (READS, READS_LESS, Verdict.DIFFERS),
        (FAILS, LACKS, Verdict.MISSING),
    ],
)
def test_a_change_is_accepted_by_an_expectation_that_holds_for_the_newer_kernel_only(
    before: CaseResult, after: CaseResult, verdict: Verdict
) -> None:
    native = record("native", READS)
    known = (Expectation(CASE, "lts", verdict, "restricted", when="kernel >= 6.2"),)
    old = side(kernel(before), native, expectations=known)
    new = side(kernel(after, release="6.12.1"), native, run="new", expectations=known)
    (moved,) = compare(old, new).moved
    assert (moved.expected, moved.gates) == (known[0], False)


@pytest.mark.parametrize("condition", ["", "kernel >= 6.1"])
def test_an_expectation_that_holds_for_the_older_kernel_too_accepts_no_change(condition: str) -> None:
    """It was out of date there, or is of another time: what has changed was accepted by nobody."""
    native = record("native", READS)
    known = (Expectation(CASE, "lts", Verdict.FAILS, "known of old", when=condition),)
    old = side(kernel(READS), native, expectations=known)
    new = side(kernel(FAILS, release="6.12.1"), native, run="new", expectations=known)
    (moved,) = compare(old, new).moved
    assert (moved.change, moved.expected, moved.gates) == (Change.REGRESSION, None, True)


@pytest.mark.parametrize(("older", "accepted"), [("gvisor", True), ("other", False)])
def test_builds_of_one_release_are_told_apart_by_their_name(older: str, accepted: bool) -> None:
    """What is known of the target says nothing of what has changed since a target of another name."""
    native = record("native", READS)
    known = (Expectation(CASE, "gvisor", Verdict.FAILS, "known"),)
    old = side(record(older, READS, runner="gvisor", release="4.4.0"), native, expectations=known)
    new = side(record("gvisor", FAILS, runner="gvisor", release="4.4.0"), native, run="new", expectations=known)
    (moved,) = compare(old, new).moved
    assert (moved.change, moved.expected is not None) == (Change.REGRESSION, accepted)


def test_builds_of_one_release_are_told_apart_by_the_runners_versions() -> None:
    native = record("native", READS)
    known = (Expectation(CASE, "gvisor", Verdict.FAILS, when="runsc == 20250101", kind=ExpectationKind.BASELINE),)
    guests = [facts("4.4.0", versions={"runsc": version}) for version in ("20240729", "20250101")]
    old = side(record("gvisor", READS, runner="gvisor", facts_of=guests[0]), native, expectations=known)
    new = side(record("gvisor", FAILS, runner="gvisor", facts_of=guests[1]), native, run="new", expectations=known)
    (moved,) = compare(old, new).moved
    assert (moved.change, moved.expected) == (Change.REGRESSION, known[0])
    always = (replace(known[0], when=""),)
    old = side(record("gvisor", READS, runner="gvisor", facts_of=guests[0]), native, expectations=always)
    new = side(record("gvisor", FAILS, runner="gvisor", facts_of=guests[1]), native, run="new", expectations=always)
    assert compare(old, new).moved[0].expected is None


def test_an_expectation_that_held_before_as_well_accepts_no_change() -> None:
    native = record("native", READS)
    known = (Expectation(CASE, "lts", Verdict.FAILS, "known"),)
    other = replace(FAILS, message="E   assert 2 == 4")
    old, new = (side(kernel(each), native, expectations=known) for each in (FAILS, other))
    (moved,) = compare(old, new).moved
    assert (moved.change, moved.expected, moved.gates) == (Change.CHANGED, None, True)


def test_a_death_on_both_sides_is_accepted_by_an_expectation_of_it() -> None:
    known = (Expectation(CASE, "lts", Verdict.CRASH, "known"),)
    both = side(kernel(CRASHES), record("native", READS), expectations=known)
    assert not compare(both, both).moved[0].gates


def test_the_gravest_comes_first() -> None:
    def run(*said: CaseResult) -> Side:
        return side(kernel(*(replace(each, case=f"a/test_b.py::test_{n}") for n, each in enumerate(said))))

    before = run(FAILS, READS, READS, READS, CRASHES, READS)
    found = compare(before, run(READS, READS_LESS, FAILS, ERRS, CRASHES, READS))
    assert [each.change for each in found.moved] == [
        Change.LOST,
        Change.REGRESSION,
        Change.DEATH,
        Change.CHANGED,
        Change.GAIN,
    ]
    assert found.same == 1


# Which targets


def names(*targets: str) -> list[Record]:
    """Records of targets, the first of which is the reference."""
    return [record(name, READS) for name in targets]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (["native", "lts"], ["native", "lts"], TargetPairs([("native", "native"), ("lts", "lts")])),
        (
            ["native", "old"],
            ["native", "new"],
            TargetPairs([("native", "native"), ("old", "new")], guessed=("old", "new")),
        ),
        (["here", "old"], ["there", "new"], TargetPairs([("old", "new")], ["here"], ["there"], ("old", "new"))),
        (["native", "lts"], ["native"], TargetPairs([("native", "native")], ["lts"], [])),
        (["native", "a", "b"], ["native", "c"], TargetPairs([("native", "native")], ["a", "b"], ["c"])),
        (["native"], ["native", "a", "b"], TargetPairs([("native", "native")], [], ["a", "b"])),
    ],
)
def test_targets_of_the_same_name_are_compared_and_the_only_two_others(
    before: list[str], after: list[str], expected: TargetPairs
) -> None:
    old, new = (build(names(*each), each[0]) for each in (before, after))
    assert pairs_of(old, new) == expected


# What else has moved


def test_the_release_is_what_should_move_and_every_other_axis_is_told() -> None:
    def column(**of: object) -> Side:
        return side(record("lts", READS, facts_of=facts("6.1.1", **of)))

    before = column()
    assert moved_axes(before.column, side(record("lts", READS, release="6.12.1")).column) == []
    assert moved_axes(before.column, column(python="3.12.0", cpus=8).column) == [
        "lts: python was 3.11.2 and is 3.12.0",
        "lts: cpus was 2 and is 8",
    ]
    assert moved_axes(before.column, side(record("lts", failed="no image")).column) == []
