from __future__ import annotations

import errno

import pytest

from conformance.model import Expectation, Outcome, Verdict
from conformance.rebase.facts import Effect
from conformance.rebase.options import Shift, shifts
from conformance.rebase.report import ComparedKernel, Outlook, Report, configuration, judge
from conformance.rebase.table import table
from tests.builders import result
from tests.conformance.rebase.rebases import FILES, QUEUE, between, did, kernel, lacks, lists, of

BEFORE = ComparedKernel("A", config={"POSIX_MQUEUE": "y", "FUSE_FS": "y"})
AFTER = ComparedKernel("B", config={"POSIX_MQUEUE": "n", "FUSE_FS": "m"})
HAS = [did(QUEUE, "mq_open"), lists(FILES, fuse="built in")]
LESS = [lacks(QUEUE, "mq_open", errno=errno.ENOSYS, says="mq_open: ENOSYS"), lists(FILES, fuse="module fuse")]


def options(report: Report) -> list[tuple[Effect, str]]:
    return [(each.kind, each.cause.what) for each in report.entries]


def test_what_is_lost_is_named_by_its_options_and_gained_on_the_way_back() -> None:
    found = judge(between(HAS, LESS), BEFORE, AFTER)
    assert options(found) == [(Effect.LOST, "CONFIG_POSIX_MQUEUE=y → n"), (Effect.LOST, "CONFIG_FUSE_FS=y → m")]
    assert found.verdict is Outlook.NOTICED
    back = judge(between(LESS, HAS), AFTER, BEFORE)
    assert options(back) == [(Effect.GAINED, "CONFIG_POSIX_MQUEUE=n → y"), (Effect.GAINED, "CONFIG_FUSE_FS=m → y")]
    assert back.verdict is Outlook.UNNOTICED


def test_a_kernel_beside_itself_brings_nothing() -> None:
    found = judge(between(HAS, HAS), BEFORE, BEFORE)
    assert (found.entries, found.verdict, found.same, found.notes) == ([], Outlook.UNNOTICED, 2, [])
    assert found.configuration.is_empty


def test_without_a_configuration_no_option_is_a_cause_and_that_is_said() -> None:
    found = judge(between(HAS, LESS), BEFORE, ComparedKernel("B", unreadable="it carries none"))
    assert {each.cause.what for each in found.entries} == {"unknown"}
    assert found.notes == ["the configuration of B is not known: it carries none"]
    assert found.configuration.is_empty


@pytest.mark.parametrize("who", ["from", "to"])
def test_a_kernel_that_did_not_run_is_the_gravest(who: str) -> None:
    """Whatever the other one did."""
    sides = [
        kernel(name, *(() if name == who else HAS), failed="it panicked" if name == who else None)
        for name in ("from", "to")
    ]
    found = judge(of(*sides), BEFORE, AFTER)
    assert found.verdict is Outlook.FAILED
    assert found.failed == [f"{who}: it panicked"]


def test_cases_that_one_side_has_not_run_are_lost_evidence() -> None:
    found = judge(between(HAS, LESS[:1]), BEFORE, AFTER)
    assert found.verdict is Outlook.INCOMPLETE
    assert [each.cases for each in found.lost] == [[FILES]]
    assert judge(between([], []), BEFORE, BEFORE).verdict is Outlook.INCOMPLETE


def test_what_somebody_has_accepted_is_no_change_for_the_worse() -> None:
    known = Expectation("*", "to", Verdict.MISSING, "meant")
    assert judge(between(HAS, LESS), BEFORE, AFTER, lambda _: known).verdict is Outlook.UNNOTICED
    assert judge(between(HAS, LESS), BEFORE, AFTER, {QUEUE: known}.get).verdict is Outlook.NOTICED


def test_what_dies_on_both_shows_nothing_unless_it_is_expected_and_what_is_flaky_is_kept_apart() -> None:
    dies = [result(Outcome.CRASH, case=QUEUE, message="panic")]
    found = judge(between(dies, dies), BEFORE, BEFORE)
    assert found.verdict is Outlook.INCOMPLETE
    assert [(each.why.rpartition(": ")[2], each.cases) for each in found.lost] == [("panic", [QUEUE])]
    known = judge(between(dies, dies), BEFORE, BEFORE, {QUEUE: Expectation(QUEUE, "to", Verdict.CRASH, "old")}.get)
    assert known.verdict is Outlook.UNNOTICED
    assert known.notes == [f"dies on both kernels, as expected: {QUEUE}, panic"]
    flaky = [did(QUEUE, "read", errno=errno.EINTR), did(QUEUE, "read")]
    found = judge(between([did(QUEUE, "read")], flaky), BEFORE, BEFORE)
    assert ([each.case for each in found.flaky], found.entries) == ([QUEUE], [])


@pytest.mark.parametrize(
    ("releases", "option", "cause"),
    [
        (("6.1.0", "6.12.0"), "n", "since Linux 6.2"),
        (("6.1.0", "6.12.0"), "y", "unknown"),
        (("6.6.0", "6.12.0"), "n", "unknown"),
        (("6.12.0", "6.1.0"), "n", "unknown"),
    ],
)
def test_a_change_is_cited_only_between_the_two_releases_and_unless_an_option_undoes_it(
    releases: tuple[str, str], option: str, cause: str
) -> None:
    tiocsti = 0x5412
    before, after = ([did(QUEUE, "ioctl", 3, tiocsti, "x", errno=each)] for each in (errno.EPERM, errno.EIO))
    old, new = (ComparedKernel(name, config={"LEGACY_TIOCSTI": option}) for name in "AB")
    found = judge(between(before, after, releases), old, new)
    assert [each.cause.what for each in found.entries] == [cause]


def test_the_configuration_is_told_by_what_it_means() -> None:
    before = {
        "POSIX_MQUEUE": "y",
        "POSIX_MQUEUE_SYSCTL": "y",
        "FUSE_FS": "y",
        "ODD": "y",
        "NEW": "n",
        "NR_CPUS": "8192",
    }
    after = {"POSIX_MQUEUE": "n", "FUSE_FS": "m", "ODD": "n", "NEW": "y", "NR_CPUS": "512"}
    found = configuration(shifts(before, after), table())
    assert [(each.means, [shift.name for shift in each.shifts]) for each in found.lost] == [
        ("POSIX message queues", ["POSIX_MQUEUE", "POSIX_MQUEUE_SYSCTL"]),
        ("", ["ODD"]),
    ]
    assert [[shift.name for shift in each.shifts] for each in found.modules] == [["FUSE_FS"]]
    assert [[shift.name for shift in each.shifts] for each in found.gained] == [["NEW"]]
    assert [[shift.name for shift in each.shifts] for each in found.values] == [["NR_CPUS"]]
    assert found.unmentioned == [Shift("POSIX_MQUEUE_SYSCTL", "y", "")]
