"""What nothing reaches, and the reason for it."""

from __future__ import annotations

import errno

import pytest

from conformance.coverage.counting import coverage_of
from conformance.coverage.documents import peers
from conformance.coverage.facts import Coverage
from conformance.coverage.missing import (
    NOT_DESCRIBED,
    NOT_IN_TABLE,
    NOT_MADE,
    UNSEEN,
    missing_calls,
    missing_flags,
    missing_operations,
    missing_pairs,
    reason_of,
    release,
)
from conformance.syscalls.files.descriptors import F_DUPFD
from conformance.syscalls.files.opening import O_PATH
from conformance.syscalls.machinery.table import numbers, stubs
from tests.builders import facts, passed, record, step
from tests.conformance.coverage.counted import counted


def pairs(coverage: Coverage, call: str) -> dict[str, str]:
    """The reasons of a call's documented errnos that were not met."""
    return {each.what: each.reason for each in missing_pairs(coverage) if each.call == call}


def test_a_call_that_succeeded_is_not_missing() -> None:
    coverage = counted(step("read", result=1), step("write", result=-1, errno=errno.EBADF))
    missing = {each.call: each.reason for each in missing_calls(coverage)}
    assert len(missing) == len(coverage.table) - 1
    assert "read" not in missing
    assert (missing["write"], missing["close"]) == ("only refused: EBADF", "")


def test_what_the_descriptions_say_of_a_call_is_the_reason() -> None:
    assert reason_of(counted(), "reboot") == stubs()["reboot"].facts.never == "ends the machine"


@pytest.mark.parametrize(("kernel", "newer"), [("6.6.87", False), ("6.5.0-rc1", True), ("6.12", False), ("5.15", True)])
def test_a_call_may_be_newer_than_the_kernel(kernel: str, newer: bool) -> None:
    assert stubs()["fchmodat2"].facts.since == "6.6"
    assert (reason_of(counted(release=kernel), "fchmodat2") == "newer than the kernel (6.6)") is newer


def test_a_call_that_is_not_described_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    known = stubs()
    less = {name: known[name] for name in known if name != "read"}
    monkeypatch.setattr("conformance.coverage.missing.stubs", lambda: less)
    assert reason_of(counted(), "read") == NOT_DESCRIBED
    assert reason_of(counted(), "write") == ""


def test_every_call_of_the_kernels_table_is_described_today() -> None:
    assert peers().keys() <= numbers("x86_64").keys()


def test_a_documented_errno_that_a_call_failed_with_is_not_missing() -> None:
    coverage = counted(step("close", 9, result=-1, errno=errno.EBADF))
    assert pairs(coverage, "close") == {"EDQUOT": "", "EINTR": "", "EIO": "", "ENOSPC": ""}


def test_what_was_never_made_could_fail_with_nothing() -> None:
    assert set(pairs(counted(), "close").values()) == {NOT_MADE}
    assert set(pairs(counted(), "reboot").values()) == {"ends the machine"}
    elsewhere = coverage_of([record("native", passed(), facts_of=facts(machine="aarch64"))])
    assert set(pairs(elsewhere, "open").values()) == {NOT_IN_TABLE}


def test_an_errno_that_no_program_sees_is_told_from_one_that_was_not_met() -> None:
    found = pairs(counted(step("accept", result=4)), "accept")
    assert (found["ERESTARTSYS"], found["EBADF"]) == (UNSEEN, "")


def test_flags_are_missing_until_a_call_with_them_succeeds() -> None:
    before = {each.what: each.reason for each in missing_flags(counted()) if each.call == "openat"}
    assert (before["O_PATH"], before["O_CREAT"]) == (NOT_MADE, NOT_MADE)
    coverage = counted(step("openat", -100, "a", O_PATH, result=3))
    after = {each.what: each.reason for each in missing_flags(coverage) if each.call == "openat"}
    assert before.keys() - after.keys() == {"O_PATH"}
    assert set(after.values()) == {""}


def test_operations_are_missing_by_their_call() -> None:
    coverage = counted(step("fcntl", 3, F_DUPFD, 10, result=10))
    found = {each.what: (each.call, each.reason) for each in missing_operations(coverage)}
    assert "fcntl_dupfd" not in found
    assert (found["fcntl_setsig"], found["kcmp_file"]) == (("fcntl", ""), ("kcmp", NOT_MADE))


@pytest.mark.parametrize(("said", "version"), [("6.18.44-fc", (6, 18)), ("2.6.13", (2, 6)), ("6.6", (6, 6)), ("", ())])
def test_kernels_are_compared_by_their_first_two_numbers(said: str, version: tuple[int, ...]) -> None:
    assert release(said) == version
