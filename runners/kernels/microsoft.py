"""Microsoft's own builds of WSL2's kernel, kept in the cache: from their feed, or from a file that somebody has.

A cache entry `kernels/wsl2-VERSION` has the image, its modules below `root`, and where both are from.
"""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from pathlib import Path

import msgspec

from conformance.places import cache_root
from runners.base import RunnerError, sentence
from runners.host.cache import MANIFEST, digest, entry, intact
from runners.host.workspace import workspace
from runners.kernels import feed, modules, vhd
from runners.kernels.config import Unreadable, payload
from runners.kernels.download import Progress, Unreachable, download, get, host
from runners.kernels.ext4 import ROOT, Entry, Ext4
from runners.kernels.feed import newest
from runners.kernels.kernel import RELEASE, Foreign, Kernel, inspect
from runners.kernels.packages import take

IMAGE = "bzImage"
ORIGIN = "origin.json"
FETCH = "conformance kernels fetch wsl2"
BYTES = 150_000_000
"""About what a package takes; a feed does not say it."""
QUICK_SECONDS = 5.0
"""How long a feed may say nothing that nobody has asked to be asked."""
AGAIN_SECONDS = 86400.0
"""After what time such a feed that was out of reach is asked again."""


class Origin(msgspec.Struct, frozen=True):
    """Where a kernel in the cache is from."""

    source: str
    """What it was taken from, and who has that."""
    sha256: str
    """Of what it was taken from: a whole package, or a whole installer."""


def place(version: str) -> Path:
    """Where a version lies, or would lie."""
    return cache_root() / "kernels" / f"wsl2-{version}"


def here() -> list[str]:
    """The versions that are in the cache."""
    found = (path.name.removeprefix("wsl2-") for path in place("*").parent.glob("wsl2-*") if (path / ORIGIN).is_file())
    return sorted((each for each in found if feed.VERSION.fullmatch(each)), key=feed.order)


def find(wanted: str = "") -> Kernel:
    """The newest kernel in the cache that is wanted (see `newest`). Raises RunnerError, NotThere."""
    return kept(newest(here(), wanted, "the cache"))


def kept(version: str) -> Kernel:
    """A version that is in the cache. Raises RunnerError when it is damaged."""
    path = place(version)
    if not intact(path):
        raise RunnerError(f"{path} is damaged; fetch it anew, `{FETCH}:{version}`")
    origin = msgspec.json.decode((path / ORIGIN).read_bytes(), type=Origin)
    image = path / IMAGE
    return Kernel(image, inspect(image), f"{origin.source}, sha256 {origin.sha256}", path / "root")


def fetch(wanted: str, progress: Progress) -> tuple[str, Kernel]:
    """A version of the feed and its kernel: the newest that is wanted, downloaded once.

    Raises RunnerError, of which Unreachable says that this machine is offline, or the feed is.
    """
    if wanted in here() and intact(place(wanted)):
        return wanted, kept(wanted)
    source = feed.given()
    version = newest(source.versions(), wanted, f"the feed of {host(source.index)}")
    package = cache_root() / "downloads" / f"{feed.PACKAGE}.{version}.nupkg".lower()

    def make(into: Path) -> None:
        package.parent.mkdir(parents=True, exist_ok=True)
        download(source.package(version), package, progress)
        origin = f"the package {feed.PACKAGE} {version} of {host(source.index)}"
        try:
            _prepare(package, into, origin, progress)
        except Foreign as error:
            package.unlink()
            raise RunnerError(f"{error}; the download was removed") from error

    entry(f"kernels/wsl2-{version}", make)
    package.unlink(missing_ok=True)
    return version, kept(version)


def to_bring() -> str:
    """What `fetch` would bring of itself, of whom, and how large it is; nothing where the feed could not be reached
    within the last day, so that a machine without a network waits for it once.

    Raises RunnerError, and Unreachable when the feed cannot be reached.
    """
    source = feed.given()
    tried = cache_root() / "downloads" / "unreachable"
    with suppress(OSError, ValueError):  # nobody has tried
        lately = time.time() - tried.stat().st_mtime < AGAIN_SECONDS
        if lately and tried.read_text(encoding="utf-8") == source.index:
            return ""
    try:
        get(source.index, feed.MOST, QUICK_SECONDS)
    except Unreachable:
        with suppress(OSError):  # the next run tries again, then
            tried.parent.mkdir(parents=True, exist_ok=True)
            tried.write_text(source.index, encoding="utf-8")
        raise
    return f"Microsoft's kernel, about {BYTES / 1e6:.0f} MB from {host(source.index)}"


def take_from(file: Path, wanted: str, progress: Progress) -> tuple[str, Kernel]:
    """The version and the kernel of a package or an installer. It replaces the same version of another file.

    Raises RunnerError, also when it is none that is wanted.
    """
    if not file.is_file():
        raise RunnerError(f"there is no file {file}; give the path of a .nupkg, .msi, .msix or .msixbundle")
    with workspace("kernel") as room:
        try:
            version = _prepare(file, room, f"the file {file.name}", progress)
        except OSError as error:
            raise RunnerError(f"{file.name} could not be unpacked: {sentence(error)}") from error
        newest([version], wanted, file.name)
        if version in here() and digest(place(version) / ORIGIN) != digest(room / ORIGIN):
            (place(version) / MANIFEST).unlink(missing_ok=True)  # an entry without one is made anew

        def make(into: Path) -> None:
            for path in list(room.iterdir()):
                shutil.move(path, into / path.name)

        entry(f"kernels/wsl2-{version}", make)
    return version, kept(version)


def _prepare(archive: Path, into: Path, source: str, progress: Progress) -> str:
    """Take an image and its modules out of an archive into a folder; the version. Raises Foreign, RunnerError."""
    progress("taking the kernel out of its package", 0, None)
    rest = into / "rest"
    rest.mkdir()
    taken = take(archive, rest)
    image = taken.kernel.rename(into / IMAGE)
    try:
        release = _release(image)
        version = taken.version or release.partition("-")[0]
        if not feed.VERSION.fullmatch(version):
            raise Foreign(f"the kernel in it calls itself {release}, which begins with no version")
        progress("taking the modules out of their disk image", 0, None)
        _take_modules(vhd.disk(taken.disk, rest), rest, into / "root", release)
    except Foreign as error:
        raise Foreign(f"{archive.name} is not as packages of WSL2's kernel are: {error}") from error
    shutil.rmtree(rest)
    origin = Origin(source, digest(archive))
    (into / ORIGIN).write_bytes(msgspec.json.encode(origin))
    return version


def _release(image: Path) -> str:
    """What a kernel calls itself, as a name of a directory. Raises Foreign when it is cut off, or no kernel for x86."""
    try:
        payload(image.read_bytes())
        release = inspect(image)
    except (Unreadable, RunnerError) as error:
        raise Foreign("the kernel in it is none for x86-64, or is cut off") from error
    if not RELEASE.fullmatch(release):
        raise Foreign("the kernel in it does not say its release")
    return release


def _take_modules(disk: Path, room: Path, root: Path, release: str) -> None:
    """Put the modules of a disk image where a kernel's are looked for. Raises Foreign, RunnerError."""
    image = Ext4(disk, room)
    tree = root / "lib/modules" / release
    tree.mkdir(parents=True)
    image.take(_folder(image, release), tree)
    modules.check(tree, release, "the disk image")


def _folder(image: Ext4, release: str) -> int:
    """The inode of the directory that is a release's `/lib/modules/RELEASE`: the top, or since 6.18.40.1
    `RELEASE/modules` (microsoft/WSL, src/linux/init/main.cpp). Raises Foreign."""
    top = _by_name(image.entries())
    if "modules.dep" in top:
        return ROOT
    if release in top and top[release].is_folder:
        below = _by_name(image.entries(top[release].inode))
        if "modules" in below and below["modules"].is_folder:
            return below["modules"].inode
    has = ", ".join(sorted(name[:60] for name in top)[:5]) or "nothing"
    raise Foreign(f"the disk image has the modules of {release} neither at its top nor in {release}/modules, but {has}")


def _by_name(entries: list[Entry]) -> dict[str, Entry]:
    return {entry.name: entry for entry in entries}
