"""Things that are dear to make, kept between runs: kernels, payloads, measurements."""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from conformance.places import cache_root
from runners.base import RunnerError

MANIFEST = "manifest.json"


def entry(name: str, make: Callable[[Path], None]) -> Path:
    """The directory `name` of the cache; `make` fills it when it is absent or damaged.

    A half-made entry is never seen: it is made aside and renamed. Two processes that want the same entry wait for one
    another. Raises RunnerError when the disk is full or not writable.
    """
    path = cache_root() / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with locked(path.with_suffix(path.suffix + ".lock")):
            if path.exists() and intact(path):
                return path
            shutil.rmtree(path, ignore_errors=True)
            partial = path.with_name(path.name + ".partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            try:
                make(partial)
                seal(partial)
                partial.rename(path)
            finally:
                shutil.rmtree(partial, ignore_errors=True)
    except OSError as error:
        raise RunnerError(
            f"the cache entry {path} could not be made: {error.strerror or error}; "
            "free some space or point CONFORMANCE_CACHE elsewhere"
        ) from error
    return path


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold an exclusive lock on a file, which is made if need be. Raises BlockingIOError when somebody else has it, if
    that is not to be waited for."""
    with path.open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield


def seal(path: Path) -> None:
    """Write down the size and digest of every file directly in a directory (not of trees below it)."""
    files = {each.name: [each.stat().st_size, digest(each)] for each in sorted(path.iterdir()) if each.is_file()}
    (path / MANIFEST).write_text(json.dumps(files), encoding="utf-8")


def intact(path: Path) -> bool:
    """Whether every sealed file still is what it was."""
    try:
        files = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        return all(
            (path / name).stat().st_size == size and digest(path / name) == expected
            for name, (size, expected) in files.items()
        )
    except (OSError, ValueError, TypeError, AttributeError):
        return False


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
