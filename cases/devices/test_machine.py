"""Devices of the machine: the clock that runs on, virtual machines, file systems in user space."""

from __future__ import annotations

import struct
from errno import EINVAL, ENODEV, EPERM

import pytest

from cases.devices._devices import device
from conformance.syscalls import Buffer, missing, untraced
from conformance.syscalls.files.ioctls import ioctl
from conformance.syscalls.files.opening import O_RDONLY
from conformance.syscalls.files.reading import read

RTC_RD_TIME = 0x80247009
KVM_GET_API_VERSION, KVM_CHECK_EXTENSION = 0xAE00, 0xAE03
KVM_CAP_USER_MEMORY = 3

pytestmark = pytest.mark.needs("root")


def test_real_time_clock_tells_a_date() -> None:
    """rtc(4)."""
    fd, now = device(b"/dev/rtc0", O_RDONLY, prefix="hardware: "), Buffer(36)
    with untraced():  # what time it is
        error = ioctl.result_of(fd, RTC_RD_TIME, now)[1]
    if error in (EINVAL, ENODEV):
        missing("hardware: a real-time clock that has been set")
    assert error == 0
    seconds, minutes, hours, day, month, year = struct.unpack_from("=6i", bytes(now))
    assert (seconds in range(61), minutes in range(60), hours in range(24)) == (True, True, True)
    assert (day in range(1, 32), month in range(12), year >= 70) == (True, True, True)


def test_virtual_machines_speak_version_twelve() -> None:
    """Documentation/virt/kvm/api.rst: the number has not changed since Linux 2.6.22."""
    fd = device(b"/dev/kvm", prefix="hardware: ")
    assert ioctl(fd, KVM_GET_API_VERSION) == 12
    assert ioctl(fd, KVM_CHECK_EXTENSION, KVM_CAP_USER_MEMORY) == 1
    ioctl.fails_with(EINVAL, fd, KVM_GET_API_VERSION, 1)


def test_file_system_in_user_space_must_be_mounted_before_it_is_served() -> None:
    """fuse(4)."""
    read.fails_with(EPERM, device(b"/dev/fuse"), Buffer(8192), 8192)
