"""Positions: pread(2), preadv2(2) and others on what has none, such as pipes, sockets and terminals."""

from __future__ import annotations

from collections.abc import Callable
from errno import EINVAL, ESPIPE

import pytest

from cases.terminals import _pty
from conformance.syscalls import Buffer
from conformance.syscalls.files.caching import POSIX_FADV_NORMAL, fadvise64
from conformance.syscalls.files.reading import SEEK_CUR, SEEK_END, SEEK_SET, lseek, pread64, pwrite64
from conformance.syscalls.files.sizes import fallocate
from conformance.syscalls.files.splicing import sendfile, splice
from conformance.syscalls.files.vectors import Vector, preadv, preadv2, pwritev, pwritev2
from conformance.syscalls.help.paths import new_file
from conformance.syscalls.help.pipes import new_pipe
from conformance.syscalls.help.waiting import ready
from conformance.syscalls.polling.poll import POLLIN
from conformance.syscalls.sockets.socket import AF_UNIX, SOCK_STREAM, socketpair

KINDS = ("pipe", "socket", "terminal", "master")


def ends(kind: str) -> tuple[int, int]:
    """What can be read from, and what can be written to for that; of terminals, `kind` is what is written to."""
    if kind == "pipe":
        return new_pipe()
    if kind == "socket":
        pair = Buffer(8)
        socketpair(AF_UNIX, SOCK_STREAM, 0, pair)
        return pair.int_at(0), pair.int_at(4)
    master, slave = _pty.pair()
    return (master, slave) if kind == "terminal" else (slave, master)


PLACED: dict[str, Callable[[int, int], tuple[int, int]]] = {
    "pread64": lambda fd, at: pread64.result_of(fd, Buffer(1), 1, at),
    "preadv": lambda fd, at: preadv.result_of(fd, Vector(Buffer(1)), 1, at, at >> 63),
    "preadv2": lambda fd, at: preadv2.result_of(fd, Vector(Buffer(1)), 1, at, at >> 63, 0),
    "pwrite64": lambda fd, at: pwrite64.result_of(fd, b"x", 1, at),
    "pwritev": lambda fd, at: pwritev.result_of(fd, Vector(Buffer(b"x")), 1, at, at >> 63),
    "pwritev2": lambda fd, at: pwritev2.result_of(fd, Vector(Buffer(b"x")), 1, at, at >> 63, 0),
}
"""One byte at a position."""


@pytest.mark.parametrize("call", PLACED)
@pytest.mark.parametrize("kind", KINDS)
def test_position_in_what_has_none_is_espipe(kind: str, call: str) -> None:
    """Of both ends, whichever way they go (google/gvisor#13737)."""
    for fd in ends(kind):
        assert PLACED[call](fd, 0) == (-1, ESPIPE)


@pytest.mark.parametrize("kind", KINDS)
def test_offset_of_what_has_none_is_espipe(kind: str) -> None:
    for fd in ends(kind):
        for whence in (SEEK_SET, SEEK_CUR, SEEK_END):
            lseek.fails_with(ESPIPE, fd, 0, whence)


@pytest.mark.parametrize("kind", KINDS)
def test_position_of_minus_one_reads_and_writes_as_if_there_were_none(kind: str) -> None:
    """pwritev2(2): "then the current file offset is used", which is none here (google/gvisor#13737)."""
    reader, writer = ends(kind)
    data = Buffer(8)
    assert pwritev2(writer, Vector(Buffer(b"hel"), Buffer(b"lo\n")), 2, -1, -1, 0) == 6
    assert ready(reader) & POLLIN
    expected = b"hello\r\n" if kind == "terminal" else b"hello\n"  # which makes two of a newline (ONLCR)
    assert preadv2(reader, Vector(data), 1, -1, -1, 0) == len(expected)
    assert data.take(len(expected)) == expected


@pytest.mark.parametrize("call", PLACED)
@pytest.mark.parametrize("kind", [*KINDS, "file"])
def test_position_that_is_negative_is_einval_whatever_the_file(kind: str, call: str) -> None:
    """-1 as well, but for preadv2(2) and pwritev2(2)."""
    for fd in ends(kind) if kind != "file" else (new_file(b"file", b"hello"),):
        assert PLACED[call](fd, -2 if call.endswith("2") else -1) == (-1, EINVAL)


@pytest.mark.parametrize("call", ["sendfile", "splice-into", "splice-from", "fallocate", "fadvise64"])
def test_pipe_has_no_place_to_be_told_of(call: str) -> None:
    """sendfile(2), splice(2), fallocate(2), posix_fadvise(2): ESPIPE for a pipe."""
    reader, writer = new_pipe()
    file, start = new_file(b"file", b"hello"), Buffer(bytes(8))
    match call:
        case "sendfile":
            sendfile.fails_with(ESPIPE, file, reader, start, 1)
        case "splice-into":
            splice.fails_with(ESPIPE, file, Buffer(bytes(8)), writer, start, 1, 0)
        case "splice-from":
            splice.fails_with(ESPIPE, reader, start, file, None, 1, 0)
        case "fallocate":
            fallocate.fails_with(ESPIPE, writer, 0, 0, 1)
        case "fadvise64":
            fadvise64.fails_with(ESPIPE, reader, 0, 0, POSIX_FADV_NORMAL)
