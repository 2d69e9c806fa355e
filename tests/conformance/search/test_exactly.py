"""Which bytes are compared as they are: those without which the normal form would be another one."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from conformance.programs.execution import Execution
from conformance.programs.program import Program
from conformance.programs.wire import ProgramOutcome, State, encode
from conformance.search.exactly import Excerpt, exact_bytes, is_exact_result
from conformance.syscalls.files.status import Stat, Statx
from conformance.syscalls.machinery.buffers import POISON
from conformance.syscalls.machinery.world import ARENA, PAGE
from conformance.syscalls.processes.sharing import KCMP_FILES
from conformance.syscalls.ptrace import PTRACE_GETREGS, UserRegs
from conformance.syscalls.sockets.netlink import IFLA_MTU, RTM_NEWLINK, attribute, ifinfomsg, request
from tests.executors import program, room, text

HOLE = bytes([POISON])
NOW = 1_795_906_254


def seen(made: Program, content: bytes = b"", result: int = 0) -> Execution:
    """What was seen of a program whose last call has written something; the others have written nothing."""
    encoded = encode(made)
    results = [(0, (b"",) * len(observed)) for observed in encoded.observed]
    results[-1] = (result, (content,) if encoded.observed[-1] else ())
    return Execution(encoded, ProgramOutcome(State.DONE, 0, (), tuple(results)))


def exact(made: Program, field: str, content: bytes, span: range | None = None, result: int = 0) -> tuple[Excerpt, ...]:
    """What is exact of the memory that the last call has written."""
    execution = seen(made, content, result)
    (observed,) = execution.encoded.observed[-1]
    return exact_bytes(execution, len(made.steps) - 1, observed, field, span or range(len(content) + 1))


STAT = program(("fstat", 0, room(144)))
STATX = program(("statx_fd", 0, text(""), 0x1000, 0x7FF, room(256)))
LINKS = program(("recvfrom_route", 3, room(256), 256, 0, 0, 0))


def test_bytes_of_a_file_are_all_compared_and_that_nothing_is_behind_them() -> None:
    assert exact(program(("read", 0, room(64), 8)), "buf", b"abcdefgh", result=8) == (Excerpt(0, b"abcdefgh" + HOLE),)


@pytest.mark.parametrize("value", [0, 61])
def test_of_a_number_that_is_the_system_s_only_zero_is_compared(value: int) -> None:
    content = bytes(Statx(stx_mnt_id=value, stx_mode=0o100644))
    assert exact(STATX, "buf.stx_mnt_id", content, range(0x90, 0x98)) == (() if value else (Excerpt(0x90, bytes(8)),))


def test_memory_that_was_not_written_is_compared_whatever_it_would_hold() -> None:
    content = bytes(Statx(stx_mode=0o100644))
    content = content[:0x90] + HOLE * 8 + content[0x98:]
    assert exact(STATX, "buf.stx_mnt_id", content, range(0x90, 0x98)) == (Excerpt(0x90, HOLE * 8),)


def test_inode_may_be_any() -> None:
    assert exact(STAT, "buf.st_ino", bytes(Stat(st_ino=7, st_mode=0o100644)), range(8, 16)) == ()


@pytest.mark.parametrize(("time", "runs"), [(5, (Excerpt(72, struct.pack("=q", 5)),)), (NOW, (Excerpt(77, bytes(3)),))])
def test_present_is_compared_as_far_as_it_is_no_other_century(time: int, runs: tuple[Excerpt, ...]) -> None:
    content = bytes(Stat(st_atime=time, st_mode=0o100644))
    assert exact(STAT, "buf.st_atime", content, range(72, 80)) == runs


def test_one_of_several_records_is_compared_with_what_leads_there() -> None:
    """The message's type, the length of the record before, and its own type. Of another record, its value does not."""
    other = attribute(51, struct.pack("=I", 7))
    message = request(RTM_NEWLINK, 0, ifinfomsg(index=1) + other + attribute(IFLA_MTU, struct.pack("=I", 65536)))
    assert exact(LINKS, "buf.RTM_NEWLINK.IFLA_MTU.value32", message, result=len(message)) == (
        Excerpt(4, struct.pack("=H", RTM_NEWLINK)),
        Excerpt(32, struct.pack("=H", 8)),
        Excerpt(42, bytes([IFLA_MTU])),
        Excerpt(44, struct.pack("=I", 65536)),
    )


@pytest.mark.parametrize(("value", "exact_too"), [(7, False), (9, True)])
def test_register_may_be_any_pid_where_it_is_one(value: int, exact_too: bool) -> None:
    made = program(("ptrace_getregs", PTRACE_GETREGS, 7, 0, room(UserRegs.size())))
    field: Any = UserRegs.rdi
    span = range(field.offset, field.offset + 8)
    assert bool(exact(made, "data.rdi", bytes(UserRegs(rdi=value)), span)) is exact_too


def test_record_that_is_not_there_is_nothing_to_compare() -> None:
    message = request(RTM_NEWLINK, 0, ifinfomsg(index=1))
    assert not any(
        run.data.strip(HOLE) and run.start >= 16
        for run in exact(LINKS, "buf.RTM_NEWLINK.IFLA_MTU.value32", message, result=len(message))
    )


@pytest.mark.parametrize(
    ("made", "result", "is_exact"),
    [
        (program(("lseek", 0, 5, 0)), 5, True),
        (program(("getpid",)), 70, False),
        (program(("getppid",)), 1, True),
        (program(("kcmp", 5, 6, KCMP_FILES, 0, 0)), 0, True),
        (program(("kcmp", 5, 6, KCMP_FILES, 0, 0)), 2, False),
        (program(("mmap", ARENA, PAGE, 1, 0x22, -1, 0)), ARENA, True),
        (program(("mmap", 0, PAGE, 1, 0x22, -1, 0)), 0x7F0000001000, False),
        (program(("time", 0)), NOW, False),
    ],
    ids=str,
)
def test_result_is_exact_unless_it_is_the_kernel_s_choice(made: Program, result: int, is_exact: bool) -> None:
    assert is_exact_result(seen(made, b"", result), 0) is is_exact
