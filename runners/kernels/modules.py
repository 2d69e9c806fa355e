"""A kernel's modules as an archive for its initramfs, and which of them a driver takes (depmod(8), modules.dep(5))."""

from __future__ import annotations

import lzma
import os
import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from runners.base import RunnerError
from runners.kernels.kernel import Foreign, Kernel
from runners.payload.cpio import write_archive

LONGEST_LIST = 16 << 20
"""No modules.dep is longer than that, in bytes."""
LARGEST = 256 << 20
"""No module is larger than that, unpacked, in bytes."""


class _Unpacker(Protocol):
    """What zlib and lzma unpack with."""

    @property
    def eof(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def _within_bounds(make: Callable[[], _Unpacker]) -> Callable[[bytes], bytes]:
    def unpack(packed: bytes) -> bytes:
        unpacker = make()
        found = unpacker.decompress(packed, LARGEST)
        if not unpacker.eof:
            raise EOFError("it is cut off, or no module is as large")
        return found

    return unpack


UNPACK: dict[str, Callable[[bytes], bytes]] = {
    ".ko": bytes,
    ".xz": _within_bounds(lzma.LZMADecompressor),
    ".gz": _within_bounds(lambda: zlib.decompressobj(wbits=31)),
}
"""How to read a module, by the end of its name. Not every kernel can do it by itself (MODULE_DECOMPRESS, 5.17)."""


def archive(kernel: Kernel) -> Path:
    """All modules of a kernel that has some, as an archive beside the kernel in the cache."""
    assert kernel.modules is not None
    made = kernel.image.with_name("modules.cpio")
    if not made.exists():
        partial = made.with_suffix(f".{os.getpid()}")
        write_archive(kernel.modules / "lib", partial, "usr/lib" if Path("/lib").is_symlink() else "lib")
        partial.rename(made)
    return made


def chain(directory: Path, wanted: Iterable[str]) -> list[Path]:
    """The modules that make `wanted` available, what each needs before it; nothing for what is built in.

    `directory` is the kernel's `lib/modules/RELEASE`. Raises RunnerError when a wanted module is neither there nor
    built in.
    """
    has = _lists(directory)
    found: dict[str, None] = {}
    for name in wanted:
        if name in has.built_in:
            continue
        if name not in has.places:
            raise RunnerError(f"the kernel of {directory} has no module {name}, and it is not built in")
        place = has.places[name]
        found |= dict.fromkeys([*reversed(has.needs[place].split()), place])  # what is last is needed first
    return [directory / path for path in found]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a kernel has modules that somebody names."""

    loadable: list[str]
    built_in: list[str]
    missing: list[str]


def standing(directory: Path, names: Iterable[str]) -> Standing:
    """How a kernel has these, by its `lib/modules/RELEASE`. Raises RunnerError."""
    has = _lists(directory)
    found = Standing([], [], [])
    for name in names:
        kind = found.built_in if name in has.built_in else found.loadable if name in has.places else found.missing
        kind.append(name)
    return found


@dataclass(frozen=True, slots=True)
class _Lists:
    """What depmod(8) has written down of a kernel's modules."""

    built_in: frozenset[str]
    needs: Mapping[str, str]
    """By path, the paths of those that it needs, with blanks between them."""
    places: Mapping[str, str]
    """The paths, by name."""


def _lists(directory: Path) -> _Lists:
    """Raises RunnerError."""
    try:
        built_in = {_name(line) for line in (directory / "modules.builtin").read_text(encoding="utf-8").splitlines()}
        needs = dict(
            line.split(":", 1)
            for line in (directory / "modules.dep").read_text(encoding="utf-8").splitlines()
            if ":" in line
        )
    except OSError as error:
        raise RunnerError(f"{error.filename} cannot be read: {error.strerror}; run depmod for this kernel") from error
    return _Lists(frozenset(built_in), needs, {_name(path): path for path in needs})


def content(module: Path) -> bytes:
    """A module as the kernel takes it, unpacked. Raises RunnerError when it is packed in a way that we cannot undo."""
    unpack = UNPACK.get(module.suffix)
    if unpack is None:
        raise RunnerError(f"{module} is packed as {module.suffix}, which cannot be unpacked here")
    try:
        return unpack(module.read_bytes())
    except (OSError, lzma.LZMAError, zlib.error, EOFError) as error:
        raise RunnerError(f"the module {module} cannot be read: {error}") from error


def release(module: Path) -> str:
    """The kernel that a module was built for, by what it says of itself (modinfo(8)); nothing where nobody can tell."""
    if module.suffix not in UNPACK:
        return ""
    found = re.search(rb"\0vermagic=(\S+) ", content(module))
    return found[1].decode("utf-8", "replace") if found else ""


def _name(path: str) -> str:
    """`kernel/drivers/char/hw_random/virtio-rng.ko.xz` is the module `virtio_rng`."""
    return PurePosixPath(path).name.split(".")[0].replace("-", "_")


def check(tree: Path, wanted: str, where: str) -> None:
    """Raises Foreign when a tree of modules is not whole, or is another kernel's; `where` says where it is from.

    What `modules.dep` names is read from the tree later, so it must be in it.
    """
    listed = tree / "modules.dep"
    if not listed.is_file() or listed.stat().st_size > LONGEST_LIST:
        raise Foreign(f"{where} has no modules.dep, or one that is too long")
    lines = listed.read_text(encoding="utf-8", errors="replace").splitlines()
    named = {PurePosixPath(name) for line in lines for name in line.replace(":", " ", 1).split()}
    for path in sorted(named):
        if path.is_absolute() or ".." in path.parts or not (tree / path).is_file():
            raise Foreign(f"{where}'s modules.dep names {path}, which is not in it")
    for path in sorted(named)[:1]:
        found = release(tree / path)
        if found and found != wanted:
            raise Foreign(f"{where} has the modules of {found}, and the kernel is {wanted}")
