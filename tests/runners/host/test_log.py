from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from runners.base import LOG_BYTES
from runners.host.log import Log
from tests.processes import eventually


def test_what_was_said_can_be_read_at_once_and_after_the_end() -> None:
    with Log() as log:
        os.write(log.writer, b"one\n")
        assert log.text() == "one\n"
        os.write(log.writer, b"two\x1b[31m\n")
    assert log.text() == "one\ntwo[31m\n"


def test_a_socket_is_listened_to_until_its_end() -> None:
    ours, theirs = socket.socketpair()
    with Log(ours.detach()) as log, theirs:
        theirs.sendall(b"panic\n")
        theirs.close()
        assert log.text() == "panic\n"


@pytest.mark.parametrize("how", ["yes", "head -c 300000000 /dev/zero", "while :; do echo; done"])
def test_whoever_never_stops_talking_takes_no_more_than_a_little_memory(how: str) -> None:
    with Log() as log, subprocess.Popen(["/bin/sh", "-c", how], stdout=log.writer, stderr=log.writer) as talker:
        assert eventually(lambda: len(log._end) > LOG_BYTES)
        for _ in range(100):
            assert len(log._end) <= 5 * LOG_BYTES
            assert len(log.text()) <= LOG_BYTES
        talker.kill()


def test_nothing_is_left_of_it() -> None:
    before = sorted(Path("/proc/self/fd").iterdir())
    for _ in range(3):
        with Log() as log:
            os.write(log.writer, b"x")
        log.close()
    assert sorted(Path("/proc/self/fd").iterdir()) == before
