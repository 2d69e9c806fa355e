"""Files of programs as they were read before: parsing them all takes longer than running them natively.

What a file says hangs on its text and on the notation's and the descriptions' sources, so it is kept by both.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from conformance.places import PACKAGE, cache_root
from conformance.programs.listed import Listed, parsed
from conformance.programs.notation.model import Listing

SOURCES = ("programs", "syscalls", "conditions.py", "model.py")
"""Of this package: what decides what a text means."""
KEPT = 4
"""Of how many states of the sources it is kept what files said: several checkouts are used in turn."""
_DIGEST = hashlib.sha256().digest_size


def remembered(path: Path, text: str, programs: Sequence[Listed]) -> dict[str, Listing]:
    """As `parsed`. Raises NotationError; nothing where the cache cannot be read or written: it is read anew then."""
    place = _folder() / hashlib.sha256(text.encode()).hexdigest()
    with suppress(OSError):
        whole = place.read_bytes()
        data = whole[_DIGEST:]
        if hashlib.sha256(data).digest() == whole[:_DIGEST]:
            kept: dict[str, Listing] = pickle.loads(data)  # noqa: S301 - it is what was written below
            return kept
    found = parsed(path, text, programs)
    data = pickle.dumps(found, protocol=5)
    with suppress(OSError):
        _write(place, hashlib.sha256(data).digest() + data)
    return found


def _write(place: Path, data: bytes) -> None:
    """Raises OSError."""
    if not place.parent.is_dir():
        place.parent.mkdir(parents=True)
        older = sorted(place.parent.parent.iterdir(), key=lambda each: each.stat().st_mtime)[:-KEPT]
        for each in older:
            shutil.rmtree(each, ignore_errors=True)
    partial = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        partial.write_bytes(data)
        partial.replace(place)
    finally:
        partial.unlink(missing_ok=True)


@cache
def _folder() -> Path:
    """Where it is kept what files say in today's notation."""
    seen = hashlib.sha256(sys.version.encode())
    for path, size, changed in sorted(_states()):
        seen.update(f"{path} {size} {changed}\n".encode())
    return cache_root() / "programs" / seen.hexdigest()[:32]


def _states() -> Iterator[tuple[str, int, int]]:
    """Each source's path, size in bytes, and when it changed, in nanoseconds."""
    for name in SOURCES:
        source = PACKAGE / name
        for path in source.rglob("*.py") if source.is_dir() else [source]:
            found = path.stat()
            yield str(path), found.st_size, found.st_mtime_ns
