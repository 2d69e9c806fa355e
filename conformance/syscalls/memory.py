"""Memory: mappings, protection, advice, locks in memory, keys, NUMA, userfaultfd."""

from __future__ import annotations

import ctypes
from typing import Annotated

from conformance.syscalls.files import READ_IOVECS, WRITE_IOVECS, Iovec, None_, ioctl, iovecs
from conformance.syscalls.machinery.buffers import U64, Buffer, Layout, Struct
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import ARENA, DATA, EDGES, READ_ONLY, UNMAPPED, Blob, Choice, Use, room
from conformance.syscalls.machinery.kinds import (
    Address,
    Address64,
    AddressKind,
    Bits,
    ChosenFd,
    ChosenMemory,
    Count,
    Done,
    FileDescriptor,
    Flags,
    In,
    InOut,
    Int,
    Length,
    Masked,
    Memory,
    Number,
    Pid,
    Renamed,
    Size,
    Zero,
    named,
)
from conformance.syscalls.machinery.taming import Tame
from conformance.syscalls.machinery.touches import MEMORY, NOTHING, PROCESS
from conformance.syscalls.signals import OneOf

PAGE = 4096
PROT_NONE, PROT_READ, PROT_WRITE, PROT_EXEC = 0, 1, 2, 4
PROT_GROWSDOWN = 0x01000000
MAP_SHARED, MAP_PRIVATE, MAP_SHARED_VALIDATE, MAP_FIXED, MAP_ANONYMOUS = 1, 2, 3, 0x10, 0x20
MAP_32BIT, MAP_GROWSDOWN, MAP_LOCKED, MAP_NORESERVE, MAP_POPULATE = 0x40, 0x100, 0x2000, 0x4000, 0x8000
MAP_STACK, MAP_HUGETLB, MAP_SYNC, MAP_FIXED_NOREPLACE = 0x20000, 0x40000, 0x80000, 0x100000
MREMAP_MAYMOVE, MREMAP_FIXED, MREMAP_DONTUNMAP = 1, 2, 4
MS_ASYNC, MS_INVALIDATE, MS_SYNC = 1, 2, 4
MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_DONTNEED = range(5)
MADV_FREE, MADV_REMOVE, MADV_DONTFORK, MADV_DOFORK = 8, 9, 10, 11
MADV_MERGEABLE, MADV_UNMERGEABLE, MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_DONTDUMP, MADV_DODUMP = range(12, 18)
MADV_WIPEONFORK, MADV_KEEPONFORK, MADV_COLD, MADV_PAGEOUT = 18, 19, 20, 21
MADV_POPULATE_READ, MADV_POPULATE_WRITE, MADV_DONTNEED_LOCKED, MADV_COLLAPSE = range(22, 26)
MADV_GUARD_INSTALL, MADV_GUARD_REMOVE = 102, 103
MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT = 1, 2, 4
MLOCK_ONFAULT = 1
MFD_CLOEXEC, MFD_ALLOW_SEALING, MFD_HUGETLB, MFD_NOEXEC_SEAL, MFD_EXEC = 1, 2, 4, 8, 16
PKEY_DISABLE_ACCESS, PKEY_DISABLE_WRITE = 1, 2
UFFD_USER_MODE_ONLY, UFFD_API, UFFD_EVENT_PAGEFAULT = 1, 0xAA, 0x12
UFFDIO_API, UFFDIO_REGISTER, UFFDIO_COPY = 0xC018AA3F, 0xC020AA00, 0xC028AA03
UFFDIO_UNREGISTER, UFFDIO_WAKE, UFFDIO_ZEROPAGE, UFFDIO_WRITEPROTECT = 0x8010AA01, 0x8010AA02, 0xC020AA04, 0xC018AA06
UFFDIO_CONTINUE, UFFDIO_POISON, UFFDIO_MOVE = 0xC020AA07, 0xC020AA08, 0xC028AA05
UFFDIO_REGISTER_MODE_MISSING = 1
MPOL_DEFAULT, MPOL_PREFERRED, MPOL_BIND, MPOL_INTERLEAVE, MPOL_LOCAL, MPOL_PREFERRED_MANY, MPOL_WEIGHTED_INTERLEAVE = range(7)
MPOL_F_STATIC_NODES, MPOL_F_RELATIVE_NODES = 1 << 15, 1 << 14
MPOL_F_NODE, MPOL_F_ADDR, MPOL_F_MEMS_ALLOWED = 1, 2, 4
MPOL_MF_STRICT, MPOL_MF_MOVE, MPOL_MF_MOVE_ALL = 1, 2, 4

Prot = Annotated[int, Flags(named(globals(), "PROT_"), only=(*(PROT_READ | PROT_WRITE,) * 8, *(PROT_READ, PROT_NONE) * 3, PROT_WRITE, PROT_EXEC, PROT_READ | PROT_EXEC, PROT_READ | PROT_WRITE | PROT_EXEC, PROT_READ | PROT_WRITE | PROT_GROWSDOWN, 0x02000000, 0x08, 1 << 30, -1))]
_MAP = named(globals(), "MAP_")
MapFlags = Annotated[int, Flags(_MAP), Tame.FIXED]
_MAP_FIXED = MAP_FIXED | MAP_ANONYMOUS
AnonymousFlags = Annotated[int, Flags(_MAP, only=(*(_MAP_FIXED | MAP_PRIVATE,) * 8, *(_MAP_FIXED | MAP_SHARED,) * 5, *(_MAP_FIXED | MAP_PRIVATE | more for more in (MAP_GROWSDOWN, MAP_LOCKED, MAP_NORESERVE, MAP_POPULATE, MAP_STACK, MAP_FIXED_NOREPLACE, MAP_FIXED_NOREPLACE, MAP_HUGETLB, MAP_32BIT)), _MAP_FIXED | MAP_SHARED_VALIDATE, _MAP_FIXED | MAP_SHARED_VALIDATE | 1 << 30, _MAP_FIXED, _MAP_FIXED | MAP_SHARED | MAP_GROWSDOWN, _MAP_FIXED | MAP_SHARED | MAP_SYNC)), Tame.FIXED]
Advice = Annotated[int, Flags(named(globals(), "MADV_"), bits=False)]
MremapFlags = Annotated[int, Flags(named(globals(), "MREMAP_"), only=(0, 0, 0, *(MREMAP_MAYMOVE | MREMAP_FIXED,) * 6, *(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP,) * 3, MREMAP_FIXED, MREMAP_DONTUNMAP, 8, -1))]
SyncFlags = Annotated[int, Flags(named(globals(), "MS_"), plain=(MS_SYNC, MS_ASYNC, MS_SYNC | MS_INVALIDATE))]
LockAllFlags = Annotated[int, Flags(named(globals(), "MCL_"), plain=(MCL_CURRENT | MCL_ONFAULT, MCL_FUTURE | MCL_ONFAULT))]
Lock2Flags = Annotated[int, Flags(named(globals(), "MLOCK_"))]
SecretFlags = Annotated[int, Flags({"O_CLOEXEC": 0o2000000}, plain=(0, 0o2000000))]
UserfaultFlags = Annotated[int, Flags({"UFFD_USER_MODE_ONLY": 1, "O_NONBLOCK": 0o4000, "O_CLOEXEC": 0o2000000}, plain=(0o4001, 0o4000, 0o2004001))]
KeyRights = Annotated[int, Flags(named(globals(), "PKEY_"), plain=(0, PKEY_DISABLE_WRITE))]
Policy = Annotated[int, Flags({**named(globals(), "MPOL_DEFAULT", "MPOL_PREFERRED", "MPOL_BIND", "MPOL_INTER", "MPOL_LOCAL", "MPOL_WEIGHTED"), "MPOL_BIND|MPOL_F_STATIC_NODES": 2 | 1 << 15, "MPOL_INTERLEAVE|MPOL_F_RELATIVE_NODES": 3 | 1 << 14}, bits=False, plain=(MPOL_BIND, MPOL_PREFERRED))]
PolicyFlags = Annotated[int, Flags(named(globals(), "MPOL_F_NODE", "MPOL_F_ADDR", "MPOL_F_MEMS"), plain=(0, 0, 0))]
MoveFlags = Annotated[int, Flags(named(globals(), "MPOL_MF_"), plain=(0, 0))]

_PLACES = (*(ARENA,) * 12, ARENA + PAGE, ARENA + PAGE, ARENA + 2 * PAGE, ARENA + 4 * PAGE)


class Mapping(AddressKind):
    """The address of what is mapped, which is a resource: a call that needs a mapping gets one."""

    def __init__(self, of: str = "", *choices: Choice) -> None:
        super().__init__(*choices)
        self.family = f"map:{of}" if of else "map"


_MAPPING = (*(Use("map"),) * 12, Use("map", 1), Use("map:file"), Use("map:file"))
NewMap = Annotated[int, Mapping()]
NewFileMap = Annotated[int, Mapping("file")]
MapAddress = Annotated[int, AddressKind(*_PLACES, ARENA + 1), Tame.IN_ARENA]
"""Where something is to be mapped: nowhere but in the arena."""
_CHANGED = AddressKind(*_MAPPING, *_PLACES[-4:], ARENA + 1)
Moved = Annotated[int, _CHANGED, Tame.IN_ARENA]
AnyMap = Annotated[int, _CHANGED]
Changed = Annotated[AnyMap, Tame.OWN]
"""A mapping to change."""
Mapped = Annotated[int, AddressKind(*_MAPPING, *_PLACES[-4:], ARENA + 1, READ_ONLY, UNMAPPED, 0, -PAGE), Tame.OWN]
"""A mapping to ask of, or to advise on."""
FileMap = Annotated[int, AddressKind(*(Use("map:file"),) * 8, Use("map"), ARENA), Tame.OWN]
NewAddress = Annotated[int, AddressKind(*(ARENA + 16 * PAGE, ARENA + 8 * PAGE) * 4, ARENA + PAGE, ARENA, ARENA + 16 * PAGE + 1), Tame.IN_ARENA]
BreakAddress = Annotated[int, AddressKind(0, 0, 0, PAGE, ARENA)]
NewLength = Annotated[int, Number(*(4 * PAGE,) * 8, PAGE, PAGE, 2 * PAGE, 8 * PAGE, 1, PAGE + 1, 0, -1, 1 << 47), Tame.SHORT]
AnyLength = Annotated[int, Number(*(PAGE, 2 * PAGE, 4 * PAGE, PAGE, PAGE) * 3, 8 * PAGE, 1, PAGE + 1, 0, -1, 1 << 47)]
MapLength = Annotated[AnyLength, Tame.SHORT]
Grown = Annotated[int, Number(2 * PAGE, PAGE, 4 * PAGE, 2 * PAGE, 8 * PAGE, 1, 0, -1), Tame.SHORT]
PageOffset = Annotated[int, Number(0, 0, 0, PAGE, 2 * PAGE, 1, -1, -PAGE, 1 << 40)]
NoFd = Annotated[int, ChosenFd("", *(-1,) * 12, Use("fd"))]
Mappable = Annotated[int, FileDescriptor("file", *(Use("fd:file"), Use("fd:mem")) * 4, Use("fd:dir"), Use("fd:pipe:r"), Use("fd:path"), Use("fd:secret"))]
PidFd = Annotated[int, FileDescriptor("pid")]
SecretFd = Annotated[int, FileDescriptor("secret")]
UserfaultFd = Annotated[int, FileDescriptor("userfault")]
Key = Annotated[int, Renamed("pkey", keep=(0, -1))]
KeyOrNone = Annotated[int, Number(*(Use("pkey"),) * 6, *(0,) * 4, *(-1,) * 4, 15, 16)]
Residency = Annotated[Buffer | Struct | int | None, Memory(out=True, reads=False, choices=(*(room(8),) * 6, room(64), room(1, edge=True)))]
_NODES = (Blob(b"\1" + bytes(127)), Blob(b"\1" + bytes(7)))
NodeMask = Annotated[bytes | Buffer | int | None, ChosenMemory(*_NODES * 4, 0, Blob(bytes(8)), Blob(b"\2" + bytes(7)), Blob(b"\xff" * 8), UNMAPPED)]
NodesOut = Annotated[Buffer | Struct | int | None, Memory(out=True, reads=False, choices=(*(room(128),) * 6, room(8)))]
ModeOut = Annotated[Buffer | Struct | int | None, ChosenMemory(*(room(4),) * 6, 0, UNMAPPED, out=True, reads=False)]
MaxNode = Annotated[int, Number(64, 64, 65, 1024, 1024, 2, 0, 1 << 20, -1)]
NodesLength = Annotated[int, Number(1024, 1024, 64, 8, 0, 1 << 20)]
IsBound = Annotated[int, Done("bound")]
AfterBind = Annotated[int, Number(*(Use("bound"),) * 8, 0, 1)]
HomeNode = Annotated[int, Number(0, 0, 0, 1, 1024, -1)]
QueryAddress = Annotated[int, AddressKind(*(0,) * 6, *(Use("map"),) * 3, UNMAPPED)]
NotMoved = Annotated[int, Masked()]
"""How many pages could not be moved: who else uses them."""


class TwoIovecs(Struct):
    """An array of two `struct iovec`."""

    base0: Address64
    length0: U64
    base1: Address64
    length1: U64


class VectorsOf(OneOf):
    """Arrays of `struct iovec`: of what is here, or of what lies at the same address in a child."""

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        return self._choices


_THERE = (*(Blob(DATA.to_bytes(8, "little") + (16).to_bytes(8, "little")),) * 6, Blob((DATA + EDGES[0]).to_bytes(8, "little") + (8192).to_bytes(8, "little")), Blob(READ_ONLY.to_bytes(8, "little") + (16).to_bytes(8, "little")))
_MAPPED = (Blob(bytes(8) + PAGE.to_bytes(8, "little"), ((0, 8, Use("map")),)), iovecs(room(16)))
Vectors = Annotated[object, VectorsOf(Iovec, TwoIovecs, out=False, choices=WRITE_IOVECS)]  # not named here: a struct would lend its kinds to all
RoomVectors = Annotated[object, VectorsOf(Iovec, TwoIovecs, out=False, choices=READ_IOVECS)]
RemoteVectors = Annotated[object, VectorsOf(Iovec, TwoIovecs, out=False, choices=(*_THERE, *WRITE_IOVECS[-3:]))]
AdvisedVectors = Annotated[object, VectorsOf(Iovec, TwoIovecs, out=False, choices=(*_MAPPED * 3, *WRITE_IOVECS[-3:]))]
VectorCount = Annotated[int, Length(16)]


class Able(Masked):
    """What a kernel says that it can: 0 before the call."""

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        return (0, 0, 1, 1 << 62)


class UffdioApi(Struct):
    """`struct uffdio_api`. What a kernel can is a matter of its version."""

    api: Annotated[int, Layout(ctypes.c_uint64), Number(UFFD_API, 0)]
    features: Annotated[int, Layout(ctypes.c_uint64), Able()]
    ioctls: Annotated[int, Layout(ctypes.c_uint64), Able()]


class UffdioRegister(Struct):
    """`struct uffdio_register`."""

    start: Annotated[int, Layout(ctypes.c_uint64), AddressKind(Use("map"), ARENA, ARENA + PAGE, ARENA + 1, DATA)]
    len: Annotated[int, Layout(ctypes.c_uint64), Number(PAGE, 2 * PAGE, 1, 0)]
    mode: Annotated[int, Layout(ctypes.c_uint64), Number(UFFDIO_REGISTER_MODE_MISSING, 2, 3, 4, 0, 8)]
    ioctls: Annotated[int, Layout(ctypes.c_uint64), Able()]


class UffdioRange(Struct):
    """`struct uffdio_range`."""

    start: Annotated[int, Layout(ctypes.c_uint64), AddressKind(Use("map"), ARENA, ARENA + PAGE, ARENA + 1)]
    len: Annotated[int, Layout(ctypes.c_uint64), Number(PAGE, 2 * PAGE, 1, 0)]


class UffdioCopy(Struct):
    """`struct uffdio_copy`."""

    dst: Annotated[int, Layout(ctypes.c_uint64), AddressKind(Use("map"), ARENA, ARENA + PAGE, ARENA + 1)]
    src: Annotated[int, Layout(ctypes.c_uint64), AddressKind(DATA, ARENA, UNMAPPED)]
    len: Annotated[int, Layout(ctypes.c_uint64), Number(PAGE, 1, 0)]
    mode: Annotated[int, Layout(ctypes.c_uint64), Number(0, 1, 2, 4)]
    copy: Annotated[int, Layout(ctypes.c_int64), Number(0)]


class UffdioZeropage(Struct):
    """`struct uffdio_zeropage`."""

    range: UffdioRange
    mode: Annotated[int, Layout(ctypes.c_uint64), Number(0, 1, 2)]
    zeropage: Annotated[int, Layout(ctypes.c_int64), Number(0)]


PagePointers = Annotated[bytes | Buffer | int | None, ChosenMemory(*(Blob(bytes(8), ((0, 8, Use("map")),)),) * 4, Blob(DATA.to_bytes(8, "little")), Blob((ARENA + PAGE).to_bytes(8, "little")), Blob(bytes(8)), UNMAPPED)]
NodeNumbers = Annotated[bytes | Buffer | int | None, ChosenMemory(*(0,) * 4, *(Blob(bytes(4)),) * 4, Blob(b"\1" + bytes(3)), Blob(b"\xff" * 4), UNMAPPED)]
PageStatus = Annotated[Buffer | bytes | Struct | int | None, Memory(out=True, reads=False, choices=(*(room(4),) * 6,))]
PageCount = Annotated[int, Number(1, 1, 1, 1, 0, 1 << 40)]
SelfOrPid = Annotated[int, Number(0, 0, 0, Use("pid"), -1)]
OwnPid = Annotated[int, Number(*(0,) * 6, Use("pid"), Use("pid"), -1)]
MovePages = Annotated[int, Flags({"MPOL_MF_MOVE": MPOL_MF_MOVE, "MPOL_MF_MOVE_ALL": MPOL_MF_MOVE_ALL})]
NoProt = Annotated[int, Number(*(0,) * 6, 1, 3)]
PageNumber = Annotated[int, Number(0, 0, 1, 2, 100, -1)]


@syscall(x86_64=9, aarch64=222, touches=PROCESS | MEMORY)
def mmap(addr: MapAddress, length: NewLength, prot: Prot, flags: AnonymousFlags, fd: NoFd, offset: PageOffset) -> NewMap: ...
@operation(mmap, flags=(*(MAP_FIXED | MAP_SHARED, MAP_FIXED | MAP_PRIVATE) * 4, MAP_FIXED | MAP_SHARED_VALIDATE, *(MAP_FIXED | MAP_PRIVATE | more for more in (MAP_LOCKED, MAP_NORESERVE, MAP_POPULATE, MAP_FIXED_NOREPLACE, MAP_GROWSDOWN)), MAP_FIXED | MAP_SHARED_VALIDATE | MAP_SYNC, MAP_FIXED))
def mmap_file(addr: MapAddress, length: NewLength, prot: Prot, flags: MapFlags, fd: Mappable, offset: PageOffset) -> NewFileMap: ...
@syscall(x86_64=11, aarch64=215, touches=PROCESS | MEMORY)
def munmap(addr: Changed, length: MapLength) -> Zero: ...
@syscall(x86_64=10, aarch64=226, touches=PROCESS | MEMORY)
def mprotect(addr: Changed, length: MapLength, prot: Prot) -> Zero: ...
@syscall(x86_64=25, aarch64=216, touches=PROCESS | MEMORY)
def mremap(addr: Moved, old_size: MapLength, new_size: Grown, flags: MremapFlags, new_addr: NewAddress = 0) -> NewMap: ...
@syscall(x86_64=28, aarch64=233, touches=PROCESS | MEMORY)
def madvise(addr: Changed, length: MapLength, advice: Advice) -> Zero: ...
@syscall(number=440, since="5.10", touches=PROCESS)
def process_madvise(pidfd: PidFd, iov: AdvisedVectors, count: VectorCount, advice: Advice, flags: None_) -> Count: ...
@syscall(number=448, since="5.15", touches=PROCESS)
def process_mrelease(pidfd: PidFd, flags: None_) -> Zero: ...
@syscall(x86_64=26, aarch64=227, touches=PROCESS)
def msync(addr: Mapped, length: MapLength, flags: SyncFlags) -> Zero: ...
@syscall(x86_64=27, aarch64=232, touches=PROCESS, shows="memory")
def mincore(addr: Mapped, length: MapLength, vec: Residency) -> Zero: ...
@syscall(x86_64=149, aarch64=228, touches=PROCESS)
def mlock(addr: Mapped, length: MapLength) -> Zero: ...
@syscall(x86_64=325, aarch64=284, since="4.4", touches=PROCESS)
def mlock2(addr: Mapped, length: MapLength, flags: Lock2Flags) -> Zero: ...
@syscall(x86_64=150, aarch64=229, touches=PROCESS)
def munlock(addr: Mapped, length: MapLength) -> Zero: ...
@syscall(x86_64=151, aarch64=230, touches=PROCESS | MEMORY)
def mlockall(flags: LockAllFlags) -> Zero: ...
@syscall(x86_64=152, aarch64=231, touches=PROCESS)
def munlockall() -> Zero: ...
@syscall(x86_64=12, aarch64=214, touches=PROCESS | MEMORY)
def brk(addr: BreakAddress) -> Address: ...
@syscall(x86_64=216, aarch64=234, touches=PROCESS | MEMORY)
def remap_file_pages(addr: FileMap, size: MapLength, prot: NoProt, pgoff: PageNumber, flags: NoProt) -> Zero: ...
@syscall(number=462, since="6.10", touches=PROCESS | MEMORY)
def mseal(addr: Changed, length: MapLength, flags: None_) -> Zero: ...
@syscall(number=453, since="6.6", never="takes the executor's registers or stack away")
def map_shadow_stack(addr: Address, size: Size, flags: Bits) -> Address: ...
@syscall(number=447, since="5.14", touches=PROCESS)
def memfd_secret(flags: SecretFlags) -> SecretFd: ...
@syscall(x86_64=323, aarch64=282, since="4.3", never="lets threads of the kernel go on beyond the program's end")
def userfaultfd(flags: UserfaultFlags) -> UserfaultFd: ...
@operation(ioctl, request=UFFDIO_API, touches=NOTHING)
def ioctl_uffdio_api(fd: UserfaultFd, request: Int, arg: InOut[UffdioApi] = 0) -> Zero: ...
@operation(ioctl, request=UFFDIO_REGISTER, touches=NOTHING)
def ioctl_uffdio_register(fd: UserfaultFd, request: Int, arg: InOut[UffdioRegister] = 0) -> Zero: ...
@operation(ioctl, request=(UFFDIO_UNREGISTER, UFFDIO_WAKE), touches=NOTHING)
def ioctl_uffdio_unregister(fd: UserfaultFd, request: Int, arg: In[UffdioRange] = 0) -> Zero: ...
@operation(ioctl, request=UFFDIO_COPY, touches=NOTHING)
def ioctl_uffdio_copy(fd: UserfaultFd, request: Int, arg: InOut[UffdioCopy] = 0) -> Zero: ...
@operation(ioctl, request=UFFDIO_ZEROPAGE, touches=NOTHING)
def ioctl_uffdio_zeropage(fd: UserfaultFd, request: Int, arg: InOut[UffdioZeropage] = 0) -> Zero: ...
@syscall(x86_64=330, aarch64=289, since="4.8", touches=PROCESS)
def pkey_alloc(flags: None_, rights: KeyRights) -> Key: ...
@syscall(x86_64=331, aarch64=290, since="4.8", touches=PROCESS)
def pkey_free(key: Key) -> Zero: ...
@syscall(x86_64=329, aarch64=288, since="4.8", touches=PROCESS | MEMORY)
def pkey_mprotect(addr: Changed, length: MapLength, prot: Prot, key: KeyOrNone) -> Zero: ...
@syscall(x86_64=310, aarch64=270, since="3.2", touches=PROCESS)
def process_vm_readv(pid: Pid, local: RoomVectors, nlocal: VectorCount, remote: RemoteVectors, nremote: VectorCount, flags: None_) -> Count: ...
@syscall(x86_64=311, aarch64=271, since="3.2", touches=PROCESS)
def process_vm_writev(pid: Pid, local: Vectors, nlocal: VectorCount, remote: RemoteVectors, nremote: VectorCount, flags: None_) -> Count: ...
@syscall(x86_64=237, aarch64=235, touches=PROCESS)
def mbind(addr: Changed, length: MapLength, mode: Policy, mask: NodeMask, maxnode: MaxNode, flags: MoveFlags) -> IsBound: ...
@syscall(x86_64=239, aarch64=236, touches=PROCESS)
def get_mempolicy(mode: ModeOut, mask: NodesOut, maxnode: NodesLength, addr: QueryAddress, flags: PolicyFlags) -> Zero: ...
@syscall(x86_64=238, aarch64=237, touches=PROCESS)
def set_mempolicy(mode: Policy, mask: NodeMask, maxnode: MaxNode) -> Zero: ...
@syscall(number=450, since="5.17", touches=PROCESS)
def set_mempolicy_home_node(addr: AnyMap, length: AnyLength, node: HomeNode, flags: AfterBind) -> Zero: ...
@syscall(x86_64=256, aarch64=238, since="2.6.16", touches=PROCESS)
def migrate_pages(pid: SelfOrPid, maxnode: MaxNode, old: NodeMask, new: NodeMask) -> NotMoved: ...
@syscall(x86_64=279, aarch64=239, since="2.6.18", touches=PROCESS)
def move_pages(pid: OwnPid, count: PageCount, pages: PagePointers, nodes: NodeNumbers, status: PageStatus, flags: MovePages) -> Zero: ...
