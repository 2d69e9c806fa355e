"""A kernel that the user names by a path: an image, one with its modules and its configuration beside it, a directory.

    NAME.bzImage, NAME.modules.tar.xz, NAME.config      an image that brings along what lies beside it
    vmlinuz* or bzImage*, lib/modules/RELEASE, config   a directory with all of it

What belongs together is put together in the cache, once for what it is: an archive may be hostile, and its modules are
written under names that stay below a directory of ours.
"""

from __future__ import annotations

import hashlib
import lzma
import shutil
import tarfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from runners.base import RunnerError
from runners.host.cache import digest, entry
from runners.kernels.config import Unreadable, payload
from runners.kernels.kernel import RELEASE, Foreign, Kernel, inspect
from runners.kernels.modules import check
from runners.kernels.preparing import run

IMAGE, ROOT, CONFIG = "bzImage", "root", "config"
IMAGES = ("vmlinuz*", "bzImage*")
ARCHIVE, CONFIGURATION = ".modules.tar.xz", ".config"
LARGEST = 4 << 30
"""All modules of a kernel together are no larger than that, unpacked, in bytes."""
MOST = 50_000
"""An archive of modules has no more members than that."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What lies together on somebody's disk."""

    image: Path
    modules: Path | None = None
    """An archive, or a directory that has `lib/modules/RELEASE`."""
    config: Path | None = None

    @property
    def alone(self) -> bool:
        """Whether there is nothing but the image."""
        return self.modules is None and self.config is None

    def key(self, release: str) -> str:
        """What tells them from others: what is in them, or for modules that lie about, when they were written."""
        seen = hashlib.sha256(digest(self.image).encode())
        for path in filter(None, (self.modules, self.config)):
            seen.update(digest(path).encode() if path.is_file() else _listed(path / "lib/modules" / release))
        return seen.hexdigest()[:16]


def from_path(path: Path) -> Kernel:
    """The kernel that a path names, with what lies beside it. Raises RunnerError."""
    found = _in(path) if path.is_dir() else _beside(path)
    release = inspect(found.image)
    origin = f"the image {found.image.name} that was given"
    if found.alone:
        return Kernel(found.image, release, origin)
    if not RELEASE.fullmatch(release):
        raise RunnerError(f"{found.image} does not say its release, so that no modules belong to it; give it alone")
    key = found.key(release)
    made = entry(f"given/{key}", lambda into: _put_together(found, release, into))
    modules = made / ROOT if (made / ROOT).is_dir() else None
    brought = [name for name, there in (("modules", modules), ("configuration", found.config)) if there]
    return Kernel(made / IMAGE, release, f"{origin}, with its {' and '.join(brought)} ({key})", modules)


def whole(kernel: Kernel) -> None:
    """Raises RunnerError where an image is cut off, or does not say where in it the kernel is: it would not boot."""
    try:
        payload(kernel.image.read_bytes())
    except (Unreadable, OSError) as error:
        raise RunnerError(
            f"the kernel image of {kernel.release} cannot be booted: {error}; take a whole one"
        ) from error


def _beside(image: Path) -> Parts:
    stem = image.with_suffix("")
    archive, config = (Path(f"{stem}{end}") for end in (ARCHIVE, CONFIGURATION))
    return Parts(image, archive if archive.is_file() else None, config if config.is_file() else None)


def _in(folder: Path) -> Parts:
    """The parts in a directory. Raises RunnerError."""
    images = sorted({path for pattern in IMAGES for path in folder.glob(pattern) if path.is_file()})
    if len(images) != 1:
        has = ", ".join(path.name for path in images) or "none"
        raise RunnerError(
            f"{folder} should have one image, {' or '.join(IMAGES)}, and has {has}; name the image itself"
        )
    release = inspect(images[0])
    config = next(
        (path for name in (CONFIG, f"config-{release}", ".config") if (path := folder / name).is_file()), None
    )
    has_modules = (folder / "lib/modules").is_dir()
    if has_modules and not (folder / "lib/modules" / release).is_dir():
        raise _of_another(str(folder), release, [path.name for path in (folder / "lib/modules").iterdir()])
    return Parts(images[0], folder if has_modules else None, config)


def _listed(tree: Path) -> bytes:
    return b"\n".join(
        f"{path.relative_to(tree)} {path.stat().st_size} {path.stat().st_mtime_ns}".encode()
        for path in sorted(tree.rglob("*"))
        if path.is_file()
    )


def _of_another(where: str, release: str, found: list[str]) -> Foreign:
    others = ", ".join(sorted(found)[:3]) or "none"
    return Foreign(f"{where} has the modules of {others}, and the kernel is {release}; give those that belong to it")


def _put_together(parts: Parts, release: str, into: Path) -> None:
    """Raises RunnerError, OSError."""
    shutil.copyfile(parts.image, into / IMAGE)
    if parts.config:
        shutil.copyfile(parts.config, into / CONFIG)
    if parts.modules is None:
        return
    tree = into / ROOT / "lib/modules" / release
    tree.mkdir(parents=True)
    if parts.modules.is_dir():
        shutil.copytree(parts.modules / "lib/modules" / release, tree, ignore=_links, dirs_exist_ok=True)
    else:
        _unpack(parts.modules, tree, release)
    if not (tree / "modules.dep").is_file():
        run("/sbin/depmod", "-b", str(into / ROOT), release)
    check(tree, release, str(parts.modules))


def _links(folder: str, names: list[str]) -> list[str]:
    """`build` and `source`, which lead to where a kernel was built."""
    return [name for name in names if (Path(folder) / name).is_symlink()]


def _unpack(archive: Path, tree: Path, release: str) -> None:
    """The files of a release, and nothing else, below a directory that has no links. Raises Foreign."""
    others: dict[str, None] = {}
    count, size = 0, 0
    try:
        with tarfile.open(archive, "r:xz") as opened:
            for member in opened:
                found = PurePosixPath(member.name)
                below = _below(found)
                count, size = count + 1, size + member.size
                if count > MOST or size > LARGEST:
                    raise Foreign(f"{archive} has more in it than the modules of a kernel")
                if below is None or not member.isfile():
                    continue
                if below.parts[0] != release:
                    others[below.parts[0]] = None
                    continue
                _write(opened, member, tree.joinpath(*below.parts[1:]))
    except (tarfile.TarError, lzma.LZMAError, EOFError, zlib.error) as error:
        raise Foreign(f"{archive} cannot be unpacked, it is damaged or cut off: {error}; take a whole one") from error
    if not any(tree.iterdir()):
        raise _of_another(str(archive), release, list(others))


def _below(name: PurePosixPath) -> PurePosixPath | None:
    """What a member is below `lib/modules`: `RELEASE/…`; None where it is elsewhere, or would climb out."""
    parts = [part for part in name.parts if part not in (".", "usr")]
    if name.is_absolute() or ".." in parts or parts[:2] != ["lib", "modules"] or len(parts) < 4:
        return None
    return PurePosixPath(*parts[2:])


def _write(opened: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    source = opened.extractfile(member)
    assert source is not None, "it is a file"
    path.parent.mkdir(parents=True, exist_ok=True)
    with source, path.open("wb") as sink:
        shutil.copyfileobj(source, sink)
