"""Vectors: one call reads into, or writes from, several buffers (readv(2))."""

from __future__ import annotations

import struct
from errno import EBADF, EFAULT, EINVAL, EOPNOTSUPP, ESPIPE

from cases.files._files import content
from conformance.syscalls import Buffer
from conformance.syscalls.files.opening import O_RDONLY, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import SEEK_CUR, lseek
from conformance.syscalls.files.vectors import RWF_APPEND, Vector, preadv, preadv2, pwritev2, readv, writev
from conformance.syscalls.help.paths import new_file
from conformance.syscalls.help.pipes import new_pipe


def test_data_is_gathered_from_and_scattered_over_the_buffers() -> None:
    """preadv(2) leaves the offset of the open file."""
    fd = new_file(b"file")
    assert writev(fd, Vector(Buffer(b"hel"), Buffer(b""), Buffer(b"lo")), 3) == 5
    halves = Buffer(1), Buffer(8)
    assert preadv(fd, Vector(*halves), 2, 1, 0) == 4
    assert (bytes(halves[0]), halves[1].take(3)) == (b"e", b"llo")
    assert lseek(fd, 0, SEEK_CUR) == 5
    preadv.fails_with(EINVAL, fd, Vector(*halves), 2, -1, -1)


def test_vectors_that_are_none_are_refused() -> None:
    """Lengths that are negative or sum to more than fits are EINVAL, as are more than 1024; a bad address EFAULT."""
    fd = new_file(b"file", b"hello")
    readv.fails_with(EINVAL, fd, bytes(16 * 1025), 1025)
    readv.fails_with(EINVAL, fd, struct.pack("=QQ", 4096, 1 << 63), 1)
    writev.fails_with(EFAULT, fd, struct.pack("=QQ", 8, 5), 1)
    writev.fails_with(EFAULT, fd, 8, 1)
    readonly = openat(AT_FDCWD, b"file", O_RDONLY, 0)
    writev.fails_with(EBADF, readonly, Vector(Buffer(b"x")), 1)
    assert readv(fd, None, 0) == 0
    preadv.fails_with(ESPIPE, new_pipe()[0], Vector(Buffer(1)), 1, 0, 0)


def test_flags_hold_for_one_call() -> None:
    """RWF_APPEND (Linux 4.16) writes at the end, whatever the offset; -1 is the offset of the open file."""
    fd = new_file(b"file", b"hello")
    assert pwritev2.or_missing("RWF_APPEND", EOPNOTSUPP, fd, Vector(Buffer(b"!")), 1, 0, 0, RWF_APPEND) == 1
    assert content(fd) == b"hello!"
    pwritev2(fd, Vector(Buffer(b"J")), 1, 0, 0, 0)
    assert pwritev2(fd, Vector(Buffer(b"?")), 1, -1, -1, 0) == 1
    assert content(fd) == b"Jello?"
    preadv2.fails_with(EOPNOTSUPP, fd, Vector(Buffer(1)), 1, 0, 0, 1 << 30)
