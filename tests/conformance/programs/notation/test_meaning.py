from __future__ import annotations

import pytest

from conformance.programs.notation.meaning import last_size
from conformance.programs.notation.parse import parse_program
from conformance.programs.program import Memory, Ref
from conformance.syscalls.files.opening import O_CREAT, O_RDWR
from conformance.syscalls.machinery.world import ARENA


@pytest.mark.parametrize(
    ("text", "argument"),
    [
        ("close(0x10)", 16),
        ("close(010)", 8),
        ("close(-1)", -1),
        ("close(AT_FDCWD)", -100),
        ("close(0xffffffffffffffff)", (1 << 64) - 1),
        ("close(O_RDWR|O_CREAT|0x8)", O_RDWR | O_CREAT | 8),
        ("load(ARENA+0x10)", ARENA + 16),
        ("unlink(NULL)", 0),
        ('unlink("a" "b"*2)', Memory(b"abb\0")),
        ('unlink("\\x41\\n\\"\\\\\\0"...)', Memory(b'A\n"\\\0')),
        ('unlink("é")', Memory("é".encode() + b"\0")),
        ("pipe(edge room(8))", Memory(bytes(8), room=True, edge=True)),
        ("pipe(u8[1, 2])", Memory(b"\1\2")),
        ("pipe([1, -1])", Memory(b"\1\0\0\0\xff\xff\xff\xff")),
        ("pipe(u64[put(3), room(4)])", Memory(bytes(16), ((0, 8, 3), (8, 8, Memory(bytes(4), room=True))))),
        ('pipe("abcd" @{1:2=put(7)})', Memory(b"abcd", ((1, 2, 7),))),
    ],
)
def test_a_value_is_read_as_it_is_written(text: str, argument: object) -> None:
    assert parse_program(text).steps[0].args[0] == argument


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("r0.fds[0]", Ref(0, 0, 0, 4)),
        ("r0.fds[1]", Ref(0, 0, 4, 4)),
        ("r0.fds[1:2]", Ref(0, 0, 2, 2)),
        ("r0.fds[@3:1]", Ref(0, 0, 3, 1)),
        ("r0", Ref(0)),
    ],
)
def test_a_result_is_what_a_call_returned_or_wrote(text: str, ref: Ref) -> None:
    assert parse_program(f"r0 = pipe(room(8))\nclose({text})").steps[1].args == (ref,)


def test_a_member_that_a_call_wrote_is_named() -> None:
    program = parse_program('r0 = statx(0, "f0", 0, 0, room)\nlseek(0, r0.buf.stx_atime.tv_sec, 0)')
    assert program.steps[1].args[1] == Ref(0, 4, 64, 8)


def test_the_size_is_that_of_the_memory_before_in_the_same_memory_or_before_that() -> None:
    inner, outer = Memory(bytes(3)), Memory(bytes(5))
    assert last_size((1, outer, 2)) == 5
    assert last_size((outer, inner)) == 3
    assert last_size((1, 2)) is None
    (step,) = parse_program('getsockname(0, room(16), u64[size, "abc", size])').steps
    assert step.args[2] == Memory(bytes(24), ((0, 8, 16), (8, 8, Memory(b"abc")), (16, 8, 3)))


def test_members_that_are_not_named_are_zero_and_their_order_does_not_matter() -> None:
    one, other = (
        parse_program(f"sched_setattr(0, {{{members}}}, 0)").steps[0].args[1]
        for members in ("size=48, nice=-1", "nice=-1, size=48")
    )
    assert one == other == Memory(b"\x30" + bytes(15) + b"\xff" * 4 + bytes(28))
