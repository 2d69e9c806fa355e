from __future__ import annotations

import pytest

from conformance.conditions import holds
from conformance.matrix.expectations.conditions import as_seen, versions_of
from tests.builders import facts

RUNSC = {"kernel": "4.4.0", "runsc": "20240729.0"}


@pytest.mark.parametrize(
    ("condition", "release"),
    [
        ("", "anything"),
        ("kernel >= 6.6", "6.12.1"),
        ("kernel >= 6.6", "6.6.87"),
        ("kernel == 6.6", "6.6.87"),
        ("kernel < 6.10", "6.9.1"),
        ("kernel != 6.6", "6.7"),
        ("kernel <= 6.6", "6.6.87"),
        ("kernel > 6.6.86", "6.6.87-cloud"),
        ("kernel >= 5.10 and kernel < 6.1", "5.15.0"),
        ("kernel<7", "6.18.44"),
        ("kernel >= 6.6.0", "6.6-rc1"),
        ("kernel == 6.6.0", "6.6"),
    ],
)
def test_a_condition_compares_versions_by_number_and_only_as_far_as_it_goes(condition: str, release: str) -> None:
    assert holds(condition, {"kernel": release})


@pytest.mark.parametrize(
    ("condition", "release"),
    [
        ("kernel >= 6.10", "6.9.1"),
        ("kernel > 6.6", "6.6.87"),
        ("kernel < 6.6", "6.6.0"),
        ("kernel >= 5.10 and kernel < 6.1", "6.1.0"),
        ("kernel == 6.6", "6.60"),
        ("kernel >= 4.19", ""),
        ("kernel < 4.19", ""),
        ("kernel != 4.19", "guest"),
        ("kernel > 6.6.0", "6.6"),
    ],
)
def test_a_condition_that_is_not_met_does_not_hold(condition: str, release: str) -> None:
    assert not holds(condition, {"kernel": release})


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("runsc == 20240729", True),
        ("runsc != 20240729", False),
        ("runsc > 20240728 and kernel == 4.4", True),
        ("runsc > 20240728 and kernel >= 6", False),
        ("build == 19041", False),
        ("build != 19041", False),
        ("runsc == 20240729 and build == 19041", False),
    ],
)
def test_a_condition_knows_the_runners_versions_and_does_not_hold_for_those_that_are_not_there(
    condition: str, expected: bool
) -> None:
    assert holds(condition, RUNSC) is expected


MALFORMED = [
    *("6.6", "kernel", "kernel => 6.6", "kernel >= six", "kernel >= 6 or kernel < 5", "Kernel >= 6", "runsc = 2024"),
    *("and kernel >= 6", "kernel >= 6 and", "kernel >= 6.", "kernel >= 6,5"),
]


@pytest.mark.parametrize("condition", MALFORMED)
@pytest.mark.parametrize("before", ["", "kernel >= 5 and ", "kernel >= 7 and ", "nothing == 1 and "])
def test_a_malformed_condition_is_told(condition: str, before: str) -> None:
    with pytest.raises(ValueError, match="is not a condition such as"):
        holds(before + condition, {"kernel": "6.1"})


def test_a_target_has_its_release_and_its_runners_versions() -> None:
    assert versions_of(facts("4.4.0", versions={"runsc": "20240729"})) == {"kernel": "4.4.0", "runsc": "20240729"}
    assert versions_of(None) == {}


def test_the_kernel_is_the_release_whatever_a_runner_calls_so() -> None:
    assert versions_of(facts("6.1.0", versions={"kernel": "9"})) == {"kernel": "6.1.0"}


@pytest.mark.parametrize(
    ("release", "versions", "when"),
    [
        ("4.4.0", {"runsc": "20240729.0"}, "runsc == 20240729.0"),
        ("4.4.0-19041-Microsoft", {"build": "19041"}, "build == 19041"),
        ("4.4.0", {"runsc": "20240729", "platform": "2"}, "platform == 2 and runsc == 20240729"),
        ("6.1.0-56-cloud-amd64", {}, "kernel == 6.1"),
        ("4.4.0", {"runsc": "unknown"}, "kernel == 4.4"),
        ("guest", {}, ""),
    ],
)
def test_what_was_seen_holds_for_what_it_was_seen_with(release: str, versions: dict[str, str], when: str) -> None:
    guest = facts(release, versions=versions)
    assert as_seen(guest) == when
    assert holds(when, versions_of(guest))


def test_what_was_seen_of_nobody_knows_what_has_no_condition() -> None:
    assert as_seen(None) == ""
