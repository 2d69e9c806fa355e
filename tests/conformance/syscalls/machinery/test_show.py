from __future__ import annotations

import errno
from dataclasses import replace

import pytest

from conformance.model import Json, Step
from conformance.syscalls.machinery.show import kind_of_result, shown
from conformance.syscalls.machinery.table import describe
from tests.builders import step


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (step("getpid", result=77), "getpid() = 77"),
        (step("close", 40, result=-1, errno=errno.EBADF), "close(40) = -1 EBADF"),
        (
            step("openat", -100, "a\0", 0o102, 0o600, result=3),
            r"openat(AT_FDCWD, b'a\x00', O_CREAT|O_RDWR, 0600) = 3",
        ),
        (step("read", 3, None, 5, result=5, outs={"1": "hello"}), "read(3, b'hello', 5) = 5"),
        (step("no_such_call", 1, "x", None, result=2), "no_such_call(1, b'x', NULL) = 2"),
        (step("getpid", 1, 2, result=77), "getpid(1, 2) = 77"),
    ],
)
def test_a_call_is_a_line_as_strace_would_write_it(made: Step, told: str) -> None:
    assert shown(made) == told


def test_a_child_s_call_says_whose_it_is() -> None:
    assert shown(replace(step("getpid", result=7), process=2)) == "[child 2] getpid() = 7"


def test_of_a_call_that_failed_both_what_was_asked_for_and_what_was_written_are_shown() -> None:
    made = step("read", 3, "before", 5, result=-1, errno=errno.EFAULT, outs={"1": "after"})
    assert shown(made) == "read(3, b'before' => b'after', 5) = -1 EFAULT"


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (step("poll", {"fd": 3, "events": 1, "revents": 0}, 1, 0), "poll({fd=3, events=POLLIN, revents=0}, 1, 0) = 0"),
        (step("fcntl", 3, 5, {"l_type": 1, "pad": 0, "pad1": 7}), "fcntl(3, F_GETLK, {l_type=F_WRLCK, pad1=7}) = 0"),
    ],
)
def test_members_of_a_struct_are_shown_by_their_own_kinds_and_padding_where_it_is_not_zero(
    made: Step, told: str
) -> None:
    assert shown(made) == told


def test_what_a_guest_has_nested_without_end_is_a_line_all_the_same() -> None:
    deep: Json = 0
    for _ in range(100_000):
        deep = [deep]
    assert shown(step("no_such_call", deep)).startswith("no_such_call(")


def test_what_is_not_described_returns_anything() -> None:
    assert kind_of_result(None).show(-1) == "-1"
    stub = describe("getpid", [])
    assert stub is not None
    assert kind_of_result(stub) is stub.result
