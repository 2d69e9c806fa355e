"""Line discipline: what a terminal makes of what is typed (termios(3))."""

from __future__ import annotations

import struct
from errno import EAGAIN, EIO, ENOTTY, EPERM

import pytest

from cases.terminals._pty import ECHO, ICANON, ISIG, TIOCSTI, local_modes, pair, take
from conformance.syscalls import Buffer
from conformance.syscalls.files.ioctls import ioctl
from conformance.syscalls.files.reading import read, write
from conformance.syscalls.help.child import in_child
from conformance.syscalls.help.waiting import ready
from conformance.syscalls.polling.poll import POLLIN
from conformance.syscalls.processes.credentials import setresuid

ERASE, KILL, END, RETURN = b"\x7f", b"\x15", b"\x04", b"\r"
FIONREAD = 0x541B


def type_in(fd: int, text: bytes) -> None:
    """Write to the master what a person would type."""
    assert write(fd, text, len(text)) == len(text)


def test_lines_are_read_whole_and_edited() -> None:
    """Erase takes a character, kill the line; return is a new line; a line waits for its end."""
    fd, slave = pair()
    local_modes(slave, off=ECHO)
    type_in(fd, b"hel")
    read.fails_with(EAGAIN, slave, Buffer(16), 16)
    type_in(fd, b"x" + ERASE + b"lo" + RETURN + b"nonsense" + KILL + b"bye\n")
    assert take(slave) == b"hello\n"
    assert take(slave) == b"bye\n"
    type_in(fd, b"part" + END + END)
    assert take(slave) == b"part"
    assert read(slave, Buffer(16), 16) == 0


@pytest.mark.parametrize(("echo", "seen"), [(ECHO, b"hi^A\r\n"), (0, b"!")], ids=["on", "off"])
def test_echo_shows_what_is_typed(echo: int, seen: bytes) -> None:
    """Control characters as a caret and a letter. Without echo, the program's own output comes alone."""
    fd, slave = pair()
    local_modes(slave, on=echo, off=ECHO & ~echo)
    type_in(fd, b"hi\x01\n")
    assert take(slave) == b"hi\x01\n"
    if not echo:
        write(slave, b"!", 1)
    assert take(fd) == seen


def test_raw_input_comes_as_it_is_once_there_is_enough() -> None:
    """VMIN without VTIME: neither poll(2) nor a read is content with less."""
    fd, slave = pair()
    local_modes(slave, off=ICANON | ECHO | ISIG, minimum=3)
    type_in(fd, b"\x03")
    assert ready(slave, seconds=0.02) == 0
    type_in(fd, ERASE + b"x")
    assert ready(slave) == POLLIN
    waiting = Buffer(4)
    ioctl(slave, FIONREAD, waiting)
    assert waiting.int_at(0) == 3
    assert take(slave) == b"\x03\x7fx"


@pytest.mark.needs("root")
def test_input_is_faked_by_the_privileged_alone() -> None:
    """TIOCSTI; EIO where dev.tty.legacy_tiocsti is off (Linux 6.2), else EPERM for a terminal that is not one's own."""
    fd, slave = pair()
    local_modes(slave, off=ECHO)
    for each in b"x\n":
        ioctl.or_missing("TIOCSTI", ENOTTY, slave, TIOCSTI, struct.pack("=B", each))
    assert take(slave) == b"x\n"
    read.fails_with(EAGAIN, fd, Buffer(8), 8)

    def stranger() -> None:
        setresuid(65534, 65534, 65534)
        ioctl.fails_with((EPERM, EIO), slave, TIOCSTI, b"x")

    assert in_child(stranger) == 0
