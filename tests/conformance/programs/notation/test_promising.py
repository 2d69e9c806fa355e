from __future__ import annotations

import pytest

from conformance.programs.notation.errors import NotationError
from conformance.programs.notation.layout import WIDTH
from conformance.programs.notation.parse import parse_file
from conformance.programs.notation.printing import print_file
from conformance.programs.notation.promises import (
    Blocks,
    Compare,
    Comparison,
    Exits,
    Fails,
    Killed,
    Promise,
    Returns,
    ReturnsResult,
    Succeeds,
    Written,
)
from conformance.syscalls.files.opening import O_APPEND, O_RDWR

SIZE = Comparison("st_size", Compare.EQUAL, 26)
LINKS = Comparison("st_nlink", Compare.LEAST, 1)


def promises(line: str) -> tuple[Promise, ...]:
    """What a program's last call promises, which prints as it is written."""
    text = f"x:\n    r0 = getpid()\n    {line}\n"
    file = parse_file(text, "x.calls")
    assert print_file(file) == text
    return file.programs[0].steps[-1].promises


@pytest.mark.parametrize(
    ("line", "promise"),
    [
        ("dup(0) = 3", Promise(Returns(Compare.EQUAL, 3))),
        ("dup(0) >= 3", Promise(Returns(Compare.LEAST, 3))),
        ("dup(0) != 0", Promise(Returns(Compare.UNEQUAL, 0))),
        ("fcntl(0, F_GETFL, 0) = O_RDWR|O_APPEND", Promise(Returns(Compare.EQUAL, O_RDWR | O_APPEND))),
        ("getpgid(r0) = r0", Promise(ReturnsResult(0))),
        ("dup(0) = ok", Promise(Succeeds())),
        ("dup(0) = -1 EBADF", Promise(Fails(("EBADF",)))),
        ("dup(0) = -1 EACCES|EPERM", Promise(Fails(("EACCES", "EPERM")))),
        ("dup(0) blocks", Promise(Blocks())),
        ("load(NULL) killed by SIGSEGV", Promise(Killed("SIGSEGV"))),
        ("load(NULL) killed by SIGSEGV (SEGV_MAPERR)", Promise(Killed("SIGSEGV", "SEGV_MAPERR"))),
        ("dup(0) exits with 7", Promise(Exits(7))),
        ("fstat(0, room) = 0, {st_size=26}", Promise(Returns(Compare.EQUAL, 0), (Written("", (SIZE,)),))),
        (
            "fstat(0, room) = ok, buf={st_size=26, st_nlink >= 1}",
            Promise(Succeeds(), (Written("buf", (SIZE, LINKS)),)),
        ),
        ('read(0, room(4), 4) = 2, "ab"', Promise(Returns(Compare.EQUAL, 2), (Written("", (), b"ab"),))),
        (
            "getsockname(0, room(16), [size]) = 0, length=[16]",
            Promise(Returns(Compare.EQUAL, 0), (Written("length", (), b"\x10\0\0\0"),)),
        ),
        ("dup(0) = ok or missing", Promise(Succeeds(), missing=())),
        ("dup(0) = ok or missing ENOSYS|ENODEV", Promise(Succeeds(), missing=("ENOSYS", "ENODEV"))),
        ("dup(0) = 3 [kernel >= 6.6]", Promise(Returns(Compare.EQUAL, 3), condition="kernel >= 6.6")),
        (
            "dup(0) = 3 or missing [kernel >= 6.6 and build != 9] needs root, x86_64",
            Promise(Returns(Compare.EQUAL, 3), (), (), "kernel >= 6.6 and build != 9", ("root", "x86_64")),
        ),
    ],
)
def test_a_promise_is_a_value(line: str, promise: Promise) -> None:
    assert promises(line) == (promise,)


def test_of_several_kernels_several_things_are_promised() -> None:
    (newer, older) = promises("dup(0) = 3 [kernel >= 6.6]\n        = -1 ENOSYS [kernel < 6.6]")
    assert (newer.end, older.end) == (Returns(Compare.EQUAL, 3), Fails(("ENOSYS",)))


def test_two_equal_signs_are_one() -> None:
    text = "x:\n    fstat(0, room) == 0, {st_size == 26}\n"
    assert "= 0, {st_size=26}" in print_file(parse_file(text, "x.calls"))


def test_text_in_a_member_is_held_against_text() -> None:
    (promise,) = promises('exec_report(room) = ok, {comm="program", uid=0}')
    assert promise.written[0].members[0] == Comparison("comm", Compare.EQUAL, b"program")


def test_a_member_of_a_member_is_named_with_a_dot() -> None:
    (promise,) = promises('statx(AT_FDCWD, "f0", 0, 0, room) = 0, {stx_atime.tv_sec <= 5}')
    assert promise.written[0].members == (Comparison("stx_atime.tv_sec", Compare.MOST, 5),)


def test_promises_that_are_long_stay_within_a_line() -> None:
    members = ", ".join(f"{name} >= 1000000" for name in ("st_size", "st_blocks", "st_nlink", "st_ino", "st_blksize"))
    text = print_file(parse_file(f"x:\n  fstat(0, room) = 0, {{{members}, st_uid=1, st_gid=1}} [kernel >= 6.6]\n", "x"))
    assert max(map(len, text.splitlines())) <= WIDTH
    assert print_file(parse_file(text, "x.calls")) == text


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("dup(0) or missing", "was expected behind a call, not or"),
        ("dup(0) = 3 or 4", "`missing` was expected behind `or`, not 4"),
        ("dup(0) = 3 = 4", "another promise stands on a line of its own"),
        ("dup(0) exits 3", "`with` was expected"),
        ("dup(0) exits with 300", "a status is a number from 0 to 255, not 300"),
        ("fstat(0, room) = 0, {st_atime.tv_sec=1}", "nothing is known of the members"),
        ('statx(0, "f0", 0, 0, room) = 0, {stx_atime=5}', "stx_atime is a struct: one of its members was expected"),
        ("exec_report(room) = 0, {comm=5}", "comm is an array"),
        ("fstat(0, room) = 0, fd={st_size=1}", "fd is no memory whose members are known here"),
        ("fstat(0, room) = 0, bfu={st_size=1}", "fstat has no argument bfu; did you mean buf?"),
        ("clock_nanosleep(0, 0, {}, {}) = 0, {tv_sec=1}, 5", "what was written was expected"),
        ("dup(0) = 3 [kernel]", "is not a condition"),
        ("dup(0) = 3 []", "a condition such as `[kernel >= 6.6]` was expected"),
    ],
)
def test_a_promise_that_cannot_be_says_what_would_be_right(line: str, what: str) -> None:
    with pytest.raises(NotationError, match=r"^x\.calls:\d+:\d+: ") as caught:
        parse_file(f"x:\n    {line}\n", "x.calls")
    assert what in str(caught.value)
