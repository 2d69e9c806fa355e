from __future__ import annotations

import pytest

from conformance.conditions import holds
from conformance.matrix.expectations.conditions import as_seen, versions_of
from tests.builders import facts


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
