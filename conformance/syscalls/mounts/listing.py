"""statmount(2) and listmount(2): what a mount namespace shows."""

from __future__ import annotations

from struct import pack
from typing import Annotated

from conformance.syscalls.machinery.aliases import Count, In, OutBuffer, Size, Zero
from conformance.syscalls.machinery.buffers import U32, U64, Struct
from conformance.syscalls.machinery.call import syscall
from conformance.syscalls.machinery.choices import BAD_POINTERS, Blob, Choices, Use, often, rarely, room, seldom
from conformance.syscalls.machinery.kinds import Flags, Length, Masked, Renamed, named
from conformance.syscalls.machinery.touches import MOUNTS
from conformance.syscalls.machinery.world import UNMAPPED

LSMT_ROOT, LISTMOUNT_REVERSE = -1, 1

STATMOUNT_SB_BASIC, STATMOUNT_MNT_BASIC, STATMOUNT_FS_TYPE = 1, 2, 0x20
STATMOUNT_BY_FD, STATMOUNT_PROPAGATE_FROM, STATMOUNT_MNT_ROOT, STATMOUNT_MNT_POINT = 1, 4, 8, 0x10
STATMOUNT_MNT_NS_ID, STATMOUNT_MNT_OPTS, STATMOUNT_FS_SUBTYPE, STATMOUNT_SB_SOURCE = 0x40, 0x80, 0x100, 0x200
STATMOUNT_OPT_ARRAY, STATMOUNT_OPT_SEC_ARRAY, STATMOUNT_MNT_UIDMAP, STATMOUNT_MNT_GIDMAP = 0x400, 0x800, 0x2000, 0x4000

MountId64 = Annotated[U64, Renamed("mount", keep=(0,))]


class MntIdReq(Struct):
    """`struct mnt_id_req`, first version (Linux 6.8)."""

    size_: Annotated[U32, Choices(24, 32, 0, 8, 4096)]
    spare: U32
    mnt_id: MountId64
    param: Annotated[
        U64,
        Flags(named(globals(), "STATMOUNT_")),
        Choices(STATMOUNT_MNT_BASIC, STATMOUNT_SB_BASIC | STATMOUNT_MNT_BASIC, STATMOUNT_FS_TYPE, 0x18, 0, 1 << 60),
    ]


class Statmount(Struct):
    """The head of `struct statmount`; strings follow at byte 512."""

    size_: U32
    mnt_opts: U32
    mask: U64
    sb_dev_major: U32
    sb_dev_minor: U32
    sb_magic: U64
    sb_flags: U32
    fs_type: U32
    mnt_id: MountId64
    mnt_parent_id: MountId64


def _below(mount: int, after: int = 0) -> Blob:
    """A request for what is mounted on a mount, after one that is known."""
    return Blob(pack("=IIqQ", 24, 0, mount, after))


ListRequest = Annotated[
    In[MntIdReq],
    Choices(
        often(_below(LSMT_ROOT)),
        Blob(_below(0).data, ((8, 8, Use("mount")),)),
        seldom(
            _below(LSMT_ROOT, after=1),
            Blob(bytes(24)),
            Blob(pack("=II", 24, 0) + b"\1" * 16),
            UNMAPPED,
        ),
    ),
]
"""For what is mounted on a mount, or on all of the root."""
MountIds = Annotated[
    OutBuffer,
    Masked(),
    Choices(often(room(64)), room(8), room(0), rarely(*BAD_POINTERS)),
]
IdCount = Annotated[int, Length(8)]
OutStatmount = Annotated[
    OutBuffer,
    Masked(),
    Choices(often(room(1024)), room(512), room(64), rarely(*BAD_POINTERS)),
]

StatmountFlags = Annotated[int, Flags({"STATMOUNT_BY_FD": STATMOUNT_BY_FD}), Choices(often(0))]
ListmountFlags = Annotated[int, Flags({"LISTMOUNT_REVERSE": LISTMOUNT_REVERSE}), Choices(often(0))]


@syscall(number=457, since="6.8", touches=MOUNTS)
def statmount(request: In[MntIdReq], buf: OutStatmount, size: Size, flags: StatmountFlags) -> Zero: ...
@syscall(number=458, since="6.8", touches=MOUNTS)
def listmount(request: ListRequest, ids: MountIds, count: IdCount, flags: ListmountFlags) -> Count: ...
