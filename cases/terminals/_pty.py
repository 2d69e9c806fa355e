"""Pairs of pseudoterminals, and waiting for what passes between their ends."""

from __future__ import annotations

import struct
from errno import ENOENT

from conformance.syscalls import Buffer, untraced
from conformance.syscalls.files.ioctls import ioctl
from conformance.syscalls.files.opening import O_NOCTTY, O_NONBLOCK, O_RDWR, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import read
from conformance.syscalls.help.waiting import ready
from conformance.syscalls.polling.poll import POLLIN

TCGETS, TCSETS, TCFLSH = 0x5401, 0x5402, 0x540B
TIOCSCTTY, TIOCGPGRP, TIOCSPGRP, TIOCSTI, TIOCGWINSZ, TIOCSWINSZ = 0x540E, 0x540F, 0x5410, 0x5412, 0x5413, 0x5414
TIOCPKT, TIOCNOTTY, TIOCGSID = 0x5420, 0x5422, 0x5429
TIOCSPTLCK, TIOCGPTN, TIOCGPTPEER = 0x40045431, 0x80045430, 0x5441
ISIG, ICANON, ECHO = 1, 2, 8
VTIME, VMIN = 5, 6


def master() -> int:
    """A new master; its slave is locked."""
    return openat.or_missing("pseudoterminals", ENOENT, AT_FDCWD, b"/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK, 0)


def unlock(fd: int) -> None:
    """Let the slave of a master be opened."""
    ioctl(fd, TIOCSPTLCK, struct.pack("=i", 0))


def path_of_slave(fd: int) -> bytes:
    """Its path. Not traced: the number is the kernel's choice."""
    number = Buffer(4)
    with untraced():
        ioctl(fd, TIOCGPTN, number)
    return b"/dev/pts/%d" % number.int_at(0)


def open_slave(fd: int, flags: int = O_RDWR | O_NOCTTY | O_NONBLOCK) -> int:
    """The slave of an unlocked master. Not traced, as above."""
    path = path_of_slave(fd)
    with untraced():
        return openat(AT_FDCWD, path, flags, 0)


def pair() -> tuple[int, int]:
    """A master and its slave, which is nobody's controlling terminal."""
    fd = master()
    unlock(fd)
    return fd, open_slave(fd)


def local_modes(fd: int, *, on: int = 0, off: int = 0, minimum: int | None = None) -> None:
    """Switch bits of `c_lflag` on and off, and set VMIN (with VTIME zero)."""
    termios = Buffer(36)
    ioctl(fd, TCGETS, termios)
    changed = bytearray(bytes(termios))
    changed[12:16] = struct.pack("=I", termios.int_at(12) & ~off | on)
    if minimum is not None:
        changed[17 + VTIME], changed[17 + VMIN] = 0, minimum
    ioctl(fd, TCSETS, bytes(changed))


def take(fd: int, size: int = 64) -> bytes:
    """What one read gives, once there is something."""
    assert ready(fd) & POLLIN, "nothing came"
    data = Buffer(size)
    return data.take(read(fd, data, size))
