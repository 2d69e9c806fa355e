"""What a case may take of the machine that it runs on, and how its keeper sees that it has taken more.

Resource limits (setrlimit(2)) would be seen by cases, count each process alone, and bind root in part only; control
groups are not to be had everywhere. So the keeper looks, some ten times a second, at the processes below it. Where the
host has put the suite into a control group with a limit on memory, that is what holds in between.
"""

from __future__ import annotations

import contextlib
import math
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from conformance.offspring import descendants, processes

CASE_SECONDS = 20.0
"""How long a case may take where neither it nor the run says otherwise; before the guest's slowdown."""
MEBIBYTE = 1 << 20
MEMORY = 512 * MEBIBYTE
"""What the processes of a case may take together, beyond what they had from their keeper."""
PROCESSES = 128
OUTPUT = MEBIBYTE
"""Bytes that a case may print."""
FORWARDED = 64 * 1024
"""How many of them are passed on."""
SPARED_MEMORY = 64 * MEBIBYTE
"""What must be left of the machine's memory, or a twentieth of it if that is more."""
SPARED_DISK = 64 * MEBIBYTE
"""What must be left of the disk, or a fiftieth of it if that is more."""
NOTICED = 128 * MEBIBYTE
"""How much less memory or disk than at the start there must be until the case has to do with it."""
FRESH_SECONDS = 0.5
"""For so long what was left of memory and disks is taken for what there is."""
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(slots=True)
class Watch:
    """Looks at the processes below this one. Made before the case is."""

    alone: bool
    """Whether /proc shows the case's processes and ours, and no others."""
    disks: tuple[str, ...] = ()
    """Directories of file systems that are not the case's own."""
    _seen: float = field(default=-FRESH_SECONDS, init=False)
    _base: int = field(init=False)
    _memory: int = field(init=False)
    _free: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """A case begins, and may take of what there is now. What was seen a moment ago need not be seen again."""
        now = time.monotonic()
        if now - self._seen < FRESH_SECONDS:
            return
        self._seen = now
        self._base = resident(os.getpid())
        self._memory = memory()[1]
        self._free = {path: disk(path)[1] for path in self.disks}

    def overdrawn(self) -> str:
        """What the case has taken too much of, as a sentence; empty while it has not."""
        below = self._below()
        if len(below) > PROCESSES:
            return f"it had more than {PROCESSES} processes, which the suite does not give a case"
        if sum(max(0, resident(pid) - self._base) for pid in below) > MEMORY and self._really(below):
            return f"it took more than {MEMORY // MEBIBYTE} MiB of memory, which the suite does not give a case"
        total, free = memory()
        if free < max(SPARED_MEMORY, total // 20) and free + NOTICED < self._memory:
            return f"it left {free // MEBIBYTE} MiB of the machine's memory, which cannot spare that much"
        for path in self.disks:
            total, free = disk(path)
            if free < max(SPARED_DISK, total // 50) and free + NOTICED < self._free[path]:
                return f"it left {free // MEBIBYTE} MiB of the disk at {path}, which cannot spare that much"
        return ""

    def _below(self) -> list[int]:
        if self.alone:
            return [pid for pid in processes() if pid != os.getpid()]
        return descendants(os.getpid())

    def _really(self, below: list[int]) -> bool:
        """Whether they have that much even when what they share is counted once; True where that is not told.

        It is looked at twice: while some of them end, the parts of those that are left grow, and are counted as well.
        """
        return self._together(below) > MEMORY and self._together(self._below()) > MEMORY

    def _together(self, below: list[int]) -> float:
        """Bytes that they have, those that they share counted once; without end where that is not told.

        To tell it of a process that forks, the kernel waits until it has forked, and such a process waits for its turn
        among all others. Meanwhile a case may have filled the machine with more of them: once there are too many, that
        is what the next look says, and this one says nothing.
        """
        total = 0
        for pid in below:
            if len(self._below()) > PROCESSES:
                return 0
            share = proportional(pid)
            if share is None:
                return math.inf
            total += share
        return total


def resident(pid: int) -> int:
    """Bytes of a process that are in memory; 0 when it has gone."""
    try:
        with open(f"/proc/{pid}/statm", "rb") as statm:
            return int(statm.read().split()[1]) * _PAGE
    except (OSError, IndexError, ValueError):
        return 0


def proportional(pid: int) -> int | None:
    """Of what processes share, each one's part (Linux 4.14); None where that is not told, 0 when it has gone."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as rollup:
            return next((int(line.split()[1]) * 1024 for line in rollup if line.startswith(b"Pss:")), None)
    except OSError:
        return None if os.path.exists(f"/proc/{pid}/statm") and resident(pid) else 0


def memory() -> tuple[int, int]:
    """The machine's memory and how much of it could be had, in bytes; so much that nothing lacks where nobody says."""
    found = {}
    with contextlib.suppress(OSError), open("/proc/meminfo", "rb") as lines:
        for line in lines:
            name, _, value = line.partition(b":")
            if name in (b"MemTotal", b"MemAvailable"):
                found[name] = int(value.split()[0]) * 1024
    return found.get(b"MemTotal", 0), found.get(b"MemAvailable", 1 << 62)


def disk(path: str) -> tuple[int, int]:
    """The size of a file system and what is free of it, in bytes; so much that nothing lacks where nobody says."""
    try:
        found = os.statvfs(path)
    except OSError:
        return 0, 1 << 62
    return found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize


class Kills:
    """How often the kernel has ended a process for want of memory (Linux 4.13): one of our control group, and any."""

    def __init__(self, root: str = "/") -> None:
        self._file = next((name for name in _counters(root) if _count(name) is not None), None)
        self._all = f"{root}proc/vmstat"

    def seen(self) -> tuple[int, int]:
        """The two counts; 0 for what is not told."""
        return (self._file is not None and _count(self._file)) or 0, _count(self._all) or 0


def _counters(root: str) -> Iterator[str]:
    """Where a control group of ours could count (cgroups(7), version 2 or 1)."""
    try:
        with open(f"{root}proc/self/cgroup", encoding="utf-8", errors="replace") as lines:
            own = [line.rstrip("\n").split(":", 2) for line in lines if line.count(":") > 1]
        with open(f"{root}proc/self/mounts", encoding="utf-8", errors="replace") as lines:
            mounts = [line.split(" ") for line in lines if line.count(" ") > 3]
    except OSError:
        return
    for _, place, kind, options, *_ in mounts:
        for _, controllers, path in own:
            if kind == "cgroup2" and not controllers:
                yield f"{root}{place[1:]}{path}/memory.events"
            elif kind == "cgroup" and "memory" in options.split(",") and "memory" in controllers.split(","):
                yield f"{root}{place[1:]}{path}/memory.oom_control"


def _count(file: str) -> int | None:
    """What is said of `oom_kill` there, or None."""
    with contextlib.suppress(OSError, ValueError), open(file, "rb") as lines:
        return next((int(line.split()[1]) for line in lines if line.startswith(b"oom_kill ")), None)
    return None


class Spout:
    """What a case prints: passed on up to a point, counted, and stopped."""

    def __init__(self, to: int) -> None:
        self.reader, self.writer = os.pipe()
        os.set_blocking(self.reader, False)
        self._to = to
        self.count = 0

    def pass_on(self) -> None:
        """What has come by now."""
        with contextlib.suppress(OSError):
            while self.count <= OUTPUT and (data := os.read(self.reader, 1 << 16)):
                left = max(0, FORWARDED - self.count)
                self.count += len(data)
                if left:
                    said = data[:left] + (b"\n[more was printed, and is not shown]\n" if len(data) > left else b"")
                    while said:
                        said = said[os.write(self._to, said) :]
