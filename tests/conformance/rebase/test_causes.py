from __future__ import annotations

import pytest

from conformance.model import Expectation, Verdict
from conformance.rebase.causes import UNKNOWN, cause_of, entries
from conformance.rebase.facts import Effect, RebaseFact
from conformance.rebase.options import Shift
from conformance.rebase.table import CitedChange, OptionSigns, OptionTable

QUEUES = OptionSigns("POSIX_MQUEUE", "queues", ["call mq_*", "entry /proc/sys/fs/mqueue*"], "Kconfig")
FUSE = OptionSigns("FUSE_FS", "fuse", ["file system fuse*"], "Kconfig")
TABLE = OptionTable([QUEUES, FUSE, OptionSigns("ALL_FS", "all", ["file system *"], "Kconfig")])


def fact(kind: Effect, what: str, *signs: str, since: str = "", accepted: Expectation | None = None) -> RebaseFact:
    return RebaseFact(
        kind, what, signs or (what,), (f"area/test_{what.split(maxsplit=1)[0]}.py::test",), since, accepted
    )


def moved(**options: tuple[str, str]) -> dict[str, Shift]:
    return {name: Shift(name, *values) for name, values in options.items()}


LOST = fact(Effect.LOST, "mq_open: ENOSYS", "call mq_open() = -1 ENOSYS")


def test_an_option_that_was_lost_explains_what_it_shows() -> None:
    found = cause_of(LOST, moved(POSIX_MQUEUE=("y", "n")), TABLE)
    assert (found.what, found.option, found.means) == ("CONFIG_POSIX_MQUEUE=y → n", "POSIX_MQUEUE", "queues")


def test_an_option_that_has_not_moved_explains_nothing() -> None:
    assert cause_of(LOST, moved(FUSE_FS=("y", "n")), TABLE).what == UNKNOWN
    assert cause_of(LOST, {}, TABLE).what == UNKNOWN


@pytest.mark.parametrize(
    ("kind", "before", "after", "explains"),
    [
        (Effect.LOST, "y", "n", True),
        (Effect.LOST, "y", "m", True),
        (Effect.LOST, "n", "y", False),
        (Effect.LOST, "m", "y", False),
        (Effect.GAINED, "n", "m", True),
        (Effect.GAINED, "m", "y", True),
        (Effect.GAINED, "y", "n", False),
        (Effect.CHANGED, "y", "n", True),
        (Effect.CHANGED, "n", "y", True),
    ],
)
def test_an_option_must_have_moved_the_way_that_explains_it(
    kind: Effect, before: str, after: str, *, explains: bool
) -> None:
    found = cause_of(
        fact(kind, "mq_open"),
        moved(POSIX_MQUEUE=(before, after)),
        OptionTable([OptionSigns(*("POSIX_MQUEUE", "", ["mq*"], ""))]),
    )
    assert bool(found.option) is explains


def test_the_closest_row_is_the_cause() -> None:
    both = moved(FUSE_FS=("y", "m"), ALL_FS=("y", "n"))
    assert cause_of(fact(Effect.LOST, "file system fuse"), both, TABLE).option == "FUSE_FS"
    assert cause_of(fact(Effect.LOST, "file system minix"), both, TABLE).option == "ALL_FS"


def test_a_release_is_the_cause_where_no_option_is() -> None:
    gained = fact(Effect.GAINED, "mseal: there, before ENOSYS", since="6.10")
    assert cause_of(gained, {}, TABLE).what == "since Linux 6.10"


def test_all_that_one_option_explains_is_one_entry_as_grave_as_its_gravest_fact() -> None:
    facts = [
        LOST,
        fact(Effect.LOST, "entry /proc/sys/fs/mqueue: nothing"),
        fact(Effect.CHANGED, "call mq_unlink() = -1 EPERM"),
        fact(Effect.LOST, "other"),
        fact(Effect.LOST, "another"),
    ]
    found = entries(facts, moved(POSIX_MQUEUE=("y", "n")), TABLE)
    assert [(each.kind, each.cause.option, len(each.facts)) for each in found] == [
        (Effect.LOST, "POSIX_MQUEUE", 3),
        (Effect.LOST, "", 1),
        (Effect.LOST, "", 1),
    ]
    assert len(found[0].witnesses) == 3
    assert found[0].areas == ["area"]


def test_what_is_about_one_thing_is_one_entry_where_no_option_explains_it() -> None:
    facts = [
        fact(Effect.GAINED, "entry /proc/net/snmp Ip: In: key", "entry /proc/net/snmp Ip: In"),
        fact(Effect.GAINED, "entry /proc/net/snmp Ip: Out: key", "entry /proc/net/snmp Ip: Out"),
        fact(Effect.GAINED, "entry /proc/x: d", "entry /proc/x"),
        fact(Effect.GAINED, "entry /proc/x/y: -r", "entry /proc/x/y"),
        fact(Effect.LOST, "entry /proc/net/snmp Tcp: key", "entry /proc/net/snmp Tcp"),
        fact(Effect.GAINED, "entry /proc/xy: d", "entry /proc/xy"),
    ]
    found = entries(facts, {}, TABLE)
    assert [(each.kind, each.title, len(each.facts)) for each in found] == [
        (Effect.LOST, "entry /proc/net/snmp Tcp: key", 1),
        (Effect.GAINED, "entry /proc/net/snmp", 2),
        (Effect.GAINED, "entry /proc/x", 2),
        (Effect.GAINED, "entry /proc/xy: d", 1),
    ]


def test_a_change_that_is_cited_is_the_cause_where_no_option_is() -> None:
    changes = [CitedChange("6.2", "queues are refused", ["call mq_*"], "mq_open(2)")]
    found = cause_of(LOST, {}, TABLE, changes)
    assert (found.what, found.means, found.option) == ("since Linux 6.2", "queues are refused", "")
    assert cause_of(LOST, moved(POSIX_MQUEUE=("y", "n")), TABLE, changes).option == "POSIX_MQUEUE"
    assert cause_of(fact(Effect.LOST, "other"), {}, TABLE, changes).what == UNKNOWN


def test_what_is_only_not_built_in_any_more_needs_its_module() -> None:
    module = fact(Effect.LOST, "file system fuse: module fuse, before built in", "file system fuse")
    gone = fact(Effect.LOST, "file system fuse: ENODEV, before built in", "file system fuse")
    (one,) = entries([module], moved(FUSE_FS=("y", "m")), TABLE)
    assert one.needs_module
    (both,) = entries([module, gone], moved(FUSE_FS=("y", "m")), TABLE)
    assert not both.needs_module


def test_an_entry_fails_unless_it_is_a_gain_or_all_of_it_is_accepted() -> None:
    known = Expectation("x", "to", Verdict.MISSING, "meant")
    (gained,) = entries([fact(Effect.GAINED, "x")], {}, TABLE)
    (lost,) = entries([LOST], {}, TABLE)
    (accepted,) = entries([fact(Effect.LOST, "x", accepted=known)], {}, TABLE)
    option = moved(POSIX_MQUEUE=("y", "n"))
    (half,) = entries([fact(Effect.LOST, "call mq_a", accepted=known), fact(Effect.LOST, "call mq_b")], option, TABLE)
    assert [each.fails for each in (gained, lost, accepted, half)] == [False, True, False, True]
    assert (accepted.accepted, half.accepted) == ("meant", "")
