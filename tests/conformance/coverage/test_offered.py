from __future__ import annotations

import pytest

from conformance.coverage.offered import constants, offered
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
    ],
)
def test_what_a_description_has_among_its_choices_is_offered(name: str) -> None:
    assert name in {each for each, _ in offered()}


def test_what_no_program_is_given_is_not_offered() -> None:
    names = {name for name, _ in offered()}
    assert "MADV_HWPOISON" not in names


def test_descriptions_have_the_kernels_numbers() -> None:
    wrong = {each.name for each in constants() if described().get(each.name, each.value) != each.value}
    assert wrong == {"RLIM_INFINITY"}  # without a sign
