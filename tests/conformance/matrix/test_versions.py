from __future__ import annotations

import pytest

from conformance.matrix.versions import holds, series


@pytest.mark.parametrize(
    ("release", "expected"),
    [
        ("6.1.0-56-cloud-amd64", (6, 1)),
        ("5.15.153.1-microsoft-standard-WSL2", (5, 15)),
        ("4.4.0-19041-Microsoft", (4, 4)),
        ("6.12", (6, 12)),
        ("", ()),
        ("guest-6.1", ()),
    ],
)
def test_a_series_is_the_first_two_numbers(release: str, expected: tuple[int, ...]) -> None:
    assert series(release) == expected


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
    assert holds(condition, release)


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
    assert not holds(condition, release)


@pytest.mark.parametrize("condition", ["6.6", "kernel", "kernel => 6.6", "kernel >= six", "kernel >= 6 or kernel < 5"])
@pytest.mark.parametrize("before", ["", "kernel >= 5 and ", "kernel >= 7 and "])
def test_a_malformed_condition_is_told(condition: str, before: str) -> None:
    with pytest.raises(ValueError, match="is not a condition such as"):
        holds(before + condition, "6.1")
