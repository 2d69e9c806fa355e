from __future__ import annotations

import struct
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.model import Cause
from conformance.programs.execution import Execution
from conformance.programs.program import Memory, Program, ProgramCall, Ref
from conformance.programs.wire import Encoded, ProgramOutcome, State, encode
from conformance.search.compare import (
    ERRNO,
    FAULT,
    RESULT,
    SIGNALS,
    STATE,
    ProgramDifference,
    cause_of,
    differences,
    flat,
    options_of,
    signature,
)
from conformance.syscalls.files.descriptors import F_GETOWN_EX
from conformance.syscalls.files.opening import O_APPEND, O_CREAT, O_DIRECTORY
from conformance.syscalls.files.reading import SEEK_CUR
from conformance.syscalls.files.status import Stat
from conformance.syscalls.machinery.memory import Pointer
from conformance.syscalls.machinery.table import grammar
from conformance.syscalls.machinery.world import ARENA
from conformance.syscalls.sockets.messages import control_message
from tests.conformance.search.drawn import likely
from tests.conformance.search.native import needs_executor, program, run

ENOENT, EBADF, EACCES, EINVAL, ENOSYS, EPERM = 2, 9, 13, 22, 38, 1
F0 = Memory(b"f0\0")
FDS = struct.Struct("<ii")


def room(size: int) -> Memory:
    return Memory(bytes(size), room=True)


Said = int | tuple[int, bytes]


def outcome(*results: Said, state: State = State.DONE, detail: int = 0) -> ProgramOutcome:
    """Of each call its result, and what is in its buffer."""
    each = ((one, ()) if isinstance(one, int) else (one[0], (one[1],)) for one in results)
    return ProgramOutcome(state, detail, (), tuple(each))


def found(made: Program, reference: ProgramOutcome, target: ProgramOutcome) -> list[tuple[int, str, str, str, str]]:
    """The differences, as tuples."""
    return [
        (each.step, each.call, each.field, each.reference, each.target)
        for each in differences(*(Execution(encode(made), each) for each in (reference, target)))
    ]


OPENED = program(("openat", -100, F0, 0, 0), ("read", Ref(0), room(4), 4), ("close", Ref(0)))
PIPED = program(("pipe2", room(8), 0), ("dup", Ref(0, 0, 0, 4)), ("close", Ref(1)))
STATUS = program(("fstat", 3, room(144)), ("getuid",))


# No difference


def test_equal_outcomes_do_not_differ() -> None:
    said = outcome(3, (2, b"ab"), 0)
    assert found(OPENED, said, said) == []


def test_the_number_of_an_fd_is_no_difference() -> None:
    assert found(OPENED, outcome(3, (2, b"ab"), 0), outcome(7, (2, b"ab"), 0)) == []
    assert found(PIPED, outcome((0, FDS.pack(3, 4)), 5, 0), outcome((0, FDS.pack(9, 4)), 7, 0)) == []


def test_the_number_of_a_process_is_no_difference() -> None:
    made = program(("getpid",), ("spawn_pause", 2, 0), ("getpgid", Ref(1)))
    assert found(made, outcome(10, 11, 10), outcome(77, 20, 77)) == []
    assert found(made, outcome(10, 11, 10), outcome(77, 20, 20)) == [(2, "getpgid", RESULT, "'pid#1'", "'pid#2'")]


def test_which_fd_it_is_makes_a_difference() -> None:
    twice = program(("openat", -100, F0, 0, 0), ("close", Ref(0)), ("openat", -100, F0, 0, 0))
    assert found(twice, outcome(3, 0, 3), outcome(7, 0, 7)) == []
    assert found(twice, outcome(3, 0, 3), outcome(3, 0, 4)) == [(2, "openat", RESULT, "'fd#1'", "'fd#2'")]


def test_which_end_of_a_pipe_it_is_makes_a_difference() -> None:
    ours, theirs = (outcome((0, FDS.pack(3, 4)), 5, 0), outcome((0, FDS.pack(3, 3)), 5, 0))
    assert found(PIPED, ours, theirs)[0] == (0, "pipe2", "fds", "['fd#1', 'fd#2']", "['fd#1', 'fd#1']")


def test_what_a_failed_call_has_written_is_a_difference() -> None:
    """A kernel may tell something as it fails, such as the size that it knows (sched_setattr(2))."""
    ours, theirs = outcome(3, (-EBADF, b"ab"), 0), outcome(3, (-EBADF, b""), 0)
    assert found(OPENED, ours, theirs) == [(1, "read", "buf", "'ab'", "None")]
    assert found(OPENED, ours, ours) == []


def test_a_time_of_day_is_no_difference_but_one_that_was_set_is() -> None:
    def seen(seconds: int) -> ProgramOutcome:
        return outcome((0, bytes(Stat(st_mode=0o100644, st_mtime=seconds))), 0)

    assert found(STATUS, seen(1_700_000_000), seen(1_800_000_000)) == []
    ((_, _, name, *said),) = found(STATUS, seen(1), seen(2))
    assert name.startswith("buf.st_mtim")
    assert said == ["1", "2"]


# Each field


def test_an_errno_is_a_difference_and_the_last_one() -> None:
    ours, theirs = outcome(3, (2, b"ab"), 0), outcome(-ENOENT, (-EBADF, b""), -EBADF)
    assert found(OPENED, ours, theirs) == [(0, "openat", ERRNO, "success", "ENOENT")]
    assert found(OPENED, theirs, ours) == [(0, "openat", ERRNO, "ENOENT", "success")]
    other = outcome(-EACCES, (-EBADF, b""), -EBADF)
    assert found(OPENED, theirs, other) == [(0, "openat", ERRNO, "ENOENT", "EACCES")]


def test_a_result_is_a_difference_and_the_last_one() -> None:
    ours, theirs = outcome(3, (2, b"ab"), 0), outcome(3, (1, b"a"), -EBADF)
    assert found(OPENED, ours, theirs) == [(1, "read", RESULT, "2", "1")]


def test_what_was_written_is_a_difference_and_the_comparison_goes_on() -> None:
    ours, theirs = outcome(3, (2, b"ab"), 0), outcome(3, (2, b"ax"), -EBADF)
    assert found(OPENED, ours, theirs) == [
        (1, "read", "buf", "'ab'", "'ax'"),
        (2, "close", ERRNO, "success", "EBADF"),
    ]


def test_what_was_written_beyond_the_end_is_a_difference() -> None:
    assert found(OPENED, outcome(3, (2, b"ab"), 0), outcome(3, (2, b"abc"), 0)) == [
        (1, "read", "buf", "'ab'", "'ab + more'")
    ]


def test_each_member_of_a_struct_is_a_difference_of_its_own() -> None:
    def seen(links: int, size: int) -> ProgramOutcome:
        data = bytearray(144)
        data[16:24], data[48:56] = links.to_bytes(8, "little"), size.to_bytes(8, "little")
        return outcome((0, bytes(data)), 0)

    assert found(STATUS, seen(1, 26), seen(2, 27)) == [
        (0, "fstat", "buf.st_nlink", "1", "2"),
        (0, "fstat", "buf.st_size", "26", "27"),
    ]


def test_what_lies_behind_a_pointer_is_a_difference_with_its_place() -> None:
    made = program(("readv", 0, Memory(bytes(16), ((0, 8, room(5)), (8, 8, 5))), 1))
    assert found(made, outcome((3, b"abc")), outcome((3, b"abd"))) == [(0, "readv", "iov.iov_base", "'abc'", "'abd'")]


RIGHTS = control_message(1, 1, FDS.pack(3, 4))
PROCESS = control_message(1, 2, struct.pack("=3I", 7, 0, 0))
TTL = control_message(0, 2, struct.pack("=i", 64))


@pytest.mark.parametrize(
    ("reference", "target", "differing"),
    [
        (RIGHTS, control_message(1, 1, FDS.pack(5, 6)), []),
        (RIGHTS + TTL, RIGHTS + TTL, []),
        (PROCESS, control_message(1, 2, struct.pack("=3I", 9, 0, 0)), []),
        (PROCESS, control_message(1, 2, struct.pack("=3I", 7, 1, 0)), ["SCM_CREDENTIALS.uid"]),
        (RIGHTS + TTL, TTL + RIGHTS, ["order"]),
        (RIGHTS + TTL, RIGHTS, ["IP_TTL"]),
        (RIGHTS, RIGHTS + TTL, ["IP_TTL"]),
        (b"", PROCESS, ["SCM_CREDENTIALS"]),
    ],
)
def test_a_control_message_that_is_another_or_not_there_is_one_difference(
    reference: bytes, target: bytes, differing: list[str]
) -> None:
    memory = Memory(bytes(56), ((32, 8, room(64)), (40, 8, 64)))
    made = program(("recvmsg", 0, memory, 0))
    paths = [each.path for each in encode(made).observed[0]]
    sides = [
        ProgramOutcome(State.DONE, 0, (), ((5, tuple(each if path == "1.32" else b"" for path in paths)),))
        for each in (reference, target)
    ]
    assert [each[2] for each in found(made, *sides)] == [f"message.control.{name}" for name in differing]


def test_what_random_bytes_were_put_behind_a_pointer_is_no_difference() -> None:
    """As masked as the memory that points there."""
    label, at = next(
        (label, at)
        for label, each in grammar().items()
        for at, parameter in enumerate(each.parameters)
        if isinstance(parameter.kind, Pointer) and parameter.kind.masked and parameter.struct is None
    )
    vector = Memory(bytes(8), ((0, 8, room(4)),))
    made = program((label, *(vector if index == at else 0 for index in range(at + 1))))
    buffers = [(content, b"") if len(encode(made).observed[0]) == 2 else (content,) for content in (b"abcd", b"wxyz")]
    ours, theirs = (ProgramOutcome(State.DONE, results=((0, each),)) for each in buffers)
    assert found(made, ours, theirs) == []
    assert found(made, ours, ProgramOutcome(State.DONE, results=((1, buffers[0]),)))


def test_a_program_that_dies_on_one_side_differs_in_the_call_that_it_died_of() -> None:
    done = outcome(3, (2, b"ab"), 0)
    died = outcome(3, state=State.DIED, detail=11)
    assert found(OPENED, done, died) == [(1, "read", STATE, "success", "killed by signal 11")]
    assert found(OPENED, died, done) == [(1, "read", STATE, "killed by signal 11", "success")]
    failed = outcome(3, (-EINVAL, b""), 0)
    assert found(OPENED, failed, died) == [(1, "read", STATE, "EINVAL", "killed by signal 11")]


def test_a_program_that_blocks_on_one_side_differs_in_the_call_that_blocks() -> None:
    blocked, done = outcome(3, state=State.BLOCKED), outcome(3, (2, b"ab"), 0)
    assert found(OPENED, done, blocked) == [(1, "read", STATE, "success", "blocked")]
    both = outcome(3, state=State.BLOCKED), outcome(state=State.BLOCKED)
    assert found(OPENED, *both) == [(0, "openat", STATE, "success", "blocked")]


def test_programs_that_end_at_one_call_in_two_ways_differ_in_it() -> None:
    ours, theirs = (outcome(3, state=State.DIED, detail=signal) for signal in (11, 7))
    assert found(OPENED, ours, theirs) == [(1, "read", STATE, "killed by signal 11", "killed by signal 7")]
    assert found(OPENED, ours, outcome(3, state=State.BLOCKED)) == [
        (1, "read", STATE, "killed by signal 11", "blocked")
    ]


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ((1, ARENA), (2, ARENA), [STATE, "killed by signal 11 (SEGV_MAPERR)", "killed by signal 11 (SEGV_ACCERR)"]),
        ((1, ARENA), (1, ARENA + 8), [FAULT, "ARENA", "ARENA+0x8"]),
        ((1, ARENA), (1, ARENA), []),
        ((128, 0), (128, 0), []),
        ((1, 0x5555_0000_0000), (1, 0x7777_0000_0000), []),
        ((1, ARENA), None, []),
        (None, (1, ARENA), []),
    ],
    ids=["code", "address", "equal", "no-address", "not-the-programs", "not-known", "not-known-there"],
)
def test_faults_differ_in_their_code_or_in_their_place_in_the_programs_memory(
    one: tuple[int, int] | None, other: tuple[int, int] | None, said: list[str]
) -> None:
    sides = [replace(outcome(3, state=State.DIED, detail=11), fault=fault) for fault in (one, other)]
    assert found(OPENED, sides[0], sides[1]) == ([(1, "read", *said)] if said else [])


def test_a_program_that_takes_its_guest_along_differs_in_its_last_call() -> None:
    """Which one it was is not known, and once the program is as small as can be, it is that."""
    done, lost = outcome(3, (2, b"ab"), 0), outcome(state=State.LOST)
    assert found(OPENED, done, lost) == [(2, "close", STATE, "success", "the guest died")]
    assert found(OPENED, lost, done) == [(2, "close", STATE, "the guest died", "success")]
    assert found(OPENED, lost, lost) == []


def test_a_program_that_ends_after_its_last_call_differs_in_that() -> None:
    done, died = outcome(3, (2, b"ab"), 0), outcome(3, (2, b"ab"), 0, state=State.DIED, detail=9)
    assert found(OPENED, done, died) == [(2, "close", STATE, "done", "killed by signal 9")]


def test_a_difference_before_an_end_comes_first() -> None:
    ours, theirs = outcome(3, (2, b"ab"), 0), outcome(-ENOENT, state=State.DIED, detail=9)
    assert found(OPENED, ours, theirs) == [(0, "openat", ERRNO, "success", "ENOENT")]


def test_signals_that_were_caught_are_a_difference() -> None:
    once, twice = (replace(outcome(3, (2, b"ab"), 0), signals=((10, count),)) for count in (1, 2))
    none = outcome(3, (2, b"ab"), 0)
    assert found(OPENED, once, twice) == [(2, "close", SIGNALS, "1 of signal 10", "2 of signal 10")]
    assert found(OPENED, none, once) == [(2, "close", SIGNALS, "none", "1 of signal 10")]


def test_what_is_long_is_cut() -> None:
    made = program(("read", 0, room(4096), 4096))
    ((*_, ours, theirs),) = found(made, outcome((500, b"a" * 500)), outcome((500, b"b" * 500)))
    assert (len(ours), len(theirs)) == (120, 120)
    assert ours.endswith("aaa...")


@st.composite
def outcomes(draw: st.DrawFn, encoded: Encoded) -> ProgramOutcome:
    """Anything that an executor may say of a program."""
    results = []
    for observed in encoded.observed[: draw(st.integers(0, len(encoded.observed)))]:
        buffers = tuple(draw(st.binary(max_size=min(each.size, 9))) for each in observed)
        results.append((draw(st.sampled_from((0, 0, 1, 3, 4, 1 << 62, -1, -ENOENT, -ENOSYS, -4096))), buffers))
    signals = draw(st.sampled_from(((), ((10, 1),))))
    fault = draw(st.sampled_from((None, (1, ARENA), (2, ARENA), (2, 0))))
    state, detail = draw(st.sampled_from(State)), draw(st.sampled_from((0, 9)))
    return ProgramOutcome(state, detail, signals, tuple(results), fault if state is State.DIED else None)


@settings(deadline=None, max_examples=150)
@given(likely(), st.data())
def test_any_two_outcomes_can_be_compared(made: Program, data: st.DataObject) -> None:
    encoded = encode(made)
    one, other = data.draw(outcomes(encoded)), data.draw(outcomes(encoded))
    assert list(differences(Execution(encoded, one), Execution(encoded, one))) == []
    sides = Execution(encoded, one), Execution(encoded, other)
    here, there = list(differences(*sides)), list(differences(*reversed(sides)))
    assert [(each.step, each.field) for each in here] == [(each.step, each.field) for each in there]
    assert [(each.reference, each.target) for each in here] == [(each.target, each.reference) for each in there]
    assert [each.goes_on for each in here[:-1]] == [True] * len(here[:-1]), "the last one only ends it"
    for each in here:
        assert str(signature(made, each, "x")).startswith(f"{made.steps[each.step].label}/")


def test_times_of_the_inode_that_a_whole_machine_shares_are_nobodys() -> None:
    made = program(("eventfd2", 1, 0), ("fstat", Ref(0), room(144)))
    ours, theirs = (bytes(Stat(st_mode=0o600, st_mtime=when)) for when in (3, 1_700_000_000))
    assert found(made, outcome(0, (0, theirs)), outcome(0, (0, ours))) == []


@pytest.mark.parametrize(
    ("member", "value", "mode", "differs"),
    [
        ("st_uid", 1000, 0o600, False),
        ("st_gid", 1000, 0o600, False),
        ("st_mode", 0o666, 0o600, False),
        ("st_uid", 1000, 0o100600, True),
        ("st_mode", 0o100666, 0o100600, True),
        ("st_mode", 0o100600, 0o600, True),
        ("st_nlink", 2, 0o600, True),
    ],
)
def test_owner_and_mode_of_the_inode_that_a_whole_machine_shares_are_nobodys(
    member: str, value: int, mode: int, differs: bool
) -> None:
    """An eventfd's inode has no type. Before Linux 6.16, fchown(2) on one changes those of all others."""
    one = Stat(st_mode=mode, st_nlink=1)
    other = Stat(**{"st_mode": mode, "st_nlink": 1} | {member: value})
    assert bool(found(STATUS, outcome((0, bytes(one)), 0), outcome((0, bytes(other)), 0))) is differs


LISTED = program(
    ("openat", -100, Memory(b".\0"), O_DIRECTORY, 0),
    ("dup", Ref(0)),
    ("getdents64", Ref(0), room(64), 64),
    ("lseek", Ref(1), 0, SEEK_CUR),
)


@pytest.mark.parametrize(
    ("read", "one", "other", "differs"),
    [(48, 5, 1 << 40, False), (48, 5, 0, True), (0, 5, 7, True), (-EINVAL, 5, 7, True)],
)
def test_position_in_a_directory_that_was_read_is_the_file_systems(
    read: int, one: int, other: int, differs: bool
) -> None:
    """It is whether there is one that is compared, through another fd of the same open file too."""
    sides = (outcome(3, 4, (read, b""), each) for each in (one, other))
    assert bool(found(LISTED, *sides)) is differs


def test_position_in_a_file_is_compared() -> None:
    made = Program((*LISTED.steps, ProgramCall("lseek", (20, 0, SEEK_CUR))))
    sides = (outcome(3, 4, (48, b""), 5, each) for each in (5, 7))
    assert [each[0] for each in found(made, *sides)] == [4]


@pytest.mark.parametrize("option", [3, 3 | 1 << 32, Ref(0)])
def test_call_in_general_is_compared_as_the_operation_that_it_was(option: int | Ref) -> None:
    """sysfs(3) tells how many file systems there are, which is each kernel's own affair."""
    made = program(("dup", 0), ("sysfs", option, 0, 0))
    assert found(made, outcome(3, 40), outcome(3, 41)) == []
    assert found(program(("dup", 0), ("sysfs", 4, 0, 0)), outcome(3, 40), outcome(3, 41)) != []


def test_memory_that_nobody_has_written_has_no_name() -> None:
    """F_GETOWN_EX writes a type and a pid, of which the first process to appear is `pid#1`."""
    made = program(("fcntl_getown_ex", 0, F_GETOWN_EX, room(8)))
    sides = (outcome((0, FDS.pack(1, 70))), outcome((0, b"\1\0\0\0")))
    assert found(made, *sides) == [(0, "fcntl_getown_ex", "arg.pid", "'pid#1'", "None")]


def test_members_that_nobody_has_written_are_as_where_nothing_was_written_at_all() -> None:
    """waitid(2) writes some members for a failing call, and leaves the padding and the rest alone."""
    made = program(("waitid", 1, 5, room(128), 5, 0))
    some = bytes(12) + b"\xaa" * 4 + bytes(12) + b"\xaa" * 100
    assert {each[2] for each in found(made, outcome((-10, some)), outcome((-10, b"")))} == {
        *(f"info.{name}" for name in ("si_signo", "si_errno", "si_code", "si_pid", "si_uid", "si_status"))
    }


def test_name_that_a_wrong_report_has_taken_is_no_difference_of_its_own() -> None:
    made = program(("fcntl_getown_ex", 0, 16, room(8)), ("getpid",))
    theirs, ours = ((0, struct.pack("<ii", 0, pid)) for pid in (0, 77))
    assert [each[:3] for each in found(made, outcome(theirs, 5), outcome(ours, 5))] == [
        (0, "fcntl_getown_ex", "arg.pid")
    ]


@needs_executor
def test_a_kernel_does_not_differ_from_itself() -> None:
    """In which fds, processes, inodes and times there are."""
    made = program(
        ("getpid",),
        ("openat", -100, Memory(b"f1\0"), 0o102, 0o644),
        ("fstat", Ref(1), room(144)),
        ("pipe2", room(8), 0),
        ("spawn_exit", 0, 3),
        ("wait4", Ref(4), room(4), 0, room(144)),
        ("clock_gettime", 0, room(16)),
        ("getrandom", room(16), 16, 0),
        ("mmap", 0, 4096, 3, 0x22, -1, 0),
    )
    (encoded, one), *others = run([made] * 5)
    first = Execution(encoded, one)
    assert [list(differences(first, Execution(encoded, other))) for _, other in others] == [[]] * 4


# What goes on, what is alike


def difference(field: str, reference: str = "success", target: str = "EINVAL") -> ProgramDifference:
    return ProgramDifference(0, "openat", field, reference, target)


@pytest.mark.parametrize(
    ("field", "goes_on"), [(STATE, False), (ERRNO, False), (RESULT, False), (SIGNALS, True), ("buf", True)]
)
def test_only_what_was_reported_lets_programs_go_on_alike(field: str, goes_on: bool) -> None:
    assert difference(field).goes_on is goes_on


def test_differences_are_alike_by_call_field_and_errnos_not_by_what_was_read() -> None:
    assert difference(ERRNO).coarse != difference(ERRNO, target="EPERM").coarse
    assert difference(STATE, "done", "blocked").coarse != difference(STATE, "done", "killed by signal 9").coarse
    assert difference("buf", "1", "2").coarse == difference("buf", "3", "4").coarse
    assert difference(RESULT, "1", "2").coarse == difference(RESULT, "3", "4").coarse
    assert difference("buf").coarse != difference("stat").coarse
    assert difference(ERRNO).coarse != replace(difference(ERRNO), call="open").coarse
    assert difference(ERRNO).coarse == replace(difference(ERRNO), step=7).coarse


def test_members_are_named_with_dots() -> None:
    assert flat("a", {"b": 1, "c": {"d": [2]}}) == {"a.b": 1, "a.c.d": [2]}
    assert flat("a", 5) == {"a": 5}


# Signatures


def opening(flags: int) -> Program:
    return program(("getpid",), ("openat", -100, F0, flags, 0))


def test_a_signature_says_what_where_and_with_which_flags() -> None:
    found_ = ProgramDifference(1, "openat", ERRNO, "success", "EINVAL")
    named = signature(opening(O_CREAT | O_APPEND), found_, "gvisor")
    assert str(named) == "openat/errno/success - EINVAL/O_APPEND|O_CREAT"
    assert (named.target, named.cause) == ("gvisor", Cause.SEMANTIC)


def test_a_signature_has_no_values_of_what_was_read() -> None:
    one, other = (ProgramDifference(1, "openat", "buf.st_size", a, b) for a, b in (("1", "2"), ("3", "4")))
    assert signature(opening(O_CREAT), one, "gvisor") == signature(opening(O_CREAT), other, "gvisor")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("getsockopt_ip", 0, 0, 2, 0, 0), ("getsockopt_ip", 0, 0, 3, 0, 0)),
        (("setsockopt_tcp", 0, 6, 2, 0, 0), ("setsockopt_tcp", 0, 6, 3, 0, 0)),
        (("setsockopt_netlink", 0, 270, 5, 0, 0), ("setsockopt_netlink", 0, 270, 8, 0, 0)),
        (("personality", 0x20000), ("personality", 0x40000)),
    ],
    ids=lambda each: each[0],
)
def test_an_option_is_part_of_the_signature_as_flags_are(one: tuple[str, int], other: tuple[str, int]) -> None:
    found = ProgramDifference(0, one[0], ERRNO, "success", "ENOPROTOOPT")
    assert len({str(signature(program(each), found, "gvisor")) for each in (one, other)}) == 2


def test_what_is_one_of_several_tells_kinds_of_differences_apart() -> None:
    (one,) = program(("getsockopt_ip", 0, 0, 2, 0, 0)).steps
    (other,) = program(("getsockopt_ip", 0, 0, 3, 0, 0)).steps
    assert options_of(one) != options_of(other)
    assert options_of(opening(O_CREAT).steps[1]) == ()


def test_signatures_of_other_flags_errnos_or_targets_are_others() -> None:
    base = ProgramDifference(1, "openat", ERRNO, "success", "EINVAL")
    all_ = {
        signature(opening(O_CREAT), base, "gvisor"),
        signature(opening(O_APPEND), base, "gvisor"),
        signature(opening(O_CREAT), base, "wsl1"),
        signature(opening(O_CREAT), replace(base, target="EPERM"), "gvisor"),
        signature(opening(O_CREAT), replace(base, field=RESULT), "gvisor"),
    }
    assert len(all_) == 5
    plainest = opening(2)
    assert signature(plainest, base, "gvisor").flags == "", "the plainest flags decide nothing"


@pytest.mark.parametrize(
    ("field", "reference", "target", "cause"),
    [
        (ERRNO, "success", "ENOSYS", Cause.ABSENT),
        (ERRNO, "ENOSYS", "success", Cause.ABSENT),
        (STATE, "ENOSYS", "blocked", Cause.ABSENT),
        (ERRNO, "EBADF", "ENOSYS", Cause.ABSENT),
        (ERRNO, "EFAULT", "ENOTSUP", Cause.ABSENT),
        (ERRNO, "EINVAL", "ENOTTY", Cause.ABSENT),
        (ERRNO, "EINVAL", "ENOPROTOOPT", Cause.ABSENT),
        (ERRNO, "EACCES", "EAFNOSUPPORT", Cause.ABSENT),
        (ERRNO, "EPERM", "EPROTONOSUPPORT", Cause.ABSENT),
        (ERRNO, "success", "ENOTSUP", Cause.ABSENT),
        (ERRNO, "ENOTSUP", "ENOTTY", Cause.ORDER),
        (ERRNO, "ENOTSUP", "success", Cause.SEMANTIC),
        (ERRNO, "success", "EPERM", Cause.SEMANTIC),
        (ERRNO, "success", "EACCES", Cause.SEMANTIC),
        (ERRNO, "EPERM", "success", Cause.SEMANTIC),
        (ERRNO, "EBADF", "EINVAL", Cause.ORDER),
        (ERRNO, "EBADF", "EPERM", Cause.ORDER),
        (ERRNO, "success", "EINVAL", Cause.SEMANTIC),
        (STATE, "success", "blocked", Cause.SEMANTIC),
        (RESULT, "1", "2", Cause.SEMANTIC),
        (SIGNALS, "none", "1 of signal 10", Cause.SEMANTIC),
    ],
)
def test_a_cause_is_told_from_the_two_results(field: str, reference: str, target: str, cause: Cause) -> None:
    assert cause_of(difference(field, reference, target)) is cause


@pytest.mark.parametrize("error", ["EPERM", "EACCES"])
def test_a_refusal_is_policy_only_after_privileges_were_given_up(error: str) -> None:
    found = difference(ERRNO, "success", error)
    gave_up = ProgramCall("setresuid", (65534, 65534, 65534))
    assert cause_of(found, [gave_up]) is Cause.POLICY
    assert cause_of(found, [ProgramCall("close", (0,))]) is Cause.SEMANTIC
