from __future__ import annotations

import ctypes
from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated

import pytest

from conformance.syscalls.machinery import choices
from conformance.syscalls.machinery.buffers import BE16, BE32, U8, U16, U32, U64, Layout, Struct
from conformance.syscalls.machinery.call import Operation
from conformance.syscalls.machinery.choices import (
    BAD_POINTERS,
    COMBINATIONS,
    LENGTHS,
    NUMBERS,
    PATHS,
    ROOMS,
    TEXTS,
    Blob,
    Choice,
    Choices,
    LengthOf,
    Use,
    compose,
    joined,
    member_choices,
    rarely,
    room,
    struct_blobs,
    text,
)
from conformance.syscalls.machinery.kinds import FileDescriptor, Flags
from conformance.syscalls.machinery.table import grammar
from conformance.syscalls.machinery.world import ARENA, ARENA_PAGES, DATA, DATA_BYTES, EDGES, PAGE, UNMAPPED

Kept = Annotated[U32, Choices(7, 8)]
Fd = Annotated[int, Layout(ctypes.c_int32), FileDescriptor()]
Bits = Annotated[int, Layout(ctypes.c_uint16), Flags({"A": 1, "B": 2})]
Pointer = Annotated[U64, Choices(Blob(b"hello"), 0)]
Length = Annotated[U64, Choices(LengthOf(), 0)]
Path = Annotated["ctypes.Array[ctypes.c_char]", Layout(ctypes.c_char * 108)]


class Inner(Struct):
    """A number, and an fd."""

    number: Kept
    fd: Fd


class Outer(Struct):
    """A bit of everything."""

    bits: Bits
    port: BE16
    inner: Inner
    pointer: Pointer
    length: Length
    pad0: U32
    plain: U8


class Network(Struct):
    """Numbers in the order of the network."""

    port: BE16
    address: BE32
    family: U16


def everything(choice: Choice) -> Iterator[Choice]:
    """A choice and all that is in its memory."""
    yield choice
    if isinstance(choice, Blob):
        for _, _, part in choice.parts:
            yield from everything(part)


# Where programs have their memory


def test_edges_are_pages_with_nothing_behind_them() -> None:
    assert EDGES[0] >= DATA_BYTES
    assert all(after - before >= 2 * PAGE for before, after in pairwise(EDGES))
    assert DATA + EDGES[0] + PAGE == UNMAPPED
    assert ARENA % PAGE == 0
    assert {0, UNMAPPED} <= set(BAD_POINTERS)
    assert not any(ARENA <= each < ARENA + ARENA_PAGES * PAGE for each in BAD_POINTERS)


def test_room_is_empty_and_a_string_ends_with_a_zero() -> None:
    assert room(5) == Blob(bytes(5), room=True)
    assert room(5, edge=True).edge
    assert text(b"abc") == Blob(b"abc\0")


# Structs


def test_the_first_struct_is_the_plainest_and_the_likeliest() -> None:
    first, *others = struct_blobs(Inner)
    assert first == Blob((7).to_bytes(4, "little") + bytes(4), ((4, 4, Use("fd")),))
    assert others[0] == first
    assert list(struct_blobs(Inner)).count(first) > max(others.count(each) for each in others if each != first)


def test_each_value_of_each_member_is_tried_on_its_own() -> None:
    found = set(struct_blobs(Inner))
    plain = next(struct_blobs(Inner))
    assert Blob((8).to_bytes(4, "little") + bytes(4), plain.parts) in found
    for value in FileDescriptor().usual():
        if isinstance(value, int):
            assert Blob(plain.data[:4] + value.to_bytes(4, "little", signed=True)) in found
        else:
            assert Blob(plain.data, ((4, 4, value),)) in found


def test_some_structs_have_several_unusual_members_the_same_ones_always() -> None:
    once = list(struct_blobs(Outer))
    assert list(struct_blobs(Outer)) == once
    plain, mixed = once[0], once[-COMBINATIONS:]
    assert len(set(mixed)) > COMBINATIONS // 2
    assert any(sum(a != b for a, b in zip(each.data, plain.data, strict=True)) > 4 for each in mixed)


def test_members_lie_where_the_struct_has_them() -> None:
    names = list(Outer.members)
    values: list[Choice] = [0x0102, 0x0304, next(struct_blobs(Inner)), Blob(b"hello"), LengthOf(), 0, -1]
    found = compose(Outer, names, values)
    made = Outer.parse(found.data)
    assert (made.bits, made.port, made.inner.number, made.plain) == (0x0102, 0x0304, 7, 255)
    assert found.parts == (
        (Outer.inner.offset + Inner.fd.offset, 4, Use("fd")),  # type: ignore[attr-defined] # ctypes' own descriptors
        (Outer.pointer.offset, 8, Blob(b"hello")),  # type: ignore[attr-defined] # see above
        (Outer.length.offset, 8, LengthOf()),  # type: ignore[attr-defined] # see above
    )


def test_numbers_of_the_network_have_its_order() -> None:
    found = compose(Network, ["port", "address", "family"], [80, 0x7F000001, 2])
    assert found.data == bytes([0, 80, 0, 0, 0x7F, 0, 0, 1, 2, 0, 0, 0])


def test_a_number_that_is_too_large_for_its_member_is_cut() -> None:
    assert compose(Network, ["port", "address", "family"], [-1, 1 << 33, 1 << 62]).data == b"\xff\xff" + bytes(10)


def test_a_member_has_the_choices_of_its_kind() -> None:
    assert member_choices(Inner, "number") == (7, 8)
    assert member_choices(Outer, "plain") == tuple(dict.fromkeys(NUMBERS.named))
    assert member_choices(Outer, "inner")[0] == next(struct_blobs(Inner))
    assert set(member_choices(Outer, "pad0")) == {0, 1}
    assert len(set(member_choices(Outer, "bits"))) == len(member_choices(Outer, "bits"))


def test_what_a_function_gives_is_asked_for_only_when_it_is_wanted() -> None:
    asked = []

    def some() -> tuple[Choice, ...]:
        asked.append(True)
        return (7, Use("fd"), 7)

    choices = Choices(some, rarely(-1))
    assert not asked
    found = choices.among(lambda: ())
    assert found == choices.among(lambda: ())
    assert (found[0], found.count(7), found.count(Use("fd")), found.count(-1)) == (7, 8, 4, 1)
    assert asked == [True]


def test_a_struct_of_text_keeps_to_its_size() -> None:
    class Address(Struct):
        """As of a socket."""

        family: U16
        path: Path

    assert all(len(each.data) == 110 for each in struct_blobs(Address))


def test_two_blobs_are_joined_with_their_parts_behind_one_another() -> None:
    one, other = Blob(b"abcd", ((0, 4, 1),)), Blob(b"efgh", ((2, 2, Use("fd")),))
    assert joined(one, other) == Blob(b"abcdefgh", ((0, 4, 1), (6, 2, Use("fd"))))


# What everybody uses


@pytest.mark.parametrize("name", ["PATHS", "TEXTS", "ROOMS", "LENGTHS"])
def test_plain_choices_come_first_and_most_are_good(name: str) -> None:
    found: tuple[Choice, ...] = getattr(choices, name).named
    assert found.count(found[0]) == max(map(found.count, found)) >= 3
    assert isinstance(found[0], Blob)
    assert len(found[0].data) > 1
    assert sum(isinstance(each, int) for each in found) <= len(found) / 4


def test_paths_are_of_the_tree_that_a_program_starts_in_and_some_cannot_be() -> None:
    names = {each.data for each in PATHS.named if isinstance(each, Blob)}
    assert {b"f0\0", b"d0\0", b"d0/f1\0", b"l0\0", b"f1\0", b"\0"} <= names
    assert any(len(name) == 257 for name in names), "one character longer than NAME_MAX"
    assert any(len(name) > 4096 for name in names), "longer than PATH_MAX"
    assert any(each.edge and not each.data.endswith(b"\0") for each in PATHS.named if isinstance(each, Blob))
    assert set(BAD_POINTERS) <= set(PATHS.named)


def test_memory_is_of_many_sizes_and_at_edges() -> None:
    for found in (ROOMS.named, TEXTS.named):
        assert any(isinstance(each, Blob) and each.edge for each in found)
        assert any(isinstance(each, Blob) and not each.data for each in found)
        assert any(isinstance(each, Blob) and len(each.data) == PAGE for each in found)
    assert all(each.room for each in ROOMS.named if isinstance(each, Blob))
    assert not any(each.room for each in TEXTS.named if isinstance(each, Blob))
    assert LENGTHS.named[0] == Blob(bytes(4), ((0, 4, LengthOf()),))


# Of all that is described


def test_every_choice_of_every_argument_can_be_encoded() -> None:
    odd = []
    for label, each in grammar().items():
        for parameter in each.parameters:
            for choice in set(parameter.choices):
                for part in everything(choice):
                    if isinstance(part, int) and not -(1 << 63) <= part < 1 << 64:
                        odd.append(f"{label} {parameter.name}: {part} has more than 64 bits")
                    if isinstance(part, Blob):
                        odd += [
                            f"{label} {parameter.name}: a part of {width} bytes at {offset} of {len(part.data)}"
                            for offset, width, _ in part.parts
                            if width not in (1, 2, 4, 8) or not 0 <= offset <= len(part.data) - width
                        ]
                        if len(part.data) > 8192 or (part.room and any(part.data)):
                            odd.append(f"{label} {parameter.name}: memory that is none")
    assert odd == []


def test_the_first_choice_of_every_argument_is_no_bad_pointer() -> None:
    """It is what makes the call succeed, where it is made for its resource."""
    odd = {
        (label, parameter.name)
        for label, each in grammar().items()
        for parameter in each.parameters
        if parameter.choices[0] in BAD_POINTERS[1:4]
    }
    assert odd == set()


def test_an_operation_is_drawn_as_what_it_is() -> None:
    for label, each in grammar().items():
        if isinstance(each, Operation):
            for parameter in each.parameters:
                if parameter.name in each.given:
                    assert set(parameter.choices) <= set(each.given[parameter.name]), label


def test_a_struct_with_a_bit_that_has_no_name_is_tried_and_hardly_ever() -> None:
    class Flagged(Struct):
        """One with flags."""

        flags: Annotated[U32, Flags({"A": 1, "B": 2})]

    found = [int.from_bytes(each.data, "little") for each in struct_blobs(Flagged)]
    assert {1 << at for at in range(32)} <= set(found)
    assert [found.count(1 << at) for at in range(2, 30)] == [1] * 28
    assert len(found) / 20 > 28
