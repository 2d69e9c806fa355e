from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from runners.host import process
from runners.host.process import ProcessChannel
from tests.processes import eventually, new_mark
from tests.suite import environment

PATIENCE = 30.0
Start = Callable[..., ProcessChannel]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a shell's script; what still runs at the end is killed."""
    with ExitStack() as stack:
        log = stack.enter_context((tmp_path / "log").open("wb"))

        def started(script: str, **env: str) -> ProcessChannel:
            given = {"PATH": environment()["PATH"], **env}
            return stack.enter_context(ProcessChannel(["/bin/sh", "-c", script], given, log.fileno()))

        yield started


def everything(channel: ProcessChannel) -> bytes:
    """What a process says until its end."""
    said = b""
    while data := channel.read(PATIENCE):
        said += data
    return said


def running(mark: str) -> bool:
    """Whether there is a process that was started with `mark` in its command line."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if mark.encode() in path.read_bytes():
                return True
        except OSError:
            pass
    return False


def test_output_comes_as_it_is_written_then_the_end(start: Start) -> None:
    channel = start("echo one; read line; echo $line")
    assert channel.read(PATIENCE) == b"one\n"
    channel.write(b"two\n")
    assert everything(channel) == b"two\n"
    assert channel.read(PATIENCE) == b""
    assert channel.wait(PATIENCE) == 0


def test_only_the_given_environment_and_no_other_files_are_passed_on(start: Start) -> None:
    assert everything(start("env; ls /proc/self/fd | wc -l", WORD="x")).split()[-1] == b"4"  # 0, 1, 2 and that of ls
    assert b"WORD=x\n" in everything(start("env", WORD="x"))
    assert b"HOME=" not in everything(start("env"))


def test_errors_go_to_the_log(start: Start, tmp_path: Path) -> None:
    assert everything(start("echo trouble >&2")) == b""
    assert (tmp_path / "log").read_bytes() == b"trouble\n"


def test_silence_is_a_timeout_and_loses_nothing(start: Start) -> None:
    channel = start("read line; echo $line")
    with pytest.raises(TimeoutError):
        channel.read(0.05)
    with pytest.raises(TimeoutError):
        channel.wait(0.05)
    channel.write(b"x\n")
    assert everything(channel) == b"x\n"


def test_the_end_of_the_input_is_seen(start: Start) -> None:
    channel = start("cat; exit 4")
    channel.write(b"all")
    channel.close_input()
    assert everything(channel) == b"all"
    assert channel.wait(PATIENCE) == 4


def test_a_lot_of_input_is_written_whole(start: Start) -> None:
    channel = start("sleep 0.1; wc -c")
    channel.write(bytes(1_000_000))
    channel.close_input()
    assert int(everything(channel)) == 1_000_000


def test_writing_to_a_process_that_is_gone_is_a_broken_pipe(start: Start) -> None:
    channel = start("exit 0")
    channel.wait(PATIENCE)
    with pytest.raises(BrokenPipeError):
        channel.write(b"x")


def test_a_signal_that_ended_it_is_a_negative_status(start: Start) -> None:
    assert start("kill -SEGV $$").wait(PATIENCE) == -signal.SIGSEGV


def test_a_program_that_is_not_there_ends_at_once(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as log, ProcessChannel(["/no/such/program"], {}, log.fileno()) as channel:
        assert channel.read(PATIENCE) == b""
        assert channel.wait(PATIENCE) == 127


def test_a_kill_asks_first(start: Start) -> None:
    channel = start("trap 'echo bye; exit 3' TERM; echo up; while :; do sleep 0.01; done")
    assert channel.read(PATIENCE) == b"up\n"
    channel.kill()
    assert channel.wait(PATIENCE) == 3


def test_a_process_that_does_not_listen_is_killed(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "GRACE", 0.1)
    channel = start("trap '' TERM; echo up; while :; do sleep 0.01; done")
    assert channel.read(PATIENCE) == b"up\n"
    channel.kill()
    assert channel.wait(PATIENCE) == -signal.SIGKILL


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("sleep 1000; : {}", id="while it runs"),
        pytest.param(": {}", id="after it has ended"),
        pytest.param("trap 'exit 0' TERM; while :; do sleep 0.01; done; : {}", id="when it listens and they do not"),
    ],
)
def test_a_kill_ends_what_a_process_has_started_as_well(start: Start, script: str) -> None:
    mark = new_mark()
    channel = start(f"(trap '' TERM; echo up; sleep 1000; : {mark}) & " + script.format(mark))
    assert b"up\n" in channel.read(PATIENCE)
    assert running(mark)
    channel.kill()
    assert eventually(lambda: not running(mark))


def test_leaving_the_channel_ends_the_process(tmp_path: Path) -> None:
    mark = new_mark()
    with (tmp_path / "log").open("wb") as log, ProcessChannel(["sh", "-c", f"sleep 1000; : {mark}"], {}, log.fileno()):
        assert eventually(lambda: running(mark))
    assert not running(mark)


def test_a_process_dies_with_the_one_that_started_it(tmp_path: Path) -> None:
    mark = new_mark()
    script = f"""
import os, sys, time
from runners.host.process import ProcessChannel
channel = ProcessChannel(["sh", "-c", "echo up; sleep 1000; : {mark}"], dict(os.environ), 2)
channel.read()
print("started", flush=True)
time.sleep(1000)
"""
    with subprocess.Popen([sys.executable, "-c", script], env=environment(), stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"started\n"
        assert running(mark)
        owner.kill()
    assert eventually(lambda: not running(mark))
