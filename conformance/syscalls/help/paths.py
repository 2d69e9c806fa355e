"""Files by their path: whole ones, for /proc, /sys and control groups, which are read and written at once; new ones."""

from __future__ import annotations

import struct
from errno import EAGAIN, ENOENT

from conformance.syscalls.files.directories import getdents64
from conformance.syscalls.files.opening import (
    O_CLOEXEC,
    O_CREAT,
    O_DIRECTORY,
    O_RDONLY,
    O_RDWR,
    O_TRUNC,
    O_WRONLY,
    OpenHow,
    close,
    openat,
    openat2,
)
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import read, write
from conformance.syscalls.files.status import F_OK, Stat, access, fstat
from conformance.syscalls.machinery.buffers import Buffer
from conformance.syscalls.machinery.call import missing, untraced

RACES = 100
"""How often a path is looked up again when the kernel cannot tell whether it has led out (openat2(2), EAGAIN)."""


def open_present(path: bytes, flags: int = O_RDONLY) -> int:
    """Open a file that a kernel may lack, close-on-exec. Where it is not there the case ends as missing."""
    fd, error = openat.result_of(AT_FDCWD, path, flags | O_CLOEXEC, 0)
    if error == ENOENT:
        missing(path.decode())
    if error:
        raise OSError(error, path.decode())
    return fd


def open_bounded(directory: int, path: bytes, how: OpenHow) -> tuple[int, int]:
    """The descriptor and the errno of openat2, asked again for as long as it says EAGAIN: somebody renames or mounts
    something at this moment, and one is to try again (openat2(2)). Not traced."""
    for _ in range(RACES):
        with untraced():
            fd, error = openat2.result_of(directory, path, how, OpenHow.size())
        if error != EAGAIN:
            break
    return fd, error


def contents(path: bytes) -> bytes:
    """All of a file. Not traced: such texts differ from run to run and from release to release."""
    with untraced():
        fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0)
        try:
            return rest_of(fd)
        finally:
            close(fd)


def rest_of(fd: int) -> bytes:
    """What can be read from an fd up to its end. Not traced."""
    found, buffer = b"", Buffer(65536)
    with untraced():
        while count := read(fd, buffer, 65536):
            found += buffer.take(count)
    return found


def fields(path: bytes) -> dict[bytes, bytes]:
    """A file of lines `Name:	value`, such as /proc/PID/status. Not traced."""
    pairs = (line.partition(b":") for line in contents(path).splitlines())
    return {name.strip(): value.strip() for name, colon, value in pairs if colon}


def entries(path: bytes) -> set[bytes]:
    """The names in a directory, but for `.` and `..`. Not traced: the order is the file system's choice."""
    found, buffer = set(), Buffer(32768)
    with untraced():
        fd = openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
        try:
            while count := getdents64(fd, buffer, 32768):
                data, at = buffer.take(count), 0
                while at < count:
                    (length,) = struct.unpack_from("=H", data, at + 16)
                    found.add(data[at + 19 : at + length].split(b"\0")[0])
                    at += length
        finally:
            close(fd)
    return found - {b".", b".."}


def inode_of(fd: int) -> int:
    """The number of the inode of a descriptor. Not traced, as it is the kernel's choice."""
    found = Stat()
    with untraced():
        fstat(fd, found)
    return int(found.st_ino)


def exists(path: bytes) -> bool:
    """Whether there is such a file. Not traced."""
    with untraced():
        return not access.result_of(path, F_OK)[1]


def write_to(path: bytes, data: bytes) -> None:
    """Write `data` to a file that is there, in one call. Raises OSError."""
    fd = openat(AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0)
    try:
        assert write(fd, data, len(data)) == len(data)
    finally:
        close(fd)


def make_file(path: bytes, data: bytes = b"", mode: int = 0o644) -> None:
    """Make a file with such contents."""
    fd = openat(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
    if data:
        assert write(fd, data, len(data)) == len(data)
    close(fd)


def new_file(path: bytes, data: bytes = b"", mode: int = 0o644) -> int:
    """A file that holds `data`, open for reading and writing at its end."""
    fd = openat(AT_FDCWD, path, O_RDWR | O_CREAT, mode)
    if data:
        assert write(fd, data, len(data)) == len(data)
    return fd
