"""Files of an ext4 file system in an image, read by debugfs(8), which takes no mount and no root.

An image may be hostile. Here nothing of it but what a regular file has is written, by us, under names that were looked
at: no link, no device, and nothing that debugfs would write by itself, since that follows links.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from subprocess import CalledProcessError
from typing import IO

from runners.base import RunnerError
from runners.host.nobody import INPUT, reading
from runners.host.workspace import workspace
from runners.kernels.kernel import Foreign

DEBUGFS = "debugfs"
ROOT = 2
"""The inode of the directory at the top (Documentation/filesystems/ext4/special_inodes.rst)."""
MAGIC_AT, MAGIC = 0x438, b"\x53\xef"
"""Where in an image its superblock says what it is (Documentation/filesystems/ext4/super.rst)."""
ENTRY = re.compile(rb"/(\d+)/(\d{6})/\d+/\d+/([A-Za-z0-9._+@,=-]{1,255})/(\d*)/")
"""A line of `ls -p`: inode, mode in octal, owner, group, name, size. Names of other characters are no module's."""
ITSELF, ABOVE = ".", ".."
"""What every directory has."""
FOLDER, FILE = 0o040000, 0o100000
MOST_ENTRIES, MOST_LEVELS, MOST_BYTES = 50_000, 16, 1 << 30
"""What a tree of modules has less of."""
LISTING_BYTES = 64 << 20
CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or a directory, as its directory names it."""

    inode: int
    mode: int
    name: str
    size: int

    @property
    def is_folder(self) -> bool:
        """Whether it is a directory."""
        return self.mode & 0o170000 == FOLDER

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file."""
        return self.mode & 0o170000 == FILE


class Ext4:
    """The file system at the beginning of a file; `room` is a folder for what is made on the way."""

    def __init__(self, image: Path, room: Path) -> None:
        """Raises Foreign when there is none."""
        self._image, self._room = image, room
        with image.open("rb") as source:
            source.seek(MAGIC_AT)
            if source.read(len(MAGIC)) != MAGIC:
                raise Foreign("the disk image has no ext4 file system at its beginning")

    def entries(self, inode: int = ROOT) -> list[Entry]:
        """What is in a directory. Raises Foreign, RunnerError."""
        return self._lists([inode])[inode]

    def take(self, inode: int, to: Path) -> None:
        """Write the files below a directory into one of ours. Raises Foreign, RunnerError, and OSError of the disk."""
        files: dict[PurePosixPath, Entry] = {}
        level, seen, count = {inode: PurePosixPath()}, {inode}, 0
        for _ in range(MOST_LEVELS):
            found = self._lists(list(level))
            above, level = level, {}
            for folder, entries in found.items():
                for entry in entries:
                    count += 1
                    if entry.is_file:
                        files[above[folder] / entry.name] = entry
                    elif entry.is_folder and entry.inode not in seen:
                        seen.add(entry.inode)
                        level[entry.inode] = above[folder] / entry.name
            if count > MOST_ENTRIES or sum(each.size for each in files.values()) > MOST_BYTES:
                raise Foreign(f"the disk image has more than {MOST_ENTRIES} files or {MOST_BYTES >> 30} GiB of modules")
            if not level:
                return self._copy(files, to)
        raise Foreign(f"the disk image has more than {MOST_LEVELS} directories one in another")

    def _copy(self, files: Mapping[PurePosixPath, Entry], to: Path) -> None:
        """Each file is what debugfs says of it, to the byte: else what comes behind it is not where it should be."""
        commands = [f"cat <{entry.inode}>" for entry in files.values()]
        with self._asked(commands) as said:
            for (path, entry), command in zip(files.items(), commands, strict=True):
                _expect(said, command)
                place = to / path
                if place.parent.is_file() or place.is_dir():
                    raise _damaged()
                place.parent.mkdir(parents=True, exist_ok=True)
                with place.open("wb") as sink:
                    _pass_on(said, entry.size, sink)

    def _lists(self, inodes: Sequence[int]) -> dict[int, list[Entry]]:
        """What is in several directories."""
        commands = {f"debugfs: ls -p <{inode}>".encode(): inode for inode in inodes}
        with self._asked(f"ls -p <{inode}>" for inode in inodes) as said:
            text = said.read(LISTING_BYTES + 1)
        if len(text) > LISTING_BYTES:
            raise _damaged()
        found: dict[int, list[Entry]] = {}
        entries: list[Entry] = []
        for line in text.split(b"\n"):
            if line in commands:
                entries = found.setdefault(commands[line], [])
            elif entry := ENTRY.fullmatch(line):
                entries.append(Entry(int(entry[1]), int(entry[2], 8), entry[3].decode(), int(entry[4] or 0)))
        if any(ITSELF not in (entry.name for entry in found.get(inode, ())) for inode in inodes):
            raise _damaged()
        return {inode: [each for each in found[inode] if each.name not in (ITSELF, ABOVE)] for inode in inodes}

    @contextmanager
    def _asked(self, commands: Iterable[str]) -> Iterator[IO[bytes]]:
        """What debugfs says to commands, each of which it repeats. Raises RunnerError where there is none."""
        with workspace("ext4") as room:
            room.chmod(0o755)
            script = room / "commands"
            script.write_text("".join(f"{each}\n" for each in commands), encoding="ascii")
            script.chmod(0o644)
            try:
                with reading([DEBUGFS, "-f", str(script), INPUT], self._image, self._room) as said:
                    yield said
            except FileNotFoundError as error:
                if error.filename != DEBUGFS:
                    raise
                raise RunnerError(f"{DEBUGFS} is needed to read the kernel's modules: apt install e2fsprogs") from error
            except CalledProcessError as error:
                raise _damaged() from error


def _expect(said: IO[bytes], command: str) -> None:
    """Raises Foreign when what comes is not the answer to a command."""
    expected = f"debugfs: {command}\n".encode()
    if said.read(len(expected)) != expected:
        raise _damaged()


def _pass_on(said: IO[bytes], size: int, sink: IO[bytes]) -> None:
    """So many bytes. Raises Foreign where there are fewer."""
    while size:
        data = said.read(min(size, CHUNK))
        if not data:
            raise _damaged()
        sink.write(data)
        size -= len(data)


def _damaged() -> Foreign:
    return Foreign("debugfs cannot read the file system of the disk image, which is damaged, or newer than debugfs is")
