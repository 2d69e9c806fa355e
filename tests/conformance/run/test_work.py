from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from conformance.programs.cases import CaseProgram
from conformance.run.pace import weights
from conformance.run.programs import selected
from conformance.run.selection import Selection
from conformance.run.work import BATCH, PAYS, SMALLEST_BATCH, Task, Work

CASES = [f"a/test_b.py::test_{number:03}" for number in range(200)]
BOTH = tuple(Task)
PATIENCE = 30.0


def work(
    cases: list[str] | None = None,
    programs: list[CaseProgram] | None = None,
    hands: int = 1,
    seconds: Mapping[str, float] | None = None,
) -> Work:
    cases, programs = CASES if cases is None else cases, programs or []
    weighed = weights(cases, programs, seconds or {})
    return Work(cases, programs, range(hands), first=True, weights=weighed)


def joined(dealt: Work, hands: int) -> Work:
    """In which so many hands have begun, each in an open guest."""
    for hand in range(hands):
        assert dealt.next(hand, Task.CASES, BOTH)
    return dealt


def parts(dealt: Work) -> list[list[str]]:
    """All cases, as they are dealt out."""
    return list(iter(dealt.cases, []))


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[CaseProgram]:
    """300 programs, of which every third needs a process of its own."""
    monkeypatch.setattr("conformance.places.CASES", tmp_path)
    (tmp_path / "area").mkdir()
    text = [f"p{at}:\n    {'setsid()' if at % 3 == 0 else 'umask(0)'}\n" for at in range(300)]
    (tmp_path / "area" / "x.calls").write_text("\n".join(text))
    return list(selected(Selection()).by_id.values())


# What is dealt out


def test_one_hand_gets_all_cases_at_once_in_their_order() -> None:
    assert parts(work()) == [CASES]


def test_several_hands_get_parts_that_become_smaller_and_hold_each_case_once() -> None:
    found = parts(joined(work(hands=3), 3))
    assert [case for part in found for case in part] == CASES
    sizes = list(map(len, found))
    assert sizes == sorted(sizes, reverse=True)
    assert (sizes[0], sizes[-1]) == (33, 1)
    assert len(sizes) < 40, "each is a round trip"


def test_what_is_left_when_no_other_hand_has_begun_or_would_is_one_part() -> None:
    dealt = work(CASES[: PAYS[Task.CASES]], hands=2)
    assert dealt.next(0, Task.CASES, ()) is Task.CASES
    assert parts(dealt) == [CASES[: PAYS[Task.CASES]]]


def test_no_part_takes_long_and_what_took_long_earlier_comes_first() -> None:
    seconds = {case: 20.0 if case in CASES[-2:] else 0.1 for case in CASES}
    found = parts(joined(work(hands=2, seconds=seconds), 2))
    assert found[:2] == [[CASES[-2]], [CASES[-1]]]
    assert sorted(case for part in found for case in part) == CASES


def test_one_hand_gets_the_cases_in_their_order_however_long_they_take() -> None:
    assert parts(work(seconds={CASES[-1]: 20.0})) == [CASES]


def test_cases_of_which_nothing_is_known_are_taken_for_usual_ones() -> None:
    found = parts(joined(work(hands=2, seconds={CASES[7]: 100.0, CASES[8]: 0.0}), 2))
    assert found[0][0] == CASES[7]
    assert sorted(case for part in found for case in part) == CASES


def test_programs_come_in_batches_and_those_that_may_share_a_process_first(programs: list[CaseProgram]) -> None:
    dealt = work([], programs)
    found = list(iter(dealt.batch, []))
    assert list(map(len, found)) == [BATCH] * 4 + [300 - 4 * BATCH]
    alone = [int(each.info.id.partition("::p")[2]) % 3 == 0 for batch in found for each in batch]
    assert alone == [False] * 200 + [True] * 100


def test_batches_of_several_hands_become_smaller_so_that_all_end_together(programs: list[CaseProgram]) -> None:
    found = list(map(len, iter(joined(work([], programs, hands=3), 3).batch, [])))
    assert sum(found) == 300
    assert max(found) <= BATCH
    assert found == sorted(found, reverse=True)
    assert SMALLEST_BATCH in found


# Who does what


def test_a_hand_does_first_what_it_prefers_and_then_the_other(programs: list[CaseProgram]) -> None:
    dealt = work(CASES, programs, hands=2)
    assert dealt.next(0, Task.CASES, ()) is Task.CASES
    assert dealt.next(1, Task.PROGRAMS, ()) is Task.PROGRAMS
    while dealt.batch():
        pass
    assert dealt.next(1, Task.PROGRAMS, BOTH) is Task.CASES


def test_no_further_guest_is_opened_for_little() -> None:
    few = CASES[: 2 * PAYS[Task.CASES] - 1]
    dealt = work(few, hands=2)
    waiting = threading.Thread(target=dealt.next, args=(1, Task.PROGRAMS, ()), daemon=True)
    waiting.start()
    waiting.join(0.1)
    assert waiting.is_alive()
    dealt.end()
    waiting.join(PATIENCE)
    assert not waiting.is_alive()


def test_a_guest_that_is_open_is_used_for_whatever_is_left() -> None:
    dealt = work(CASES[:1], hands=2)
    assert dealt.next(1, Task.PROGRAMS, BOTH) is Task.CASES


def test_a_further_guest_is_opened_for_enough() -> None:
    assert work(CASES[: 2 * PAYS[Task.CASES]], hands=2).next(1, Task.PROGRAMS, ()) is Task.CASES


def test_the_first_that_is_left_takes_however_little_there_is() -> None:
    dealt = work(CASES[:1], hands=2)
    assert dealt.leave(0) == 1
    assert dealt.next(1, Task.PROGRAMS, ()) is Task.CASES


# To its end


def test_a_hand_waits_for_what_others_may_give_back() -> None:
    dealt = work(hands=2)
    assert dealt.next(0, Task.CASES, BOTH) is Task.CASES
    taken = [case for part in parts(dealt) for case in part]
    found: list[Task | None] = []
    other = threading.Thread(target=lambda: found.append(dealt.next(1, Task.PROGRAMS, BOTH)), daemon=True)
    other.start()
    other.join(0.1)
    assert not found
    dealt.give_back(cases=taken[5:])
    assert dealt.leave(0) == 1
    other.join(PATIENCE)
    assert found == [Task.CASES]
    assert parts(dealt) == [CASES[5:]]
    assert dealt.next(1, Task.PROGRAMS, BOTH) is None


def test_it_is_over_when_nothing_is_left_and_nobody_does_anything() -> None:
    dealt = work()
    assert dealt.next(0, Task.CASES, BOTH) is Task.CASES
    dealt.cases()
    assert dealt.next(0, Task.CASES, BOTH) is None
    dealt.wait()
    assert dealt.failure is None


def test_nobody_begins_anything_after_its_end_and_its_first_failure_is_kept() -> None:
    dealt = work(hands=2)
    first = ZeroDivisionError()
    dealt.end(first)
    dealt.end(KeyError())
    assert dealt.next(0, Task.CASES, BOTH) is None
    dealt.wait()
    assert dealt.failure is first


def test_its_end_is_waited_for_until_nobody_is_busy() -> None:
    dealt = work(hands=2)
    assert dealt.next(1, Task.CASES, BOTH) is Task.CASES
    dealt.end()
    waiting = threading.Thread(target=dealt.wait, daemon=True)
    waiting.start()
    waiting.join(0.1)
    assert waiting.is_alive()
    dealt.leave(1)
    waiting.join(PATIENCE)
    assert not waiting.is_alive()


def test_nothing_to_do_is_over_at_once() -> None:
    dealt = work([], hands=2)
    assert dealt.next(0, Task.CASES, ()) is None
    dealt.wait()
