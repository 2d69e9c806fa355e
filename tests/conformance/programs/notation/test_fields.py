from __future__ import annotations

import ctypes
from typing import Annotated

import pytest

from conformance.programs.notation.fields import field_at, fields, fits, known_struct
from conformance.syscalls.machinery.buffers import BE16, I32, U8, U32, Layout, Struct
from conformance.syscalls.machinery.kinds import Hex, Kind
from conformance.syscalls.machinery.memory import Pointer, RowOf


class Inner(Struct):
    """Two numbers."""

    a: I32
    b: Annotated[U32, Hex()]


class Outer(Struct):
    """Numbers of all sorts."""

    size_: U8
    port: BE16
    inner: Inner
    name: Annotated[ctypes.Array[ctypes.c_char], Layout(ctypes.c_char * 6)]
    row: Annotated[ctypes.Array[ctypes.c_uint16], Layout(ctypes.c_uint16 * 3)]


def test_members_have_the_names_that_c_has_for_them() -> None:
    assert list(fields(Outer)) == ["size", "port", "inner", "name", "row"]


def test_a_member_knows_its_bytes() -> None:
    port, row, name, a = (fields(Outer)[each] for each in ("port", "row", "name", "inner"))
    assert (port.offset, port.size, port.number_in(b"\1\2"), port.is_array) == (2, 2, 0x0102, False)
    assert (row.size, row.width, row.is_array, row.number_in(b"\1\2")) == (6, 2, True, 0x0201)
    assert (name.width, name.is_array) == (1, True)
    assert (a.inner, a.is_array) == (Inner, False)
    assert fields(Inner)["a"].number_in(b"\xff" * 4) == -1
    assert fields(Inner)["b"].number_in(b"\xff" * 4) == 0xFFFFFFFF
    assert isinstance(fields(Inner)["b"].kind, Hex)


@pytest.mark.parametrize(
    ("offset", "width", "name"),
    [(2, 2, "port"), (4, 4, "inner.a"), (8, 4, "inner.b"), (4, 8, ""), (5, 4, ""), (0, 1, "size"), (12, 6, "")],
)
def test_a_number_is_named_by_where_it_lies(offset: int, width: int, name: str) -> None:
    assert field_at(Outer, offset, width) == name


@pytest.mark.parametrize(
    ("value", "width", "has_room"),
    [(255, 1, True), (256, 1, False), (-128, 1, True), (-129, 1, False), ((1 << 64) - 1, 8, True), (1 << 64, 8, False)],
)
def test_a_number_has_room_signed_or_not(value: int, width: int, has_room: bool) -> None:
    assert fits(value, width) is has_room


def test_memory_is_known_by_its_annotation_or_by_what_it_holds() -> None:
    assert known_struct(Inner, Kind()) is Inner
    assert known_struct(None, Pointer().holding(RowOf(Outer))) is Outer
    assert known_struct(Struct, Pointer()) is None
