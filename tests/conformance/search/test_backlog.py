from __future__ import annotations

import threading
from errno import EACCES, EINVAL, ENOENT

import pytest

from conformance.model import Cause
from conformance.programs.execution import Execution
from conformance.programs.program import Program
from conformance.programs.wire import ProgramOutcome, State, encode
from conformance.search.backlog import FRUITLESS, OF_A_KIND, OF_A_KIND_WITH_FLAGS, Backlog
from conformance.search.compare import ERRNO, ProgramDifference, Signature
from conformance.search.finding import Finding, Pursued, Suspect
from conformance.syscalls.files.opening import O_APPEND, O_RDWR
from conformance.syscalls.machinery.call import errno_name
from conformance.syscalls.machinery.table import grammar
from tests.executors import program, text


def plainest_flags() -> int:
    """What open(2) is given where nothing else is asked for."""
    found = grammar()["open"].parameters[1].choices[0]
    assert isinstance(found, int)
    return found


def opening(flags: int = O_RDWR) -> Program:
    return program(("open", text("absent"), flags, 0))


def suspect(of: Program | None = None, *, says: int = EACCES, call: str = "open") -> Suspect:
    """Something that fails otherwise than with ENOENT."""
    found = ProgramDifference(0, call, ERRNO, errno_name(ENOENT), errno_name(says))
    return Suspect(of or opening(), found, "liar")


def pursued(
    of: Suspect, seen: str = "", *, lacking: frozenset[str] = frozenset(), refuted: frozenset[str] = frozenset()
) -> Pursued:
    """What came of it: a finding, if one is `seen`."""
    if not seen:
        return Pursued(of, 1, None, None, lacking, refuted)
    run = Execution(encode(of.program), ProgramOutcome(State.DONE))
    named = Signature(of.difference.call, ERRNO, seen, "", Cause.ORDER, of.target)
    return Pursued(of, 1, Finding(named, of.difference, run, run, "native", ("1", "2")), None, lacking, refuted)


def taken(backlog: Backlog) -> Suspect:
    found = backlog.take(0)
    assert found is not None
    return found


def test_what_waits_or_is_pursued_is_known_well_until_something_came_of_it() -> None:
    backlog, first = Backlog(), suspect()
    again = Suspect(program(("getpid",), ("open", text("absent"), O_RDWR, 0)), *_at(1))
    assert not backlog.is_known_well(first)
    backlog.put(first)
    assert backlog.is_known_well(again)
    assert backlog.is_known_well(first)
    assert taken(backlog) == first
    assert backlog.is_known_well(first)
    assert not backlog.learn(pursued(first))
    assert not backlog.is_known_well(first)


def test_other_errnos_and_other_flags_are_no_known_ones() -> None:
    backlog = Backlog()
    backlog.put(suspect())
    assert not backlog.is_known_well(suspect(says=EINVAL))
    assert not backlog.is_known_well(suspect(opening(O_APPEND)))


def test_kind_of_which_enough_was_found_is_known_well() -> None:
    backlog = Backlog()
    for at in range(OF_A_KIND_WITH_FLAGS):
        flags = suspect(opening(1 << at))
        assert not backlog.is_known_well(flags), at
        backlog.begin(flags)
        assert backlog.learn(pursued(flags, f"a finding {at}"))
        assert backlog.is_known_well(flags) is (at + 1 >= OF_A_KIND)
    assert backlog.is_known_well(suspect(opening(1 << 20)))


def test_kind_of_which_nothing_comes_is_left_alone() -> None:
    backlog = Backlog()
    for at in range(FRUITLESS):
        assert not backlog.is_known_well(suspect()), at
        backlog.begin(suspect())
        assert not backlog.learn(pursued(suspect()))
    assert backlog.is_known_well(suspect())


def test_program_whose_difference_has_the_name_of_a_finding_is_not_pursued() -> None:
    backlog = Backlog()
    backlog.put(suspect(opening(O_APPEND)))
    again = Suspect(program(("getpid",), ("open", text("absent"), O_APPEND, 0)), *_at(1))
    named = pursued(taken(backlog), "ENOENT - EACCES")
    assert named.finding is not None
    assert backlog.learn(named)
    plain = Suspect(program(("getpid",), ("open", text("absent"), plainest_flags(), 0)), *_at(1))
    assert backlog.is_known_well(plain), "the same name, which has no flags"
    assert not backlog.is_known_well(again), "with its flags, it has another"


def _at(step: int) -> tuple[ProgramDifference, str]:
    return ProgramDifference(step, "open", ERRNO, "ENOENT", "EACCES"), "liar"


def test_kinds_that_were_pursued_the_least_come_first() -> None:
    backlog = Backlog()
    backlog.begin(suspect())
    backlog.learn(pursued(suspect()))
    backlog.put(suspect(opening(O_APPEND)))
    backlog.put(suspect(says=EINVAL))
    assert [taken(backlog).difference.target for _ in range(2)] == ["EINVAL", "EACCES"]


def test_finding_is_new_once_and_only_if_it_is_worth_it() -> None:
    backlog = Backlog()
    assert backlog.learn(pursued(suspect(), "x"))
    assert not backlog.learn(pursued(suspect(), "x"))
    assert not Backlog(lambda _: False).learn(pursued(suspect(), "x"))


def test_finding_that_was_withdrawn_can_be_found_again() -> None:
    backlog = Backlog()
    assert backlog.learn(pursued(suspect(), "x"))
    backlog.withdraw(pursued(suspect(), "x"))
    assert backlog.learn(pursued(suspect(), "x"))


def test_what_a_target_lacks_is_pursued_once_by_whatever_route() -> None:
    backlog = Backlog()
    absent = [
        Suspect(opening(flags), ProgramDifference(0, "open", ERRNO, said, "ENOSYS"), "liar")
        for flags, said in ((O_RDWR, "ENOENT"), (O_APPEND, "success"), (0, "EFAULT"))
    ]
    assert not backlog.is_known_well(absent[0])
    backlog.put(absent[0])
    assert all(map(backlog.is_known_well, absent))
    backlog.learn(pursued(taken(backlog), "x", lacking=frozenset({"open"})))
    assert backlog.lacking == {"open"}
    assert all(map(backlog.is_known_well, absent))


def test_call_that_is_there_after_all_is_pursued_by_each_route() -> None:
    backlog = Backlog()
    one, other = (
        Suspect(opening(flags), ProgramDifference(0, "open", ERRNO, "ENOENT", "ENOSYS"), "liar") for flags in (2, 0x400)
    )
    backlog.put(one)
    backlog.learn(pursued(taken(backlog), "x", refuted=frozenset({"open"})))
    backlog.put(one)
    assert not backlog.is_known_well(other)


@pytest.mark.parametrize("everything", [False, True])
def test_closed_backlog_gives_out_what_waits_or_nothing(everything: bool) -> None:
    backlog = Backlog()
    backlog.put(suspect())
    backlog.close(everything=everything)
    assert backlog.closed
    assert (backlog.take() is not None) is everything
    assert len(backlog) == (0 if everything else 1)
    assert backlog.take() is None


def test_who_waits_is_told() -> None:
    backlog = Backlog()
    found: list[Suspect | None] = []
    waiting = threading.Thread(target=lambda: found.extend(backlog.take(60) for _ in range(2)))
    waiting.start()
    backlog.put(suspect())
    while not found:
        pass
    backlog.close(everything=True)
    waiting.join(10)
    assert found == [suspect(), None]
