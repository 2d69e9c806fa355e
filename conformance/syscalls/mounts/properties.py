"""mount_setattr(2), open_tree_attr(2): what holds for mounts, such as that they can only be read."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.files.paths import AT_EMPTY_PATH, AT_RECURSIVE, AT_SYMLINK_NOFOLLOW, DirPath, EmptyPath
from conformance.syscalls.machinery.aliases import Dir, In, Size, Zero
from conformance.syscalls.machinery.buffers import U64, Struct
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import Choices, Use, often, seldom
from conformance.syscalls.machinery.kinds import Flags
from conformance.syscalls.machinery.touches import MOUNTS
from conformance.syscalls.mounts.attaching import TREE_AT, OpenTreeFlags
from conformance.syscalls.mounts.contexts import (
    ATTRIBUTES,
    MOUNT_ATTR_IDMAP,
    MOUNT_ATTR_NOATIME,
    MOUNT_ATTR_NOEXEC,
    MOUNT_ATTR_NOSUID,
    MOUNT_ATTR_NOSYMFOLLOW,
    MOUNT_ATTR_RDONLY,
    MountTree,
)
from conformance.syscalls.mounts.mount import MS_PRIVATE, MS_SHARED, MS_SLAVE, MS_UNBINDABLE, MountPoint

MOUNT_ATTR__ATIME = 0x70

AttributeFlags = Annotated[int, Flags(TREE_AT)]
AfterMountFlags = Annotated[
    int,
    Choices(often(Use("mounted")), 0, AT_RECURSIVE, seldom(AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, 1, -1)),
]


class MountAttr(Struct):
    """`struct mount_attr`."""

    attr_set: Annotated[
        U64,
        Flags(ATTRIBUTES),
        Choices(
            *(MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NOATIME, MOUNT_ATTR_NOSYMFOLLOW),
            *(0, MOUNT_ATTR_IDMAP, 1 << 40),
        ),
    ]
    attr_clr: Annotated[
        U64, Flags(ATTRIBUTES), Choices(0, MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOEXEC, MOUNT_ATTR__ATIME, 1 << 40)
    ]
    propagation: Annotated[
        U64,
        Flags({"MS_UNBINDABLE": MS_UNBINDABLE, "MS_PRIVATE": MS_PRIVATE, "MS_SLAVE": MS_SLAVE, "MS_SHARED": MS_SHARED}),
        Choices(0, MS_PRIVATE, MS_SHARED, MS_SLAVE, MS_UNBINDABLE, MS_PRIVATE | MS_SHARED, 1),
    ]
    userns_fd: Annotated[U64, Choices(0, Use("fd:file"))]


@syscall(number=442, since="5.12", touches=MOUNTS)
def mount_setattr(dirfd: Dir, path: MountPoint, flags: AfterMountFlags, attr: In[MountAttr], size: Size) -> Zero: ...
@operation(mount_setattr, flags=Choices(AT_EMPTY_PATH, seldom(AT_EMPTY_PATH | AT_RECURSIVE)))
def mount_setattr_fd(
    dirfd: MountTree, path: EmptyPath, flags: AttributeFlags, attr: In[MountAttr], size: Size
) -> Zero: ...
@syscall(number=467, since="6.15", touches=MOUNTS)
def open_tree_attr(dirfd: Dir, path: DirPath, flags: OpenTreeFlags, attr: In[MountAttr], size: Size) -> MountTree: ...
