from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings

from conformance.model import Json
from conformance.model import Step as Seen
from conformance.programs.execution import Execution, ending, succeeded
from conformance.programs.program import NO_PROCESS, NO_RESOURCE, Argument, Memory, Program, Ref
from conformance.programs.wire import Encoded, ProgramOutcome, State, encode
from conformance.syscalls.machinery.world import ARENA, DATA, READ_ONLY
from tests.conformance.search.drawn import likely
from tests.conformance.search.native import needs_executor, program, run_one

ENOENT = 2
F0 = Memory(b"f0\0")


def room(size: int) -> Memory:
    return Memory(bytes(size), room=True)


def said(*results: int | tuple[int, bytes], state: State = State.DONE, detail: int = 0) -> ProgramOutcome:
    """An outcome: of each call its result, and what is in its buffer."""
    each = ((one, ()) if isinstance(one, int) else (one[0], (one[1],)) for one in results)
    return ProgramOutcome(state, detail, (), tuple(each))


def traced(made: Program, outcome: ProgramOutcome) -> list[Seen]:
    return list(Execution(encode(made), outcome).steps)


def args_seen(
    label: str, *args: Argument, before: Program | None = None, outcome: ProgramOutcome | None = None
) -> list[Json]:
    """The arguments of a call, as they are seen."""
    made = Program((*(before.steps if before else ()), *program((label, *args)).steps))
    results = outcome.results if outcome else ()
    buffers = tuple(b"" for _ in encode(made).observed[-1])
    return traced(made, ProgramOutcome(State.DONE, results=(*results, (-1, buffers))))[-1].args


# Results


@pytest.mark.parametrize(("result", "success"), [(0, True), (5, True), (-1, False), (-4095, False), (-4096, True)])
def test_a_result_is_an_errno_from_minus_one_down_to_minus_4095(result: int, success: bool) -> None:
    assert succeeded(result) is success
    (step,) = traced(program(("umask", 0)), said(result))
    assert (step.result, step.errno) == ((result, 0) if success else (-1, -result))


def test_a_step_is_named_after_its_call_and_only_those_that_completed_are_there() -> None:
    made = program(("openat_dir", -100, F0, 0, 0), ("spawn_exit", 0, 3), ("getpid",))
    assert [step.call for step in traced(made, said(3, 77))] == ["openat", "spawn_exit"]


# Arguments


def test_a_number_is_seen_as_the_kernel_takes_it() -> None:
    assert args_seen("close", (1 << 64) - 1) == [-1]
    assert args_seen("close", (1 << 63) - 1) == [(1 << 63) - 1]


def test_bytes_that_are_read_are_seen_with_what_was_put_into_them() -> None:
    assert args_seen("chdir", Memory(b"d\xff\0")) == ["d\xff\0"]
    parts = ((0, 2, 0x6261), (2, 1, -1), (4, 4, Ref(0)))
    seen = args_seen("write", 1, Memory(b"........", parts), 8, before=program(("getpid",)), outcome=said(0x64636261))
    assert seen == [1, "ab\xff.abcd", 8]


def test_memory_for_the_kernel_to_write_is_not_seen_beforehand_but_its_address_when_it_has_no_size() -> None:
    assert args_seen("read", 0, room(4), 4) == [0, None, 4]
    assert args_seen("read", 0, room(0), 4) == [0, DATA + 64, 4]


def test_a_struct_is_seen_by_its_members() -> None:
    (_, seen, *_) = args_seen("clock_nanosleep", 1, 0, Memory(struct.pack("<qq", 5, 7)), 0)[1:]
    assert seen == {"tv_sec": 5, "tv_nsec": 7}
    (_, seen, *_) = args_seen("clock_nanosleep", 1, 0, Memory(b"short"), 0)[1:]
    assert seen == "short"


def test_an_argument_is_what_an_earlier_call_returned() -> None:
    opened = program(("openat", -100, F0, 0, 0))
    assert args_seen("close", Ref(0), before=opened, outcome=said(5)) == [5]
    assert args_seen("close", Ref(0), before=opened, outcome=said(-ENOENT)) == [NO_RESOURCE]


def test_a_process_that_was_not_made_is_nobody() -> None:
    assert args_seen("kill", Ref(0), 9, before=program(("getpid",)), outcome=said(-ENOENT)) == [NO_PROCESS, 9]


def test_an_argument_is_what_an_earlier_call_wrote() -> None:
    made = program(("pipe2", room(8), 0))
    outcome = said((0, b"\5\0\0\0\xfe\xff"))
    more = program(("close", Ref(0, 0, 4, 4)), ("close", Ref(0, 0, 0, 1)))
    execution = Execution(encode(Program((*made.steps, *more.steps))), outcome)
    assert execution.value_of(Ref(0, 0, 0, 4)) == 5
    assert execution.value_of(Ref(0, 0, 4, 2)) == -2
    assert execution.value_of(Ref(0, 0, 8, 4)) == NO_RESOURCE, "beyond the memory"
    assert execution.value_of(Ref(0, 1, 0, 4)) == NO_RESOURCE, "no memory"
    assert execution.value_of(Ref(1)) == NO_RESOURCE, "not come to"


# What was written


def outs(label: str, *args: Argument, result: int, content: bytes) -> dict[str, Json]:
    (step,) = traced(program((label, *args)), said((result, content)))
    return step.outs


def test_what_was_read_is_text_up_to_the_result() -> None:
    assert outs("read", 0, room(8), 8, result=2, content=b"a\xff") == {"1": "a\xff"}
    assert outs("read", 0, room(8), 8, result=0, content=b"") == {"1": ""}


def test_what_was_written_beyond_the_result_shows() -> None:
    assert outs("read", 0, room(8), 8, result=2, content=b"abc") == {"1": "ab + more"}


def test_a_struct_that_was_written_is_seen_by_its_members_and_poison_is_a_value() -> None:
    found = outs("clock_getres", 1, room(16), result=0, content=struct.pack("<q", 3))["1"]
    assert isinstance(found, dict)
    assert found["tv_sec"] == 3
    assert found["tv_nsec"] not in (0, 3), "nothing was written there"


def test_of_a_struct_that_has_no_room_the_members_that_fit_are_seen() -> None:
    assert outs("io_getevents", 0, 0, 1, room(4), 0, result=1, content=b"abc") == {"3": {"data, cut": "abc\xaa"}}
    found = outs("clock_getres", 1, room(12), result=0, content=struct.pack("<q", 3))["1"]
    assert isinstance(found, dict)
    assert found["tv_sec"] == 3
    assert "tv_nsec" not in found


def test_of_a_struct_within_a_struct_the_members_that_fit_are_seen() -> None:
    found = outs("statx", -100, Memory(b"f0\0"), 0, 0x7FF, room(78), result=0, content=bytes(76) + b"\1")["4"]
    assert isinstance(found, dict)
    assert list(found)[-1] == "stx_atime"
    assert found["stx_atime"] == {"tv_sec": 0, "tv_nsec": 0, "pad, cut": "\1\xaa"}


E2BIG = 7


def test_what_a_call_that_failed_has_written_is_seen() -> None:
    """sched_setattr(2) puts the size that the kernel knows into one that is too large; read(2) may have begun."""
    asked = Memory(struct.pack("<II", 4096, 0) + bytes(40))
    told = struct.pack("<II", 56, 0) + bytes(40)
    (found,) = outs("sched_setattr", 0, asked, 0, result=-E2BIG, content=told).values()
    assert isinstance(found, dict)
    assert found["size_"] == 56
    assert outs("read", 0, room(8), 8, result=-ENOENT, content=b"ab") == {"1": "ab"}


def test_memory_that_a_call_that_failed_left_alone_is_not_seen() -> None:
    asked = Memory(struct.pack("<II", 4096, 0) + bytes(40))
    assert outs("sched_setattr", 0, asked, 0, result=-E2BIG, content=asked.data) == {}
    assert outs("read", 0, room(8), 8, result=-ENOENT, content=b"") == {}
    with_fd = Memory(bytes(8), ((0, 4, Ref(0)),))
    made = program(("eventfd2", 0, 0), ("poll", with_fd, 1, 0))
    before = (5).to_bytes(4, "little") + bytes(4)
    assert traced(made, said(5, (-ENOENT, before)))[1].outs == {}
    assert traced(made, said(5, (-ENOENT, before[:4] + b"\1\0\0\0")))[1].outs != {}


def test_what_lies_behind_a_pointer_in_memory_has_a_place_of_its_own() -> None:
    vector = Memory(bytes(16), ((0, 8, room(5)), (8, 8, 5)))
    assert outs("readv", 0, vector, 1, result=3, content=b"abc") == {"1.0": "abc"}


@settings(deadline=None, max_examples=100)
@given(likely())
def test_any_outcome_has_a_trace(made: Program) -> None:
    """Full of buffers that were filled, or cut short."""
    encoded = encode(made)
    results = tuple((7, tuple(bytes(each.size) for each in observed)) for observed in encoded.observed)
    assert len(Execution(encoded, ProgramOutcome(State.DONE, results=results)).steps) == len(made.steps)
    empty = tuple((0, tuple(b"" for _ in observed)) for observed in encoded.observed)
    assert len(Execution(encoded, ProgramOutcome(State.DIED, results=empty[:-1])).steps) == len(made.steps) - 1


# How it ended


@pytest.mark.parametrize(
    ("state", "detail", "words"),
    [
        (State.DONE, 0, "done"),
        (State.DIED, 11, "killed by signal 11"),
        (State.BLOCKED, 0, "blocked"),
        (State.EXITED, 3, "exited with 3"),
        (State.LOST, 0, "the guest died"),
        (State.MALFORMED, 0, "malformed"),
        (State.HARNESS, 0, "harness"),
    ],
)
def test_an_end_is_told_in_a_few_words(state: State, detail: int, words: str) -> None:
    assert ending(ProgramOutcome(state, detail)) == words


@pytest.mark.parametrize(
    ("detail", "fault", "words"),
    [
        (11, (1, ARENA), "killed by signal 11 (SEGV_MAPERR at ARENA)"),
        (11, (2, READ_ONLY + 8), "killed by signal 11 (SEGV_ACCERR at 0x200000100008)"),
        (11, (128, 0), "killed by signal 11 (SI_KERNEL at NULL)"),
        (7, (2, ARENA + 0x1000), "killed by signal 7 (BUS_ADRERR at ARENA+0x1000)"),
        (7, (99, 0x5555_0000_0000), "killed by signal 7 (99 at an address of its own)"),
        (11, None, "killed by signal 11"),
    ],
)
def test_a_fault_is_told_by_its_code_and_where_it_was(detail: int, fault: tuple[int, int] | None, words: str) -> None:
    outcome = ProgramOutcome(State.DIED, detail, fault=fault)
    assert ending(outcome, where=True) == words
    assert ending(outcome) == words.split(" at ", maxsplit=1)[0] + (")" if " at " in words else "")
    assert Execution(encode(program(("load", ARENA))), outcome).lines == [f"load: {words}"]


def test_errnos_are_named_and_an_end_that_is_none_of_its_own_is_told() -> None:
    made = program(("getpid",), ("chdir", F0), ("pause",))
    encoded: Encoded = encode(made)
    assert Execution(encoded, said(7, -ENOENT, state=State.BLOCKED)).errnos == ["0", "ENOENT", "blocked"]
    assert Execution(encoded, said(7, -ENOENT, -4)).errnos == ["0", "ENOENT", "EINTR"]


# With the real executor


@needs_executor
def test_a_real_program_is_seen_as_strace_would_see_it() -> None:
    made = program(
        ("openat", -100, F0, 0, 0),
        ("read", Ref(0), room(3), 3),
        ("fstat", Ref(0), room(144)),
        ("pipe2", room(8), 0),
        ("write", Ref(3, 0, 4, 4), Memory(b"hi"), 2),
        ("close", 60),
    )
    opened, read, status, pipe, write, close = Execution(*run_one(made)).steps
    assert opened == Seen("openat", [-100, "f0\0", 0, 0], 0)
    assert read == Seen("read", [0, None, 3], 3, 0, {"1": "abc"})
    described = status.outs["1"]
    assert isinstance(described, dict)
    assert (described["st_size"], described["st_nlink"]) == (26, 1)
    assert pipe.outs == {"0": "\1\0\0\0\2\0\0\0"}
    assert write == Seen("write", [2, "hi", 2], 2)
    assert close == Seen("close", [60], -1, 9)
