"""mount(2), umount2(2), pivot_root(2)."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.machinery.aliases import AlwaysZero, InBytes, Path, Zero
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import Choices, Use, often, rarely, seldom
from conformance.syscalls.machinery.kinds import Flags, Resource, named
from conformance.syscalls.machinery.touches import MOUNTS
from conformance.syscalls.machinery.world import UNMAPPED

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_SYNCHRONOUS, MS_REMOUNT = 1, 2, 4, 8, 16, 32
MS_MANDLOCK, MS_DIRSYNC, MS_NOSYMFOLLOW, MS_NOATIME, MS_NODIRATIME = 64, 128, 256, 1024, 2048
MS_BIND, MS_MOVE, MS_REC, MS_SILENT, MS_UNBINDABLE, MS_PRIVATE = 4096, 8192, 16384, 32768, 1 << 17, 1 << 18
MS_SLAVE, MS_SHARED, MS_RELATIME, MS_STRICTATIME, MS_LAZYTIME = 1 << 19, 1 << 20, 1 << 21, 1 << 24, 1 << 25
MS_POSIXACL, MS_KERNMOUNT, MS_I_VERSION, MS_SUBMOUNT = 0x10000, 0x400000, 0x800000, 0x4000000
MS_NOREMOTELOCK, MS_NOSEC, MS_BORN, MS_MGC_VAL, MS_NOUSER = 0x8000000, 0x10000000, 0x20000000, 0xC0ED0000, -2147483648

MNT_FORCE, MNT_DETACH, MNT_EXPIRE, UMOUNT_NOFOLLOW = 1, 2, 4, 8

AUTOFS_IOC_READY, AUTOFS_IOC_FAIL = 0x9360, 0x9361

MountFlags = Annotated[
    int,
    Flags(named(globals(), "MS_")),
    Choices(0, seldom(MS_RDONLY, MS_NOSUID | MS_NODEV, MS_NOEXEC | MS_NOATIME), ...),
]
UmountFlags = Annotated[
    int,
    Flags(named(globals(), "MNT_", "UMOUNT_")),
    Choices(
        often(Use("mounted")),
        *(0, MNT_DETACH),
        seldom(MNT_EXPIRE, UMOUNT_NOFOLLOW, MNT_FORCE, MNT_DETACH | UMOUNT_NOFOLLOW, MNT_FORCE | MNT_EXPIRE, 16, -1),
    ),
]
"""How a mount is taken away, after one has been made."""

IsMounted = Annotated[int, Resource("mounted")]
AfterMount = Annotated[int, Choices(often(Use("mounted")), 0)]

FsName = Annotated[
    Path,
    Choices(
        often(b"tmpfs"),
        b"ramfs",
        seldom(b"mqueue", b"devpts", b"overlay", b"absent", b"", UNMAPPED, 0),
    ),
]
"""File systems that a program may mount: none that leads to what belongs to the whole machine."""
MountData = Annotated[
    InBytes,
    Choices(
        often(0),
        b"size=1m",
        seldom(b"mode=700", b"nr_inodes=10,uid=1", b"size=x", b"absent", b"", b"lowerdir=d0", b"x" * 5000, UNMAPPED),
    ),
]
NoData = Annotated[InBytes, Choices(often(0), b"ro", UNMAPPED)]

MountSource = Annotated[Path, Choices(b"none", rarely(b"f0", b"", 0, UNMAPPED))]
BindSource = Annotated[Path, Choices(b"d0", b".", rarely(b"f0", b"d0/f1", b"absent", b"l0", b"", UNMAPPED))]
MovedSource = Annotated[Path, Choices(often(b"d0"), b".", b"f0", b"/", b"absent", UNMAPPED)]
Target = Annotated[
    Path,
    Choices(often(b"d0"), seldom(b"d1", b"f0", b"d0/f1", b".", b"/", b"l0", b"absent", b"", UNMAPPED, 0)),
]
MovedTarget = Annotated[Path, Choices(b"d1", b".", seldom(b"d0", b"f0", b"absent", UNMAPPED))]
MountPoint = Annotated[Path, Choices(often(b"d0"), b"/", seldom(b".", b"f0", b"absent", b"", UNMAPPED, 0))]
"""What is a mount from the start, or was made one by an earlier call."""
Umounted = Annotated[
    Path,
    Choices(often(b"d0"), seldom(b"f0", b"d1", b".", b"/", b"absent", b"", b"l0", UNMAPPED, 0)),
]


@syscall(x86_64=165, aarch64=40, touches=MOUNTS)
def mount(source: MountSource, target: Target, fstype: FsName, flags: MountFlags, data: MountData) -> IsMounted: ...
@operation(mount, flags=Choices(MS_BIND, rarely(MS_BIND | MS_REC, MS_BIND | MS_RDONLY, MS_BIND | MS_SILENT)))
def mount_bind(
    source: BindSource, target: Target, fstype: AlwaysZero, flags: MountFlags, data: NoData
) -> IsMounted: ...
@operation(
    mount,
    flags=(
        *(MS_PRIVATE, MS_PRIVATE | MS_REC, MS_SHARED, MS_SHARED | MS_REC),
        *(MS_SLAVE, MS_SLAVE | MS_REC, MS_UNBINDABLE, MS_UNBINDABLE | MS_REC),
        *(MS_SHARED | MS_PRIVATE, MS_SHARED | MS_RDONLY),
    ),
)
def mount_propagation(
    source: AfterMount, target: MountPoint, fstype: AlwaysZero, flags: MountFlags, data: NoData
) -> Zero: ...
@operation(
    mount,
    flags=(
        *(MS_REMOUNT | MS_BIND | MS_RDONLY, MS_REMOUNT | MS_BIND | MS_NOSUID, MS_REMOUNT | MS_BIND),
        *(MS_REMOUNT | MS_BIND | MS_NOEXEC | MS_NOATIME, MS_REMOUNT, MS_REMOUNT | MS_RDONLY, MS_REMOUNT | MS_NODEV),
    ),
)
def mount_remount(
    source: AfterMount, target: MountPoint, fstype: AlwaysZero, flags: MountFlags, data: MountData
) -> Zero: ...
@operation(mount, flags=Choices(MS_MOVE, seldom(MS_MOVE | MS_REC)))
def mount_move(
    source: MovedSource, target: MovedTarget, fstype: AfterMount, flags: MountFlags, data: NoData
) -> Zero: ...
@syscall(x86_64=166, aarch64=39, touches=MOUNTS)
def umount2(target: Umounted, flags: UmountFlags) -> Zero: ...
@syscall(x86_64=155, aarch64=41, never="takes the root away from the executor's other programs")
def pivot_root(new: Target, old: Target) -> Zero: ...
