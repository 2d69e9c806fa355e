from __future__ import annotations

import struct
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.programs import wire
from conformance.programs.harmful import neutralised, touches
from conformance.programs.program import NO_PROCESS, NO_RESOURCE, Memory, Program, ProgramCall, Ref
from conformance.programs.wire import (
    LOST,
    Observed,
    ProgramOutcome,
    State,
    Wish,
    decode,
    encode,
    whole,
)
from conformance.protocol.executor import ProtocolError
from conformance.syscalls.machinery.buffers import POISON
from conformance.syscalls.machinery.call import ABSENT_NUMBER, CallFacts, Syscall
from conformance.syscalls.machinery.table import grammar
from conformance.syscalls.machinery.touches import EVERYTHING, PROCESS
from conformance.syscalls.machinery.world import ARENA, DATA, DATA_BYTES, EDGES, PAGE
from tests.conformance.search.drawn import any_programs, likely, memories_of
from tests.conformance.search.native import needs_executor, program, run, run_one

EBADF, EFAULT = 9, 14
CREATE = 0o102
NEW = Memory(b"new\0")
F0 = Memory(b"f0\0")


def room(size: int, *, edge: bool = False) -> Memory:
    return Memory(bytes(size), room=True, edge=edge)


# Encoding


@settings(deadline=None, max_examples=200)
@given(likely() | any_programs())
def test_whatever_is_a_program_can_be_encoded(made: Program) -> None:
    encoded = encode(made)
    size, calls, wishes, untouched = struct.unpack_from("<IHHH", encoded.data)
    assert size == len(encoded.data) - 4
    assert calls == len(made.steps)
    assert wishes == (Wish.EXEC if any(step.label == "exec_report" for step in made.steps) else 0)
    assert untouched == EVERYTHING & ~touches(made)
    assert len(encoded.observed) == len(encoded.addresses) == len(encoded.inner) == len(made.steps)
    assert struct.unpack_from("<H", encode(made, own=True).data, 8) == (untouched & ~PROCESS,)
    for step, places in zip(made.steps, encoded.addresses, strict=True):
        assert [place >= 0 for place in places] == [isinstance(each, Memory) for each in step.args]


@settings(deadline=None, max_examples=200)
@given(likely())
def test_no_two_pieces_of_memory_overlap_and_all_lie_in_the_data_area(made: Program) -> None:
    encoded = encode(made)
    pieces = []
    for step, places, inner in zip(made.steps, encoded.addresses, encoded.inner, strict=True):
        found = [
            (place, len(each.data)) for place, each in zip(places, step.args, strict=True) if isinstance(each, Memory)
        ]
        for path, place in inner:
            found.append((place, len(_at(step, path).data)))
        pieces += found
    assert len(pieces) == len(list(memories_of(made)))
    for (place, size), (following, _) in pairwise(sorted(pieces)):
        gap = 16 if place < DATA_BYTES else 0
        assert place + size + gap <= following, "what is written beyond an end shows"
    for place, size in pieces:
        page = [edge for edge in EDGES if edge <= place < edge + PAGE + 1]
        assert place + size <= DATA_BYTES or place + size == page[0] + PAGE


def _at(step: ProgramCall, path: tuple[int, ...]) -> Memory:
    """The memory that some memory of an argument points to."""
    found = step.args[path[0]]
    for offset in path[1:]:
        assert isinstance(found, Memory)
        found = next(part for at, _, part in found.parts if at == offset and isinstance(part, Memory))
    assert isinstance(found, Memory)
    return found


def test_memory_at_an_edge_ends_with_its_page() -> None:
    calls = [("chdir", Memory(b"abc\0", edge=True)) for _ in range(len(EDGES) + 1)]
    places = [places[0] for places in encode(program(*calls)).addresses]
    assert places[: len(EDGES)] == [edge + PAGE - 4 for edge in EDGES]
    assert places[-1] < DATA_BYTES, "there are no more edges"
    too_large = encode(program(("chdir", room(PAGE + 1, edge=True))))
    assert too_large.addresses[0][0] < DATA_BYTES


def test_what_the_kernel_may_write_is_observed() -> None:
    """The memory of output arguments, room that other memory points to, and no more of it than there is to gain."""
    vector = Memory(bytes(32), ((0, 8, room(5)), (8, 8, 5), (16, 8, Memory(b"given")), (24, 8, 5)))
    made = program(("read", 0, room(9000), 9000), ("readv", 0, vector, 2), ("chdir", F0), ("read", 0, room(0), 0))
    odd = program(("chdir", room(4)))
    assert encode(odd).observed == ((Observed(0, "0", 64, 4),),), "whether or not the description says so"
    seen = [[(each.argument, each.path, each.size) for each in step] for step in encode(made).observed]
    assert seen == [[(1, "1", wire.MOST_OUT)], [(1, "1.0", 5)], [], []]


def frobnicate() -> int:
    """A call that no kernel has."""
    raise NotImplementedError


def test_what_is_written_after_a_call_has_returned_is_not_observed() -> None:
    request = Memory(bytes(64), ((24, 8, room(16)),))
    made = program(("io_submit", 1, 1, Memory(bytes(8), ((0, 8, request),))))
    assert encode(made).observed == ((),)


def test_a_call_is_known_by_its_number() -> None:
    assert wire.number(grammar()["openat"]) == grammar()["openat"].number == 257
    assert wire.number(grammar()["openat_dir"]) == 257
    assert wire.number(grammar()["spawn_exit"]) == 0x8000
    assert wire.number(Syscall(frobnicate, CallFacts())) == ABSENT_NUMBER


def test_more_resources_than_there_are_slots_can_be_encoded() -> None:
    pipes = [("pipe2", room(8), 0)] * 20
    uses = [("dup3", Ref(at, 0, offset, 4), Ref(at, 0, other, 2), 0) for at in range(20) for offset, other in ((0, 4),)]
    more = [("fsync", Ref(at, 0, offset, width)) for at in range(20) for offset in (0, 4) for width in (1, 2, 4)]
    assert encode(program(*pipes, *uses, *more)).data


# What comes back


@settings(deadline=None, max_examples=300)
@given(likely(), st.binary(max_size=80) | st.lists(st.integers(0, 6), max_size=60).map(bytes))
def test_random_bytes_are_an_outcome_or_a_protocol_error(made: Program, data: bytes) -> None:
    with suppress(ProtocolError):
        assert len(decode(data, encode(made)).results) <= len(made.steps)


def outcome_bytes(outcome: ProgramOutcome) -> bytes:
    """An outcome as an executor says it."""
    found = wire.HEAD_OF_OUTCOME.pack(outcome.state, outcome.detail, len(outcome.results), len(outcome.signals))
    found += b"".join(map(bytes, outcome.signals))
    for result, buffers in outcome.results:
        found += struct.pack("<q", result) + b"".join(struct.pack("<H", len(each)) + each for each in buffers)
    return found + (struct.pack("<iQ", *outcome.fault) if outcome.fault else b"")


TWO = encode(program(("read", 0, room(8), 8), ("pipe2", room(8), 0)))
SAID = ProgramOutcome(State.DIED, 11, ((10, 2), (17, 1)), ((3, (b"abc",)), (-EFAULT, (b"",))))


def test_an_outcome_is_read_as_it_was_said() -> None:
    assert decode(outcome_bytes(SAID), TWO) == SAID
    assert decode(outcome_bytes(ProgramOutcome(State.BLOCKED)), TWO) == ProgramOutcome(State.BLOCKED)
    assert decode(LOST, TWO) == ProgramOutcome(State.LOST)
    fault = replace(SAID, fault=(1, ARENA))
    assert decode(outcome_bytes(fault), TWO) == fault


def test_an_outcome_that_is_cut_short_is_none_nor_is_one_with_more() -> None:
    said = outcome_bytes(SAID)
    for size in range(len(said)):
        with pytest.raises(ProtocolError):
            decode(said[:size], TWO)
    with pytest.raises(ProtocolError, match="ends after"):
        decode(said + b"x", TWO)
    with pytest.raises(ProtocolError, match="ends after"):
        decode(outcome_bytes(ProgramOutcome(State.EXITED, 3, fault=(1, ARENA))), TWO)
    with pytest.raises(ProtocolError, match="cut short"):
        decode(outcome_bytes(ProgramOutcome(State.DONE, results=((0, (b"abc",)),)))[:-1], TWO)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (bytes([77, 0, 0, 0, 0]), "77 is not a valid State"),
        (outcome_bytes(ProgramOutcome(State.DONE, results=((0, ()),) * 3)), "3 calls were answered of 2"),
        (outcome_bytes(ProgramOutcome(State.DONE, results=((9, (b"123456789",)),))), "9 bytes .* in a buffer of 8"),
    ],
)
def test_an_executor_that_lies_is_found_out(said: bytes, why: str) -> None:
    with pytest.raises(ProtocolError, match=why):
        decode(said, TWO)


def test_a_buffer_is_poison_beyond_what_is_known_of_it() -> None:
    assert whole(b"ab", 4) == b"ab" + bytes([POISON, POISON])
    assert whole(b"", 0) == b""


# With the real executor


@needs_executor
def test_results_and_errnos_come_back() -> None:
    encoded, outcome = run_one(program(("openat", -100, F0, 0, 0), ("close", Ref(0)), ("close", Ref(0)), ("chdir", 0)))
    assert outcome == ProgramOutcome(State.DONE, results=((0, ()), (0, ()), (-EBADF, ()), (-EFAULT, ())))
    assert encoded.observed == ((), (), (), ())


@needs_executor
def test_constants_resources_and_pointers_arrive_in_memory() -> None:
    """A byte each of what is written by way of a vector, into a pipe whose ends are known from memory alone."""
    text = Memory(bytes(8), ((0, 1, 0x61), (1, 2, 0x6362), (3, 4, 0x67666564)))
    made = program(
        ("pipe2", room(8), 0),
        ("writev", Ref(0, 0, 4, 4), Memory(bytes(16), ((0, 8, text), (8, 8, 7))), 1),
        ("read", Ref(0, 0, 0, 4), room(16), 16),
        ("poll", Memory(bytes(8), ((0, 4, Ref(0, 0, 4, 4)), (4, 2, 4))), 1, 0),
    )
    encoded, outcome = run_one(made)
    assert outcome.results[1:] == ((7, ()), (7, (b"abcdefg",)), (1, (struct.pack("<ihh", 1, 4, 4),)))
    assert encoded.observed[2] == (Observed(1, "1", encoded.addresses[2][1], 16),)
    assert outcome.results[0] == (0, (struct.pack("<ii", 0, 1),))


@needs_executor
def test_memory_that_memory_points_to_comes_back() -> None:
    made = program(
        ("openat", -100, F0, 0, 0),
        ("readv", Ref(0), Memory(bytes(32), ((0, 8, room(2)), (8, 8, 2), (16, 8, room(4)), (24, 8, 4))), 2),
    )
    encoded, outcome = run_one(made)
    assert outcome.results[1] == (6, (b"ab", b"cdef"))
    assert [each.path for each in encoded.observed[1]] == ["1.0", "1.16"]


@needs_executor
def test_a_read_beyond_an_edge_faults() -> None:
    unterminated = Memory(b"f0", edge=True)
    terminated = Memory(b"f0\0", edge=True)
    _, outcome = run_one(program(("access", unterminated, 0), ("access", terminated, 0)))
    assert [result for result, _ in outcome.results] == [-EFAULT, 0]


@needs_executor
def test_the_data_area_lies_where_programs_think_it_does() -> None:
    made = program(("load", DATA + 64), ("chdir", F0), ("load", DATA + 0x2000000))
    (place, *_), *_ = encode(made).addresses[1:]
    assert place == 64
    _, outcome = run_one(made)
    assert outcome.results[0][0] & 0xFF in (0, POISON), "before anything is put there"
    assert outcome.results[2][0] == -22


@needs_executor
def test_a_resource_that_was_not_made_is_none_and_no_process() -> None:
    made = program(("openat", -100, Memory(b"absent\0"), 0, 0), ("close", Ref(0)), ("kill", Ref(0), 0))
    assert [result for result, _ in run_one(made)[1].results] == [-2, -EBADF, -3]
    assert (NO_RESOURCE, NO_PROCESS) == (-1, 0x7FFFFFFE)


@needs_executor
def test_a_resource_in_memory_that_has_become_too_small_is_none() -> None:
    """Memory is made plainer after resources were taken from it; what lies behind it is another argument's."""
    made = program(("pipe2", room(8), 0), ("pipe2", room(4), 0), ("close", Ref(1, 0, 4, 4)))
    assert run_one(made)[1].results[2] == (-EBADF, ())


@needs_executor
def test_every_end_of_a_program_is_told() -> None:
    died = program(("load", DATA + 64), ("load", DATA + EDGES[0] + PAGE), ("load", DATA))
    blocked = program(("getuid",), ("pipe2", room(8), 0), ("read", Ref(1, 0, 0, 4), room(1), 1))
    exited = program(("getuid",), ("exit_group", 7))
    caught = program(("rt_sigaction", 10, HANDLED, 0, 8), ("getpid",), ("kill", Ref(1), 10), ("kill", Ref(1), 10))
    outcomes = [outcome for _, outcome in run([died, blocked, exited, caught], 0.2)]
    assert [(each.state, each.detail, len(each.results)) for each in outcomes] == [
        (State.DIED, 11, 1),
        (State.BLOCKED, outcomes[1].detail, 2),
        (State.EXITED, 7, 1),
        (State.DONE, 0, 4),
    ]
    assert outcomes[3].signals == ((10, 2),)


HANDLED = Memory(struct.pack("<QQQQ", DATA + 0x200000, 0x04000000, DATA + 0x200040, 0))
"""A `struct sigaction` (of the kernel) with the executor's own handler, SA_RESTORER and the way back."""


@needs_executor
@settings(deadline=None, max_examples=8)
@given(st.lists(likely(), min_size=20, max_size=40))
def test_what_the_executor_says_of_any_program_can_be_read(programs: list[Program]) -> None:
    tame = [neutralised(each) for each in programs]
    tame = [each for each in tame if each.steps]
    for made, (_, outcome) in zip(tame, run(tame, 0.1), strict=True):
        assert outcome.state not in (State.MALFORMED, State.HARNESS)
        assert outcome.state is not State.DONE or len(outcome.results) == len(made.steps)
