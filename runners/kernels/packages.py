"""What WSL2's kernel comes in, and how it is taken out: a NuGet package, or an installer of a release of WSL.

Where things lie in them is in microsoft/WSL: CMakeLists.txt and msipackage/package.wix.in name the package's files and
the installer's, msixinstaller/CMakeLists.txt what is around the installer. An archive may be hostile: of what is in it,
only what has one of these names is taken, under names of ours, and within bounds.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import CalledProcessError
from typing import IO

from runners.base import RunnerError
from runners.host.nobody import INPUT, reading
from runners.kernels.feed import PACKAGE, VERSION
from runners.kernels.kernel import Foreign

FOLDER = "build/native/bin/x64/"
"""Where a NuGet package has the kernel for this processor."""
KERNEL = "kernel"
DISKS = ("modules.vhd", "artifacts.vhd")
"""The image with the modules, by its name before 6.18.40.1, and since."""
INSTALLER = "wsl.msi"
LARGEST = 4 << 30
"""Nothing in an archive is larger than that, in bytes."""
LARGEST_KERNEL = 256 << 20
MOST_NAMES = 32 << 20
"""No list of what an archive has is longer than that, in bytes."""
CHUNK = 1 << 20
ZIP, OLE = b"PK\3\4", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
CABINET = re.compile(r"\w[\w.-]*\.cab", re.ASCII)
"""The name of a stream, which becomes an argument."""
MOST_CABINETS = 8
NAMES_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Taken:
    """What was in an archive."""

    kernel: Path
    disk: Path
    version: str = ""
    """A package says its own."""


def take(archive: Path, room: Path) -> Taken:
    """Take a kernel and the disk image with its modules out of an archive, into a folder.

    Raises Foreign when it is none that has them, RunnerError when a program is missing, OSError of the disk.
    """
    with archive.open("rb") as stream:
        head = stream.read(len(OLE))
    try:
        if head == OLE:
            return _installer(archive, room)
        if head.startswith(ZIP):
            return _package(archive, room)
    except Foreign as error:
        raise Foreign(f"{archive.name} has no kernel of WSL2's that could be taken out: {error}") from error
    raise Foreign(f"{archive.name} is no .nupkg, .msi, .msix or .msixbundle, or not the beginning of one")


# -- archives of zip's kind


def _package(archive: Path, room: Path) -> Taken:
    with _opened(archive) as package:
        names = package.namelist()
        if FOLDER + KERNEL in names:
            disk = next((name for name in DISKS if FOLDER + name in names), None)
            if disk is None:
                raise Foreign(f"it has neither {' nor '.join(DISKS)} beside the kernel")
            kernel = _unzip(package, FOLDER + KERNEL, room / KERNEL, LARGEST_KERNEL)
            return Taken(kernel, _unzip(package, FOLDER + disk, room / disk), _version(package, room))
        inner = next((name for name in names if name.lower().endswith("_x64.msix")), None)
        if inner is None:
            return _inside(package, room)
        whole = _unzip(package, inner, room / "package.msix")
    with _opened(whole) as package:
        return _inside(package, room)


def _inside(package: zipfile.ZipFile, room: Path) -> Taken:
    """An .msix has the installer."""
    if INSTALLER not in package.namelist():
        raise Foreign(f"it has neither {FOLDER}{KERNEL} nor {INSTALLER}")
    return _installer(_unzip(package, INSTALLER, room / INSTALLER), room)


def _version(package: zipfile.ZipFile, room: Path) -> str:
    """The version that a package says it has, in the form that feeds list; else nothing."""
    with suppress(Foreign):
        spec = _unzip(package, f"{PACKAGE}.nuspec", room / "nuspec", NAMES_BYTES).read_bytes()
        said = re.search(rb"<version>([^<]{1,63})</version>", spec)
        if said and VERSION.fullmatch(version := said[1].decode("latin-1").lower()):
            return version
    return ""


@contextmanager
def _opened(archive: Path) -> Iterator[zipfile.ZipFile]:
    """An archive, whose list of names is bounded, since all of it is in memory. Raises Foreign."""
    with archive.open("rb") as stream, _readable():
        if _names_bytes(stream) > MOST_NAMES:
            raise Foreign("its list of names is longer than any package's")
    with _readable():
        opened = zipfile.ZipFile(archive)
    with opened:
        yield opened


def _names_bytes(stream: IO[bytes]) -> int:
    """How long the central directory is said to be (APPNOTE 4.3.14 to 4.3.16); 0 where nobody says it."""
    size = stream.seek(0, 2)
    start = max(0, size - (1 << 16) - 22)
    stream.seek(start)
    tail = stream.read()
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) < at + 22:
        return 0
    (length,) = struct.unpack_from("<I", tail, at + 12)
    if length != 0xFFFF_FFFF or at < 20 or tail[at - 20 : at - 16] != b"PK\6\7":
        return int(length)
    (place,) = struct.unpack_from("<Q", tail, at - 12)
    stream.seek(min(place, size))
    record = stream.read(56)
    return int(struct.unpack_from("<Q", record, 40)[0]) if len(record) == 56 else 0


def _unzip(package: zipfile.ZipFile, name: str, to: Path, most: int = LARGEST) -> Path:
    """Write what an archive has under a name to a place of ours. Raises Foreign."""
    with _readable():
        member = package.getinfo(name)
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Foreign(f"{name} is packed in a way that packages do not have")
        source = package.open(member)
    with source:
        return _write(lambda: source.read(CHUNK), to, most)


def _write(read: Callable[[], bytes], to: Path, most: int = LARGEST) -> Path:
    """Write what is read to a place, within bounds. Raises Foreign; an OSError is the disk's."""
    with to.open("wb") as sink:
        while True:
            with _readable():
                data = read()
            if not data:
                return to
            sink.write(data)
            if sink.tell() > most:
                raise Foreign(f"{to.name} in it is larger than {most >> 20} MiB")


@contextmanager
def _readable() -> Iterator[None]:
    """Whatever `zipfile` makes of damage is Foreign. What it reads is there, so that an OSError is about a place."""
    try:
        yield
    except Foreign:
        raise
    except zipfile.BadZipFile as error:
        raise Foreign(f"it is damaged or was cut off ({error})") from error
    except (zlib.error, struct.error, EOFError, KeyError, OSError, RuntimeError, ValueError, OverflowError) as error:
        raise Foreign(f"it is damaged ({error or type(error).__name__})") from error


# -- installers


def _installer(msi: Path, room: Path) -> Taken:
    """An .msi has cabinets as streams, in which files are called by what the installer's table calls them."""
    cabinet = room / "cabinet"
    streams = _said(["msiinfo", "streams", INPUT], msi, room).split("\n")
    for name in [each for each in streams if CABINET.fullmatch(each)][:MOST_CABINETS]:
        _piped(["msiinfo", "extract", INPUT, name], msi, cabinet)
        listed = _said(["cabextract", "-q", "-l", INPUT], cabinet, room)
        names = [line.rpartition(" | ")[2] for line in listed.split("\n")]
        if KERNEL in names and (disk := next((each for each in DISKS if each in names), None)):
            out = ["cabextract", "-q", "-p", INPUT, "-F"]
            kernel = _piped([*out, KERNEL], cabinet, room / KERNEL, LARGEST_KERNEL)
            return Taken(kernel, _piped([*out, disk], cabinet, room / disk))
    raise Foreign(f"no cabinet of it has {KERNEL} and {' or '.join(DISKS)}; it is damaged, or no installer of WSL")


def _said(argv: list[str], file: Path, room: Path) -> str:
    """The beginning of what a program says of a file."""
    with _by(argv, file, room) as said:
        return said.read(NAMES_BYTES).decode("utf-8", "replace")


def _piped(argv: list[str], file: Path, to: Path, most: int = LARGEST) -> Path:
    """What a program takes out of a file, at a place."""
    with _by(argv, file, to.parent) as said:
        return _write(lambda: said.read(CHUNK), to, most)


@contextmanager
def _by(argv: list[str], file: Path, room: Path) -> Iterator[IO[bytes]]:
    """What a program says of a file. Raises Foreign, and RunnerError when the program is not installed."""
    try:
        with reading(argv, file, room) as said:
            yield said
    except CalledProcessError as error:
        raise Foreign(f"it is damaged or was cut off ({argv[0]} cannot read it)") from error
    except FileNotFoundError as error:
        if error.filename != argv[0]:
            raise
        raise RunnerError(f"{argv[0]} is needed to read an installer: apt install msitools cabextract") from error
