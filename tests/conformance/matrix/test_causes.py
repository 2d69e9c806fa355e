from __future__ import annotations

import errno

import pytest

from conformance.matrix.build import build
from conformance.model import CaseInfo, CaseResult, Cause, Outcome, Record, Step
from tests.builders import facts, passed, record, result, step

READS = passed(step("read", 0, None, 4, result=4))
READS_LESS = passed(step("read", 0, None, 4, result=1))
FAILS = result(Outcome.FAILED, step("read", 0, None, 4, result=0))


def refused(error: int) -> CaseResult:
    """A case that fails since a call does."""
    return result(Outcome.FAILED, step("read", 0, None, 4, result=-1, errno=error))


def cause(name: str, *records: Record) -> Cause | None:
    """Of the cell of a target; the first record is the reference's."""
    (comparison,) = build(records, records[0].target.name).comparisons
    return comparison.cells[name].cause


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


def test_a_death_under_a_profile_is_its_own_though_other_attempts_say_what_the_kernel_below_says() -> None:
    crash = result(Outcome.CRASH, message="signal 31")
    records = [record("native", READS), record("wsl1", crash, READS, READS, runner="profile", control="native")]
    (comparison,) = build(records, "native").comparisons
    assert comparison.cells["wsl1"].cause is Cause.SEMANTIC
    assert comparison.cells["wsl1"].unexpected


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


GVISORS = (1 << 38) - 1
"""Every capability that runsc grants."""


@pytest.mark.parametrize(
    "error",
    [errno.EOPNOTSUPP, errno.ENOPROTOOPT, errno.EPROTONOSUPPORT, errno.EAFNOSUPPORT, errno.ENOTTY, errno.ENOSYS],
)
def test_an_operation_that_is_not_there_is_absent_whatever_the_reference_has_against_the_call(error: int) -> None:
    has_another = passed(step("read", 0, None, 4, result=-1, errno=errno.EFAULT))
    records = [record("native", has_another), record("gvisor", refused(error), runner="gvisor")]
    assert cause("gvisor", *records) is Cause.ABSENT


def test_what_both_say_is_not_there_is_no_absence() -> None:
    lacks_too = passed(step("read", 0, None, 4, result=-1, errno=errno.EOPNOTSUPP))
    records = [record("native", lacks_too), record("gvisor", refused(errno.ENOTTY), runner="gvisor")]
    assert cause("gvisor", *records) is Cause.SEMANTIC


def refused_as(
    error: int, *before: Step, runner: str = "qemu", uid: int = 0, capabilities: int = GVISORS
) -> Cause | None:
    """The cause where the reference is allowed a read and the target, which is so privileged, is not."""
    allowed = passed(*before, *READS.steps)
    result_of_target = result(Outcome.FAILED, *before, *refused(error).steps)
    facts_of = facts("6.1.0", uid=uid, capabilities=capabilities)
    return cause(
        "other", record("native", allowed), record("other", result_of_target, runner=runner, facts_of=facts_of)
    )


NOBODY = step("setresuid", 65534, 65534, 65534)


@pytest.mark.parametrize("error", [errno.EPERM, errno.EACCES])
@pytest.mark.parametrize(("uid", "capabilities"), [(1000, GVISORS), (0, GVISORS & ~(1 << 21))])
def test_a_refusal_of_one_who_has_not_all_privileges_is_policy(error: int, uid: int, capabilities: int) -> None:
    assert refused_as(error, uid=uid, capabilities=capabilities) is Cause.POLICY


@pytest.mark.parametrize("error", [errno.EPERM, errno.EACCES])
def test_a_refusal_after_privileges_were_given_up_is_policy(error: int) -> None:
    assert refused_as(error, NOBODY) is Cause.POLICY


@pytest.mark.parametrize("error", [errno.EPERM, errno.EACCES])
@pytest.mark.parametrize(("runner", "expected"), [("gvisor", Cause.SEMANTIC), ("qemu", Cause.UNKNOWN)])
def test_a_refusal_of_roots_own_call_is_no_policy(error: int, runner: str, expected: Cause) -> None:
    assert refused_as(error, runner=runner) is expected


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


@pytest.mark.parametrize("runner", ["profile", "gvisor"])
def test_an_imitation_that_does_something_else_does_so_by_its_meaning(runner: str) -> None:
    assert of_target(FAILS, runner) is Cause.SEMANTIC


@pytest.mark.parametrize("runner", ["profile", "gvisor"])
def test_the_release_that_an_imitation_names_explains_nothing(runner: str) -> None:
    records = [
        record("native", READS, release="6.18.44"),
        record("lts", FAILS, release="4.4.0", runner="qemu"),
        record("wsl1", FAILS, release="4.4.0-19041-Microsoft", runner=runner, control="lts"),
    ]
    assert cause("wsl1", *records) is Cause.SEMANTIC


def test_an_imitation_may_lack_and_refuse_like_any_target() -> None:
    assert of_target(result(Outcome.MISSING), "gvisor") is Cause.ABSENT
    assert refused_as(errno.EPERM, NOBODY, runner="gvisor") is Cause.POLICY


# By what another kernel of the run has


def by_release(old: str, new: str, lacking: CaseResult, title: str = "", *, old_is_reference: bool) -> Cause | None:
    """The cause of what the older of two kernels lacks and the newer one has."""
    cases = [CaseInfo(lacking.case, lacking.hash, title)]
    records = [
        record("old", lacking, release=old, runner="qemu", cases=cases),
        record("new", passed(step("read", 0, None, 4, result=4)), release=new, runner="qemu", cases=cases),
    ]
    return cause("old", *(records if old_is_reference else reversed(records)))


def lacking(error: int, call: str = "madvise", outcome: Outcome = Outcome.MISSING) -> CaseResult:
    """A case whose call a kernel does not know."""
    return result(outcome, step(call, 0, 4096, 102, result=-1, errno=error), message="guard pages")


LACKS_QUOTA = lacking(errno.EINVAL, "mount")


@pytest.mark.parametrize("old_is_reference", [True, False])
@pytest.mark.parametrize("error", [errno.EINVAL, errno.ENOSYS, errno.ENOTTY, errno.EOPNOTSUPP, errno.ENOPROTOOPT])
def test_what_a_newer_kernel_of_the_run_has_is_lacked_by_version(error: int, *, old_is_reference: bool) -> None:
    found = by_release("6.1.0", "6.12.43", lacking(error), old_is_reference=old_is_reference)
    assert found is Cause.VERSION


def test_a_call_that_fails_since_it_is_not_there_is_lacked_by_version_too() -> None:
    found = lacking(errno.ENOSYS, "mseal", Outcome.FAILED)
    records = [
        record("new", passed(step("mseal", 0, 4096, 102)), release="6.12.43"),
        record("old", found, release="6.1.0"),
    ]
    assert cause("old", *records) is Cause.VERSION


@pytest.mark.parametrize("error", [errno.ENODEV, errno.ENXIO, errno.ENOENT, errno.EPROTONOSUPPORT, errno.EAFNOSUPPORT])
def test_a_device_or_a_protocol_that_is_not_there_may_be_left_out_of_any_release(error: int) -> None:
    assert by_release("6.1.0", "6.12.43", lacking(error), old_is_reference=False) is Cause.ABSENT
    told = by_release("6.1.0", "6.12.43", lacking(error), "A device (Linux 6.3).", old_is_reference=False)
    assert told is Cause.VERSION


@pytest.mark.parametrize(("old", "new"), [("6.12.43", "6.1.0"), ("6.1.0", "6.1.9"), ("6.1.0", "")])
def test_what_no_newer_kernel_has_is_not_lacked_by_version(old: str, new: str) -> None:
    assert by_release(old, new, lacking(errno.EINVAL), old_is_reference=False) is Cause.ABSENT


def test_what_is_known_to_be_newer_is_lacked_by_version_though_nobody_here_has_it() -> None:
    cases = [CaseInfo(LACKS_QUOTA.case, LACKS_QUOTA.hash, "`usrquota` (Linux 6.6).")]
    records = [
        record("native", LACKS_QUOTA, release="6.18.44", cases=cases),
        record("lts", LACKS_QUOTA, release="6.1.0", runner="qemu", cases=cases),
    ]
    assert (cause("native", *records), cause("lts", *records)) == (Cause.ABSENT, Cause.VERSION)


def test_what_an_older_kernel_has_as_well_is_not_lacked_by_version() -> None:
    records = [
        record("newest", READS, release="6.18.1"),
        record("middle", lacking(errno.EINVAL), release="6.12.43"),
        record("oldest", READS, release="6.1.0"),
    ]
    assert cause("middle", *records) is Cause.ABSENT


@pytest.mark.parametrize("runner", ["profile", "gvisor"])
def test_what_an_imitation_has_or_lacks_has_nothing_to_do_with_its_release(runner: str) -> None:
    records = [
        record("new", READS, release="6.12.43"),
        record("old", lacking(errno.EINVAL), release="4.4.0", runner=runner),
    ]
    assert cause("old", *records) is Cause.ABSENT


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [("6.1.0", "6.12.43", Cause.VERSION), ("6.1.0", "6.1.9", Cause.CONFIG), ("6.12.43", "6.1.0", Cause.UNKNOWN)],
)
def test_what_is_new_has_a_cause(old: str, new: str, expected: Cause) -> None:
    records = [record("old", lacking(errno.EINVAL), release=old), record("new", READS, release=new)]
    assert cause("new", *records) is expected
