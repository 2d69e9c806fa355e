from __future__ import annotations

from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.syscalls.machinery.aliases import Fd
from conformance.syscalls.machinery.call import Parameter
from conformance.syscalls.machinery.choices import BAD_POINTERS, Choice, Choices, LengthOf, Use
from conformance.syscalls.machinery.kinds import (
    MASK,
    AddressKind,
    Clocked,
    FileDescriptor,
    Flags,
    Fraction,
    Hex,
    Kind,
    Length,
    Masked,
    Names,
    Octal,
    PathKind,
    Renamed,
    Resource,
    Seen,
    SignalNumber,
    ZeroOrNot,
    named,
)
from conformance.syscalls.machinery.memory import FdPair, MemoryOr, Pointer
from conformance.syscalls.machinery.table import grammar
from conformance.syscalls.machinery.world import ARENA, PAGE

OPEN = Flags({"O_RDONLY": 0, "O_WRONLY": 1, "O_CREAT": 0o100, "O_TMPFILE": 0o20200000, "O_DIRECTORY": 0o200000})
WHENCE = Flags({"SEEK_SET": 0, "SEEK_CUR": 1}, bits=False)


@pytest.mark.parametrize(
    ("kind", "seen", "shown"),
    [
        (Kind(), None, "NULL"),
        (Kind(), 5, "5"),
        (Kind(), "a\n", r"b'a\n'"),
        (Kind(), "a\xff", r"b'a\xff'"),
        (Kind(), {"a": 1, "b": {"c": None}}, "{a=1, b={c=NULL}}"),
        (Kind(), [1, "x"], "[1, b'x']"),
        (Hex(), 4096, "0x1000"),
        (Hex(), 9, "9"),
        (Hex(), -1, "-1"),
        (Hex(), None, "NULL"),
        (Octal(), 0o644, "0644"),
        (Octal(), 0, "0"),
        (FileDescriptor(), -100, "AT_FDCWD"),
        (FileDescriptor(), 3, "3"),
        (AddressKind(), 0, "NULL"),
        (AddressKind(), 0x7F00, "0x7f00"),
        (SignalNumber(), 11, "SIGSEGV"),
        (SignalNumber(), 0, "0"),
        (SignalNumber(), 4242, "4242"),
        (OPEN, 0o101, "O_CREAT|O_WRONLY"),
        (OPEN, 0, "0"),
        (OPEN, 0o20200000, "O_TMPFILE"),
        (OPEN, 0o200000, "O_DIRECTORY"),
        (OPEN, 0o4000001, "O_WRONLY|0x100000"),
        (OPEN, None, "NULL"),
        (WHENCE, 1, "SEEK_CUR"),
        (WHENCE, 7, "7"),
    ],
)
def test_a_value_is_shown_as_source_would_have_it(kind: Kind, seen: Seen, shown: str) -> None:
    assert kind.show(seen) == shown


@pytest.mark.parametrize(
    ("kind", "value", "spelled"),
    [
        (Kind(), 5, "5"),
        (Kind(), -1, "-1"),
        (Kind(), 1 << 40, "0x10000000000"),
        (Hex(), 4096, "0x1000"),
        (Octal(), 0o644, "0644"),
        (Octal(), -1, "-1"),
        (FileDescriptor(), -100, "AT_FDCWD"),
        (AddressKind(), 0, "NULL"),
        (AddressKind(), ARENA + PAGE, "ARENA+0x1000"),
        (Pointer(), ARENA, "ARENA"),
        (Pointer(), 1, "1"),
        (Pointer(), -1, "-1"),
        (Pointer(), 0x7F00, "0x7f00"),
        (MemoryOr(SignalNumber()), 11, "SIGSEGV"),
        (SignalNumber(), 65, "65"),
        (OPEN, 0o101, "O_WRONLY|O_CREAT"),
        (OPEN, 0o4000001, "O_WRONLY|0x100000"),
        (OPEN, -1, "-1"),
        (OPEN, 1 << 20, "1048576"),
    ],
)
def test_a_number_is_spelled_as_its_kind_has_it(kind: Kind, value: int, spelled: str) -> None:
    assert kind.spell(value) == spelled


def test_a_kind_knows_the_names_that_its_numbers_have() -> None:
    assert OPEN.words["O_CREAT"] == 0o100
    assert FileDescriptor().words["AT_FDCWD"] == -100
    assert Octal().words["S_IFDIR"] == 0o40000
    assert SignalNumber().words["SIGSEGV"] == 11
    assert MemoryOr(SignalNumber()).words["NULL"] == 0
    assert MemoryOr(SignalNumber()).words["SIGSEGV"] == 11
    assert not Kind().words


@pytest.mark.parametrize(
    ("kind", "seen", "normal"),
    [
        (Kind(), 5, 5),
        (Renamed("pid", keep=(0, -1)), 77, "pid#1"),
        (Renamed("pid", keep=(0, -1)), -1, -1),
        (Renamed("pid"), "text", "text"),
        (FileDescriptor(), 3, "fd#1"),
        (FileDescriptor(), 2, 2),
        (FileDescriptor(), -1, -1),
        (FileDescriptor(), 1 << 30, 1 << 30),
        (Masked(), 5, MASK),
        (Masked(), None, None),
        (Masked(), "", ""),
        (Masked(), "\xaa\xaa", "\xaa\xaa"),
        (Masked(), "\xaa\x01", MASK),
        (Masked(), -0x5555_5555_5555_5556, -0x5555_5555_5555_5556),
        (AddressKind(), 0x1000, "addr"),
        (AddressKind(), 0, 0),
        (PathKind(), "/proc/77/maps", "/proc/pid#1/maps"),
        (PathKind(), "/proc/self/maps", "/proc/self/maps"),
        (PathKind(), "proc/77", "proc/77"),
        (PathKind(), 0x1000, "addr"),
        (PathKind(), None, None),
        (OPEN, 0o101, 0o101),
    ],
)
def test_a_value_is_compared_in_its_normal_form(kind: Kind, seen: Seen, normal: Seen) -> None:
    assert kind.normal(seen, Names()) == normal


def test_names_are_given_by_family_in_order_of_appearance() -> None:
    names = Names()
    assert [names.name("fd", 9), names.name("fd", 3), names.name("pid", 9), names.name("fd", 9)] == [
        "fd#1",
        "fd#2",
        "pid#1",
        "fd#1",
    ]


def test_a_value_is_known_once_it_has_a_name() -> None:
    names = Names()
    names.name("pid", 9)
    assert (names.known("pid", 9), names.known("pid", 8), names.known("fd", 9)) == ("pid#1", None, None)


def test_constants_are_named_by_their_prefixes() -> None:
    namespace = {"O_RDWR": 2, "O_NAME": "x", "F_OK": 0, "S_IFMT": 1}
    assert named(namespace, "O_", "F_") == {"O_RDWR": 2, "F_OK": 0}


# What generated programs put there

ARGUMENTS: list[Kind] = [
    Kind(),
    Octal(),
    Hex(),
    Renamed("id"),
    FileDescriptor(),
    FileDescriptor("socket"),
    AddressKind(),
    OPEN,
    WHENCE,
    SignalNumber(),
    PathKind(),
    Pointer(),
    Pointer(out=True),
    Pointer(out=True, reads=False, counted=True),
    Pointer(out=True, reads=False).holding(FdPair()),
    Length(),
    Clocked(),
    Fraction(),
]


@pytest.mark.parametrize("kind", ARGUMENTS, ids=lambda kind: type(kind).__name__)
def test_every_kind_has_something_to_try_and_the_plainest_first(kind: Kind) -> None:
    found = kind.usual()
    assert len(set(found)) > 2
    assert kind.usual() == found
    assert found[0] not in (-1, *BAD_POINTERS[1:4])


@pytest.mark.parametrize(
    ("kind", "tried"),
    [
        (Kind(), {0, 1, -1, 1 << 62, -(1 << 63)}),
        (Octal(), {0o644, 0o4755, 0o1777, 0}),
        (Renamed("timer"), {Use("timer"), Use("timer", 1), Use("timer", 2), -1}),
        (FileDescriptor(), {Use("fd"), Use("fd", 2), -1, -100, 63}),
        (FileDescriptor("socket"), {Use("fd:socket"), Use("fd:socket", 1), Use("fd"), -1}),
        (Length(4), {LengthOf(4), LengthOf(4, -1), LengthOf(4, 1), 0, -1, 1 << 40}),
        (AddressKind(), {ARENA, ARENA + PAGE, ARENA + 1, 0}),
        (SignalNumber(), {10, 9, 0, 64, 65, -1}),
        (WHENCE, {0, 1, 2, -1}),
        (OPEN, {0, 1, 0o100, 0o101, 0o200000, 1 << 30, -1}),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Kind) else "",
)
def test_what_finds_faults_is_among_what_is_tried(kind: Kind, tried: set[Choice]) -> None:
    assert tried - set(kind.usual()) == set()


@pytest.mark.parametrize(
    "kind", [Renamed("id"), FileDescriptor(), Length(), OPEN, Pointer(out=True), Pointer(), PathKind()]
)
def test_good_values_are_likelier_than_bad_ones(kind: Kind) -> None:
    found = kind.usual()
    bad = [each for each in found if isinstance(each, int) and (each < 0 or each in BAD_POINTERS[1:])]
    assert len(bad) < len(found) / 3


def test_flags_are_tried_one_by_one_two_by_two_with_plain_ones_the_most() -> None:
    found = Parameter("flags", Annotated[int, Flags({"A": 1, "B": 2, "C": 4}), Choices(6, ...)]).choices
    assert found[0] == 6
    assert found.count(6) > found.count(1) >= 1
    assert {0, 1, 2, 4, 3, 5, 6, 1 << 30, -1} == set(found)


def test_flags_of_64_bits_have_an_unknown_one_beyond_the_others() -> None:
    assert 1 << 62 in Flags({"A": 1 << 40}).usual()
    assert 1 << 30 not in Flags({"A": 1 << 40}).usual()


def test_one_of_several_values_is_tried_and_one_beyond_them() -> None:
    found = Flags({"A": 5, "B": 7}, bits=False).usual()
    assert set(found) == {5, 7, 8, -1}
    assert found[0] == 5
    annotated = Parameter("which", Annotated[int, Flags({"A": 5, "B": 7}, bits=False), Choices(7, ...)])
    assert set(annotated.choices) == {5, 7, 8, -1}
    assert annotated.choices[0] == 7


def test_what_is_worth_trying_stands_beside_any_kind_and_nothing_else_is_tried() -> None:
    for kind in (FileDescriptor("file"), Pointer(out=True), Flags({"A": 1}), PathKind(), AddressKind(), Kind()):
        parameter = Parameter("any", Annotated[int, kind, Choices(Use("fd:file"), 7)])
        assert parameter.choices == (Use("fd:file"), 7)
        assert parameter.kind is kind


def test_an_outer_annotation_s_choices_stand_in_the_place_of_an_inner_ones() -> None:
    assert Parameter("fd", Annotated[Annotated[Fd, Choices(3)], Choices(4)]).choices == (4,)


@pytest.mark.parametrize("kind", [Kind(), AddressKind(), Masked()], ids=lambda kind: type(kind).__name__)
def test_any_value_can_be_marked_as_a_resource(kind: Kind) -> None:
    marked = Parameter("return", Annotated[int, kind, Resource("map:file")]).kind
    assert (marked.family, kind.family) == ("map:file", None)
    assert type(marked) is type(kind)
    assert marked.normal(5, Names()) == kind.normal(5, Names())


def test_what_is_no_resource_is_not_asked_for() -> None:
    for kind in (Renamed("pid", resource=False), Kind().made_one_of("mounted"), Masked()):
        assert not any(isinstance(each, Use) for each in kind.usual())
    assert Renamed("pid", resource=False).family is None


def test_a_number_of_a_process_that_is_no_resource_is_compared_as_one() -> None:
    names, other = Names(), Renamed("pid", keep=(0,), resource=False)
    assert Renamed("pid").normal(77, names) == other.normal(77, names) == "pid#1"
    assert other.normal(0, names) == 0


class Met:
    """Pairs that are all taken for new, or for old ones of something else."""

    def __init__(self, *, good: bool) -> None:
        self.good = good

    def are_one(self, family: str, one: int, other: int) -> bool:
        """See `Pairs`."""
        return self.good


@pytest.mark.parametrize(
    ("kind", "one", "other", "alike"),
    [
        (Kind(), 1, 2, False),
        (Masked(), 1, 2, True),
        (Clocked(), 1_600_000_000, 1_700_000_000, True),
        (Clocked(), 1_600_000_000, 7, False),
        (Fraction(), 123, 456, True),
        (Fraction(), 0, 456, False),
        (Renamed("ino"), 7, 8, True),
        (Renamed("dev", keep=(0,)), 0, 8, False),
        (Renamed("pid", resource=False), 7, 8, True),
        (FileDescriptor(), 7, 8, False),
        (OPEN, 1, 2, False),
    ],
)
def test_a_kind_tells_whether_two_unequal_numbers_are_sure_to_mean_the_same(
    kind: Kind, one: int, other: int, alike: bool
) -> None:
    """An fd may be one of those that are compared as they are: that takes a closer look."""
    assert kind.alike(one, other, Met(good=True)) is alike
    if not isinstance(kind, Renamed):
        assert kind.alike(one, other, Met(good=False)) is alike
    else:
        assert not kind.alike(one, other, Met(good=False)), "it has stood for something else"


@pytest.mark.parametrize(
    ("kind", "value", "plain", "plainer"),
    [
        (Kind(), 7, 1, [1]),
        (Kind(), 7, Use("fd"), [0]),
        (Kind(), 0, Use("fd"), []),
        (OPEN, 0o101, 0, [0, 0o100, 1]),
        (OPEN, 0o100, 0, [0]),
        (WHENCE, 3, 0, [0]),
    ],
)
def test_a_kind_knows_which_values_say_less(kind: Kind, value: int, plain: Choice, plainer: list[int]) -> None:
    """Of several bits, each can be left out; a number that is none of bits has none."""
    assert kind.plainer(value, plain) == plainer


@given(st.data())
def test_hypothesis_draws_what_a_kind_has_to_try(data: st.DataObject) -> None:
    parameter = Parameter("fd", Fd)
    assert data.draw(parameter.strategy()) in FileDescriptor().usual()


# Times


@pytest.mark.parametrize(
    ("kind", "seen", "normal"),
    [
        (Clocked(), 1_700_000_000, "now"),
        (Clocked(), 5, 5),
        (Clocked(), 1 << 40, 1 << 40),
        (Clocked(), -1, -1),
        (Fraction(), 123_456, MASK),
        (Fraction(), 999_999_999, 999_999_999),
        (Fraction(), 0, 0),
        (AddressKind(), ARENA, ARENA),
        (AddressKind(), ARENA + 64 * PAGE, "addr"),
    ],
)
def test_what_a_program_set_itself_is_compared(kind: Kind, seen: Seen, normal: Seen) -> None:
    assert kind.normal(seen, Names()) == normal


@pytest.mark.parametrize("kind", [Clocked(), Fraction()])
def test_times_that_are_tried_are_compared_exactly(kind: Kind) -> None:
    tried = [each for each in kind.usual() if isinstance(each, int) and each >= 0]
    assert [kind.normal(each, Names()) for each in tried] == tried


# In C


@pytest.mark.parametrize(
    ("kind", "value", "source"),
    [
        (Kind(), 5, "5"),
        (Kind(), -1, "-1"),
        (Kind(), 0x7FFFFFFF, "2147483647"),
        (Kind(), -(1 << 31), "-2147483648"),
        (Kind(), 1 << 31, "0x80000000UL"),
        (Kind(), 1 << 62, "0x4000000000000000UL"),
        (Kind(), -(1 << 63), "0x8000000000000000UL"),
        (Octal(), 0o644, "420 /* 0644 */"),
        (FileDescriptor(), -100, "-100 /* AT_FDCWD */"),
        (FileDescriptor(), 3, "3"),
        (SignalNumber(), 9, "9 /* SIGKILL */"),
        (OPEN, 0o101, "65 /* O_CREAT|O_WRONLY */"),
        (OPEN, 0, "0"),
        (WHENCE, 1, "1 /* SEEK_CUR */"),
        (WHENCE, 9, "9"),
        (AddressKind(), 0, "0 /* NULL */"),
    ],
)
def test_a_constant_is_written_in_c_as_a_number_with_its_meaning(kind: Kind, value: int, source: str) -> None:
    assert kind.to_c(value) == source


# What has no name


def test_names_and_single_bits_that_have_none_are_strays() -> None:
    kind = Flags({"A": 1, "B": 6, "C": 1 << 31})
    assert kind.strays == (1, 6, 1 << 31, *(1 << at for at in range(1, 31)))
    assert Kind().strays == ()


def test_numbers_among_options_and_behind_them_are_strays() -> None:
    kind = Flags({"A": 1, "B": 3, "C": 0x4200, "D": 0x4201, "E": -1}, bits=False)
    assert kind.strays == (1, 3, 0x4200, 0x4201, -1, 0, 2, *range(4, 11), 0x4202)


def test_strays_stand_beside_what_is_worth_trying_and_are_none_of_it() -> None:
    parameter = Parameter("any", Annotated[int, Flags({"A": 1, "B": 8}), Choices(0, 2)])
    assert parameter.choices == (0, 2)
    assert parameter.strays == (1, 8, 4, *(1 << at for at in range(4, 32)))


def test_an_operation_has_no_strays_where_its_arguments_are_given() -> None:
    found = {each.name: each.strays for each in grammar()["fcntl_setfl"].parameters}
    assert found["command"] == ()
    assert len(found["arg"]) > 10


# What is there or not


def test_of_a_number_that_is_the_kernels_choice_it_is_seen_whether_there_is_one() -> None:
    kind = ZeroOrNot()
    assert kind.normal(0, Names()) == 0
    assert kind.normal(5, Names()) == kind.normal(7, Names()) == MASK
    assert not kind.alike(0, 5, Met(good=False))
    assert kind.alike(7, 5, Met(good=False))
