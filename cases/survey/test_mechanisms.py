"""Mechanisms: file systems with their mount options, auxiliary vector, capabilities, controllers, security modules."""

from __future__ import annotations

import struct
from errno import EBUSY, ENODEV
from typing import TYPE_CHECKING

import pytest

from cases.survey._lists import outcome
from conformance.syscalls import missing, untraced
from conformance.syscalls.files.directories import mkdir
from conformance.syscalls.help.paths import contents, exists
from conformance.syscalls.mounts.mount import MNT_DETACH, mount, umount2
from conformance.syscalls.namespaces import CLONE_NEWCGROUP, unshare
from conformance.syscalls.processes.prctl import PR_CAPBSET_READ, PR_GET_SPECULATION_CTRL, prctl

if TYPE_CHECKING:
    from conformance.guest.plugin import Observe

pytestmark = pytest.mark.needs("root")

FILE_SYSTEMS = (
    "9p autofs binfmt_misc bpf configfs debugfs devpts devtmpfs ext4 fuse fusectl hugetlbfs mqueue overlay proc pstore "
    "ramfs securityfs squashfs sysfs tmpfs tracefs vfat virtiofs"
).split()
"""Those that a system is made of. One that is a module is loaded, which takes a guest half a second."""
OPTIONS = {
    "tmpfs": (
        *("size=1m", "nr_blocks=9", "nr_inodes=9", "mode=700", "uid=1", "gid=1", "mpol=local", "huge=never", "inode32"),
        *("inode64", "noswap", "quota", "usrquota", "grpquota", "casefold", "strict_encoding", "noacl"),
    ),
    "ramfs": ("mode=700", "size=1m"),
    "proc": ("hidepid=2", "hidepid=invisible", "hidepid=ptraceable", "gid=1", "subset=pid", "pidns=/proc/self/ns/pid"),
    "devpts": ("newinstance", "mode=600", "ptmxmode=666", "uid=1", "gid=1", "max=9"),
    "mqueue": ("mode=700",),
    "hugetlbfs": ("mode=700", "uid=1", "gid=1", "pagesize=2M", "nr_inodes=9", "min_size=0"),
    "bpf": ("mode=700", "uid=1", "gid=1", "delegate_cmds=any", "delegate_maps=any", "delegate_progs=any"),
    "overlay": (
        *("redirect_dir=on", "redirect_dir=nofollow", "index=on", "metacopy=on", "nfs_export=on,index=on", "xino=on"),
        *("volatile", "userxattr", "uuid=on", "uuid=null", "verity=off", "default_permissions", "fsync=volatile"),
    ),
    "cgroup2": (
        *("nsdelegate", "favordynmods", "memory_localevents", "memory_recursiveprot", "memory_hugetlb_accounting"),
        "pids_localevents",
    ),
    "tracefs": ("mode=700", "uid=1", "gid=1"),
    "debugfs": ("mode=700", "uid=1", "gid=1"),
}
"""What each of them takes, and whatever an option is that none has."""
UNKNOWN = "nosuchoption"
AUXV = {
    **dict(enumerate("null ignore execfd phdr phent phnum pagesz base flags entry notelf uid euid gid egid".split())),
    **dict(enumerate("platform hwcap clktck fpucw".split(), 15)),
    **dict(enumerate("secure base_platform random hwcap2 rseq_feature_size rseq_align hwcap3 hwcap4".split(), 23)),
    31: "execfn",
    32: "sysinfo",
    33: "sysinfo_ehdr",
    51: "minsigstksz",
}
"""<linux/auxvec.h>, without AT_."""
SPECULATION = {0: "store bypass", 1: "indirect branch", 2: "L1D flush out"}
"""<linux/prctl.h>."""


def test_file_systems(observe: Observe) -> None:
    """Which types are known to mount(2), and what comes of one without a source."""
    with untraced():
        mkdir(b"there", 0o755)
        for name in FILE_SYSTEMS:
            observe(name, outcome(mounting(name, b"")))


def mounting(name: str, data: bytes) -> int:
    """The errno of a mount at `there`, which is taken away again."""
    error = mount.result_of(b"none", b"there", name.encode(), 0, data)[1]
    if not error:
        umount2(b"there", MNT_DETACH)
    return error


def test_mount_options(observe: Observe) -> None:
    """None, each by itself, and one that no file system has."""
    with untraced():
        mkdir(b"there", 0o755)
        unshare.result_of(CLONE_NEWCGROUP)  # in the first namespace the options of a hierarchy are the whole machine's
        for name, options in OPTIONS.items():
            error = mounting(name, with_layers(name, "").encode())
            observe(name, outcome(error))
            for option in (*options, UNKNOWN) if error != ENODEV else ():
                observe(f"{name} {option}", outcome(mounting(name, with_layers(name, option).encode())))


def with_layers(name: str, option: str) -> str:
    """An option with those that the file system must have."""
    return ",".join(filter(None, (layers(option), option))) if name == "overlay" else option


def layers(name: str) -> str:
    """Directories for an overlay, its own: one that was mounted as volatile leaves a mark."""
    names = {each: f"{each} {name}".replace(",", "+").replace("=", "-") for each in ("lower", "upper", "work")}
    for each in names.values():
        mkdir(each.encode(), 0o755)
    return ",".join(f"{each}dir={name}" for each, name in names.items())


def test_auxiliary_vector(observe: Observe) -> None:
    """Which keys it has, getauxval(3)."""
    data = contents(b"/proc/self/auxv")
    for key, _ in struct.iter_unpack("=QQ", data[: len(data) // 16 * 16]):
        observe(AUXV.get(key, str(key)), "key")


def test_capabilities(observe: Observe) -> None:
    """Which numbers are capabilities. Which of them may be had is a matter of how the machine was set up."""
    with untraced():
        for number in range(64):
            observe(f"{number:02}", outcome(prctl.result_of(PR_CAPBSET_READ, number)[1]))


def test_mitigations(observe: Observe) -> None:
    """Which misfeatures of processors prctl(2) knows. What is done about each is a matter of the processor."""
    with untraced():
        for number, name in SPECULATION.items():
            observe(name, outcome(prctl.result_of(PR_GET_SPECULATION_CTRL, number, 0, 0, 0)[1]))


def test_controllers_of_control_groups(observe: Observe) -> None:
    """Those of /proc/cgroups, and of version 2 where they are not in use by version 1."""
    if not exists(b"/proc/cgroups"):
        missing("/proc/cgroups")
    for line in contents(b"/proc/cgroups").decode().splitlines()[1:]:
        observe(line.split()[0], "controller")


def test_security_modules(observe: Observe) -> None:
    """Those that are active."""
    with untraced():
        mkdir(b"there", 0o755)
        error = mount.result_of(b"none", b"there", b"securityfs", 0, None)[1]
    if error not in (0, EBUSY):
        missing("securityfs")
    for name in contents(b"there/lsm").decode().strip().split(","):
        observe(name, "active")
