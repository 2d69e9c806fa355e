"""A tree of files as Linux promises it: what path_resolution(7) and the pages of section 2 say, in memory.

An operation changes the model and returns what the call should return, or raises `Refused` and changes nothing. Where
several errors apply at once no order is promised, and any of them will do.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from cases._models import Refused
from conformance.syscalls.files.links import RENAME_EXCHANGE, RENAME_NOREPLACE
from conformance.syscalls.files.opening import (
    O_ACCMODE,
    O_APPEND,
    O_CREAT,
    O_DIRECTORY,
    O_EXCL,
    O_NOFOLLOW,
    O_RDONLY,
    O_TRUNC,
    O_WRONLY,
)
from conformance.syscalls.files.reading import SEEK_CUR, SEEK_END, SEEK_SET

MOST_LINKS = 40
"""How many symbolic links a path may lead through (path_resolution(7))."""


@dataclass(eq=False)
class File:
    """A regular file."""

    data: bytearray = field(default_factory=bytearray)
    links: int = 0

    def put(self, offset: int, data: bytes) -> None:
        """Write; a gap reads as zeros."""
        if data:
            self.resize(max(len(self.data), offset + len(data)))
            self.data[offset : offset + len(data)] = data

    def resize(self, size: int) -> None:
        """Cut, or lengthen by zeros."""
        del self.data[size:]
        self.data.extend(bytes(size - len(self.data)))


@dataclass(eq=False)
class Symlink:
    """A symbolic link, relative to the directory where it is."""

    target: bytes
    links: int = 0


@dataclass(eq=False)
class Directory:
    """A directory."""

    entries: dict[bytes, Node] = field(default_factory=dict)
    links: int = 0

    def below(self) -> Iterator[Node]:
        """Everything in it, however deep, and itself."""
        yield self
        for node in self.entries.values():
            yield from node.below() if isinstance(node, Directory) else (node,)


Node: TypeAlias = File | Symlink | Directory


@dataclass(eq=False)
class Place:
    """Where a path leads: a name in a directory, and what has that name, if anything has."""

    directory: Directory
    name: bytes
    node: Node | None

    def put(self, node: Node | None) -> None:
        """Give the name to another, or to nobody."""
        if self.node:
            self.node.links -= 1
        if node:
            node.links += 1
            self.directory.entries[self.name] = node
        else:
            del self.directory.entries[self.name]
        self.node = node


@dataclass(eq=False)
class OpenFile:
    """An open file description (open(2)): what fds that were duplicated share."""

    node: File | Directory
    flags: int
    position: int = 0

    @property
    def readable(self) -> bool:
        """Whether it was opened for reading."""
        return self.flags & O_ACCMODE != O_WRONLY

    @property
    def writable(self) -> bool:
        """Whether it was opened for writing."""
        return self.flags & O_ACCMODE != O_RDONLY

    def read(self, count: int, offset: int | None = None) -> bytes:
        """read(2), or pread(2) at an offset."""
        if not self.readable:
            raise Refused(errno.EBADF)
        if isinstance(self.node, Directory):
            raise Refused(errno.EISDIR)
        start = self.position if offset is None else offset
        data = bytes(self.node.data[start : start + count])
        if offset is None:
            self.position += len(data)
        return data

    def write(self, data: bytes, offset: int | None = None) -> int:
        """write(2), or pwrite(2) at an offset, which counts for nothing with O_APPEND (its page, under BUGS)."""
        if not self.writable or not isinstance(self.node, File):
            raise Refused(errno.EBADF)
        start = len(self.node.data) if self.flags & O_APPEND else self.position if offset is None else offset
        self.node.put(start, data)
        if offset is None:
            self.position = start + len(data)
        return len(data)

    def seek(self, offset: int, whence: int) -> int:
        """lseek(2)."""
        assert isinstance(self.node, File)
        origin = {SEEK_SET: 0, SEEK_CUR: self.position, SEEK_END: len(self.node.data)}[whence]
        if origin + offset < 0:
            raise Refused(errno.EINVAL)
        self.position = origin + offset
        return self.position

    def truncate(self, size: int) -> None:
        """ftruncate(2)."""
        if not self.writable or not isinstance(self.node, File):
            raise Refused(errno.EINVAL)
        self.node.resize(size)


class Tree:
    """The directory in which everything happens."""

    def __init__(self) -> None:
        self.root = Directory(links=1)

    # -- paths

    def find(self, path: bytes, *, follow: bool) -> Place:
        """Where a path leads. `follow`: when it ends in a symbolic link, where that leads."""
        return self._find(self.root, path, follow, [0])

    def _find(self, directory: Directory, path: bytes, follow: bool, links: list[int]) -> Place:
        *parents, last = path.split(b"/")
        for name in parents:
            inner = self._step(directory, name, True, links).node
            if inner is None:
                raise Refused(errno.ENOENT)
            if not isinstance(inner, Directory):
                raise Refused(errno.ENOTDIR)
            directory = inner
        return self._step(directory, last, follow, links)

    def _step(self, directory: Directory, name: bytes, follow: bool, links: list[int]) -> Place:
        node = directory.entries.get(name)
        if not follow or not isinstance(node, Symlink):
            return Place(directory, name, node)
        links[0] += 1
        if links[0] > MOST_LINKS:
            raise Refused(errno.ELOOP)
        return self._find(directory, node.target, True, links)

    def existing(self, path: bytes, *, follow: bool) -> Node:
        """What a path leads to."""
        node = self.find(path, follow=follow).node
        if node is None:
            raise Refused(errno.ENOENT)
        return node

    # -- calls

    def open(self, path: bytes, flags: int) -> OpenFile:
        """open(2)."""
        exclusive = flags & O_CREAT and flags & O_EXCL
        place = self.find(path, follow=not exclusive and not flags & O_NOFOLLOW)
        node, opened = place.node, OpenFile(File(), flags & (O_ACCMODE | O_APPEND))
        if node is None:
            if not flags & O_CREAT:
                raise Refused(errno.ENOENT)
            place.put(opened.node)
            return opened
        errors = []
        if exclusive:
            errors.append(errno.EEXIST)
        elif isinstance(node, Symlink):
            errors.append(errno.ELOOP)
        elif isinstance(node, Directory) and (flags & (O_CREAT | O_TRUNC) or opened.writable):
            errors.append(errno.EISDIR)
        if flags & O_DIRECTORY and not isinstance(node, Directory):
            errors.append(errno.ENOTDIR)
        if errors:
            raise Refused(*errors)
        assert not isinstance(node, Symlink)
        opened.node = node
        if flags & O_TRUNC and isinstance(node, File):
            node.resize(0)
        return opened

    def truncate(self, path: bytes, size: int) -> None:
        """truncate(2)."""
        node = self.existing(path, follow=True)
        if not isinstance(node, File):
            raise Refused(errno.EISDIR)
        node.resize(size)

    def make(self, path: bytes, node: Node) -> None:
        """mkdir(2), symlink(2)."""
        place = self.find(path, follow=False)
        if place.node:
            raise Refused(errno.EEXIST)
        place.put(node)

    def link(self, old: bytes, new: bytes) -> None:
        """link(2): to a symbolic link itself, if that is what is there."""
        errors: list[int] = []
        source, target = self._both(old, new, errors)
        if source and source.node is None:
            errors.append(errno.ENOENT)
        if source and isinstance(source.node, Directory):
            errors.append(errno.EPERM)
        if target and target.node:
            errors.append(errno.EEXIST)
        if errors or not source or not target:
            raise Refused(*errors)
        target.put(source.node)

    def unlink(self, path: bytes) -> None:
        """unlink(2)."""
        place = self.find(path, follow=False)
        if place.node is None:
            raise Refused(errno.ENOENT)
        if isinstance(place.node, Directory):
            raise Refused(errno.EISDIR)
        place.put(None)

    def rmdir(self, path: bytes) -> None:
        """rmdir(2)."""
        place = self.find(path, follow=False)
        if place.node is None:
            raise Refused(errno.ENOENT)
        if not isinstance(place.node, Directory):
            raise Refused(errno.ENOTDIR)
        if place.node.entries:
            raise Refused(errno.ENOTEMPTY)
        place.put(None)

    def rename(self, old: bytes, new: bytes, flags: int) -> None:
        """renameat2(2)."""
        errors: list[int] = []
        source, target = self._both(old, new, errors)
        moved, replaced = source.node if source else None, target.node if target else None
        if source and moved is None:
            errors.append(errno.ENOENT)
        if source and target:
            errors += _why_not_renamed(source, target, flags)
        elif flags & RENAME_EXCHANGE and target and replaced is None:
            errors.append(errno.ENOENT)
        if errors or not source or not target:
            raise Refused(*errors)
        if moved is replaced:
            return
        if flags & RENAME_EXCHANGE:
            target.directory.entries[target.name], source.directory.entries[source.name] = moved, replaced  # type: ignore[assignment] # both are there
        else:
            target.put(moved)
            source.put(None)

    def _both(self, old: bytes, new: bytes, errors: list[int]) -> tuple[Place | None, Place | None]:
        """Where two paths lead; what is wrong with them is added to `errors`."""
        places: list[Place | None] = []
        for path in (old, new):
            try:
                places.append(self.find(path, follow=False))
            except Refused as refused:
                errors.extend(refused.errors)
                places.append(None)
        return places[0], places[1]


def _why_not_renamed(source: Place, target: Place, flags: int) -> Iterator[int]:
    """The errors that two places, whose directories are there, make together."""
    moved, replaced = source.node, target.node
    if flags & RENAME_NOREPLACE and replaced:
        yield errno.EEXIST
    if flags & RENAME_EXCHANGE and replaced is None:
        yield errno.ENOENT
    if isinstance(moved, Directory) and target.directory in moved.below():
        yield errno.EINVAL
    contains = isinstance(replaced, Directory) and source.directory in replaced.below()
    if flags & RENAME_EXCHANGE and contains:
        yield errno.EINVAL
    if flags & RENAME_EXCHANGE or replaced is None or moved is replaced:
        return
    if isinstance(replaced, Directory) and replaced.entries:
        yield errno.ENOTEMPTY
    if isinstance(moved, Directory) and not isinstance(replaced, Directory):
        yield errno.ENOTDIR
    if moved and not isinstance(moved, Directory) and isinstance(replaced, Directory):
        yield errno.EISDIR
