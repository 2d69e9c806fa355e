"""How the command ends when its surroundings are against it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from conformance.run.errors import Exit
from tests.conformance.cli.command import is_one_sentence
from tests.conformance.cli.started import ENDING, FAULTY, WAITING, environment, script, told

FULL = Path("/dev/full")

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
