from __future__ import annotations

from pathlib import Path

import pytest

from conformance import places
from conformance.model import CaseInfo, CaseResult, Facts, Outcome, Target
from conformance.protocol.lines import (
    LONGEST_LINE,
    Collecting,
    End,
    FactsLine,
    Header,
    Line,
    Plan,
    ResultLine,
    Start,
    Trouble,
)
from conformance.run import session as sessions
from conformance.run.conduct import Conduct
from conformance.run.selection import Selection
from conformance.run.session import Died, Session
from runners.base import About, Death, Ending, RunnerError
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
    Session(runner, Selection(), Conduct(timeout=7.0))
    (guest,) = runner.guests
    assert guest.spawned[:3] == ["python", "-m", "conformance.guest.serve"]
    assert "--rootdir=/conformance" in guest.spawned
    assert "--conformance-case-timeout=7.0" in guest.spawned
    assert "--conformance-slowdown=1.0" in guest.spawned
    assert "--conformance-disposable" not in guest.spawned
    assert guest.spawned[-1] == "/conformance/cases"


def test_cases_that_may_harm_a_machine_are_asked_for_in_a_guest_that_is_thrown_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(FakeGuest, "about", About("a fake", disposable=True))
    runner = FakeRunner(CASES)
    Session(runner, Selection())
    assert "--conformance-disposable" in runner.guests[0].spawned


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of cases that has two modules."""
    for name in ("a/test_b.py", "c/test_d.py"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).touch()
    monkeypatch.setattr(places, "CASES", tmp_path)
    return tmp_path


def asked_to_collect(selection: Selection) -> list[str]:
    """The paths that a guest is given."""
    runner = FakeRunner(CASES)
    Session(runner, selection)
    return [word for word in runner.guests[0].spawned if word.startswith("/conformance/cases")]


@pytest.mark.usefixtures("tree")
def test_a_guest_collects_what_was_asked_for_as_far_as_it_is_there() -> None:
    assert asked_to_collect(Selection(("a",))) == ["/conformance/cases/a"]
    chosen = Selection(cases=("c/test_d.py::test_x", "gone/test_y.py::test_z"))
    assert asked_to_collect(chosen) == ["/conformance/cases/c/test_d.py"]
    assert asked_to_collect(Selection(cases=("gone/test_y.py::test_z",))) == ["/conformance/cases"]
    assert asked_to_collect(Selection()) == ["/conformance/cases"]


@pytest.mark.usefixtures("tree")
def test_a_module_that_must_not_be_imported_is_not_named_to_the_guest() -> None:
    """One that is named is imported, whatever pytest is told to ignore."""
    runner = FakeRunner(CASES)
    Session(runner, Selection(("a/test_b.py", "c")), without=("a/test_b.py",))
    Session(runner, Selection(("a/test_b.py",)), without=("a/test_b.py",))
    named = [[word for word in guest.spawned if word.startswith("/conformance/cases")] for guest in runner.guests]
    assert named == [["/conformance/cases/c"], ["/conformance/cases"]]


@pytest.mark.usefixtures("tree")
def test_a_guest_that_is_remembered_collects_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeGuest, "is_kept", True)
    assert asked_to_collect(Selection(("a",))) == ["/conformance/cases"]


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
    assert (death.outcome, death.case) == (Outcome.ERROR, ONE)
    assert "a line of more than 1000 bytes" in death.message
    assert LONGEST_LINE > 1000


# Talk


class Talker(FakeChannel):
    """Says the same for ever once it was asked, and each time a second passes."""

    def __init__(self, said: bytes) -> None:
        super().__init__(greeting(CASES), lambda _: [])
        self._talk = said
        self.seconds = 0.0

    def read(self, timeout: float | None = None) -> bytes:
        """See `Channel`."""
        self.seconds += 1
        return self._talk if self.requests else super().read(timeout)


TALK = {
    "newlines": b"\n" * 4096,
    "a newline at a time": b"\n",
    "lines that are none": b"[  1.0] all is well\n" * 100,
    "lines of no kind": b'{"kind":"gossip"}\n',
    "starts": line(Start(ONE)),
    "starts of all cases": line(Start(ONE)) + line(Start(TWO)),
    "starts of no case": line(Start("a/test_b.py::test_nonsense")),
    "the same result": says(ONE),
    "results of no case": says("a/test_b.py::test_nonsense"),
    "results without a start": line(ResultLine(CaseResult(TWO, "", Outcome.PASSED))),
    "troubles": line(Trouble("help")),
    "long troubles": line(Trouble("help" * 100_000)),
    "plans": line(Plan([CaseInfo(ONE, "")])),
    "facts": line(FactsLine(facts())),
    "headers": line(Header(Target("x", "y"), "run")),
    "modules": line(Collecting("a/test_b.py")),
    "half a line": b"x" * 4096,
    "large lines": b"x" * (LONGEST_LINE - 1) + b"\n",
}


@pytest.mark.parametrize("kind", TALK)
def test_a_guest_that_goes_on_talking_is_ended_and_little_of_it_is_kept(kind: str) -> None:
    channel = Talker(TALK[kind])
    runner = FakeRunner(CASES)
    runner.open = lambda: FakeGuest(channel)  # type: ignore[method-assign] # it opens this one
    found, death = lines_of(Session(runner, Selection(), clock=lambda: channel.seconds), ONE, TWO)
    assert death is not None
    assert death.outcome in (Outcome.HANG, Outcome.ERROR)
    assert ("without getting on" if death.outcome is Outcome.HANG else "more than") in death.message
    assert channel.seconds < 1200
    results = [each.result.case for each in found if isinstance(each, ResultLine)]
    assert results == ([ONE] if kind == "the same result" else [])
    troubles = [each for each in found if isinstance(each, Trouble)]
    assert len(troubles) <= sessions.TROUBLES + 1
    assert sum(len(line(each)) for each in found) < 100_000


def test_results_are_bounded_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "GUEST_BYTES", 10_000)
    many = [f"a/test_b.py::test_{number}" for number in range(10)]
    large = [line(Start(case)) + line(ResultLine(CaseResult(case, "", Outcome.PASSED, "x" * 3000))) for case in many]
    found, death = lines_of(session(*large, line(End()), cases=many), *many)
    assert death is not None
    assert (death.outcome, death.case) == (Outcome.ERROR, None)
    assert len([each for each in found if isinstance(each, ResultLine)]) == 2


def test_the_clock_of_a_case_starts_with_it_and_no_talk_winds_it_up() -> None:
    now = [0.0]

    class Slow(FakeChannel):
        def read(self, timeout: float | None = None) -> bytes:
            now[0] += 20
            if timeout is not None and timeout < 20:
                raise TimeoutError
            return super().read(timeout)

    def opened(*said: Said) -> Session:
        runner = FakeRunner(CASES)
        channel = Slow(greeting(CASES), lambda _: said)
        runner.open = lambda: FakeGuest(channel)  # type: ignore[method-assign] # it opens this one
        return Session(runner, Selection(), clock=lambda: now[0])

    assert lines_of(opened(says(ONE), says(TWO), line(End())), ONE, TWO)[1] is None
    noisy = [b"gossip\n", b"gossip\n", says(ONE), line(End())]
    _, death = lines_of(opened(line(Start(ONE)), *noisy), ONE)
    assert death is not None
    assert (death.outcome, death.case) == (Outcome.HANG, ONE)
    assert "talked without getting on for 50 s" in death.message


def test_the_troubles_of_a_guest_are_counted_and_the_last_says_that_there_are_more() -> None:
    talk = [line(Trouble(f"trouble {number}", fatal=True, lost="x")) for number in range(100)]
    found, death = lines_of(session(*talk, says(ONE), line(End())), ONE)
    assert death is None
    assert [each for each in found if isinstance(each, Trouble)] == [
        *(Trouble(f"trouble {number}") for number in range(sessions.TROUBLES)),
        Trouble(f"and more: the guest has told more than {sessions.TROUBLES} troubles"),
    ]


def test_cases_without_a_result_are_told_at_the_end() -> None:
    found, death = lines_of(session(says(ONE), line(End())), ONE, TWO)
    assert death is None
    assert found[-1] == Trouble(f"no result came for 1 case that it was asked for: {TWO}")


# Collecting


def test_the_module_that_was_imported_last_is_named_when_the_guest_dies() -> None:
    for end, outcome in ((DEATH, Outcome.CRASH), (SILENCE, Outcome.HANG)):
        said = [line(Collecting("a")), line(Collecting("a/test_b.py")), line(Collecting("a/test_c.py")), end]
        with pytest.raises(Died) as found:
            Session(FakeRunner(CASES, first=said), Selection())
        assert (found.value.outcome, found.value.collecting, found.value.case) == (outcome, "a/test_c.py", None)


def test_a_module_that_prints_for_ever_is_named() -> None:
    said = [line(Collecting("a/test_b.py")), *[b"gossip\n"] * (sessions.NOISE_LINES + 1)]
    with pytest.raises(Died) as found:
        Session(FakeRunner(CASES, first=said), Selection())
    assert (found.value.outcome, found.value.collecting) == (Outcome.ERROR, "a/test_b.py")


def test_collecting_ends_in_time_however_many_modules_there_seem_to_be() -> None:
    now = [0.0]

    class Endless(FakeChannel):
        def read(self, timeout: float | None = None) -> bytes:
            now[0] += 1
            return line(Collecting(f"a/test_{now[0]}.py"))

    runner = FakeRunner(CASES)
    channel = Endless([], lambda _: [])
    runner.open = lambda: FakeGuest(channel)  # type: ignore[method-assign] # it opens this one
    with pytest.raises(Died, match="collecting the cases took more than 120 s"):
        Session(runner, Selection(), clock=lambda: now[0])
    assert now[0] <= sessions.COLLECT_SECONDS + 2


def test_a_guest_is_told_which_modules_it_must_leave_alone() -> None:
    runner = FakeRunner(CASES)
    Session(runner, Selection(), without=["a/test_c.py", "b"])
    assert runner.guests[0].spawned[-3:] == [
        "--ignore=/conformance/cases/a/test_c.py",
        "--ignore=/conformance/cases/b",
        "/conformance/cases",
    ]


@pytest.mark.parametrize(
    ("paths", "lost"),
    [
        ((), True),
        (("a",), True),
        (("a/test_b.py",), True),
        (("a/test_b.py::test_one",), True),
        (("b", "a/test_b.py::test_one[x]"), True),
        (("a/test_c.py",), False),
        (("b",), False),
    ],
)
def test_a_module_that_was_not_selected_is_not_lost(paths: tuple[str, ...], lost: bool) -> None:
    runner = FakeRunner(CASES, first=[line(Trouble("no", lost="a/test_b.py")), *greeting(CASES)])
    (trouble,) = Session(runner, Selection(paths=paths)).troubles
    assert trouble == Trouble("no", lost="a/test_b.py" if lost else "")


def test_lost_modules_are_all_named() -> None:
    many = [line(Trouble("no", lost=f"a/test_{number}.py")) for number in range(100)] * 2
    found = Session(FakeRunner(CASES, first=[*many, *greeting(CASES)]), Selection()).troubles
    assert [each.lost for each in found] == [f"a/test_{number}.py" for number in range(100)]


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
            return FakeGuest(channel, console, Death(Ending.PANIC))

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
