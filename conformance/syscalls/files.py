"""Files: descriptors, reading and writing, paths, directories, attributes, locks. Sources: section 2 of man-pages."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.buffers import I16, I64, U16, U32, U64, Buffer, Struct
from conformance.syscalls.call import syscall
from conformance.syscalls.kinds import (
    Address64,
    Any_,
    Bits,
    Count,
    Dev64,
    Dir,
    Fd,
    Flags,
    In,
    InBytes,
    Ino64,
    InOut,
    Int,
    MaskedMemory,
    Memory,
    Mode,
    Names,
    Offset,
    Out,
    OutBytes,
    OutFds,
    OutInt,
    OutRandom,
    Path,
    Pid32,
    Seen,
    Size,
    Time32,
    Time64,
    Uid,
    Varying32,
    Varying64,
    Zero,
    named,
)

AT_FDCWD = -100
O_RDONLY, O_WRONLY, O_RDWR, O_ACCMODE = 0, 1, 2, 3
O_CREAT, O_EXCL, O_NOCTTY, O_TRUNC, O_APPEND, O_NONBLOCK = 0o100, 0o200, 0o400, 0o1000, 0o2000, 0o4000
O_DSYNC, O_ASYNC, O_DIRECT, O_LARGEFILE, O_DIRECTORY, O_NOFOLLOW = 0o10000, 0o20000, 0o40000, 0o100000, 0o200000, 0o400000
O_NOATIME, O_CLOEXEC, O_SYNC, O_PATH, O_TMPFILE = 0o1000000, 0o2000000, 0o4010000, 0o10000000, 0o20200000

AT_SYMLINK_NOFOLLOW, AT_REMOVEDIR, AT_SYMLINK_FOLLOW, AT_NO_AUTOMOUNT = 0x100, 0x200, 0x400, 0x800
AT_EACCESS, AT_EMPTY_PATH, AT_STATX_FORCE_SYNC, AT_STATX_DONT_SYNC = 0x200, 0x1000, 0x2000, 0x4000
AT_HANDLE_FID, AT_RECURSIVE = 0x200, 0x8000

SEEK_SET, SEEK_CUR, SEEK_END, SEEK_DATA, SEEK_HOLE = range(5)
F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK, F_SETLKW, F_SETOWN, F_GETOWN = range(10)
F_SETSIG, F_GETSIG = 10, 11
F_SETOWN_EX, F_GETOWN_EX = 15, 16
F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW = 36, 37, 38
F_SETLEASE, F_GETLEASE, F_NOTIFY, F_DUPFD_QUERY, F_DUPFD_CLOEXEC = 1024, 1025, 1026, 1027, 1030
F_SETPIPE_SZ, F_GETPIPE_SZ, F_ADD_SEALS, F_GET_SEALS = 1031, 1032, 1033, 1034
F_GET_RW_HINT, F_SET_RW_HINT = 1035, 1036
FD_CLOEXEC = 1
F_RDLCK, F_WRLCK, F_UNLCK = 0, 1, 2
F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE, F_SEAL_FUTURE_WRITE, F_SEAL_EXEC = 1, 2, 4, 8, 16, 32
LOCK_SH, LOCK_EX, LOCK_NB, LOCK_UN = 1, 2, 4, 8

F_OK, X_OK, W_OK, R_OK = 0, 1, 2, 4
S_IFMT, S_IFSOCK, S_IFLNK, S_IFREG = 0o170000, 0o140000, 0o120000, 0o100000
S_IFBLK, S_IFDIR, S_IFCHR, S_IFIFO = 0o060000, 0o040000, 0o020000, 0o010000
RENAME_NOREPLACE, RENAME_EXCHANGE, RENAME_WHITEOUT = 1, 2, 4
RESOLVE_NO_XDEV, RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS = 1, 2, 4
RESOLVE_BENEATH, RESOLVE_IN_ROOT, RESOLVE_CACHED = 8, 16, 32
FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE, FALLOC_FL_COLLAPSE_RANGE = 1, 2, 8
FALLOC_FL_ZERO_RANGE, FALLOC_FL_INSERT_RANGE, FALLOC_FL_UNSHARE_RANGE = 0x10, 0x20, 0x40
STATX_TYPE, STATX_MODE, STATX_NLINK, STATX_UID, STATX_GID, STATX_INO, STATX_SIZE = 1, 2, 4, 8, 0x10, 0x100, 0x200
STATX_BASIC_STATS, STATX_BTIME, STATX_MNT_ID, STATX_DIOALIGN, STATX_MNT_ID_UNIQUE = 0x7FF, 0x800, 0x1000, 0x2000, 0x4000
STATX_ATTR_MOUNT_ROOT = 0x2000
UTIME_NOW, UTIME_OMIT = 0x3FFFFFFF, 0x3FFFFFFE
XATTR_CREATE, XATTR_REPLACE = 1, 2
RWF_HIPRI, RWF_DSYNC, RWF_SYNC, RWF_NOWAIT, RWF_APPEND, RWF_NOAPPEND = 1, 2, 4, 8, 16, 32
SPLICE_F_MOVE, SPLICE_F_NONBLOCK, SPLICE_F_MORE, SPLICE_F_GIFT = 1, 2, 4, 8
CLOSE_RANGE_UNSHARE, CLOSE_RANGE_CLOEXEC = 2, 4
DT_FIFO, DT_CHR, DT_DIR, DT_BLK, DT_REG, DT_LNK, DT_SOCK = 1, 2, 4, 6, 8, 10, 12

OpenFlags = Annotated[int, Flags(named(globals(), "O_"))]
AtFlags = Annotated[int, Flags(named(globals(), "AT_SYMLINK", "AT_REMOVEDIR", "AT_EMPTY", "AT_NO_AUTO"))]
Whence = Annotated[int, Flags(named(globals(), "SEEK_"), bits=False)]
FcntlCommand = Annotated[int, Flags({k: v for k, v in named(globals(), "F_").items() if k not in ("F_OK", "F_RDLCK", "F_WRLCK", "F_UNLCK") and not k.startswith("F_SEAL")}, bits=False)]
RenameFlags = Annotated[int, Flags(named(globals(), "RENAME_"))]
FallocMode = Annotated[int, Flags(named(globals(), "FALLOC_FL_"))]
StatxMask = Annotated[int, Flags(named(globals(), "STATX_"))]
AccessMode = Annotated[int, Flags({"X_OK": 1, "W_OK": 2, "R_OK": 4})]
LockOperation = Annotated[int, Flags(named(globals(), "LOCK_"))]
RwFlags = Annotated[int, Flags(named(globals(), "RWF_"))]
SpliceFlags = Annotated[int, Flags(named(globals(), "SPLICE_F_"))]
XattrFlags = Annotated[int, Flags(named(globals(), "XATTR_"))]


class Timespec(Struct):
    """`struct timespec` that a case sets: compared as it is."""

    tv_sec: I64
    tv_nsec: I64


class Stat(Struct):
    """`struct stat` of x86-64. Blocks, times and numbers of inodes and devices are the file system's choice."""

    st_dev: Dev64
    st_ino: Ino64
    st_nlink: U64
    st_mode: U32
    st_uid: U32
    st_gid: U32
    pad0: U32
    st_rdev: U64
    st_size: I64
    st_blksize: Varying64
    st_blocks: Varying64
    st_atime: Time64
    st_atime_nsec: Time64
    st_mtime: Time64
    st_mtime_nsec: Time64
    st_ctime: Time64
    st_ctime_nsec: Time64
    unused0: I64
    unused1: I64
    unused2: I64


class Statx(Struct):
    """`struct statx`, as far as Linux 6.1 fills it; its times are members of its own here."""

    stx_mask: Varying32
    stx_blksize: Varying32
    stx_attributes: U64
    stx_nlink: U32
    stx_uid: U32
    stx_gid: U32
    stx_mode: U16
    pad0: U16
    stx_ino: Ino64
    stx_size: U64
    stx_blocks: Varying64
    stx_attributes_mask: Varying64
    stx_atime: Time64
    stx_atime_nsec: Time32
    pad1: U32
    stx_btime: Time64
    stx_btime_nsec: Time32
    pad2: U32
    stx_ctime: Time64
    stx_ctime_nsec: Time32
    pad3: U32
    stx_mtime: Time64
    stx_mtime_nsec: Time32
    pad4: U32
    stx_rdev_major: U32
    stx_rdev_minor: U32
    stx_dev_major: Varying32
    stx_dev_minor: Varying32
    stx_mnt_id: Varying64
    stx_dio_mem_align: Varying32
    stx_dio_offset_align: Varying32
    spare0: Varying64
    spare1: Varying64
    spare2: Varying64
    spare3: Varying64
    spare4: Varying64
    spare5: Varying64
    spare6: Varying64
    spare7: Varying64
    spare8: Varying64
    spare9: Varying64
    spare10: Varying64
    spare11: Varying64


class Statfs(Struct):
    """`struct statfs` of x86-64."""

    f_type: I64
    f_bsize: I64
    f_blocks: Varying64
    f_bfree: Varying64
    f_bavail: Varying64
    f_files: Varying64
    f_ffree: Varying64
    f_fsid: Varying64
    f_namelen: I64
    f_frsize: I64
    f_flags: I64
    spare0: I64
    spare1: I64
    spare2: I64
    spare3: I64


class Flock(Struct):
    """`struct flock`."""

    l_type: I16
    l_whence: I16
    pad: U32
    l_start: I64
    l_len: I64
    l_pid: Pid32
    pad1: U32


class IovecArray(Memory):
    """An array of `struct iovec`: lengths are compared, addresses are not."""

    def normal(self, seen: Seen, names: Names) -> Seen:
        if not isinstance(seen, str):
            return super().normal(seen, names)
        data = seen.encode("latin-1", "replace")
        return [int.from_bytes(data[at + 8 : at + 16], "little") for at in range(0, len(data), 16)]


Iovecs = Annotated[bytes | Buffer | int | None, IovecArray()]


class OpenHow(Struct):
    """`struct open_how`."""

    flags: U64
    mode: U64
    resolve: U64


class Iovec(Struct):
    """`struct iovec`."""

    iov_base: Address64
    iov_len: U64


class Vector(Buffer):
    """An array of `struct iovec`, one for each part. It keeps the parts alive."""

    __slots__ = ("parts",)

    def __init__(self, *parts: Buffer) -> None:
        super().__init__(b"".join(bytes(Iovec(iov_base=part.address, iov_len=len(part))) for part in parts))
        self.parts = parts


class FileHandle(Struct):
    """The head of `struct file_handle`; `handle_bytes` of opaque data follow."""

    handle_bytes: U32
    handle_type: Varying32


Handle = Annotated[bytes | Buffer | FileHandle | int | None, MaskedMemory(out=True)]
"""A `struct file_handle` with its data, which is the file system's choice."""


@syscall
def read(fd: Fd, buf: OutBytes, count: Size) -> Count: ...
@syscall
def write(fd: Fd, buf: InBytes, count: Size) -> Count: ...
@syscall
def pread64(fd: Fd, buf: OutBytes, count: Size, offset: Offset) -> Count: ...
@syscall
def pwrite64(fd: Fd, buf: InBytes, count: Size, offset: Offset) -> Count: ...
@syscall
def readv(fd: Fd, iov: Iovecs, iovcnt: Int) -> Count: ...
@syscall
def writev(fd: Fd, iov: Iovecs, iovcnt: Int) -> Count: ...
@syscall
def preadv(fd: Fd, iov: Iovecs, iovcnt: Int, low: Offset, high: Offset) -> Count: ...
@syscall
def pwritev(fd: Fd, iov: Iovecs, iovcnt: Int, low: Offset, high: Offset) -> Count: ...
@syscall
def preadv2(fd: Fd, iov: Iovecs, iovcnt: Int, low: Offset, high: Offset, flags: RwFlags) -> Count: ...
@syscall
def pwritev2(fd: Fd, iov: Iovecs, iovcnt: Int, low: Offset, high: Offset, flags: RwFlags) -> Count: ...
@syscall
def lseek(fd: Fd, offset: Offset, whence: Whence) -> Offset: ...
@syscall
def open(path: Path, flags: OpenFlags, mode: Mode = 0) -> Fd: ...
@syscall
def creat(path: Path, mode: Mode) -> Fd: ...
@syscall
def openat(dirfd: Dir, path: Path, flags: OpenFlags, mode: Mode = 0) -> Fd: ...
@syscall
def openat2(dirfd: Dir, path: Path, how: In[OpenHow], size: Size) -> Fd: ...
@syscall
def close(fd: Fd) -> Zero: ...
@syscall
def close_range(first: Fd, last: Fd, flags: Bits) -> Zero: ...
@syscall
def dup(fd: Fd) -> Fd: ...
@syscall
def dup2(old: Fd, new: Fd) -> Fd: ...
@syscall
def dup3(old: Fd, new: Fd, flags: OpenFlags) -> Fd: ...
@syscall
def fcntl(fd: Fd, command: FcntlCommand, arg: Any_ = 0) -> Int: ...
@syscall
def ioctl(fd: Fd, request: Bits, arg: Any_ = 0) -> Int: ...
@syscall
def flock(fd: Fd, operation: LockOperation) -> Zero: ...
@syscall
def pipe(fds: OutFds) -> Zero: ...
@syscall
def pipe2(fds: OutFds, flags: OpenFlags) -> Zero: ...
@syscall
def stat(path: Path, buf: Out[Stat]) -> Zero: ...
@syscall
def lstat(path: Path, buf: Out[Stat]) -> Zero: ...
@syscall
def fstat(fd: Fd, buf: Out[Stat]) -> Zero: ...
@syscall
def newfstatat(dirfd: Dir, path: Path, buf: Out[Stat], flags: AtFlags) -> Zero: ...
@syscall
def statx(dirfd: Dir, path: Path, flags: AtFlags, mask: StatxMask, buf: Out[Statx]) -> Zero: ...
@syscall
def statfs(path: Path, buf: Out[Statfs]) -> Zero: ...
@syscall
def fstatfs(fd: Fd, buf: Out[Statfs]) -> Zero: ...
@syscall
def access(path: Path, mode: AccessMode) -> Zero: ...
@syscall
def faccessat(dirfd: Dir, path: Path, mode: AccessMode) -> Zero: ...
@syscall
def faccessat2(dirfd: Dir, path: Path, mode: AccessMode, flags: AtFlags) -> Zero: ...
@syscall
def chmod(path: Path, mode: Mode) -> Zero: ...
@syscall
def fchmod(fd: Fd, mode: Mode) -> Zero: ...
@syscall
def fchmodat(dirfd: Dir, path: Path, mode: Mode) -> Zero: ...
@syscall
def fchmodat2(dirfd: Dir, path: Path, mode: Mode, flags: AtFlags) -> Zero: ...
@syscall
def chown(path: Path, uid: Uid, gid: Uid) -> Zero: ...
@syscall
def lchown(path: Path, uid: Uid, gid: Uid) -> Zero: ...
@syscall
def fchown(fd: Fd, uid: Uid, gid: Uid) -> Zero: ...
@syscall
def fchownat(dirfd: Dir, path: Path, uid: Uid, gid: Uid, flags: AtFlags) -> Zero: ...
@syscall
def umask(mask: Mode) -> Mode: ...
@syscall
def truncate(path: Path, length: Offset) -> Zero: ...
@syscall
def ftruncate(fd: Fd, length: Offset) -> Zero: ...
@syscall
def fallocate(fd: Fd, mode: FallocMode, offset: Offset, length: Offset) -> Zero: ...
@syscall
def fadvise64(fd: Fd, offset: Offset, length: Offset, advice: Int) -> Zero: ...
@syscall
def readahead(fd: Fd, offset: Offset, count: Size) -> Zero: ...
@syscall
def cachestat(fd: Fd, range: InBytes, stat: OutInt, flags: Bits) -> Zero: ...
@syscall
def fsync(fd: Fd) -> Zero: ...
@syscall
def fdatasync(fd: Fd) -> Zero: ...
@syscall
def sync() -> Zero: ...
@syscall
def syncfs(fd: Fd) -> Zero: ...
@syscall
def sync_file_range(fd: Fd, offset: Offset, length: Offset, flags: Bits) -> Zero: ...
@syscall
def mkdir(path: Path, mode: Mode) -> Zero: ...
@syscall
def mkdirat(dirfd: Dir, path: Path, mode: Mode) -> Zero: ...
@syscall
def rmdir(path: Path) -> Zero: ...
@syscall
def mknod(path: Path, mode: Mode, dev: Int) -> Zero: ...
@syscall
def mknodat(dirfd: Dir, path: Path, mode: Mode, dev: Int) -> Zero: ...
@syscall
def unlink(path: Path) -> Zero: ...
@syscall
def unlinkat(dirfd: Dir, path: Path, flags: AtFlags) -> Zero: ...
@syscall
def link(old: Path, new: Path) -> Zero: ...
@syscall
def linkat(olddir: Dir, old: Path, newdir: Dir, new: Path, flags: AtFlags) -> Zero: ...
@syscall
def symlink(target: Path, link: Path) -> Zero: ...
@syscall
def symlinkat(target: Path, dirfd: Dir, link: Path) -> Zero: ...
@syscall
def readlink(path: Path, buf: OutBytes, size: Size) -> Count: ...
@syscall
def readlinkat(dirfd: Dir, path: Path, buf: OutBytes, size: Size) -> Count: ...
@syscall
def rename(old: Path, new: Path) -> Zero: ...
@syscall
def renameat(olddir: Dir, old: Path, newdir: Dir, new: Path) -> Zero: ...
@syscall
def renameat2(olddir: Dir, old: Path, newdir: Dir, new: Path, flags: RenameFlags) -> Zero: ...
@syscall
def getdents64(fd: Fd, buf: Out[Struct], count: Size) -> Count: ...
@syscall
def getcwd(buf: OutBytes, size: Size) -> Count: ...
@syscall
def chdir(path: Path) -> Zero: ...
@syscall
def fchdir(fd: Fd) -> Zero: ...
@syscall
def chroot(path: Path) -> Zero: ...
@syscall
def utime(path: Path, times: InBytes) -> Zero: ...
@syscall
def utimes(path: Path, times: InBytes) -> Zero: ...
@syscall
def futimesat(dirfd: Dir, path: Path, times: InBytes) -> Zero: ...
@syscall
def utimensat(dirfd: Dir, path: Path, times: InBytes, flags: AtFlags) -> Zero: ...
@syscall
def setxattr(path: Path, name: Path, value: InBytes, size: Size, flags: XattrFlags) -> Zero: ...
@syscall
def lsetxattr(path: Path, name: Path, value: InBytes, size: Size, flags: XattrFlags) -> Zero: ...
@syscall
def fsetxattr(fd: Fd, name: Path, value: InBytes, size: Size, flags: XattrFlags) -> Zero: ...
@syscall
def getxattr(path: Path, name: Path, value: OutBytes, size: Size) -> Count: ...
@syscall
def lgetxattr(path: Path, name: Path, value: OutBytes, size: Size) -> Count: ...
@syscall
def fgetxattr(fd: Fd, name: Path, value: OutBytes, size: Size) -> Count: ...
@syscall
def listxattr(path: Path, names: OutBytes, size: Size) -> Count: ...
@syscall
def llistxattr(path: Path, names: OutBytes, size: Size) -> Count: ...
@syscall
def flistxattr(fd: Fd, names: OutBytes, size: Size) -> Count: ...
@syscall
def removexattr(path: Path, name: Path) -> Zero: ...
@syscall
def lremovexattr(path: Path, name: Path) -> Zero: ...
@syscall
def fremovexattr(fd: Fd, name: Path) -> Zero: ...
@syscall
def sendfile(out: Fd, source: Fd, offset: InOut[Struct], count: Size) -> Count: ...
@syscall
def splice(source: Fd, off_in: InOut[Struct], out: Fd, off_out: InOut[Struct], length: Size, flags: SpliceFlags) -> Count: ...
@syscall
def tee(source: Fd, out: Fd, length: Size, flags: SpliceFlags) -> Count: ...
@syscall
def vmsplice(fd: Fd, iov: Iovecs, count: Size, flags: SpliceFlags) -> Count: ...
@syscall
def copy_file_range(source: Fd, off_in: InOut[Struct], out: Fd, off_out: InOut[Struct], length: Size, flags: Bits) -> Count: ...
@syscall
def name_to_handle_at(dirfd: Dir, path: Path, handle: Handle, mount_id: OutRandom, flags: Bits) -> Zero: ...
@syscall
def open_by_handle_at(mount_fd: Fd, handle: Handle, flags: OpenFlags) -> Fd: ...
@syscall
def memfd_create(name: Path, flags: Bits) -> Fd: ...
@syscall
def quotactl(command: Bits, special: Path, id: Int, addr: Any_) -> Zero: ...
