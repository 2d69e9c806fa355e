"""io_uring_enter(2): requests of a ring, one at a time. The executor makes a ring, and tells what came of the request.

A program does not enter a ring with requests by itself: what a ring still has to do would go on beyond its end.
"""

from __future__ import annotations

import struct
from typing import Annotated

from conformance.syscalls.files.opening import O_CREAT, O_RDONLY, O_RDWR
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.vectors import iovecs
from conformance.syscalls.machinery.aliases import Address64, In, Int
from conformance.syscalls.machinery.buffers import I32, U8, U16, U32, U64, Struct
from conformance.syscalls.machinery.call import pseudo
from conformance.syscalls.machinery.choices import Blob, Choice, Choices, Use, compose, often, room, text
from conformance.syscalls.machinery.kinds import FileDescriptor, Flags, named
from conformance.syscalls.machinery.touches import (
    CONNECTIONS,
    EVERYTHING,
    FILES,
    LABELS,
    PROCESS,
    SOCKETS,
    TouchesUnless,
    TouchesUnlessFirst,
)
from conformance.syscalls.machinery.world import ARENA, UNMAPPED
from conformance.syscalls.polling.poll import POLLIN, POLLOUT
from conformance.syscalls.pseudo import URING
from conformance.syscalls.sockets.messages import header
from conformance.syscalls.sockets.socket import AF_INET, AF_UNIX, SOCK_NONBLOCK, SOCK_STREAM

IORING_OP_NOP, IORING_OP_READV, IORING_OP_WRITEV, IORING_OP_FSYNC = 0, 1, 2, 3
IORING_OP_READ_FIXED, IORING_OP_WRITE_FIXED, IORING_OP_POLL_ADD, IORING_OP_POLL_REMOVE = 4, 5, 6, 7
IORING_OP_SYNC_FILE_RANGE, IORING_OP_SENDMSG, IORING_OP_RECVMSG, IORING_OP_TIMEOUT = 8, 9, 10, 11
IORING_OP_TIMEOUT_REMOVE, IORING_OP_ACCEPT, IORING_OP_ASYNC_CANCEL, IORING_OP_LINK_TIMEOUT = 12, 13, 14, 15
IORING_OP_CONNECT, IORING_OP_FALLOCATE, IORING_OP_OPENAT, IORING_OP_CLOSE = 16, 17, 18, 19
IORING_OP_FILES_UPDATE, IORING_OP_STATX, IORING_OP_READ, IORING_OP_WRITE = 20, 21, 22, 23
IORING_OP_FADVISE, IORING_OP_MADVISE, IORING_OP_SEND, IORING_OP_RECV = 24, 25, 26, 27
IORING_OP_OPENAT2, IORING_OP_EPOLL_CTL, IORING_OP_SPLICE, IORING_OP_PROVIDE_BUFFERS = 28, 29, 30, 31
IORING_OP_REMOVE_BUFFERS, IORING_OP_TEE, IORING_OP_SHUTDOWN, IORING_OP_RENAMEAT = 32, 33, 34, 35
IORING_OP_UNLINKAT, IORING_OP_MKDIRAT, IORING_OP_SYMLINKAT, IORING_OP_LINKAT = 36, 37, 38, 39
IORING_OP_MSG_RING, IORING_OP_FSETXATTR, IORING_OP_SETXATTR, IORING_OP_FGETXATTR = 40, 41, 42, 43
IORING_OP_GETXATTR, IORING_OP_SOCKET, IORING_OP_URING_CMD, IORING_OP_SEND_ZC = 44, 45, 46, 47
IORING_OP_SENDMSG_ZC, IORING_OP_READ_MULTISHOT, IORING_OP_WAITID, IORING_OP_FUTEX_WAIT = 48, 49, 50, 51
IORING_OP_FUTEX_WAKE, IORING_OP_FUTEX_WAITV, IORING_OP_FIXED_FD_INSTALL, IORING_OP_FTRUNCATE = 52, 53, 54, 55
IORING_OP_BIND, IORING_OP_LISTEN, IORING_OP_RECV_ZC, IORING_OP_EPOLL_WAIT = 56, 57, 58, 59
IORING_OP_READV_FIXED, IORING_OP_WRITEV_FIXED, IORING_OP_PIPE, IORING_OP_NOP128 = 60, 61, 62, 63
IORING_OP_URING_CMD128 = 64

IOSQE_FIXED_FILE, IOSQE_IO_DRAIN, IOSQE_IO_LINK, IOSQE_IO_HARDLINK = 1, 2, 4, 8
IOSQE_ASYNC, IOSQE_BUFFER_SELECT, IOSQE_CQE_SKIP_SUCCESS = 0x10, 0x20, 0x40

IORING_FSYNC_DATASYNC, IORING_FIXED_FD_NO_CLOEXEC = 1, 1
IORING_NOP_INJECT_RESULT, IORING_NOP_FILE = 1, 2


class Sqe(Struct):
    """`struct io_uring_sqe`, by the first name of each member: what most requests call it."""

    opcode: Annotated[U8, Flags(named(globals(), "IORING_OP_"), bits=False)]
    flags: Annotated[U8, Flags(named(globals(), "IOSQE_"))]
    ioprio: U16
    fd: Annotated[I32, FileDescriptor()]
    off: U64
    addr: Address64
    len: U32
    op_flags: U32
    user_data: U64
    buf_index: U16
    personality: U16
    file_index: I32
    addr3: Address64
    pad: U64


def sqe(opcode: int, **members: Choice) -> Blob:
    """A request, the rest of it zero."""
    return compose(Sqe, ["opcode", *members], [opcode, *members.values()])


def _alone(requests: Choices) -> TouchesUnless:
    """What is known of a label holds for the opcodes that its choices have: any other may do anything."""
    return TouchesUnlessFirst(EVERYTHING, *(each.data[0] for each in requests.named if isinstance(each, Blob)))


FILE, OTHER, HERE = Use("fd:file"), Use("fd:file", 1), AT_FDCWD
SOCKET, PEER = Use("fd:socket:unix:pair"), Use("fd:socket:unix:pair", 1)
_F0, _NEW, _TEXT, _NAME, _VALUE = text(b"f0"), text(b"f8"), Blob(b"hello"), text(b"user.a"), Blob(b"hello")
_NOW = Blob(struct.pack("=qq", 0, 1))
_WORD = Blob(struct.pack("=I", 1))
_STREAM = SOCK_STREAM | SOCK_NONBLOCK
FUTEX2_SIZE_U32 = 2
_MATCH_ANY = 0xFFFFFFFF

_NOTHING = Choices(
    often(sqe(IORING_OP_NOP)),
    *(sqe(IORING_OP_NOP, flags=1 << bit) for bit in range(8)),
    *(sqe(IORING_OP_NOP, op_flags=1 << bit) for bit in (0, 1, 2, 3, 4, 5, 6, 31)),
    sqe(IORING_OP_NOP, op_flags=IORING_NOP_INJECT_RESULT, len=7),
    sqe(IORING_OP_NOP, op_flags=IORING_NOP_FILE, fd=FILE),
    *(sqe(IORING_OP_NOP, ioprio=1), sqe(IORING_OP_NOP, personality=1), sqe(IORING_OP_NOP, buf_index=1)),
    *(sqe(opcode) for opcode in (66, 67, 100, 255)),
)
Nothing = Annotated[In[Sqe], _NOTHING, _alone(_NOTHING)]
"""What any request may say, in one that does nothing; and such as no kernel knows."""

_READS: dict[str, Choice] = {"fd": FILE, "addr": room(16), "len": 16}
_WRITES: dict[str, Choice] = {"fd": FILE, "addr": _TEXT, "len": 5}
_OF_FILE = Choices(
    often(sqe(IORING_OP_READ, **_READS), sqe(IORING_OP_WRITE, **_WRITES)),
    *(sqe(IORING_OP_READ, **_READS, flags=1 << bit) for bit in range(8)),
    *(sqe(IORING_OP_READ, **_READS, op_flags=1 << bit) for bit in range(9)),
    *(sqe(IORING_OP_WRITE, **_WRITES, op_flags=1 << bit) for bit in range(9)),
    *(sqe(IORING_OP_READ, **_READS, off=off) for off in (5, 26, -1, -2)),
    *(sqe(IORING_OP_READ, **{**_READS, "addr": addr}) for addr in (UNMAPPED, 0)),
    *(sqe(IORING_OP_READ, **{**_READS, "fd": fd}) for fd in (-1, Use("fd:dir"), Use("fd:event"), Use("fd:pipe:w"))),
    *(sqe(IORING_OP_READ, **_READS, buf_index=1), sqe(IORING_OP_READ, **_READS, ioprio=1)),
    *(
        sqe(IORING_OP_READV, fd=FILE, addr=iovecs(room(16)), len=1),
        sqe(IORING_OP_READV, fd=FILE, addr=UNMAPPED, len=1),
    ),
    *(sqe(IORING_OP_WRITEV, fd=FILE, addr=iovecs(_TEXT), len=1), sqe(IORING_OP_WRITEV, fd=FILE, len=2048)),
    *(sqe(opcode, **_READS) for opcode in (IORING_OP_READ_FIXED, IORING_OP_READV_FIXED, IORING_OP_READ_MULTISHOT)),
    *(sqe(opcode, **_WRITES) for opcode in (IORING_OP_WRITE_FIXED, IORING_OP_WRITEV_FIXED)),
    *(sqe(IORING_OP_FSYNC, fd=FILE, op_flags=flags) for flags in (0, IORING_FSYNC_DATASYNC, 2)),
    *(sqe(IORING_OP_FSYNC, fd=FILE, addr=1), sqe(IORING_OP_FSYNC, fd=Use("fd:pipe:r"))),
    *(sqe(IORING_OP_SYNC_FILE_RANGE, fd=FILE, op_flags=flags) for flags in (0, 2, 8)),
    *(sqe(IORING_OP_FALLOCATE, fd=FILE, addr=64, len=mode) for mode in (0, 1, 2, 3, 0x40, 1 << 30)),
    *(sqe(IORING_OP_FADVISE, fd=FILE, len=16, op_flags=advice) for advice in (0, 3, 4, 9)),
    *(sqe(IORING_OP_FTRUNCATE, fd=FILE, off=size) for size in (0, 64, -1)),
    *(sqe(IORING_OP_FTRUNCATE, fd=Use("fd:dir")), sqe(IORING_OP_FTRUNCATE, fd=FILE, len=1)),
    sqe(IORING_OP_SPLICE, fd=Use("fd:pipe:w"), off=-1, file_index=FILE, len=8),
    sqe(IORING_OP_SPLICE, fd=FILE, off=-1, addr=-1, file_index=OTHER, len=8),
    sqe(IORING_OP_TEE, fd=Use("fd:pipe:w"), file_index=FILE, len=8),
    sqe(IORING_OP_FSETXATTR, fd=FILE, addr=_NAME, off=_VALUE, len=5),
    sqe(IORING_OP_FSETXATTR, fd=FILE, addr=_NAME, off=_VALUE, len=5, op_flags=2),
    sqe(IORING_OP_FGETXATTR, fd=FILE, addr=_NAME, off=room(16), len=16),
    *(sqe(IORING_OP_CLOSE, fd=fd) for fd in (FILE, -1)),
    *(sqe(IORING_OP_CLOSE, fd=FILE, off=1), sqe(IORING_OP_CLOSE, file_index=1)),
    *(sqe(IORING_OP_FIXED_FD_INSTALL, fd=0, flags=flags) for flags in (0, IOSQE_FIXED_FILE)),
    sqe(IORING_OP_FIXED_FD_INSTALL, flags=IOSQE_FIXED_FILE, op_flags=IORING_FIXED_FD_NO_CLOEXEC),
)
OfFile = Annotated[In[Sqe], _OF_FILE, _alone(_OF_FILE)]

_OF_PATH = Choices(
    often(sqe(IORING_OP_MKDIRAT, fd=HERE, addr=text(b"d8"), len=0o755)),
    *(sqe(IORING_OP_MKDIRAT, fd=HERE, addr=_F0), sqe(IORING_OP_MKDIRAT, fd=HERE, addr=text(b"d8"), op_flags=1)),
    *(sqe(IORING_OP_STATX, fd=HERE, addr=_F0, off=UNMAPPED, op_flags=flags) for flags in (0, 0x6000, 1)),
    sqe(IORING_OP_STATX, fd=HERE, addr=_NEW, off=UNMAPPED),
    *(
        sqe(IORING_OP_UNLINKAT, fd=HERE, addr=path, op_flags=flags)
        for path in (_F0, text(b"d0"))
        for flags in (0, 0x200)
    ),
    *(sqe(IORING_OP_UNLINKAT, fd=HERE, addr=_NEW), sqe(IORING_OP_UNLINKAT, fd=HERE, addr=_F0, op_flags=1)),
    *(sqe(IORING_OP_RENAMEAT, fd=HERE, addr=_F0, off=_NEW, len=HERE, op_flags=flags) for flags in (0, 1, 2, 3, 8)),
    sqe(IORING_OP_SYMLINKAT, fd=HERE, addr=_F0, off=_NEW),
    sqe(IORING_OP_SYMLINKAT, fd=HERE, addr=_F0, off=_F0),
    *(sqe(IORING_OP_LINKAT, fd=HERE, addr=_F0, off=_NEW, len=HERE, op_flags=flags) for flags in (0, 0x400, 0x1000, 1)),
    *(sqe(IORING_OP_SETXATTR, addr=_NAME, off=_VALUE, len=5, op_flags=flags, addr3=_F0) for flags in (0, 1, 2, 4)),
    sqe(IORING_OP_GETXATTR, addr=_NAME, off=room(16), len=16, addr3=_F0),
)
OfPath = Annotated[In[Sqe], _OF_PATH, _alone(_OF_PATH)]

_OPENING = Choices(
    often(sqe(IORING_OP_OPENAT, fd=HERE, addr=_F0, op_flags=O_RDWR)),
    *(
        sqe(IORING_OP_OPENAT, fd=HERE, addr=path, op_flags=O_RDONLY)
        for path in (text(b"d0"), _NEW, text(b"f0/x"), UNMAPPED)
    ),
    sqe(IORING_OP_OPENAT, fd=HERE, addr=_NEW, op_flags=O_RDWR | O_CREAT, len=0o644),
    sqe(IORING_OP_OPENAT, fd=HERE, addr=_F0, file_index=1),
    *(
        sqe(IORING_OP_OPENAT2, fd=HERE, addr=_F0, off=Blob(struct.pack("=QQQ", 0, 0, resolve)), len=24)
        for resolve in (0, 8, 1 << 60)
    ),
    sqe(IORING_OP_OPENAT2, fd=HERE, addr=_F0, off=Blob(bytes(16)), len=16),
    *(sqe(IORING_OP_SOCKET, fd=family, off=_STREAM) for family in (AF_UNIX, AF_INET, -1)),
    *(
        sqe(IORING_OP_SOCKET, fd=AF_UNIX, off=_STREAM, op_flags=1),
        sqe(IORING_OP_SOCKET, fd=AF_UNIX, off=_STREAM, file_index=1),
    ),
)
Opening = Annotated[In[Sqe], _OPENING, _alone(_OPENING)]

Opened = Annotated[int, FileDescriptor("requested")]
"""Of a family of its own: who needs any fd is better served by openat(2)."""

_WAITING = Choices(
    often(sqe(IORING_OP_POLL_ADD, fd=FILE, op_flags=POLLIN | POLLOUT)),
    *(sqe(IORING_OP_POLL_ADD, fd=Use("fd:pipe:w"), op_flags=POLLOUT, len=each) for each in (0, 1, 2, 4, 8, 16)),
    *(sqe(IORING_OP_POLL_ADD, fd=-1), sqe(IORING_OP_POLL_ADD, fd=FILE, op_flags=POLLIN, off=1)),
    *(sqe(IORING_OP_POLL_REMOVE, addr=1, len=each) for each in (0, 1, 2, 4)),
    *(sqe(IORING_OP_TIMEOUT, addr=_NOW, len=1, op_flags=flags) for flags in (0, 1, 2, 4, 8, 12, 0x20, 0x80, 0x100)),
    *(sqe(IORING_OP_TIMEOUT, addr=_NOW, len=2), sqe(IORING_OP_TIMEOUT, addr=UNMAPPED, len=1)),
    *(sqe(IORING_OP_TIMEOUT_REMOVE, addr=1), sqe(IORING_OP_TIMEOUT_REMOVE, addr=1, op_flags=2)),
    *(sqe(IORING_OP_ASYNC_CANCEL, addr=1, op_flags=flags) for flags in (0, 1, 2, 4, 8, 16, 32, 64)),
    sqe(IORING_OP_LINK_TIMEOUT, addr=_NOW, len=1),
    sqe(IORING_OP_EPOLL_CTL, fd=Use("fd:epoll"), addr=Blob(struct.pack("=IQ", 1, 7)), len=1, off=Use("fd:pipe:r")),
    *(sqe(IORING_OP_EPOLL_CTL, fd=Use("fd:epoll"), len=each, off=Use("fd:pipe:r")) for each in (2, 9)),
    *(sqe(IORING_OP_EPOLL_WAIT, fd=fd, addr=room(24), len=2) for fd in (FILE, -1)),
    *(sqe(IORING_OP_FUTEX_WAIT, addr=_WORD, off=2, addr3=_MATCH_ANY, fd=size) for size in (FUTEX2_SIZE_U32, 0, 99)),
    sqe(IORING_OP_FUTEX_WAIT, addr=_WORD, off=2, fd=FUTEX2_SIZE_U32),
    *(sqe(IORING_OP_FUTEX_WAKE, addr=_WORD, off=1, addr3=mask, fd=FUTEX2_SIZE_U32) for mask in (_MATCH_ANY, 0)),
    *(sqe(IORING_OP_FUTEX_WAITV, addr=UNMAPPED, len=count) for count in (0, 1, 129)),
    *(sqe(IORING_OP_WAITID, len=0, fd=0, file_index=options) for options in (4, 5, 0)),
    *(sqe(IORING_OP_MSG_RING, fd=fd, len=7) for fd in (Use("fd:uring"), FILE, -1)),
    sqe(IORING_OP_MSG_RING, fd=Use("fd:uring"), addr=9),
)
Waiting = Annotated[In[Sqe], _WAITING, _alone(_WAITING)]

_OF_SOCKET = Choices(
    often(sqe(IORING_OP_SEND, fd=SOCKET, addr=_TEXT, len=5)),
    *(sqe(IORING_OP_SEND, fd=fd, addr=_TEXT, len=5) for fd in (FILE, -1)),
    *(sqe(IORING_OP_SEND, fd=SOCKET, addr=_TEXT, len=5, ioprio=1 << bit) for bit in range(7)),
    *(sqe(IORING_OP_RECV, fd=PEER, addr=room(16), len=16, op_flags=0x40, ioprio=each) for each in (0, 1, 2, 4, 16, 64)),
    sqe(IORING_OP_SENDMSG, fd=SOCKET, addr=header(_TEXT), len=1),
    sqe(IORING_OP_RECVMSG, fd=PEER, addr=header(room(16)), len=1, op_flags=0x40),
    *(sqe(opcode, fd=fd, addr=_TEXT, len=5) for opcode in (IORING_OP_SEND_ZC,) for fd in (SOCKET, FILE)),
    sqe(IORING_OP_SENDMSG_ZC, fd=SOCKET, addr=header(_TEXT), len=1),
    sqe(IORING_OP_RECV_ZC, fd=PEER),
    *(sqe(IORING_OP_SHUTDOWN, fd=fd, len=how) for fd in (SOCKET, FILE) for how in (0, 2, 3)),
    *(sqe(IORING_OP_LISTEN, fd=fd, len=5) for fd in (Use("fd:socket:unix:stream"), SOCKET, FILE)),
    *(sqe(IORING_OP_BIND, fd=fd, addr=Blob(b"\1\0s9\0"), off=5) for fd in (Use("fd:socket:unix:stream"), FILE)),
    *(sqe(IORING_OP_CONNECT, fd=fd, addr=Blob(b"\1\0s9\0"), off=5) for fd in (Use("fd:socket:unix:stream"), FILE)),
    *(sqe(IORING_OP_ACCEPT, fd=Use("fd:socket:unix:stream"), ioprio=each) for each in (0, 1, 2, 4, 8)),
    *(sqe(IORING_OP_URING_CMD, fd=SOCKET, off=each) for each in (0, 1, 2, 3, 4, 9)),
    *(sqe(IORING_OP_URING_CMD, fd=FILE), sqe(IORING_OP_URING_CMD128, fd=SOCKET), sqe(IORING_OP_NOP128)),
    *(sqe(IORING_OP_PIPE, addr=room(8), op_flags=flags) for flags in (0, 0o2000000, 1)),
)
OfSocket = Annotated[In[Sqe], _OF_SOCKET, _alone(_OF_SOCKET)]

_OF_MEMORY = Choices(
    often(sqe(IORING_OP_MADVISE, addr=ARENA, len=4096)),
    *(sqe(IORING_OP_MADVISE, addr=ARENA, len=4096, op_flags=advice) for advice in (3, 99)),
    *(sqe(IORING_OP_PROVIDE_BUFFERS, fd=count, addr=room(64), len=16) for count in (4, 0, 70000)),
    *(sqe(IORING_OP_REMOVE_BUFFERS, fd=count, buf_index=1) for count in (1, 0)),
    *(sqe(IORING_OP_FILES_UPDATE, addr=Blob(b"\xff" * 4), len=count) for count in (1, 0)),
)
OfMemory = Annotated[In[Sqe], _OF_MEMORY, _alone(_OF_MEMORY)]


@pseudo(URING, touches=PROCESS)
def uring_nothing(request: Nothing) -> Int: ...
@pseudo(URING, touches=PROCESS | LABELS)
def uring_file(request: OfFile) -> Int: ...
@pseudo(URING, touches=PROCESS | FILES | LABELS)
def uring_path(request: OfPath) -> Int: ...
@pseudo(URING, touches=PROCESS | FILES | SOCKETS | CONNECTIONS)
def uring_open(request: Opening) -> Opened: ...
@pseudo(URING, touches=PROCESS)
def uring_wait(request: Waiting) -> Int: ...
@pseudo(URING, touches=PROCESS | FILES)
def uring_socket(request: OfSocket) -> Int: ...
@pseudo(URING, touches=PROCESS)
def uring_memory(request: OfMemory) -> Int: ...
