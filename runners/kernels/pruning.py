"""What of the cache no target needs: kernels, what guests on them were remembered by, and downloads that broke off."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from conformance.places import cache_root
from runners.base import RunnerError, sentence
from runners.host.cache import locked
from runners.kernels import cached, feed, images, microsoft
from runners.kernels.kernel import NotThere, remembered


@dataclass(frozen=True, slots=True)
class Unneeded:
    """Something in the cache that nobody needs."""

    name: str
    paths: tuple[Path, ...]
    lock: Path
    """What whoever makes it holds."""

    @property
    def bytes(self) -> int:
        """What it takes of the disk."""
        return sum(cached.disk_bytes(path) for path in self.paths)


def unneeded(sources: Iterable[str]) -> list[Unneeded]:
    """What no target needs whose `kernel` option is one of these. What is being made is left out."""
    needed = {name for source in sources for name in _needed(source)}
    return [each for each in (*_kernels(needed), *_given(), *_downloads()) if _is_free(each.lock)]


def _needed(source: str) -> Iterator[str]:
    """The names below `kernels` of what a target needs. For `wsl2` it is the newest, or what was built: the image that
    the environment gives today need not be there tomorrow."""
    kind, _, version = source.partition(":")
    if kind == "debian":
        yield f"debian-{version}"
    elif images.is_wsl2s(source):
        try:
            yield f"wsl2-{feed.newest(microsoft.here(), version, 'the cache')}"
        except NotThere:
            yield f"wsl2-{version or images.WSL2_SERIES}"


def _kernels(needed: set[str]) -> Iterator[Unneeded]:
    folder = cache_root() / "kernels"
    for path in sorted(folder.glob("*-*")):
        name = path.name.removesuffix(".partial")
        if not path.is_dir() or path.name in needed:
            continue
        guests = (remembered(path / image) for image in ("vmlinuz", microsoft.IMAGE))
        paths = (path, *(each for each in guests if each.is_dir()))
        called = name.replace("-", ":", 1)
        yield Unneeded(called if name == path.name else f"the beginning of {called}", paths, folder / f"{name}.lock")


def _given() -> Iterator[Unneeded]:
    """What was put together of kernels that somebody named by a path: it is made anew where it is needed."""
    for path in sorted(path for path in (cache_root() / "given").glob("*") if path.is_dir()):
        guests = remembered(path / microsoft.IMAGE)
        yield Unneeded(f"what was given, {path.name}", (path, *([guests] if guests.is_dir() else [])), _lock_of(path))


def _lock_of(path: Path) -> Path:
    """What whoever makes a cache entry, or has begun it, holds."""
    return path.with_name(f"{path.name.removesuffix('.partial')}.lock")


def _downloads() -> Iterator[Unneeded]:
    """What is there of packages whose download broke off, or that could not be unpacked."""
    prefix = f"{feed.PACKAGE}.".lower()
    for path in sorted((cache_root() / "downloads").glob(f"{prefix}*.nupkg*")):
        version = path.name.removeprefix(prefix).partition(".nupkg")[0]
        yield Unneeded(f"the download {path.name}", (path,), microsoft.place(version).with_name(f"wsl2-{version}.lock"))


def _is_free(lock: Path) -> bool:
    """Whether nobody is making what is behind a lock."""
    if not lock.exists():
        return True
    try:
        with locked(lock, wait=False):
            return True
    except BlockingIOError:
        return False


def remove(each: Unneeded) -> bool:
    """Remove it; False when somebody has begun to make it anew. Raises RunnerError."""
    try:
        each.lock.parent.mkdir(exist_ok=True)
        with locked(each.lock, wait=False):
            for path in each.paths:
                shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        return True
    except BlockingIOError:
        return False
    except OSError as error:
        raise RunnerError(f"{each.name} could not be removed: {sentence(error)}") from error
