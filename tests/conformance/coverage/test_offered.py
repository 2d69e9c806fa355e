from __future__ import annotations

import pytest

from conformance.coverage.offered import Constant, Excuse, constants, excuses, offered, unoffered
from conformance.syscalls.machinery.table import constants as described


def test_every_constant_of_the_kernel_is_in_the_table() -> None:
    found = {each.name: each.value for each in constants()}
    assert len(found) == len(constants()) > 5000
    assert (found["O_CREAT"], found["MADV_COLD"], found["PR_SET_VMA"]) == (0o100, 20, 0x53564D41)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("MADV_COLD", id="a number of several"),
        pytest.param("O_TRUNC", id="a bit"),
        pytest.param("MREMAP_DONTUNMAP", id="a bit that goes only with others"),
        pytest.param("PR_SET_NAME", id="an operation of its own"),
        pytest.param("AT_FDCWD", id="what stands for an fd"),
        pytest.param("RESOLVE_BENEATH", id="of a struct's member"),
        pytest.param("LANDLOCK_SCOPE_SIGNAL", id="of a struct's member whose names are its page's"),
    ],
)
def test_what_a_description_has_among_its_choices_is_offered(name: str) -> None:
    assert name in {each for each, _ in offered()}


def test_what_no_program_is_given_is_not_offered() -> None:
    names = {name for name, _ in offered()}
    assert "MADV_HWPOISON" not in names


def test_every_constant_is_offered_or_there_is_a_reason() -> None:
    assert [each.name for each, reasons in unoffered() if not reasons] == []


def test_no_reason_is_given_for_nothing_and_each_is_one() -> None:
    needed = {reason for _, reasons in unoffered() for reason in reasons}
    assert set(excuses()) - needed == set()
    assert all(len(each.reason.split()) > 1 for each in excuses())


def test_most_of_what_calls_are_given_is_offered() -> None:
    """How many there are, so that nothing gets lost unseen."""
    assert len(constants()) - sum(1 for _ in unoffered()) > 2100


def test_a_reason_holds_for_whole_names_of_its_header() -> None:
    reason = Excuse("linux/a.h", "A_.*|B", "a size")
    assert reason.holds_for(Constant("linux/a.h", "A_ONE", 1))
    assert not reason.holds_for(Constant("linux/a.h", "B_ONE", 1))
    assert not reason.holds_for(Constant("linux/b.h", "B", 1))


def test_descriptions_have_the_kernels_numbers() -> None:
    wrong = {each.name for each in constants() if described().get(each.name, each.value) != each.value}
    assert wrong == {"RLIM_INFINITY"}  # without a sign
