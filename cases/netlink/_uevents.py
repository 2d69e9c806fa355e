"""Uevents: making the kernel send one, and taking one's own out of what a listener hears.

Every listener of a machine hears every event of a device that belongs to no network namespace, so a case marks its own
with a UUID (Documentation/ABI/testing/sysfs-uevent, Linux 4.13).
"""

from __future__ import annotations

from dataclasses import dataclass
from errno import ENOENT

from conformance.syscalls import missing
from conformance.syscalls.files.opening import O_CLOEXEC, O_WRONLY, close, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import write
from conformance.syscalls.help.netlink import ANSWERS_WITHIN, NetlinkTimeout, netlink_socket, receive_bytes
from conformance.syscalls.help.waiting import time_left
from conformance.syscalls.sockets.netlink import NETLINK_KOBJECT_UEVENT

KERNEL_GROUP = 1
"""The multicast group of the kernel's own events, as a bit; udev's is the next one."""
UEVENT = "a uevent"
NULL = b"/sys/devices/virtual/mem/null/uevent"
FULL = b"/sys/devices/virtual/mem/full/uevent"


@dataclass(frozen=True, slots=True)
class Uevent:
    """One event: `change@/devices/…`, then its variables."""

    header: bytes
    variables: dict[bytes, bytes]


def listener(*, groups: int = KERNEL_GROUP) -> int:
    """A socket that hears the events of `groups`."""
    return netlink_socket(NETLINK_KOBJECT_UEVENT, groups=groups)


def trigger(text: bytes, file: bytes = NULL) -> None:
    """Write to a device's `uevent` file, which makes the kernel send a synthetic event."""
    fd = uevent_file(file)
    assert write(fd, text, len(text)) == len(text)
    close(fd)


def uevent_file(file: bytes = NULL) -> int:
    """A device's `uevent` file, open for writing."""
    fd, error = openat.result_of(AT_FDCWD, file, O_WRONLY | O_CLOEXEC, 0)
    if error == ENOENT:
        missing("synthetic uevents")
    if error:
        raise OSError(error, f"{file!r}")
    return fd


def parse(data: bytes) -> Uevent:
    """An event as the kernel sends it: strings that end with NUL."""
    header, *variables = data.rstrip(b"\0").split(b"\0")
    pairs = (each.partition(b"=") for each in variables)
    return Uevent(header, {name: value for name, _, value in pairs})


def next_event(fd: int, **wanted: str) -> Uevent:
    """The next event whose variables are `wanted` (`SYNTH_UUID="…"`). Those of others are passed over; not traced."""
    expected = {name.encode(): value.encode() for name, value in wanted.items()}
    for left in time_left(ANSWERS_WITHIN):
        event = parse(receive_bytes(fd, left, UEVENT))
        if expected.items() <= event.variables.items():
            return event
    raise NetlinkTimeout(f"no event with {wanted}")


def hears(fd: int, **wanted: str) -> bool:
    """Whether such an event waits to be received, now: the kernel hands events over before `write` returns."""
    try:
        while True:
            event = parse(receive_bytes(fd, 0, UEVENT))
            if {name.encode(): value.encode() for name, value in wanted.items()}.items() <= event.variables.items():
                return True
    except NetlinkTimeout:
        return False
