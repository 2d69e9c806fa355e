"""What was made of texts before: making it anew takes longer than most of what is done with it.

It hangs on the text and on the sources of what reads it, so it is kept by both.
"""

from __future__ import annotations

import hashlib
import pickle
import shutil
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

from conformance.places import PACKAGE, cache_root, sources
from conformance.run.errors import UserError
from conformance.run.whole import write_whole

KEPT = 4
"""Of how many states of the sources it is kept what was made: several checkouts are used in turn."""
_DIGEST = hashlib.sha256().digest_size
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where what one reader makes of texts is kept."""

    name: str
    """Its folder in the cache."""
    sources: tuple[str, ...]
    """Of this package: what decides what a text means."""
    most: int
    """Of how many texts it is kept."""

    @property
    def folder(self) -> Path:
        """Where it is kept what was made by today's sources."""
        return cache_root() / self.name / state(self.sources)

    def get(self, key: str, make: Callable[[], Made]) -> Made:
        """What was made by `key`, and is made now where it was not: where the cache cannot be used, always."""
        place = self.folder / hashlib.sha256(key.encode()).hexdigest()
        with suppress(OSError):
            whole = place.read_bytes()
            data = whole[_DIGEST:]
            if hashlib.sha256(data).digest() == whole[:_DIGEST]:
                kept: Made = pickle.loads(data)  # noqa: S301 - it is what was written below
                return kept
        found = make()
        data = pickle.dumps(found, protocol=5)
        with suppress(OSError, UserError):
            self._write(place, hashlib.sha256(data).digest() + data)
        return found

    def _write(self, place: Path, data: bytes) -> None:
        """Raises OSError, UserError."""
        folder = place.parent
        if folder.is_dir():
            _drop(folder.iterdir(), self.most - 1)
        else:
            folder.mkdir(parents=True)
            _drop(folder.parent.iterdir(), KEPT)
        write_whole(place, data)


def _drop(paths: Iterable[Path], most: int) -> None:
    """Leave only the newest. Raises OSError."""
    found = list(paths)
    if len(found) > most:
        for each in sorted(found, key=lambda each: each.stat().st_mtime)[: len(found) - most]:
            if each.is_dir():
                shutil.rmtree(each, ignore_errors=True)
            else:
                each.unlink()


@cache
def state(names: tuple[str, ...]) -> str:
    """What this interpreter and these sources of the package are, as a name."""
    seen = hashlib.sha256(sys.version.encode())
    for path in sorted(sources(PACKAGE / name for name in names)):
        if path.suffix == ".py":
            found = path.stat()
            seen.update(f"{path} {found.st_size} {found.st_mtime_ns}\n".encode())
    return seen.hexdigest()[:32]
