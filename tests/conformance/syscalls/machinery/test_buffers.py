from __future__ import annotations

import ctypes

import pytest

from conformance.syscalls.machinery.aliases import Ino64
from conformance.syscalls.machinery.buffers import (
    BE16,
    I8,
    POISON,
    U8,
    U16,
    U32,
    U64,
    Buffer,
    Struct,
    memory_at,
    write_memory,
)
from conformance.syscalls.machinery.kinds import Kind


class Inner(Struct):
    """Two bytes."""

    low: U8
    high: I8


class Outer(Struct):
    """A bit of everything."""

    port: BE16
    inner: Inner
    ino: Ino64
    rest: ctypes.c_ubyte * 4  # type: ignore[valid-type] # an array is made by multiplication


# Buffers


def test_a_buffer_of_a_size_is_poisoned() -> None:
    buffer = Buffer(4)
    assert bytes(buffer) == bytes([POISON]) * 4
    assert (len(buffer), buffer.initial) == (4, False)


def test_a_buffer_of_bytes_holds_a_copy() -> None:
    buffer = Buffer(b"hello")
    assert (bytes(buffer), len(buffer), buffer.initial) == (b"hello", 5, True)
    write_memory(buffer.address, b"HE")
    assert bytes(buffer) == b"HEllo"


def test_an_empty_buffer_has_an_address() -> None:
    assert Buffer(0).address
    assert bytes(Buffer(0)) == bytes(Buffer(b"")) == b""


def test_parts_of_a_buffer_are_taken_as_bytes_and_numbers() -> None:
    buffer = Buffer(b"\x01\x02\x03\xff\xff\xff\xff")
    assert buffer.take(2, 1) == b"\x02\x03"
    assert buffer.int_at(1, 2) == 0x0302
    assert buffer.int_at(3) == 0xFFFFFFFF
    assert buffer.int_at(3, signed=True) == -1


def test_memory_is_read_by_its_address() -> None:
    buffer = Buffer(b"hello")
    assert memory_at(buffer.address + 1, 3) == b"ell"


# Structs


def test_members_lie_where_c_puts_them() -> None:
    offsets = {name: getattr(Outer, name).offset for name in Outer.members}
    assert offsets == {"port": 0, "inner": 2, "ino": 8, "rest": 16}
    assert Outer.size() == 24


def test_members_that_are_not_given_are_zero() -> None:
    assert bytes(Outer(port=0x1234)) == b"\x12\x34" + bytes(22)


def test_structs_nest() -> None:
    outer = Outer(inner=Inner(low=1, high=-1))
    assert (outer.inner.low, outer.inner.high) == (1, -1)
    assert bytes(outer)[2:4] == b"\x01\xff"


def test_a_struct_is_parsed_from_bytes_at_an_offset() -> None:
    assert Inner.parse(b"xx\x07\xff", 2).low == 7
    with pytest.raises(ValueError, match="too small"):
        Inner.parse(b"xx\x07", 2)


def test_a_struct_is_memory_for_the_kernel() -> None:
    outer = Outer()
    write_memory(outer.address, b"\x00\x50")
    assert outer.port == 80


def test_a_member_keeps_the_kind_of_its_annotation() -> None:
    (kind,) = Outer.members["ino"]
    assert isinstance(kind, Kind)
    assert Outer.members["port"] == ()


def test_a_misspelt_member_is_refused() -> None:
    with pytest.raises(TypeError, match="Inner has no member lwo"):
        Inner(lwo=1)


@pytest.mark.parametrize(("kind", "size"), [(U8, 1), (U16, 2), (U32, 4), (U64, 8), (I8, 1), (BE16, 2)])
def test_scalars_have_the_size_that_they_are_named_for(kind: object, size: int) -> None:
    (layout,) = kind.__metadata__  # type: ignore[attr-defined] # an annotated type has it
    assert ctypes.sizeof(layout.ctype) == size
