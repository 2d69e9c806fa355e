"""Numbers and addresses as programs write them: those that the executor's memory gives a meaning have a name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from conformance.syscalls.machinery.choices import KERNEL_ADDRESS
from conformance.syscalls.machinery.world import (
    ARENA,
    ARENA_PAGES,
    DATA,
    DATA_BYTES,
    HANDLER,
    OTHER_HANDLER,
    PAGE,
    READ_ONLY,
    RESTORER,
    SIGLOG,
    UNMAPPED,
)

PLACES: Mapping[str, int] = MappingProxyType(
    {
        "NULL": 0,
        "UNMAPPED": UNMAPPED,
        "READ_ONLY": READ_ONLY,
        "HANDLER": HANDLER,
        "RESTORER": RESTORER,
        "OTHER_HANDLER": OTHER_HANDLER,
        "SIGLOG": SIGLOG,
        "KERNEL_ADDRESS": KERNEL_ADDRESS,
        "ARENA": ARENA,
        "DATA": DATA,
    }
)
"""Addresses with a name."""
_NAMES = {value: name for name, value in PLACES.items()}
_AREAS = (("ARENA", ARENA, ARENA_PAGES * PAGE), ("DATA", DATA, DATA_BYTES))
_SMALL = range(-4096, 10_000_000)
"""What reads best in decimal."""


def number_spelled(value: int) -> str:
    """A number, large ones in hexadecimal."""
    return str(value) if value in _SMALL else hex(value)


def place_spelled(value: int) -> str:
    """An address: by name, by how far it is into the memory of programs, else as a number."""
    if (name := _NAMES.get(value)) is not None:
        return name
    for name, start, size in _AREAS:
        if start < value < start + size:
            return f"{name}+{value - start:#x}"
    return number_spelled(value) if -4096 <= value < 10 else hex(value)
