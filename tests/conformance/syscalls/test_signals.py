from __future__ import annotations

import struct

import pytest

from conformance.syscalls.machinery.buffers import Struct
from conformance.syscalls.machinery.kinds import Names, Seen
from conformance.syscalls.signals import (
    CLD_EXITED,
    POLL_IN,
    SI_KERNEL,
    SI_MESGQ,
    SI_QUEUE,
    SI_SIGIO,
    SI_TIMER,
    SI_TKILL,
    SI_USER,
    SIGCHLD,
    SIGSYS,
    SIGUSR1,
    Siginfo,
    SiginfoChild,
    SiginfoFault,
    SiginfoPoll,
    SiginfoSyscall,
    SiginfoTimer,
    fault_code,
    rt_sigtimedwait,
    sigset,
)

INFO = rt_sigtimedwait.parameters[1].kind


def raw(number: int, code: int, pid: int, rest: bytes) -> str:
    """A `siginfo_t` as a trace keeps plain memory."""
    return (struct.pack("=5i", number, 0, code, 0, pid) + rest).decode("latin-1")


@pytest.mark.parametrize(
    ("seen", "normal"),
    [
        (raw(SIGUSR1, SI_USER, 77, b"\1\2"), [SIGUSR1, 0, SI_USER, "pid#1", "0102"]),
        (raw(SIGUSR1, SI_MESGQ, 77, b"\1\2"), [SIGUSR1, 0, SI_MESGQ, "pid#1", "0102"]),
        (raw(SIGUSR1, SI_USER, 0, b"\1\2"), [SIGUSR1, 0, SI_USER, 0, "0102"]),
        (raw(SIGCHLD, CLD_EXITED, 77, bytes(8) + b"times"), [SIGCHLD, 0, CLD_EXITED, "pid#1", "00" * 8]),
    ],
)
def test_of_who_sent_a_signal_the_pid_has_a_name_and_of_a_child_its_times_are_not_compared(
    seen: Seen, normal: Seen
) -> None:
    assert INFO.normal(seen, Names()) == normal


@pytest.mark.parametrize("seen", ["", raw(SIGUSR1, SI_KERNEL, 77, b"\1\2")])
def test_what_else_is_told_of_a_signal_is_compared_as_it_is(seen: Seen) -> None:
    assert INFO.normal(seen, Names()) == seen


def test_a_signal_that_was_read_into_a_struct_is_compared_by_its_members() -> None:
    members = ("si_signo", "si_errno", "si_code", "pad0", "si_pid", "si_uid", "si_value", "rest")
    seen: Seen = dict.fromkeys(members, 77)
    assert INFO.normal(seen, Names()) == {**dict.fromkeys(members, 77), "si_pid": "pid#1"}


def test_in_a_set_a_signal_is_the_bit_below_its_number() -> None:
    assert sigset(1, 64, 64) == b"\1" + bytes(6) + b"\x80"


@pytest.mark.parametrize(
    ("signum", "code", "name"),
    [
        (11, 1, "SEGV_MAPERR"),
        (11, 2, "SEGV_ACCERR"),
        (11, 4, "SEGV_PKUERR"),
        (7, 1, "BUS_ADRALN"),
        (7, 2, "BUS_ADRERR"),
        (7, SI_KERNEL, "SI_KERNEL"),
        (7, 9, "9"),
        (11, 0, "0"),
        (10, 1, "1"),
    ],
)
def test_a_fault_has_the_name_that_the_header_gives_it(signum: int, code: int, name: str) -> None:
    assert fault_code(signum, code) == name


@pytest.mark.parametrize(
    ("signum", "code", "of"),
    [
        *((SIGUSR1, code, Siginfo) for code in (SI_USER, SI_QUEUE, SI_TKILL, SI_MESGQ, SI_KERNEL)),
        *((SIGCHLD, code, Siginfo) for code in (SI_USER, SI_QUEUE, SI_TKILL)),
        *((signum, SI_TIMER, SiginfoTimer) for signum in (SIGUSR1, SIGCHLD, 34)),
        *((signum, POLL_IN, SiginfoPoll) for signum in (29, 34, SIGUSR1)),
        (29, SI_SIGIO, SiginfoPoll),
        (SIGCHLD, CLD_EXITED, SiginfoChild),
        (SIGSYS, 1, SiginfoSyscall),
        (11, 1, SiginfoFault),
        (11, SI_USER, Siginfo),
    ],
)
def test_which_members_a_siginfo_has_is_told_by_its_signal_and_its_code(
    signum: int, code: int, of: type[Struct]
) -> None:
    (piece,) = INFO.pieces(raw(signum, code, 77, b"").encode("latin-1"))
    assert (piece.at, piece.size, piece.struct) == (0, 128, of)
    assert of in INFO.structs


def test_a_siginfo_of_which_nothing_was_written_is_one_of_a_sender() -> None:
    assert [piece.struct for piece in INFO.pieces(b"")] == [Siginfo]
