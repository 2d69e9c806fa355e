"""Which steps of which cases count, and for which area."""

from __future__ import annotations

import errno

import pytest

from conformance.coverage.counting import area_of, coverage_of
from conformance.coverage.facts import Flag, Met, Pair
from conformance.model import Json, Outcome
from conformance.syscalls.files.opening import O_CREAT, O_PATH, O_RDWR
from conformance.syscalls.polling.epoll import EPOLL_CTL_ADD, EPOLLIN, EPOLLOUT
from tests.builders import facts, passed, record, result, step
from tests.conformance.coverage.counted import counted

READ = step("read", 3, None, 4, result=4)
REFUSED = step("read", 3, None, 4, result=-1, errno=errno.EBADF)


@pytest.mark.parametrize("outcome", Outcome)
def test_only_cases_count_that_passed_or_failed(outcome: Outcome) -> None:
    met = coverage_of([record("native", result(outcome, READ, REFUSED))]).met
    if outcome in (Outcome.PASSED, Outcome.FAILED):
        assert met == Met(1, frozenset({"read"}), frozenset({Pair("read", errno.EBADF)}))
    else:
        assert met == Met()


def test_every_attempt_at_a_case_counts_and_the_case_once() -> None:
    met = coverage_of([record("native", passed(READ), result(Outcome.CRASH, step("write", 1)), passed(REFUSED))]).met
    assert met == Met(1, frozenset({"read"}), frozenset({Pair("read", errno.EBADF)}))


def test_a_call_that_failed_has_not_succeeded_and_its_flags_are_not_met() -> None:
    refused = step("openat", -100, "a", O_PATH, result=-1, errno=errno.ENOENT)
    met = counted(refused, step("openat", -100, "b", O_RDWR | O_CREAT, 0o600, result=3)).met
    assert met.flags == {Flag("openat", "flags", "O_RDWR"), Flag("openat", "flags", "O_CREAT")}
    assert met.pairs == {Pair("openat", errno.ENOENT)}


def test_calls_with_other_structs_are_looked_at_each() -> None:
    events: list[Json] = [{"events": each, "data": 7, "data_high": 0} for each in (EPOLLIN, EPOLLOUT)]
    met = counted(*(step("epoll_ctl", 3, EPOLL_CTL_ADD, 4, each) for each in events)).met
    assert {each.name for each in met.flags} == {"EPOLL_CTL_ADD", "EPOLLIN", "EPOLLOUT"}


def test_what_a_guest_has_nested_without_end_is_counted_past() -> None:
    deep: Json = 1
    for _ in range(100_000):
        deep = {"events": deep}
    met = counted(step("epoll_ctl", 3, EPOLL_CTL_ADD, 4, deep)).met
    assert {each.name for each in met.flags} == {"EPOLL_CTL_ADD"}


def test_what_the_executor_of_programs_does_is_no_call_of_the_kernel() -> None:
    assert counted(step("spawn_exit", 0, result=5)).met.calls == frozenset()


def test_cases_count_for_the_area_that_they_stand_in() -> None:
    records = [
        record(
            "native",
            result(Outcome.PASSED, READ, case="files/test_a.py::test_b"),
            result(Outcome.PASSED, step("socket", 1, 1, 0, result=3), case="sockets/test_c.py::test_d"),
        )
    ]
    whole = coverage_of(records)
    assert {name: met.calls for name, met in whole.areas.items()} == {"files": {"read"}, "sockets": {"socket"}}
    assert whole.met.calls == {"read", "socket"}
    assert coverage_of(records, "files").areas.keys() == {"files"}
    assert area_of("files/test_a.py::test_b") == "files"


def test_targets_are_counted_together() -> None:
    lacks = record("wsl1", passed(REFUSED), release="4.4.0", facts_of=facts("4.4.0", machine="aarch64"))
    coverage = coverage_of([record("native", passed(READ), release="6.12.1"), lacks])
    assert coverage.met == Met(1, frozenset({"read"}), frozenset({Pair("read", errno.EBADF)}))
    assert coverage.targets == {"native": "6.12.1", "wsl1": "4.4.0"}
    assert coverage.machines == {"x86_64", "aarch64"}


def test_a_target_that_did_not_start_has_met_nothing() -> None:
    coverage = coverage_of([record("wsl2", failed="no KVM")])
    assert (coverage.met, coverage.targets, coverage.table) == (Met(), {}, frozenset())
