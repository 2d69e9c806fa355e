"""A command in guests that are this machine, and in some that lie."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from conformance.protocol import terminal
from conformance.run.inside import Ended, Streams, run_inside
from runners.base import Death, Ending, RunnerError
from runners.local import LocalRunner
from tests.fakes import DEATH, FakeChannel, FakeGuest, FakeRunner, Said
from tests.processes import eventually, marked, new_mark
from tests.suite import SOURCES, environment


class Around:
    """Files in the place of the three streams."""

    def __init__(self, folder: Path, given: bytes) -> None:
        self.paths = [folder / name for name in ("in", "out", "err")]
        self.paths[0].write_bytes(given)
        self.files = [path.open(mode) for path, mode in zip(self.paths, ("rb", "wb", "wb"), strict=True)]
        self.streams = Streams(*(file.fileno() for file in self.files))

    @property
    def said(self) -> tuple[bytes, bytes]:
        """What went to standard output, and to standard error."""
        return self.paths[1].read_bytes(), self.paths[2].read_bytes()


@pytest.fixture
def around(tmp_path: Path) -> Iterator[Around]:
    found = Around(tmp_path, b"typed\n")
    yield found
    for file in found.files:
        file.close()


def test_streams_and_status_are_the_commands(around: Around) -> None:
    done = run_inside(LocalRunner(), ["sh", "-c", "cat; echo complaint >&2; exit 7"], around.streams)
    assert done == Ended(7)
    assert around.said == (b"typed\n", b"complaint\n")


def test_a_command_that_reads_nothing_ends_all_the_same(tmp_path: Path) -> None:
    around = Around(tmp_path, bytes(1 << 22))
    assert run_inside(LocalRunner(), ["true"], around.streams) == Ended(0)


def test_much_is_passed_on_whole(tmp_path: Path) -> None:
    data = os.urandom(3 << 20)
    around = Around(tmp_path, data)
    assert run_inside(LocalRunner(), ["cat"], around.streams) == Ended(0)
    assert around.said == (data, b"")


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["sh", "-c", "kill -TERM $$"], Ended(128 + signal.SIGTERM)),
        (["/no/such"], Ended(127, "there is no /no/such in the guest")),
        (["/etc/passwd"], Ended(126, "/etc/passwd cannot be started in the guest: Permission denied")),
    ],
)
def test_endings_are_those_of_a_shell(argv: Sequence[str], expected: Ended, around: Around) -> None:
    assert run_inside(LocalRunner(), argv, around.streams) == expected


def test_what_a_command_leaves_behind_does_not_outlive_it(around: Around) -> None:
    mark = new_mark()
    left = f"setsid {sys.executable} -c 'import time; time.sleep(600)' {mark} & echo there"
    assert run_inside(LocalRunner(), ["sh", "-c", left], around.streams) == Ended(0)
    assert around.said[0] == b"there\n"
    assert eventually(lambda: not marked(mark))


def started(*argv: str) -> subprocess.Popen[bytes]:
    """`conformance exec native -- …`, by itself."""
    command = [sys.executable, "-m", "conformance", "exec", "native", "--", *argv]
    return subprocess.Popen(command, cwd=SOURCES, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def first_word(process: subprocess.Popen[bytes]) -> bytes:
    """The next line that it says, in time; it is killed when it says nothing."""
    assert process.stdout is not None
    poll = select.poll()
    poll.register(process.stdout, select.POLLIN)
    if not poll.poll(30_000):
        process.kill()
    return process.stdout.readline()


def test_the_first_interrupt_is_the_commands_and_the_second_ours() -> None:
    with started("sh", "-c", "trap 'echo caught' INT; echo up; while :; do sleep 0.1; done") as process:
        assert first_word(process) == b"up\n"
        process.send_signal(signal.SIGINT)
        assert first_word(process) == b"caught\n"
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 128 + signal.SIGINT


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_command_does_not_outlive_whoever_ran_it(number: signal.Signals) -> None:
    mark = new_mark()
    program = (
        "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
    )
    with started(sys.executable, "-c", program, mark) as process:
        assert first_word(process) == b"up\n"
        process.send_signal(number)
        process.wait(30)
    assert eventually(lambda: not marked(mark))


def test_a_shell_has_a_terminal_and_keys_are_passed_on() -> None:
    pid, ours = pty.fork()
    if not pid:
        os.chdir(SOURCES)
        os.execve(sys.executable, [sys.executable, "-m", "conformance", "shell", "native"], environment())
    said = bytearray()

    def listen() -> None:
        try:
            while data := os.read(ours, 1 << 16):
                said.extend(data)
        except OSError:
            pass  # EIO: it has ended

    threading.Thread(target=listen, daemon=True).start()
    waits = b"""sh -c 'trap "echo told$((1 + 1)); exit" INT; echo ready$((40 + 2)); while :; do sleep 0.1; done'"""
    os.write(ours, b"tty; " + waits + b"\n")
    assert eventually(lambda: b"ready42" in said and b"/dev/pts/" in said, 30), said
    os.write(ours, b"\x03")
    assert eventually(lambda: b"told2" in said, 30), said
    os.write(ours, b"exit 9\n")
    ended = eventually(lambda: os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None, 30)
    os.kill(pid, signal.SIGKILL)  # of what has ended, nothing
    status = os.waitpid(pid, 0)[1]
    assert ended, said
    assert os.waitstatus_to_exitcode(status) == 9, said[-300:]
    os.close(ours)


# -- guests that lie


class Speaking(FakeRunner):
    """A guest whose one process says something, and ends."""

    def __init__(self, *said: Said, death: Death | None = None) -> None:
        super().__init__(())
        self._said, self._death = said, death

    def open(self) -> FakeGuest:
        class Guest(FakeGuest):
            def spawn(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> FakeChannel:
                self.spawned = list(argv)
                return self.channel

        channel = FakeChannel([*self._said, DEATH], lambda _: [])
        channel.write = lambda data: None  # type: ignore[method-assign] # it does not listen
        return Guest(channel, "the last words", self._death)


@pytest.mark.parametrize(
    ("runner", "told"),
    [
        (Speaking(death=Death(Ending.PANIC, "in f")), "the guest died before the command had ended: panic: in f"),
        (Speaking(), "the command's keeper ended in the guest: the last words"),
        (Speaking(b"\xff" * 9), "the guest does not speak as it should: a frame of 4294967295 bytes was announced"),
        (
            Speaking(terminal.frame(terminal.ENDED, b"")),
            "the guest does not speak as it should: an end of 0 bytes came",
        ),
    ],
)
def test_a_guest_that_does_not_end_the_command_is_told(runner: Speaking, told: str, around: Around) -> None:
    with pytest.raises(RunnerError, match=f"^{told}$"):
        run_inside(runner, ["true"], around.streams)


def test_no_status_of_a_guest_is_more_than_a_byte(around: Around) -> None:
    for status, expected in ((256, 0), (-1000, 255), (1 << 30, 0)):
        runner = Speaking(terminal.frame(terminal.ENDED, terminal.ended(status)))
        assert run_inside(runner, ["true"], around.streams) == Ended(expected)
