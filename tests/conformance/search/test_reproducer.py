"""Reproducers: what they say, and that their C files, compiled by anybody, tell a right kernel from a wrong one."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import struct
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from conformance.programs.execution import Execution
from conformance.programs.harmful import is_allowed
from conformance.programs.notation.judging import Keeping, judged
from conformance.programs.notation.parse import parse_file
from conformance.programs.program import Memory, Program, Ref, from_json
from conformance.programs.wire import ProgramOutcome, State, decode, encode
from conformance.run.lane import Lane
from conformance.search import reproducer
from conformance.search.compare import differences, signature
from conformance.search.exactly import is_exact_result
from conformance.search.finding import Finding
from conformance.search.issue import headline
from conformance.search.lacking import plain_program
from conformance.syscalls.files.ioctls import TCGETS
from conformance.syscalls.files.opening import O_NONBLOCK, O_RDWR
from conformance.syscalls.files.paths import AT_EMPTY_PATH, AT_FDCWD
from conformance.syscalls.files.status import STATX_MNT_ID, Statx
from conformance.syscalls.ipc.sem import GETPID
from conformance.syscalls.machinery.buffers import POISON
from conformance.syscalls.machinery.call import Pseudo
from conformance.syscalls.machinery.table import grammar
from conformance.syscalls.machinery.world import ARENA, DATA, HANDLER, PAGE, RESTORER, UNMAPPED
from conformance.syscalls.polling.poll import POLLIN
from conformance.syscalls.polling.uring_requests import IORING_OP_OPENAT, IORING_OP_READ, Sqe
from conformance.syscalls.processes.creating import CLONE_CHILD_CLEARTID, CLONE_PARENT, CloneArgs
from conformance.syscalls.processes.sharing import (
    CLONE_FILES,
    CLONE_FS,
    CLONE_SIGHAND,
    CLONE_THREAD,
    CLONE_VM,
)
from conformance.syscalls.pseudo import SPAWN_LOCK
from conformance.syscalls.ptrace import PTRACE_ATTACH, PTRACE_GETREGS, UserRegs
from conformance.syscalls.signals import SEGV_MAPERR
from conformance.syscalls.sockets.netlink import NETLINK_ROUTE, RTM_GETLINK, ifinfomsg
from conformance.syscalls.sockets.netlink import request as netlink_request
from conformance.syscalls.sockets.socket import AF_NETLINK, SOCK_NONBLOCK, SOCK_RAW
from runners.local import LocalRunner
from tests.executors import needs_executor, program, room, text
from tests.processes import eventually

needs_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler: apt install gcc")
native_only = pytest.mark.skipif(os.uname().machine != "x86_64", reason="reproducers are for x86_64")

Turn = Callable[[ProgramOutcome], ProgramOutcome]
"""What a kernel that lies does in place of an outcome."""


def result(at: int, value: int) -> Turn:
    """A call that returns another thing."""

    def turn(outcome: ProgramOutcome) -> ProgramOutcome:
        results = list(outcome.results)
        results[at] = (value, () if value < 0 else results[at][1])
        return replace(outcome, results=tuple(results))

    return turn


def written(at: int, offset: int, data: bytes) -> Turn:
    """A call that writes other bytes."""

    def turn(outcome: ProgramOutcome) -> ProgramOutcome:
        results = list(outcome.results)
        value, (buffer, *others) = results[at]
        content = buffer.ljust(offset + len(data), b"\xaa")
        content = content[:offset] + data + content[offset + len(data) :]
        results[at] = (value, (content, *others))
        return replace(outcome, results=tuple(results))

    return turn


def ends(state: State, detail: int = 0, *, after: int) -> Turn:
    """A program that does not come to its end."""
    return lambda outcome: ProgramOutcome(state, detail, outcome.signals, outcome.results[:after])


def faults(code: int, address: int) -> Turn:
    """Memory that is at fault in another way."""
    return lambda outcome: replace(outcome, fault=(code, address))


def goes_on(*results: int) -> Turn:
    """A program that comes to its end, with results where there were none."""
    return lambda outcome: ProgramOutcome(
        State.DONE, 0, outcome.signals, (*outcome.results, *((each, ()) for each in results))
    )


def caught(*signals: tuple[int, int]) -> Turn:
    """Signals that are caught otherwise."""
    return lambda outcome: replace(outcome, signals=signals)


@dataclass(frozen=True)
class Divergence:
    """A program, and what a kernel that is wrong does of it."""

    name: str
    program: Program
    wrong: Turn
    signature: str
    expectation: str
    """What the C file has to say of it."""

    def __str__(self) -> str:
        return self.name


def _with_inode_of(outcome: ProgramOutcome) -> bytes:
    """What the second call has written, but for the inode, which is that of the first."""
    (first,), (second,) = (buffers for _, buffers in outcome.results)
    return second[:8] + first[8:16] + second[16:]


OPEN = ("open", text("f0"), O_RDWR, 0)
SOCKETS = ("pipe", room(8))
FIRST, SECOND = Ref(0, 0, 0, 4), Ref(0, 0, 4, 4)
ACTION = Memory(struct.pack("<QQQQ", HANDLER, 0x04000000, RESTORER, 0))

DIVERGENCES: tuple[Divergence, ...] = (
    Divergence(
        "another errno",
        program(("open", text("absent"), 0, 0)),
        result(0, -errno.EACCES),
        "open/errno/ENOENT - EACCES/0",
        'expect(r0 == -2, "ENOENT");',
    ),
    Divergence(
        "success in place of an errno",
        program(OPEN, ("mkdir", text("f0"), 0o755)),
        result(1, 0),
        "mkdir/errno/EEXIST - success",
        'expect(r1 == -17, "EEXIST");',
    ),
    Divergence(
        "an errno in place of success",
        program(OPEN, ("lseek", Ref(0), 3, 0)),
        result(1, -errno.ESPIPE),
        "lseek/errno/success - ESPIPE",
        'expect(r1 >= 0, "success");',
    ),
    Divergence(
        "another number",
        program(OPEN, ("lseek", Ref(0), 3, 0)),
        result(1, 4),
        "lseek/result",
        'expect(r1 == 3L, "3");',
    ),
    Divergence(
        "other contents",
        program(OPEN, ("read", Ref(0), room(64), 8)),
        written(1, 3, b"X"),
        "read/buf",
        '"abcdefgh\\252", 9)',
    ),
    Divergence(
        "bytes behind what was read",
        program(OPEN, ("read", Ref(0), room(64), 8)),
        written(1, 8, b"X"),
        "read/buf",
        '"abcdefgh\\252", 9)',
    ),
    Divergence(
        "another member",
        program(OPEN, ("fstat", Ref(0), room(144))),
        written(1, 48, struct.pack("<q", 99)),
        "fstat/buf.st_size",
        '"other bytes in buf.st_size"',
    ),
    Divergence(
        "resources out of memory and in memory",
        program(
            SOCKETS,
            ("write", SECOND, Memory(b'?"\\\n\x80' + b"z" * 3), 8),
            ("poll", Memory(struct.pack("<iHH", 0, POLLIN, 0), ((0, 4, FIRST),)), 1, 0),
            ("close", SECOND),
            ("read", FIRST, room(64), 64),
            ("read", FIRST, room(64), 64),
        ),
        result(5, -errno.EAGAIN),
        "read/errno/success - EAGAIN",
        'expect(r5 >= 0, "success");',
    ),
    Divergence(
        "memory that points to memory",
        program(
            SOCKETS,
            (
                "writev",
                SECOND,
                Memory(bytes(32), ((0, 8, Memory(b"abc")), (8, 8, 3), (16, 8, Memory(b"de")), (24, 8, 2))),
                2,
            ),
            ("read", FIRST, room(64), 64),
        ),
        result(2, 4),
        "read/result",
        'expect(r2 == 5L, "5");',
    ),
    Divergence(
        "a call that does not return",
        program(("open", text("f0"), O_RDWR, 0)),
        ends(State.BLOCKED, after=0),
        "open/state/success - blocked",
        'expect(r0 >= 0, "success");',
    ),
    Divergence(
        "life in place of death",
        program(("getpid",), ("load", UNMAPPED)),
        goes_on(0),
        "load/state/killed by signal 11 (SEGV_ACCERR) - success",
        "killed by signal 11",
    ),
    Divergence(
        "a fault for another reason",
        program(("load", UNMAPPED)),
        faults(SEGV_MAPERR, UNMAPPED),
        "load/state/killed by signal 11 (SEGV_ACCERR) - killed by signal 11 (SEGV_MAPERR)",
        "killed by signal 11",
    ),
    Divergence(
        "a fault elsewhere",
        program(("store", ARENA, 7)),
        faults(SEGV_MAPERR, ARENA + 8),
        "store/fault",
        "killed by signal 11",
    ),
    Divergence(
        "a signal that is not caught",
        program(
            ("rt_sigaction", signal.SIGUSR1, ACTION, 0, 8),
            ("getpid",),
            ("kill", Ref(1), signal.SIGUSR1),
            ("kill", Ref(1), signal.SIGUSR1),
        ),
        caught((signal.SIGUSR1, 1)),
        "kill/signals",
        f"expect(caught[{signal.SIGUSR1:d}] == 2",
    ),
    Divergence(
        "a child",
        program(("spawn_exit", 0, 42), ("wait4", Ref(0), room(4), 0, 0), ("wait4", Ref(0), room(4), 0, 0)),
        result(2, 0),
        "wait4/errno/ECHILD - success/0",
        'expect(r2 == -10, "ECHILD");',
    ),
    Divergence(
        "a page that nobody may touch",
        program(("mincore", DATA - PAGE, PAGE, room(1))),
        result(0, -errno.ENOMEM),
        "mincore/errno/success - ENOMEM",
        'expect(r0 >= 0, "success");',
    ),
    Divergence(
        "a table of fds that is as small as can be",
        program(
            OPEN,
            (
                "pselect6",
                1 << 20,
                Memory(b"\1".ljust(8, b"\0")),
                Memory(b"\1".ljust(8, b"\0")),
                0,
                Memory(bytes(16)),
                0,
            ),
        ),
        result(1, -errno.EFAULT),
        "pselect6/errno/success - EFAULT",
        'expect(r1 >= 0, "success");',
    ),
    Divergence(
        "a child that shares the umask",
        program(("clone_umask", CLONE_FS | signal.SIGCHLD, 0, 0, 0o777), ("umask", 0)),
        result(1, 0o22),
        "umask/result",
        "expect(r1 == 511L",
    ),
    Divergence(
        "a child that shares memory, by clone3(2)",
        program(
            ("clone3_exit", Memory(bytes(CloneArgs(flags=CLONE_VM, exit_signal=signal.SIGCHLD))), 88, 7),
            ("wait4", Ref(0), room(4), 0, 0),
        ),
        written(1, 0, b"\0\0\0\0"),
        "wait4/status/0",
        "expect(holds(",
    ),
    Divergence(
        "a child that fails, of those that share all",
        program(("clone_close", CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_FILES, 0, 0, 9), ("umask", 0)),
        result(0, 77),
        "clone_close/errno/EBADF - success/CLONE_THREAD|CLONE_SIGHAND|CLONE_FILES|CLONE_VM",
        'expect(r0 == -9, "EBADF");',
    ),
    Divergence(
        "a child that fails",
        program(("spawn_lock", SPAWN_LOCK, 9)),
        result(0, 77),
        "spawn_lock/errno/EBADF - success",
        'expect(r0 == -9, "EBADF");',
    ),
    Divergence(
        "numbers that are more than a long holds",
        program(("write", 9, Memory(bytes(16), ((0, 8, (1 << 64) - 1), (8, 8, 1 << 63))), 16)),
        result(0, 16),
        "write/errno/EBADF - success",
        'expect(r0 == -9, "EBADF");',
    ),
    Divergence(
        "the inode of an earlier file",
        program(("stat", text("f0"), room(144)), ("stat", text("d0"), room(144))),
        lambda outcome: replace(outcome, results=(outcome.results[0], (0, (_with_inode_of(outcome),)))),
        "stat/buf.st_ino",
        '"another than after r0");',
    ),
    Divergence(
        "a pid in place of none",
        program(
            ("semget", 0, 1, 0o1600),
            ("semop", Ref(0), Memory(struct.pack("<Hhh", 0, 1, 0)), 1),
            ("semctl_getpid", Ref(0), 0, GETPID, 0),
        ),
        result(2, 0),
        "semctl_getpid/result",
        'expect(r2 != 0L, "another than 0");',
    ),
    Divergence(
        "a terminal's settings",
        program(
            ("pty_master", O_NONBLOCK, 0),
            ("pty_slave", Ref(0), O_RDWR),
            ("write", Ref(0), Memory(b"a\n"), 2),
            ("read", Ref(1), room(64), 64),
            ("ioctl_tcgets", Ref(1), TCGETS, room(36)),
        ),
        written(4, 17, b"\x07"),
        "ioctl_tcgets/arg.c_cc.vintr",
        "vintr",
    ),
    Divergence(
        "a file in proc",
        program(("proc_self", text("comm"), O_RDWR), ("write", Ref(0), Memory(b"other"), 5), ("lseek", Ref(0), 0, 0)),
        result(1, -errno.EINVAL),
        "write/errno/success - EINVAL",
        "r1 >= 0",
    ),
    Divergence(
        "numbers at the edge",
        program(OPEN, ("lseek", Ref(0), -(1 << 63), 0), ("lseek", Ref(0), 1 << 62, 0)),
        result(1, 0),
        "lseek/errno/EINVAL - success",
        'expect(r1 == -22, "EINVAL");',
    ),
)


def _with_mount(number: bytes) -> Turn:
    return written(1, Statx.stx_mnt_id.offset, number)  # type: ignore[attr-defined] # ctypes


def _sqe(opcode: int, **members: int) -> Memory:
    """A request of io_uring for a file that was opened before, and memory that it is read to."""
    parts = ((4, 4, Ref(0)), (16, 8, room(16)))
    return Memory(bytes(Sqe(opcode=opcode, **members)), parts)


def _without_tid(outcome: ProgramOutcome) -> ProgramOutcome:
    """A kernel that does not clear the tid."""
    ((value, (parent, _)),) = outcome.results
    return replace(outcome, results=((value, (parent, b"")),))


DIVERGENCES += (
    Divergence(
        "a request of io_uring that fails",
        program(OPEN, ("uring_file", _sqe(IORING_OP_READ, len=16, flags=1))),
        result(1, 16),
        "uring_file/errno/EBADF - success",
        'expect(r1 == -9, "EBADF");',
    ),
    Divergence(
        "a request of io_uring that reads",
        program(OPEN, ("uring_file", _sqe(IORING_OP_READ, len=16))),
        result(1, 15),
        "uring_file/result",
        'expect(r1 == 16L, "16");',
    ),
    Divergence(
        "a request of io_uring that opens a file",
        program(
            (
                "uring_open",
                Memory(bytes(Sqe(opcode=IORING_OP_OPENAT, fd=AT_FDCWD)), ((16, 8, text("f0")),)),
            ),
            ("lseek", Ref(0), 3, 0),
        ),
        result(1, -errno.EBADF),
        "lseek/errno/success - EBADF",
        'expect(r1 >= 0, "success");',
    ),
    Divergence(
        "a request of io_uring in memory that is none",
        program(("uring_nothing", 8)),
        result(0, 0),
        "uring_nothing/errno/EINVAL - success",
        'expect(r0 == -22, "EINVAL");',
    ),
    Divergence(
        "terminals out of reach",
        program(("chroot", text("d0")), ("pty_master", O_NONBLOCK, 0)),
        result(1, 0),
        "pty_master/errno/ENOENT - success",
        'expect(r1 == -2, "ENOENT");',
    ),
    Divergence(
        "a file in proc that is not a program's own",
        program(("proc_self", text("mem"), O_RDWR)),
        result(0, 0),
        "proc_self/errno/ENOENT - success",
        'expect(r0 == -2, "ENOENT");',
    ),
    Divergence(
        "a file in proc of a program that has left its directory",
        program(("chdir", text("d0")), ("proc_self", text("oom_score_adj"), O_RDWR), ("read", Ref(1), room(16), 16)),
        result(2, 3),
        "read/result",
        'expect(r2 == 2L, "2");',
    ),
    Divergence(
        "a process that is not there",
        program(("spawn_lock", SPAWN_LOCK, 9), ("kill", Ref(0), 0)),
        result(1, 0),
        "kill/errno/ESRCH - success",
        'expect(r1 == -3, "ESRCH");',
    ),
    Divergence(
        "a child of a kind that there is not",
        program(("spawn_raise", 1, 65)),
        result(0, 77),
        "spawn_raise/errno/EINVAL - success",
        'expect(r0 == -22, "EINVAL");',
    ),
    Divergence(
        "a child that would be somebody else's",
        program(("clone_pause", CLONE_PARENT | signal.SIGCHLD, 0, 0)),
        result(0, 77),
        "clone_pause/errno/ENOTSUP - success/CLONE_PARENT|SIGCHLD",
        'expect(r0 == -95, "ENOTSUP");',
    ),
    Divergence(
        "a tid that is cleared where the child ends",
        program(
            ("clone_tells_tid", CLONE_CHILD_CLEARTID | CLONE_VM | signal.SIGCHLD, room(4), room(4), ARENA + 8),
        ),
        _without_tid,
        "clone_tells_tid/child_tid.tid/CLONE_CHILD_CLEARTID|CLONE_VM|SIGCHLD",
        'expect(holds(0x200000000080, "\\000\\000\\000\\000", 4)',
    ),
    Divergence(
        "death by another signal",
        program(("load", UNMAPPED)),
        ends(State.DIED, signal.SIGBUS, after=0),
        "load/state/killed by signal 11 (SEGV_ACCERR) - killed by signal 7",
        "killed by signal 11",
    ),
    Divergence(
        "a program that may not end in the usual way",
        program(("seccomp_strict", 0, 0, 0)),
        result(0, -errno.EINVAL),
        "seccomp_strict/errno/success - EINVAL",
        'expect(r0 >= 0, "success");',
    ),
    Divergence(
        "a number that is the machine's, in place of none",
        program(OPEN, ("statx_fd", Ref(0), text(""), AT_EMPTY_PATH, STATX_MNT_ID, room(256))),
        _with_mount(bytes([POISON] * 8)),
        "statx_fd/buf.stx_mnt_id/STATX_MNT_ID",
        "expect(!unwritten(",
    ),
    Divergence(
        "a record among others that are the machine's",
        program(
            ("socket_netlink", AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK, NETLINK_ROUTE),
            ("sendto_route", Ref(0), Memory(netlink_request(RTM_GETLINK, 1, ifinfomsg(index=1))), 32, 0, 0, 0),
            ("recvfrom_route", Ref(0), room(4096), 4096, 0, 0, 0),
        ),
        written(2, 24, b"\0\0\0\0"),
        "recvfrom_route/buf.RTM_NEWLINK.ifi_flags/0",
        '"other bytes in buf.RTM_NEWLINK.ifi_flags")',
    ),
)
BLOCKS = Divergence(
    "a call that returns and should not",
    program(SOCKETS, ("read", FIRST, room(64), 1)),
    goes_on(-errno.EAGAIN),
    "read/state/blocked - EAGAIN",
    "blocked",
)
"""Its C file takes a while."""


@pytest.fixture(scope="module")
def native() -> Iterator[Lane]:
    """This kernel."""
    needs_executor()
    with Lane("native", LocalRunner()) as lane:
        lane.ready()
        yield lane


def found(native: Lane, divergence: Divergence, *, turned: bool = False) -> Finding:
    """The finding that a wrong kernel is, or (`turned`) that this one would be if the wrong one were the reference."""
    made = divergence.program
    encoded = encode(made, own=True)
    right = decode(native.run([encoded.data], patience=25)[0], encoded)
    sides = (right, divergence.wrong(right))
    reference, target = (Execution(encoded, each) for each in (reversed(sides) if turned else sides))
    difference = next(differences(reference, target))
    named = signature(made, difference, "liar")
    return Finding(named, difference, reference, target, "native", ("6.1.0", "4.4.0"))


@pytest.fixture(scope="module")
def lacks_rings(native: Lane) -> bool:
    """Whether this kernel has no io_uring, or keeps it from us (`io_uring_disabled` of sysctl(8))."""
    encoded = encode(plain_program("uring_nothing"), own=True)
    (result, _), *_ = decode(native.run([encoded.data])[0], encoded).results
    return result in (-errno.ENOSYS, -errno.EPERM)


@pytest.fixture(params=DIVERGENCES, ids=str)
def divergence(request: pytest.FixtureRequest, lacks_rings: bool) -> Divergence:
    assert isinstance(request.param, Divergence)
    if lacks_rings and any(step.label.startswith("uring") for step in request.param.program.steps):
        pytest.skip("this kernel has no io_uring for us")
    return request.param


def compiled(finding: Finding, folder: Path) -> Path:
    """Its C file as a program, made as its first lines say."""
    place = reproducer.write(finding, folder)
    done = subprocess.run(["cc", "repro.c"], cwd=place, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return place / "a.out"


def run(finding: Finding, folder: Path) -> subprocess.CompletedProcess[str]:
    """Compile its C file and run it."""
    return subprocess.run([compiled(finding, folder)], capture_output=True, text=True, timeout=30, check=False)


# The C file


@needs_compiler
@native_only
def test_c_file_compiles_without_flags_and_is_content_with_a_right_kernel(
    native: Lane, divergence: Divergence, tmp_path: Path
) -> None:
    finding = found(native, divergence)
    assert str(finding.signature) == divergence.signature
    done = run(finding, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "differs" not in done.stdout
    assert divergence.expectation in (
        done.stdout if finding.reference.outcome.state is State.DIED else reproducer.repro_c(finding)
    )


@needs_compiler
@native_only
def test_c_file_exits_with_1_where_the_kernel_is_wrong(native: Lane, divergence: Divergence, tmp_path: Path) -> None:
    done = run(found(native, divergence, turned=True), tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "here it differs" in done.stdout or "killed by signal" in done.stdout


@needs_compiler
@native_only
def test_c_file_of_a_call_that_blocks_waits_for_three_seconds(native: Lane, tmp_path: Path) -> None:
    findings = [found(native, BLOCKS, turned=turned) for turned in (False, True)]
    assert [str(each.signature) for each in findings] == ["read/state/blocked - EAGAIN", "read/state/EAGAIN - blocked"]
    running = [subprocess.Popen([compiled(each, tmp_path)], stdout=subprocess.PIPE, text=True) for each in findings]
    assert [each.communicate(timeout=30)[0] for each in running] == ["pipe = 0\nblocked for three seconds\n"] * 2
    assert [each.returncode for each in running] == [0, 1]


@needs_compiler
@native_only
def test_c_file_prints_each_call_and_leaves_nothing(
    native: Lane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(Path("/tmp").glob("repro-*"))
    said = run(found(native, DIVERGENCES[2]), tmp_path).stdout.splitlines()
    assert said == ["open = 0", "lseek = 3"]
    # What others have there at the moment goes away; what was left behind would not.
    assert eventually(lambda: set(Path("/tmp").glob("repro-*")) <= before)


PSEUDO = [label for label, each in grammar().items() if isinstance(each, Pseudo) and is_allowed(label)]


@pytest.fixture(scope="module")
def pseudo_calls(native: Lane, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Execution]]:
    """The plainest call of each kind, all in one C file, which is told in its environment which one it is to make; and
    what the executor did."""
    folder = tmp_path_factory.mktemp("pseudo")
    encoded = [encode(plain_program(label), own=True) for label in PSEUDO]
    outcomes = native.run([each.data for each in encoded], patience=25)
    seen = [Execution.read(each, outcome) for each, outcome in zip(encoded, outcomes, strict=True)]
    body = '\tint which = atoi(getenv("WHICH"));\n'
    for at, each in enumerate(seen):
        body += f"\tif (which == {at}) {{\n{reproducer.calls_c(each.encoded, _results_of(each))}\treturn;\n\t}}\n"
    whole = reproducer.whole_c(body, "each", "the executor", surroundings="tree.c.in")
    (folder / "each.c").write_text(whole.replace("@CHROOT@", "0"))
    done = subprocess.run(["cc", "each.c"], cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return folder / "a.out", seen


def _results_of(seen: Execution) -> Callable[[int], Iterator[str]]:
    """Checks of all that calls have returned."""

    def checks(step: int) -> Iterator[str]:
        if step < len(seen.outcome.results):
            value = seen.outcome.results[step][0]
            exact = value < 0 or is_exact_result(seen, step)
            yield f'expect(r{step} {"==" if exact else ">="} {value if exact else 0}L, "{value}");'

    return checks


@needs_compiler
@native_only
@pytest.mark.parametrize("label", PSEUDO)
def test_pseudo_call_does_in_c_what_the_executor_does(pseudo_calls: tuple[Path, list[Execution]], label: str) -> None:
    binary, seen = pseudo_calls
    environment = {**os.environ, "WHICH": str(PSEUDO.index(label))}
    done = subprocess.run([binary], capture_output=True, text=True, timeout=30, env=environment, check=False)
    outcome = seen[PSEUDO.index(label)].outcome
    if outcome.state is State.DIED:
        assert done.stdout.splitlines()[len(outcome.results) :] == [f"killed by signal {outcome.detail}"]
    else:
        assert (outcome.state, done.returncode) == (State.DONE, 0), done.stdout + done.stderr


@needs_compiler
@native_only
def test_what_cannot_be_told_from_within_is_said_and_is_no_success(native: Lane, tmp_path: Path) -> None:
    """Where the executor's code is that a child runs: the C file's is elsewhere."""
    made = program(
        ("spawn_stopped", 1, 19),
        ("ptrace_attach", PTRACE_ATTACH, Ref(0), 0, 0),
        ("ptrace_getregs", PTRACE_GETREGS, Ref(0), 0, room(UserRegs.size())),
    )
    wrong = written(2, UserRegs.rip.offset, b"\1")  # type: ignore[attr-defined] # ctypes
    finding = found(native, Divergence("a register", made, wrong, "", ""))
    assert str(finding.signature) == "ptrace_getregs/data.rip"
    done = run(finding, tmp_path)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (
        3,
        "  whether data.rip is as the reference has it cannot be told from within",
    )
    assert reproducer.UNTOLD in reproducer.repro_c(finding)


@needs_compiler
@native_only
def test_program_that_ends_otherwise_before_the_difference_shows_nothing(native: Lane, tmp_path: Path) -> None:
    """A kernel on which the first call is refused, so that the second one fails as it does where it is at fault."""
    finding = found(native, DIVERGENCES[2], turned=True)
    refused = result(0, -errno.ENXIO)
    elsewhere = replace(finding, reference=replace(finding.reference, outcome=refused(finding.reference.outcome)))
    done = run(elsewhere, tmp_path)
    assert done.returncode == 3
    assert "here this ends otherwise already than where the difference was found" in done.stdout


@needs_compiler
@native_only
def test_death_by_an_earlier_call_is_not_the_one_that_is_shown(native: Lane, tmp_path: Path) -> None:
    """A kernel on which the first of two faults is none."""
    finding = found(
        native,
        Divergence("early", program(("load", UNMAPPED), ("load", UNMAPPED)), ends(State.DONE, after=0), "", ""),
    )
    survived = replace(finding.reference.outcome, results=((0, ()),))
    late = replace(finding, reference=replace(finding.reference, outcome=survived))
    done = run(late, tmp_path)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "killed by signal 11")


# The folder


def test_folder_has_the_program_a_c_file_both_traces_and_a_text(native: Lane, tmp_path: Path) -> None:
    place = reproducer.write(found(native, DIVERGENCES[2]), tmp_path / "deep" / "results")
    assert place == tmp_path / "deep" / "results" / "liar-lseek-errno-success---ESPIPE"
    named = {"program.json", "program.calls", "repro.c", "traces.txt", "issue.md"}
    assert {each.name for each in place.iterdir()} == named


def test_program_is_there_as_text_with_what_the_reference_did(
    native: Lane, divergence: Divergence, tmp_path: Path
) -> None:
    finding = found(native, divergence)
    path = reproducer.write(finding, tmp_path) / "program.calls"
    file = parse_file(path.read_text(), path.name)
    (listing,) = file.programs
    assert (file.title, listing.program) == (headline(finding), finding.program)
    assert all(each.kept is Keeping.KEPT for each in judged(listing, finding.reference))
    assert any(each.kept is Keeping.BROKEN for each in judged(listing, finding.target)) == (
        finding.difference.field in ("errno", "state")
    )


def test_program_can_be_read_again_and_says_what_was_found(
    native: Lane, divergence: Divergence, tmp_path: Path
) -> None:
    finding = found(native, divergence)
    document = json.loads((reproducer.write(finding, tmp_path) / "program.json").read_text())
    assert from_json(document) == finding.program
    assert document["found"]["signature"] == divergence.signature
    assert document["found"]["target"] == "liar"
    assert document["found"]["call"] == finding.difference.step
    assert document["found"]["releases"] == {"native": "6.1.0", "liar": "4.4.0"}
    assert document["found"]["said"] == {"native": finding.difference.reference, "liar": finding.difference.target}


def test_name_is_one_for_any_file_system(native: Lane) -> None:
    finding = found(native, DIVERGENCES[0])
    odd = replace(finding.signature, flags="a/b\\c:d*e\0f\ng é" + "x" * 300, target="../..")
    name = reproducer.folder_name(replace(finding, signature=odd))
    assert len(name.encode()) <= 255
    assert not set(name) & set('/\\:*?"<>| \0\n')
    assert name.strip("-.")
    assert name not in (".", "..")


def test_second_finding_of_the_same_name_gets_a_folder_of_its_own(native: Lane, tmp_path: Path) -> None:
    finding = found(native, DIVERGENCES[0])
    places = [reproducer.write(finding, tmp_path) for _ in range(3)]
    assert [place.name.removeprefix(reproducer.folder_name(finding)) for place in places] == ["", "-2", "-3"]
    assert all((place / "program.json").exists() for place in places)


def test_folder_that_cannot_be_made_is_an_os_error(native: Lane, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"Not a directory|File exists"):
        reproducer.write(found(native, DIVERGENCES[0]), tmp_path / "file")
