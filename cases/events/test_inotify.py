"""Inotify: what happens to files is told to who watches them (inotify(7))."""

from __future__ import annotations

import struct
from errno import EAGAIN, EEXIST, ENOTDIR
from typing import NamedTuple

from conformance.syscalls import Buffer, missing, untraced
from conformance.syscalls.files.attributes import chmod
from conformance.syscalls.files.directories import mkdir
from conformance.syscalls.files.links import rename, unlink
from conformance.syscalls.files.opening import O_CREAT, O_RDWR, close, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import read, write
from conformance.syscalls.polling.inotify import (
    IN_ATTRIB,
    IN_CLOSE_WRITE,
    IN_CREATE,
    IN_DELETE,
    IN_ISDIR,
    IN_MASK_ADD,
    IN_MASK_CREATE,
    IN_MODIFY,
    IN_MOVED_FROM,
    IN_MOVED_TO,
    IN_NONBLOCK,
    IN_ONLYDIR,
    IN_OPEN,
    inotify_add_watch,
    inotify_init1,
)

EVERYTHING = 0xFFF
"""IN_ALL_EVENTS."""


class Event(NamedTuple):
    """One event, but for what pairs renames."""

    watch: int
    mask: int
    name: bytes


def events(fd: int) -> tuple[list[Event], list[int]]:
    """The events that wait, and their cookies. Not traced: cookies are counted for the whole machine."""
    room = Buffer(4096)
    with untraced():
        count, error = read.result_of(fd, room, 4096)
    assert error in (0, EAGAIN)
    found, cookies, at = [], [], 0
    while not error and at < count:
        watch, mask, cookie, length = struct.unpack_from("=iIII", bytes(room), at)
        found.append(Event(watch, mask, room.take(length, at + 16).rstrip(b"\0")))
        cookies.append(cookie)
        at += 16 + length
    return found, cookies


def watched(mask: int, path: bytes = b".") -> tuple[int, int]:
    """An instance that watches a path, and the watch."""
    fd = inotify_init1(IN_NONBLOCK)
    return fd, inotify_add_watch(fd, path, mask)


def test_directory_tells_what_happens_to_its_files() -> None:
    fd, watch = watched(EVERYTHING)
    file = openat(AT_FDCWD, b"file", O_RDWR | O_CREAT, 0o600)
    write(file, b"hello", 5)
    close(file)
    chmod(b"file", 0o400)
    unlink(b"file")
    mkdir(b"inner", 0o700)
    masks = [IN_CREATE, IN_OPEN, IN_MODIFY, IN_CLOSE_WRITE, IN_ATTRIB, IN_DELETE]
    expected = [Event(watch, mask, b"file") for mask in masks] + [Event(watch, IN_CREATE | IN_ISDIR, b"inner")]
    assert events(fd)[0] == expected


def test_cookie_pairs_the_two_ends_of_a_rename() -> None:
    mkdir(b"from", 0o700)
    mkdir(b"to", 0o700)
    close(openat(AT_FDCWD, b"from/old", O_RDWR | O_CREAT, 0o600))
    fd, source = watched(IN_MOVED_FROM, b"from")
    target = inotify_add_watch(fd, b"to", IN_MOVED_TO)
    rename(b"from/old", b"to/new")
    found, cookies = events(fd)
    assert found == [Event(source, IN_MOVED_FROM, b"old"), Event(target, IN_MOVED_TO, b"new")]
    assert cookies[0] == cookies[1] != 0


def test_watch_of_the_same_file_is_the_same_watch() -> None:
    """It is replaced, or added to by IN_MASK_ADD; IN_MASK_CREATE (Linux 4.18) refuses it, IN_ONLYDIR a file."""
    fd, watch = watched(IN_OPEN)
    assert inotify_add_watch(fd, b".", IN_CREATE | IN_MASK_ADD) == watch
    close(openat(AT_FDCWD, b"file", O_RDWR | O_CREAT, 0o600))
    assert events(fd)[0] == [Event(watch, IN_CREATE, b"file"), Event(watch, IN_OPEN, b"file")]
    assert inotify_add_watch(fd, b".", IN_CREATE) == watch
    close(openat(AT_FDCWD, b"file", O_RDWR, 0))
    assert events(fd)[0] == []
    again, error = inotify_add_watch.result_of(fd, b".", IN_OPEN | IN_MASK_CREATE)
    if (again, error) == (watch, 0):
        missing("IN_MASK_CREATE")
    assert error == EEXIST
    inotify_add_watch.fails_with(ENOTDIR, fd, b"file", IN_OPEN | IN_ONLYDIR)
