from __future__ import annotations

import errno
import signal
from dataclasses import replace

import pytest

from conformance.programs.execution import Execution
from conformance.programs.program import Program
from conformance.programs.wire import ProgramOutcome, State, encode
from conformance.search.checks import check_c, member_place, string_c
from conformance.search.compare import differences, signature
from conformance.search.finding import Finding
from conformance.syscalls.files.status import Stat
from conformance.syscalls.ipc.sem import GETPID
from tests.executors import program, room


def finding(made: Program, reference: tuple[int, ...], target: tuple[int, ...]) -> Finding:
    """What two runs are with these results; no call has written anything."""
    encoded = encode(made)
    one, other = (
        Execution(
            encoded,
            ProgramOutcome(
                State.DONE,
                0,
                (),
                tuple(
                    (each, (b"",) * len(observed)) for each, observed in zip(results, encoded.observed, strict=False)
                ),
            ),
        )
        for results in (reference, target)
    )
    difference = next(differences(one, other))
    return Finding(signature(made, difference, "liar"), difference, one, other, "native", ("1", "2"))


PID = program(("getpid",), ("semctl_getpid", 5, 0, GETPID, 0))


@pytest.mark.parametrize(
    ("made", "reference", "target", "checks"),
    [
        (program(("close", 9)), (-errno.EBADF,), (0,), ['expect(r0 == -9, "EBADF");']),
        (program(("dup", 0)), (0,), (-errno.EBADF,), ['expect(r0 >= 0, "success");']),
        (program(("lseek", 0, 5, 0)), (5,), (6,), ['expect(r0 == 5L, "5");']),
        (program(("dup2", 0, 20)), (20,), (-9,), ['expect(r0 >= 0, "success");']),
        (PID, (70, 70), (70, 0), ['expect(r1 == r0, "the same as r0");', 'expect(r1 != 0L, "another than 0");']),
        (PID, (70, 71), (70, 70), ['expect(r1 != r0, "another than r0");']),
        (PID, (7, 0), (7, 7), ['expect(r1 == 0L, "0");']),
        (PID, (7, 7), (9, 1), ['expect(r1 == r0, "the same as r0");', 'expect(r1 != 1L, "another than 1");']),
    ],
    ids=str,
)
def test_call_is_held_against_what_the_reference_did(
    made: Program, reference: tuple[int, ...], target: tuple[int, ...], checks: list[str]
) -> None:
    assert list(check_c(finding(made, reference, target))) == checks


def test_call_that_the_reference_did_not_survive_may_not_return() -> None:
    made = finding(program(("getpid",), ("load", 0)), (5, 0), (5, 0 + 1))
    dead = replace(made.reference, outcome=ProgramOutcome(State.DIED, signal.SIGSEGV, (), ((5, ()),)))
    found = replace(made, reference=dead, difference=next(differences(dead, made.target)))
    assert list(check_c(found)) == ['expect(0, "killed by signal 11");']


def test_member_is_where_the_struct_has_it() -> None:
    assert member_place(Stat, "st_size") == (48, 8)
    assert member_place(Stat, "nothing") == (0, 0)


def test_bytes_are_strings_that_no_compiler_misreads() -> None:
    assert string_c(b'a"\\\n\x000?\xff') == '"a\\042\\134\\012\\0000\\077\\377"'


def written(made: Program, reference: bytes, target: bytes, before: tuple[bytes, ...]) -> list[str]:
    """What is checked where the last call has written one thing on the reference, and another on the target."""
    encoded = encode(made)
    runs = []
    for content in (reference, target):
        buffers = iter((*before, content))
        results = tuple((0, tuple(next(buffers) for _ in each)) for each in encoded.observed)
        runs.append(Execution(encoded, ProgramOutcome(State.DONE, 0, (), results)))
    difference = next(differences(*runs))
    named = signature(made, difference, "liar")
    return list(check_c(Finding(named, difference, runs[0], runs[1], "native", ("1", "2"))))


ONE, OTHER = (bytes(Stat(st_ino=inode, st_mode=0o100644)) for inode in (7, 8))
TWICE = program(("fstat", 0, room(144)), ("fstat", 1, room(144)))


def test_member_with_a_name_is_held_against_earlier_ones_and_never_against_a_number() -> None:
    first, second = 0x200000000048, 0x200000000108
    here, there = f"(void *){second:#x}", f"(void *){first:#x}"
    assert written(TWICE, OTHER, ONE, (ONE,)) == [
        f'expect(!(memcmp({here}, {there}, 8) == 0), "another than after r0");'
    ]
    assert written(TWICE, ONE, OTHER, (ONE,)) == [f'expect((memcmp({here}, {there}, 8) == 0), "the same as after r0");']


@pytest.mark.parametrize("content", [ONE, OTHER])
def test_member_that_the_target_has_not_written_is_something(content: bytes) -> None:
    made = program(("fstat", 0, room(144)))
    assert written(made, content, b"", ()) == ['expect(!unwritten(0x200000000040, 8), "something in buf.st_dev");']


def test_member_without_a_name_is_held_against_its_bytes() -> None:
    made = program(("fstat", 0, room(144)))
    longer = bytes(Stat(st_ino=7, st_mode=0o100644, st_size=5))
    assert written(made, longer, ONE, ()) == [
        'expect(holds(0x200000000070, "\\005\\000\\000\\000\\000\\000\\000\\000", 8), "other bytes in buf.st_size");'
    ]
