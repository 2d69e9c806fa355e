"""Which shared libraries an ELF file needs, and where this machine has them (ld.so(8))."""

from __future__ import annotations

import glob
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from elftools.common.exceptions import ELFError
from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile
from elftools.elf.segments import InterpSegment


def needed(path: Path) -> tuple[str | None, list[str], list[str]]:
    """The interpreter of an ELF file, the names of the libraries it needs, and its own search path.

    Raises ELFError when the file is not ELF.
    """
    interpreter, libraries, search = None, [], []
    with path.open("rb") as stream:
        elf = ELFFile(stream)
        for segment in elf.iter_segments():
            if isinstance(segment, InterpSegment):
                interpreter = segment.get_interp_name()
        for section in elf.iter_sections():
            if isinstance(section, DynamicSection):
                for tag in section.iter_tags():
                    match tag.entry.d_tag:  # pyelftools names the attribute after the tag
                        case "DT_NEEDED":
                            libraries.append(getattr(tag, "needed"))  # noqa: B009 - it is not declared
                        case "DT_RUNPATH" | "DT_RPATH" as kind:
                            listed = getattr(tag, kind.removeprefix("DT_").lower())
                            search += listed.replace("$ORIGIN", str(path.parent)).split(":")
    return interpreter, libraries, search


def closure(paths: Iterable[Path]) -> set[Path]:
    """Every file that the given ELF files need to run: libraries and program interpreters, transitively.

    Files that are not ELF are passed over. Raises FileNotFoundError for a library that is nowhere.
    """
    found: set[Path] = set()
    queue = list(paths)
    seen = set(queue)
    while queue:
        path = queue.pop()
        try:
            interpreter, libraries, search = needed(path)
        except ELFError:
            continue
        new = [Path(interpreter)] if interpreter else []
        new += [locate(name, search) for name in libraries]
        for each in new:
            found.add(each)
            if each not in seen:
                seen.add(each)
                queue.append(each)
    return found


def locate(name: str, search: Iterable[str]) -> Path:
    """Where the loader would find a library. Raises FileNotFoundError."""
    for directory in (*search, *system_directories()):
        candidate = Path(directory, name)
        if candidate.exists():
            return candidate
    raise FileNotFoundError(f"the shared library {name} is on none of the loader's paths")


@cache
def system_directories() -> tuple[str, ...]:
    """The directories of /etc/ld.so.conf and the loader's own."""
    listed: list[str] = []

    def read(pattern: str) -> None:
        for name in sorted(glob.glob(pattern)):  # noqa: PTH207 - an absolute pattern out of a file
            for line in Path(name).read_text(encoding="utf-8").splitlines():
                if line.startswith("include"):
                    read(line.split(None, 1)[1])
                elif line.startswith("/"):
                    listed.append(line.strip())

    read("/etc/ld.so.conf")
    return (*listed, "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib")
