"""Kernels that were made up: enough of an image to be taken for one."""

from __future__ import annotations

import struct
from pathlib import Path


def image(
    path: Path, release: str = "6.1.0-56-cloud-amd64 (debian@x) #1 SMP", offset: int = 0x3000, *, whole: bool = False
) -> Path:
    """The head of a bzImage (Documentation/arch/x86/boot.rst); `whole`: it says where the kernel proper lies, too."""
    head = bytearray(0x8000)
    head[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", head, 0x20E, offset)
    head[offset + 0x200 : offset + 0x200 + len(release)] = release.encode()
    if whole:
        struct.pack_into("<H", head, 0x206, 0x20F)
        head[0x1F1] = 4
        struct.pack_into("<II", head, 0x248, 0x1000, 0x1000)
    path.write_bytes(bytes(head))
    return path
