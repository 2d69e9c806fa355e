"""Loop devices: a file that can be used as a disk (loop(4))."""

from __future__ import annotations

from errno import EBUSY, EINVAL, ENXIO

import pytest

from cases.devices._devices import device
from conformance.syscalls import Buffer, untraced
from conformance.syscalls.files.caching import fsync
from conformance.syscalls.files.ioctls import ioctl
from conformance.syscalls.files.opening import O_CREAT, O_RDWR, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import pread64, pwrite64
from conformance.syscalls.files.sizes import ftruncate

LOOP_SET_FD, LOOP_CLR_FD, LOOP_CTL_GET_FREE = 0x4C00, 0x4C01, 0x4C82
BLKGETSIZE64 = 0x80081272
SECTORS = 128

pytestmark = [pytest.mark.needs("root", "disposable")]


def test_disk_shows_what_is_in_the_file_and_the_file_what_is_written_to_the_disk() -> None:
    control = device(b"/dev/loop-control")
    with untraced():  # which of them is free
        disk = device(b"/dev/loop%d" % ioctl(control, LOOP_CTL_GET_FREE))
    file = openat(AT_FDCWD, b"file", O_RDWR | O_CREAT, 0o600)
    ftruncate(file, SECTORS * 512)
    pwrite64(file, b"hello", 5, 512)
    ioctl(disk, LOOP_SET_FD, file)
    ioctl.fails_with(EBUSY, disk, LOOP_SET_FD, file)
    size = Buffer(8)
    ioctl(disk, BLKGETSIZE64, size)
    assert size.int_at(0, 8) == SECTORS * 512
    data = Buffer(512)
    assert pread64(disk, data, 512, 512) == 512
    assert bytes(data) == b"hello".ljust(512, b"\0")
    pwrite64(disk, b"world".ljust(512, b"\0"), 512, 1024)
    fsync(disk)
    assert pread64(file, data, 512, 1024) == 512
    assert data.take(5) == b"world"
    ioctl(disk, LOOP_CLR_FD)
    ioctl.fails_with((ENXIO, EINVAL), disk, LOOP_CLR_FD)
