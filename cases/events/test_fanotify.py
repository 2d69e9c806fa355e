"""Fanotify: who opens what is told, and can be forbidden (fanotify(7))."""

from __future__ import annotations

import struct
from errno import EINVAL, ENODEV, EPERM

import pytest

from conformance.syscalls import Buffer, untraced
from conformance.syscalls.files.directories import mkdir
from conformance.syscalls.files.opening import O_CREAT, O_RDONLY, O_RDWR, close, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import read, write
from conformance.syscalls.files.status import Stat, fstat
from conformance.syscalls.help.child import exit_status, fork_child
from conformance.syscalls.help.waiting import ready
from conformance.syscalls.polling.fanotify import (
    FAN_CLASS_CONTENT,
    FAN_CLASS_NOTIF,
    FAN_CLOSE_WRITE,
    FAN_CREATE,
    FAN_DENY,
    FAN_EVENT_INFO_TYPE_DFID_NAME,
    FAN_EVENT_ON_CHILD,
    FAN_MARK_ADD,
    FAN_MODIFY,
    FAN_NONBLOCK,
    FAN_OPEN,
    FAN_OPEN_PERM,
    FAN_REPORT_DIR_FID,
    FAN_REPORT_NAME,
    fanotify_init,
    fanotify_mark,
)
from conformance.syscalls.polling.poll import POLLIN
from conformance.syscalls.processes.identity import getpid

HEAD = 24
"""Bytes of a `struct fanotify_event_metadata`."""
FAN_NOFD = -1

pytestmark = pytest.mark.needs("root")


def event(fd: int) -> Buffer:
    """The next event. Not traced: it tells a pid and a new fd, and handles of files."""
    assert ready(fd) == POLLIN, "no event came"
    room = Buffer(512)
    with untraced():
        read(fd, room, 512)
    return room


def test_event_comes_with_the_file_that_it_is_about() -> None:
    """What happened to a file before the event was read is told as one."""
    fd = fanotify_init(FAN_CLASS_NOTIF | FAN_NONBLOCK, O_RDONLY)
    fanotify_mark(fd, FAN_MARK_ADD, FAN_OPEN | FAN_MODIFY | FAN_CLOSE_WRITE | FAN_EVENT_ON_CHILD, AT_FDCWD, b".")
    file = openat(AT_FDCWD, b"file", O_RDWR | O_CREAT, 0o600)
    write(file, b"hello", 5)
    own = Stat()
    fstat(file, own)
    close(file)
    found = event(fd)
    mask, number, pid = struct.unpack_from("=Qii", bytes(found), 8)
    assert mask == FAN_OPEN | FAN_MODIFY | FAN_CLOSE_WRITE
    assert pid == getpid()
    same = Stat()
    with untraced():
        fstat(number, same)
    assert (same.st_dev, same.st_ino) == (own.st_dev, own.st_ino)


def test_listener_can_forbid_to_open_a_file() -> None:
    """FAN_OPEN_PERM, where the kernel asks for permissions."""
    close(openat(AT_FDCWD, b"file", O_RDWR | O_CREAT, 0o600))
    fd = fanotify_init(FAN_CLASS_CONTENT, O_RDONLY)
    fanotify_mark.or_missing("permission events", EINVAL, fd, FAN_MARK_ADD, FAN_OPEN_PERM, AT_FDCWD, b"file")
    pid = fork_child(lambda: openat.fails_with(EPERM, AT_FDCWD, b"file", O_RDONLY, 0))
    number = event(fd).int_at(16, signed=True)
    with untraced():
        write(fd, struct.pack("=iI", number, FAN_DENY), 8)
    assert exit_status(pid) == 0


def test_event_can_tell_directory_and_name_instead() -> None:
    """FAN_REPORT_DIR_FID and FAN_REPORT_NAME (Linux 5.9): no file is opened, so that creating can be told as well."""
    mkdir(b"watched", 0o700)
    fd = fanotify_init.or_missing("FAN_REPORT_NAME", EINVAL, FAN_REPORT_DIR_FID | FAN_REPORT_NAME, 0)
    fanotify_mark.or_missing("handles of files", ENODEV, fd, FAN_MARK_ADD, FAN_CREATE, AT_FDCWD, b"watched")
    close(openat(AT_FDCWD, b"watched/file", O_RDWR | O_CREAT, 0o600))
    found = event(fd)
    mask, number = struct.unpack_from("=Qi", bytes(found), 8)
    assert (mask, number) == (FAN_CREATE, FAN_NOFD)
    kind, _, length = struct.unpack_from("=BBH", bytes(found), HEAD)
    handle = found.int_at(HEAD + 12)
    name = found.take(length, HEAD)[20 + handle :]
    assert (kind, name.rstrip(b"\0")) == (FAN_EVENT_INFO_TYPE_DFID_NAME, b"file")
