"""What a pair is, and how what several areas have met becomes one."""

from __future__ import annotations

import errno

import pytest

from conformance.coverage.facts import Documented, Flag, Met, Pair
from tests.builders import step
from tests.conformance.coverage.counted import counted


@pytest.mark.parametrize(
    ("error", "name"), [(errno.EAGAIN, "EAGAIN"), (errno.EOPNOTSUPP, "EOPNOTSUPP"), (133, "EHWPOISON"), (4095, "4095")]
)
def test_an_errno_has_the_name_that_a_reader_expects(error: int, name: str) -> None:
    assert Pair("read", error).name == name


@pytest.mark.parametrize(
    ("name", "error"), [("EWOULDBLOCK", errno.EAGAIN), ("ENOTSUP", errno.EOPNOTSUPP), ("EHWPOISON", 133)]
)
def test_a_documented_errno_is_met_by_its_number_whichever_name_the_page_has(name: str, error: int) -> None:
    assert Documented("read", name).pair == Pair("read", error)


@pytest.mark.parametrize("name", ["ERESTARTSYS", "errno", "EPOLLEXCLUSIVE"])
def test_what_no_program_sees_is_no_pair(name: str) -> None:
    assert Documented("read", name).pair is None


def test_what_several_have_met_is_counted_once() -> None:
    one = Met(1, frozenset({"read"}), frozenset({Pair("read", 9)}), frozenset({Flag("open", "flags", "O_PATH")}))
    other = Met(2, frozenset({"read", "write"}), frozenset({Pair("read", 9)}), frozenset(), frozenset({"fcntl_dupfd"}))
    assert Met.together([one, other]) == Met(3, one.calls | other.calls, one.pairs, one.flags, other.operations)
    assert Met.together([]) == Met()


def test_a_call_that_is_only_refused_was_made_and_did_not_succeed() -> None:
    met = counted(step("read", result=-1, errno=errno.EBADF)).met
    assert met.made == {"read"}
    assert met.calls == set()


def test_pairs_that_no_page_has_are_counted_apart() -> None:
    coverage = counted(
        step("read", result=-1, errno=errno.EBADF),
        step("read", result=-1, errno=errno.ENOTTY),
    )
    assert coverage.documented_by(coverage.met) == (Documented("read", "EBADF", ("read",)),)
    assert coverage.undocumented_by(coverage.met) == {Pair("read", errno.ENOTTY)}
