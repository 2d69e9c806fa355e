"""namespaces(7): leaving and joining them, and asking what they are."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.machinery.aliases import In, OutBuffer, Varying, Zero
from conformance.syscalls.machinery.buffers import U32, U64, Struct
from conformance.syscalls.machinery.call import syscall
from conformance.syscalls.machinery.choices import BAD_POINTERS, Choices, often, rarely, room, seldom
from conformance.syscalls.machinery.kinds import FileDescriptor, Flags, Masked, named
from conformance.syscalls.machinery.touches import MOUNTS, PRIVILEGES, PROCESS
from conformance.syscalls.processes.sharing import (
    CLONE_FILES,
    CLONE_FS,
    CLONE_SIGHAND,
    CLONE_SYSVSEM,
    CLONE_THREAD,
    CLONE_VM,
)

CLONE_NEWTIME, CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS = 0x80, 0x20000, 0x2000000, 0x4000000
CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x8000000, 0x10000000, 0x20000000, 0x40000000
NAMESPACES = named(globals(), "CLONE_NEW")
"""What clone(2), unshare(2) and setns(2) call each kind."""

NS_GET_USERNS, NS_GET_PARENT, NS_GET_NSTYPE, NS_GET_OWNER_UID = 0xB701, 0xB702, 0xB703, 0xB704

_NAMES = NAMESPACES | {"CLONE_FILES": CLONE_FILES, "CLONE_FS": CLONE_FS, "CLONE_SYSVSEM": CLONE_SYSVSEM}
UnshareFlags = Annotated[
    int,
    Flags(_NAMES),
    Choices(
        *(CLONE_FILES, CLONE_FS, CLONE_SYSVSEM),
        *NAMESPACES.values(),
        *(CLONE_NEWUTS | CLONE_NEWIPC, CLONE_NEWUSER | CLONE_NEWNS, 0),
        *(CLONE_VM, CLONE_SIGHAND, CLONE_THREAD, 1, 1 << 40, -1),
    ),
]
NamespaceType = Annotated[
    int,
    Flags(_NAMES),
    Choices(
        *(CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUTS | CLONE_NEWIPC, CLONE_NEWNET),
        seldom(CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWUSER, CLONE_NEWCGROUP, CLONE_NEWTIME, 0, CLONE_FILES, -1),
    ),
]
PidFd = Annotated[int, FileDescriptor("pid")]


class NsIdReq(Struct):
    """`struct ns_id_req` (Linux 6.19)."""

    size_: Annotated[U32, Choices(32, 0, 24, 40)]
    spare0: U32
    ns_id: Annotated[U64, Choices(0, 1, -1)]
    ns_type: Annotated[U32, Choices(CLONE_NEWUTS, 0, CLONE_NEWIPC, CLONE_NEWUTS | CLONE_NEWIPC, 1)]
    spare1: U32
    user_ns_id: Annotated[U64, Choices(0, -1, 1)]


NamespaceIds = Annotated[
    OutBuffer,
    Masked(),
    Choices(often(room(512)), rarely(*BAD_POINTERS)),
]
IdCount = Annotated[int, Choices(64, seldom(0, 1, 1000001))]
ListFlags = Annotated[int, Choices(0, rarely(1))]


@syscall(x86_64=272, aarch64=97, since="2.6.16", touches=MOUNTS | PRIVILEGES)
def unshare(flags: UnshareFlags) -> Zero: ...
@syscall(x86_64=308, aarch64=268, since="3.0", touches=MOUNTS | PRIVILEGES, after=("unshare",))
def setns(fd: PidFd, nstype: NamespaceType) -> Zero: ...
@syscall(number=470, since="6.19", touches=PROCESS)
def listns(request: In[NsIdReq], ids: NamespaceIds, count: IdCount, flags: ListFlags) -> Varying: ...
