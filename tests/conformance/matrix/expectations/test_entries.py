from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.matrix.expectations.entries import check, precedence
from conformance.model import Expectation, ExpectationKind, Verdict
from tests.conformance.matrix.expectations.matrices import KNOWN

BASELINE = replace(KNOWN, reason="", message="overlayfs", kind=ExpectationKind.BASELINE)


@pytest.mark.parametrize(
    "reason",
    [
        *("{message}", "runsc 20240729: {message}", "AssertionError: epoll_ctl: success (0), not EINVAL"),
        *("it has no io_setup: [Errno 38] io_setup: Function not implemented", "E   assert 1 == 2", "assert 0 == -1"),
        *("call 1, fcntl_notify: EINVAL, and Linux says 0", "known: poll: wrote other data"),
    ],
)
def test_what_a_case_said_is_no_reason(reason: str) -> None:
    with pytest.raises(ValueError, match=r"^reason: .* is what a case said and not why it is so"):
        check(replace(KNOWN, reason=reason))


@pytest.mark.parametrize(
    "reason",
    ["newer than Linux 6.1: mseal(2)", "we assert that it is so", "EINVAL comes first: the man page allows it"],
)
def test_what_a_human_says_is_a_reason(reason: str) -> None:
    check(replace(KNOWN, reason=reason))


def test_whatever_a_case_said_is_a_message() -> None:
    check(replace(BASELINE, message="AssertionError: [Errno 38]"))
    check(replace(BASELINE, message=""))


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (replace(BASELINE, reason="so"), "reason: a baseline has none"),
        (replace(KNOWN, message="overlayfs"), r"message: what a run showed belongs to a \[\[baseline\]\]"),
        (replace(KNOWN, reason=""), r"reason: it is empty; say why it is so, or make it a \[\[baseline\]\]"),
    ],
)
def test_the_two_kinds_are_not_confused(wrong: Expectation, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        check(wrong)


def test_a_report_says_the_reason_or_plainly_that_nobody_gave_one() -> None:
    assert KNOWN.why == "there is no overlayfs"
    assert BASELINE.why == "baseline"
    assert replace(BASELINE, since="2026-11-24").why == "baseline, as seen on 2026-11-24"


def test_the_narrowest_comes_first() -> None:
    cases = ["a/test_b.py::test_c[x]", "a/test_b.py::test_c[*", "a/test_b.py::*", "a/*", "*"]
    found = [Expectation(case, "wsl1", Verdict.FAILS, "so") for case in reversed(cases)]
    assert [each.case for each in sorted(found, key=precedence)] == cases
