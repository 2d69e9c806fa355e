from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from runners.base import RunnerError
from runners.host.cache import seal
from runners.qemu import snapshot
from runners.qemu.memory import empty, loaded
from runners.qemu.snapshot import Monitor, Shelf, Snapshot, load, place, resume, save

COMMAND = ["python", "-m", "suite"]
SIZE = 1 << 20
PLACES = (5, SIZE - 100)
"""Where in a machine's memory there is something."""
Answer = Callable[[str, dict[str, object]], object]


class Refusal(Exception):
    """QEMU says no."""


class FakeQemu(threading.Thread):
    """QEMU's end of the control channel. `answer` says what a command returns; None for nothing special."""

    def __init__(self, stream: socket.socket, answer: Answer) -> None:
        super().__init__(daemon=True)
        self.commands: list[str] = []
        self.state = getattr(answer, "state", b"state of the machine")
        self._stream, self._answer = stream, answer
        self._given: dict[str, int] = {}

    def _requests(self) -> Iterator[dict[str, Any]]:
        """What is asked, each with the name under which it can use an fd that came along."""
        pending, fds = b"", list[int]()
        while True:
            data, more, _, _ = socket.recv_fds(self._stream, 1 << 16, 1)
            if not data:
                return
            pending, fds = pending + data, fds + more
            while b"\n" in pending:
                line, pending = pending.split(b"\n", 1)
                request = json.loads(line)
                if request["execute"] == "getfd":
                    self._given[request["arguments"]["fdname"]] = fds.pop(0)
                yield request

    def _write(self, uri: str) -> None:
        """The machine's state, to where a migration goes."""
        fd = self._given.pop(uri.removeprefix("fd:"))
        os.write(fd, self.state)
        os.close(fd)

    def run(self) -> None:
        """See `threading.Thread`."""
        with self._stream, self._stream.makefile("rw") as file:

            def say(value: object) -> None:
                file.write(json.dumps(value) + "\n")
                file.flush()

            try:
                say({"QMP": {"version": {}}})
                for request in self._requests():
                    self.commands.append(request["execute"])
                    say({"event": "RESUME"})
                    try:
                        answer = self._answer(request["execute"], request["arguments"])
                        if request["execute"] == "migrate":
                            self._write(request["arguments"]["uri"])
                        say({"return": {} if answer is None else answer})
                    except Refusal as refusal:
                        say({"error": {"class": "GenericError", "desc": str(refusal)}})
            except OSError:
                return


def migrates(name: str, arguments: dict[str, object]) -> object:
    """Says that all is well."""
    return {"status": "completed"} if name == "query-migrate" else None


Connect = Callable[[Answer], tuple[Monitor, FakeQemu]]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Makes a monitor of a fake QEMU."""
    streams = []

    def connected(answer: Answer) -> tuple[Monitor, FakeQemu]:
        ours, theirs = socket.socketpair()
        streams.append(ours)
        qemu = FakeQemu(theirs, answer)
        qemu.start()
        return Monitor(ours), qemu

    yield connected
    for stream in streams:
        stream.close()


@pytest.fixture
def image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CONFORMANCE_CACHE", str(tmp_path / "cache"))
    (tmp_path / "bzImage").write_bytes(b"kernel")
    return tmp_path / "bzImage"


@pytest.fixture
def memory() -> Iterator[int]:
    """A machine's, with something in two places."""
    with empty(SIZE) as fd:
        for at in PLACES:
            os.pwrite(fd, b"memory", at)
        yield fd


@pytest.fixture
def saved(image: Path, connect: Connect, memory: int) -> Path:
    """A snapshot, and where it lies."""
    path = place(image, ["qemu 7.2"])
    save(path, connect(migrates)[0], memory, COMMAND, b"said\n", "hvc0", 12345)
    return path


# Where it lies


def test_a_snapshot_belongs_to_a_kernel_and_everything_else_that_it_depends_on(image: Path) -> None:
    first = place(image, ["qemu 7.2", "payload"])
    assert place(image, ["qemu 7.2", "payload"]) == first
    assert place(image, ["qemu 8.0", "payload"]) != first
    assert place(image, ["qemu 7.2", "payload", ""]) != first
    os.utime(image, ns=(1, 1))
    assert place(image, ["qemu 7.2", "payload"]) != first


def test_snapshots_of_one_kernel_lie_side_by_side(image: Path) -> None:
    other = image.with_name("other")
    other.write_bytes(b"kernel")
    assert place(image, ["a"]).parent == place(image, ["b"]).parent != place(other, ["a"]).parent


# Saving and loading


def test_what_was_saved_is_loaded(saved: Path) -> None:
    found = load(saved)
    assert found
    assert found == Snapshot(saved / "state", saved / "memory", found.extents, COMMAND, b"said\n", "hvc0", 12345)
    assert (saved / "state").read_bytes() == b"state of the machine"
    with loaded(found.memory, found.extents, SIZE) as fd:
        assert [os.pread(fd, 6, at) for at in PLACES] == [b"memory"] * 2
        assert sum(length for _, length in found.extents) < SIZE


def test_the_machine_stands_still_while_it_is_saved_and_goes_on_afterwards(
    image: Path, connect: Connect, memory: int
) -> None:
    monitor, qemu = connect(migrates)
    save(place(image, []), monitor, memory, COMMAND, b"", "hvc0", 1)
    assert [name for name in qemu.commands if name in ("stop", "migrate", "cont")] == ["stop", "migrate", "cont"]


def test_a_new_snapshot_replaces_older_ones_of_the_kernel(
    image: Path, saved: Path, connect: Connect, memory: int
) -> None:
    newer = place(image, ["qemu 8.0"])
    save(newer, connect(migrates)[0], memory, COMMAND, b"", "hvc0", 1)
    assert load(saved) is None
    assert load(newer)
    assert [path.name for path in newer.parent.iterdir() if path.is_dir()] == [newer.name]


def test_a_snapshot_that_is_there_is_kept(saved: Path, connect: Connect, memory: int) -> None:
    monitor, qemu = connect(migrates)
    save(saved, monitor, memory, ["other"], b"", "hvc0", 1)
    assert "migrate" not in qemu.commands
    found = load(saved)
    assert found
    assert found.command == COMMAND


def test_there_may_be_none(image: Path) -> None:
    assert load(place(image, [])) is None


@pytest.mark.parametrize("name", ["state", "memory", "said", "about.json", "manifest.json"])
@pytest.mark.parametrize("damage", ["removed", "cut off", "emptied", "changed"])
def test_a_damaged_snapshot_is_none(saved: Path, name: str, damage: str) -> None:
    path = saved / name
    data = path.read_bytes()
    match damage:
        case "removed":
            path.unlink()
        case "cut off":
            path.write_bytes(data[:-1])
        case "emptied":
            path.write_bytes(b"")
        case "changed":
            path.write_bytes(bytes([data[0] ^ 1]) + data[1:])
    assert load(saved) is None


def test_a_snapshot_of_which_not_everything_is_known_is_none(saved: Path) -> None:
    (saved / "about.json").write_text('{"command": []}')
    seal(saved)
    assert load(saved) is None


# Guests that begin with the same


def test_guests_that_begin_with_one_snapshot_have_one_memory_and_the_last_gives_it_back(saved: Path) -> None:
    shelf = Shelf()
    with shelf.lent(saved, SIZE) as first:
        assert first
        with shelf.lent(saved, SIZE) as second:
            assert second == first
        assert os.pread(first[1], 6, PLACES[0]) == b"memory"
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(first[1])
    with shelf.lent(saved, SIZE) as again:
        assert again


def test_two_that_begin_at_once_read_the_memory_once(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []

    def counted(path: Path) -> Snapshot | None:
        read.append(path)
        return load(path)

    monkeypatch.setattr(snapshot, "load", counted)
    shelf, together = Shelf(), threading.Barrier(4)

    def begin() -> None:
        with shelf.lent(saved, SIZE) as lent:
            assert lent
            together.wait(30)

    threads = [threading.Thread(target=begin) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert read == [saved]


def test_there_is_nothing_to_begin_with_where_it_does_not_fit_or_is_not_whole(saved: Path, image: Path) -> None:
    shelf = Shelf()
    for path, size in ((place(image, ["another"]), SIZE), (saved, SIZE // 2)):
        with shelf.lent(path, size) as lent:
            assert lent is None
    (saved / "memory").write_bytes(b"")
    with shelf.lent(saved, SIZE) as lent:
        assert lent is None


# Failures


def refuses(refused: str) -> Answer:
    """Like `migrates`, but refuses a command."""

    def answer(name: str, arguments: dict[str, object]) -> object:
        if name == refused:
            raise Refusal("out of memory")
        return migrates(name, arguments)

    return answer


@dataclass
class Fails:
    """A migration that ends like this, when it has written that."""

    status: str
    state: bytes

    def __call__(self, name: str, arguments: dict[str, object]) -> object:
        """What QEMU answers."""
        return {"status": self.status} if name == "query-migrate" else None


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (refuses("stop"), "QEMU refused stop: out of memory"),
        (refuses("migrate"), "QEMU refused migrate: out of memory"),
        (refuses("query-migrate"), "QEMU refused query-migrate: out of memory"),
        (Fails("failed", b"half"), "could not write a snapshot; is the disk full"),
        (Fails("completed", b""), "could not write a snapshot; is the disk full"),
        (Fails("active", b"half"), "did not write a snapshot in time"),
    ],
)
def test_a_snapshot_that_fails_leaves_nothing_behind(
    image: Path, connect: Connect, memory: int, monkeypatch: pytest.MonkeyPatch, answer: Answer, told: str
) -> None:
    monkeypatch.setattr(snapshot, "SAVE_SECONDS", 0.3)
    path = place(image, [])
    with pytest.raises(RunnerError, match=told):
        save(path, connect(answer)[0], memory, COMMAND, b"", "hvc0", 1)
    assert load(path) is None
    assert [each.name for each in path.parent.iterdir()] == [".lock"]


def test_a_machine_whose_state_could_not_be_written_goes_on(image: Path, connect: Connect, memory: int) -> None:
    monitor, qemu = connect(refuses("migrate"))
    with pytest.raises(RunnerError):
        save(place(image, []), monitor, memory, COMMAND, b"", "hvc0", 1)
    assert qemu.commands[-1] == "cont"


@pytest.mark.parametrize("said", [b"", b"no JSON\n", b'{"QMP": {}}\nno JSON\n', b'{"QMP": {}}\n'])
def test_a_qemu_that_does_not_speak_or_ends_is_one_sentence(said: bytes) -> None:
    ours, theirs = socket.socketpair()
    with ours:
        theirs.sendall(said)
        theirs.close()
        with pytest.raises(RunnerError, match="qmp_capabilities"):
            Monitor(ours)


def test_a_resumed_machine_goes_on_when_its_state_has_been_read(saved: Path, connect: Connect) -> None:
    found = load(saved)
    assert found
    statuses = iter(["inmigrate", "inmigrate", "paused"])
    monitor, qemu = connect(lambda name, _: {"status": next(statuses)} if name == "query-status" else None)
    resume(monitor, found)
    assert qemu.commands == [
        *("qmp_capabilities", "migrate-set-capabilities", "getfd", "migrate-incoming"),
        *("query-status", "query-status", "query-status", "cont"),
    ]


@pytest.mark.parametrize(
    ("status", "told"), [("internal-error", "QEMU is internal-error after"), ("inmigrate", "not read the snapshot in")]
)
def test_a_state_that_cannot_be_read_is_told(
    saved: Path, connect: Connect, monkeypatch: pytest.MonkeyPatch, status: str, told: str
) -> None:
    found = load(saved)
    assert found
    monkeypatch.setattr(snapshot, "LOAD_SECONDS", 0.1)
    with pytest.raises(RunnerError, match=told):
        resume(connect(lambda name, _: {"status": status} if name == "query-status" else None)[0], found)
