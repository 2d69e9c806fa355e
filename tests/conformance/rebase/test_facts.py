from __future__ import annotations

import errno

import pytest

from conformance.model import Expectation, Outcome, Step, Verdict
from conformance.rebase.facts import Effect, RebaseFact, facts_of
from tests.builders import result
from tests.conformance.rebase.rebases import ENTRIES, FILES, NUMBERS, QUEUE, between, did, lacks, lists

OTHER = "ipc/call_mq_open.calls::succeeds"


def told(found: list[RebaseFact]) -> list[tuple[Effect, str]]:
    return [(each.kind, each.what) for each in found]


def test_kernels_that_do_the_same_have_no_facts() -> None:
    same = [
        did(QUEUE, "mq_open"),
        lists(FILES, fuse="built in"),
        lacks(OTHER, "mq_unlink", errno=errno.ENOSYS, says="x"),
    ]
    assert facts_of(between(same, same)) == []


def test_a_call_that_is_not_there_any_more_is_one_fact_with_all_that_saw_it() -> None:
    before = [did(QUEUE, "mq_open"), did(OTHER, "mq_open", errno=errno.EBADF)]
    after = [lacks(each, "mq_open", errno=errno.ENOSYS, says="mq_open: ENOSYS") for each in (QUEUE, OTHER)]
    (found,) = facts_of(between(before, after))
    assert (found.kind, found.what, set(found.witnesses)) == (Effect.LOST, "mq_open: ENOSYS", {QUEUE, OTHER})
    assert "call mq_open() = -1 ENOSYS" in found.signs
    assert "says mq_open: ENOSYS" in found.signs


def test_what_is_new_is_gained_and_never_invalid() -> None:
    before = [lacks(QUEUE, "mq_open", errno=errno.ENOSYS, says="mq_open: ENOSYS")]
    assert told(facts_of(between(before, [did(QUEUE, "mq_open")]))) == [
        (Effect.GAINED, "mq_open: there, before ENOSYS")
    ]
    failed = [did(QUEUE, "read", errno=errno.EINVAL, outcome=Outcome.FAILED, says="E assert")]
    assert [each.kind for each in facts_of(between(failed, [did(QUEUE, "read")]))] == [Effect.GAINED]


def test_another_errno_is_a_change_and_says_what_the_call_is_about() -> None:
    before = [did(QUEUE, "openat", -100, "/dev/fuse", 0, 0, errno=errno.EACCES)]
    after = [did(QUEUE, "openat", -100, "/dev/fuse", 0, 0, errno=errno.EPERM)]
    assert told(facts_of(between(before, after))) == [(Effect.CHANGED, "openat /dev/fuse: EPERM, before EACCES")]


def test_a_call_of_a_child_is_known_as_any_other() -> None:
    steps = [Step("ioctl", [4, 0x5412, "x"], -1, each, process=1) for each in (errno.EPERM, errno.EIO)]
    before, after = ([result(Outcome.PASSED, each, case=QUEUE)] for each in steps)
    (found,) = facts_of(between(before, after))
    assert found.what == "ioctl TIOCSTI: EIO, before EPERM"
    assert found.signs[0].startswith("call ioctl(4, TIOCSTI")


def test_a_family_of_sockets_is_told_from_another() -> None:
    cases = ["sockets/test_packet.py::test_x", "sockets/test_vsock.py::test_y"]
    before = [did(case, "socket", family, 3, 0) for case, family in zip(cases, (17, 40), strict=True)]
    after = [
        lacks(case, "socket", family, 3, 0, errno=errno.EAFNOSUPPORT, says="socket")
        for case, family in zip(cases, (17, 40), strict=True)
    ]
    found = facts_of(between(before, after))
    assert len(found) == 2
    assert any("AF_PACKET" in sign for sign in found[0].signs)


def test_what_a_case_lacks_in_its_own_words_is_told_apart_from_the_call() -> None:
    """Two features may be refused by one call."""
    before = [did(QUEUE, "modify_ldt"), did(OTHER, "modify_ldt")]
    after = [
        lacks(QUEUE, "modify_ldt", errno=errno.ENOSYS, says="modify_ldt"),
        lacks(OTHER, "modify_ldt", errno=errno.ENOSYS, says="16-bit segments"),
    ]
    assert told(facts_of(between(before, after))) == [
        (Effect.LOST, "16-bit segments (modify_ldt: ENOSYS)"),
        (Effect.LOST, "modify_ldt: ENOSYS"),
    ]


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("built in", "module fuse", Effect.LOST),
        ("module fuse", "ENODEV", Effect.LOST),
        ("module fuse", "built in", Effect.GAINED),
        ("ENOTSUP", "module fuse", Effect.GAINED),
        ("succeeds", "EINVAL", Effect.LOST),
        ("EINVAL", "succeeds", Effect.GAINED),
        ("EFAULT", "EINVAL", Effect.CHANGED),
        ("succeeds", "ENOSYS", Effect.LOST),
        ("ENOSYS", "ENOTSUP", Effect.GAINED),
        ("ENXIO", "ENOSYS", Effect.LOST),
        ("ENODEV", "ENOENT", Effect.CHANGED),
    ],
)
def test_what_is_observed_otherwise_is_there_more_or_less(before: str, after: str, kind: Effect) -> None:
    found = facts_of(between([lists(FILES, fuse=before)], [lists(FILES, fuse=after)]))
    assert told(found) == [(kind, f"file system fuse: {after}, before {before}")]
    assert found[0].signs == ("file system fuse",)


def test_every_entry_of_a_list_is_a_fact_of_its_own() -> None:
    before = [result(case=ENTRIES, observations={"/proc/a": "-r--r--r--", "/proc/b": "-r--r--r--", "/proc/c": "d"})]
    after = [result(case=ENTRIES, observations={"/proc/b": "-r--------", "/proc/c": "d", "/proc/d": "d"})]
    assert told(facts_of(between(before, after))) == [
        (Effect.LOST, "entry /proc/a: nothing, before -r--r--r--"),
        (Effect.CHANGED, "entry /proc/b: -r--------, before -r--r--r--"),
        (Effect.GAINED, "entry /proc/d: d, before nothing"),
    ]


def test_a_number_is_known_as_its_call() -> None:
    before, after = ([result(case=NUMBERS, observations={"154": value})] for value in ("succeeds", "ENOSYS"))
    (found,) = facts_of(between(before, after))
    assert found.signs == ("number syscall 154", "call modify_ldt()")


def test_a_number_that_a_release_brought_is_said_to_be_its() -> None:
    """mseal(2) is there since Linux 6.10."""
    before, after = ([result(case=NUMBERS, observations={"462": value})] for value in ("ENOSYS", "EINVAL"))
    (found,) = facts_of(between(before, after, ("6.6.0", "6.18.0")))
    assert (found.kind, found.since, found.subject) == (Effect.GAINED, "6.10", "call mseal()")
    (older,) = facts_of(between(before, after, ("6.12.0", "6.18.0")))
    (lost,) = facts_of(between(after, before, ("6.6.0", "6.18.0")))
    assert (older.since, lost.since) == ("", "")


def test_a_key_is_about_its_file() -> None:
    before = [result(case=ENTRIES, observations={"/proc/net/snmp Ip: In": "key"})]
    (found,) = facts_of(between(before, [result(case=ENTRIES, observations={"/proc/net/x": "d"})]))[:1]
    assert found.subject == "entry /proc/net/snmp"


def test_an_observation_of_any_other_case_is_a_fact_too() -> None:
    before, after = ([lists(QUEUE, mode=value)] for value in ("a", "b"))
    assert told(facts_of(between(before, after))) == [(Effect.CHANGED, f"observation mode of {QUEUE}: b, before a")]


@pytest.mark.parametrize("outcome", [Outcome.CRASH, Outcome.HANG])
def test_a_case_that_dies_is_lost(outcome: Outcome) -> None:
    dies = [result(outcome, case=QUEUE, message="panic")]
    assert told(facts_of(between([did(QUEUE, "read")], dies))) == [(Effect.LOST, f"{QUEUE} {outcome}: panic")]
    assert told(facts_of(between(dies, [did(QUEUE, "read")]))) == [(Effect.GAINED, f"{QUEUE} {outcome}: panic, before")]


def test_what_does_not_agree_with_itself_or_was_not_run_is_no_fact() -> None:
    flaky = [did(QUEUE, "read", errno=errno.EINTR), did(QUEUE, "read")]
    assert facts_of(between([did(QUEUE, "read")], flaky)) == []
    assert facts_of(between([did(QUEUE, "read")], [])) == []


def test_what_a_release_brought_is_said_where_the_release_differs() -> None:
    before = [lacks(QUEUE, "mseal", 0, 0, 0, errno=errno.ENOSYS, says="mseal: ENOSYS")]
    after = [did(QUEUE, "mseal", 0, 0, 0)]
    (found,) = facts_of(between(before, after, ("6.6.0", "6.18.0")))
    assert found.since == "6.10"
    (found,) = facts_of(between(before, after, ("6.18.0", "6.18.0")))
    assert found.since == ""


def test_a_fact_is_accepted_when_all_its_witnesses_are() -> None:
    known = Expectation(QUEUE, "to", Verdict.MISSING, "meant")
    before = [did(each, "mq_open") for each in (QUEUE, OTHER)]
    after = [lacks(each, "mq_open", errno=errno.ENOSYS, says="mq_open: ENOSYS") for each in (QUEUE, OTHER)]
    (found,) = facts_of(between(before, after), lambda case: known if case == QUEUE else None)
    assert found.accepted is None
    (found,) = facts_of(between(before, after), lambda _: known)
    assert found.accepted == known


def test_what_a_guest_says_is_one_line() -> None:
    before, after = ([lists(FILES, fuse=value)] for value in ("a", "b\n\x1b[31mLost (0):"))
    (found,) = facts_of(between(before, after))
    assert "\n" not in found.what
    assert "\x1b" not in found.what
