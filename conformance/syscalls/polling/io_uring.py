"""io_uring(7): rings of requests and of their results, shared with the kernel."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.files.vectors import iovecs
from conformance.syscalls.machinery.aliases import Address64, AlwaysZero, Anything, Count, In, InBytes, InOut, Int, Zero
from conformance.syscalls.machinery.buffers import U16, U32, U64, Buffer, Struct
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import Blob, Choice, Choices, Use, often, rarely, room
from conformance.syscalls.machinery.kinds import FileDescriptor, Flags, Length, Masked, Renamed, named
from conformance.syscalls.machinery.memory import Pointer
from conformance.syscalls.machinery.touches import PROCESS
from conformance.syscalls.machinery.world import ARENA, UNMAPPED
from conformance.syscalls.polling.poll import WaitMask
from conformance.syscalls.signals import SigsetSize

IORING_SETUP_CQSIZE, IORING_SETUP_CLAMP, IORING_SETUP_ATTACH_WQ, IORING_SETUP_R_DISABLED = 8, 0x10, 0x20, 0x40
IORING_SETUP_SUBMIT_ALL, IORING_SETUP_COOP_TASKRUN, IORING_SETUP_SQE128, IORING_SETUP_CQE32 = 0x80, 0x100, 0x400, 0x800
IORING_SETUP_SINGLE_ISSUER, IORING_SETUP_DEFER_TASKRUN, IORING_SETUP_NO_SQARRAY = 0x1000, 0x2000, 0x10000
IORING_SETUP_IOPOLL, IORING_SETUP_SQPOLL, IORING_SETUP_SQ_AFF, IORING_SETUP_TASKRUN_FLAG = 1, 2, 4, 0x200
IORING_SETUP_NO_MMAP, IORING_SETUP_REGISTERED_FD_ONLY, IORING_SETUP_HYBRID_IOPOLL = 0x4000, 0x8000, 0x20000
IORING_SETUP_CQE_MIXED, IORING_SETUP_SQE_MIXED, IORING_SETUP_SQ_REWIND = 0x40000, 0x80000, 0x100000

IORING_OFF_SQ_RING, IORING_OFF_CQ_RING, IORING_OFF_SQES = 0, 0x8000000, 0x10000000

IORING_OP_NOP, IORING_OP_READ, IORING_OP_PROVIDE_BUFFERS = 0, 22, 31

IOSQE_BUFFER_SELECT = 32
IORING_CQE_F_BUFFER, IORING_CQE_BUFFER_SHIFT = 1, 16

IORING_ENTER_GETEVENTS, IORING_ENTER_SQ_WAKEUP, IORING_ENTER_SQ_WAIT = 1, 2, 4

IORING_REGISTER_BUFFERS, IORING_UNREGISTER_BUFFERS, IORING_REGISTER_FILES, IORING_UNREGISTER_FILES = 0, 1, 2, 3
IORING_REGISTER_EVENTFD, IORING_UNREGISTER_EVENTFD, IORING_REGISTER_FILES_UPDATE, IORING_REGISTER_EVENTFD_ASYNC = (
    4,
    5,
    6,
    7,
)
IORING_REGISTER_PROBE, IORING_REGISTER_PERSONALITY, IORING_UNREGISTER_PERSONALITY = 8, 9, 10
IORING_REGISTER_RESTRICTIONS, IORING_REGISTER_ENABLE_RINGS = 11, 12
IORING_REGISTER_FILES2, IORING_REGISTER_FILES_UPDATE2, IORING_REGISTER_BUFFERS2 = 13, 14, 15
IORING_REGISTER_BUFFERS_UPDATE, IORING_REGISTER_IOWQ_AFF, IORING_UNREGISTER_IOWQ_AFF = 0x10, 17, 18
IORING_REGISTER_IOWQ_MAX_WORKERS, IORING_REGISTER_RING_FDS, IORING_UNREGISTER_RING_FDS = 19, 20, 21
IORING_REGISTER_PBUF_RING, IORING_UNREGISTER_PBUF_RING, IORING_REGISTER_SYNC_CANCEL = 22, 23, 24
IORING_REGISTER_FILE_ALLOC_RANGE, IORING_REGISTER_PBUF_STATUS, IORING_REGISTER_NAPI = 25, 26, 27
IORING_UNREGISTER_NAPI, IORING_REGISTER_CLOCK, IORING_REGISTER_CLONE_BUFFERS = 28, 29, 30
IORING_REGISTER_SEND_MSG_RING, IORING_REGISTER_ZCRX_IFQ, IORING_REGISTER_RESIZE_RINGS = 31, 0x20, 33
IORING_REGISTER_MEM_REGION, IORING_REGISTER_QUERY, IORING_REGISTER_ZCRX_CTRL = 34, 35, 36
IORING_REGISTER_BPF_FILTER = 37

_OPCODES = named(globals(), "IORING_REGISTER_", "IORING_UNREGISTER_")
IORING_ENTER_EXT_ARG, IORING_ENTER_REGISTERED_RING, IORING_ENTER_ABS_TIMER = 8, 0x10, 0x20
IORING_ENTER_EXT_ARG_REG, IORING_ENTER_NO_IOWAIT = 0x40, 0x80

UringFd = Annotated[int, FileDescriptor("uring")]
Entries = Annotated[int, Choices(1, 2, 4, 8, 3, 0, -1, 4096, 1 << 20)]
KernelsOwn32 = Annotated[U32, Masked(), Choices(0, 1)]
"""What a kernel fills in, and does not say anything about how it behaves: 0 before the call."""


class RingOffsets(Struct):
    """The kernel's `struct io_sqring_offsets`, which is as large as that of the other ring."""

    head: KernelsOwn32
    tail: KernelsOwn32
    ring_mask: KernelsOwn32
    ring_entries: KernelsOwn32
    flags: KernelsOwn32
    dropped: KernelsOwn32
    array: KernelsOwn32
    resv1: KernelsOwn32
    reserved: Annotated[U64, Masked()]


class IoUringParams(Struct):
    """`struct io_uring_params`. Where things lie in the rings, and what a kernel knows, is its choice."""

    sq_entries: Annotated[U32, Choices(0)]
    cq_entries: Annotated[U32, Choices(0, 8, 1, 1 << 20)]
    flags: Annotated[
        U32,
        Flags(named(globals(), "IORING_SETUP_")),
        Choices(
            *(0, IORING_SETUP_CQSIZE, IORING_SETUP_CLAMP, IORING_SETUP_R_DISABLED, IORING_SETUP_SUBMIT_ALL),
            *(IORING_SETUP_SINGLE_ISSUER, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN),
            *(IORING_SETUP_DEFER_TASKRUN, IORING_SETUP_ATTACH_WQ, 1 << 31),
        ),
    ]
    sq_thread_cpu: Annotated[U32, Choices(0)]
    sq_thread_idle: Annotated[U32, Choices(0)]
    features: KernelsOwn32
    wq_fd: Annotated[U32, FileDescriptor("uring"), Choices(0, Use("fd:uring"), Use("fd"))]
    reserved0: U32
    reserved1: U32
    reserved2: U32
    sq_off: RingOffsets
    cq_off: RingOffsets


class IoUringBufReg(Struct):
    """`struct io_uring_buf_reg`: where a ring of buffers lies that a group has."""

    ring_addr: Annotated[Address64, Choices(Blob(bytes(4096)), ARENA, ARENA + 16, 0)]
    ring_entries: Annotated[U32, Choices(4, 1, 3, 0, 1 << 15, 1 << 16)]
    bgid: Annotated[U16, Choices(3, 0)]
    flags: Annotated[U16, Choices(0, 1, 4)]
    reserved0: U64
    reserved1: U64
    reserved2: U64


Submit = Annotated[int, Choices(often(0), 1, 2)]
Unused = Annotated[int, Choices(0, rarely(1))]
EnterFlags = Annotated[int, Flags(named(globals(), "IORING_ENTER_"))]

RegisterOpcode = Annotated[
    int,
    Flags(_OPCODES, bits=False),
    Choices(IORING_UNREGISTER_FILES, *_OPCODES.values(), rarely(13, -1)),
]


def _ints(*choices: Choice) -> Blob:
    return Blob(bytes(4 * len(choices)), tuple((4 * at, 4, choice) for at, choice in enumerate(choices)))


FileTable = Annotated[
    InBytes,
    Choices(
        *(_ints(Use("fd:file")), _ints(Use("fd:file"), Use("fd:pipe:r")), _ints(Use("fd"), -1), _ints(99)),
        *(_ints(Use("fd:uring")), Blob(b""), UNMAPPED, 0),
    ),
]
FileCount = Annotated[int, Length(4)]
BufferTable = Annotated[
    InBytes,
    Choices(
        *(iovecs(room(64)), iovecs(room(64), room(16)), iovecs(UNMAPPED), iovecs(Blob(b"")), iovecs()),
        *(UNMAPPED, 0),
    ),
]
BufferCount = Annotated[int, Length(16)]
EventFdPointer = Annotated[InBytes, Choices(_ints(Use("fd:event")), _ints(Use("fd:file")), _ints(-1), UNMAPPED, 0)]
OneEventFd = Annotated[int, Choices(often(1), 0, 2)]
OneRing = OneEventFd
Probe = Annotated[
    bytes | Buffer | int | None,
    Pointer(out=True),
    Masked(),
    Choices(Blob(bytes(16 + 8 * 4)), Blob(bytes(16)), Blob(b"\1" * 48), UNMAPPED),
]
"""Which operations a kernel knows: a matter of its version."""
ProbeCount = Annotated[int, Choices(4, 0, 257)]
UringPersonality = Annotated[int, Renamed("personality")]


@syscall(number=425, since="5.1", touches=PROCESS)
def io_uring_setup(entries: Entries, params: InOut[IoUringParams]) -> UringFd: ...
@syscall(number=426, since="5.1", never="lets threads of the kernel go on beyond the program's end")
def io_uring_enter(
    fd: UringFd, submit: Submit, complete: Unused, flags: EnterFlags, argument: WaitMask, size: SigsetSize
) -> Count: ...
@operation(io_uring_enter, submit=0, touches=PROCESS, refused="nothing: without requests there is nothing to do")
def io_uring_enter_nothing(
    fd: UringFd, submit: Int, complete: AlwaysZero, flags: EnterFlags, argument: WaitMask, size: SigsetSize
) -> Count: ...
@syscall(number=427, since="5.1", touches=PROCESS)
def io_uring_register(fd: UringFd, opcode: RegisterOpcode, argument: Anything, count: Int) -> Int: ...
@operation(io_uring_register, opcode=IORING_REGISTER_FILES)
def io_uring_register_files(fd: UringFd, opcode: RegisterOpcode, argument: FileTable, count: FileCount) -> Zero: ...
@operation(io_uring_register, opcode=IORING_REGISTER_BUFFERS)
def io_uring_register_buffers(
    fd: UringFd, opcode: RegisterOpcode, argument: BufferTable, count: BufferCount
) -> Zero: ...
@operation(
    io_uring_register,
    opcode=(
        *(IORING_UNREGISTER_BUFFERS, IORING_UNREGISTER_FILES, IORING_UNREGISTER_EVENTFD),
        IORING_REGISTER_ENABLE_RINGS,
    ),
)
def io_uring_register_nothing(fd: UringFd, opcode: RegisterOpcode, argument: Unused, count: Unused) -> Zero: ...
@operation(io_uring_register, opcode=(IORING_REGISTER_EVENTFD, IORING_REGISTER_EVENTFD_ASYNC))
def io_uring_register_eventfd(
    fd: UringFd, opcode: RegisterOpcode, argument: EventFdPointer, count: OneEventFd
) -> Zero: ...
@operation(io_uring_register, opcode=(IORING_REGISTER_PBUF_RING, IORING_UNREGISTER_PBUF_RING))
def io_uring_register_buffer_ring(
    fd: UringFd, opcode: RegisterOpcode, argument: In[IoUringBufReg], count: OneRing
) -> Zero: ...
@operation(io_uring_register, opcode=IORING_REGISTER_PROBE)
def io_uring_register_probe(fd: UringFd, opcode: RegisterOpcode, argument: Probe, count: ProbeCount) -> Zero: ...
@operation(io_uring_register, opcode=IORING_REGISTER_PERSONALITY)
def io_uring_register_personality(
    fd: UringFd, opcode: RegisterOpcode, argument: Unused, count: Unused
) -> UringPersonality: ...
@operation(io_uring_register, opcode=IORING_UNREGISTER_PERSONALITY)
def io_uring_register_no_personality(
    fd: UringFd, opcode: RegisterOpcode, argument: Unused, count: UringPersonality
) -> Zero: ...
