"""Once: cases that go wrong the first time, and never again in the same place."""

from __future__ import annotations

import os
import signal

import pytest

PLACE = os.environ["TMPDIR"]


def first(name: str) -> bool:
    """Whether this is the first time."""
    try:
        os.close(os.open(f"{PLACE}/{name}", os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


@pytest.mark.shares("mnt", "pid")
def test_crashes_once() -> None:
    if first("crashed"):
        os.kill(os.getpid(), signal.SIGSEGV)


@pytest.mark.shares("mnt", "pid")
def test_hangs_once() -> None:
    while first("hung"):
        signal.pause()


def test_never_goes_wrong() -> None:
    pass
