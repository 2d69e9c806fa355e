from __future__ import annotations

import errno
import mmap
import os
import resource
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from conformance.guest import isolation as module
from conformance.guest import keeper, limits
from conformance.guest.isolation import Isolation
from conformance.guest.keeper import NAMESPACES, Ending
from conformance.guest.tape import Tape
from conformance.model import Json
from conformance.syscalls.mounts.mount import mount
from runners.profile.filter import compile_filter
from runners.profile.format import Profile, Rule
from runners.profile.install import install
from tests.processes import bear, eventually, marked, new_mark

ROOT = os.geteuid() == 0
FRESH: frozenset[str] = frozenset()
SHARED = frozenset(NAMESPACES)
"""What a case shares when it gets no namespace of its own: what everybody gets who is not root."""
needs_root = pytest.mark.skipif(not ROOT, reason="namespaces take root")
ENDED = Ending()
DEADLINE = 60.0
"""Seconds that nobody should ever wait."""
Case = Callable[[], object]


@pytest.fixture(scope="module")
def isolation() -> Isolation:
    return Isolation()


@pytest.fixture(params=[pytest.param(FRESH, id="fresh", marks=needs_root), pytest.param(SHARED, id="shared")])
def shares(request: pytest.FixtureRequest) -> frozenset[str]:
    """Cases are isolated with namespaces and without."""
    found: frozenset[str] = request.param
    return found


@pytest.fixture(autouse=True)
def scratch_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where scratch directories are made; at the end none is left."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield tmp_path
    assert list(tmp_path.glob("conformance-*")) == []


def run(isolation: Isolation, case: Case, shares: frozenset[str] = FRESH, deadline: float = DEADLINE) -> Ending:
    """How a case ends."""
    return isolation.run(lambda: void(case), deadline=deadline, shares=shares)


def void(case: Case) -> None:
    case()


def seen_by_case(
    isolation: Isolation, look: Callable[[], Json], shares: frozenset[str] = FRESH, ending: Ending = ENDED
) -> Json:
    """What `look` returns inside a case."""
    tape = Tape()
    writer = tape.writer()
    assert run(isolation, lambda: writer.write({"seen": look()}), shares) == ending
    (line,) = tape.lines()
    tape.close()
    return line["seen"]


def open_fds() -> list[Json]:
    """All fds but the one that it takes to look."""
    return [*sorted(int(path.name) for path in Path("/proc/self/fd").iterdir())[:-1]]


def namespace(name: str) -> str:
    """Which one this process is in."""
    return str(Path(f"/proc/self/ns/{name}").readlink())


def surroundings() -> dict[str, Json]:
    """What a case finds that another could have changed."""
    os.umask(mask := os.umask(0))
    return {
        "files": [path.name for path in Path().iterdir()],
        "writable": os.access(".", os.W_OK),
        "umask": mask,
        "fds": open_fds(),
        "uid": os.getuid(),
        "root": Path("/").stat().st_ino,
        "mounts": len(Path("/proc/self/mounts").read_text().splitlines()),
        "host": socket.gethostname(),
        "limits": list(resource.getrlimit(resource.RLIMIT_NOFILE)),
        "priority": os.getpriority(os.PRIO_PROCESS, 0),
        "ignored": [number for number in range(1, 32) if signal.getsignal(number) == signal.SIG_IGN],
        "blocked": [int(number) for number in signal.pthread_sigmask(signal.SIG_BLOCK, [])],
        "seccomp": [line for line in Path("/proc/self/status").read_text().splitlines() if "Seccomp:" in line],
        "children": Path("/proc/thread-self/children").read_text(),
    }


def of_watcher() -> dict[str, object]:
    """What the process that runs cases could have lost."""
    os.umask(mask := os.umask(0))
    children = Path("/proc/thread-self/children").read_text()
    return {"cwd": Path.cwd(), "umask": mask, "fds": open_fds(), "children": children}


# What a case finds


def test_a_case_starts_in_an_empty_directory_with_a_clean_process(isolation: Isolation, shares: frozenset[str]) -> None:
    found = seen_by_case(isolation, surroundings, shares)
    assert isinstance(found, dict)
    assert (found["files"], found["writable"], found["umask"], found["fds"]) == ([], True, 0o022, [0, 1, 2])
    assert (found["blocked"], found["children"]) == ([], "")
    assert found["ignored"] == [signal.SIGPIPE]


def test_a_case_leads_a_session_of_its_own(isolation: Isolation, shares: frozenset[str]) -> None:
    assert seen_by_case(isolation, lambda: os.getsid(0) == os.getpgid(0) == os.getpid(), shares) is True


@needs_root
def test_a_case_is_alone_in_its_namespaces(isolation: Isolation) -> None:
    def look() -> Json:
        return [
            sorted(int(path.name) for path in Path("/proc").glob("[0-9]*")) == [1, os.getpid()],
            [name for _, name in socket.if_nameindex()] == ["lo"],
            *map(namespace, NAMESPACES),
        ]

    found = seen_by_case(isolation, look)
    assert isinstance(found, list)
    assert found[:2] == [True, True]
    assert not set(map(namespace, NAMESPACES)) & set(found[2:])


@needs_root
@pytest.mark.parametrize("name", sorted(NAMESPACES))
def test_a_case_may_share_a_namespace_with_the_machine(isolation: Isolation, name: str) -> None:
    shares = frozenset({name, "pid"} if name == "mnt" else {name})  # a /proc belongs to a PID namespace
    assert seen_by_case(isolation, lambda: namespace(name), shares) == namespace(name)


@needs_root
def test_the_loopback_interface_is_up(isolation: Isolation) -> None:
    def look() -> Json:
        with socket.create_server(("127.0.0.1", 0)) as server:
            socket.create_connection(server.getsockname(), timeout=10).close()
        return True

    assert seen_by_case(isolation, look) is True


@needs_root
def test_the_scratch_directory_is_a_file_system_that_cannot_fill_the_machines(isolation: Isolation) -> None:
    def fill() -> Json:
        with Path("big").open("wb", buffering=0) as file:
            try:
                for _ in range(1024):
                    file.write(bytes(1 << 20))
            except OSError as error:
                return error.errno
        return 0

    assert seen_by_case(isolation, fill, ending=Ending(full=True)) == errno.ENOSPC


# What a case may do to itself


def raise_error() -> None:
    raise RuntimeError("never mind")


def do_nothing() -> None:
    """Pass."""


def die_of(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)


def fork_and_forget() -> None:
    """Children that have not been waited for."""
    for _ in range(10):
        if os.fork() == 0:
            os._exit(0)


def deny_write() -> None:
    rule = Rule(("write", "openat", "exit"), errno.EPERM, "a test", "assumed")
    install(compile_filter(Profile("test", (rule,))), listen=False)
    os._exit(5)


def block_everything() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
    for number in range(1, 32):
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(number, signal.SIG_IGN)


def make_a_mess() -> None:
    """Files in directories that nobody may enter."""
    for name in ("a", "a/b", "a/b/c"):
        Path(name).mkdir()
        Path(name, "file").write_bytes(bytes(4096))
    Path("a/b/root").symlink_to("/")
    for name in ("a/b/c", "a/b", "a"):
        Path(name).chmod(0)


def starve() -> None:
    os.nice(10)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))


@pytest.mark.parametrize(
    ("case", "ending"),
    [
        pytest.param(partial(os._exit, 3), Ending(status=3), id="exits"),
        pytest.param(partial(os._exit, 0), Ending(), id="exits with success"),
        pytest.param(raise_error, Ending(status=1), id="raises"),
        pytest.param(partial(os.killpg, 0, signal.SIGKILL), Ending(signal=9), id="kills its group"),
        pytest.param(partial(die_of, signal.SIGSEGV), Ending(signal=11), id="dies of a fault"),
        pytest.param(os.abort, Ending(signal=6), id="aborts"),
        pytest.param(partial(os.closerange, 0, 4096), Ending(), id="closes all fds"),
        pytest.param(partial(os.chdir, "/"), Ending(), id="changes its directory"),
        pytest.param(partial(os.umask, 0o777), Ending(), id="changes its umask"),
        pytest.param(fork_and_forget, Ending(), id="waits for no child"),
        pytest.param(deny_write, Ending(status=5), id="installs a seccomp filter"),
        pytest.param(block_everything, Ending(), id="blocks and ignores all signals"),
        pytest.param(make_a_mess, Ending(), id="leaves files that nobody may read"),
        pytest.param(starve, Ending(), id="lowers its limits and priority"),
    ],
)
def test_the_next_case_does_not_notice_that_one(
    isolation: Isolation, shares: frozenset[str], case: Case, ending: Ending
) -> None:
    before, ours = seen_by_case(isolation, surroundings, shares), of_watcher()
    assert run(isolation, case, shares) == ending
    assert of_watcher() == ours
    assert seen_by_case(isolation, surroundings, shares) == before


def kill_everybody() -> None:
    assert os.getpid() < 10, "this is the machine's PID namespace"
    child = os.fork()
    if child == 0:
        signal.pause()
    os.kill(-1, signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


@needs_root
@pytest.mark.parametrize(
    "case",
    [
        pytest.param(partial(os.chroot, "."), id="changes its root"),
        pytest.param(partial(mount, b"x", b"/mnt", b"tmpfs", 0, None), id="mounts"),
        pytest.param(partial(shutil.rmtree, "/proc/self/task", ignore_errors=True), id="removes what it can"),
        pytest.param(partial(socket.sethostname, "other"), id="changes the host name"),
        pytest.param(partial(os.setresuid, 65534, 65534, 65534), id="gives up being root"),
        pytest.param(partial(os.kill, 1, signal.SIGKILL), id="kills PID 1"),
        pytest.param(kill_everybody, id="kills everybody"),
    ],
)
def test_the_next_case_does_not_notice_what_root_did(isolation: Isolation, case: Case) -> None:
    before, ours = seen_by_case(isolation, surroundings), of_watcher()
    assert run(isolation, case) == Ending()
    assert of_watcher() == ours
    assert seen_by_case(isolation, surroundings) == before


# Deadlines


def ignore_and_wait() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        signal.pause()


def spin() -> None:
    while True:
        pass


def wait_in_a_child() -> None:
    if os.fork() == 0:
        time.sleep(DEADLINE)
    os.wait()


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(ignore_and_wait, id="ignores SIGTERM"),
        pytest.param(spin, id="spins"),
        pytest.param(partial(die_of, signal.SIGSTOP), id="stops itself"),
        pytest.param(wait_in_a_child, id="waits for a child"),
    ],
)
def test_a_case_that_hangs_is_ended_at_its_deadline(isolation: Isolation, shares: frozenset[str], case: Case) -> None:
    mark = new_mark()
    before, ours = seen_by_case(isolation, surroundings, shares), of_watcher()

    def bearing() -> None:
        bear(mark)
        case()

    assert run(isolation, bearing, shares, deadline=0.2) == Ending(timed_out=True)
    assert marked(mark) == []
    assert of_watcher() == ours
    assert seen_by_case(isolation, surroundings, shares) == before


# Strays


def daemonize(mark: str) -> None:
    """Leave processes behind: a child, and a grandchild in a session of its own that nobody waits for."""
    reader, writer = os.pipe()
    bear(mark)
    between = os.fork()
    if between == 0:
        os.setsid()
        if os.fork() == 0:
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
            os.write(writer, b"x")
            time.sleep(DEADLINE)
        os._exit(0)
    os.waitpid(between, 0)
    if os.fork() == 0:
        os.write(writer, b"x")
        time.sleep(DEADLINE)
    assert os.read(reader, 1) + os.read(reader, 1) == b"xx"


@pytest.mark.parametrize(
    ("then", "ending"),
    [
        pytest.param(lambda: None, Ending(), id="and ends"),
        pytest.param(partial(die_of, signal.SIGKILL), Ending(signal=9), id="and dies"),
        pytest.param(ignore_and_wait, Ending(timed_out=True), id="and hangs"),
    ],
)
def test_no_process_of_a_case_outlives_it(
    isolation: Isolation, shares: frozenset[str], then: Case, ending: Ending
) -> None:
    mark = new_mark()

    def case() -> None:
        daemonize(mark)
        then()

    assert run(isolation, case, shares, deadline=0.7 if ending.timed_out else DEADLINE) == ending
    assert marked(mark) == []


@pytest.mark.parametrize(
    ("number", "ending"), [(signal.SIGKILL, Ending(signal=9)), (signal.SIGTERM, Ending(timed_out=True))]
)
def test_no_process_of_a_case_outlives_it_even_if_it_kills_its_keeper(
    isolation: Isolation, number: signal.Signals, ending: Ending
) -> None:
    mark = new_mark()

    def case() -> None:
        daemonize(mark)
        os.kill(os.getppid(), number)
        ignore_and_wait()

    assert run(isolation, case, SHARED) == ending
    assert marked(mark) == []


def test_no_process_of_a_case_outlives_it_even_if_it_stops_its_keeper(
    isolation: Isolation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GRACE", 0.2)
    mark = new_mark()

    def case() -> None:
        daemonize(mark)
        os.kill(os.getppid(), signal.SIGSTOP)
        ignore_and_wait()

    assert run(isolation, case, SHARED, deadline=0.5) == Ending(timed_out=True)
    assert marked(mark) == []


def test_other_children_of_the_process_that_runs_cases_are_left_alone(isolation: Isolation) -> None:
    other = os.fork()
    if other == 0:
        os.setsid()
        signal.pause()
    try:
        run(isolation, partial(die_of, signal.SIGKILL), SHARED)
        assert os.waitpid(other, os.WNOHANG) == (0, 0)
    finally:
        os.kill(other, signal.SIGKILL)
        os.waitpid(other, 0)


# What the machine cannot spare


def eat() -> None:
    """Memory, page by page, for ever."""
    kept = []
    while True:
        kept.append(bytearray(os.urandom(1 << 10)) * (4 << 10))


def eat_together() -> None:
    for _ in range(8):
        if os.fork() == 0:
            kept = [bytearray(b"x" * (4 << 20)) for _ in range(30)]
            time.sleep(DEADLINE)
            del kept
    os.wait()


def fork_for_ever() -> None:
    while True:
        os.fork()


def have_many_children() -> None:
    for _ in range(limits.PROCESSES + 50):
        if os.fork() == 0:
            time.sleep(DEADLINE)
    time.sleep(DEADLINE)


def print_for_ever(fd: int) -> None:
    while True:
        os.write(fd, b"and another thing\n" * 1000)


def print_together() -> None:
    for _ in range(3):
        os.fork()
    print_for_ever(2)


@pytest.mark.parametrize(
    ("case", "why"),
    [
        pytest.param(eat, "it took more than 512 MiB of memory", id="eats"),
        pytest.param(eat_together, "it took more than 512 MiB of memory", id="eats with its children"),
        pytest.param(fork_for_ever, f"it had more than {limits.PROCESSES} processes", id="forks for ever"),
        pytest.param(have_many_children, f"it had more than {limits.PROCESSES} processes", id="has many children"),
        pytest.param(partial(print_for_ever, 1), "it printed more than 1 MiB", id="prints for ever"),
        pytest.param(partial(print_for_ever, 2), "it printed more than 1 MiB", id="prints errors for ever"),
        pytest.param(print_together, "it printed more than 1 MiB", id="prints with its children"),
    ],
)
def test_a_case_that_takes_more_than_it_is_given_is_ended_and_said_to_have(
    isolation: Isolation, shares: frozenset[str], case: Case, why: str
) -> None:
    mark = new_mark()
    before, ours = seen_by_case(isolation, surroundings, shares), of_watcher()

    def bearing() -> None:
        bear(mark)
        case()

    ending = run(isolation, bearing, shares)
    assert ending.trouble.startswith(why)
    assert (ending.signal, ending.timed_out) == (0, False)
    assert eventually(lambda: marked(mark) == [])
    assert of_watcher() == ours
    assert seen_by_case(isolation, surroundings, shares) == before


def share_much() -> None:
    """Memory that many processes have in common counts once."""
    kept = bytearray(b"x" * (100 << 20))
    for _ in range(20):
        if os.fork() == 0:
            time.sleep(1)
            os._exit(len(kept) - len(kept))
    for _ in range(20):
        os.wait()


def print_a_little() -> None:
    os.write(1, b"x" * 60_000)


@pytest.mark.parametrize("case", [share_much, print_a_little])
def test_a_case_that_takes_less_is_left_alone(isolation: Isolation, shares: frozenset[str], case: Case) -> None:
    assert run(isolation, case, shares) == Ending()


def fill_a_mapping() -> None:
    with Path("big").open("w+b") as file:
        file.truncate(100 << 20)
        memory = mmap.mmap(file.fileno(), 100 << 20)
        for at in range(0, 100 << 20, 4096):
            memory[at] = 1


@needs_root
@pytest.mark.parametrize(("case", "number"), [(fill_a_mapping, signal.SIGBUS)])
def test_a_scratch_file_system_that_is_full_is_told(isolation: Isolation, case: Case, number: int) -> None:
    assert run(isolation, case) == Ending(signal=number, full=True)


@pytest.mark.parametrize("what", ["memory", "disk"])
def test_a_case_that_leaves_too_little_for_others_is_ended(
    isolation: Isolation, shares: frozenset[str], monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """As if somebody had taken it: it is not taken in earnest."""
    start = time.monotonic()

    def left(*_: str) -> tuple[int, int]:
        return 4 << 30, (1 << 30 if time.monotonic() < start + 0.3 else 10 << 20)

    monkeypatch.setattr(limits, what, left)
    monkeypatch.setattr(keeper, "disk", lambda _: (0, 1))
    ending = run(isolation, ignore_and_wait, shares)
    assert ending.trouble.startswith(f"it left 10 MiB of the {'machine' if what == 'memory' else 'disk at /'}")


def test_a_case_on_a_machine_that_was_short_of_memory_before_is_left_alone(
    isolation: Isolation, shares: frozenset[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "memory", lambda: (4 << 30, 10 << 20))
    assert run(isolation, partial(time.sleep, 0.5), shares) == Ending()


WANT_OF_MEMORY = Ending(trouble="the kernel ended a process of it because memory ran out")


@pytest.mark.parametrize(
    ("counts", "body", "ending"),
    [
        ([(0, 3), (0, 4)], partial(die_of, signal.SIGKILL), WANT_OF_MEMORY),
        ([(2, 3), (3, 4)], partial(die_of, signal.SIGKILL), WANT_OF_MEMORY),
        ([(2, 3), (3, 4)], do_nothing, WANT_OF_MEMORY),
        ([(0, 3), (0, 4)], do_nothing, Ending()),
        ([(0, 3), (0, 4)], partial(die_of, signal.SIGTERM), Ending(signal=signal.SIGTERM)),
        ([(2, 3), (2, 3)], partial(die_of, signal.SIGKILL), Ending(signal=signal.SIGKILL)),
    ],
    ids=["it", "it-in-our-group", "its-child", "somebody", "somebody-while-it-dies", "nobody"],
)
def test_a_case_of_which_the_kernel_has_ended_a_process_for_want_of_memory_has_no_verdict(
    isolation: Isolation,
    shares: frozenset[str],
    monkeypatch: pytest.MonkeyPatch,
    counts: list[tuple[int, int]],
    body: Callable[[], None],
    ending: Ending,
) -> None:
    seen = iter(counts)
    monkeypatch.setattr(limits.Kills, "seen", lambda _: next(seen))
    assert run(isolation, body, shares) == ending


def test_on_a_machine_of_our_own_whoever_is_ended_for_want_of_memory_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = iter([(0, 3), (0, 4)])
    monkeypatch.setattr(limits.Kills, "seen", lambda _: next(seen))
    assert Isolation(alone=True).run(do_nothing, deadline=10) == WANT_OF_MEMORY


@pytest.mark.parametrize(
    ("counts", "ending"), [([(0, 3), (0, 4)], Ending()), ([(2, 3), (3, 4)], WANT_OF_MEMORY)], ids=["its-own", "ours"]
)
def test_a_case_that_is_about_a_want_of_memory_has_a_verdict_unless_our_limit_was_met(
    counts: list[tuple[int, int]], ending: Ending, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = iter(counts)
    monkeypatch.setattr(limits.Kills, "seen", lambda _: next(seen))
    assert Isolation(alone=True).run(do_nothing, deadline=10, starves_itself=True) == ending


# The process that runs cases


def in_process(body: Callable[[], None]) -> int:
    """Start `body` in a process of its own; its pid. It ends with status 0 unless `body` raises."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            body()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    return pid


def hang_with_strays(mark: str) -> None:
    daemonize(mark)
    ignore_and_wait()


def test_no_process_of_a_case_outlives_the_kill_of_the_process_that_runs_it(
    isolation: Isolation, shares: frozenset[str], scratch_root: Path
) -> None:
    mark = new_mark()
    watcher = in_process(lambda: void(lambda: run(isolation, partial(hang_with_strays, mark), shares)))
    assert eventually(lambda: len(marked(mark)) == 3)
    os.kill(watcher, signal.SIGKILL)
    os.waitpid(watcher, 0)
    assert eventually(lambda: marked(mark) == [])
    for left in scratch_root.glob("conformance-*"):
        left.rmdir()  # its content was in the namespace, and is gone


def test_an_interrupt_ends_the_case_and_is_passed_on(isolation: Isolation, shares: frozenset[str]) -> None:
    mark = new_mark()

    def watch() -> None:
        with pytest.raises(KeyboardInterrupt):
            run(isolation, partial(hang_with_strays, mark), shares)
        assert marked(mark) == []

    watcher = in_process(watch)
    assert eventually(lambda: len(marked(mark)) == 3)
    os.kill(watcher, signal.SIGINT)
    assert os.waitstatus_to_exitcode(os.waitpid(watcher, 0)[1]) == 0


@needs_root
def test_without_privileges_cases_are_isolated_as_far_as_can_be(scratch_root: Path) -> None:
    mark = new_mark()
    directory = Path(tempfile.mkdtemp(dir="/tmp"))
    directory.chmod(0o1777)

    def watch() -> None:
        os.setgroups([])
        os.setresgid(65534, 65534, 65534)
        os.setresuid(65534, 65534, 65534)
        tempfile.tempdir = str(directory)
        isolation = Isolation()
        assert isolation.namespaces == frozenset()
        assert run(isolation, make_a_mess) == Ending()
        assert run(isolation, partial(daemonize, mark)) == Ending()
        assert run(isolation, partial(hang_with_strays, mark), deadline=0.7) == Ending(timed_out=True)
        assert marked(mark) == []
        found = seen_by_case(isolation, surroundings)
        assert isinstance(found, dict)
        assert (found["files"], found["umask"], found["fds"], found["uid"]) == ([], 0o022, [0, 1, 2], 65534)

    try:
        assert os.waitstatus_to_exitcode(os.waitpid(in_process(watch), 0)[1]) == 0
        assert list(directory.iterdir()) == []
    finally:
        shutil.rmtree(directory)


# Surroundings that cannot be made


def test_surroundings_that_cannot_be_made_are_told_and_nobodys_failure(
    isolation: Isolation, shares: frozenset[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "no")

    monkeypatch.setattr(keeper, "_make_surroundings", refuse)
    assert run(isolation, lambda: None, shares) == Ending(
        trouble="the case's namespaces or scratch directory could not be made"
    )


@needs_root
def test_a_kernel_that_only_claims_new_namespaces_gets_no_mounts_of_ours(
    isolation: Isolation, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = Path("/proc/self/mounts").read_text()
    monkeypatch.setattr(keeper, "unshare", lambda flags: 0)
    assert "mnt" not in Isolation().namespaces
    assert run(isolation, lambda: None).trouble
    assert Path("/proc/self/mounts").read_text() == mounts


@needs_root
def test_no_bare_clone_is_made_where_there_is_a_way_back_from_unshare(
    isolation: Isolation, monkeypatch: pytest.MonkeyPatch
) -> None:
    if module._own_pid_namespace() is None:
        pytest.skip("there is no way back here")
    own = Path("/proc/self/ns/pid_for_children").readlink()
    monkeypatch.setattr(module, "_bare_clone", lambda: pytest.fail("clone(2) by itself"))
    assert run(isolation, lambda: None) == Ending()
    assert Path("/proc/self/ns/pid_for_children").readlink() == own


def test_no_child_waits_for_a_thread_that_its_parent_has(isolation: Isolation) -> None:
    """A thread that wants the interpreter's lock asks for it every few milliseconds, and so just before a fork too."""
    over = False

    def compute() -> None:
        while not over:
            pass

    interval = sys.getswitchinterval()
    thread = threading.Thread(target=compute)
    thread.start()
    try:
        sys.setswitchinterval(1e-6)
        endings = {run(isolation, lambda: None, deadline=5.0) for _ in range(20)}
    finally:
        over = True
        sys.setswitchinterval(interval)
        thread.join()
    assert endings == {Ending()}


@needs_root
@pytest.mark.parametrize("threads", [False, True], ids=["alone", "with threads"])
def test_pid_namespaces_need_a_way_back_where_there_are_threads(monkeypatch: pytest.MonkeyPatch, threads: bool) -> None:
    monkeypatch.setattr(module, "_own_pid_namespace", lambda: None)
    monkeypatch.setattr(module, "_has_threads", lambda: threads)
    assert ("pid" not in Isolation().namespaces) == threads


def test_a_thread_is_seen() -> None:
    waits = threading.Event()
    thread = threading.Thread(target=waits.wait)
    thread.start()
    try:
        assert module._has_threads()
    finally:
        waits.set()
        thread.join()
