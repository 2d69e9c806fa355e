from __future__ import annotations

import errno
import signal
import struct
from dataclasses import replace

import pytest

from conformance.programs.execution import Execution
from conformance.programs.program import Program
from conformance.programs.wire import ProgramOutcome, State, encode
from conformance.search.checks import check_c, member_place, string_c
from conformance.search.compare import differences, signature
from conformance.search.finding import Finding
from conformance.syscalls.files.status import Stat, Statx
from conformance.syscalls.ipc.sem import GETPID
from conformance.syscalls.ipc.sysv import IPC_STAT
from conformance.syscalls.machinery.buffers import POISON
from conformance.syscalls.machinery.world import ARENA, PAGE
from conformance.syscalls.processes.sharing import KCMP_FILES
from conformance.syscalls.ptrace import PTRACE_GETREGS, UserRegs
from conformance.syscalls.sockets.netlink import IFLA_MTU, RTM_NEWLINK, attribute, ifinfomsg
from conformance.syscalls.sockets.netlink import request as netlink_request
from tests.executors import program, room, text


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
SAME = program(("kcmp", 5, 6, KCMP_FILES, 0, 0))
"""0 for the same, and either of two numbers for others."""
QUEUE = program(("msgctl", 0, IPC_STAT, 0), ("msgget", 0, 0))
"""A number that the kernel picks, and that the program has named before."""
MAPPED = program(("mmap", ARENA, PAGE, 1, 0x22, -1, 0))
"""The program's own address is compared, and none that is the kernel's."""


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
        (SAME, (0,), (2,), ['expect(r0 == 0L, "0");']),
        (SAME, (1,), (0,), ['expect(r0 != 0L, "another than 0");']),
        (QUEUE, (-errno.EINVAL, 0), (-errno.EINVAL, 1), ['expect(r1 == 0L, "the same as the 0 of r0");']),
        (QUEUE, (-errno.EINVAL, 1), (-errno.EINVAL, 0), ['expect(r1 != 0L, "another than the 0 of r0");']),
        (MAPPED, (ARENA,), (0x7F0000001000,), [f'expect(r0 == {ARENA}L, "{ARENA}");']),
        (MAPPED, (0x7F0000001000,), (ARENA,), [f'expect(r0 != {ARENA}L, "another than {ARENA}");']),
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


def written(
    made: Program, reference: bytes, target: bytes, before: tuple[bytes, ...] = (), *, result: int = 0
) -> list[str]:
    """What is checked where the last call has written one thing on the reference, and another on the target."""
    encoded = encode(made)
    runs = []
    for content in (reference, target):
        buffers = iter((*before, content))
        results = tuple((result, tuple(next(buffers) for _ in each)) for each in encoded.observed)
        runs.append(Execution(encoded, ProgramOutcome(State.DONE, 0, (), results)))
    difference = next(differences(*runs))
    named = signature(made, difference, "liar")
    return list(check_c(Finding(named, difference, runs[0], runs[1], "native", ("1", "2"))))


ONE, OTHER = (bytes(Stat(st_dev=5, st_ino=inode, st_mode=0o100644)) for inode in (7, 8))
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
    longer = bytes(Stat(st_dev=5, st_ino=7, st_mode=0o100644, st_size=5))
    assert written(made, longer, ONE, ()) == [
        'expect(holds(0x200000000070, "\\005\\000\\000\\000\\000\\000\\000\\000", 8), "other bytes in buf.st_size");'
    ]


LOOKED_AT = program(("statx_fd", 0, text(""), 0x1000, 0x7FF, room(256)))
MOUNT = 0x200000000080 + 0x90
"""Where its `stx_mnt_id` is."""


def test_value_that_differs_everywhere_is_not_held_against_the_reference_but_against_nothing() -> None:
    there = bytes(Statx(stx_mnt_id=61, stx_mask=0x7FF, stx_mode=0o100644))
    lacking, zero = (there[:0x90] + each * 8 + there[0x98:] for each in (bytes([POISON]), b"\0"))
    assert written(LOOKED_AT, there, lacking, ()) == [
        f'expect(!unwritten({MOUNT:#x}, 8), "something in buf.stx_mnt_id");'
    ]
    nothing = string_c(bytes(8))
    assert written(LOOKED_AT, there, zero, ()) == [
        f'expect(!holds({MOUNT:#x}, {nothing}, 8), "other bytes in buf.stx_mnt_id");'
    ]
    assert written(LOOKED_AT, zero, there, ()) == [
        f'expect(holds({MOUNT:#x}, {nothing}, 8), "other bytes in buf.stx_mnt_id");'
    ]


def _link(mtu: int, most: int) -> bytes:
    attributes = attribute(IFLA_MTU, struct.pack("=I", mtu)) + attribute(51, struct.pack("=I", most))
    return netlink_request(RTM_NEWLINK, 0, ifinfomsg(index=1) + attributes)


def test_record_among_others_is_held_alone() -> None:
    """What the others say may be the machine's."""
    made = program(("recvfrom_route", 3, room(256), 256, 0, 0, 0))
    first, *others = written(made, _link(65536, 7), _link(1500, 8), result=len(_link(0, 0)))
    said = string_c(struct.pack("=I", 65536))
    assert others == []
    assert f"holds(0x200000000064, {said}, 4)" in first
    assert string_c(struct.pack("=I", 7)) not in first
    assert first.endswith('"other bytes in buf.RTM_NEWLINK.IFLA_MTU.value32");')


def test_register_that_is_the_code_s_cannot_be_told() -> None:
    made = program(("ptrace_getregs", PTRACE_GETREGS, 7, 0, room(UserRegs.size())))
    one, other = (bytes(UserRegs(rip=each)) for each in (0x401000, 0x402000))
    assert written(made, one, other, ()) == ['cannot_tell("data.rip");']
    assert written(made, bytes(UserRegs(cs=51)), bytes(UserRegs(cs=35)), ()) == [
        f'expect(holds(0x2000000000c8, {string_c(bytes([51, 0, 0, 0, 0, 0, 0, 0]))}, 8), "other bytes in data.cs");'
    ]
