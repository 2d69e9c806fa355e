"""mmap(2) and those around it: mapping memory, moving it, protecting it, giving it back."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.machinery.aliases import Address, AlwaysZero, Fd, Out, Size, Zero
from conformance.syscalls.machinery.buffers import Struct
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import BAD_POINTERS, Choices, Use, often, rarely, room, seldom
from conformance.syscalls.machinery.kinds import FileDescriptor, Flags, Resource, named
from conformance.syscalls.machinery.taming import Tame
from conformance.syscalls.machinery.touches import MEMORY, PROCESS
from conformance.syscalls.machinery.world import ARENA, PAGE, READ_ONLY, UNMAPPED

PROT_NONE, PROT_READ, PROT_WRITE, PROT_EXEC = 0, 1, 2, 4
PROT_SEM, PROT_GROWSDOWN, PROT_GROWSUP = 8, 0x01000000, 0x02000000

MAP_SHARED, MAP_PRIVATE, MAP_SHARED_VALIDATE, MAP_FIXED, MAP_ANONYMOUS = 1, 2, 3, 0x10, 0x20
MAP_32BIT, MAP_GROWSDOWN, MAP_LOCKED, MAP_NORESERVE, MAP_POPULATE = 0x40, 0x100, 0x2000, 0x4000, 0x8000
MAP_STACK, MAP_HUGETLB, MAP_SYNC, MAP_FIXED_NOREPLACE = 0x20000, 0x40000, 0x80000, 0x100000
MAP_HUGE_16KB, MAP_HUGE_64KB, MAP_HUGE_512KB, MAP_HUGE_1MB = 0x38000000, 0x40000000, 0x4C000000, 0x50000000
MAP_HUGE_2MB, MAP_HUGE_8MB, MAP_HUGE_16MB, MAP_HUGE_32MB = 0x54000000, 0x5C000000, 0x60000000, 0x64000000
MAP_HUGE_256MB, MAP_HUGE_512MB, MAP_HUGE_1GB, MAP_HUGE_2GB = 0x70000000, 0x74000000, 0x78000000, 0x7C000000
MAP_HUGE_16GB = 0x88000000
MAP_DROPPABLE, MAP_ABOVE4G, MAP_DENYWRITE, MAP_EXECUTABLE = 8, 0x80, 0x800, 0x1000
MAP_NONBLOCK, MAP_UNINITIALIZED, MAP_FILE = 0x10000, 0x4000000, 0

MREMAP_MAYMOVE, MREMAP_FIXED, MREMAP_DONTUNMAP = 1, 2, 4

MS_ASYNC, MS_INVALIDATE, MS_SYNC = 1, 2, 4

_READ_WRITE = PROT_READ | PROT_WRITE
_HERE, _MOVED_HERE = MAP_FIXED | MAP_ANONYMOUS, MREMAP_MAYMOVE | MREMAP_FIXED

Prot = Annotated[
    int,
    Flags(named(globals(), "PROT_")),
    Choices(
        often(_READ_WRITE),
        *(PROT_READ, PROT_NONE),
        seldom(PROT_WRITE, PROT_EXEC, PROT_READ | PROT_EXEC, _READ_WRITE | PROT_EXEC, _READ_WRITE | PROT_GROWSDOWN),
        seldom(0x02000000, 0x08, 1 << 30, -1),
    ),
]
MapFlags = Annotated[int, Flags(named(globals(), "MAP_")), Tame.FIXED]
AnonymousFlags = Annotated[
    MapFlags,
    Choices(
        often(_HERE | MAP_PRIVATE, _HERE | MAP_SHARED),
        *(_HERE | MAP_PRIVATE | MAP_FIXED_NOREPLACE, _HERE | MAP_PRIVATE | MAP_GROWSDOWN),
        *(_HERE | MAP_PRIVATE | MAP_LOCKED, _HERE | MAP_PRIVATE | MAP_NORESERVE, _HERE | MAP_PRIVATE | MAP_POPULATE),
        *(_HERE | MAP_PRIVATE | MAP_STACK, _HERE | MAP_PRIVATE | MAP_HUGETLB, _HERE | MAP_PRIVATE | MAP_32BIT),
        *(_HERE | MAP_SHARED_VALIDATE, _HERE | MAP_SHARED_VALIDATE | 1 << 30, _HERE),
        *(_HERE | MAP_SHARED | MAP_GROWSDOWN, _HERE | MAP_SHARED | MAP_SYNC),
    ),
]
MremapFlags = Annotated[
    int,
    Flags(named(globals(), "MREMAP_")),
    Choices(0, _MOVED_HERE, _MOVED_HERE | MREMAP_DONTUNMAP, rarely(MREMAP_FIXED, MREMAP_DONTUNMAP, 8, -1)),
]
SyncFlags = Annotated[
    int,
    Flags(named(globals(), "MS_")),
    Choices(MS_SYNC, MS_ASYNC, MS_SYNC | MS_INVALIDATE, ...),
]

NewMap = Annotated[Address, Resource("map")]
"""What is mapped: a call that needs a mapping gets one."""
NewFileMap = Annotated[Address, Resource("map:file")]

MapAddress = Annotated[
    Address,
    Choices(often(ARENA), ARENA + PAGE, seldom(ARENA + 2 * PAGE, ARENA + 4 * PAGE, ARENA + 1)),
    Tame.IN_ARENA,
]
"""Where something is to be mapped: nowhere but in the arena."""
_OF_MAPPINGS = (
    often(Use("map")),
    *(Use("map:file"), ARENA + PAGE),
    seldom(Use("map", 1), ARENA + 2 * PAGE, ARENA + 4 * PAGE, ARENA + 1),
)
AnyMap = Annotated[Address, Choices(*_OF_MAPPINGS)]
Moved = Annotated[AnyMap, Tame.IN_ARENA]
Changed = Annotated[AnyMap, Tame.OWN]
"""A mapping to change."""
Mapped = Annotated[Address, Choices(*_OF_MAPPINGS, seldom(READ_ONLY, UNMAPPED, 0, -PAGE)), Tame.OWN]
"""A mapping to ask of, or to advise on."""
FileMap = Annotated[Address, Choices(often(Use("map:file")), Use("map"), ARENA), Tame.OWN]
NewAddress = Annotated[
    Address,
    Choices(ARENA + 16 * PAGE, ARENA + 8 * PAGE, rarely(ARENA + PAGE, ARENA, ARENA + 16 * PAGE + 1)),
    Tame.IN_ARENA,
]
BreakAddress = Annotated[Address, Choices(0, rarely(PAGE, ARENA))]

NewLength = Annotated[
    int,
    Choices(often(4 * PAGE), PAGE, seldom(2 * PAGE, 8 * PAGE, 1, PAGE + 1, 0, -1, 1 << 47)),
    Tame.SHORT,
]
AnyLength = Annotated[
    int,
    Choices(often(PAGE), 2 * PAGE, 4 * PAGE, seldom(8 * PAGE, 1, PAGE + 1, 0, -1, 1 << 47)),
]
MapLength = Annotated[AnyLength, Tame.SHORT]
Grown = Annotated[int, Choices(2 * PAGE, seldom(PAGE, 4 * PAGE, 8 * PAGE, 1, 0, -1)), Tame.SHORT]

NoFd = Annotated[Fd, Choices(often(-1), seldom(Use("fd")))]
Mappable = Annotated[
    int,
    FileDescriptor("file"),
    Choices(
        often(Use("fd:file")),
        Use("fd:mem"),
        seldom(Use("fd:dir"), Use("fd:pipe:r"), Use("fd:path"), Use("fd:secret"), Use("fd:proc")),
        ...,
    ),
]
SHADOW_STACK_SET_TOKEN, SHADOW_STACK_SET_MARKER = 1, 2
ShadowFlags = Annotated[int, Flags(named(globals(), "SHADOW_STACK_"))]
PageOffset = Annotated[int, Choices(0, rarely(PAGE, 2 * PAGE, 1, -1, -PAGE, 1 << 40))]
PageNumber = Annotated[int, Choices(0, seldom(1, 2, 100, -1))]
Ignored = Annotated[int, Choices(often(0), 1, 3)]
"""What remap_file_pages(2) wants to be 0, or takes no notice of."""
Residency = Annotated[Out[Struct], Choices(often(room(8)), room(64), room(1, edge=True), rarely(*BAD_POINTERS))]


@syscall(x86_64=9, aarch64=222, touches=PROCESS | MEMORY)
def mmap(
    addr: MapAddress, length: NewLength, prot: Prot, flags: AnonymousFlags, fd: NoFd, offset: PageOffset
) -> NewMap: ...
@operation(
    mmap,
    flags=Choices(
        often(MAP_FIXED | MAP_SHARED, MAP_FIXED | MAP_PRIVATE),
        *(
            MAP_FIXED | MAP_SHARED_VALIDATE,
            MAP_FIXED | MAP_PRIVATE | MAP_LOCKED,
            MAP_FIXED | MAP_PRIVATE | MAP_NORESERVE,
        ),
        *(MAP_FIXED | MAP_PRIVATE | MAP_POPULATE, MAP_FIXED | MAP_PRIVATE | MAP_FIXED_NOREPLACE),
        *(MAP_FIXED | MAP_PRIVATE | MAP_GROWSDOWN, MAP_FIXED | MAP_SHARED_VALIDATE | MAP_SYNC, MAP_FIXED),
    ),
)
def mmap_file(
    addr: MapAddress, length: NewLength, prot: Prot, flags: MapFlags, fd: Mappable, offset: PageOffset
) -> NewFileMap: ...
@syscall(x86_64=11, aarch64=215, touches=PROCESS | MEMORY)
def munmap(addr: Changed, length: MapLength) -> Zero: ...
@syscall(x86_64=25, aarch64=216, touches=PROCESS | MEMORY)
def mremap(
    addr: Moved, old_size: MapLength, new_size: Grown, flags: MremapFlags, new_addr: NewAddress = 0
) -> NewMap: ...
@syscall(x86_64=216, aarch64=234, touches=PROCESS | MEMORY)
def remap_file_pages(addr: FileMap, size: MapLength, prot: Ignored, pgoff: PageNumber, flags: Ignored) -> Zero: ...
@syscall(x86_64=10, aarch64=226, touches=PROCESS | MEMORY)
def mprotect(addr: Changed, length: MapLength, prot: Prot) -> Zero: ...
@syscall(number=462, since="6.10", touches=PROCESS | MEMORY)
def mseal(addr: Changed, length: MapLength, flags: AlwaysZero) -> Zero: ...
@syscall(x86_64=26, aarch64=227, touches=PROCESS)
def msync(addr: Mapped, length: MapLength, flags: SyncFlags) -> Zero: ...
@syscall(x86_64=27, aarch64=232, touches=PROCESS, shows="memory")
def mincore(addr: Mapped, length: MapLength, vec: Residency) -> Zero: ...
@syscall(x86_64=12, aarch64=214, touches=PROCESS | MEMORY)
def brk(addr: BreakAddress) -> Address: ...
@syscall(number=453, since="6.6", never="takes the executor's registers or stack away")
def map_shadow_stack(addr: Address, size: Size, flags: ShadowFlags) -> Address: ...
@operation(map_shadow_stack, flags=(4, 1 << 30, -1), touches=PROCESS, refused="flags that there are not")
def map_shadow_stack_refused(addr: Address, size: AnyLength, flags: ShadowFlags) -> Zero: ...
