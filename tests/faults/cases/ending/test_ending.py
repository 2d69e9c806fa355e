"""Ending: cases that end badly, which says something of their target."""

from __future__ import annotations

import os
import signal

import pytest

from conformance.syscalls.processes.prctl import PR_SET_NAME, prctl

NAME = b"MARK"


def test_is_killed() -> None:
    prctl(PR_SET_NAME, NAME)
    os.kill(os.getpid(), signal.SIGKILL)


def test_crashes() -> None:
    prctl(PR_SET_NAME, NAME)
    os.kill(os.getpid(), signal.SIGSEGV)


@pytest.mark.needs("root")
def test_kills_everybody() -> None:
    assert os.getpid() < 10, "this is the machine's PID namespace"
    prctl(PR_SET_NAME, NAME)
    if os.fork() == 0:
        signal.pause()
    os.kill(-1, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.deadline(1)
def test_hangs_with_children() -> None:
    prctl(PR_SET_NAME, NAME)
    os.fork()
    for number in range(1, 32):
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(number, signal.SIG_IGN)
    while True:
        signal.pause()


def test_ends_well() -> None:
    prctl(PR_SET_NAME, NAME)
