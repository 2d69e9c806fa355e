"""What several kernels promise together."""

from __future__ import annotations

import pytest

from conformance.programs.notation.printing import print_listing
from conformance.search.distill.agreeing import Testimony, Version, agreed, version_of
from conformance.search.distill.promising import listing
from tests.conformance.search.distill.native_lane import ENOENT, NOWHERE, OPEN, given

OLD, MIDDLE, NEW, HERE = (5, 10), (6, 1), (6, 12), (6, 18)
EINVAL, ENOSYS, EOPNOTSUPP, EPERM = -22, -38, -95, -1
SEEK = f"r0 = {OPEN}\nlseek(r0, 5, SEEK_SET)"
NEWER = "r0 = memfd_secret(0)\nlseek(r0, 5, SEEK_SET)"
"""memfd_secret(2) is there since Linux 5.14."""


def said(text: str, here: tuple[int, ...], others: dict[Version, tuple[int, ...]]) -> str:
    """The text of what is promised; "" where nothing is."""
    first = given(text, *here)
    witnesses = [Testimony(HERE, first, alike=False)]
    witnesses += [Testimony(version, given(text, *results)) for version, results in others.items()]
    found = agreed(listing("it", first), witnesses)
    return print_listing(found) if found else ""


def last(text: str, here: int, others: dict[Version, int]) -> list[str]:
    """What is promised of the last call, a line each."""
    found = said(text, (0, here), {version: (0, result) for version, result in others.items()})
    return [line.partition(") = ")[2] or line.strip(" =") for line in found.splitlines()[2:]]


def test_where_all_say_the_same_nothing_is_changed() -> None:
    assert last(SEEK, 5, {OLD: 5, NEW: 5}) == ["5"]
    assert last(f"{OPEN}\n{NOWHERE}", ENOENT, {OLD: ENOENT}) == ["-1 ENOENT"]


def test_another_number_is_a_success_all_the_same() -> None:
    assert last(SEEK, 5, {OLD: 6, NEW: 5}) == ["ok"]


def test_what_came_with_a_version_has_conditions_with_a_gap_of_which_nobody_knows() -> None:
    assert last(SEEK, 5, {OLD: EINVAL, MIDDLE: EINVAL, NEW: 5}) == ["5 [kernel >= 6.12]", "-1 EINVAL [kernel <= 6.1]"]


def test_what_went_with_a_version_and_what_is_between_two_have_them_too() -> None:
    assert last(f"{OPEN}\n{NOWHERE}", ENOENT, {OLD: EINVAL, MIDDLE: EPERM, NEW: ENOENT}) == [
        "-1 ENOENT [kernel >= 6.12]",
        "-1 EPERM [kernel >= 6.1 and kernel <= 6.1]",
        "-1 EINVAL [kernel <= 5.10]",
    ]


def test_what_the_machine_lacks_is_missing_wherever_it_is_lacking() -> None:
    assert last(SEEK, EOPNOTSUPP, {OLD: 5, NEW: 5}) == ["ok or missing EOPNOTSUPP"]
    assert last(SEEK, 5, {OLD: 5, MIDDLE: ENOSYS, NEW: 5}) == ["ok or missing"] or said(SEEK, (0, 5), {})


def test_errnos_in_no_order_of_versions_are_a_choice() -> None:
    assert last(f"{OPEN}\n{NOWHERE}", ENOENT, {OLD: ENOENT, MIDDLE: EPERM, NEW: ENOENT}) == ["-1 ENOENT|EPERM"]


def test_what_only_the_kernel_says_that_is_configured_otherwise_is_no_matter_of_versions() -> None:
    assert last(SEEK, EINVAL, {OLD: 5, MIDDLE: 5, NEW: 5}) == []
    assert last(f"{OPEN}\n{NOWHERE}", ENOENT, {OLD: EPERM, NEW: EPERM}) == ["-1 ENOENT|EPERM"]


def test_a_program_is_of_the_kernels_that_know_the_calls_before_its_fact() -> None:
    found = said(NEWER, (3, 5), {OLD: (ENOSYS, -9), MIDDLE: (3, 5)})
    assert found.startswith("it: [kernel >= 5.14]\n")
    assert found.endswith(" = 5")
    other = said(NEWER, (3, 5), {OLD: (EPERM, -9), MIDDLE: (3, 5)})
    assert other.startswith("it: [kernel >= 6.1]\n")


def test_a_call_that_older_kernels_do_not_know_is_promised_of_newer_ones() -> None:
    assert said("memfd_secret(0)", (3,), {OLD: (ENOSYS,), MIDDLE: (3,)}).startswith("it: [kernel >= 5.14]\n")


def test_where_what_comes_before_fails_in_no_order_of_versions_nothing_is_promised() -> None:
    assert said(NEWER, (3, 5), {MIDDLE: (3, 5), NEW: (EPERM, -9)}) == ""


@pytest.mark.parametrize(
    ("release", "version"), [("6.1.0-56-cloud-amd64", (6, 1)), ("7.2.13+deb14", (7, 2)), ("unknown", (0, 0))]
)
def test_a_version_is_the_first_two_numbers_of_a_release(release: str, version: Version) -> None:
    assert version_of(release) == version
