"""Which questions there are of a call, and what a run says to them."""

from __future__ import annotations

from conformance.search.distill.facts import ACCEPTED, Fact, Goal, Sort, documented_errnos, facts_of, goals, last_facts
from tests.conformance.search.distill.native_lane import ENOENT, NOWHERE, OPEN, given


def fact(call: str, sort: Sort, *about: str, said: str = ACCEPTED) -> Fact:
    """An answer."""
    return Fact(Goal(call, sort, about), said)


def test_a_call_is_asked_for_its_documented_errnos_its_flags_and_its_operations() -> None:
    asked = goals(["fcntl"])
    assert {each.call for each in asked} == {"fcntl"}
    assert {
        Goal("fcntl", Sort.CALL),
        Goal("fcntl", Sort.OPERATION, ("fcntl_dupfd",)),
        Goal("fcntl", Sort.FLAG, ("command", "F_DUPFD")),
        Goal("fcntl", Sort.ERRNO, ("EBADF",)),
    } < asked


def test_nothing_is_asked_of_a_call_that_no_program_makes_but_its_documented_errnos() -> None:
    assert {each.sort for each in goals(["fork"])} <= {Sort.ERRNO}
    assert goals(["spawn_exit"]) == set()


def test_a_call_that_succeeds_shows_its_flags_and_operations() -> None:
    (shown,) = [{each for _, each in facts_of(given(OPEN, 0))}]
    assert {fact("openat", Sort.CALL), fact("openat", Sort.FLAG, "flags", "O_RDWR")} < shown
    assert fact("openat", Sort.OPERATION, "openat_file") in shown


def test_a_call_that_fails_shows_its_errno_and_nothing_else() -> None:
    assert list(facts_of(given(NOWHERE, ENOENT))) == [(0, fact("openat", Sort.ERRNO, "ENOENT", said="ENOENT"))]


def test_an_errno_that_no_page_has_is_no_fact() -> None:
    assert "EXDEV" not in documented_errnos()["openat"]
    assert list(facts_of(given(OPEN, -18))) == []


def test_what_the_executor_does_itself_is_no_call() -> None:
    assert list(facts_of(given("spawn_exit(0, 42)", 77))) == []


def test_the_last_call_alone_counts_for_a_program_and_only_if_it_was_reached() -> None:
    two = f"{OPEN}\n{NOWHERE}"
    assert last_facts(given(two, 0, ENOENT)) == {fact("openat", Sort.ERRNO, "ENOENT", said="ENOENT")}
    assert last_facts(given(two, 0)) == set()
