"""Types of file systems: those that a system is made of can be mounted, and statfs(2) tells which is which."""

from __future__ import annotations

import pytest

from conformance.syscalls import Buffer, untraced
from conformance.syscalls.files.filesystems import ST_NODEV, ST_NOEXEC, ST_NOSUID, ST_RDONLY, Statfs, statfs
from conformance.syscalls.files.ioctls import ioctl
from conformance.syscalls.files.opening import O_NOCTTY, O_RDWR, open
from conformance.syscalls.files.status import Stat, fstat
from conformance.syscalls.help.mounts import mount_new
from conformance.syscalls.help.paths import entries
from conformance.syscalls.mounts.mount import MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY, MS_REMOUNT, mount

pytestmark = pytest.mark.needs("root")

MAGIC = {
    "binfmt_misc": 0x42494E4D,
    "bpf": 0xCAFE4A11,
    "configfs": 0x62656570,
    "debugfs": 0x64626720,
    "devpts": 0x1CD1,
    "devtmpfs": 0x01021994,
    "fusectl": 0x65735543,
    "hugetlbfs": 0x958458F6,
    "mqueue": 0x19800202,
    "proc": 0x9FA0,
    "pstore": 0x6165676C,
    "ramfs": 0x858458F6,
    "securityfs": 0x73636673,
    "sysfs": 0x62656572,
    "tmpfs": 0x01021994,
    "tracefs": 0x74726163,
}
"""<linux/magic.h> and, for those that are not there, the file systems' sources. devtmpfs is a tmpfs."""
TIOCGPTN, TIOCSPTLCK = 0x80045430, 0x40045431


@pytest.mark.parametrize("fstype", MAGIC)
def test_type_can_be_mounted_and_is_told_by_its_number(fstype: str) -> None:
    mount_new(fstype.encode(), b"mounted")
    assert told(b"mounted").f_type & 0xFFFFFFFF == MAGIC[fstype]


def told(path: bytes) -> Statfs:
    """What statfs(2) tells. Not traced: most of it is the file system's choice."""
    found = Statfs()
    with untraced():
        statfs(path, found)
    return found


def test_flags_of_the_mount_are_told() -> None:
    """f_flags (Linux 2.6.36), before and after a remount."""
    mount_new(b"tmpfs", b"mounted", MS_NOSUID | MS_NODEV)
    wanted = ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC
    assert told(b"mounted").f_flags & wanted == ST_NOSUID | ST_NODEV
    mount(None, b"mounted", None, MS_REMOUNT | MS_RDONLY | MS_NOEXEC, None)
    assert told(b"mounted").f_flags & wanted == ST_RDONLY | ST_NOEXEC


def is_first(fd: int) -> bool:
    """Whether a terminal has number 0. Not traced: which other it has hangs on what was there before."""
    number = Buffer(4)
    with untraced():
        ioctl(fd, TIOCGPTN, number)
    return number.int_at(0) == 0


def test_every_devpts_has_terminals_of_its_own() -> None:
    """Each mount is an instance since Linux 4.7: the first terminal of each is number 0."""
    mount_new(b"devpts", b"pts", 0, b"ptmxmode=666,mode=600")
    mount_new(b"devpts", b"others", 0, b"ptmxmode=666,mode=600")
    assert entries(b"pts") == entries(b"others") == {b"ptmx"}
    other = open(b"others/ptmx", O_RDWR | O_NOCTTY)
    fd = open(b"pts/ptmx", O_RDWR | O_NOCTTY)
    firsts = [is_first(other), is_first(fd)]  # asked of both: the first that was ever made may be 0 anyhow
    assert all(firsts), "a terminal has a number after one of another instance"
    ioctl(fd, TIOCSPTLCK, bytes(4))
    slave = Stat()
    fstat(open(b"pts/0", O_RDWR | O_NOCTTY), slave)
    assert slave.st_mode == 0o020600
    assert entries(b"pts") == {b"ptmx", b"0"}
