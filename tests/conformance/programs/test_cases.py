from __future__ import annotations

from pathlib import Path

import pytest

from conformance.matrix.compare import difference
from conformance.matrix.normalise import Normal, normalise
from conformance.model import Outcome
from conformance.programs.cases import CaseProgram, Given, info_of, outcome_of
from conformance.programs.execution import Execution
from conformance.programs.listed import Listed
from conformance.programs.notation.model import Listing
from conformance.programs.notation.parse import parse_file
from conformance.programs.wire import LOST, ProgramOutcome, State, encode

OURS = Given({"kernel": "6.18.1"}, root=True, machine="x86_64")


def program(text: str) -> Listing:
    """The program of a file that has one."""
    (found,) = parse_file(text, "one.calls").programs
    return found


def came_to(text: str, *results: int, state: State = State.DONE, given: Given = OURS) -> tuple[Outcome, str]:
    """What a program comes to whose calls end so."""
    listing = program(text)
    outcome = ProgramOutcome(state, results=tuple((result, ()) for result in results))
    return outcome_of(listing, Execution(encode(listing.program), outcome), given)


def test_a_program_that_keeps_all_promises_has_passed() -> None:
    assert came_to("one:\n    getpid() >= 1\n    close(7) = -1 EBADF\n", 41, -9) == (Outcome.PASSED, "")


@pytest.mark.parametrize(
    ("text", "results", "outcome", "message"),
    [
        (
            "one:\n    close(7) = -1 EBADF\n",
            (-5,),
            Outcome.FAILED,
            "call 0, close: -1 EIO, and Linux promises -1 EBADF",
        ),
        ("one:\n    close(7) = ok\n", (-38,), Outcome.MISSING, "close: ENOSYS"),
        ("one:\n    socket(1, 1, 0) = ok or missing\n", (-97,), Outcome.MISSING, "socket: EAFNOSUPPORT"),
        (
            "one:\n    socket(1, 1, 0) = ok\n",
            (-97,),
            Outcome.FAILED,
            "call 0, socket: -1 EAFNOSUPPORT, and Linux promises success",
        ),
    ],
)
def test_what_is_broken_and_what_is_not_there_are_told_apart(
    text: str, results: tuple[int, ...], outcome: Outcome, message: str
) -> None:
    assert came_to(text, *results) == (outcome, message)


def ending(state: State, detail: int = 0) -> Normal:
    """What a matrix compares of a program that ends so in its only call, of which nothing is promised."""
    case_of = case("one:\n    load(UNMAPPED)\n")
    found = Execution(case_of.encoded(own=True), ProgramOutcome(state, detail))
    result = case_of.result(found, OURS)
    assert result.outcome is Outcome.PASSED
    return normalise(result)


def test_two_that_end_otherwise_are_not_the_same_where_no_end_is_promised() -> None:
    blocked, killed = ending(State.BLOCKED), ending(State.DIED, 11)
    assert difference(blocked, ending(State.BLOCKED)) is None
    found = difference(killed, blocked)
    assert found is not None
    assert "blocked" in found.message
    assert difference(ending(State.DIED, 7), killed) is not None


def test_the_first_call_that_departs_decides() -> None:
    text = "one:\n    socket(1, 1, 0) = ok or missing\n    close(7) = 0\n"
    assert came_to(text, -97, -9)[0] is Outcome.MISSING
    assert came_to("one:\n    close(7) = 0\n    socket(1, 1, 0) = ok or missing\n", -9, -97)[0] is Outcome.FAILED


def test_nothing_is_promised_of_a_kernel_that_a_condition_leaves_out() -> None:
    text = "one: [kernel >= 6.3]\n    close(7) = ok\n"
    assert came_to(text, -9)[0] is Outcome.FAILED
    older = Given({"kernel": "6.1.0"}, root=True, machine="x86_64")
    assert came_to(text, -9, given=older) == (Outcome.PASSED, "")


@pytest.mark.parametrize("state", [State.MALFORMED, State.HARNESS])
def test_a_program_that_was_not_run_says_nothing_of_the_target(state: State) -> None:
    assert came_to("one:\n    getpid()\n", state=state)[0] is Outcome.ERROR


def test_a_program_that_takes_its_executor_along_is_a_crash() -> None:
    listing = program("one:\n    getpid()\n")
    assert outcome_of(listing, Execution.read(encode(listing.program), LOST), OURS)[0] is Outcome.CRASH


def case(text: str) -> CaseProgram:
    """A program as a case."""
    listing = program(text)
    return CaseProgram(info_of(Listed(Path("x.calls"), listing.name, text, 1, "Title"), "area/x.calls"), listing)


def test_a_case_has_the_id_of_its_file_and_name() -> None:
    info = case("one-thing:\n    getpid()\n").info
    assert (info.id, info.title, info.feature) == ("area/x.calls::one-thing", "one thing", "Title")


@pytest.mark.parametrize(
    ("text", "given", "why"),
    [
        ("one: needs root\n    getpid()\n", OURS, ""),
        ("one: needs root\n    getpid()\n", Given({}, root=False, machine="x86_64"), "needs root"),
        ("one:\n    getpid()\n", Given({}, root=False, machine="x86_64"), ""),
        ("one:\n    getpid()\n", Given({}, root=True, machine="aarch64"), "written for x86_64"),
    ],
)
def test_what_a_program_lacks_keeps_it_from_being_run(text: str, given: Given, why: str) -> None:
    assert case(text).lacking(given) == why
    assert case(text).skipped(why).outcome is Outcome.SKIPPED


def test_a_program_may_block_if_it_does_on_some_kernel() -> None:
    assert case("one:\n    pause() blocks [kernel < 6.3]\n        = -1 EINTR [kernel >= 6.3]\n").may_block
    assert not case("one:\n    getpid()\n").may_block
