"""Files that are there as a whole, or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from conformance.run.errors import UserError


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that nobody ever sees half of it. Raises UserError when the disk is full.

    What is there and is no file (a device, a pipe, /dev/stdout) is written to and never replaced, and a link goes on
    pointing where it does.
    """
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(data)
        else:
            _replace(Path(os.path.realpath(path)), data)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}; make room or choose another place") from error


def _replace(path: Path, data: bytes) -> None:
    """Raises OSError."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(data)
        partial.replace(path)
    finally:
        with suppress(OSError):
            partial.unlink()
