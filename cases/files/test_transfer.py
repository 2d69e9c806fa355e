"""Transfers: data goes from one descriptor to another without passing through the program (sendfile(2), splice(2))."""

from __future__ import annotations

import struct
from errno import EBADF, EINVAL

from cases.files._files import content, content_at
from conformance.syscalls import Buffer
from conformance.syscalls.files.opening import O_APPEND, O_RDONLY, O_RDWR, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import read, write
from conformance.syscalls.files.splicing import copy_file_range, sendfile, splice, tee, vmsplice
from conformance.syscalls.files.vectors import Vector
from conformance.syscalls.help.paths import new_file
from conformance.syscalls.help.pipes import new_pipe

SIZE = 8


def offset(value: int) -> Buffer:
    """A `loff_t` that the kernel advances."""
    return Buffer(struct.pack("=q", value))


def test_range_is_copied_between_files_and_offsets_advance() -> None:
    """copy_file_range(2), between file systems as well since Linux 5.3; not to one that is open for appending."""
    source, target = new_file(b"source", b"hello, world"), new_file(b"target")
    there, here = offset(7), offset(1)
    assert copy_file_range(source, there, target, here, 100, 0) == 5
    assert (there.int_at(0, 8), here.int_at(0, 8)) == (12, 6)
    assert content(target) == b"\0world"
    assert copy_file_range(source, there, target, None, 1, 0) == 0
    copy_file_range.fails_with(EINVAL, source, offset(0), target, None, 1, 1)
    copy_file_range.fails_with(EINVAL, source, offset(0), source, offset(1), 5, 0)
    append = openat(AT_FDCWD, b"target", O_RDWR | O_APPEND, 0)
    copy_file_range.fails_with(EBADF, source, offset(0), append, None, 1, 0)


def test_file_is_sent_from_an_offset_or_from_where_it_stands() -> None:
    """sendfile(2): with an offset, that of the open file stays."""
    new_file(b"source", b"hello, world")
    source, target, there = openat(AT_FDCWD, b"source", O_RDONLY, 0), new_file(b"target"), offset(7)
    assert sendfile(target, source, there, 100) == 5
    assert there.int_at(0, 8) == 12
    assert sendfile(target, source, None, 5) == 5
    assert content_at(b"target") == b"worldhello"
    reader, writer = new_pipe()
    assert sendfile(writer, source, offset(0), 5) == 5
    assert read(reader, Buffer(8), 8) == 5


def test_splice_moves_data_through_a_pipe() -> None:
    """One of the two must be a pipe; a pipe has no offset."""
    source, target = new_file(b"source", b"hello, world"), new_file(b"target")
    reader, writer = new_pipe()
    there = offset(7)
    assert splice(source, there, writer, None, 5, 0) == 5
    assert there.int_at(0, 8) == 12
    assert splice(reader, None, target, None, 100, 0) == 5
    assert content(target) == b"world"
    splice.fails_with(EINVAL, source, None, target, None, 5, 0)


def test_tee_leaves_what_it_copies_and_vmsplice_takes_it_from_memory() -> None:
    reader, writer = new_pipe()
    copy, into = new_pipe()
    parts = Buffer(b"hel"), Buffer(b"lo")
    assert vmsplice(writer, Vector(*parts), 2, 0) == 5
    assert tee(reader, into, 100, 0) == 5
    for end in (reader, copy):
        data = Buffer(8)
        assert read(end, data, 8) == 5
        assert data.take(5) == b"hello"
    tee.fails_with(EINVAL, reader, writer, 1, 0)
    assert write(writer, b"x", 1) == 1
