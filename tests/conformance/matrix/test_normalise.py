from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.matrix.normalise import Normal, _members, normalise
from conformance.model import Json, Outcome, Step
from conformance.syscalls.files.status import Statx
from conformance.syscalls.machinery.aliases import Time64
from conformance.syscalls.machinery.buffers import U64, Struct
from conformance.syscalls.machinery.kinds import Names
from conformance.syscalls.machinery.show import shown
from conformance.syscalls.machinery.table import stubs
from tests.builders import passed, result, step

AT_FDCWD = -100


class Inner(Struct):
    """A time and something else."""

    when: Time64
    what: U64


class Outer(Struct):
    """A struct with a struct in it, whose members were its own once."""

    inner: Inner
    last: U64

    former = {"when": "inner.when", "what": "inner.what"}  # noqa: RUF012 - nobody changes it


def normal(*steps: Step) -> Normal:
    """The comparable form of a case that made these calls."""
    return normalise(passed(*steps))


def opening(fd: int, path: str = "a") -> Step:
    return step("openat", AT_FDCWD, path, 0o102, 0o600, result=fd)


# Renaming


def test_fds_are_compared_by_the_order_in_which_they_appear() -> None:
    assert normal(opening(3), opening(4, "b")) == normal(opening(7), opening(5, "b"))


def test_that_two_fds_are_the_same_one_is_compared() -> None:
    assert normal(opening(3), step("close", 3), opening(3)) != normal(opening(3), step("close", 3), opening(4))


def test_that_a_call_uses_another_fd_is_compared() -> None:
    twice = [opening(3), opening(4, "b")]
    assert normal(*twice, step("close", 3)) != normal(*twice, step("close", 4))


@pytest.mark.parametrize("fd", [0, 1, 2, -1, AT_FDCWD])
def test_standard_streams_and_numbers_that_are_no_fds_are_compared_as_they_are(fd: int) -> None:
    assert normal(step("close", fd)) != normal(step("close", 9))
    assert normal(step("close", fd)) != normal(step("close", -7))


def test_pids_are_compared_by_the_order_in_which_they_appear() -> None:
    def calls(parent: int, child: int) -> Normal:
        return normal(step("getpid", result=parent), step("kill", child, 9), step("kill", parent, 0))

    assert calls(100, 101) == calls(7, 2000)
    assert calls(100, 101) != calls(100, 100)


def test_a_pid_in_a_path_is_the_same_as_the_pid_that_a_call_returned() -> None:
    def calls(pid: int, shown: int) -> Normal:
        return normal(step("getpid", result=pid), opening(3, f"/proc/{shown}/status"))

    assert calls(100, 100) == calls(7, 7)
    assert calls(100, 100) != calls(7, 8)


def test_other_numbers_in_paths_are_kept() -> None:
    assert normal(opening(3, "/tmp/100/a")) != normal(opening(3, "/tmp/101/a"))
    assert normal(opening(3, "/proc/sys/kernel")) != normal(opening(3, "/proc/sys/vm"))


def test_a_pair_of_new_fds_is_renamed_in_the_memory_that_holds_it() -> None:
    def calls(one: int, other: int) -> Normal:
        written = one.to_bytes(4, "little") + other.to_bytes(4, "little")
        return normal(step("pipe2", None, 0, outs={"0": written.decode("latin-1")}), step("close", one))

    assert calls(3, 4) == calls(8, 9)
    assert calls(3, 4) != calls(3, 3)


def test_an_inode_is_compared_with_other_inodes_only() -> None:
    def status(ino: int, links: int = 1) -> Step:
        return step("fstat", 3, None, outs={"1": {"st_ino": ino, "st_nlink": links}})

    assert normal(status(7), status(8)) == normal(status(70), status(80))
    assert normal(status(7), status(7)) != normal(status(70), status(80))
    assert normal(status(7, links=1)) != normal(status(7, links=2))


# Masks


def test_a_time_is_masked_but_not_its_absence() -> None:
    assert normal(step("time", None, result=1_700_000_000)) == normal(step("time", None, result=1))
    with_pointer = step("clock_gettime", 1, None, outs={"1": {"tv_sec": 5, "tv_nsec": 6}})
    assert normal(with_pointer) == normal(step("clock_gettime", 1, None, outs={"1": {"tv_sec": 9, "tv_nsec": 0}}))
    assert normal(with_pointer) != normal(step("clock_gettime", 1, None))


def test_an_address_is_compared_with_null_only() -> None:
    def mapped(address: int) -> Normal:
        return normal(step("mmap", 0, 4096, 3, 0x22, -1, 0, result=address))

    assert mapped(0x7F00_0000_0000) == mapped(0x7FFF_0000_1000)
    assert mapped(0x7F00_0000_0000) != mapped(0)
    assert normal(step("mmap", 0x10000, 4096, 3, 0x22, -1, 0)) != normal(step("mmap", 0, 4096, 3, 0x22, -1, 0))


def test_a_length_beside_an_address_is_kept() -> None:
    assert normal(step("munmap", 0x1000, 4096)) != normal(step("munmap", 0x1000, 8192))


def test_random_bytes_are_masked_but_not_how_many_there_are() -> None:
    assert normal(step("getrandom", None, 4, 0, result=4, outs={"0": "abcd"})) == normal(
        step("getrandom", None, 4, 0, result=4, outs={"0": "wxyz"})
    )
    assert normal(step("getrandom", None, 4, 0, result=4)) != normal(step("getrandom", None, 4, 0, result=3))


def test_what_was_read_is_compared_byte_by_byte() -> None:
    assert normal(step("read", 0, None, 4, result=2, outs={"1": "ab"})) != normal(
        step("read", 0, None, 4, result=2, outs={"1": "ac"})
    )


def test_a_result_is_no_matter_when_the_call_failed() -> None:
    assert normal(step("getpid", result=-1, errno=1)) == normal(step("getpid", result=-14, errno=1))
    assert normal(step("getpid", result=-1, errno=1)) != normal(step("getpid", result=-1, errno=2))


# What nobody described


def test_an_unknown_call_is_compared_as_it_is() -> None:
    assert normal(step("frobnicate", 3, "x", result=5)) == normal(step("frobnicate", 3, "x", result=5))
    assert normal(step("frobnicate", 3, "x", result=5)) != normal(step("frobnicate", 4, "x", result=5))


def test_values_that_no_kind_expects_are_compared_as_they_are() -> None:
    odd = step("openat", "no fd", {"not": "a path"}, [1, 2], None, 5, 6, 7, result=3, outs={"9": [1], "x": "y"})
    assert normal(odd) == normal(odd)
    assert normal(odd) != normal(step("openat", "no fd", {"not": "a path"}, [1, 3], None, result=3))


def test_observations_do_not_depend_on_the_order_of_keys() -> None:
    def observed(value: dict[str, int]) -> Normal:
        return normalise(result(observations={"fields": dict(value)}))

    assert observed({"a": 1, "b": 2}) == observed({"b": 2, "a": 1})
    assert observed({"a": 1, "b": 2}) != observed({"a": 1, "b": 3})


def test_calls_of_a_child_are_not_those_of_the_case() -> None:
    assert normal(Step("getuid", [], 0)) != normal(Step("getuid", [], 0, process=1))


# Showing


@pytest.mark.parametrize(
    ("made", "line"),
    [
        (opening(3), "openat(AT_FDCWD, b'a', O_CREAT|O_RDWR, 0600) = 3"),
        (step("close", 9, result=-1, errno=9), "close(9) = -1 EBADF"),
        (step("read", 3, None, 5, result=5, outs={"1": "hello"}), "read(3, b'hello', 5) = 5"),
        (step("kill", 7, 9), "kill(7, SIGKILL) = 0"),
        (step("frobnicate", 1, None, [2]), "frobnicate(1, NULL, [2]) = 0"),
        (step("close", 3, errno=4095, result=-1), "close(3) = -1 4095"),
        (step("read", 3, None, 5, result=-1, errno=14, outs={"1": "he"}), "read(3, b'he', 5) = -1 EFAULT"),
        (
            step("epoll_ctl", 3, 1, 4, {"events": 1}, result=-1, errno=22, outs={"3": {"events": 4}}),
            "epoll_ctl(3, EPOLL_CTL_ADD, 4, {events=EPOLLIN} => {events=EPOLLOUT}) = -1 EINVAL",
        ),
        (Step("getuid", [], 0, process=2), "[child 2] getuid() = 0"),
    ],
)
def test_a_call_is_shown_in_the_manner_of_strace(made: Step, line: str) -> None:
    assert shown(made) == line


# What a guest that lies may say

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.just("/proc/²/x"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
STEPS = st.builds(
    Step,
    call=st.sampled_from(sorted(stubs())) | st.text(),
    args=st.lists(VALUES, max_size=7),
    result=st.integers(),
    errno=st.integers(),
    outs=st.dictionaries(st.integers(0, 7).map(str) | st.text(), VALUES, max_size=3),
)


@settings(deadline=None)
@given(st.lists(STEPS, max_size=3), st.dictionaries(st.text(), VALUES, max_size=2))
def test_whatever_a_guest_says_can_be_compared_and_shown(steps: list[Step], observations: dict[str, Json]) -> None:
    said = result(Outcome.PASSED, *steps, observations=observations)
    assert normalise(said) == normalise(said)
    assert all(isinstance(shown(each), str) for each in steps)


def test_a_buffer_that_was_recorded_in_part_can_be_compared() -> None:
    long = "a" * 1024 + "…(2048 bytes)"
    pair = step("pipe2", None, 0, outs={"0": long})
    assert normal(pair) == normal(pair)


def test_values_that_are_nested_without_end_can_be_compared_and_shown() -> None:
    deep: Json = []
    for _ in range(100_000):
        deep = [deep]
    hostile = step("read", deep, deep, outs={"1": deep})
    assert normalise(result(Outcome.PASSED, hostile, observations={"a": deep}))
    assert "nested too deeply" in shown(hostile)


def test_members_of_a_struct_within_a_struct_have_kinds_too() -> None:
    """The times of `struct statx`, say: masked, while what is beside them is compared."""
    names = Names()
    one, other = ({"inner": {"when": when, "what": 1}} for when in (5, 6))
    assert _members(one, Outer, names) == _members(other, Outer, names)
    assert _members(one, Outer, names) != _members({"inner": {"when": 5, "what": 2}}, Outer, names)


# Records of old


def test_a_record_that_has_inner_members_in_a_row_is_compared_with_one_that_nests_them() -> None:
    """`comparable` and kinds see no other form."""
    flat, nested = {"when": 5, "what": 1, "last": 2}, {"inner": {"when": 6, "what": 1}, "last": 2}
    assert _members(flat, Outer, Names()) == _members(nested, Outer, Names())
    assert _members({**flat, "what": 3}, Outer, Names()) != _members(nested, Outer, Names())


def seen_as(names: str, *values: int) -> dict[str, Json]:
    """A struct as a record has it."""
    return dict(zip(names.split(), values, strict=True))


OF_OLD: dict[str, Json] = {
    **seen_as("stx_mask stx_blksize stx_attributes stx_nlink stx_uid stx_gid", 0x17FF, 4096, 0, 1, 0, 0),
    **seen_as("stx_mode pad0 stx_ino stx_size stx_blocks stx_attributes_mask", 0o100644, 0, 7, 5, 8, 0x203000),
    **seen_as("stx_atime stx_atime_nsec pad1 stx_btime stx_btime_nsec pad2", 1, 2, 0, 1_700_000_000, 123_456, 0),
    **seen_as("stx_ctime stx_ctime_nsec pad3 stx_mtime stx_mtime_nsec pad4", 1_700_000_000, 123_456, 0, 3, 4, 0),
    **seen_as("stx_rdev_major stx_rdev_minor stx_dev_major stx_dev_minor", 0, 0, 0, 30),
    **seen_as("stx_mnt_id stx_dio_mem_align stx_dio_offset_align", 90, 0, 0),
    **{f"spare{at}": 0 for at in range(12)},
}
"""A `struct statx` as records had it while its times were not nested."""


def statx_step(seen: Json) -> Step:
    return step("statx", AT_FDCWD, "file", 0, 0x7FF, None, outs={"4": seen})


def test_a_status_of_old_is_what_the_kernel_says_today() -> None:
    now, first, last = (seen_as("tv_sec tv_nsec pad", *each, 0) for each in ((1_700_000_009, 9_999), (1, 2), (3, 4)))
    today: dict[str, Json] = {name: value for name, value in OF_OLD.items() if name in Statx.members}
    today |= {"stx_atime": first, "stx_btime": now, "stx_ctime": now, "stx_mtime": last, "spare": [5] * 12}
    assert today.keys() == Statx.members.keys()
    assert normal(statx_step(OF_OLD)) == normal(statx_step(today))
    assert normal(statx_step(OF_OLD)) != normal(statx_step({**today, "stx_mtime": first}))
    assert "stx_atime={tv_sec=1, tv_nsec=2}," in shown(statx_step(OF_OLD))


def test_times_of_old_that_were_not_asked_for_are_not_compared() -> None:
    unasked: dict[str, Json] = {**OF_OLD, "stx_mask": 0x17FF & ~0x40}
    assert normal(statx_step(unasked)) == normal(statx_step({**unasked, "stx_mtime": 8, "stx_mtime_nsec": 0}))
    assert normal(statx_step(OF_OLD)) != normal(statx_step({**OF_OLD, "stx_mtime": 8, "stx_mtime_nsec": 0}))
