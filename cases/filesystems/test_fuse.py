"""File systems in user space: what is asked of /dev/fuse, and what becomes of the answers (fuse(4))."""

from __future__ import annotations

import struct
from errno import EACCES, ENOSYS, ENOTCONN

import pytest

from cases.filesystems._fuse import (
    ACCESS,
    FLUSH,
    GETATTR,
    LOOKUP,
    OPEN,
    READ,
    ROOT_NODE,
    Request,
    answer,
    attribute_reply,
    entry,
    mount_fuse,
    next_request,
    shake_hands,
)
from conformance.syscalls import Buffer, untraced
from conformance.syscalls.files.opening import O_RDONLY, close, open, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import pread64
from conformance.syscalls.files.status import Stat, stat
from conformance.syscalls.help.child import fork_child
from conformance.syscalls.help.waiting import ready
from conformance.syscalls.processes.waiting import WNOHANG, wait4

pytestmark = pytest.mark.needs("root")

TEXT = b"served from user space"


def serve(fd: int, pid: int) -> tuple[list[int], int]:
    """Serve a file `file` to a child until it ends; the kinds of requests, and the child's wait status. Not traced."""
    asked, status = [], Buffer(4)
    with untraced():
        while not wait4(pid, status, WNOHANG, None):
            if ready(fd, seconds=0.01):
                request = next_request(fd)
                asked.append(request.opcode)
                answer(fd, request, *reply(request))
    return asked, status.int_at(0)


def reply(request: Request) -> tuple[bytes, int]:
    """What a file system with one file says. Of attributes and of access it may be asked at any time."""
    if request.opcode == GETATTR:
        mode, size = (0o40755, 0) if request.node == ROOT_NODE else (0o100644, len(TEXT))
        return attribute_reply(request.node, mode, size), 0
    if request.opcode == LOOKUP and request.body == b"file\0":
        return entry(2, 0o100644, len(TEXT)), 0
    if request.opcode == OPEN:
        return struct.pack("=QII", 1, 0, 0), 0
    if request.opcode == READ:
        _, offset, size = struct.unpack_from("=QQI", request.body)
        return TEXT[offset : offset + size], 0
    if request.opcode == LOOKUP:
        return b"", EACCES
    return b"", 0 if request.opcode in (FLUSH, ACCESS) else ENOSYS


def test_kernel_begins_with_its_version_of_the_protocol() -> None:
    """FUSE_INIT: 7 and at least 27, that of Linux 4.18."""
    request = shake_hands(mount_fuse())
    major, minor = struct.unpack_from("=II", request.body)
    assert major == 7
    assert minor >= 27


def test_file_is_read_through_the_program_that_serves() -> None:
    fd = mount_fuse()
    shake_hands(fd)

    def reader() -> None:
        file = open(b"mounted/file", O_RDONLY)
        data = Buffer(64)
        assert pread64(file, data, 64, 0) == len(TEXT)
        assert data.take(len(TEXT)) == TEXT
        close(file)

    pid = fork_child(reader)
    asked, status = serve(fd, pid)
    assert status == 0
    assert [kind for kind in asked if kind in (LOOKUP, OPEN, READ)] == [LOOKUP, OPEN, READ]


def test_error_that_is_answered_is_the_callers_errno() -> None:
    fd = mount_fuse()
    shake_hands(fd)

    def opener() -> int:
        return openat.result_of(AT_FDCWD, b"mounted/other", O_RDONLY)[1]

    asked, status = serve(fd, fork_child(opener))
    assert LOOKUP in asked
    assert status >> 8 == EACCES


def test_file_system_without_its_program_is_enotconn() -> None:
    fd = mount_fuse()
    shake_hands(fd)
    close(fd)
    stat.fails_with(ENOTCONN, b"mounted", Stat())
