"""Calls of a log, argument by argument."""

from __future__ import annotations

import pytest

from conformance.search.strace.call import refusal
from tests.conformance.search.strace.logs import calls_of, left_of

OPEN = '1 open("a", O_RDWR|O_CREAT, 0666) = 3\n1 '


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("fcntl(3, F_GETFL) = 0x2", "fcntl(r0, F_GETFL)"),
        ("dup2(3, 20) = 20\n1 close(20) = 0", "close(r1)"),
        ("close(77) = -1 EBADF (Bad file descriptor)", "close(-1)"),
        ("read(3, 0x7f0000001234, 10) = -1 EFAULT (Bad address)", "read(r0, UNMAPPED, 10)"),
        ('read(3, "", 1000000) = 0', "read(r0, room(4096), 4096)"),
        ('write(3, "a"..., 6) = 6', 'write(r0, "a\\0\\0\\0\\0\\0", 6)'),
        ("ioctl(3, TCGETS, 0x7fff00001234) = -1 ENOTTY (No)", "ioctl(r0, TCGETS, room)"),
        ("poll(NULL, 0, 3600000) = 0", "poll(NULL, 0, 10)"),
        (
            "mmap(NULL, 10, PROT_READ, MAP_PRIVATE, 3, 0) = 0x7f1000",
            "mmap(ARENA, 10, PROT_READ, MAP_PRIVATE|MAP_FIXED, r0, 0)",
        ),
        ('memfd_create("name", 0) = 4', 'memfd_create("name", 0)'),
        ("getpid() = 7\n1 kill(7, 0) = 0", "kill(r1, 0)"),
        ('openat(AT_FDCWD, "a", O_RDONLY) = 4', 'openat(AT_FDCWD, "f1", O_RDONLY)'),
        ("rt_sigprocmask(SIG_BLOCK, [CHLD], [], 8) = 0", "rt_sigprocmask(SIG_BLOCK, u64[65536], room(8), 8)"),
    ],
)
def test_calls_are_said_with_what_they_were_given(line: str, said: str) -> None:
    assert said in calls_of(OPEN + line)[-1]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("close(1) = 0", "fd 1 is open since before the log"),
        ("kill(99, 0) = 0", "pid 99 is no process"),
        ('execve("/bin/true", ["true"], NULL) = 0', "what it executes is not there"),
        ("no_such_call(1) = 0", "it is not described here"),
        ("reboot(1, 2, 3, NULL) = 0", "no program makes it"),
        ("accept(3, NULL, NULL) = 4", "waits for another process"),
        ("munmap(0x7f0000001000, 10) = 0", "memory that a program does not have"),
        ('lseek(3, "a", SEEK_SET) = 0', "offset is a number"),
        ("lseek(3, 0, SEEK_WHAT) = 0", "there is no constant SEEK_WHAT"),
        ('open("/b"..., O_RDONLY) = 4', "its path only in part"),
        ('write(3, "a"..., 0) = 6', "only in part"),
        ("write(3, 0x7f0000001234, 6) = 6", "what buf points to is not said"),
    ],
)
def test_what_cannot_be_said_has_a_reason(line: str, why: str) -> None:
    (left,) = left_of(OPEN + line)
    assert why in left


def test_what_uses_the_fd_of_a_call_that_is_left_out_is_left_out() -> None:
    assert left_of('1 open("/dev/null", O_RDWR) = 3\n1 close(3) = 0')[1].endswith(
        "fd 3 comes from line 1, which is left out"
    )


def test_most_calls_are_refused_for_nothing() -> None:
    assert refusal("openat") == ""
