"""The disk in a VHD ("Virtual Hard Disk Image Format Specification", Microsoft 2006): a footer, and the disk before it.

In a fixed one, the disk lies as it is. In a dynamic one, a table says where each of its blocks lies, if it does.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from runners.kernels.kernel import Foreign

SECTOR = 512
FOOTER = struct.Struct(">8sIIQI4sI4sQQ4sII16s")
HEADER = struct.Struct(">8sQQIIII")
FIXED, DYNAMIC = 2, 3
LARGEST = 8 << 30
"""No disk of modules is larger than that, in bytes, holes included."""
SMALLEST_BLOCK, LARGEST_BLOCK = 64 << 10, 64 << 20
"""Of a dynamic disk; 2 MiB is the rule."""
NOWHERE = 0xFFFF_FFFF
"""What the table says of a block that has nothing but zeros."""


@dataclass(frozen=True, slots=True)
class _Footer:
    size: int
    kind: int
    header: int
    """Where a dynamic disk's header lies."""


def disk(vhd: Path, room: Path) -> Path:
    """A file that begins with what is on the disk: the VHD itself, or one in the folder `room`. Raises Foreign."""
    with vhd.open("rb") as source:
        try:
            footer = _footer(source, vhd.stat().st_size)
            if footer.kind == FIXED:
                if footer.size > vhd.stat().st_size - SECTOR:
                    raise Foreign("it is shorter than the disk in it")
                return vhd
            if footer.kind == DYNAMIC:
                return _dynamic(source, footer, room / "disk")
        except Foreign as error:
            raise Foreign(f"{vhd.name} is no VHD that can be read here: {error}") from error
    raise Foreign(f"{vhd.name} is no VHD that can be read here: it is of kind {footer.kind}, neither fixed nor dynamic")


def _footer(source: IO[bytes], length: int) -> _Footer:
    if source.read(8) == b"vhdxfile":
        raise Foreign("it is a VHDX")
    source.seek(max(0, length - SECTOR))
    data = source.read(SECTOR)
    if len(data) < SECTOR or not data.startswith(b"conectix"):
        raise Foreign("it has no footer, which is where a file ends that was cut off")
    _, _, _, header, _, _, _, _, _, size, _, kind, said, _ = FOOTER.unpack_from(data)
    _check_sum(data, 64, said)
    if not 0 < size <= LARGEST:
        raise Foreign(f"the disk in it has {size} bytes")
    return _Footer(size, kind, header)


def _dynamic(source: IO[bytes], footer: _Footer, to: Path) -> Path:
    """Put the blocks of a disk where they belong. No block is taken twice, so that no more comes out than is in."""
    header = _at(source, footer.header, 1024)
    cookie, _, table, _, count, size, said = HEADER.unpack_from(header)
    _check_sum(header, 36, said)
    whole = SMALLEST_BLOCK <= size <= LARGEST_BLOCK and footer.size <= count * size <= 2 * LARGEST
    if cookie != b"cxsparse" or size % SECTOR or not whole:
        raise Foreign("its header is not one of a dynamic disk")
    places = struct.unpack(f">{count}I", _at(source, table, 4 * count))
    taken = [place for place in places if place != NOWHERE]
    if len(set(taken)) < len(taken):
        raise Foreign("two parts of its disk are said to lie in one place")
    bitmap = -(-size // SECTOR // 8 // SECTOR) * SECTOR
    with to.open("wb") as sink:
        for number, place in enumerate(places):
            if place != NOWHERE and number * size < footer.size:
                sink.seek(number * size)
                sink.write(_at(source, place * SECTOR + bitmap, size))
        sink.truncate(footer.size)
    return to


def _at(source: IO[bytes], place: int, length: int) -> bytes:
    """So many bytes of a file. Raises Foreign."""
    if place < 1 << 62:
        source.seek(place)
        data = source.read(length)
        if len(data) == length:
            return data
    raise Foreign("it ends before a part that it is said to have")


def _check_sum(data: bytes, at: int, said: int) -> None:
    """Raises Foreign when a structure, whose sum stands at a place in it, has another."""
    if said != ~(sum(data) - sum(data[at : at + 4])) & 0xFFFF_FFFF:
        raise Foreign("a checksum in it is wrong")
