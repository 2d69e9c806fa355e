"""FUSE from the side of the program that serves: requests read from /dev/fuse, and answers (fuse(4), protocol 7)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from errno import EACCES, ENOENT, EPERM

from conformance.syscalls import Buffer, missing, untraced
from conformance.syscalls.files.opening import O_CLOEXEC, O_RDWR, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import read, write
from conformance.syscalls.help.mounts import mount_new
from conformance.syscalls.help.waiting import ready

LOOKUP, GETATTR, OPEN, READ, FLUSH, INIT, ACCESS = 1, 3, 14, 15, 25, 26, 34
ROOT_NODE = 1
ROOM = 65536
"""Bytes for a request; more than the kernel asks for here."""
MINOR = 31
"""Of the protocol that is answered: Linux 5.4."""


@dataclass(frozen=True, slots=True)
class Request:
    """A `struct fuse_in_header` and what follows it."""

    opcode: int
    unique: int
    node: int
    body: bytes


def mount_fuse() -> int:
    """Mount a FUSE file system at `mounted`; the descriptor through which it is served."""
    fd, error = openat.result_of(AT_FDCWD, b"/dev/fuse", O_RDWR | O_CLOEXEC)
    if error in (ENOENT, EACCES, EPERM):
        missing("/dev/fuse")
    if error:
        raise OSError(error, "/dev/fuse")
    mount_new(b"fuse", b"mounted", 0, b"fd=%d,rootmode=40755,user_id=0,group_id=0" % fd)
    return fd


def next_request(fd: int) -> Request:
    """The next request. Not traced: it has counters and a pid, and grows with the protocol."""
    data = Buffer(ROOM)
    with untraced():
        assert ready(fd), "the kernel asks for nothing"
        size = read(fd, data, ROOM)
    length, opcode, unique, node = struct.unpack_from("=IIQQ", bytes(data))
    assert length == size
    return Request(opcode, unique, node, data.take(size - 40, 40))


def answer(fd: int, request: Request, body: bytes = b"", error: int = 0) -> None:
    """Answer a request, with data or an errno. Not traced, as the answer bears the request's number."""
    data = struct.pack("=IiQ", 16 + len(body), -error, request.unique) + body
    with untraced():
        assert write(fd, data, len(data)) == len(data)


def shake_hands(fd: int) -> Request:
    """Answer FUSE_INIT, which comes first; the request."""
    request = next_request(fd)
    assert request.opcode == INIT
    answer(fd, request, struct.pack("=IIIIHHIIHHI28x", 7, MINOR, 4096, 0, 1, 1, 4096, 1, 1, 0, 0))
    return request


def attributes(node: int, mode: int, size: int) -> bytes:
    """A `struct fuse_attr`."""
    return struct.pack("=QQQQQQIIIIIIIIII", node, size, 1, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)


def attribute_reply(node: int, mode: int, size: int) -> bytes:
    """A `struct fuse_attr_out`, valid for a minute."""
    return struct.pack("=QII", 60, 0, 0) + attributes(node, mode, size)


def entry(node: int, mode: int, size: int) -> bytes:
    """A `struct fuse_entry_out`, valid for a minute."""
    return struct.pack("=QQQQII", node, 0, 60, 60, 0, 0) + attributes(node, mode, size)
