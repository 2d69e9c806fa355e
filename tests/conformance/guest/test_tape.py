from __future__ import annotations

import os
import struct
from collections.abc import Iterator

import pytest

from conformance.guest.tape import FINAL_BYTES, REGION_BYTES, REGIONS, Tape, steps
from conformance.model import Json, Step


@pytest.fixture
def tape() -> Iterator[Tape]:
    tape = Tape()
    yield tape
    tape.close()


def fill(tape: Tape) -> int:
    """Record calls until there is no more room; how many there were."""
    writer = tape.writer()
    while not tape.truncated():
        writer.record("write", [1, "x" * 1000, 1000], 1000, 0, {})
    return writer.count


def test_calls_are_read_as_they_were_recorded(tape: Tape) -> None:
    writer = tape.writer()
    writer.record("openat", [-100, "a\xff\0\n", 0], 3, 0, {})
    writer.record("fstat", [3, None], 0, 0, {"1": {"st_size": 5}})
    writer.record("close", [9], -1, 9, {})
    assert steps(tape) == [
        Step("openat", [-100, "a\xff\0\n", 0], 3),
        Step("fstat", [3, None], 0, 0, {"1": {"st_size": 5}}),
        Step("close", [9], -1, 9),
    ]
    assert writer.count == 3
    assert not tape.truncated()


def test_a_child_writes_to_a_region_of_its_own(tape: Tape) -> None:
    writer = tape.writer()
    one, two = writer.child(), writer.child()
    assert one
    assert two
    two.record("getuid", [], 0, 0, {})
    one.record("getpid", [], 7, 0, {})
    writer.record("close", [3], 0, 0, {})
    assert [(step.call, step.process) for step in steps(tape)] == [("close", 0), ("getpid", 1), ("getuid", 2)]


def test_only_so_many_children_are_traced_and_no_grandchild(tape: Tape) -> None:
    writer = tape.writer()
    children = [writer.child() for _ in range(REGIONS + 5)]
    assert [child is not None for child in children] == [True] * (REGIONS - 1) + [False] * 6
    assert children[0]
    assert children[0].child() is None


def test_what_another_process_wrote_is_there_even_if_it_was_killed(tape: Tape) -> None:
    writer = tape.writer()
    pid = os.fork()
    if pid == 0:
        writer.record("getpid", [], 7, 0, {})
        os.kill(os.getpid(), 9)
    os.waitpid(pid, 0)
    assert [step.call for step in steps(tape)] == ["getpid"]


def test_a_trace_that_does_not_fit_is_cut_and_says_so(tape: Tape) -> None:
    made = fill(tape)
    kept = steps(tape)
    assert len(kept) == made - 1
    assert (REGION_BYTES - FINAL_BYTES) // 1100 <= len(kept) <= (REGION_BYTES - FINAL_BYTES) // 1000


def test_a_child_that_fills_its_region_leaves_the_others_alone(tape: Tape) -> None:
    writer = tape.writer()
    child, other = writer.child(), writer.child()
    assert child
    assert other
    while not tape.truncated():
        child.record("write", ["x" * 1000], 0, 0, {})
    writer.record("getpid", [], 7, 0, {})
    other.record("getuid", [], 0, 0, {})
    found = steps(tape)
    assert [step.call for step in found if step.process == 0] == ["getpid"]
    assert [step.call for step in found if step.process == 2] == ["getuid"]


def test_observations_and_the_end_have_room_behind_a_full_trace(tape: Tape) -> None:
    fill(tape)
    writer = tape.writer()
    writer.observe("fields", ["a"])
    writer.end("failed", "why")
    *_, observed, ended = tape.lines()
    assert observed == {"o": "fields", "v": ["a"]}
    assert ended == {"end": "failed", "message": "why"}


@pytest.mark.parametrize("character", ["x", "€", "\0", '"', "\U0001f600"])
def test_the_end_has_room_whatever_else_there_is_and_however_long_its_message(tape: Tape, character: str) -> None:
    fill(tape)
    writer = tape.writer()
    for number in range(2000):
        writer.observe(f"observation {number}", "x" * 100)
    writer.end("passed", character * 100_000)
    *_, ended = tape.lines()
    message = ended["message"]
    assert ended["end"] == "passed"
    assert isinstance(message, str)
    assert set(message) == {character}
    assert len(message) > 1000


def test_a_line_that_was_cut_short_by_death_is_left_out(tape: Tape) -> None:
    tape.writer().record("getpid", [], 7, 0, {})
    tape.writer().record("getuid", [], 0, 0, {})
    (size,) = struct.unpack_from("=Q", tape._memory)
    struct.pack_into("=Q", tape._memory, 0, size - 5)
    assert steps(tape) == [Step("getpid", [], 7)]


def test_whatever_a_case_scribbles_over_its_trace_can_be_read(tape: Tape) -> None:
    garbage: list[Json] = [None, 5, "text", [], ["a"], ["getpid", [], "0", 0, {}], ["getpid", {}, 0, 0, {}]]
    for each in garbage:
        tape.writer().write({"s": each})
    tape.writer().record("getpid", [], 7, 0, {})
    assert steps(tape) == [Step("getpid", [], 7)]
    size = len(tape._memory)
    for at in range(0, size, 4096):
        tape._memory[at : at + 4096] = os.urandom(4096)
    assert all(isinstance(line, dict) for region in range(REGIONS) for line in tape.lines(region))
    tape._memory[0:size] = b"[" * size
    assert steps(tape) == []
