"""Memory that is handed to a system call: buffers and C structs.

Both have a fixed address for as long as they are alive. A struct is written once, as annotations:

    class Timespec(Struct):
        tv_sec: I64
        tv_nsec: I64

An annotation is a C scalar (`I64`, `U32` …), another struct, `array(...)`, or a scalar that also has a meaning
(`Ino`, `Seconds` …, see `kinds`).
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self, get_args, get_origin, get_type_hints

POISON = 0xAA
"""What a buffer holds before a call writes it, so that a short write shows."""


class Layout:
    """The C type of a struct member, carried in its annotation."""

    def __init__(self, ctype: type[Any]) -> None:
        self.ctype = ctype


I8 = Annotated[int, Layout(ctypes.c_int8)]
U8 = Annotated[int, Layout(ctypes.c_uint8)]
I16 = Annotated[int, Layout(ctypes.c_int16)]
U16 = Annotated[int, Layout(ctypes.c_uint16)]
BE16 = Annotated[int, Layout(ctypes.c_uint16.__ctype_be__)]
I32 = Annotated[int, Layout(ctypes.c_int32)]
U32 = Annotated[int, Layout(ctypes.c_uint32)]
BE32 = Annotated[int, Layout(ctypes.c_uint32.__ctype_be__)]
I64 = Annotated[int, Layout(ctypes.c_int64)]
U64 = Annotated[int, Layout(ctypes.c_uint64)]


if TYPE_CHECKING:
    from _ctypes import _PyCStructType as _StructureType
else:
    _StructureType = type(ctypes.Structure)


class _StructType(_StructureType):
    """Makes `_fields_` of the annotations, once the class exists."""

    def __init__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any]) -> None:  # noqa: N805 - a metaclass
        super().__init__(name, bases, namespace)
        own = {} if bases == (ctypes.Structure,) else namespace.get("__annotations__", {})
        known = {**globals(), **vars(sys.modules[cls.__module__])}  # what an annotation means by `globals()`, too
        hints = get_type_hints(cls, known, dict(namespace), include_extras=True) if own else {}
        fields = []
        cls.members = {}
        for member in own:
            notes = get_args(hints[member])[1:] if get_origin(hints[member]) is Annotated else ()
            layout = next((note.ctype for note in notes if isinstance(note, Layout)), hints[member])
            nested = (layout,) if isinstance(layout, _StructType) else ()
            cls.members[member] = (*nested, *(note for note in notes if not isinstance(note, Layout)))
            fields.append((member, layout))
        if own:
            cls._fields_ = fields


class Struct(ctypes.Structure, metaclass=_StructType):
    """A C struct. Members are annotations; keyword arguments set them, the others are zero."""

    members: ClassVar[dict[str, tuple[Any, ...]]]
    """What is known of each member: its kind, and the struct that it is if it is one."""
    former: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """Names that members had in records of old, and where they are now: `{"stx_atime_nsec": "stx_atime.tv_nsec"}`.
    What an inner struct says is one level down, no more."""

    def __init__(self, *values: Any, **members: Any) -> None:
        for name in members:
            if name not in self.members:  # ctypes would make an attribute of it that the kernel never sees
                raise TypeError(f"{type(self).__name__} has no member {name}")
        super().__init__(*values, **members)

    def holding(self, *memory: Buffer) -> Self:
        """Keep alive what the struct points to, for as long as there is the struct."""
        self._held = memory
        return self

    @classmethod
    def renewed(cls, seen: dict[str, Any]) -> dict[str, Any]:
        """What was seen of a struct, in the form that it has today: records of old may use `former` names."""
        if seen.keys().isdisjoint(cls.former.keys() - cls.members.keys()):
            return seen
        found: dict[str, Any] = {}
        for name, value in seen.items():
            member, _, inner = cls.former.get(name, name).partition(".")
            beside = found.get(member)
            found[member] = {**(beside if isinstance(beside, dict) else {}), inner: value} if inner else value
        return found

    @classmethod
    def comparable(cls, seen: dict[str, Any]) -> dict[str, Any]:
        """What of a struct, as it was seen, can be compared at all, where that depends on other members."""
        return seen

    @classmethod
    def told_by(cls, data: bytes) -> type[Struct]:
        """The same struct with kinds that fit what it holds: what a number is called may depend on another member."""
        return cls

    @property
    def address(self) -> int:
        """Where the struct lies."""
        return ctypes.addressof(self)

    def __bytes__(self) -> bytes:
        return ctypes.string_at(ctypes.addressof(self), ctypes.sizeof(self))

    @classmethod
    def size(cls) -> int:
        """`sizeof`, in bytes."""
        return ctypes.sizeof(cls)

    @classmethod
    def parse(cls, data: bytes, offset: int = 0) -> Self:
        """A copy of the struct that lies at `offset` of `data`. Raises ValueError when it does not fit."""
        return cls.from_buffer_copy(data, offset)


class Buffer:
    """Memory for a call to read or write: `Buffer(64)` is 64 poisoned bytes, `Buffer(b"…")` holds a copy."""

    __slots__ = ("_memory", "initial", "size")

    def __init__(self, content: int | bytes) -> None:
        self.initial = isinstance(content, bytes)
        data = content if isinstance(content, bytes) else bytes([POISON]) * content
        self.size = len(data)
        self._memory = (ctypes.c_ubyte * max(self.size, 1)).from_buffer_copy(data or b"\0")

    @property
    def address(self) -> int:
        """Where the memory lies."""
        return ctypes.addressof(self._memory)

    def __len__(self) -> int:
        return self.size

    def __bytes__(self) -> bytes:
        return ctypes.string_at(self._memory, self.size)

    def take(self, count: int, offset: int = 0) -> bytes:
        """The first `count` bytes from `offset` on."""
        return bytes(self)[offset : offset + count]

    def int_at(self, offset: int, size: int = 4, *, signed: bool = False) -> int:
        """The native-endian integer of `size` bytes at `offset`."""
        return int.from_bytes(self.take(size, offset), sys.byteorder, signed=signed)


def memory_at(address: int, size: int) -> bytes:
    """A copy of `size` bytes of this process's memory. The address must be mapped: there is no check."""
    return ctypes.string_at(address, size)


def write_memory(address: int, data: bytes) -> None:
    """Copy `data` to an address of this process. The address must be mapped: there is no check."""
    ctypes.memmove(address, data, len(data))
