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
from tests.executors import program


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
