"""Opening device nodes, which not every target has."""

from __future__ import annotations

from errno import ENODEV, ENOENT, ENXIO

from conformance.syscalls.files.opening import O_CLOEXEC, O_RDWR, openat
from conformance.syscalls.files.paths import AT_FDCWD


def device(path: bytes, flags: int = O_RDWR, *, prefix: str = "") -> int:
    """Open a device. Reports `missing` when there is no node, or nothing behind it; `prefix` begins the reason."""
    absent = (ENOENT, ENXIO, ENODEV)
    return openat.or_missing(f"{prefix}{path.decode()}", absent, AT_FDCWD, path, flags | O_CLOEXEC, 0)
