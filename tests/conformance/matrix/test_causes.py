from __future__ import annotations

import errno

import pytest

from conformance.matrix.build import build
from conformance.model import CaseResult, Cause, Outcome, Record
from tests.builders import passed, record, result, step

READS = passed(step("read", 0, None, 4, result=4))
READS_LESS = passed(step("read", 0, None, 4, result=1))
FAILS = result(Outcome.FAILED, step("read", 0, None, 4, result=0))


def refused(error: int) -> CaseResult:
    """A case that fails since a call does."""
    return result(Outcome.FAILED, step("read", 0, None, 4, result=-1, errno=error))


def cause(name: str, *records: Record) -> Cause | None:
    """Of the cell of a target; the first record is the reference's."""
    (row,) = build(records, records[0].target.name).rows
    return row.cells[name].cause


def of_kernels(native: CaseResult, lts: CaseResult, wsl2: CaseResult) -> tuple[Cause | None, Cause | None]:
    """The causes of a kernel and of the one whose control it is; both are 6.1, and the reference is 6.18."""
    records = [
        record("native", native, release="6.18.44"),
        record("lts", lts, release="6.1.0-56-cloud-amd64", runner="qemu"),
        record("wsl2", wsl2, release="6.1.21.1-wsl2", runner="qemu", control="lts"),
    ]
    return cause("lts", *records), cause("wsl2", *records)


def of_target(target: CaseResult, runner: str = "qemu") -> Cause | None:
    """The cause of a target that has no relative here."""
    return cause("other", record("native", READS), record("other", target, runner=runner))


# By control


@pytest.mark.parametrize("shared", [READS_LESS, FAILS, result(Outcome.MISSING), refused(errno.EPERM)])
def test_what_two_kernels_of_a_series_share_against_the_reference_is_the_version(shared: CaseResult) -> None:
    assert of_kernels(READS, shared, shared) == (Cause.VERSION, Cause.VERSION)


@pytest.mark.parametrize("own", [READS_LESS, FAILS, result(Outcome.MISSING), refused(errno.EPERM)])
def test_what_only_the_controlled_kernel_shows_is_its_configuration(own: CaseResult) -> None:
    assert of_kernels(READS, READS, own) == (None, Cause.CONFIG)


def test_what_only_the_control_shows_is_its_configuration_too() -> None:
    assert of_kernels(READS, FAILS, READS) == (Cause.CONFIG, None)


def test_what_neither_the_reference_nor_the_controlled_kernel_has_is_the_latters_configuration() -> None:
    """The control stands in for the reference, and is of the same series."""
    missing = result(Outcome.MISSING, message="Yama")
    assert of_kernels(missing, READS, missing)[1] is Cause.CONFIG


@pytest.mark.parametrize(("below", "expected"), [(READS, Cause.SEMANTIC), (FAILS, Cause.ENVIRONMENT)])
def test_what_the_kernel_under_a_profile_says_itself_is_not_the_profiles_doing(
    below: CaseResult, expected: Cause
) -> None:
    records = [record("native", below), record("lts", READS), record("wsl1", FAILS, runner="profile", control="native")]
    assert cause("wsl1", *records) is expected


def test_where_all_three_differ_the_control_tells_nothing() -> None:
    assert of_kernels(READS, READS_LESS, FAILS) == (Cause.UNKNOWN, Cause.UNKNOWN)


def test_kernels_of_one_series_are_not_told_apart_by_version() -> None:
    records = [
        record("native", READS, release="6.1.9"),
        record("lts", FAILS, release="6.1.0"),
        record("wsl2", FAILS, release="6.1.21", control="lts"),
    ]
    assert cause("wsl2", *records) is Cause.UNKNOWN


def test_a_control_of_another_series_tells_nothing() -> None:
    records = [
        record("native", READS, release="6.18.44"),
        record("lts", FAILS, release="5.10.0"),
        record("wsl2", FAILS, release="6.1.21", control="lts"),
    ]
    assert cause("wsl2", *records) is Cause.UNKNOWN


def test_a_control_that_was_not_run_tells_nothing() -> None:
    records = [
        record("native", READS, release="6.18.44"),
        record("lts", failed="no image"),
        record("wsl2", FAILS, release="6.1.21", control="lts"),
    ]
    assert cause("wsl2", *records) is Cause.UNKNOWN


# By evidence


def test_a_missing_feature_is_absent() -> None:
    assert of_target(result(Outcome.MISSING, message="overlayfs")) is Cause.ABSENT


def test_enosys_is_absence_however_the_case_ended() -> None:
    assert of_target(refused(errno.ENOSYS)) is Cause.ABSENT
    assert of_target(passed(step("read", 0, None, 4, result=-1, errno=errno.ENOSYS))) is Cause.ABSENT


@pytest.mark.parametrize("error", [errno.EPERM, errno.EACCES])
def test_a_refusal_where_the_reference_succeeds_is_policy(error: int) -> None:
    assert of_target(refused(error)) is Cause.POLICY


def test_a_refusal_where_the_reference_fails_as_well_is_no_policy() -> None:
    fails_too = passed(step("read", 0, result=-1, errno=errno.EBADF))
    assert cause("lts", record("native", fails_too), record("lts", refused(errno.EPERM))) is Cause.UNKNOWN


def test_what_the_evidence_does_not_tell_is_unknown_rather_than_a_guess() -> None:
    assert of_target(FAILS) is Cause.UNKNOWN


def test_a_processor_that_lacks_something_is_told_by_the_case() -> None:
    assert of_target(result(Outcome.MISSING, message="hardware: memory protection keys")) is Cause.HARDWARE


def test_what_could_not_be_run_is_no_fault_of_the_target() -> None:
    assert of_target(result(Outcome.ERROR)) is Cause.ENVIRONMENT
    assert cause("lts", record("native", READS), record("lts", failed="no image")) is Cause.ENVIRONMENT


def test_what_was_skipped_is_policy() -> None:
    assert of_target(result(Outcome.SKIPPED)) is Cause.POLICY


def test_neither_the_same_nor_the_reference_nor_a_flaky_case_has_a_cause() -> None:
    assert of_target(READS) is None
    assert cause("native", record("native", FAILS)) is None
    assert cause("lts", record("native", READS), record("lts", READS, READS_LESS)) is None


# Imitations


@pytest.mark.parametrize("runner", ["profile", "gvisor", "wsl"])
def test_an_imitation_that_does_something_else_does_so_by_its_meaning(runner: str) -> None:
    assert of_target(FAILS, runner) is Cause.SEMANTIC


@pytest.mark.parametrize("runner", ["profile", "gvisor", "wsl"])
def test_the_release_that_an_imitation_names_explains_nothing(runner: str) -> None:
    records = [
        record("native", READS, release="6.18.44"),
        record("lts", FAILS, release="4.4.0", runner="qemu"),
        record("wsl1", FAILS, release="4.4.0-19041-Microsoft", runner=runner, control="lts"),
    ]
    assert cause("wsl1", *records) is Cause.SEMANTIC


def test_an_imitation_may_lack_and_refuse_like_any_target() -> None:
    assert of_target(result(Outcome.MISSING), "gvisor") is Cause.ABSENT
    assert of_target(refused(errno.EPERM), "gvisor") is Cause.POLICY
