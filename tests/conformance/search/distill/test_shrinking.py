"""Making a program small that shows a fact."""

from __future__ import annotations

from conformance.programs.notation.parse import parse_program
from conformance.search.distill.facts import Fact, Goal, Sort
from conformance.search.distill.shrinking import shows, shrunk
from tests.conformance.search.distill.native_lane import ENOENT, NOWHERE, OPEN, given, native
from tests.conformance.search.native import needs_executor

NO_ENTRY = Fact(Goal("openat", Sort.ERRNO, ("ENOENT",)), "ENOENT")
LARGE = """
r0 = openat(AT_FDCWD, "f0", O_RDWR, 0644)
write(r0, "hello", 5)
unlink("f0")
openat(AT_FDCWD, "f0", O_RDWR, 0600)
"""


def test_only_the_last_call_shows() -> None:
    assert shows(given(f"{OPEN}\n{NOWHERE}", 0, ENOENT), NO_ENTRY)
    assert not shows(given(f"{NOWHERE}\n{OPEN}", ENOENT, 0), NO_ENTRY)


@needs_executor
def test_what_is_not_needed_goes() -> None:
    with native() as lane:
        small = shrunk(lane, parse_program(LARGE), NO_ENTRY)
    assert small is not None
    assert [step.label for step in small.steps] == ["unlink", "openat_file"]
    assert small.steps[-1].args[-1] == 0o644


@needs_executor
def test_a_program_that_does_not_show_it_is_none() -> None:
    with native() as lane:
        assert shrunk(lane, parse_program(OPEN), NO_ENTRY) is None
