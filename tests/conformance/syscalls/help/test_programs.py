from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from conformance.syscalls.help.code import DATA, EXIT_WITH_RESULT, exit_code, load, raise_signal
from conformance.syscalls.help.programs import new_executable, new_program, run_program
from conformance.syscalls.machinery.call import recording
from tests.conformance.syscalls.machinery.test_call import Listener

EXIT_WITH_ARGC = b"\x48\x8b\x3c\x24\xb8\xe7\x00\x00\x00\x0f\x05"
x86_64 = pytest.mark.skipif(os.uname().machine != "x86_64", reason="machine code for x86-64")


@pytest.fixture(autouse=True)
def _room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@x86_64
def test_a_program_runs_with_its_data_and_says_how_it_ended() -> None:
    path = new_program(b"program", load(DATA) + EXIT_WITH_RESULT, b"\x07" + bytes(7))
    assert path == b"program"
    assert run_program(path) == 7
    assert run_program(new_program(b"another", raise_signal(signal.SIGUSR1) + exit_code(0))) == -signal.SIGUSR1


@x86_64
def test_arguments_follow_the_name() -> None:
    path = new_program(b"program", EXIT_WITH_ARGC)
    assert run_program(path) == 1
    assert run_program(path, b"x", b"y") == 3


def test_a_script_is_executed_as_well() -> None:
    assert run_program(new_executable(b"script", b"#!/bin/sh\nexit 9\n")) == 9


@pytest.mark.parametrize("mode", [0o755, 0o644, 0o4755, 0o777])
def test_the_mode_holds_whatever_the_umask(mode: int) -> None:
    new_executable(b"file", b"x", mode=mode)
    assert Path("file").stat().st_mode & 0o7777 == mode
    assert Path("file").read_bytes() == b"x"


@x86_64
def test_a_program_takes_the_place_of_one_that_runs() -> None:
    """Nobody could write to that one: ETXTBSY."""
    path = new_executable(b"program", b"#!/bin/sh\nexit 3\n")
    before = Path("program").stat().st_ino
    with Path("program").open("rb") as held:
        new_program(path, exit_code(4))
        assert held.read(2) == b"#!"
    assert Path("program").stat().st_ino != before
    assert run_program(path) == 4


def test_making_one_is_not_traced() -> None:
    listener = Listener()
    with recording(listener):
        new_executable(b"file", b"x")
    assert not listener.calls
