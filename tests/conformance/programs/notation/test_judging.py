from __future__ import annotations

import errno
import struct

import pytest

from conformance.programs.execution import Execution
from conformance.programs.notation.judging import Happened, Judgement, Keeping, happened, judge, judged
from conformance.programs.notation.parse import parse_file
from conformance.programs.program import ProgramCall
from conformance.programs.wire import ProgramOutcome, State, encode
from conformance.syscalls.machinery.buffers import POISON
from conformance.syscalls.sockets.messages import control_message

CALL = ProgramCall("close", (0,))
STAT = 'x:\n    r0 = open("f0", O_RDWR, 0)\n    fstat(r0, room) '
SIZE_AT = 48
"""Where `st_size` lies in `struct stat` of x86-64."""
VERSIONS = {"kernel": "6.6.87"}


def run(text: str, *results: int, wrote: bytes = b"", state: State = State.DONE, detail: int = 0) -> list[Keeping]:
    """What becomes of a program's promises where its calls have such results; the last one has written something."""
    listing = parse_file(text, "x.calls").programs[0]
    encoded = encode(listing.program)
    outs = [tuple(b"" for _ in observed) for observed in encoded.observed[: len(results)]]
    if wrote:
        outs[-1] = (wrote, *outs[-1][1:])
    outcome = ProgramOutcome(state, detail, (), tuple(zip(results, outs, strict=True)))
    return [each.kept for each in judged(listing, Execution(encoded, outcome), VERSIONS, ("root",))]


@pytest.mark.parametrize(
    ("promise", "result", "kept"),
    [
        ("= 3", 3, Keeping.KEPT),
        ("= 3", 4, Keeping.BROKEN),
        ("= 3", -errno.EBADF, Keeping.BROKEN),
        (">= 3", 4, Keeping.KEPT),
        (">= 3", 2, Keeping.BROKEN),
        ("< 3", 2, Keeping.KEPT),
        ("!= 3", 3, Keeping.BROKEN),
        ("= ok", 7, Keeping.KEPT),
        ("= ok", -errno.EIO, Keeping.BROKEN),
        ("= -1 EBADF", -errno.EBADF, Keeping.KEPT),
        ("= -1 EBADF", -errno.EIO, Keeping.BROKEN),
        ("= -1 EBADF", 0, Keeping.BROKEN),
        ("= -1 EACCES|EPERM", -errno.EPERM, Keeping.KEPT),
        ("= -1 EACCES|EPERM", -errno.EACCES, Keeping.KEPT),
        ("= -1 EACCES|EPERM", -errno.ENOENT, Keeping.BROKEN),
        ("= -1 EOPNOTSUPP", -errno.ENOTSUP, Keeping.KEPT),
        ("blocks", 0, Keeping.BROKEN),
        ("killed by SIGSEGV", 0, Keeping.BROKEN),
        ("= ok or missing", -errno.ENOSYS, Keeping.MISSING),
        ("= ok or missing", -errno.EPROTONOSUPPORT, Keeping.MISSING),
        ("= ok or missing", -errno.EIO, Keeping.BROKEN),
        ("= ok or missing EIO", -errno.EIO, Keeping.MISSING),
        ("= ok or missing EIO", -errno.ENOSYS, Keeping.MISSING),
        ("= -1 ENOSYS or missing", -errno.ENOSYS, Keeping.KEPT),
        ("= 3 [kernel >= 6.6]", 4, Keeping.BROKEN),
        ("= 3 [kernel >= 6.7]", 4, Keeping.NOT_MADE),
        ("= 3 needs root", 4, Keeping.BROKEN),
        ("= 3 needs disposable", 4, Keeping.NOT_MADE),
        ("= 3 [kernel < 6.6]\n        = 4 [kernel >= 6.6]", 4, Keeping.KEPT),
        ("= 3 [kernel < 6.6]\n        = 4 [kernel >= 6.6]", 3, Keeping.BROKEN),
        ("", 3, Keeping.NOT_MADE),
    ],
)
def test_a_result_keeps_a_promise_or_breaks_it(promise: str, result: int, kept: Keeping) -> None:
    assert run(f"x:\n    dup(0) {promise}\n", result) == [kept]


def test_a_result_is_held_against_that_of_an_earlier_call() -> None:
    text = "x:\n    r0 = getpid()\n    getpgid(0) = r0\n"
    assert run(text, 7, 7)[1] is Keeping.KEPT
    assert run(text, 7, 8)[1] is Keeping.BROKEN
    assert run(text, 7, -errno.ESRCH)[1] is Keeping.BROKEN


@pytest.mark.parametrize(
    ("promise", "size", "kept"),
    [
        ("= 0, {st_size=26}", 26, Keeping.KEPT),
        ("= 0, {st_size=26}", 27, Keeping.BROKEN),
        ("= 0, {st_size >= 26}", 27, Keeping.KEPT),
        ("= 0, {st_size > 26}", 26, Keeping.BROKEN),
        ("= 0, buf={st_size <= 26, st_size != 5}", 5, Keeping.BROKEN),
        ("= 0, {st_size=-1}", -1, Keeping.KEPT),
        ("= 0, {st_size=0xffffffffffffffff}", -1, Keeping.KEPT),
        ("= 0, {st_size < 0}", -1, Keeping.KEPT),
    ],
)
def test_what_was_written_is_compared_by_its_members(promise: str, size: int, kept: Keeping) -> None:
    wrote = bytes(SIZE_AT) + size.to_bytes(8, "little", signed=True) + bytes(88)
    assert run(STAT + promise, 3, 0, wrote=wrote)[1] is kept


def test_nothing_that_was_written_keeps_no_promise_of_it() -> None:
    assert run(STAT + "= -1 EBADF, {st_size=0}", 3, -errno.EBADF)[1] is Keeping.BROKEN
    assert run(STAT + "= -1 EBADF", 3, -errno.EBADF)[1] is Keeping.KEPT


def test_a_size_that_a_failing_call_tells_counts() -> None:
    text = "x:\n    sched_setattr(0, {size=4097}, 0) = -1 E2BIG, {size >= 48}\n"
    told = (56).to_bytes(4, "little") + bytes(44)
    assert run(text, -errno.E2BIG, wrote=told) == [Keeping.KEPT]
    assert run(text.replace("48", "57"), -errno.E2BIG, wrote=told) == [Keeping.BROKEN]


def test_bytes_that_were_read_are_all_that_was_written() -> None:
    text = 'x:\n    read(0, room(8), 8) = ok, "ab"\n'
    assert run(text, 2, wrote=b"ab") == [Keeping.KEPT]
    assert run(text, 3, wrote=b"abc") == [Keeping.BROKEN]
    assert run(text, 1, wrote=b"a") == [Keeping.BROKEN]
    assert POISON not in b"ab"


@pytest.mark.parametrize(
    ("promise", "state", "detail", "kept"),
    [
        ("blocks", State.BLOCKED, 0, Keeping.KEPT),
        ("blocks", State.DIED, 11, Keeping.BROKEN),
        ("killed by SIGSEGV", State.DIED, 11, Keeping.KEPT),
        ("killed by SIGBUS", State.DIED, 11, Keeping.BROKEN),
        ("killed by SIGSEGV (SEGV_MAPERR)", State.DIED, 11, Keeping.KEPT),
        ("exits with 7", State.EXITED, 7, Keeping.KEPT),
        ("exits with 7", State.EXITED, 8, Keeping.BROKEN),
        ("= ok", State.BLOCKED, 0, Keeping.BROKEN),
        ("= ok or missing", State.BLOCKED, 0, Keeping.BROKEN),
        ("= -1 EINTR", State.DIED, 11, Keeping.BROKEN),
    ],
)
def test_an_ending_keeps_a_promise_or_breaks_it(promise: str, state: State, detail: int, kept: Keeping) -> None:
    assert run(f"x:\n    load(0) {promise}\n", state=state, detail=detail) == [kept]


def test_an_si_code_counts_where_somebody_looked_at_it() -> None:
    listing = parse_file("x:\n    load(0) killed by SIGSEGV (SEGV_MAPERR)\n", "x.calls").programs[0]
    (promise,) = listing.steps[0].promises
    for code, kept in (("SEGV_MAPERR", Keeping.KEPT), ("SEGV_ACCERR", Keeping.BROKEN), ("", Keeping.KEPT)):
        assert judge(promise, Happened(CALL, ended=State.DIED, detail=11, code=code)).kept is kept


@pytest.mark.parametrize(("fault", "kept"), [((1, 0), Keeping.KEPT), ((2, 0), Keeping.BROKEN), (None, Keeping.KEPT)])
def test_the_si_code_of_a_fault_is_looked_at(fault: tuple[int, int] | None, kept: Keeping) -> None:
    listing = parse_file("x:\n    load(0) killed by SIGSEGV (SEGV_MAPERR)\n", "x.calls").programs[0]
    execution = Execution(encode(listing.program), ProgramOutcome(State.DIED, 11, fault=fault))
    assert [each.kept for each in judged(listing, execution)] == [kept]


def test_a_call_that_was_not_reached_keeps_nothing() -> None:
    text = "x:\n    load(0) killed by SIGSEGV\n    close(0) = ok\n"
    assert run(text, state=State.DIED, detail=11) == [Keeping.KEPT, Keeping.BROKEN]


def test_of_a_program_with_a_condition_nothing_is_promised_elsewhere() -> None:
    assert run("x: [kernel >= 6.7]\n    close(0) = ok\n", -errno.EBADF) == [Keeping.NOT_MADE]
    assert run("x: needs disposable\n    close(0) = ok\n", -errno.EBADF) == [Keeping.NOT_MADE]
    assert run("x: needs root [kernel >= 6.6]\n    close(0) = ok\n", -errno.EBADF) == [Keeping.BROKEN]


def test_a_broken_promise_says_what_was_done_and_what_was_promised() -> None:
    listing = parse_file("x:\n    close(0) = -1 EBADF|EIO\n    load(0) = ok\n", "x.calls").programs[0]
    encoded = encode(listing.program)
    execution = Execution(encoded, ProgramOutcome(State.DIED, 11, (), ((-errno.EINTR, ()),)))
    assert [each.why for each in judged(listing, execution)] == [
        "-1 EINTR, and Linux promises -1 EBADF or EIO",
        "it was killed by SIGSEGV, and Linux promises success",
    ]
    assert happened(execution, 0).errno == errno.EINTR


# -- structs one after the other, in memory that memory points to

RECEIVES = "x:\n    recvmsg(0, {iov=[{iov_base=room(8), iov_len=size}], control=room(64), controllen=size}, 0) = 5,"
HEAD = "cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS"


def received(promise: str, *controls: bytes) -> Judgement:
    """What becomes of a promise of the control messages that were received."""
    listing = parse_file(f"{RECEIVES} {promise}\n", "x.calls").programs[0]
    encoded = encode(listing.program)
    content = {"1.32": b"".join(controls), "1": encoded.program.steps[0].args[1].data}  # type: ignore[union-attr] # memory
    outs = tuple(content.get(each.path, b"") for each in encoded.observed[0])
    (found,) = judged(listing, Execution(encoded, ProgramOutcome(State.DONE, 0, (), ((5, outs),))))
    return found


RIGHTS = control_message(1, 1, (7).to_bytes(4, "little"))
TTL = control_message(0, 2, (64).to_bytes(4, "little"))


@pytest.mark.parametrize(
    ("promise", "kept"),
    [
        (f"message.control={{{HEAD}}} {{fd=7}}", True),
        (f"message.control={{{HEAD}}} {{fd >= 8}}", False),
        ("message.control={cmsg_len=24}", False),
        ("message.control={cmsg_type=IP_TTL} {number=64}", False),
        ("message.control=... {cmsg_type=IP_TTL} {number=64}", True),
        ("message.control=... {cmsg_type=IP_TTL} {number=63}", False),
        ("message.control=... {cmsg_type=IP_TOS, cmsg_level=IPPROTO_IP}", False),
        (f"message.control={{{HEAD}}} {{}} {{cmsg_level=IPPROTO_IP, cmsg_type=IP_TTL}} {{number=64}}", True),
        (f"message.control={{{HEAD}}} {{cmsg_type=IP_TTL}}", False),
        (f"message.control={{{HEAD}}} {{}} {{}} {{}} {{}}", False),
        ("message.control={} {} {} {}", True),
    ],
)
def test_structs_in_a_row_are_held_against_what_is_promised_of_each(promise: str, kept: bool) -> None:
    found = received(promise, RIGHTS, TTL)
    assert (found.kept is Keeping.KEPT) == kept
    assert bool(found.why) != kept


def test_what_was_not_received_breaks_a_promise_of_it() -> None:
    assert received("message.control={}").kept is Keeping.BROKEN
    assert received("message.control={} {} {}", RIGHTS).kept is Keeping.BROKEN


@pytest.mark.parametrize(
    ("promise", "kept"),
    [
        ("si_code=SI_TIMER, si_overrun=0, si_value=0x123456789", Keeping.KEPT),
        ("si_value=5", Keeping.BROKEN),
        ("si_pid > 1", Keeping.BROKEN),
    ],
)
def test_of_a_siginfo_those_members_are_promised_that_its_code_says_are_there(promise: str, kept: Keeping) -> None:
    call = f"x:\n    rt_sigtimedwait(u64[512], room(128), {{}}, 8) = SIGUSR1, info={{{promise}}}"
    timer = struct.pack("=6iQ", 10, 0, -2, 0, 7, 0, 0x123456789)
    assert run(call, 10, wrote=timer) == [kept]
