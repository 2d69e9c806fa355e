"""What is asked of descriptions, one call a question."""

from __future__ import annotations

from conformance.search.distill.facts import Goal, Sort
from conformance.search.distill.trials import Trial, is_apart, trials
from conformance.syscalls.files.opening import O_CREAT, O_RDWR
from conformance.syscalls.polling.eventfd import EFD_NONBLOCK

FLAGS = 2
"""The place of openat's flags."""


def asked(*labels: str) -> list[Trial]:
    """All that is asked of them."""
    return list(trials(labels))


def of(sort: Sort, several: list[Trial]) -> set[tuple[str, ...]]:
    """What the questions of a sort are about."""
    return {each.goal.about for each in several if each.goal and each.goal.sort is sort}


def test_the_plainest_call_is_asked_first_and_then_one_odd_argument_at_a_time() -> None:
    first, *others = [each for each in asked("openat") if each.goal is None]
    assert first.plain
    assert not first.odd
    assert {each.odd for each in others} == {"dirfd", "path", "flags", "mode"}
    assert not any(each.plain for each in others)


def test_each_flag_is_tried_alone_and_beside_what_works() -> None:
    goal = Goal("openat", Sort.FLAG, ("flags", "O_CREAT"))
    assert [each.calls[-1].args[FLAGS] for each in asked("openat") if each.goal == goal] == [O_CREAT | O_RDWR, O_CREAT]


def test_a_bit_without_a_name_is_tried() -> None:
    assert of(Sort.BIT, asked("eventfd2")) == {("flags",)}
    (bit,) = [each.calls[-1].args[1] for each in asked("eventfd2") if each.goal and each.goal.sort is Sort.BIT]
    assert bit == 1 << 30 | EFD_NONBLOCK


def test_a_choice_of_one_value_has_no_bits() -> None:
    assert of(Sort.BIT, asked("lseek")) == set()


def test_every_kind_of_fd_is_tried_once_a_call() -> None:
    kinds = of(Sort.DESCRIPTOR, asked("fcntl", "fcntl_dupfd", "lseek"))
    assert ("lseek", "fd", "epoll") in kinds
    assert ("fcntl", "fd", "pipe r") in kinds
    assert not any(label == "fcntl_dupfd" for label, *_ in kinds)


def test_sockets_are_asked_by_family_type_and_protocol() -> None:
    about = of(Sort.SOCKET, asked("socket", "socketpair"))
    assert {("AF_INET", "SOCK_DGRAM", "17"), ("AF_UNIX", "SOCK_STREAM", "0")} < about
    assert not any("CLOEXEC" in kind for _, kind, _ in about)


def test_options_are_asked_whole_and_in_too_few_bytes() -> None:
    about = of(Sort.OPTION, asked("getsockopt_number", "setsockopt_number"))
    assert {(level, size) for level, _, size in about} == {("SOL_SOCKET", size) for size in ("", "of-1-byte")}


def test_what_the_executor_does_is_asked_nothing() -> None:
    assert asked("spawn_exit", "thread") == []


def test_an_operation_by_a_command_is_apart_from_its_call_and_one_by_flags_is_not() -> None:
    assert is_apart("openat")
    assert is_apart("fcntl_dupfd")
    assert not is_apart("openat_dir")
