"""path_resolution(7): names of files, and how calls are told where to look them up."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.machinery.aliases import Path
from conformance.syscalls.machinery.choices import BAD_POINTERS, Blob, Choices, often, rarely
from conformance.syscalls.machinery.kinds import Flags, named
from conformance.syscalls.machinery.world import UNMAPPED

AT_FDCWD = -100

AT_SYMLINK_NOFOLLOW, AT_EACCESS, AT_REMOVEDIR, AT_HANDLE_FID = 0x100, 0x200, 0x200, 0x200
AT_HANDLE_MNT_ID_UNIQUE, AT_HANDLE_CONNECTABLE = 1, 2
AT_SYMLINK_FOLLOW, AT_NO_AUTOMOUNT, AT_EMPTY_PATH = 0x400, 0x800, 0x1000
AT_STATX_FORCE_SYNC, AT_STATX_DONT_SYNC, AT_RECURSIVE = 0x2000, 0x4000, 0x8000

NoFollowFlags = Annotated[int, Flags(named(globals(), "AT_SYMLINK_NOFOLLOW", "AT_EMPTY_PATH"))]

ODD_NAMES = rarely(
    *(b"", b"/", b"f0/", b"f0/x", b"absent/x", b"d0/../f0", b"n" * 255, b"n" * 256),
    Blob(b"f1", edge=True),
    *BAD_POINTERS,
)
"""Those that name nothing, or name it in another way, that are too long, or do not end."""

NewPath = Annotated[
    Path,
    Choices(often(b"f1"), b"f2", b"d0/f2", rarely(b"d1", b"d1/f1", b"l1", b"f0", b"d0", b"l0"), ODD_NAMES),
]
"""Of a file that is yet to be made. A program starts with the files `f0` and `d0/f1`, and a link `l0`."""
DirPath = Annotated[Path, Choices(often(b"d0", b"."), b"d1", rarely(b"d0/", b"..", b"d0/..", b"f0", b"l0"), ODD_NAMES)]
EmptyPath = Annotated[Path, Choices(b"", rarely(b"f0", b".", 0, UNMAPPED))]
"""What stands for the fd before it (AT_EMPTY_PATH)."""
