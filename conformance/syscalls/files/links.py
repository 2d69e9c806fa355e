"""link(2), symlink(2), readlink(2), rename(2), unlink(2): names that files get, and lose."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.files import paths
from conformance.syscalls.files.directories import RemovedDirPath
from conformance.syscalls.files.opening import FileOnly
from conformance.syscalls.files.paths import (
    AT_EMPTY_PATH,
    AT_REMOVEDIR,
    AT_SYMLINK_FOLLOW,
    ODD_NAMES,
    EmptyPath,
    NewPath,
)
from conformance.syscalls.machinery.aliases import Count, Dir, OutBytes, Path, Size, Zero
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import Choices, often, rarely
from conformance.syscalls.machinery.kinds import Flags, named
from conformance.syscalls.machinery.touches import FILES, NAMES

RENAME_NOREPLACE, RENAME_EXCHANGE, RENAME_WHITEOUT = 1, 2, 4

LinkPath = Annotated[Path, Choices(often(b"l0"), rarely(b"l1", b"f1", b"f0", b"d0"), ODD_NAMES)]
TargetPath = Annotated[
    Path, Choices(b"f0", b"d0", b"absent", rarely(b"l1", b"f1", b"../w/f0", b"/", b"d0/f1"), ODD_NAMES)
]
LinkFlags = Annotated[
    int, Flags(named(vars(paths), "AT_SYMLINK_FOLLOW", "AT_EMPTY_PATH")), Choices(often(0), AT_SYMLINK_FOLLOW, ...)
]
RenameFlags = Annotated[int, Flags(named(globals(), "RENAME_"))]
RemoveFlags = Annotated[int, Flags({"AT_REMOVEDIR": AT_REMOVEDIR}), Choices(0, AT_REMOVEDIR, ...)]


@syscall(x86_64=86, touches=FILES)
def link(old: Path, new: NewPath) -> Zero: ...
@syscall(x86_64=265, aarch64=37, since="2.6.16", touches=FILES)
def linkat(olddir: Dir, old: Path, newdir: Dir, new: NewPath, flags: LinkFlags) -> Zero: ...
@operation(linkat, flags=AT_EMPTY_PATH)
def linkat_fd(olddir: FileOnly, old: EmptyPath, newdir: Dir, new: NewPath, flags: LinkFlags) -> Zero: ...
@syscall(x86_64=88, touches=FILES)
def symlink(target: TargetPath, link: NewPath) -> Zero: ...
@syscall(x86_64=266, aarch64=36, since="2.6.16", touches=FILES)
def symlinkat(target: TargetPath, dirfd: Dir, link: NewPath) -> Zero: ...
@syscall(x86_64=89, touches=FILES | NAMES)
def readlink(path: LinkPath, buf: OutBytes, size: Size) -> Count: ...
@syscall(x86_64=267, aarch64=78, since="2.6.16", touches=FILES | NAMES)
def readlinkat(dirfd: Dir, path: LinkPath, buf: OutBytes, size: Size) -> Count: ...
@syscall(x86_64=82, touches=FILES)
def rename(old: Path, new: NewPath) -> Zero: ...
@syscall(x86_64=264, aarch64=38, since="2.6.16", touches=FILES)
def renameat(olddir: Dir, old: Path, newdir: Dir, new: NewPath) -> Zero: ...
@syscall(x86_64=316, aarch64=276, since="3.15", touches=FILES)
def renameat2(olddir: Dir, old: Path, newdir: Dir, new: NewPath, flags: RenameFlags) -> Zero: ...
@operation(renameat2, flags=(RENAME_EXCHANGE, RENAME_EXCHANGE, RENAME_WHITEOUT, RENAME_EXCHANGE | RENAME_NOREPLACE))
def renameat2_swap(olddir: Dir, old: Path, newdir: Dir, new: Path, flags: RenameFlags) -> Zero: ...
@syscall(x86_64=87, touches=FILES)
def unlink(path: Path) -> Zero: ...
@syscall(x86_64=263, aarch64=35, since="2.6.16", touches=FILES)
def unlinkat(dirfd: Dir, path: Path, flags: RemoveFlags) -> Zero: ...
@operation(unlinkat, flags=AT_REMOVEDIR)
def unlinkat_dir(dirfd: Dir, path: RemovedDirPath, flags: RemoveFlags) -> Zero: ...
