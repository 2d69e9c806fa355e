from __future__ import annotations

import pytest

from conformance.conditions import holds, tidied

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


@pytest.mark.parametrize(
    ("condition", "tidy"),
    [
        ("kernel>=6.6", "kernel >= 6.6"),
        ("  kernel  <  7 and runsc==20240729 ", "kernel < 7 and runsc == 20240729"),
        ("", ""),
        ("  ", ""),
    ],
)
def test_a_condition_has_one_form(condition: str, tidy: str) -> None:
    assert tidied(condition) == tidy
    assert tidied(tidy) == tidy


@pytest.mark.parametrize("condition", MALFORMED)
def test_a_malformed_condition_has_none(condition: str) -> None:
    with pytest.raises(ValueError, match="is not a condition such as"):
        tidied(condition)
