"""What is promised of a program."""

from __future__ import annotations

from conformance.programs.notation.parse import parse_program
from conformance.programs.notation.printing import print_listing
from conformance.search.distill.promising import is_exact, listing
from tests.conformance.search.distill.native_lane import ENOENT, NOWHERE, OPEN, given


def test_what_comes_before_succeeds_and_the_last_call_fails_as_it_did() -> None:
    said = print_listing(listing("enoent-of-path", given(f"{OPEN}\n{NOWHERE}", 0, ENOENT)))
    assert [line.rpartition(" = ")[2] for line in said.splitlines()[1:]] == ["ok", "-1 ENOENT"]


def test_a_number_is_promised_and_an_fd_is_not() -> None:
    said = print_listing(listing("succeeds", given(f"r0 = {OPEN}\nlseek(r0, 5, SEEK_SET)", 0, 5)))
    assert said.endswith("lseek(r0, 5, SEEK_SET) = 5")
    assert print_listing(listing("succeeds", given(OPEN, 7))).endswith(" = ok")


def test_a_call_that_fails_on_the_way_is_said_to() -> None:
    said = print_listing(listing("succeeds", given(f"{NOWHERE}\ngetuid()", ENOENT, 0)))
    assert " = -1 ENOENT\n" in said


def test_what_is_the_kernels_choice_is_not_exact() -> None:
    assert not is_exact(parse_program("getpid()").steps[0], 4711)
    assert not is_exact(parse_program("gettid()").steps[0], 1)
    assert is_exact(parse_program("getuid()").steps[0], 0)
