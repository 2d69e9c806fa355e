"""Holes: parts of a file that hold nothing and read as zeros (lseek(2), fallocate(2))."""

from __future__ import annotations

from errno import EINVAL, ENXIO, EOPNOTSUPP

from cases.files._files import status
from conformance.syscalls import Buffer, missing
from conformance.syscalls.files.reading import SEEK_DATA, SEEK_HOLE, lseek, pread64, pwrite64
from conformance.syscalls.files.sizes import FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE, fallocate, ftruncate
from conformance.syscalls.help.paths import new_file

BLOCK = 1 << 16
"""Larger than a block, or a page, of any scratch file system."""


def test_seeking_finds_data_and_holes() -> None:
    """The end of the file is a hole; beyond it there is neither. A file system may say that all is data (lseek(2))."""
    fd = new_file(b"file")
    ftruncate(fd, 3 * BLOCK)
    pwrite64(fd, b"x", 1, BLOCK)
    if lseek.or_missing("SEEK_HOLE", EINVAL, fd, BLOCK, SEEK_HOLE) == 3 * BLOCK:
        missing("holes of the scratch file system")
    assert lseek(fd, 0, SEEK_DATA) == BLOCK
    assert lseek(fd, 2 * BLOCK, SEEK_HOLE) == 2 * BLOCK
    lseek.fails_with(ENXIO, fd, 2 * BLOCK, SEEK_DATA)
    lseek.fails_with(ENXIO, fd, 3 * BLOCK, SEEK_HOLE)


def test_hole_is_punched_into_data_and_the_size_stays() -> None:
    fd = new_file(b"file", b"x" * 3 * BLOCK)
    mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE
    fallocate.or_missing("FALLOC_FL_PUNCH_HOLE", EOPNOTSUPP, fd, mode, BLOCK, BLOCK)
    data = Buffer(4)
    pread64(fd, data, 4, BLOCK - 2)
    assert bytes(data) == b"xx\0\0"
    pread64(fd, data, 4, 2 * BLOCK - 2)
    assert bytes(data) == b"\0\0xx"
    assert lseek(fd, 0, SEEK_HOLE) == BLOCK
    assert status(b"file").st_size == 3 * BLOCK
