"""A limit on what a guest's processes take together, where this machine lets us have one (cgroups(7), version 2 or 1).

A resource limit (setrlimit(2)) counts address space, and each process alone: a kernel in user space reserves far more
than it uses, and its memory is a file that all its processes share.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

MOUNTS = Path("/proc/self/mounts")
MEBIBYTE = 1 << 20
PATIENCE = 5.0
"""Seconds that what is left in a group has to end after SIGKILL."""
_ENTER = 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"'


@dataclass(frozen=True, slots=True)
class Group:
    """A control group with a limit on memory."""

    path: Path
    unified: bool
    """Whether it is of version 2."""

    def entering(self, argv: Sequence[str]) -> list[str]:
        """The command that runs `argv` in the group, from its first instruction on."""
        return ["/bin/sh", "-c", _ENTER, "enter", str(self.path), *argv]

    def limit(self, mebibytes: int) -> None:
        """Let the processes in it have so much memory together, and none on swap. Raises OSError."""
        size = str(mebibytes * MEBIBYTE)
        if not self.unified:
            (self.path / "memory.limit_in_bytes").write_text(size, encoding="ascii")
            with suppress(OSError):  # swap is not always accounted
                (self.path / "memory.memsw.limit_in_bytes").write_text(size, encoding="ascii")
            return
        (self.path / "memory.max").write_text(size, encoding="ascii")
        for name, value in (("memory.swap.max", "0"), ("memory.oom.group", "1")):
            with suppress(OSError):  # not in every kernel
                (self.path / name).write_text(value, encoding="ascii")

    def exceeded(self) -> bool:
        """Whether the kernel has killed a process for want of memory under the limit."""
        name = "memory.events" if self.unified else "memory.oom_control"
        try:
            said = (self.path / name).read_text(encoding="ascii")
        except OSError:
            return False
        return re.search(r"^oom_kill [1-9]", said, re.MULTILINE) is not None

    def remove(self) -> None:
        """End what is left in it, and the group."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                self.path.rmdir()
            except OSError as error:
                if error.errno != errno.EBUSY:
                    return
            else:
                return
            for pid in self._processes():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)

    def _processes(self) -> list[int]:
        try:
            return [int(word) for word in (self.path / "cgroup.procs").read_text(encoding="ascii").split()]
        except OSError:
            return []


@contextmanager
def memory_limit(mebibytes: int, name: str) -> Iterator[Group | None]:
    """A new group with a limit; None where there can be none. What is left in it at the end is killed."""
    group = _make(name)
    if group is None:
        yield None
        return
    try:
        try:
            group.limit(mebibytes)
        except OSError:
            limited = None
        else:
            limited = group
        yield limited
    finally:
        group.remove()


def _make(name: str) -> Group | None:
    """An empty group below one where the memory controller can be had."""
    for parent, unified in _parents():
        path = parent / f"conformance-{name}-{os.getpid()}-{secrets.token_hex(4)}"  # whose it is
        with suppress(OSError):
            path.mkdir()
            if (path / ("memory.max" if unified else "memory.limit_in_bytes")).exists():
                return Group(path, unified)
            path.rmdir()
    return None


def _parents() -> Iterator[tuple[Path, bool]]:
    """Where a group could be made: our own, then the topmost that we see; with whether it is of version 2."""
    try:
        mounts = [line.split() for line in MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()]
        own = Path("/proc/self/cgroup").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    for _, place, kind, options, *_ in mounts:
        unified = kind == "cgroup2"
        if not unified and not (kind == "cgroup" and "memory" in options.split(",")):
            continue
        for line in own:
            _, controllers, path = line.split(":", 2)
            if controllers == "" if unified else "memory" in controllers.split(","):
                yield Path(place, path.lstrip("/")), unified
        yield Path(place), unified
