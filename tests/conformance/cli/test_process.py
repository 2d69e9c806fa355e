"""How the command ends when its surroundings are against it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest

from conformance.cli import COMMANDS
from conformance.run.errors import Exit
from tests.conformance.cli.command import is_one_sentence
from tests.processes import eventually
from tests.suite import SOURCES

FULL = Path("/dev/full")
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

WAITING = """
import signal, sys, time
import click
import conformance.cli as whole

@click.command()
def command():
    try:
        print("ready", flush=True)
        time.sleep(60)
    except KeyboardInterrupt:
        print("tidied up", flush=True)
        time.sleep({pause})
        raise
whole.LazyGroup.get_command = lambda *_: command
sys.argv[1:] = ["wait"]
from conformance.__main__ import main
main()
"""
"""The command with a subcommand that waits, and takes some seconds to tidy up."""

FAULTY = """
import sys
import click
import conformance.cli as whole

@click.command()
def command():
    {fault}
whole.LazyGroup.get_command = lambda *_: command
sys.argv[1:] = ["fault"]
from conformance.__main__ import main
main()
"""


def environment(**more: str) -> dict[str, str]:
    """Ours, in which the suite can be imported from anywhere."""
    return {**os.environ, "PYTHONPATH": str(SOURCES), **more}


def command(*arguments: str | Path) -> list[str]:
    """The command as a list."""
    return [sys.executable, "-m", "conformance", *map(str, arguments)]


def told(
    *arguments: str | Path, stdout: int | BinaryIO | None = None, stderr: int | BinaryIO = subprocess.PIPE
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        command(*arguments), env=environment(), stdout=stdout, stderr=stderr, text=True, timeout=60, check=False
    )


def script(text: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a script to its end."""
    return subprocess.run(
        [sys.executable, "-c", text], env=environment(**more), capture_output=True, text=True, timeout=60, check=False
    )


# -- output that nobody takes


@contextmanager
def closed_pipe() -> Iterator[int]:
    """The writing end of a pipe that nobody reads."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        yield writing
    finally:
        os.close(writing)


TALKING = [("--help",), ("schema",), ("targets",), ("run", "--help"), ("kernels", "--help")]


@pytest.mark.parametrize("arguments", TALKING, ids=" ".join)
def test_a_reader_that_goes_away_changes_no_status(arguments: tuple[str, ...]) -> None:
    with closed_pipe() as pipe:
        done = told(*arguments, stdout=pipe)
    assert (done.returncode, done.stderr) == (Exit.EXPECTED, "")


@pytest.mark.parametrize("arguments", TALKING, ids=" ".join)
def test_a_full_device_is_one_sentence_and_a_failure(arguments: tuple[str, ...]) -> None:
    with FULL.open("wb") as full:
        done = told(*arguments, stdout=full)
    assert done.returncode == Exit.FAILED
    assert is_one_sentence(done.stderr), done.stderr
    assert "standard output cannot be written: No space left on device" in done.stderr


def test_what_cannot_be_said_on_standard_error_changes_no_status() -> None:
    with FULL.open("wb") as full, closed_pipe() as pipe:
        for stream in (full, pipe):
            assert (
                told("run", "-t", "no-such-target", stdout=subprocess.DEVNULL, stderr=stream).returncode == Exit.USAGE
            )


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)])
def test_closed_standard_streams_harm_nothing(closed: tuple[int, ...], tmp_path: Path) -> None:
    redirections = " ".join(f"{descriptor}>&-" for descriptor in closed)
    words = " ".join(command("schema"))
    done = subprocess.run(
        ["/bin/sh", "-c", f"exec {words} {redirections}"], env=environment(), cwd=tmp_path, check=False
    )
    assert done.returncode == Exit.EXPECTED


def test_letters_that_the_terminal_lacks_are_escaped() -> None:
    plain = {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONIOENCODING": ""}
    done = script(FAULTY.format(fault="print('\\u2026')"), **plain)
    assert (done.returncode, done.stdout) == (Exit.EXPECTED, "\\u2026\n")


# -- signals


@pytest.mark.parametrize("number", ENDING)
def test_a_signal_lets_the_command_tidy_up_and_has_a_status_of_its_own(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WAITING.format(pause=0)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (128 + number, "tidied up\n")
    assert err.strip() == "conformance: interrupted"


@pytest.mark.parametrize(("first", "second"), [(signal.SIGHUP, signal.SIGTERM), (signal.SIGTERM, signal.SIGHUP)])
def test_a_second_signal_of_a_shutdown_does_not_break_into_the_tidying_up(
    first: signal.Signals, second: signal.Signals
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WAITING.format(pause=1)], env=environment(), stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(first)
        assert process.stdout.readline() == "tidied up\n"
        process.send_signal(second)
        process.wait(30)
    assert process.returncode == 128 + first


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    with subprocess.Popen(
        ["/bin/sh", "-c", 'trap "" HUP; exec "$0" -c "$1"', sys.executable, WAITING.format(pause=0)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    assert process.returncode == Exit.TERMINATED


def catches(process: subprocess.Popen[str], number: int) -> bool:
    """Whether a process has a handler of its own for a signal, Python's for SIGINT not counted: see proc(5)."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    caught = int(next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt")), 16)
    return bool(caught >> (number - 1) & 1)


@pytest.mark.parametrize("number", ENDING)
@pytest.mark.parametrize("later", [0.0, 0.02, 0.05, 0.1, 0.2, 0.4])
def test_a_signal_at_any_moment_of_the_start_is_no_traceback(number: signal.Signals, later: float) -> None:
    with subprocess.Popen(
        command("run", "-t", "no-such-target"), env=environment(), stderr=subprocess.PIPE, text=True
    ) as process:
        # From when the command's first lines run: what comes before is the interpreter's own.
        assert eventually(lambda: process.poll() is not None or catches(process, signal.SIGHUP), 30)
        time.sleep(later)
        process.send_signal(number)
        _, said = process.communicate(timeout=30)
    # A shell calls both of the first two 128 + number: at its very end, the interpreter has put its handlers away.
    assert process.returncode in (128 + number, -number, Exit.USAGE)
    assert is_one_sentence(said.removeprefix("\n")), said  # click ends the line that a terminal shows ^C in


# -- what nobody thought of


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("raise ZeroDivisionError('division\\nby zero')", ["the suite's own", "ZeroDivisionError: division by zero"]),
        ("raise RecursionError", ["the suite's own", "RecursionError"]),
        ("raise MemoryError", ["the suite's own", "MemoryError"]),
        ("assert not whole", ["the suite's own", "AssertionError"]),
        ("open('/no/such/file')", ["/no/such/file: No such file or directory"]),
        ("open('/dev/full', 'wb', 0).write(b'x')", ["No space left on device"]),
    ],
)
def test_an_unforeseen_error_is_one_sentence_and_no_difference(fault: str, words: list[str], tmp_path: Path) -> None:
    done = script(FAULTY.format(fault=fault), TMPDIR=str(tmp_path))
    assert done.returncode == Exit.FAILED, done.stderr
    assert is_one_sentence(done.stderr), done.stderr
    assert all(word in done.stderr for word in words), done.stderr
    [kept] = tmp_path.iterdir()
    assert str(kept) in done.stderr
    assert "Traceback" in kept.read_text()


def test_an_unforeseen_error_where_no_file_can_be_made_is_one_sentence_too() -> None:
    hidden = "__import__('tempfile').mkstemp = lambda **_: open('/no/such/file'); whole.no_such_thing"
    done = script(FAULTY.format(fault=hidden))
    assert (done.returncode, is_one_sentence(done.stderr)) == (Exit.FAILED, True), done.stderr
    assert "AttributeError" in done.stderr


# -- how fast it starts: what is imported


SLOW = ("hypothesis", "pytest", "_pytest", "rich", "jinja2", "runners.registry", "runners.qemu.runner")
LIGHT = [
    ("--help", ("msgspec", "tabulate", "conformance.model", *SLOW)),
    ("schema --help", ("msgspec", *SLOW)),
    ("report --help", SLOW),
    ("diff --help", SLOW),
]


@pytest.mark.parametrize(("line", "slow"), LIGHT, ids=[each[0] for each in LIGHT])
def test_what_answers_at_once_imports_nothing_slow(line: str, slow: tuple[str, ...]) -> None:
    text = f"""
import sys
from conformance.cli import main
sys.argv[1:] = {line.split()!r}
assert main() == 0
print("imported:", *(name for name in {slow!r} if name in sys.modules))
"""
    assert script(text).stdout.splitlines()[-1] == "imported:"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_the_commands_say_of_themselves(name: str) -> None:
    text = f"import conformance.cli.{name} as module; print(module.command.get_short_help_str(1000))"
    assert script(text).stdout.strip().removesuffix(".") == COMMANDS[name]
