"""A kernel that a machine can boot: its image, its modules, and what the image says of itself."""

from __future__ import annotations

import hashlib
import re
import struct
from dataclasses import dataclass
from pathlib import Path

from conformance.places import cache_root
from runners.base import RunnerError

RELEASE = re.compile(r"\d[\w.+~-]{0,63}", re.ASCII)
"""The release of a kernel, which names a directory (uts_namespace's has 64 characters)."""


class Foreign(RunnerError):
    """What a kernel should come in is something else: damaged, cut off, or not as it is documented."""


class NotThere(RunnerError):
    """There is no such thing where it was looked for."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel that a machine can boot."""

    image: Path
    release: str
    origin: str
    """Where it comes from, as a note for the report."""
    modules: Path | None = None
    """A directory that has `lib/modules/RELEASE`, or None when everything is built in."""
    label: str = ""
    """The column's name where the target's own would promise too much."""

    @property
    def tree(self) -> Path | None:
        """Its `lib/modules/RELEASE`."""
        return self.modules / "lib/modules" / self.release if self.modules else None


def remembered(image: Path) -> Path:
    """Where guests that have booted an image are remembered."""
    return cache_root() / "snapshots" / hashlib.sha256(str(image.resolve()).encode()).hexdigest()[:12]


def inspect(image: Path) -> str:
    """The release string in a bzImage (Documentation/arch/x86/boot.rst, "kernel_version").

    Raises RunnerError when the file is no bootable x86 kernel.
    """
    try:
        with image.open("rb") as stream:
            head = stream.read(0x8000)
    except OSError as error:
        raise RunnerError(
            f"the kernel image {image} cannot be read: {error.strerror}; name another one, "
            "`conformance run --kernel TARGET=PATH`"
        ) from error
    if len(head) < 0x210 or head[0x202:0x206] != b"HdrS":
        raise RunnerError(
            f"{image} is not a Linux kernel image (no bzImage header); give the path of a bzImage, "
            "`conformance run --kernel TARGET=PATH`"
        )
    (offset,) = struct.unpack_from("<H", head, 0x20E)
    text = head[offset + 0x200 :].split(b"\0", 1)[0].decode("latin-1")
    return text.split(" ")[0] if offset else "unknown"
