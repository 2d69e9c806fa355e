from __future__ import annotations

import pytest

from conformance.matrix.versions import series


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
