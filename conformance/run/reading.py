"""Files of programs as they were read before: parsing them all takes longer than running them natively.

What a file says hangs on its text and on the notation's and the descriptions' sources, so it is kept by both.
"""

from __future__ import annotations

import hashlib
import pickle
import shutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

from conformance.places import PACKAGE, cache_root, sources
from conformance.programs.listed import Listed, parsed
from conformance.programs.notation.model import Listing
from conformance.run.errors import UserError
from conformance.run.whole import write_whole

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
    with suppress(OSError, UserError):
        _write(place, hashlib.sha256(data).digest() + data)
    return found


def _write(place: Path, data: bytes) -> None:
    """Raises OSError, UserError."""
    if not place.parent.is_dir():
        place.parent.mkdir(parents=True)
        older = sorted(place.parent.parent.iterdir(), key=lambda each: each.stat().st_mtime)[:-KEPT]
        for each in older:
            shutil.rmtree(each, ignore_errors=True)
    write_whole(place, data)


@cache
def _folder() -> Path:
    """Where it is kept what files say in today's notation."""
    seen = hashlib.sha256(sys.version.encode())
    for path in sorted(sources(PACKAGE / name for name in SOURCES)):
        if path.suffix == ".py":
            state = path.stat()
            seen.update(f"{path} {state.st_size} {state.st_mtime_ns}\n".encode())
    return cache_root() / "programs" / seen.hexdigest()[:32]
