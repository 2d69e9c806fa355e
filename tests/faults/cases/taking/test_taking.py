"""Taking: cases that take what the machine cannot spare. MARK is replaced by a name that only their processes have."""

from __future__ import annotations

import os
import time

import pytest

from conformance.syscalls.mounts.mount import mount
from conformance.syscalls.processes.prctl import PR_SET_NAME, prctl

NAME = b"MARK"


def test_forks_for_ever() -> None:
    prctl(PR_SET_NAME, NAME)
    while True:
        os.fork()


def test_forks_for_ever_in_sessions_of_their_own() -> None:
    prctl(PR_SET_NAME, NAME)
    while True:
        if os.fork() == 0:
            os.setsid()


def test_eats_memory() -> None:
    prctl(PR_SET_NAME, NAME)
    kept = []
    while True:
        kept.append(bytearray(b"x" * (4 << 20)))


def test_eats_memory_in_many_processes() -> None:
    prctl(PR_SET_NAME, NAME)
    for _ in range(12):
        if os.fork() == 0:
            kept = bytearray(b"x" * (64 << 20))
            time.sleep(1000)
            del kept
    os.wait()


@pytest.mark.needs("root")
def test_eats_memory_by_files() -> None:
    prctl(PR_SET_NAME, NAME)
    os.mkdir("large")
    mount(b"large", b"large", b"tmpfs", 0, b"size=8g")
    with open("large/file", "wb", buffering=0) as file:
        for _ in range(8 << 10):
            file.write(bytes(1 << 20))


@pytest.mark.needs("root")
def test_has_a_child_that_eats_memory_by_files_and_sees_to_it() -> None:
    prctl(PR_SET_NAME, NAME)
    os.mkdir("large")
    mount(b"large", b"large", b"tmpfs", 0, b"size=8g")
    if (pid := os.fork()) == 0:
        kept = bytearray(b"x" * (96 << 20))  # more than anybody else, so that the kernel chooses this one
        with open("large/file", "wb", buffering=0) as file:
            for _ in range(8 << 10):
                file.write(bytes(1 << 20))
        del kept
        os._exit(0)
    os.waitpid(pid, 0)


def test_fills_its_disk() -> None:
    prctl(PR_SET_NAME, NAME)
    with open("large", "wb", buffering=0) as file:
        for _ in range(1 << 10):
            file.write(bytes(1 << 20))


def test_prints_10_gigabytes() -> None:
    prctl(PR_SET_NAME, NAME)
    for _ in range(10 << 10):
        os.write(1, b"x" * (1 << 20))


def test_prints_10_gigabytes_of_lines_as_errors() -> None:
    prctl(PR_SET_NAME, NAME)
    for _ in range(10 << 20):
        os.write(2, b'{"kind":"end"}\n' * 68)


def test_takes_nothing() -> None:
    prctl(PR_SET_NAME, NAME)
