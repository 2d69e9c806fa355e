"""The executor as a process: frames in, outcomes out. Numbers of calls are x86_64's, as the executor is."""

from __future__ import annotations

import errno
import os
import random
import select
import shutil
import signal
import struct
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from conformance.offspring import descendants
from runners.base import RunnerError
from runners.payload.executor import executable
from tests.processes import eventually

PATIENCE = 30.0
MAGIC = 0x31584353
RUN, FORKS, HELLO, RESULTS, ERROR, FORKED = 1, 2, 16, 17, 18, 19
DONE, DIED, BLOCKED, EXITED, MALFORMED, FAILED = range(6)
FILES, LABELS, HIDDEN, PLACE, NAMES, PROCESS, MEMORY, IPC, NETWORK, MOUNTS, CHILDREN = (1 << bit for bit in range(11))
NOTHING, EVERYTHING = 0, 0x7FF
TREE = FILES | PLACE | NAMES
"""What programs touch that share a process."""
EXEC, PID = 1, 2
"""Wishes."""
SPAWN, THREAD, EXECUTE, LOAD, STORE, PTY_MASTER, PTY_SLAVE, PROC, URING, ANOTHER, TURN, COPY = range(0x8000, 0x800C)
CLONE, CLONE3 = 0x800C, 0x8018
"""Of the first of twelve things that a child can do."""
PAUSES, EXITS, MOVES, CLOSES, MASKS, IGNORES, STORES, RENAMES, TELLS_PIDS, TELLS_ACTION, TELLS_TID = range(11)

DATA = 0x200000000000
ONES, HANDLER, ARENA = DATA + 0x100000, DATA + 0x200000, DATA + 0x1000000
EDGES = [0x10000 + index * 0x2000 for index in range(4)]

READ, WRITE, OPEN, CLOSE, STAT, MMAP, MUNMAP, SIGACTION, PIPE = 0, 1, 2, 3, 4, 9, 11, 13, 22
PWRITE, DUP, PAUSE, GETPID, FORK, KILL, UNAME, FCNTL, FLOCK, GETCWD = 18, 32, 34, 39, 57, 62, 63, 72, 73, 79
CHDIR, RENAME, MKDIR, READLINK, UMASK, GETUID, GETPPID, SETRLIMIT = 80, 82, 83, 89, 95, 102, 110, 160
SETHOSTNAME, MOUNT, UMOUNT, CAPGET, PRCTL, GETTID, FUTEX, EXIT = 170, 165, 166, 125, 157, 186, 202, 231
SEMGET, SOCKET, CONNECT, IOCTL, WAIT4, FALLOCATE, SIGPROCMASK, TGKILL = 64, 41, 42, 16, 61, 285, 14, 234
GETRLIMIT, FCHMOD, CHMOD = 97, 91, 90

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="namespaces take root")

Argument = int | tuple[int, int]
"""A constant, or a slot and what is passed when it is empty."""


# -- programs


def call(
    nr: int,
    *arguments: Argument,
    result: int = 0xFF,
    outs: Iterable[tuple[int, int]] = (),
    loads: Iterable[tuple[int, int, int]] = (),
) -> bytes:
    """A call; `outs` are offset and length, `loads` slot, offset and width."""
    encoded = bytearray(struct.pack("<BHB", 4, nr, len(arguments)))
    for each in arguments:
        slot, value = each if isinstance(each, tuple) else (0xFF, each)
        encoded += struct.pack("<BQ", slot, value % 2**64)
    encoded += struct.pack("<BB", result, len(list(outs)))
    for out in outs:
        encoded += struct.pack("<IH", *out)
    encoded.append(len(list(loads)))
    for load in loads:
        encoded += struct.pack("<BIB", *load)
    return bytes(encoded)


def copyin(offset: int, data: bytes) -> bytes:
    """Put bytes into the data area."""
    return struct.pack("<BIH", 1, offset, len(data)) + data


def fill(offset: int, size: int) -> bytes:
    """Poison a block."""
    return struct.pack("<BIH", 2, offset, size)


def store(offset: int, width: int, slot: int, default: int) -> bytes:
    """Put a slot's value into the data area."""
    return struct.pack("<BIBBQ", 3, offset, width, slot, default % 2**64)


def program(*instructions: bytes, touches: int = TREE, wishes: int = 0, ncalls: int | None = None) -> bytes:
    """A program with its size in front, which promises to leave alone what it does not touch."""
    calls = sum(each[:1] == b"\x04" for each in instructions) if ncalls is None else ncalls
    body = struct.pack("<HHH", calls, wishes, EVERYTHING & ~touches) + b"".join(instructions)
    return struct.pack("<I", len(body)) + body


def touching(encoded: bytes, touches: int) -> bytes:
    """A program that touches something else."""
    return encoded[:8] + struct.pack("<H", EVERYTHING & ~touches) + encoded[10:]


def path(name: bytes, offset: int = 0) -> bytes:
    """Put a path into the data area."""
    return copyin(offset, name + b"\0")


def frame(kind: int, payload: bytes) -> bytes:
    """A frame."""
    return struct.pack("<III", MAGIC, kind, len(payload)) + payload


def run_frame(programs: Iterable[bytes], deadline: int = 2000, sequence: int = 1) -> bytes:
    """A frame that asks for programs to be run."""
    programs = list(programs)
    return frame(RUN, struct.pack("<III", sequence, deadline, len(programs)) + b"".join(programs))


@dataclass
class Step:
    """A completed call."""

    result: int
    outs: list[bytes] = field(default_factory=list)


@dataclass
class Outcome:
    """What became of a program."""

    state: int
    detail: int
    steps: list[Step]
    signals: dict[int, int]
    fault: tuple[int, int] | None = None
    """The si_code and the si_addr of the signal that ended it, where they are told."""

    @property
    def results(self) -> list[int]:
        """Of the completed calls, in order."""
        return [step.result for step in self.steps]


def outs_of(encoded: bytes) -> list[int]:
    """How many blocks each call of a program puts out."""
    counts, at = [], 10
    while at < len(encoded):
        kind = encoded[at]
        if kind == 4:
            at += 4 + 9 * encoded[at + 3] + 1
            counts.append(encoded[at])
            at += 1 + 6 * encoded[at]
            at += 1 + 6 * encoded[at]
        else:
            (size,) = struct.unpack_from("<H", encoded, at + 5)
            at += {1: 7 + size, 2: 7, 3: 15}[kind]
    return counts


def decode(encoded: bytes, outs: list[int]) -> Outcome:
    """An outcome, without its size."""
    state, detail, completed, kinds = struct.unpack_from("<BBHB", encoded)
    signals = {encoded[5 + 2 * index]: encoded[6 + 2 * index] for index in range(kinds)}
    at, steps = 5 + 2 * kinds, []
    for index in range(completed):
        step = Step(*struct.unpack_from("<q", encoded, at))
        at += 8
        for _ in range(outs[index]):
            (size,) = struct.unpack_from("<H", encoded, at)
            step.outs.append(encoded[at + 2 : at + 2 + size])
            at += 2 + size
        steps.append(step)
    fault = struct.unpack_from("<iQ", encoded, at) if state == DIED and at + 12 == len(encoded) else None
    assert fault or at == len(encoded)
    return Outcome(state, detail, steps, signals, fault)


def decode_all(payload: bytes, programs: list[bytes]) -> list[Outcome]:
    """The outcomes in a frame."""
    _, count = struct.unpack_from("<II", payload)
    assert count == len(programs)
    at, outcomes = 8, []
    for each in programs:
        (size,) = struct.unpack_from("<I", payload, at)
        encoded = payload[at + 4 : at + 4 + size]
        outcomes.append(decode(encoded, outs_of(each) if any(encoded[2:4]) else []))
        at += 4 + size
    assert at == len(payload)
    return outcomes


# -- the process


class Executor:
    """An executor, which has said hello."""

    def __init__(self, argv: list[str], temporary: Path, user: int | None = None) -> None:
        self.process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"TMPDIR": str(temporary), "SECRET": "x" * 20},
            bufsize=0,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )
        assert self.process.stdin
        assert self.process.stdout
        self.input, self.output = self.process.stdin, self.process.stdout
        self.kind, self.hello = self.read()

    def exactly(self, size: int) -> bytes:
        """So many bytes of what it says. Raises EOFError and TimeoutError."""
        got = b""
        while len(got) < size:
            if not select.select([self.output], [], [], PATIENCE)[0]:
                raise TimeoutError
            more = os.read(self.output.fileno(), size - len(got))
            if not more:
                raise EOFError(got)
            got += more
        return got

    def read(self) -> tuple[int, bytes]:
        """A frame that it sent."""
        magic, kind, size = struct.unpack("<III", self.exactly(12))
        assert magic == MAGIC
        return kind, self.exactly(size)

    def write(self, data: bytes) -> None:
        """To its standard input, whole."""
        view = memoryview(data)
        while view:
            view = view[self.input.write(view) or 0 :]

    def run(self, *programs: bytes, deadline: int = 2000) -> list[Outcome]:
        """The outcomes of programs in one frame."""
        self.write(run_frame(programs, deadline, 77))
        kind, payload = self.read()
        assert kind == RESULTS, payload
        assert payload[:4] == struct.pack("<I", 77)
        return decode_all(payload, list(programs))

    def one(self, *instructions: bytes, touches: int = TREE, wishes: int = 0, deadline: int = 2000) -> Outcome:
        """The outcome of one program."""
        return self.run(program(*instructions, touches=touches, wishes=wishes), deadline=deadline)[0]

    def results(self, *instructions: bytes, touches: int = TREE, wishes: int = 0) -> list[int]:
        """The results of a program that runs to its end."""
        outcome = self.one(*instructions, touches=touches, wishes=wishes)
        assert outcome.state == DONE, outcome
        return outcome.results

    def close(self) -> int:
        """End its input; its exit status."""
        self.input.close()
        return self.process.wait(PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.kill()
        self.process.wait(PATIENCE)
        self.input.close()
        self.output.close()


@pytest.fixture(scope="session")
def binary() -> Iterator[list[str]]:
    """The executor, where anybody may execute it."""
    try:
        made = executable()
    except RunnerError as error:
        pytest.skip(str(error))
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        copy = Path(directory) / "executor"
        shutil.copy(made, copy)
        copy.chmod(0o755)
        yield [str(copy)]


@pytest.fixture
def room() -> Iterator[Path]:
    """Temporary files' place, where anybody may write."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o777)
        yield Path(directory)


@pytest.fixture
def executor(binary: list[str], room: Path) -> Iterator[Executor]:
    """As this user."""
    with Executor(binary, room) as started:
        yield started


@pytest.fixture(params=["as we are", "unprivileged"])
def any_executor(binary: list[str], room: Path, request: pytest.FixtureRequest) -> Iterator[Executor]:
    """As this user, and as one who may nothing."""
    user = None if request.param == "as we are" else 65534
    if user and os.geteuid() != 0:
        pytest.skip("changing the user takes root")
    with Executor(binary, room, user) as started:
        yield started


def gone(pids: list[int]) -> bool:
    """Whether processes have ended."""
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


# -- the conversation


def test_it_says_hello_with_what_it_has_obtained(any_executor: Executor) -> None:
    version, obtained, page, data, release = struct.unpack("<HHIQ65s", any_executor.hello)
    assert (any_executor.kind, version, page, data) == (HELLO, 7, os.sysconf("SC_PAGESIZE"), DATA)
    assert release.rstrip(b"\0").decode() == os.uname().release
    assert obtained in ({0, 63} if os.geteuid() == 0 else range(64))


def test_outcomes_come_in_order_with_the_sequence_number(any_executor: Executor) -> None:
    outcomes = any_executor.run(*[program(call(DUP, 40 + n), call(UMASK, n)) for n in range(64)])
    assert [each.results for each in outcomes] == [[-errno.EBADF, 0o22]] * 64
    assert any_executor.run() == []
    assert any_executor.close() == 0


def test_forks_are_measured(any_executor: Executor) -> None:
    any_executor.write(frame(FORKS, struct.pack("<I", 50)))
    kind, payload = any_executor.read()
    assert kind == FORKED
    assert 50_000 < struct.unpack("<Q", payload)[0] < 20_000_000_000


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (struct.pack("<III", MAGIC + 1, RUN, 0), "magic"),
        (struct.pack("<III", MAGIC, RUN, (16 << 20) + 1), "16 MiB"),
        (frame(HELLO, b""), "type"),
        (frame(RUN, b"\0" * 11), "head"),
        (frame(RUN, struct.pack("<III", 1, 1, 0) + b"x"), "more than"),
        (frame(RUN, struct.pack("<III", 1, 1, 1 << 31)), "fewer"),
        (frame(FORKS, b"\0\0"), "count"),
        (frame(FORKS, struct.pack("<I", 1 << 31)), "count"),
    ],
)
def test_frame_that_is_not_understood_is_an_error_and_the_end(executor: Executor, sent: bytes, why: str) -> None:
    executor.write(sent)
    kind, payload = executor.read()
    assert kind == ERROR
    assert why in payload.decode()
    assert executor.process.wait(PATIENCE) == 2


def test_stream_that_ends_within_a_frame_is_an_error(executor: Executor) -> None:
    executor.write(run_frame([program(call(GETPID))])[:-3])
    executor.input.close()
    kind, payload = executor.read()
    assert (kind, payload) == (ERROR, b"the stream ended within a frame")
    assert executor.process.wait(PATIENCE) == 2


MALFORMED_PROGRAMS = {
    "no head": struct.pack("<I", 0),
    "half a head": struct.pack("<I", 3) + b"\0\0\0",
    "unknown wish": program(wishes=4),
    "unknown promise": struct.pack("<IHHH", 6, 0, 0, EVERYTHING + 1),
    "unknown instruction": program(b"\5" + bytes(14)),
    "no instruction": program(b"\0"),
    "fewer calls than it says": program(call(GETPID), ncalls=2),
    "more calls than it says": program(call(GETPID), call(GETPID), ncalls=1),
    "too many calls": program(*[call(GETPID)] * 4097),
    "number beyond the pseudo-calls": program(call(CLONE3 + 12)),
    "seven arguments": program(call(GETPID, *range(7))),
    "slot of an argument": program(call(GETPID, (64, 0))),
    "slot of the result": program(call(GETPID, result=64)),
    "slot of a load": program(call(GETPID, loads=[(64, 0, 8)])),
    "width of a load": program(call(GETPID, loads=[(0, 0, 3)])),
    "width of a store": program(store(0, 0, 0, 0)),
    "load behind the data": program(call(GETPID, loads=[(0, EDGES[3] + 4089, 8)])),
    "block over the end of the data": program(fill(0xFFFF, 2)),
    "block over the end of an edge": program(fill(EDGES[1] + 0xFFF, 2)),
    "block between edges": program(copyin(EDGES[0] + 0x1000, b"x")),
    "block on the read-only page": program(store(0x100000, 8, 0, 0)),
    "out behind everything": program(call(GETPID, outs=[(2**32 - 1, 2)])),
    "more out than an outcome holds": program(call(GETPID, outs=[(0, 0xFFFF)] * 129)),
    "bytes that are not there": program(struct.pack("<BIH", 1, 0, 10) + b"short"),
    "half a call": program(call(GETPID, 1)[:-3], ncalls=1),
    "fork": program(call(FORK)),
    "clone": program(call(56, 0)),
}


@pytest.mark.parametrize("name", MALFORMED_PROGRAMS)
def test_malformed_program_is_not_run_and_the_others_are(executor: Executor, name: str) -> None:
    good = program(call(UMASK, 0))
    executor.write(run_frame([good, MALFORMED_PROGRAMS[name], good, MALFORMED_PROGRAMS[name]]))
    kind, payload = executor.read()
    assert kind == RESULTS
    done = struct.pack("<IBBHBq", 13, DONE, 0, 1, 0, 0o22)
    malformed = struct.pack("<IBBHB", 5, MALFORMED, 0, 0, 0)
    assert payload == struct.pack("<II", 1, 4) + done + malformed + done + malformed


def test_size_beyond_the_frame_makes_the_rest_malformed(executor: Executor) -> None:
    programs = [program(call(UMASK, 0)), struct.pack("<I", 1000), program(call(UMASK, 0))]
    executor.write(run_frame(programs))
    _, payload = executor.read()
    assert [each.state for each in decode_all(payload, [programs[0], b"", b""])] == [DONE, MALFORMED, MALFORMED]


# -- instructions


def test_results_are_the_kernels_own(any_executor: Executor) -> None:
    assert any_executor.results(
        path(b"f0"), path(b"absent", 16), call(OPEN, DATA, 0, 0), call(OPEN, DATA + 16, 0, 0), call(CLOSE, 5), call(500)
    ) == [0, -errno.ENOENT, -errno.EBADF, -errno.ENOSYS]


def test_out_ends_behind_the_last_byte_that_is_no_poison(any_executor: Executor) -> None:
    outcome = any_executor.one(
        path(b"f0"),
        fill(64, 100),
        call(OPEN, DATA, 0, 0, result=1),
        call(READ, (1, 0), DATA + 64, 5, outs=[(64, 100), (64, 3), (69, 95), (64, 0)]),
        call(READ, (1, 0), DATA + 64, 10, outs=[(64, 100)]),
        call(GETPID, outs=[(200, 4)]),
    )
    assert outcome.steps[1].outs == [b"abcde", b"abc", b"", b""]
    assert outcome.steps[2].outs == [b"fghijklmno"]
    assert outcome.steps[3].outs == [bytes(4)]


def test_slot_holds_a_result_and_its_default_stands_in(any_executor: Executor) -> None:
    outcome = any_executor.one(
        call(UMASK, 0o7, result=5),
        call(UMASK, (5, 0)),
        call(UMASK, (5, 0)),
        call(CLOSE, 60, result=6),
        call(UMASK, (6, 0o70)),
        store(0, 4, 5, 0),
        store(4, 2, 6, 0x1234),
        store(6, 1, 0xFF, 0xFE),
        call(UMASK, 0, outs=[(0, 8)]),
    )
    assert outcome.results == [0o22, 0o7, 0o22, -errno.EBADF, 0o22, 0o70]
    assert outcome.steps[-1].outs == [struct.pack("<IHBB", 0o22, 0x1234, 0xFE, 0)]


def test_loads_are_sign_extended_and_only_done_on_success(any_executor: Executor) -> None:
    outcome = any_executor.one(
        copyin(0, b"\xff\x7f\xfe\xff\xff\xff\x80"),
        call(GETPID, loads=[(0, 0, 1), (1, 0, 2), (2, 2, 4), (3, 0, 8)]),
        call(CLOSE, 60, loads=[(0, 1, 1)]),
        *[store(8 + 8 * slot, 8, slot, 0) for slot in range(4)],
        call(GETPID, outs=[(8, 32)]),
    )
    assert struct.unpack("<4q", outcome.steps[-1].outs[0]) == (-1, 0x7FFF, -2, 0x0080FFFFFFFE7FFF)


def test_memory_is_where_it_is_said_to_be(any_executor: Executor) -> None:
    ends = [DATA + 0xFFF8, *(DATA + edge + 0xFF8 for edge in EDGES)]
    outcome = any_executor.one(
        *[store(end - DATA, 8, 0xFF, index + 1) for index, end in enumerate(ends)],
        *[call(LOAD, end) for end in ends],
        call(LOAD, ONES),
    )
    assert outcome.results == [1, 2, 3, 4, 5, 0x1111111111111111]
    for address in (*(DATA + edge + 0x1000 for edge in EDGES), ARENA):
        assert any_executor.one(call(GETPID), call(LOAD, address)).state == DIED
    for address in (ONES, HANDLER):
        outcome = any_executor.one(call(STORE, address, 1))
        assert (outcome.state, outcome.detail) == (DIED, signal.SIGSEGV)


MAPERR, ACCERR, ADRERR = 1, 2, 2
"""What is wrong with memory: of SIGSEGV the first two, of SIGBUS the last (<asm-generic/siginfo.h>)."""


@pytest.mark.parametrize("touches", [NOTHING, PROCESS], ids=["shared", "own"])
@pytest.mark.parametrize(
    ("touched", "code", "at"),
    [
        (call(LOAD, ARENA + 8), MAPERR, ARENA + 8),
        (call(LOAD, DATA + 0x11000), ACCERR, DATA + 0x11000),
        (call(STORE, ONES, 7), ACCERR, ONES),
        (call(STORE, ARENA - 4, 7), MAPERR, ARENA - 4),
    ],
    ids=["nothing", "guard", "read-only", "between"],
)
def test_fault_is_told_by_its_code_and_address(
    any_executor: Executor, touched: bytes, code: int, at: int, touches: int
) -> None:
    for outcome in any_executor.run(*[program(call(GETPID), touched, touches=touches)] * 2):
        assert (outcome.state, outcome.detail, len(outcome.steps)) == (DIED, signal.SIGSEGV, 1)
        assert outcome.fault == (code, at)


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGBUS, signal.SIGTERM])
def test_signal_that_somebody_sends_ends_a_program_without_a_fault(any_executor: Executor, number: int) -> None:
    outcome = any_executor.one(call(GETPID, result=0), call(KILL, (0, 0), number))
    assert (outcome.state, outcome.detail, len(outcome.steps), outcome.fault) == (DIED, number, 1, None)


def test_program_finds_no_action_of_ours_for_a_fault(any_executor: Executor) -> None:
    """And what it sets itself holds."""
    look = call(SIGACTION, signal.SIGSEGV, 0, DATA, 8, outs=[(0, 32)])
    outcome = any_executor.one(look, call(LOAD, ARENA))
    assert (outcome.steps[0].outs, outcome.detail, outcome.fault) == ([bytes(32)], signal.SIGSEGV, None)
    ignored = copyin(64, struct.pack("<QQQQ", 1, 0, 0, 0))
    outcome = any_executor.one(
        ignored,
        call(SIGACTION, signal.SIGBUS, DATA + 64, 0, 8),
        call(GETPID, result=0),
        call(KILL, (0, 0), signal.SIGBUS),
        call(GETPID),
    )
    assert (outcome.state, outcome.results[1]) == (DONE, outcome.results[3])


def test_fault_of_a_program_that_may_make_no_call_is_told(any_executor: Executor) -> None:
    """prctl(2), PR_SET_SECCOMP, SECCOMP_MODE_STRICT."""
    outcome = any_executor.one(call(PRCTL, 22, 1), call(LOAD, ARENA))
    assert (outcome.state, outcome.detail, outcome.fault) == (DIED, signal.SIGSEGV, (MAPERR, ARENA))


def test_memory_that_the_program_takes_away_puts_out_nothing(any_executor: Executor) -> None:
    outcome = any_executor.one(
        copyin(0, b"x"),
        call(MUNMAP, DATA, 0x1000, outs=[(0, 8), (0x1000, 8)]),
        call(GETUID, outs=[(0, 8)]),
        touches=MEMORY,
    )
    assert outcome.state == DONE
    assert [step.outs for step in outcome.steps] == [[b"", bytes(8)], [b""]]
    assert any_executor.one(call(GETPID, outs=[(0, 8)])).state == DONE


def test_memory_is_read_unasked_only_where_it_is_promised_to_be_there(any_executor: Executor) -> None:
    takes = call(MUNMAP, DATA, 0x1000, outs=[(0, 8)])
    outcomes = any_executor.run(program(takes, touches=MEMORY), program(takes, touches=PROCESS), program(call(GETUID)))
    ends = [(each.state, each.detail, len(each.steps)) for each in outcomes]
    assert ends == [(DONE, 0, 1), (DIED, signal.SIGSEGV, 0), (DONE, 0, 1)]


def test_arena_is_free_at_the_start(any_executor: Executor) -> None:
    maps = [call(MMAP, ARENA, 0x40000, 3, 0x100022, -1, 0), call(LOAD, ARENA), call(STORE, ARENA, 7)]
    one = program(*maps, touches=MEMORY)
    for outcome in any_executor.run(one, one):
        assert outcome.results == [ARENA, 0, 0]


# -- how programs end


def test_death_exit_and_blocking_are_told_with_the_step_and_the_rest_goes_on(any_executor: Executor) -> None:
    fine = program(call(UMASK, 0))
    me = call(GETPID, result=0)
    outcomes = any_executor.run(
        fine,
        program(me, call(KILL, (0, 0), signal.SIGTERM), me),
        fine,
        program(me, me, call(EXIT, 7), me),
        program(call(PAUSE)),
        program(me, call(KILL, (0, 0), signal.SIGSTOP), me),
        program(call(LOAD, DATA + 0x11000)),
        fine,
        program(call(EXIT, 0), touches=TREE | PROCESS),
        fine,
        deadline=100,
    )
    ends = [(each.state, each.detail, len(each.steps)) for each in outcomes]
    assert ends == [
        (DONE, 0, 1),
        (DIED, signal.SIGTERM, 1),
        (DONE, 0, 1),
        (EXITED, 7, 2),
        (BLOCKED, 0, 0),
        (BLOCKED, 0, 1),
        (DIED, signal.SIGSEGV, 0),
        (DONE, 0, 1),
        (EXITED, 0, 0),
        (DONE, 0, 1),
    ]


@pytest.mark.parametrize("touches", [TREE, TREE | PROCESS])
def test_deadline_is_for_one_call_and_exact_enough(any_executor: Executor, touches: int) -> None:
    nap = [copyin(0, struct.pack("<qq", 0, 200_000_000)), *[call(35, DATA, 0)] * 4]
    assert any_executor.one(*nap, touches=touches, deadline=500).results == [0] * 4
    started = time.monotonic()
    outcome = any_executor.one(*nap, call(PAUSE), touches=touches, deadline=400)
    took = time.monotonic() - started - 0.8
    assert (outcome.state, len(outcome.steps)) == (BLOCKED, 4)
    assert 0.4 <= took < 0.9


def test_program_that_spins_is_blocked(any_executor: Executor) -> None:
    again = struct.pack("<QQQQ", HANDLER, 0x04000000, HANDLER + 0x40, 0)  # returns to what faults
    outcome = any_executor.one(
        copyin(0, again), call(SIGACTION, signal.SIGSEGV, DATA, 0, 8), call(LOAD, DATA + 0x11000), deadline=100
    )
    assert (outcome.state, len(outcome.steps)) == (BLOCKED, 1)
    assert outcome.signals == {signal.SIGSEGV: 255}


def test_signals_that_its_handler_caught_are_counted(any_executor: Executor) -> None:
    plain = struct.pack("<QQQQ", HANDLER, 0x04000000, HANDLER + 0x40, 0)
    informed = struct.pack("<QQQQ", HANDLER + 0x80, 0x04000004, HANDLER + 0x40, 0)
    mine = call(GETPID, result=0, outs=[(0, 8)])
    sends = [call(KILL, (0, 0), signal.SIGUSR1)] * 2 + [call(KILL, (0, 0), 64)]
    caught = program(
        copyin(0, plain),
        copyin(64, informed),
        call(SIGACTION, signal.SIGUSR1, DATA, 0, 8),
        call(SIGACTION, 64, DATA + 64, 0, 8),
        mine,
        *sends,
        mine,
    )
    dies = program(copyin(0, plain), call(SIGACTION, 10, DATA, 0, 8), mine, sends[0], call(KILL, (0, 0), 9), mine)
    for touches in (TREE, TREE | PROCESS):
        outcomes = any_executor.run(*[touching(each, touches) for each in (caught, dies, caught)])
        assert [(each.state, each.signals) for each in outcomes] == [
            (DONE, {signal.SIGUSR1: 2, 64: 1}),
            (DIED, {signal.SIGUSR1: 1}),
            (DONE, {signal.SIGUSR1: 2, 64: 1}),
        ]
        assert outcomes[0].results[3:6] == [0, 0, 0]
        assert outcomes[0].steps[6].outs == [plain[:8]]


def test_largest_outcomes_fill_a_frame_and_what_fits_no_more_has_failed(executor: Executor) -> None:
    large = program(fill(0, 1), call(UMASK, 0, outs=[(0, 0xFF00)]))
    outcomes = executor.run(*[large] * 300)
    states = [each.state for each in outcomes]
    assert states == sorted(states)
    assert 250 < states.count(DONE) < 260
    assert states.count(FAILED) == 300 - states.count(DONE)
    assert all(len(each.steps[0].outs[0]) == 0xFF00 for each in outcomes if each.state == DONE)


# -- surroundings

LITTER = program(
    path(b"f0"),
    path(b"litter", 16),
    path(b"/litter", 32),
    path(b"d0", 48),
    path(b"../above", 64),
    call(OPEN, DATA, 2, 0),
    call(DUP, 0),
    call(WRITE, 0, DATA + 0x1000, 100),
    call(MKDIR, DATA + 16, 0o700),
    call(MKDIR, DATA + 32, 0o700),
    call(MKDIR, DATA + 64, 0o700),
    call(CHMOD, DATA, 0),
    call(RENAME, DATA + 48, DATA + 16),
    call(CHDIR, DATA + 16),
    call(UMASK, 0o777),
    copyin(0x8000, b"litter"),
    copyin(EDGES[2], b"litter"),
)
INSPECT = program(
    call(DUP, 0),
    call(UMASK, 0o22),
    fill(0x100, 64),
    call(GETCWD, DATA + 0x100, 64, outs=[(0x100, 64)]),
    path(b"litter", 16),
    path(b"../above", 32),
    path(b"f0", 48),
    path(b"d0/f1", 64),
    path(b"l0", 80),
    fill(0x400, 256),
    call(CHDIR, DATA + 16),
    call(CHDIR, DATA + 32),
    call(STAT, DATA + 48, DATA + 0x200, outs=[(0x200, 56)]),
    call(OPEN, DATA + 64, 0, 0),
    call(READ, 0, DATA + 0x400, 100, outs=[(0x400, 100)]),
    fill(0x400, 256),
    call(READLINK, DATA + 80, DATA + 0x400, 100, outs=[(0x400, 100)]),
    call(UMASK, 0o22, outs=[(0x8000, 6), (EDGES[2], 6)]),
)


def normal(outcome: Outcome) -> object:
    """What an inspection saw, without the file's numbers."""
    outs = [step.outs for step in outcome.steps]
    if len(outs) > 5 and outs[5]:
        status = struct.unpack("<QQQIIIIQq", outs[5][0])
        outs[5] = [repr((status[2], oct(status[3]), status[8])).encode()]
    return outcome.state, outcome.results, outs


@pytest.mark.parametrize("touches", [TREE, TREE | PROCESS])
def test_nothing_of_a_program_reaches_the_next(any_executor: Executor, touches: int) -> None:
    litter = touching(LITTER, touches)
    alone = any_executor.run(INSPECT)
    outcomes = any_executor.run(INSPECT, litter, INSPECT, INSPECT, litter, litter, INSPECT)
    saw = normal(alone[0])
    assert [normal(each) == saw for each in outcomes] == [True, False, True, True, False, False, True]
    assert outcomes[1].results[0] == 0
    assert alone[0].results[0] == -errno.EBADF
    assert alone[0].results[3:5] == [-errno.ENOENT] * 2
    assert alone[0].steps[-1].outs == [bytes(6), bytes(6)]
    assert [alone[0].steps[index].outs for index in (7, 8)] == [[b"hello"], [b"f0"]]


def test_memory_and_slots_are_empty_for_the_next_program_of_a_worker(any_executor: Executor) -> None:
    places = [0, 0x8000, 0xFFF8, *EDGES, EDGES[3] + 0xFF8]
    write = program(*[store(place, 8, 0xFF, -1) for place in places], call(GETPID, result=7))
    look = program(call(GETPID), call(UMASK, (7, 0o22), outs=[(place, 8) for place in places]))
    outcomes = any_executor.run(write, look, write, look)
    assert len({each.results[0] for each in outcomes}) == 1
    for each in outcomes[1::2]:
        assert each.steps[1].outs == [bytes(8)] * len(places)
        assert any_executor.results(call(UMASK, 0)) == [0o22]
    assert outcomes[3].results[1] == 0o22


def test_programs_that_touch_no_file_share_a_tree_that_nobody_else_gets(any_executor: Executor) -> None:
    write = program(path(b"f0"), call(OPEN, DATA, 0o1002, 0), call(WRITE, 0, DATA, 1))
    outcomes = any_executor.run(
        *[program(call(GETUID))] * 3, INSPECT, program(call(GETUID)), write, program(call(GETUID)), INSPECT
    )
    assert normal(outcomes[3]) == normal(outcomes[7])


def test_many_programs_share_one_worker_and_many_file_systems(any_executor: Executor) -> None:
    outcomes = any_executor.run(*[INSPECT] * 700)
    assert len({repr(normal(each)) for each in outcomes}) == 1


def test_programs_that_touch_the_tree_alone_share_a_worker(executor: Executor) -> None:
    pids = [each.results[0] for each in executor.run(*[program(call(GETPID))] * 5)]
    assert len(set(pids)) == 1
    pids = [each.results[0] for each in executor.run(*[program(call(GETPID), touches=TREE | PROCESS)] * 5)]
    assert len(set(pids)) == 5


LIMITS = {
    0: 10,
    1: 1 << 20,
    4: 0,
    3: 8 << 20,
    6: 512,
    7: 64,
    8: 64 << 10,
    9: 1 << 30,
    11: 128,
    12: 819200,
    13: 0,
    14: 0,
}


def test_limits_are_set(any_executor: Executor) -> None:
    outcome = any_executor.one(*[call(GETRLIMIT, which, DATA, outs=[(0, 8)]) for which in LIMITS])
    got = {which: struct.unpack("<Q", step.outs[0])[0] for which, step in zip(LIMITS, outcome.steps, strict=True)}
    assert got == LIMITS


def test_surroundings_are_bare(any_executor: Executor) -> None:
    outcome = any_executor.one(
        fill(0, 64),
        call(PRCTL, 16, DATA, outs=[(0, 16)]),
        call(SIGPROCMASK, 0, 0, DATA + 16, 8, outs=[(16, 8)]),
        call(115, 0, 0),
        call(140, 0, 0),
        *[call(SIGACTION, number, 0, DATA + 64, 8, outs=[(64, 32)]) for number in range(1, 40)],
    )
    assert outcome.steps[0].outs[0].rstrip(b"\0") == b"program"
    assert outcome.steps[1].outs == [bytes(8)]
    assert outcome.results[3] == 20
    assert {step.outs[0] for step in outcome.steps[4:]} == {bytes(32)}


@needs_root
def test_capabilities_that_could_harm_the_machine_are_dropped(executor: Executor) -> None:
    dropped = {16, 17, 20, 22, 24, 25, 26, 27, 29, 30, 32, 33, 34, 35, 36, 37, 38, 39, 40}
    outcome = executor.one(
        copyin(0, struct.pack("<Ii", 0x20080522, 0)),
        call(CAPGET, DATA, DATA + 8, outs=[(8, 24)]),
        *[call(PRCTL, 23, number) for number in sorted(dropped)],
        call(PRCTL, 23, 21),
    )
    low = struct.unpack("<6I", outcome.steps[0].outs[0])
    effective, permitted, inheritable = (low[index] | low[index + 3] << 32 for index in range(3))
    assert effective == permitted
    assert inheritable == 0
    assert not [number for number in dropped if effective >> number & 1]
    assert effective >> 21 & 1
    assert outcome.results[1:-1] == [0] * len(dropped)
    assert outcome.results[-1] == 1


@needs_root
def test_the_machine_is_out_of_reach(executor: Executor) -> None:
    outcome = executor.one(
        path(b"/proc"),
        path(b"../../../../../etc", 16),
        path(b"here", 48),
        path(b".", 64),
        call(CHDIR, DATA),
        call(CHDIR, DATA + 16),
        call(MKDIR, DATA + 48, 0o700),
        call(161, DATA + 48),  # chroot(2), and out of it
        *[call(CHDIR, DATA + 16 + 15)] * 1,
        copyin(80, b"..\0"),
        *[call(CHDIR, DATA + 80)] * 10,
        call(161, DATA + 64),
        call(CHDIR, DATA),
        touches=TREE | PROCESS,
    )
    assert outcome.results[:3] == [-errno.ENOENT, -errno.ENOENT, 0]
    assert outcome.results[-1] == -errno.ENOENT


def test_file_that_grows_too_large_is_a_signal(any_executor: Executor) -> None:
    outcome = any_executor.one(
        path(b"f0"), call(OPEN, DATA, 2, 0), call(PWRITE, 0, DATA, 8, (1 << 20) - 4), call(PWRITE, 0, DATA, 8, 1 << 20)
    )
    assert (outcome.state, outcome.detail, outcome.results) == (DIED, signal.SIGXFSZ, [0, 4])


def test_files_run_out_at_64(any_executor: Executor) -> None:
    results = any_executor.results(path(b"f0"), call(OPEN, DATA, 0, 0), *[call(DUP, 0)] * 62)
    assert results == list(range(63))
    results = any_executor.results(path(b"f0"), call(OPEN, DATA, 0, 0), *[call(FCNTL, 0, 0, 60)] * 5)
    assert results == [0, 60, 61, 62, 63, -errno.EMFILE]


@needs_root
def test_file_system_that_is_full_is_replaced(executor: Executor) -> None:
    names = [f"n{index:02}".encode() for index in range(21)]
    limit = copyin(0x800, struct.pack("<QQ", 4 << 20, 4 << 20))
    greedy = [limit, call(SETRLIMIT, 1, DATA + 0x800)]
    for name in names:
        greedy += [path(name), call(OPEN, DATA, 0o102, 0o600, result=0), call(FALLOCATE, (0, 0), 0, 0, 4 << 20)]
        greedy += [call(CLOSE, (0, 0))]
    hungry = program(*greedy[:62], touches=TREE | MEMORY)
    outcomes = executor.run(*[hungry] * 12, INSPECT)
    assert {result for each in outcomes[:-1] for result in each.results if result < 0} == set()
    assert normal(outcomes[-1]) == normal(executor.run(INSPECT)[0])


@needs_root
def test_full_file_system_says_so(executor: Executor) -> None:
    whole = [copyin(0x800, struct.pack("<QQ", 4 << 20, 4 << 20)), call(SETRLIMIT, 1, DATA + 0x800)]
    whole += [path(b"f0"), call(OPEN, DATA, 2, 0)]
    outcome = executor.one(*whole, *[call(FALLOCATE, 0, 0, 0, 4 << 20)], touches=TREE | MEMORY)
    assert outcome.results == [0, 0, 0]
    mounted = executor.one(
        path(b"tmpfs"),
        path(b"d0", 16),
        path(b"size=8k", 32),
        path(b"d0/x", 48),
        call(MOUNT, DATA, DATA + 16, DATA, 0, DATA + 32),
        call(OPEN, DATA + 48, 0o102, 0o600),
        call(FALLOCATE, 0, 0, 0, 1 << 20),
        touches=TREE | MOUNTS,
    )
    assert mounted.results == [0, 0, -errno.ENOSPC]


# -- what is touched


@needs_root
def test_ipc_and_host_name_are_a_programs_own(executor: Executor) -> None:
    name = program(
        copyin(0, b"other"),
        call(SETHOSTNAME, DATA, 5),
        call(SEMGET, 0x77, 1, 0o1600),
        fill(64, 130),
        call(UNAME, DATA + 64, outs=[(64, 130)]),
        touches=IPC,
    )
    ask = program(fill(64, 130), call(UNAME, DATA + 64, outs=[(64, 130)]), call(SEMGET, 0x77, 1, 0o600))
    outcomes = executor.run(name, ask)
    assert b"other" in outcomes[0].steps[2].outs[0]
    assert outcomes[0].results[1] >= 0
    assert b"guest" in outcomes[1].steps[0].outs[0]
    assert outcomes[1].results[1] == -errno.ENOENT


@needs_root
@pytest.mark.parametrize("touches", [NOTHING, NETWORK])
def test_network_is_a_loopback_that_is_up(executor: Executor, touches: int) -> None:
    address = struct.pack("<HH4s8x", 2, 0x0100, bytes([127, 0, 0, 1]))
    outcome = executor.one(copyin(0, address), call(SOCKET, 2, 1, 0), call(CONNECT, 0, DATA, 16), touches=touches)
    assert outcome.results == [0, -errno.ECONNREFUSED]


@needs_root
def test_network_is_a_programs_own(executor: Executor) -> None:
    request = copyin(0, b"lo".ljust(16, b"\0") + bytes(24))
    ask = [call(IOCTL, 0, 0x8913, DATA, outs=[(16, 1)])]
    outcomes = executor.run(
        program(request, call(SOCKET, 2, 2, 0), call(IOCTL, 0, 0x8914, DATA), *ask, touches=NETWORK),
        program(request, call(SOCKET, 2, 2, 0), *ask),
    )
    assert [each.state for each in outcomes] == [DONE, DONE]
    assert [each.steps[-1].outs[0][0] & 1 for each in outcomes] == [0, 1]


@needs_root
def test_mounts_are_a_programs_own(executor: Executor) -> None:
    mounts = program(
        path(b"tmpfs"),
        path(b"d0", 16),
        path(b"d0/f1", 32),
        path(b"/", 48),
        call(MOUNT, DATA, DATA + 16, DATA, 0, 0),
        call(OPEN, DATA + 32, 0, 0),
        call(MOUNT, DATA, DATA + 48, DATA, 0, 0),
        touches=TREE | MOUNTS,
    )
    outcomes = executor.run(INSPECT, mounts, INSPECT, mounts)
    assert outcomes[1].results == [0, -errno.ENOENT, 0]
    assert outcomes[3].results == outcomes[1].results
    assert normal(outcomes[2]) == normal(outcomes[0])


@needs_root
def test_children_are_gone_after_the_program(executor: Executor) -> None:
    before = descendants(executor.process.pid)
    outcome = executor.one(
        call(SPAWN, 2, 0, result=0), call(SPAWN, 1, signal.SIGSTOP), call(KILL, (0, 0), 0), touches=TREE | CHILDREN
    )
    assert outcome.results[2] == 0
    assert len(descendants(executor.process.pid)) == len(before)


def test_children_are_gone_after_any_program(any_executor: Executor) -> None:
    before = descendants(any_executor.process.pid)
    for touches in (TREE, TREE | PROCESS):
        assert (
            any_executor.one(call(SPAWN, 2, 0), call(SPAWN, 2, 0), call(PAUSE), touches=touches, deadline=50).state
            == BLOCKED
        )
        assert len(any_executor.results(*[call(SPAWN, 2, 0)] * 8, touches=touches)) == 8
    outcomes = any_executor.run(*[program(call(SPAWN, 2, 0), call(SPAWN, 0, 0))] * 5, program(call(WAIT4, -1, 0, 1, 0)))
    assert outcomes[-1].results == [-errno.ECHILD]
    assert len(descendants(any_executor.process.pid)) == len(before)


@needs_root
def test_program_can_be_pid_1(executor: Executor) -> None:
    outcome = executor.one(
        call(GETPID),
        call(GETPPID),
        call(KILL, 1, signal.SIGKILL),
        call(SPAWN, 2, 0),
        touches=TREE | CHILDREN,
        wishes=PID,
    )
    assert outcome.results == [1, 0, 0, 2]


def test_all_that_can_be_touched_or_wished_for_is_given_or_done_without(any_executor: Executor) -> None:
    outcomes = any_executor.run(
        *[
            program(call(UMASK, 0), touches=EVERYTHING & touches, wishes=touches & 3)
            for touches in (-1, 0, *(1 << bit for bit in range(11)))
        ]
    )
    assert [each.results for each in outcomes] == [[0o22]] * 13


# -- pseudo-calls


def test_child_that_exits_or_dies_can_be_waited_for(any_executor: Executor) -> None:
    outcome = any_executor.one(
        call(SPAWN, 0, 0x107, result=0),
        call(WAIT4, (0, 0), DATA, 1, 0, outs=[(0, 4)]),
        call(SPAWN, 1, signal.SIGTERM, result=1),
        call(WAIT4, (1, 0), DATA, 1, 0, outs=[(0, 4)]),
        call(SPAWN, 1, signal.SIGSTOP, result=2),
        call(WAIT4, (2, 0), DATA, 3, 0, outs=[(0, 4)]),
        call(SPAWN, 2, 0, result=3),
        call(WAIT4, (3, 0), 0, 1, 0),
        call(KILL, (3, 0), signal.SIGUSR2),
        call(WAIT4, (3, 0), DATA, 0, 0, outs=[(0, 4)]),
        touches=TREE | CHILDREN,
    )
    assert outcome.state == DONE
    pids = outcome.results
    assert all(pid > 1 for pid in (pids[0], pids[2], pids[4], pids[6]))
    assert [pids[1], pids[3], pids[5], pids[7], pids[9]] == [pids[0], pids[2], pids[4], 0, pids[6]]
    statuses = [struct.unpack("<i", outcome.steps[index].outs[0])[0] for index in (1, 3, 5, 9)]
    assert statuses == [7 << 8, signal.SIGTERM, signal.SIGSTOP << 8 | 0x7F, signal.SIGUSR2]


@pytest.mark.parametrize(
    "number", [signal.SIGCHLD, signal.SIGCONT, signal.SIGTSTP, signal.SIGTTIN, signal.SIGWINCH, 64]
)
def test_child_may_raise_any_signal(any_executor: Executor, number: int) -> None:
    assert any_executor.results(call(SPAWN, 1, number), touches=TREE | CHILDREN)[0] > 1


def test_childs_signals_are_not_the_programs(any_executor: Executor) -> None:
    handler = struct.pack("<QQQQ", HANDLER, 0x04000000, HANDLER + 0x40, 0)
    outcome = any_executor.one(
        copyin(0, handler),
        call(SIGACTION, signal.SIGUSR1, DATA, 0, 8),
        call(SPAWN, 2, 0, result=0),
        call(KILL, (0, 0), signal.SIGUSR1),
        call(SPAWN, 1, signal.SIGUSR1),
        touches=TREE | CHILDREN,
    )
    assert (outcome.state, outcome.signals) == (DONE, {})


def test_childs_lock_is_seen_and_a_failed_one_reported(any_executor: Executor) -> None:
    whole = struct.pack("<hhixxxxqqi", 1, 0, 0, 0, 0, 0)
    for kind, command in ((3, 6), (5, 37), (4, None)):
        lock = call(FLOCK, 0, 6) if command is None else call(FCNTL, 0, command, DATA + 16)
        reopen = [call(CLOSE, 0), call(OPEN, DATA, 2, 0)]  # or flock(2) and OFD locks are the child's own, too
        results = any_executor.results(
            path(b"f0"),
            copyin(16, whole),
            call(OPEN, DATA, 2, 0),
            call(SPAWN, kind, 0),
            *reopen,
            lock,
            touches=TREE | CHILDREN,
        )
        assert results[1] > 1
        assert results[-1] == -errno.EAGAIN
        assert any_executor.results(call(SPAWN, kind, 9), touches=TREE | CHILDREN) == [-errno.EBADF]
    assert any_executor.results(path(b"f0"), call(OPEN, DATA, 0, 0), call(SPAWN, 3, 0), call(WAIT4, -1, 0, 1, 0)) == [
        0,
        -errno.EBADF,
        -errno.ECHILD,
    ]


def test_children_are_few_and_of_known_kinds(any_executor: Executor) -> None:
    wrong = [
        call(SPAWN, 6, 0),
        call(SPAWN, 7, DATA),
        call(SPAWN, 1, 0),
        call(SPAWN, 1, 65),
        call(SPAWN, 3, -1),
        call(SPAWN, 1 << 32, 0),
    ]
    assert any_executor.results(*wrong) == [-errno.EINVAL] * len(wrong)
    results = any_executor.results(*[call(SPAWN, 2, 0)] * 10, touches=TREE | CHILDREN)
    assert len({result for result in results if result > 0}) == 8
    assert results[8:] == [-errno.EAGAIN] * 2


def test_child_writes_while_the_program_reads(any_executor: Executor) -> None:
    orders = struct.pack("<7H", 1, ord("x"), 4096, 4096, 4096, 5, 0)
    outcome = any_executor.one(
        copyin(0, orders),
        call(PIPE, DATA + 64),
        call(FCNTL, 1, 1031, 4096),  # F_SETPIPE_SZ
        call(SPAWN, 6, DATA),
        call(CLOSE, 1),
        *(call(READ, 0, DATA + 0x1000, 5000, outs=[(0x1000, 5000)]) for _ in range(8)),
        touches=TREE | CHILDREN,
    )
    assert outcome.state == DONE
    said = outcome.results[4:]
    assert sum(said) == 3 * 4096 + 5
    assert said[-1] == 0
    assert all(step.outs[0][: step.result] == b"x" * step.result for step in outcome.steps[4:])


def test_processes_make_a_programs_calls_in_turns(any_executor: Executor) -> None:
    def turn(to: int, *instructions: bytes) -> tuple[bytes, ...]:
        return (call(TURN, to), *instructions)

    outcome = any_executor.one(
        path(b"f0"),
        copyin(64, b"mine"),
        call(GETPID, result=0),
        call(ANOTHER, result=1),
        call(ANOTHER),
        *turn(1, call(GETPID), call(OPEN, DATA, 0, 0, result=2), copyin(64, b"his!"), call(GETPPID)),
        *turn(2, call(GETPID), call(READ, (2, -1), DATA, 1, outs=[(64, 4)])),
        *turn(0, call(GETPID), call(READ, (2, -1), DATA, 1, outs=[(64, 4)])),
        *turn(1, call(READ, (2, -1), DATA, 1, outs=[(64, 4)]), call(TURN, 3)),
        *turn(2, call(GETPID)),
        touches=TREE | CHILDREN,
    )
    assert outcome.state == DONE
    pid, one, two, *said = outcome.results
    assert len({pid, one, two}) == 3
    assert said == [0, one, 0, pid, 0, two, -errno.EBADF, 0, pid, -errno.EBADF, 0, 1, -errno.EINVAL, 0, two]
    assert [step.outs[0] for step in outcome.steps if step.outs] == [b"mine", b"mine", b"his!"]


def test_process_whose_turn_it_is_may_die_of_its_call(any_executor: Executor) -> None:
    died = program(call(ANOTHER), call(TURN, 1), call(EXIT, 0), call(GETPID), touches=TREE | CHILDREN)
    outcomes = any_executor.run(died, program(call(UMASK, 0)), deadline=200)
    assert (outcomes[0].state, outcomes[0].results[1:]) == (BLOCKED, [0])
    assert outcomes[1].results == [0o22]


def test_memory_is_copied_by_the_processor(any_executor: Executor) -> None:
    outcome = any_executor.one(
        copyin(0, b"hello"),
        call(COPY, DATA + 0x100, DATA, 5, outs=[(0x100, 8)]),
        call(COPY, DATA + 0x100, ONES, 3, outs=[(0x100, 8)]),
        call(COPY, DATA, DATA + 0x100, 1 << 20),
        call(COPY, DATA - 4, DATA, 4),
        call(COPY, DATA, DATA - 4, 4),
        call(COPY, ONES, DATA, 5),
        touches=TREE | MEMORY,
    )
    assert outcome.results == [5, 3, -errno.EINVAL, -errno.EINVAL, -errno.EINVAL]
    assert [step.outs[0] for step in outcome.steps[:2]] == [b"hello\0\0\0", b"\x11\x11\x11lo\0\0\0"]
    assert (outcome.state, outcome.detail, outcome.fault) == (DIED, signal.SIGSEGV, (2, ONES))


def test_threads_are_there_or_gone_when_the_call_returns(any_executor: Executor) -> None:
    outcome = any_executor.one(
        call(GETPID, result=0),
        call(THREAD, 0, result=1),
        call(TGKILL, (0, 0), (1, 0), 0),
        call(THREAD, 1, result=2),
        call(TGKILL, (0, 0), (2, 0), 0),
        call(TGKILL, (0, 0), (2, 0), signal.SIGUSR1),
        call(THREAD, 1),
        call(THREAD, 1),
        call(THREAD, 1),
        call(THREAD, 2),
        touches=TREE | PROCESS,
    )
    assert outcome.state == DONE
    assert [outcome.results[index] for index in (2, 4, 5, 8, 9)] == [-errno.ESRCH, 0, 0, -errno.EAGAIN, -errno.EINVAL]
    assert [each.results for each in any_executor.run(program(call(THREAD, 1)), program(call(UMASK, 0)))][1] == [0o22]


REPORT = struct.Struct("<5Q6IQ4I16sQ")


def test_new_image_reports_what_it_inherited(any_executor: Executor) -> None:
    ignored = struct.pack("<QQQQ", 1, 0x04000000, HANDLER + 0x40, 0)
    outcome = any_executor.one(
        path(b"f0"),
        copyin(16, ignored),
        copyin(64, struct.pack("<Q", 1 << (signal.SIGUSR1 - 1))),
        call(OPEN, DATA, 0, 0),
        call(OPEN, DATA, 0o2000000, 0),
        call(FCNTL, 0, 0, 40),
        call(SIGACTION, signal.SIGHUP, DATA + 16, 0, 8),
        call(SIGPROCMASK, 0, DATA + 64, 0, 8),
        call(UMASK, 0o27),
        call(READ, 0, DATA + 0x200, 7),
        call(EXECUTE, DATA + 0x100, outs=[(0x100, REPORT.size)]),
        call(DUP, 0),
        touches=TREE | PROCESS,
        wishes=EXEC,
    )
    assert outcome.state == DONE
    assert outcome.results[7] == REPORT.size
    assert outcome.results[8] == 2
    found = REPORT.unpack(outcome.steps[7].outs[0])
    assert found[:6] == (1 | 1 << 40, 0, 1 << (signal.SIGUSR1 - 1), 0, 1, 0o27)
    assert found[6] in (os.getuid(), 65534)
    assert found[10:12] == (20, 1 << 20)
    assert found[15:] == (0, b"x".ljust(16, b"\0"), 7)


def test_image_is_there_for_programs_that_want_it(any_executor: Executor) -> None:
    wants = program(call(EXECUTE, DATA), wishes=EXEC)
    other = program(call(EXECUTE, DATA))
    outcomes = any_executor.run(other, wants, other, wants, wants, INSPECT)
    results = [each.results[0] for each in outcomes[:-1]]
    assert results == [-errno.ENOENT, REPORT.size, -errno.ENOENT, REPORT.size, REPORT.size]
    assert (
        any_executor.results(call(EXECUTE, 0), call(EXECUTE, ONES - 0x100000 - 1), wishes=EXEC) == [-errno.EINVAL] * 2
    )


O_RDWR, O_NOCTTY, O_NONBLOCK, O_CLOEXEC = 2, 0o400, 0o4000, 0o2000000
FIONREAD, TIOCSCTTY, TIOCGSID, TIOCSPTLCK, TIOCGPTN = 0x541B, 0x540E, 0x5429, 0x40045431, 0x80045430
PAIR = (
    call(PTY_MASTER, O_NONBLOCK, 0, result=0),
    call(PTY_SLAVE, (0, -1), O_RDWR | O_NONBLOCK, result=1),
)
"""A master and its slave, by slots 0 and 1."""


@needs_root
@pytest.mark.parametrize("touches", [TREE, TREE | MOUNTS, TREE | CHILDREN, EVERYTHING], ids=hex)
def test_what_is_written_to_an_end_of_a_terminal_is_at_the_other_at_once(executor: Executor, touches: int) -> None:
    typed = program(
        *PAIR,
        copyin(0, b"hi\n"),
        call(WRITE, (0, -1), DATA, 3),
        call(READ, (1, -1), DATA + 64, 64, outs=[(64, 8)]),
        call(READ, (0, -1), DATA + 128, 64, outs=[(128, 8)]),
        call(READ, (0, -1), DATA + 128, 64),
        touches=touches,
    )
    for outcome in executor.run(*[typed] * 20):
        assert outcome.results == [0, 1, 3, 3, 4, -errno.EAGAIN]
        assert [outcome.steps[at].outs[0][:size] for at, size in ((3, 3), (4, 4))] == [b"hi\n", b"hi\r\n"]


@needs_root
def test_what_a_terminal_does_later_is_done_before_the_next_call(executor: Executor) -> None:
    """An echo, how much there is to be read, a signal: a worker of the kernel's makes them of what was written.

    It is waited for as long as it takes on a machine that has time for it.
    """
    typed = (*PAIR, copyin(0, b"hi\n\3"), call(WRITE, (0, -1), DATA, 3))
    echo = program(*typed, call(READ, (0, -1), DATA + 64, 64))
    counted = program(*typed, call(IOCTL, (1, -1), FIONREAD, DATA + 64, outs=[(64, 4)]))
    session = call(IOCTL, (1, -1), TIOCSCTTY, 0)
    interrupted = program(*typed, session, call(WRITE, (0, -1), DATA + 3, 1), touches=TREE | PROCESS)
    for _ in range(5):
        outcomes = executor.run(*[echo, counted, interrupted] * 50)
        echoed = {each.results[-1] for each in outcomes[::3]}
        counts = {each.steps[-1].outs[0] for each in outcomes[1::3]}
        ended = {(each.state, each.detail, len(each.results)) for each in outcomes[2::3]}
        said = (echoed, counts, ended)
        if said == ({4}, {struct.pack("<i", 3)}, {(DIED, signal.SIGINT, 4)}):
            return
    pytest.fail(f"what was written had no effect yet: {said}", pytrace=False)


@needs_root
def test_terminal_is_locked_if_it_is_to_be_and_opened_as_it_is_said(executor: Executor) -> None:
    results = executor.results(
        call(PTY_MASTER, 0, 1),
        call(PTY_SLAVE, 0, O_RDWR),
        copyin(0, bytes(4)),
        call(IOCTL, 0, TIOCSPTLCK, DATA),
        call(PTY_SLAVE, 0, O_RDWR | O_CLOEXEC),
        call(FCNTL, 0, 1),
        call(FCNTL, 1, 1),
        call(FCNTL, 1, 3),
        call(PTY_SLAVE, 0, O_NONBLOCK),
        call(FCNTL, 2, 3),
    )
    assert results[:5] == [0, -errno.EIO, 0, 1, 0]
    assert [results[5] & 1, results[6] & 0o7777, results[7], results[8] & 0o4003] == [1, O_RDWR, 2, O_NONBLOCK]


@needs_root
def test_terminal_is_not_had_by_what_is_none_or_with_other_flags(executor: Executor) -> None:
    results = executor.results(
        *(call(PTY_MASTER, flags, 0) for flags in (O_RDWR, 0o100, 1 << 32)),
        *(call(PTY_MASTER, 0, locked) for locked in (2, -1)),
        *(call(PTY_SLAVE, -1, flags) for flags in (O_NOCTTY, 0o100, O_RDWR)),
        path(b"f0"),
        call(OPEN, DATA, O_RDWR, 0),
        call(PTY_SLAVE, 0, O_RDWR),
    )
    assert results == [-errno.EINVAL] * 7 + [-errno.EBADF, 0, -errno.ENOTTY]


@needs_root
def test_making_a_terminal_leaves_the_program_where_and_what_it_is(executor: Executor) -> None:
    action = struct.pack("<QQQQ", HANDLER, 0x04000000, HANDLER + 0x40, 0)
    outcome = executor.one(
        path(b"d0"),
        path(b"../f0", 16),
        path(b"/pts", 32),
        path(b"/../pts", 48),
        copyin(64, action),
        call(SIGACTION, signal.SIGCHLD, DATA + 64, 0, 8),
        call(CHDIR, DATA),
        *PAIR,
        call(GETCWD, DATA + 128, 64, outs=[(128, 64)]),
        call(OPEN, DATA + 16, 0, 0),
        call(OPEN, DATA + 32, 0, 0),
        call(OPEN, DATA + 48, 0, 0),
        call(WAIT4, -1, 0, 0, 0),
        call(IOCTL, 1, TIOCGSID, DATA + 256),
        touches=TREE | PROCESS,
    )
    assert outcome.state == DONE
    assert outcome.results == [0, 0, 0, 1, 6, 2, -errno.ENOENT, -errno.ENOENT, -errno.ECHILD, -errno.ENOTTY]
    assert outcome.steps[4].outs[0].startswith(b"/w/d0\0")
    assert not outcome.signals


@needs_root
def test_terminals_are_a_programs_own_and_none_of_the_machines(executor: Executor) -> None:
    before = sorted(Path("/dev/pts").iterdir())
    number = call(IOCTL, 0, TIOCGPTN, DATA + 8, outs=[(8, 4)])
    pair = program(*PAIR, number, copyin(0, b"left\n"), call(WRITE, 0, DATA, 5))
    new = program(*PAIR, number, call(READ, 1, DATA, 64))
    outcomes = executor.run(pair, new, pair, new)
    assert sorted(Path("/dev/pts").iterdir()) == before
    assert [each.results[-1] for each in outcomes] == [5, -errno.EAGAIN] * 2


@needs_root
def test_hangup_of_a_programs_terminal_ends_no_other_program(executor: Executor) -> None:
    session = program(*PAIR, call(IOCTL, 1, TIOCSCTTY, 0), call(CLOSE, 0), call(GETPID), touches=TREE | PROCESS)
    bystander = program(*PAIR, call(CLOSE, 0), call(READ, 1, DATA, 8))
    outcomes = executor.run(session, bystander, session, bystander)
    assert [(each.state, each.detail) for each in outcomes] == [(DIED, signal.SIGHUP), (DONE, 0)] * 2
    assert [each.results for each in outcomes[1::2]] == [[0, 1, 0, 0]] * 2


def test_where_no_terminal_can_be_made_it_is_said_to_be_missing(binary: list[str], room: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("changing the user takes root")
    with Executor(binary, room, 65534) as unprivileged:
        calls = (call(PTY_MASTER, 0, 0), call(PTY_SLAVE, 0, O_RDWR), path(b"comm"), call(PROC, DATA, 0))
        assert unprivileged.results(*calls) == [-errno.ENOSYS] * 3


PROC_FILES = {
    b"comm": b"program\n",
    b"oom_score_adj": b"0\n",
    b"timerslack_ns": b"50000\n",
    b"coredump_filter": b"00000033\n",
    b"personality": b"00000000\n",
    b"setgroups": b"allow\n",
}


@needs_root
@pytest.mark.parametrize("name", PROC_FILES, ids=bytes.decode)
def test_files_in_proc_say_the_same_on_every_machine(executor: Executor, name: bytes) -> None:
    outcome = executor.one(path(name), call(PROC, DATA, 0), call(READ, 0, DATA + 64, 64, outs=[(64, 9)]))
    assert outcome.results == [0, len(PROC_FILES[name])]
    assert outcome.steps[1].outs[0].startswith(PROC_FILES[name][:9])


@needs_root
def test_files_in_proc_are_the_programs_own(executor: Executor) -> None:
    renamed = program(
        path(b"comm"),
        copyin(16, b"another"),
        call(PROC, DATA, O_RDWR),
        call(WRITE, 0, DATA + 16, 7),
        call(PRCTL, 16, DATA + 64, outs=[(64, 16)]),
        touches=TREE | PROCESS,
    )
    named = program(call(PRCTL, 16, DATA + 64, outs=[(64, 16)]))
    child = program(
        path(b"comm"), call(SPAWN, 2, 0), call(PROC, DATA, 0), call(READ, 0, DATA, 64), touches=TREE | CHILDREN
    )
    outcomes = executor.run(renamed, named, child)
    assert [each.steps[-1].outs[0].rstrip(b"\0") for each in outcomes[:2]] == [b"another", b"program"]
    assert outcomes[2].results[1:] == [0, 8]


@needs_root
def test_other_files_in_proc_are_not_had(executor: Executor) -> None:
    wrong = [b"mem", b"../1/comm", b"comm/", b"com", b"comm1", b"", b"/proc/self/comm", b"root", b"fd"]
    calls = [each for name in wrong for each in (path(name), call(PROC, DATA, O_RDWR))]
    assert executor.results(*calls) == [-errno.ENOENT] * len(wrong)
    flags = [0o100, O_NOCTTY, 0o200000, 1 << 32]
    assert executor.results(path(b"comm"), *[call(PROC, DATA, each) for each in flags]) == [-errno.EINVAL] * 4
    assert executor.results(call(PROC, 0, 0), call(PROC, DATA - 1, 0)) == [-errno.EINVAL] * 2
    assert executor.results(path(b"comm"), call(PROC, DATA, 0), touches=TREE, wishes=PID) == [-errno.ENOSYS]


@needs_root
def test_what_is_the_machines_in_proc_is_not_there_or_cannot_be_written(executor: Executor) -> None:
    """Even to a program that finds its way out of the room (chroot(2))."""
    outcome = executor.one(
        path(b"d0"),
        path(b"..", 16),
        path(b"pid/sys/kernel/hostname", 32),
        path(b"pid/self/comm", 80),
        path(b"/", 112),
        call(CHDIR, DATA + 112),
        path(b"w", 128),
        call(161, DATA + 128),  # chroot(2)
        call(CHDIR, DATA + 16),
        call(OPEN, DATA + 80, 0, 0),
        call(OPEN, DATA + 32, 1, 0),
        touches=TREE | PROCESS,
    )
    assert outcome.results[:4] == [0, 0, 0, 0], "out of the room, where the executor has them"
    assert outcome.results[4] in (-errno.ENOENT, -errno.EROFS)


CLONE_VM, CLONE_FS, CLONE_FILES, CLONE_SIGHAND, CLONE_VFORK, CLONE_THREAD = 0x100, 0x200, 0x400, 0x800, 0x4000, 0x10000
CLONE_PTRACE, CLONE_PARENT, CLONE_UNTRACED, CLONE_SETTID, CLONE_NEWPID = 0x2000, 0x8000, 0x800000, 0x1000000, 0x20000000
A_THREAD = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD
WALL, SIGKILL = 0x40000000, 9


def clone(deed: int, flags: int, *arguments: Argument) -> bytes:
    """A child with such flags."""
    return call(CLONE + deed, flags, 0, 0, *arguments)


def clone3(deed: int, flags: int, *arguments: Argument, ending: int = signal.SIGCHLD) -> list[bytes]:
    """The same by clone3(2)."""
    given = struct.pack("<QQQQQ6Q", flags, 0, 0, 0, ending, *[0] * 6)
    return [copyin(512, given), call(CLONE3 + deed, DATA + 512, 88, *arguments)]


FAMILY = TREE | PROCESS | CHILDREN


@pytest.mark.parametrize("flags", [0, CLONE_VM, CLONE_FS | CLONE_FILES, CLONE_VM | CLONE_SIGHAND, A_THREAD], ids=hex)
@pytest.mark.parametrize("touches", [FAMILY, EVERYTHING, TREE], ids=hex)
def test_children_by_clone_are_gone_behind_a_program(any_executor: Executor, flags: int, touches: int) -> None:
    children = program(*[clone(PAUSES, flags | signal.SIGCHLD)] * 8, clone(PAUSES, flags), touches=touches)
    assert any_executor.results(call(GETPID))  # whoever runs programs is there
    before = len(descendants(any_executor.process.pid))
    for outcome in any_executor.run(*[children] * 5, program(call(GETPID))):
        assert outcome.state == DONE
        assert all(each > 0 for each in outcome.results[:8])
        assert outcome.results[8:] in ([-errno.EAGAIN], [])
    assert eventually(lambda: len(descendants(any_executor.process.pid)) <= before)


def test_child_that_the_program_never_returns_from_is_gone_with_it(any_executor: Executor) -> None:
    assert any_executor.results(call(GETPID))  # whoever runs programs is there
    before = len(descendants(any_executor.process.pid))
    outcome = any_executor.one(clone(PAUSES, CLONE_VM | CLONE_VFORK | signal.SIGCHLD), touches=FAMILY, deadline=200)
    assert outcome.state == BLOCKED
    assert any_executor.results(call(GETPID))
    assert eventually(lambda: len(descendants(any_executor.process.pid)) <= before)


def test_no_child_gets_another_parent_or_a_tracer(any_executor: Executor) -> None:
    flags = [CLONE_PARENT, CLONE_PTRACE, CLONE_UNTRACED, CLONE_PARENT | CLONE_VM, CLONE_PARENT | A_THREAD]
    by_clone = [clone(PAUSES, each | signal.SIGCHLD) for each in flags]
    by_clone3 = [each for flag in flags for each in clone3(PAUSES, flag, ending=0)]
    results = any_executor.results(*by_clone, *by_clone3, call(WAIT4, -1, 0, WALL, 0), touches=FAMILY)
    assert results == [-errno.EOPNOTSUPP] * 10 + [-errno.ECHILD]


@pytest.mark.parametrize("flags", [0, CLONE_VM, CLONE_VM | CLONE_VFORK], ids=hex)
def test_what_a_child_comes_to_is_there_when_the_call_returns(any_executor: Executor, flags: int) -> None:
    ends = program(
        clone(EXITS, flags | signal.SIGCHLD, 300),
        call(WAIT4, -1, DATA, 1, 0, outs=[(0, 4)]),
        clone(TELLS_PIDS, flags),
        call(WAIT4, -1, DATA, WALL | 1, 0, outs=[(0, 4)]),
        touches=FAMILY,
    )
    for outcome in any_executor.run(*[ends] * 20):
        assert [step.outs[0][:4].rstrip(b"U") for step in outcome.steps[1::2]] == [b"\0\x2c\0\0", b"\0\0\0\0"]
        assert outcome.results[1] == outcome.results[0] > 0
        assert outcome.results[3] == outcome.results[2] > 0


def test_deed_that_fails_leaves_no_child(any_executor: Executor) -> None:
    failing = program(
        path(b"absent"),
        clone(CLOSES, signal.SIGCHLD, 9),
        clone(CLOSES, CLONE_VM, 9),
        clone(CLOSES, A_THREAD, 9),
        clone(MOVES, CLONE_FS | signal.SIGCHLD, DATA),
        clone(IGNORES, signal.SIGCHLD, 65),
        call(WAIT4, -1, 0, WALL, 0),
        touches=FAMILY,
    )
    for outcome in any_executor.run(*[failing] * 5):
        expected = [-errno.EBADF] * 3 + [-errno.ENOENT, -errno.EINVAL, -errno.ECHILD]
        assert (outcome.state, outcome.results) == (DONE, expected)


def test_children_that_share_memory_have_stacks_of_their_own(any_executor: Executor) -> None:
    """Eight at once, each with signals that would need a frame; the program's own stack is what it was."""
    action = struct.pack("<QQQQ", HANDLER, 0x04000000, HANDLER + 0x40, 0)
    children = [call(CLONE + PAUSES, CLONE_VM | signal.SIGCHLD, 0, 0, result=at) for at in range(8)]
    outcome = any_executor.one(
        copyin(64, action),
        call(SIGACTION, signal.SIGUSR1, DATA + 64, 0, 8),
        *children,
        *(call(KILL, (at, 0), signal.SIGUSR1) for at in range(8)),
        call(GETPID, result=9),
        call(KILL, (9, 0), signal.SIGUSR1),
        touches=FAMILY,
    )
    assert outcome.state == DONE
    assert outcome.signals == {signal.SIGUSR1: 1}, "the program's own alone"


@pytest.mark.parametrize(("stack", "size"), [(ARENA, 4096), (8, 8), (1 << 63, 4096), (DATA, 0), (0, 4096)])
def test_a_stack_that_a_program_names_is_not_used(any_executor: Executor, stack: int, size: int) -> None:
    for flags in (0, CLONE_VM, A_THREAD):
        given = struct.pack("<11Q", flags, 0, 0, 0, 0, stack, size, *[0] * 4)
        outcome = any_executor.one(
            copyin(0, given), call(CLONE3 + PAUSES, DATA, 88), call(GETPID), call(LOAD, DATA + 128), touches=FAMILY
        )
        assert (outcome.state, len(outcome.results), outcome.results[2]) == (DONE, 3, 0)
        refused = not stack or not size or stack >> 47
        assert (outcome.results[0] in (-errno.EINVAL, -errno.EPERM, -errno.EFAULT)) == bool(refused)


def test_arguments_of_clone3_that_cannot_be_read_are_refused_by_the_kernel(any_executor: Executor) -> None:
    places = [0, 8, DATA - 8, DATA + EDGES[0] + 0x1000 - 8, ARENA, 1 << 63]
    results = any_executor.results(*(call(CLONE3 + PAUSES, each, 88) for each in places), touches=FAMILY)
    assert results == [-errno.EFAULT] * len(places)


def test_what_a_child_stores_or_reads_keeps_to_the_programs_memory(any_executor: Executor) -> None:
    outside = [0, DATA - 1, DATA + 0x2000000 - 7, 2**64 - 1, 0x300000000000]
    deeds = [clone(deed, CLONE_VM | signal.SIGCHLD, each, 1) for each in outside for deed in (STORES, TELLS_TID)]
    assert any_executor.results(*deeds, touches=FAMILY) == [-errno.EINVAL] * len(deeds)


def test_fault_of_a_child_is_its_own(any_executor: Executor) -> None:
    outcome = any_executor.one(
        clone(STORES, signal.SIGCHLD, ARENA, 1),
        clone(STORES, CLONE_VM | signal.SIGCHLD, ARENA, 1),
        call(WAIT4, -1, DATA, 0, 0, outs=[(0, 4)]),
        call(WAIT4, -1, DATA, 0, 0, outs=[(0, 4)]),
        call(GETPID, result=0),
        call(KILL, (0, 0), signal.SIGSEGV),
        touches=FAMILY,
    )
    assert [step.outs[0][0] for step in outcome.steps[2:4]] == [signal.SIGSEGV] * 2
    assert (outcome.state, outcome.detail, outcome.fault) == (DIED, signal.SIGSEGV, None), "somebody has sent it"


@needs_root
def test_first_of_new_pids_is_gone_with_the_program(executor: Executor) -> None:
    before = len(descendants(executor.process.pid))
    family = [clone(PAUSES, CLONE_NEWPID | signal.SIGCHLD), clone(TELLS_PIDS, CLONE_NEWPID | signal.SIGCHLD)]
    for outcome in executor.run(*[program(*family, touches=FAMILY)] * 5):
        assert outcome.state == DONE
        assert all(each > 0 for each in outcome.results)
    assert eventually(lambda: len(descendants(executor.process.pid)) <= before)


def test_loads_and_stores_keep_to_the_programs_memory(any_executor: Executor) -> None:
    outside = [0, DATA - 1, DATA + 0x2000000 - 7, DATA + 0x2000000, 2**64 - 1, 0x300000000000]
    calls = [call(nr, address, 0) for address in outside for nr in (LOAD, STORE)]
    assert any_executor.results(*calls) == [-errno.EINVAL] * 12
    results = any_executor.results(call(STORE, DATA, -1), call(LOAD, DATA), call(LOAD, DATA + 4))
    assert results == [0, 2**63 - 1, 0xFFFFFFFF]


def test_load_behind_a_files_end_is_a_bus_error(any_executor: Executor) -> None:
    outcome = any_executor.one(
        path(b"f0"),
        call(OPEN, DATA, 0, 0),
        call(MMAP, ARENA, 0x2000, 1, 0x12, 0, 0),
        call(LOAD, ARENA),
        call(LOAD, ARENA + 0x1000),
        touches=TREE | MEMORY,
    )
    assert (outcome.state, outcome.detail, len(outcome.steps)) == (DIED, signal.SIGBUS, 3)
    assert outcome.fault == (ADRERR, ARENA + 0x1000)


# -- robustness


def survives(binary: list[str], room: Path, data: bytes) -> int:
    """Give it these bytes and the end of input; its exit status, which is no crash, soon."""
    with Executor(binary, room) as executor:
        try:
            executor.write(data)
            executor.input.close()
        except BrokenPipeError:
            pass
        said = b""
        while (
            more := os.read(executor.output.fileno(), 1 << 16)
            if select.select([executor.output], [], [], PATIENCE)[0]
            else b""
        ):
            said += more
        status = executor.process.wait(PATIENCE)
        at, last = 0, HELLO
        while at < len(said):
            magic, last, size = struct.unpack_from("<III", said, at)
            assert magic == MAGIC
            at += 12 + size
        assert at == len(said)
        assert status == (2 if last == ERROR else 0)
        return status


def test_random_bytes_are_refused(binary: list[str], room: Path) -> None:
    dice = random.Random(1)
    for size in (1, 11, 12, 13, 100, 5000):
        assert survives(binary, room, dice.randbytes(size)) == 2
    assert survives(binary, room, b"") == 0


def test_truncated_frames_are_refused(binary: list[str], room: Path) -> None:
    whole = run_frame([program(copyin(0, b"x"), call(UMASK, 0, outs=[(0, 4)])), program(call(PAUSE))], 20)
    for size in range(1, len(whole), 5):
        assert survives(binary, room, whole[:size]) == 2
    assert survives(binary, room, whole) == 0


HARMLESS = [
    program(copyin(0, b"xyz"), call(UMASK, 0, result=0), store(8, 4, 0, 7), call(GETPID, outs=[(0, 16)])),
    program(
        fill(0, 64), call(READ, (1, 9), DATA, 5, result=2, outs=[(0, 5)], loads=[(3, 0, 8)]), touches=TREE | PROCESS
    ),
    program(call(SPAWN, 0, 0), call(THREAD, 1), call(LOAD, DATA), call(STORE, DATA, 5), touches=TREE | CHILDREN),
    program(*[call(DUP, 0)] * 8),
]


def test_mutated_programs_get_outcomes(binary: list[str], room: Path) -> None:
    """Sizes, promises, counts, offsets, slots and widths; the numbers of calls stay what they are: harmless."""
    dice = random.Random(2)
    with Executor(binary, room) as executor:
        states = []
        for _ in range(60):
            batch = []
            for _ in range(10):
                mutant = bytearray(dice.choice(HARMLESS))
                for _ in range(dice.randint(1, 4)):
                    index = dice.randrange(4, len(mutant))
                    if not numbers_of_calls(bytes(mutant)) & {index, index + 1, index - 1}:
                        mutant[index] = dice.choice([0, 1, 2, 4, 8, 63, 64, 127, 128, 255, dice.randrange(256)])
                if not numbers(bytes(mutant)) <= {UMASK, GETPID, READ, SPAWN, THREAD, LOAD, STORE, DUP}:
                    continue
                batch.append(bytes(mutant))
            executor.write(run_frame(batch, 30))
            kind, payload = executor.read()
            assert kind == RESULTS
            states += states_in(payload, len(batch))
        assert executor.run(INSPECT)[0].state == DONE
        assert executor.close() == 0
    assert {DONE, MALFORMED} <= set(states) <= {DONE, DIED, BLOCKED, EXITED, MALFORMED}


def states_in(payload: bytes, count: int) -> list[int]:
    """The outcomes' states; their sizes must add up."""
    states, at = [], 8
    for _ in range(count):
        states.append(payload[at + 4])
        at += 4 + struct.unpack_from("<I", payload, at)[0]
    assert at == len(payload)
    return states


def walk(encoded: bytes) -> Iterator[tuple[int, int]]:
    """Where the numbers of calls are in a program, and which; as far as it can be read."""
    at = 8
    try:
        while at < len(encoded):
            kind = encoded[at]
            if kind == 4:
                yield at + 1, struct.unpack_from("<H", encoded, at + 1)[0]
                at += 4 + 9 * encoded[at + 3] + 1
                at += 1 + 6 * encoded[at]
                at += 1 + 6 * encoded[at]
            elif kind == 1:
                at += 7 + struct.unpack_from("<H", encoded, at + 5)[0]
            else:
                at += {2: 7, 3: 15}[kind]
    except (IndexError, KeyError, struct.error):
        return


def numbers_of_calls(encoded: bytes) -> set[int]:
    """Where the numbers of calls are."""
    return {at for at, _ in walk(encoded)}


def numbers(encoded: bytes) -> set[int]:
    """Which calls a program makes, if it is well-formed."""
    return {nr for _, nr in walk(encoded)}


def processor_ticks(pids: list[int]) -> int:
    """What processes have used."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total


def test_reader_that_stops_reading_costs_nothing(any_executor: Executor) -> None:
    any_executor.write(run_frame([program(call(UMASK, 0, outs=[(0, 60000)]))] * 20))
    time.sleep(0.5)
    pids = [any_executor.process.pid, *descendants(any_executor.process.pid)]
    before = processor_ticks(pids)
    time.sleep(0.5)
    assert processor_ticks(pids) - before <= 2
    assert any_executor.read()[0] == RESULTS


def test_reader_that_is_gone_ends_it(any_executor: Executor) -> None:
    pids = descendants(any_executor.process.pid)
    any_executor.output.close()
    any_executor.write(run_frame([program(call(UMASK, 0))]))
    assert any_executor.process.wait(PATIENCE) == 141
    assert eventually(lambda: gone(pids))


@contextmanager
def nothing_stays(room: Path, executor: Executor) -> Iterator[None]:
    """No process, no mount, no file of an executor is left."""
    mounts = Path("/proc/self/mounts").read_text()
    pids = [executor.process.pid, *descendants(executor.process.pid)]
    assert len(pids) >= 2
    yield
    executor.process.wait(PATIENCE)
    assert eventually(lambda: gone(pids))
    assert eventually(lambda: not list(room.iterdir()))
    assert Path("/proc/self/mounts").read_text() == mounts


def test_end_of_input_leaves_nothing_behind(any_executor: Executor, room: Path) -> None:
    any_executor.run(INSPECT, LITTER, program(call(SPAWN, 2, 0), touches=TREE | PROCESS))
    with nothing_stays(room, any_executor):
        assert any_executor.close() == 0


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_killed_executor_leaves_nothing_behind(any_executor: Executor, room: Path, number: int) -> None:
    any_executor.run(LITTER)
    any_executor.write(run_frame([program(call(SPAWN, 2, 0), call(SPAWN, 2, 0), call(PAUSE))], 60000))
    assert eventually(lambda: len(descendants(any_executor.process.pid)) >= 4)
    with nothing_stays(room, any_executor):
        any_executor.process.send_signal(number)


def test_trees_that_are_hard_to_remove_are_removed(any_executor: Executor, room: Path) -> None:
    deep = [path(b"n"), path(b".", 8)]
    for _ in range(20):
        deep += [call(MKDIR, DATA, 0o700), call(CHDIR, DATA)]
    any_executor.run(program(*deep, call(CHMOD, DATA + 8, 0)), INSPECT, program(path(b".."), call(CHMOD, DATA, 0)))
    with nothing_stays(room, any_executor):
        assert any_executor.close() == 0
