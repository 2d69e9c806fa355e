from __future__ import annotations

import pytest

from conformance.model import (
    CaseInfo,
    CaseResult,
    End,
    Facts,
    FactsLine,
    Header,
    Line,
    Outcome,
    Plan,
    ResultLine,
    Start,
    Target,
    Trouble,
)
from conformance.run import session as sessions
from conformance.run.records import LONGEST_LINE
from conformance.run.selection import Selection
from conformance.run.session import Died, Session
from runners.base import Death, RunnerError
from tests.builders import facts
from tests.fakes import DEATH, SILENCE, FakeChannel, FakeGuest, FakeRunner, Said, greeting, line, says

ONE, TWO, THREE = CASES = [f"a/test_b.py::test_{name}" for name in ("one", "two", "three")]


def session(*said: Said, cases: list[str] = CASES, selection: Selection | None = None) -> Session:
    """With a guest that knows `cases` and answers every request with `said`."""
    return Session(FakeRunner(cases, lambda _: said), selection or Selection())


def lines_of(opened: Session, *cases: str) -> tuple[list[Line], Died | None]:
    """What came when these cases were to be run, and how the guest died, if it did."""
    found: list[Line] = []
    try:
        for each in opened.run(cases):
            found.append(each)
    except Died as death:
        return found, death
    return found, None


def died(*said: Said) -> Died:
    """How a guest died that said this when it was to run two cases."""
    _, death = lines_of(session(*said), ONE, TWO)
    assert death is not None
    return death


# The start


def test_a_guest_says_what_it_is_and_which_cases_it_has() -> None:
    opened = session()
    assert isinstance(opened.facts, Facts)
    assert opened.facts.made_by == "a fake"
    assert [info.id for info in opened.cases] == CASES


def test_only_selected_cases_are_planned() -> None:
    assert [info.id for info in session(selection=Selection(expression="two or three")).cases] == [TWO, THREE]


def test_the_suite_is_started_with_what_the_guest_needs() -> None:
    runner = FakeRunner(CASES)
    Session(runner, Selection(timeout=7.0))
    (guest,) = runner.guests
    assert guest.spawned[:3] == ["python", "-m", "conformance.guest.serve"]
    assert "--rootdir=/conformance" in guest.spawned
    assert "--conformance-case-timeout=7.0" in guest.spawned
    assert "--conformance-slowdown=1.0" in guest.spawned
    assert "--conformance-profile=gate" in guest.spawned
    assert "--conformance-disposable" not in guest.spawned
    assert guest.spawned[-1] == "/conformance/cases"


def test_cases_that_may_harm_a_machine_are_asked_for_in_a_guest_that_is_thrown_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(FakeGuest, "disposable", True)
    runner = FakeRunner(CASES)
    Session(runner, Selection())
    assert "--conformance-disposable" in runner.guests[0].spawned


def test_the_suite_is_told_the_profile_and_may_be_silent_for_longer() -> None:
    runner = FakeRunner(CASES)
    opened = Session(runner, Selection(timeout=7.0, profile="nightly"))
    assert "--conformance-profile=nightly" in runner.guests[0].spawned
    assert opened._silence == 7.0 * 20 + sessions.SILENCE_SECONDS


def test_a_guest_is_told_when_the_suite_is_ready() -> None:
    runner = FakeRunner(CASES)
    Session(runner, Selection())
    assert runner.guests[0].is_ready


@pytest.mark.parametrize(
    ("first", "outcome"),
    [([DEATH], Outcome.CRASH), ([SILENCE], Outcome.HANG), ([line(FactsLine(facts())), DEATH], Outcome.CRASH)],
)
def test_a_guest_that_dies_before_it_is_ready_is_closed(first: list[Said], outcome: Outcome) -> None:
    runner = FakeRunner(CASES, first=first)
    with pytest.raises(Died) as found:
        Session(runner, Selection())
    assert (found.value.outcome, found.value.case) == (outcome, None)
    assert runner.guests[0].closed


@pytest.mark.parametrize("first", [Start(ONE), End(), Header(Target("x", "y"), "run")])
def test_a_guest_that_speaks_out_of_turn_is_closed(first: Line) -> None:
    runner = FakeRunner(CASES, first=[line(first)])
    with pytest.raises(RunnerError, match="spoke out of turn"):
        Session(runner, Selection())
    assert runner.guests[0].closed


def test_malformed_lines_before_the_plan_are_troubles() -> None:
    runner = FakeRunner(CASES, first=[b"warning: something\n", *greeting(CASES)])
    assert [each.message[:40] for each in Session(runner, Selection()).troubles] == [
        "a malformed line came from the guest: JS"
    ]


def test_a_session_closes_its_guest() -> None:
    runner = FakeRunner(CASES)
    with Session(runner, Selection()):
        assert not runner.guests[0].closed
    assert runner.guests[0].closed


# Running


def test_lines_come_as_the_guest_sends_them_up_to_the_end() -> None:
    found, death = lines_of(session(says(ONE), says(TWO), line(End()), b"more\n"), ONE, TWO)
    assert [type(each) for each in found] == [Start, ResultLine, Start, ResultLine]
    assert death is None


def test_lines_may_come_in_any_pieces() -> None:
    said = says(ONE) + line(End())
    found, death = lines_of(session(*[said[at : at + 1] for at in range(len(said))]), ONE)
    assert [type(each) for each in found] == [Start, ResultLine]
    assert death is None


def test_nothing_is_asked_for_when_there_is_nothing_to_run() -> None:
    runner = FakeRunner(CASES)
    assert list(Session(runner, Selection()).run([])) == []
    assert runner.guests[0].channel.requests == []


def test_a_malformed_line_is_a_trouble_and_the_others_come() -> None:
    found, _ = lines_of(session(b"\x1b[31mred\n", says(ONE), b"{}\n", line(End())), ONE)
    assert [type(each) for each in found] == [Trouble, Start, ResultLine, Trouble]


def test_a_result_for_another_case_is_a_trouble_and_no_result() -> None:
    forged = line(ResultLine(CaseResult("b/test_other.py::test", "", Outcome.PASSED)))
    found, _ = lines_of(session(forged, says(ONE), line(End())), ONE)
    assert [each for each in found if not isinstance(each, Start | ResultLine)] == [
        Trouble("a result came for 'b/test_other.py::test', which was not asked for")
    ]
    assert [each.result.case for each in found if isinstance(each, ResultLine)] == [ONE]


# Death


def test_the_end_of_the_stream_is_a_crash_of_the_case_that_ran() -> None:
    death = died(says(ONE), line(Start(TWO)), DEATH)
    assert (death.outcome, death.case) == (Outcome.CRASH, TWO)


def test_silence_is_a_hang_of_the_case_that_ran() -> None:
    death = died(line(Start(ONE)), SILENCE)
    assert (death.outcome, death.case) == (Outcome.HANG, ONE)
    assert "the guest was silent for 50 s" in death.message


def test_between_cases_no_case_is_to_blame() -> None:
    assert died(says(ONE), DEATH).case is None


def test_half_a_line_at_the_end_is_not_taken_for_a_whole_one() -> None:
    death = died(line(Start(ONE)), says(ONE)[:-9], DEATH)
    assert (death.outcome, death.case) == (Outcome.CRASH, ONE)


def test_a_line_without_end_is_the_end_of_the_guest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "LONGEST_LINE", 1000)
    death = died(line(Start(ONE)), *[b"x" * 300] * 10)
    assert (death.outcome, death.case) == (Outcome.CRASH, ONE)
    assert "a line of more than 1000 bytes" in death.message
    assert LONGEST_LINE > 1000


def test_a_guest_that_takes_no_request_is_dead() -> None:
    runner = FakeRunner(CASES)
    opened = Session(runner, Selection())
    runner.guests[0].channel.broken = True
    _, death = lines_of(opened, ONE)
    assert death is not None
    assert (death.outcome, death.case) == (Outcome.CRASH, None)


def test_the_last_words_of_a_guest_are_told_with_how_it_died() -> None:
    class Panicking(FakeRunner):
        def open(self) -> FakeGuest:
            channel = FakeChannel(greeting(CASES), lambda _: [line(Start(ONE)), DEATH])
            console = "".join(f"line {number}\n" for number in range(20)) + "Kernel panic - not syncing\n"
            return FakeGuest(channel, console, Death.PANIC)

    _, death = lines_of(Session(Panicking(CASES), Selection()), ONE)
    assert death is not None
    assert death.message.startswith("panic: the suite in the guest ended; it said: line 15 / ")
    assert death.message.endswith("Kernel panic - not syncing")


def test_an_interrupted_session_ends_the_guests_process() -> None:
    runner = FakeRunner(CASES, lambda _: [line(Start(ONE))])
    opened = Session(runner, Selection())
    opened.interrupt()
    _, death = lines_of(opened, ONE)
    assert death is not None
    assert runner.guests[0].channel.killed


def test_plans_and_facts_in_the_middle_change_nothing() -> None:
    opened = session(line(Plan([CaseInfo("x", "")])), line(FactsLine(facts(release="9.9"))), says(ONE), line(End()))
    lines_of(opened, ONE)
    assert [info.id for info in opened.cases] == CASES
    assert opened.facts
    assert opened.facts.release == "6.1.0"
