from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from conformance.programs.harmful import is_allowed
from conformance.programs.program import (
    MOST_CALLS,
    MOST_MEMORY,
    NO_RESOURCE,
    Memory,
    Program,
    ProgramCall,
    Ref,
    from_json,
    to_json,
)
from conformance.search import bind
from conformance.search.bind import Call, Made, complete, is_a, makers, makes, used_families
from conformance.syscalls.machinery.choices import Blob, LengthOf, Use, room
from conformance.syscalls.machinery.table import grammar
from tests.conformance.search.drawn import LABELS, calls, faults, memories_of, odd_raws, raws


def plain(label: str) -> Call:
    """A call of which every argument is the plainest."""
    return Call(label, tuple(each.choices[0] for each in grammar()[label].parameters))


def labels(program: Program) -> list[str]:
    return [step.label for step in program.steps]


# Total


@settings(deadline=None, max_examples=200)
@given(raws() | odd_raws())
def test_any_list_of_calls_makes_a_valid_program(raw: list[Call]) -> None:
    program = complete(raw)
    assert faults(program) == []
    assert len(program.steps) <= MOST_CALLS
    assert sum(len(each.data) for each in memories_of(program)) <= MOST_MEMORY
    if program.steps:
        assert from_json(to_json(program)) == program


@settings(deadline=None, max_examples=100)
@given(raws(), st.data())
def test_a_program_stays_valid_when_calls_are_added_removed_or_swapped(raw: list[Call], data: st.DataObject) -> None:
    changed = data.draw(st.permutations(raw))
    del changed[data.draw(st.integers(0, len(changed) - 1))]
    changed.insert(data.draw(st.integers(0, len(changed))), data.draw(calls()))
    assert faults(complete(changed)) == []


@settings(deadline=None, max_examples=100)
@given(raws())
def test_the_calls_of_a_list_come_in_its_order(raw: list[Call]) -> None:
    program = complete(raw)
    assume(len(program.steps) < MOST_CALLS)
    found = iter(labels(program))
    assert all(call.label in found for call in raw), "some calls may come before them, none is lost"


@settings(deadline=None, max_examples=50)
@given(raws())
def test_the_same_list_makes_the_same_program(raw: list[Call]) -> None:
    assert complete(raw) == complete(list(raw))


def test_no_calls_make_an_empty_program() -> None:
    assert complete([]) == Program(())


# Limits


def test_a_program_has_no_more_calls_than_can_be_run() -> None:
    assert len(complete([plain("getpid")] * (MOST_CALLS + 5)).steps) == MOST_CALLS


def test_a_call_that_needs_a_resource_is_complete_at_the_limit_too() -> None:
    program = complete([*[plain("getpid")] * (MOST_CALLS - 1), plain("epoll_wait"), plain("getpid")])
    assert len(program.steps) == MOST_CALLS
    assert program.steps[-1].label == "epoll_wait"
    assert program.steps[-1].args[0] == NO_RESOURCE


def test_memory_beyond_what_there_is_is_null() -> None:
    large = Call("read", (0, room(MOST_MEMORY // 2), LengthOf()))
    program = complete([large] * 3)
    assert program.steps[0].args == (0, Memory(bytes(MOST_MEMORY // 2), room=True), MOST_MEMORY // 2)
    assert program.steps[2].args == (0, 0, 0)


def test_only_so_many_calls_are_inserted_in_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    assert labels(complete([plain("process_madvise")]))[:2] == ["getpid", "pidfd_open"]
    monkeypatch.setattr(bind, "MOST_DEPTH", 1)
    program = complete([plain("process_madvise")])
    assert labels(program)[0] == "pidfd_open"
    assert program.steps[0].args[0] == NO_RESOURCE


# Resources


def test_a_resource_that_nothing_has_made_is_made_first() -> None:
    program = complete([plain("epoll_wait")])
    assert labels(program) == ["epoll_create1", "epoll_wait"]
    assert program.steps[1].args[0] == Ref(0)


def test_a_resource_that_is_there_is_used() -> None:
    program = complete([plain("epoll_create1"), plain("epoll_wait"), plain("epoll_wait")])
    assert labels(program) == ["epoll_create1", "epoll_wait", "epoll_wait"]
    assert [step.args[0] for step in program.steps[1:]] == [Ref(0), Ref(0)]


def test_which_one_is_counted_from_the_last() -> None:
    made = [Call("epoll_create1", (0,))] * 3
    use = [Call("close", (Use("fd", which),)) for which in (0, 1, 2, 7)]
    assert [step.args[0] for step in complete([*made, *use]).steps[3:]] == [Ref(2), Ref(1), Ref(0), Ref(0)]


def test_a_resource_of_a_narrower_family_will_do_but_none_of_a_wider_one() -> None:
    program = complete([plain("epoll_create1"), Call("close", (Use("fd"),)), Call("listen", (Use("fd:socket"), 1))])
    assert labels(program) == ["epoll_create1", "close", "socket_unix_stream", "listen"]
    assert (program.steps[1].args[0], program.steps[3].args[0]) == (Ref(0), Ref(2))
    assert is_a("fd:socket:unix", "fd:socket")
    assert is_a("fd", "fd")
    assert not is_a("fd", "fd:socket")
    assert not is_a("fd:sockets", "fd:socket"), "a family is not the beginning of a word"


def test_what_a_call_writes_is_a_resource_where_there_is_room_for_it() -> None:
    pipe = Call("pipe2", (room(8), 0))
    ends = [Call("close", (Use("fd:pipe:r"),)), Call("close", (Use("fd:pipe:w"),))]
    assert [step.args[0] for step in complete([pipe, *ends]).steps[1:]] == [Ref(0, 0, 0, 4), Ref(0, 0, 4, 4)]
    cramped = complete([Call("pipe2", (room(4), 0)), ends[1]])
    assert labels(cramped) == ["pipe2", "pipe2", "close"], "the second end had no place, so another pipe is made"
    assert labels(complete([Call("pipe2", (0, 0)), ends[0]])) == ["pipe2", "pipe2", "close"]


def test_a_resource_in_memory_is_made_before_the_call() -> None:
    polled = Blob(bytes(8), ((0, 4, Use("fd:event")), (4, 2, 1)))
    program = complete([Call("poll", (polled, 1, 0))])
    assert labels(program) == ["eventfd2", "poll"]
    assert program.steps[1].args[0] == Memory(bytes(8), ((0, 4, Ref(0)), (4, 2, 1)))


def test_a_family_that_nothing_makes_has_no_resource() -> None:
    assert complete([Call("close", (Use("no such thing"),))]).steps == (ProgramCall("close", (NO_RESOURCE,)),)


# Lengths


def test_a_length_is_that_of_the_memory_before_it() -> None:
    def length(*choices: object) -> object:
        return complete([Call("process_vm_readv", (0, *choices))]).steps[0].args[len(choices)]  # type: ignore[arg-type] # choices

    assert length(room(24), LengthOf()) == 24
    assert length(room(24), LengthOf(8)) == 3
    assert length(room(24), LengthOf(8, -1)) == 2
    assert length(room(24), room(5), LengthOf(1, 1)) == 6
    assert length(LengthOf()) == 0


def test_a_length_in_memory_is_that_of_the_memory_beside_it() -> None:
    vector = Blob(bytes(16), ((0, 8, Blob(b"hello")), (8, 8, LengthOf())))
    (step,) = complete([Call("writev", (1, vector, LengthOf(16)))]).steps
    assert step.args[1:] == (Memory(bytes(16), ((0, 8, Memory(b"hello")), (8, 8, 5))), 1)


def test_the_length_that_a_pointer_leads_to_is_that_of_the_memory_before_the_pointer() -> None:
    """As for accept(2)."""
    (step,) = complete([Call("getsockname", (1, room(110), Blob(bytes(4), ((0, 4, LengthOf()),))))]).steps
    assert step.args[2] == Memory(bytes(4), ((0, 4, 110),))


# Makers


def test_it_is_known_what_a_call_makes() -> None:
    assert makes("openat") == (Made("fd"),)
    assert makes("pipe2") == (Made("fd:pipe:r", 0, 0, 4), Made("fd:pipe:w", 0, 4, 4))
    assert makes("close") == ()
    assert makes("getppid") == (), "it is the executor's: nothing to play with"


def test_the_plainest_maker_comes_first() -> None:
    assert makers("fd")[0] == "openat"
    assert makers("pid:child")[0] == "spawn_exit"
    assert makers("fd:pipe")[0] == makers("fd:pipe:r")[0] == "pipe2"
    assert makers("fd:socket")[0] == "socket_unix_stream"
    assert "getpid" in makers("pid")


def test_another_maker_is_taken_where_another_one_was_asked_for() -> None:
    first, second = makers("fd")[:2]
    assert labels(complete([Call("close", (Use("fd", 0),))]))[0] == first
    assert labels(complete([Call("close", (Use("fd", 1),))]))[0] == second


def test_nothing_harmful_makes_a_resource() -> None:
    assert [label for family in used_families() for label in makers(family) if not is_allowed(label)] == []


def test_whatever_an_argument_asks_for_can_be_made() -> None:
    unmade = {family for family in used_families() if not makers(family)}
    harmful = {made.family for label in LABELS if not is_allowed(label) for made in makes(label)}
    assert unmade - harmful == set()


def test_every_plainest_call_gets_all_that_it_asks_for() -> None:
    """`NO_RESOURCE` stands nowhere but where a maker is harmful."""
    bare = []
    for label in filter(is_allowed, LABELS):
        call = plain(label)
        step = complete([call]).steps[-1]
        asked = [at for at, choice in enumerate(call.args) if isinstance(choice, Use) and makers(choice.family)]
        bare += [label for at in asked if not isinstance(step.args[at], Ref)]
    assert bare == []
