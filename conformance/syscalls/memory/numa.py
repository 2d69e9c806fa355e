"""numa(7): on which nodes memory is, and where new memory is to come from."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.machinery.aliases import Address, InBytes, Out, Zero
from conformance.syscalls.machinery.buffers import Struct
from conformance.syscalls.machinery.call import syscall
from conformance.syscalls.machinery.choices import BAD_POINTERS, Blob, Choices, Use, often, rarely, room, seldom
from conformance.syscalls.machinery.kinds import Flags, Masked, Resource, named
from conformance.syscalls.machinery.touches import NOTHING, PROCESS
from conformance.syscalls.machinery.world import ARENA, DATA, PAGE, UNMAPPED
from conformance.syscalls.memory.mapping import AnyLength, AnyMap, Changed, MapLength

MPOL_DEFAULT, MPOL_PREFERRED, MPOL_BIND, MPOL_INTERLEAVE = 0, 1, 2, 3
MPOL_LOCAL, MPOL_PREFERRED_MANY, MPOL_WEIGHTED_INTERLEAVE = 4, 5, 6
MPOL_F_STATIC_NODES, MPOL_F_RELATIVE_NODES, MPOL_F_NUMA_BALANCING = 1 << 15, 1 << 14, 1 << 13

MPOL_F_NODE, MPOL_F_ADDR, MPOL_F_MEMS_ALLOWED = 1, 2, 4

MPOL_MF_STRICT, MPOL_MF_MOVE, MPOL_MF_MOVE_ALL, MPOL_MF_LAZY, MPOL_MF_INTERNAL = 1, 2, 4, 8, 16

_POLICIES = {
    **{
        name: value for name, value in named(globals(), "MPOL_").items() if not name.startswith(("MPOL_F_", "MPOL_MF_"))
    },
    "MPOL_BIND|MPOL_F_STATIC_NODES": MPOL_BIND | MPOL_F_STATIC_NODES,
    "MPOL_INTERLEAVE|MPOL_F_RELATIVE_NODES": MPOL_INTERLEAVE | MPOL_F_RELATIVE_NODES,
}
Policy = Annotated[int, Flags(_POLICIES, bits=False), Choices(MPOL_BIND, MPOL_PREFERRED, ...)]
PolicyFlags = Annotated[int, Flags(named(globals(), "MPOL_F_NODE", "MPOL_F_ADDR", "MPOL_F_MEMS"))]
BindFlags = Annotated[int, Flags(named(globals(), "MPOL_MF_"))]
MoveFlags = Annotated[int, Flags(named(globals(), "MPOL_MF_MOVE"))]

NodeMask = Annotated[
    InBytes,
    Choices(
        Blob(b"\1" + bytes(127)),
        Blob(b"\1" + bytes(7)),
        rarely(0, Blob(bytes(8)), Blob(b"\2" + bytes(7)), Blob(b"\xff" * 8), UNMAPPED),
    ),
]
MaxNode = Annotated[int, Choices(64, 1024, seldom(65, 2, 0, 1 << 20, -1))]
HomeNode = Annotated[int, Choices(0, rarely(1, 1024, -1))]
IsBound = Annotated[int, Resource("bound")]
AfterBind = Annotated[int, Choices(often(Use("bound")), 0, 1)]

OutPolicy = Annotated[Out[Struct], Choices(often(room(4)), 0, UNMAPPED)]
OutNodes = Annotated[Out[Struct], Choices(often(room(128)), room(8), rarely(*BAD_POINTERS))]
NodesLength = Annotated[int, Choices(1024, seldom(64, 8, 0, 1 << 20))]
QueryAddress = Annotated[Address, Choices(0, seldom(Use("map")), rarely(UNMAPPED))]

SelfOrPid = Annotated[int, Choices(0, rarely(Use("pid"), -1))]
OwnPid = Annotated[int, Choices(0, rarely(Use("pid"), -1))]
PageCount = Annotated[int, Choices(1, rarely(0, 1 << 40))]
PagePointers = Annotated[
    InBytes,
    Choices(
        Blob(bytes(8), ((0, 8, Use("map")),)),
        rarely(Blob(DATA.to_bytes(8, "little")), Blob((ARENA + PAGE).to_bytes(8, "little")), Blob(bytes(8)), UNMAPPED),
    ),
]
NodeNumbers = Annotated[
    InBytes,
    Choices(0, Blob(bytes(4)), rarely(Blob(b"\1" + bytes(3)), Blob(b"\xff" * 4), UNMAPPED)),
]
PageStatus = Annotated[Out[Struct], Choices(often(room(4)), rarely(*BAD_POINTERS))]
NotMoved = Annotated[int, Masked()]
"""How many pages could not be moved: who else uses them."""


@syscall(x86_64=237, aarch64=235, touches=PROCESS)
def mbind(
    addr: Changed, length: MapLength, mode: Policy, mask: NodeMask, maxnode: MaxNode, flags: BindFlags
) -> IsBound: ...
@syscall(x86_64=238, aarch64=237, touches=PROCESS)
def set_mempolicy(mode: Policy, mask: NodeMask, maxnode: MaxNode) -> Zero: ...
@syscall(number=450, since="5.17", touches=PROCESS)
def set_mempolicy_home_node(addr: AnyMap, length: AnyLength, node: HomeNode, flags: AfterBind) -> Zero: ...
@syscall(x86_64=239, aarch64=236, touches=NOTHING)
def get_mempolicy(
    mode: OutPolicy, mask: OutNodes, maxnode: NodesLength, addr: QueryAddress, flags: PolicyFlags
) -> Zero: ...
@syscall(x86_64=256, aarch64=238, since="2.6.16", touches=PROCESS)
def migrate_pages(pid: SelfOrPid, maxnode: MaxNode, old: NodeMask, new: NodeMask) -> NotMoved: ...
@syscall(x86_64=279, aarch64=239, since="2.6.18", touches=PROCESS)
def move_pages(
    pid: OwnPid, count: PageCount, pages: PagePointers, nodes: NodeNumbers, status: PageStatus, flags: MoveFlags
) -> Zero: ...
