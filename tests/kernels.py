"""Kernels that were made up: enough of an image to be taken for one."""

from __future__ import annotations

import struct
from pathlib import Path


def image(path: Path, release: str = "6.1.0-56-cloud-amd64 (debian@x) #1 SMP", offset: int = 0x3000) -> Path:
    """The head of a bzImage (Documentation/arch/x86/boot.rst)."""
    head = bytearray(0x8000)
    head[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", head, 0x20E, offset)
    head[offset + 0x200 : offset + 0x200 + len(release)] = release.encode()
    path.write_bytes(bytes(head))
    return path
