"""open_tree(2), move_mount(2), mount_setattr(2): trees of mounts that have an fd."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.files import (
    AT_EMPTY_PATH,
    AT_RECURSIVE,
    AT_SYMLINK_NOFOLLOW,
    DirPath,
    EmptyPath,
)
from conformance.syscalls.machinery.buffers import U64, Struct
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import Choices, Use, often, seldom
from conformance.syscalls.machinery.kinds import Dir, Flags, In, Path, Size, Zero, named
from conformance.syscalls.machinery.touches import MOUNTS
from conformance.syscalls.mounts.contexts import (
    MOUNT_ATTR_IDMAP,
    MOUNT_ATTR_NOATIME,
    MOUNT_ATTR_NOEXEC,
    MOUNT_ATTR_NOSUID,
    MOUNT_ATTR_NOSYMFOLLOW,
    MOUNT_ATTR_RDONLY,
    MountTree,
)
from conformance.syscalls.mounts.mount import MS_PRIVATE, MS_SHARED, MS_SLAVE, MS_UNBINDABLE, MountPoint, Target

OPEN_TREE_CLONE, OPEN_TREE_CLOEXEC = 1, 0o2000000

MOVE_MOUNT_F_EMPTY_PATH, MOVE_MOUNT_T_EMPTY_PATH, MOVE_MOUNT_SET_GROUP, MOVE_MOUNT_BENEATH = 4, 0x40, 0x100, 0x200

MOUNT_ATTR__ATIME = 0x70

_AT = {
    "AT_RECURSIVE": AT_RECURSIVE,
    "AT_SYMLINK_NOFOLLOW": AT_SYMLINK_NOFOLLOW,
    "AT_EMPTY_PATH": AT_EMPTY_PATH,
}
OpenTreeFlags = Annotated[
    int,
    Flags({**named(globals(), "OPEN_TREE_"), **_AT}),
    Choices(
        OPEN_TREE_CLONE,
        seldom(OPEN_TREE_CLONE | AT_RECURSIVE, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC, 0),
        ...,
    ),
]

FromTree = Annotated[MountTree, Choices(often(Use("fd:path:mount")), -100, ...)]
FromPath = Annotated[Path, Choices(often(b""), b"d0", seldom(b"/", b".", 0))]
MoveMountFlags = Annotated[
    int,
    Flags(named(globals(), "MOVE_MOUNT_")),
    Choices(
        often(MOVE_MOUNT_F_EMPTY_PATH),
        0,
        seldom(
            MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_BENEATH,
            MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH,
            MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_SET_GROUP,
            *(1 << 20, -1),
        ),
    ),
]

AttributeFlags = Annotated[int, Flags(_AT)]
AfterMountFlags = Annotated[
    int,
    Choices(often(Use("mounted")), 0, AT_RECURSIVE, seldom(AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, 1, -1)),
]


class MountAttr(Struct):
    """`struct mount_attr`."""

    attr_set: Annotated[
        U64,
        Choices(
            *(MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NOATIME, MOUNT_ATTR_NOSYMFOLLOW),
            *(0, MOUNT_ATTR_IDMAP, 1 << 40),
        ),
    ]
    attr_clr: Annotated[U64, Choices(0, MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOEXEC, MOUNT_ATTR__ATIME, 1 << 40)]
    propagation: Annotated[
        U64,
        Choices(0, MS_PRIVATE, MS_SHARED, MS_SLAVE, MS_UNBINDABLE, MS_PRIVATE | MS_SHARED, 1),
    ]
    userns_fd: Annotated[U64, Choices(0, Use("fd:file"))]


@syscall(number=428, since="5.2", touches=MOUNTS)
def open_tree(dirfd: Dir, path: DirPath, flags: OpenTreeFlags) -> MountTree: ...
@syscall(number=467, since="6.15", touches=MOUNTS)
def open_tree_attr(dirfd: Dir, path: DirPath, flags: OpenTreeFlags, attr: In[MountAttr], size: Size) -> MountTree: ...
@syscall(number=429, since="5.2", touches=MOUNTS)
def move_mount(fromdir: FromTree, source: FromPath, todir: Dir, target: Target, flags: MoveMountFlags) -> Zero: ...
@syscall(number=442, since="5.12", touches=MOUNTS)
def mount_setattr(dirfd: Dir, path: MountPoint, flags: AfterMountFlags, attr: In[MountAttr], size: Size) -> Zero: ...
@operation(mount_setattr, flags=Choices(AT_EMPTY_PATH, seldom(AT_EMPTY_PATH | AT_RECURSIVE)))
def mount_setattr_fd(
    dirfd: MountTree, path: EmptyPath, flags: AttributeFlags, attr: In[MountAttr], size: Size
) -> Zero: ...
