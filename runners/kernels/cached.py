"""The kernels that are in the cache, by the names by which targets can have them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from conformance.places import cache_root
from runners.base import RunnerError
from runners.host.cache import MANIFEST
from runners.kernels import images, microsoft
from runners.kernels.kernel import Kernel


@dataclass(frozen=True, slots=True)
class Kept:
    """A kernel in the cache."""

    name: str
    """As `--kernel` takes it."""
    kernel: Kernel
    bytes: int
    """What it takes of the disk, with its modules and what was made of them."""


def kept() -> list[Kept]:
    """All of them. One that is damaged is left out: it is made anew when it is asked for."""
    found = []
    for path in sorted((cache_root() / "kernels").glob("*-*")):
        if (path / MANIFEST).is_file():
            try:
                name, kernel = _in(path)
            except (RunnerError, OSError, ValueError):
                continue
            found.append(Kept(name, kernel, disk_bytes(path)))
    return found


def _in(path: Path) -> tuple[str, Kernel]:
    """The kernel in a cache entry, and its name. Raises RunnerError, OSError, ValueError."""
    source, _, version = path.name.partition("-")
    if source == "debian":
        return f"debian:{version}", images.debian_kept(path)
    if version in microsoft.here():
        return f"{images.WSL2}:{version}", microsoft.kept(version)
    return f"{images.WSL2}:{version}", images.built(version)


def disk_bytes(path: Path) -> int:
    """What a file, or all files below a folder, take of the disk."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(each.stat().st_blocks * 512 for each in files if each.is_file() and not each.is_symlink())
