"""A guest remembered at the moment when the suite was ready, so that the next one need not boot and import again.

Under TCG a boot and the imports take some 12 s, resuming takes a tenth of one. A snapshot is QEMU's migration stream
without the memory, the memory, and what the suite had said by then; it belongs to one QEMU, kernel, payload and
command. `--cold` does without.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from runners.base import RunnerError
from runners.host.cache import intact, locked, seal
from runners.kernels.kernel import remembered
from runners.qemu.memory import Extent, loaded, store

SAVE_SECONDS = 60.0
LOAD_SECONDS = 60.0
WITHOUT_MEMORY = [{"capability": "x-ignore-shared", "state": True}]
"""What a migration has to know when the memory is a file: it says where each block of it is, and not what is in it."""


class Monitor:
    """QEMU's control channel (QMP)."""

    def __init__(self, stream: socket.socket) -> None:
        stream.settimeout(SAVE_SECONDS)
        self._stream = stream
        self._file = stream.makefile("rw", encoding="utf-8")
        self._file.readline()  # the greeting
        self.command("qmp_capabilities")

    def command(self, name: str, **arguments: object) -> object:
        """Execute a command; what it returns. Raises RunnerError."""
        return self._command(name, arguments, ())

    def give(self, name: str, fd: int) -> None:
        """Let QEMU have an open file under a name. Raises RunnerError."""
        self._command("getfd", {"fdname": name}, (fd,))

    def _command(self, name: str, arguments: Mapping[str, object], fds: Sequence[int]) -> object:
        try:
            request = json.dumps({"execute": name, "arguments": arguments}).encode() + b"\n"
            self._stream.sendall(request[socket.send_fds(self._stream, [request], fds) :])
            while line := self._file.readline():
                answer = json.loads(line)
                if "return" in answer:
                    return answer["return"]
                if "error" in answer:
                    raise RunnerError(f"QEMU refused {name}: {answer['error'].get('desc')}")
        except (OSError, ValueError) as error:
            raise RunnerError(f"QEMU does not answer {name}: {error}") from error
        raise RunnerError(f"QEMU ended while it was asked to {name}")

    def status(self, query: str) -> str:
        """The `status` of a query's answer."""
        answer = self.command(query)
        return str(answer.get("status", "")) if isinstance(answer, Mapping) else ""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A remembered guest."""

    state: Path
    memory: Path
    extents: list[Extent]
    """Where in the machine's memory the parts of that file belong."""
    command: list[str]
    """What was spawned in it."""
    said: bytes
    """What that process had said by then."""
    stream: str
    """The agent's name for its stream."""
    initrd_bytes: int


def place(image: Path, ingredients: Sequence[str]) -> Path:
    """Where the snapshot of a kernel and everything else that it depends on lies."""
    status = image.stat()
    key = hashlib.sha256(repr((*ingredients, status.st_size, status.st_mtime_ns)).encode()).hexdigest()[:16]
    return remembered(image) / key


def load(path: Path) -> Snapshot | None:
    """The snapshot at a place, or None when there is none or it is damaged."""
    if not path.exists() or not intact(path):
        return None
    try:
        about = json.loads((path / "about.json").read_text(encoding="utf-8"))
        return Snapshot(
            path / "state",
            path / "memory",
            [(at, length) for at, length in about["extents"]],
            about["command"],
            (path / "said").read_bytes(),
            about["stream"],
            about["initrd_bytes"],
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


class Shelf:
    """The snapshots that some guests have begun with: while one has a snapshot's memory, others get the same."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lent: dict[Path, tuple[Snapshot, int, ExitStack, int]] = {}
        """By place: the snapshot, its memory, what closes that, and how many have it."""

    @contextmanager
    def lent(self, path: Path, size: int) -> Iterator[tuple[Snapshot, int] | None]:
        """The snapshot at a place, and a memory of `size` bytes with what it had; None when there is none that is
        whole."""
        with self._lock:
            found = self._lent.get(path) or self._read(path, size)
            if found:
                self._lent[path] = (*found[:3], found[3] + 1)
        if not found:
            yield None
            return
        try:
            yield found[:2]
        finally:
            with self._lock:
                snapshot, fd, closing, users = self._lent[path]
                self._lent[path] = (snapshot, fd, closing, users - 1)
                if users == 1:
                    del self._lent[path]
                    closing.close()

    def _read(self, path: Path, size: int) -> tuple[Snapshot, int, ExitStack, int] | None:
        snapshot = load(path)
        if snapshot is None:
            return None
        with ExitStack() as closing:
            try:
                fd = closing.enter_context(loaded(snapshot.memory, snapshot.extents, size))
            except (OSError, ValueError):
                return None
            return snapshot, fd, closing.pop_all(), 0


def save(
    path: Path, monitor: Monitor, fd: int, command: Sequence[str], said: bytes, stream: str, initrd_bytes: int
) -> None:
    """Remember a guest, which has the memfd `fd` as its memory and goes on afterwards.

    One kernel's earlier snapshots are dropped. Raises RunnerError.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with locked(path.parent / ".lock"):
            if path.exists():
                return
            partial.mkdir()
            extents = _write(partial, monitor, fd)
            (partial / "said").write_bytes(said)
            about = {"command": list(command), "stream": stream, "initrd_bytes": initrd_bytes, "extents": extents}
            (partial / "about.json").write_text(json.dumps(about), encoding="utf-8")
            seal(partial)
            for older in path.parent.iterdir():
                if older.is_dir() and older != partial:
                    shutil.rmtree(older, ignore_errors=True)
            partial.rename(path)
    except OSError as error:
        raise RunnerError(f"the snapshot {path} could not be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _write(into: Path, monitor: Monitor, fd: int) -> list[Extent]:
    """Stop the machine, write its state and its memory, let it go on; which parts of the memory there are."""
    monitor.command("migrate-set-parameters", **{"max-bandwidth": 1 << 40})
    monitor.command("migrate-set-capabilities", capabilities=WITHOUT_MEMORY)
    monitor.command("stop")
    try:
        with (into / "state").open("wb") as state:
            monitor.give("state", state.fileno())
        monitor.command("migrate", uri="fd:state")
        end = time.monotonic() + SAVE_SECONDS
        while (status := monitor.status("query-migrate")) not in ("completed", "failed"):
            if time.monotonic() > end:
                raise RunnerError("QEMU did not write a snapshot in time")
            time.sleep(0.02)
        if status == "failed" or not (into / "state").stat().st_size:
            raise RunnerError("QEMU could not write a snapshot; is the disk full?")
        return store(fd, into / "memory")
    finally:
        with suppress(RunnerError):
            monitor.command("cont")


def resume(monitor: Monitor, snapshot: Snapshot) -> None:
    """Let a machine go on that waits for a state, and has the memory of it. Raises RunnerError when it cannot be
    read."""
    monitor.command("migrate-set-capabilities", capabilities=WITHOUT_MEMORY)
    with snapshot.state.open("rb") as state:
        monitor.give("state", state.fileno())
    monitor.command("migrate-incoming", uri="fd:state")
    end = time.monotonic() + LOAD_SECONDS
    while (status := monitor.status("query-status")) == "inmigrate":
        if time.monotonic() > end:
            raise RunnerError("QEMU did not read the snapshot in time")
        time.sleep(0.01)
    if status != "paused":
        raise RunnerError(f"QEMU is {status} after reading the snapshot")
    monitor.command("cont")
