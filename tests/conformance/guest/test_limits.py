from __future__ import annotations

import mmap
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from conformance.guest import limits
from conformance.guest.limits import FORWARDED, FRESH_SECONDS, MEBIBYTE, MEMORY, OUTPUT, PROCESSES, Spout, Watch
from tests.processes import eventually

GIBIBYTE = 1 << 30


@contextmanager
def child(body: Callable[[], object] = lambda: None) -> Iterator[int]:
    """A child that has done something, and stays until it is not needed any more."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        body()
        os.write(writer, b"x")
        while True:
            signal.pause()
    os.read(reader, 1)
    os.close(reader)
    os.close(writer)
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def touch(size: int) -> None:
    """Take memory, and keep it."""
    area = mmap.mmap(-1, size, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    for at in range(0, size, mmap.PAGESIZE):
        area[at] = 1
    kept.append(area)


kept: list[mmap.mmap] = []


# -- looking


def test_what_a_process_takes_is_seen() -> None:
    with child(lambda: touch(16 * MEBIBYTE)) as pid:
        assert limits.resident(pid) >= 16 * MEBIBYTE
        assert (limits.proportional(pid) or 0) >= 16 * MEBIBYTE


def test_a_process_that_has_gone_takes_nothing() -> None:
    with child() as pid:
        pass
    assert (limits.resident(pid), limits.proportional(pid)) == (0, 0)


def test_the_machine_has_memory_and_a_disk_has_room() -> None:
    for total, free in (limits.memory(), limits.disk("/")):
        assert 0 < free <= total


def test_where_nobody_says_nothing_lacks() -> None:
    assert limits.disk("/no/such/place") == (0, 1 << 62)


# -- what is too much


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    """Looks at nobody but those that a test names, on a machine that has enough of everything."""
    monkeypatch.setattr(limits, "memory", lambda: (8 * GIBIBYTE, 4 * GIBIBYTE))
    monkeypatch.setattr(limits, "disk", lambda _: (8 * GIBIBYTE, 4 * GIBIBYTE))
    return Watch(alone=False, disks=("/scratch",))


@pytest.mark.parametrize(("count", "said"), [(PROCESSES, ""), (PROCESSES + 1, f"more than {PROCESSES} processes")])
def test_only_so_many_processes_are_given(count: int, said: str, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "descendants", lambda _: list(range(count)))
    monkeypatch.setattr(limits, "resident", lambda _: 0)
    assert said in watch.overdrawn()
    assert bool(watch.overdrawn()) is bool(said)


@pytest.mark.parametrize(
    ("each", "share", "over"),
    [
        (MEMORY // 4, MEMORY // 4, False),
        (MEMORY // 2, MEMORY // 2, True),
        (MEMORY // 2, MEMORY // 8, False),
        (MEMORY // 2, None, True),
    ],
    ids=["little", "much", "much-that-they-share", "much-of-which-nobody-tells-the-shares"],
)
def test_only_so_much_memory_is_given_and_what_is_shared_counts_once(
    each: int, share: int | None, *, over: bool, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = limits.resident(os.getpid())
    watch._base = base
    monkeypatch.setattr(limits, "descendants", lambda _: [1, 2, 3])
    monkeypatch.setattr(limits, "resident", lambda _: base + each)
    monkeypatch.setattr(limits, "proportional", lambda _: share)
    assert ("MiB of memory" in watch.overdrawn()) is over


def test_parts_that_grow_while_others_end_are_not_taken_for_more(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    pids = list(range(20))

    def ends(_: int) -> int:
        share = MEMORY // 3 // len(pids)
        if len(pids) > 1:
            pids.pop()
        return share

    monkeypatch.setattr(limits, "descendants", lambda _: list(pids))
    monkeypatch.setattr(limits, "resident", lambda _: watch._base + MEMORY // 3)
    monkeypatch.setattr(limits, "proportional", ends)
    assert watch.overdrawn() == ""
    assert len(pids) == 1


def test_those_that_become_many_while_their_memory_is_looked_at_are_not_all_looked_at(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    pids, looked_at = list(range(100)), []

    def slow(pid: int) -> int:
        looked_at.append(pid)
        pids.extend(range(len(pids), len(pids) + 20))
        return MEMORY

    monkeypatch.setattr(limits, "descendants", lambda _: list(pids))
    monkeypatch.setattr(limits, "resident", lambda _: watch._base + MEMORY)
    monkeypatch.setattr(limits, "proportional", slow)
    assert watch.overdrawn() == ""
    assert looked_at == [0, 1]
    assert "processes" in watch.overdrawn()


@pytest.mark.parametrize("what", ["memory", "disk"])
@pytest.mark.parametrize(("left", "over"), [(2 * GIBIBYTE, False), (500 * MEBIBYTE, False), (50 * MEBIBYTE, True)])
def test_something_must_be_left_for_others(
    what: str, left: int, *, over: bool, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "descendants", lambda _: [])
    monkeypatch.setattr(limits, what, lambda *_: (8 * GIBIBYTE, left))
    assert watch.overdrawn().startswith(f"it left {left // MEBIBYTE} MiB") is over


@pytest.mark.parametrize("what", ["memory", "disk"])
def test_a_machine_that_was_short_before_is_not_the_case_s_doing(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "descendants", lambda _: [])
    monkeypatch.setattr(limits, what, lambda *_: (8 * GIBIBYTE, 60 * MEBIBYTE))
    assert Watch(alone=False, disks=("/scratch",)).overdrawn() == ""


@pytest.mark.parametrize(("seconds", "left"), [(FRESH_SECONDS / 2, 300), (FRESH_SECONDS, 200)])
def test_a_case_may_take_of_what_there_was_when_it_began_or_just_before(
    seconds: float, left: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setattr(limits, "memory", lambda: (1000, 300))
    watch = Watch(alone=True)
    monkeypatch.setattr(limits, "memory", lambda: (1000, 200))
    now += seconds
    watch.begin()
    assert watch._memory == left


def test_where_the_processes_of_a_case_are_alone_every_other_one_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "processes", lambda: [os.getpid(), 2, 3])
    assert Watch(alone=True)._below() == [2, 3]


def test_processes_below_this_one_are_found_at_any_depth() -> None:
    watch = Watch(alone=False)
    with child(os.fork) as pid:
        assert eventually(lambda: len(watch._below()) >= 2, 5)
        below = watch._below()
        assert pid in below
        for each in set(below) - {pid}:
            os.kill(each, signal.SIGKILL)


# -- what the kernel has killed


@pytest.mark.parametrize(
    ("mounts", "own", "file"),
    [
        ("cgroup2 /sys/fs/cgroup cgroup2 rw 0 0", "0::/a/b", "sys/fs/cgroup/a/b/memory.events"),
        ("m /sys/fs/cgroup/memory cgroup rw,memory 0 0", "4:memory:/a", "sys/fs/cgroup/memory/a/memory.oom_control"),
        ("m /cg cgroup rw,cpu,memory 0 0", "9:cpu:/x\n4:cpu,memory:/", "cg/memory.oom_control"),
    ],
)
def test_the_kills_of_our_own_group_are_told_from_those_of_others(
    tmp_path: Path, mounts: str, own: str, file: str
) -> None:
    for name, text in (
        ("proc/self/mounts", mounts),
        ("proc/self/cgroup", own),
        ("proc/vmstat", "oom_kill 7"),
        (file, ""),
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"{text}\n")
    (tmp_path / file).write_text("under_oom 0\noom_kill 2\noom_group_kill 1\n")
    kills = limits.Kills(f"{tmp_path}/")
    assert kills.seen() == (2, 7)
    (tmp_path / file).unlink()
    assert kills.seen() == (0, 7)


@pytest.mark.parametrize("text", ["", "nonsense\n", ":::::\n0:memory\n"])
def test_where_no_group_counts_kills_none_are_ours(tmp_path: Path, text: str) -> None:
    assert limits.Kills(f"{tmp_path}/").seen() == (0, 0)
    (tmp_path / "proc/self").mkdir(parents=True)
    for name in ("mounts", "cgroup"):
        (tmp_path / "proc/self" / name).write_text(text)
    assert limits.Kills(f"{tmp_path}/").seen() == (0, 0)


# -- what a case prints


def printed(*pieces: bytes) -> tuple[bytes, int]:
    """What is passed on of what a case prints, and how much of it was counted."""
    reader, writer = os.pipe()
    spout = Spout(writer)
    found = b""
    os.set_blocking(reader, False)
    for piece in pieces:
        for at in range(0, len(piece), 1 << 15):
            os.write(spout.writer, piece[at : at + (1 << 15)])
            spout.pass_on()
            with suppress(BlockingIOError):
                found += os.read(reader, 1 << 20)
    for fd in (reader, writer, spout.reader, spout.writer):
        os.close(fd)
    return found, spout.count


def test_what_a_case_prints_is_passed_on() -> None:
    assert printed(b"one ", b"two") == (b"one two", 7)


def test_only_the_beginning_of_much_is_passed_on_and_that_is_said() -> None:
    found, count = printed(b"x" * (FORWARDED - 10), b"y" * 100, b"z" * 100)
    assert found == b"x" * (FORWARDED - 10) + b"y" * 10 + b"\n[more was printed, and is not shown]\n"
    assert count == FORWARDED - 10 + 200


def test_more_than_is_given_is_counted_so_that_it_can_be_ended() -> None:
    assert printed(bytes(OUTPUT + 1))[1] > OUTPUT
