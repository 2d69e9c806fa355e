"""setxattr(2), xattr(7): extended attributes, which have names and values of their own."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.files.opening import File
from conformance.syscalls.files.paths import AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW, NoFollowFlags
from conformance.syscalls.machinery.aliases import Address64, Count, Dir, In, InBytes, OutBytes, Path, Size, Zero
from conformance.syscalls.machinery.buffers import U32, Struct
from conformance.syscalls.machinery.call import syscall
from conformance.syscalls.machinery.choices import (
    BAD_POINTERS,
    Blob,
    Choices,
    LengthOf,
    Use,
    often,
    rarely,
    room,
    seldom,
)
from conformance.syscalls.machinery.kinds import Flags, Kind, Length, Names, Resource, Seen, named
from conformance.syscalls.machinery.touches import FILES, LABELS
from conformance.syscalls.machinery.world import UNMAPPED

XATTR_CREATE, XATTR_REPLACE = 1, 2

XattrFlags = Annotated[
    int, Flags(named(globals(), "XATTR_")), Choices(often(0), XATTR_CREATE, XATTR_REPLACE, seldom(3, 4, -1))
]
XattrName = Annotated[
    Path,
    Choices(
        often(b"trusted.a", b"user.a"),
        seldom(b"trusted.b", b"security.a", b"system.posix_acl_access", b"unknown.a"),
        seldom(b"user.", b"", b"a", b"user." + b"n" * 250, b"user." + b"n" * 251),
        rarely(*BAD_POINTERS),
    ),
]
IsSet = Annotated[Zero, Resource("xattr")]
"""That there is an attribute, which others need. It is 0, which they take for no flags."""
AfterSet = Annotated[int, Choices(Use("xattr"), seldom(0), rarely(AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, 1, -1))]
ValueSize = Annotated[int, Choices(often(LengthOf(), Use("xattr")), seldom(LengthOf(1, -1), 0, 1, 1 << 40, -1))]
"""Where nothing is said of flags, the size of 0 asks how large the value is."""


class XattrNames(Kind):
    """What `listxattr` says: names, each ending with a zero byte, in no order."""

    def normal(self, seen: Seen, names: Names) -> Seen:
        return [*sorted(seen.split("\0")[:-1])] if isinstance(seen, str) and seen.endswith("\0") else seen


XattrList = Annotated[OutBytes, XattrNames()]


class XattrArgs(Struct):
    """`struct xattr_args` (Linux 6.13)."""

    value: Annotated[Address64, Choices(Blob(b"hello"), Blob(b"0123456789" * 10), Blob(b""), 0, UNMAPPED)]
    size_: Annotated[U32, Length()]
    flags: Annotated[U32, Choices(0, XATTR_CREATE, XATTR_REPLACE, 4)]


class XattrRoom(Struct):
    """`struct xattr_args`, where a value is to be stored."""

    value: Annotated[Address64, Choices(room(16), room(64), room(0), 0, UNMAPPED)]
    size_: Annotated[U32, Length()]
    flags: Annotated[U32, Choices(0, XATTR_CREATE)]


@syscall(x86_64=188, aarch64=5, touches=FILES | LABELS)
def setxattr(path: Path, name: XattrName, value: InBytes, size: Size, flags: XattrFlags) -> IsSet: ...
@syscall(x86_64=189, aarch64=6, touches=FILES | LABELS)
def lsetxattr(path: Path, name: XattrName, value: InBytes, size: Size, flags: XattrFlags) -> IsSet: ...
@syscall(x86_64=190, aarch64=7, touches=FILES | LABELS)
def fsetxattr(fd: File, name: XattrName, value: InBytes, size: Size, flags: XattrFlags) -> IsSet: ...
@syscall(number=463, since="6.13", touches=FILES | LABELS)
def setxattrat(
    dirfd: Dir, path: Path, at_flags: NoFollowFlags, name: XattrName, args: In[XattrArgs], size: Size
) -> IsSet: ...
@syscall(x86_64=191, aarch64=8, touches=FILES)
def getxattr(path: Path, name: XattrName, value: OutBytes, size: ValueSize) -> Count: ...
@syscall(x86_64=192, aarch64=9, touches=FILES)
def lgetxattr(path: Path, name: XattrName, value: OutBytes, size: ValueSize) -> Count: ...
@syscall(x86_64=193, aarch64=10, touches=FILES)
def fgetxattr(fd: File, name: XattrName, value: OutBytes, size: ValueSize) -> Count: ...
@syscall(number=464, since="6.13", touches=FILES)
def getxattrat(
    dirfd: Dir, path: Path, at_flags: AfterSet, name: XattrName, args: In[XattrRoom], size: Size
) -> Count: ...
@syscall(x86_64=194, aarch64=11, touches=FILES)
def listxattr(path: Path, names: XattrList, size: Size) -> Count: ...
@syscall(x86_64=195, aarch64=12, touches=FILES)
def llistxattr(path: Path, names: XattrList, size: Size) -> Count: ...
@syscall(x86_64=196, aarch64=13, touches=FILES)
def flistxattr(fd: File, names: XattrList, size: Size) -> Count: ...
@syscall(number=465, since="6.13", touches=FILES)
def listxattrat(dirfd: Dir, path: Path, at_flags: NoFollowFlags, names: XattrList, size: Size) -> Count: ...
@syscall(x86_64=197, aarch64=14, touches=FILES | LABELS)
def removexattr(path: Path, name: XattrName) -> Zero: ...
@syscall(x86_64=198, aarch64=15, touches=FILES | LABELS)
def lremovexattr(path: Path, name: XattrName) -> Zero: ...
@syscall(x86_64=199, aarch64=16, touches=FILES | LABELS)
def fremovexattr(fd: File, name: XattrName) -> Zero: ...
@syscall(number=466, since="6.13", touches=FILES | LABELS)
def removexattrat(dirfd: Dir, path: Path, at_flags: AfterSet, name: XattrName) -> Zero: ...
