"""What is chosen of all that was gathered."""

from __future__ import annotations

from conformance.search.bind import complete, plain_call
from conformance.search.distill.choosing import SOME_KINDS, Chosen, choose, drop_unsteady, usual
from conformance.search.distill.facts import ACCEPTED, Fact, Goal, Sort
from conformance.search.distill.gathering import Gathered
from conformance.search.distill.promising import listing
from conformance.syscalls.files.opening import O_CREAT, O_RDWR
from tests.conformance.search.distill.native_lane import NOWHERE, OPEN, done, given, native
from tests.conformance.search.native import needs_executor

EXCL = Goal("openat", Sort.FLAG, ("flags", "O_EXCL"))


def chosen_of(gathered: Gathered, *already: tuple[str, str]) -> tuple[Chosen, list[str]]:
    """What openat's file has afterwards; `already` are programs that it has before, by name."""
    those = {"openat": Chosen("openat")}
    for name, text in already:
        execution = done(text)
        those["openat"].keep(listing(name, execution), execution)
    with native() as lane:
        unsteady = choose([lane], gathered, those)
    return those["openat"], unsteady


def gathered_of(*texts: str) -> Gathered:
    """What some programs show."""
    gathered = Gathered(set())
    for text in texts:
        gathered.learn(done(text))
    return gathered


@needs_executor
def test_each_fact_gets_a_program_and_one_that_shows_several_is_there_once() -> None:
    found, unsteady = chosen_of(gathered_of(OPEN, NOWHERE))
    assert set(found.listings) == {"succeeds", "enoent-of-path"}
    assert Fact(Goal("openat", Sort.FLAG, ("flags", "O_RDWR")), ACCEPTED) in found.facts
    assert unsteady == []


@needs_executor
def test_what_a_file_has_already_is_not_chosen_again() -> None:
    found, _ = chosen_of(gathered_of(OPEN, NOWHERE), ("as-it-was", OPEN))
    assert set(found.listings) == {"as-it-was", "enoent-of-path"}


@needs_executor
def test_a_flag_that_is_refused_alone_and_accepted_elsewhere_is_accepted() -> None:
    gathered = Gathered(set())
    refused = complete([plain_call("openat", flags=O_RDWR | O_CREAT | 0o200)])
    gathered.offer(Fact(EXCL, "EEXIST"), refused, asked=True)
    assert set(chosen_of(gathered)[0].listings) == {"o-excl-is-eexist"}
    gathered.learn(done('openat(AT_FDCWD, "f1", O_RDWR|O_CREAT|O_EXCL, 0644)'))
    found = chosen_of(gathered)[0]
    assert "o-excl-is-eexist" not in found.listings
    assert Fact(EXCL, ACCEPTED) in found.facts


@needs_executor
def test_two_questions_with_one_program_are_answered_once() -> None:
    gathered = Gathered(set())
    refused = complete([plain_call("eventfd2", flags=1 << 30)])
    gathered.offer(Fact(Goal("openat", Sort.BIT, ("flags",)), "EINVAL"), refused, asked=True)
    gathered.offer(Fact(Goal("openat", Sort.ARGUMENT, ("openat", "flags", "EINVAL")), "EINVAL"), refused, asked=True)
    found, _ = chosen_of(gathered)
    assert set(found.listings) == {"unknown-bit-of-flags-is-einval"}
    assert {each.goal.sort for each in found.facts} >= {Sort.BIT, Sort.ARGUMENT}


def kind(name: str, said: str) -> Fact:
    """What a kind of fd comes to."""
    return Fact(Goal("accept", Sort.DESCRIPTOR, ("accept", "fd", name)), said)


def test_of_kinds_of_fd_that_come_to_the_same_errno_some_stand_for_all() -> None:
    others = {kind(name, "ENOTSOCK") for name in ("dir", "mem", "epoll", "timer")}
    some = {kind(name, "ENOTSOCK") for name in SOME_KINDS}
    odd = {kind("path", "EBADF"), kind("socket inet udp", "EOPNOTSUPP")}
    assert usual(others | some | odd) == others


def test_where_no_errno_is_most_kinds_or_they_are_accepted_each_counts() -> None:
    assert usual([kind("dir", "EISDIR"), kind("mem", "EINVAL"), kind("path", "EBADF")]) == set()
    assert usual([kind("dir", ACCEPTED), kind("mem", ACCEPTED), kind("path", ACCEPTED)]) == set()


@needs_executor
def test_a_program_that_blocks_is_left_out_and_named() -> None:
    gathered = Gathered(set())
    goal = Goal("openat", Sort.FLAG, ("flags", "O_CREAT"))
    blocking = 'mknod("f1", S_IFIFO|0644, 0)\nopenat(AT_FDCWD, "f1", O_RDONLY, 0644)'
    gathered.offer(Fact(goal, ACCEPTED), given(blocking, 0, 0).program, asked=True)
    found, unsteady = chosen_of(gathered)
    assert found.listings == {}
    assert unsteady == ["openat: o-creat-is-accepted"]


@needs_executor
def test_a_kernel_without_the_call_says_nothing() -> None:
    gathered = Gathered(set())
    gathered.offer(Fact(EXCL, "ENOSYS"), given(OPEN, 0).program, asked=True)
    assert chosen_of(gathered)[0].listings == {}


@needs_executor
def test_what_does_something_else_in_its_turn_is_dropped_with_what_it_shows() -> None:
    found = Chosen("openat")
    for name, execution in {"lies": given(NOWHERE, -20), "succeeds": done(OPEN)}.items():
        found.keep(listing(name, execution), execution)
    with native() as lane:
        assert drop_unsteady([lane], {"openat": found}) == ["openat: lies"]
    assert set(found.listings) == {"succeeds"}
    assert Goal("openat", Sort.ERRNO, ("ENOTDIR",)) not in found.goals
