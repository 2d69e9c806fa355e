"""open_tree(2), move_mount(2): mounts that have an fd, and attaching them."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.files.paths import AT_EMPTY_PATH, AT_RECURSIVE, AT_SYMLINK_NOFOLLOW, DirPath
from conformance.syscalls.machinery.aliases import Dir, Path, Zero
from conformance.syscalls.machinery.call import syscall
from conformance.syscalls.machinery.choices import Choices, Use, often, seldom
from conformance.syscalls.machinery.kinds import Flags, named
from conformance.syscalls.machinery.touches import MOUNTS
from conformance.syscalls.mounts.contexts import (
    MountTree,
)
from conformance.syscalls.mounts.mount import Target

OPEN_TREE_CLONE, OPEN_TREE_NAMESPACE, OPEN_TREE_CLOEXEC = 1, 2, 0o2000000

MOVE_MOUNT_F_EMPTY_PATH, MOVE_MOUNT_T_EMPTY_PATH, MOVE_MOUNT_SET_GROUP, MOVE_MOUNT_BENEATH = 4, 0x40, 0x100, 0x200
MOVE_MOUNT_F_SYMLINKS, MOVE_MOUNT_F_AUTOMOUNTS, MOVE_MOUNT_T_SYMLINKS, MOVE_MOUNT_T_AUTOMOUNTS = 1, 2, 0x10, 0x20

TREE_AT = {
    "AT_RECURSIVE": AT_RECURSIVE,
    "AT_SYMLINK_NOFOLLOW": AT_SYMLINK_NOFOLLOW,
    "AT_EMPTY_PATH": AT_EMPTY_PATH,
}
OpenTreeFlags = Annotated[
    int,
    Flags({**named(globals(), "OPEN_TREE_"), **TREE_AT}),
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


@syscall(number=428, since="5.2", touches=MOUNTS)
def open_tree(dirfd: Dir, path: DirPath, flags: OpenTreeFlags) -> MountTree: ...
@syscall(number=429, since="5.2", touches=MOUNTS)
def move_mount(fromdir: FromTree, source: FromPath, todir: Dir, target: Target, flags: MoveMountFlags) -> Zero: ...
