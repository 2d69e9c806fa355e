"""Namespaces: leaving and joining them, and asking what they are."""

from __future__ import annotations

import ctypes
from typing import Annotated

from conformance.syscalls.machinery.buffers import U32, Buffer, Layout, Struct
from conformance.syscalls.machinery.call import syscall
from conformance.syscalls.machinery.choices import room
from conformance.syscalls.machinery.kinds import FileDescriptor, Flags, In, MaskedMemory, Number, Varying, Zero, named
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


_KINDS = (CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWNS, CLONE_NEWNET, CLONE_NEWPID, CLONE_NEWUSER, CLONE_NEWCGROUP, CLONE_NEWTIME)
_NAMES = NAMESPACES | {"CLONE_FILES": CLONE_FILES, "CLONE_FS": CLONE_FS, "CLONE_SYSVSEM": CLONE_SYSVSEM}
UnshareFlags = Annotated[int, Flags(_NAMES, only=(CLONE_FILES, CLONE_FS, CLONE_SYSVSEM, *_KINDS, CLONE_NEWUTS | CLONE_NEWIPC, CLONE_NEWUSER | CLONE_NEWNS, 0, CLONE_VM, CLONE_SIGHAND, CLONE_THREAD, 1, 1 << 40, -1))]
NamespaceType = Annotated[int, Flags(_NAMES, only=(CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUTS | CLONE_NEWIPC, CLONE_NEWNET, *_KINDS, 0, CLONE_FILES, -1))]


class NsIdReq(Struct):
    """`struct ns_id_req` (Linux 6.19)."""

    size_: Annotated[int, Layout(ctypes.c_uint32), Number(32, 32, 32, 0, 24, 40)]
    spare0: U32
    ns_id: Annotated[int, Layout(ctypes.c_uint64), Number(0, 0, 1, -1)]
    ns_type: Annotated[int, Layout(ctypes.c_uint32), Number(CLONE_NEWUTS, 0, CLONE_NEWIPC, CLONE_NEWUTS | CLONE_NEWIPC, 1)]
    spare1: U32
    user_ns_id: Annotated[int, Layout(ctypes.c_uint64), Number(0, 0, -1, 1)]


@syscall(x86_64=272, aarch64=97, since="2.6.16", touches=MOUNTS | PRIVILEGES)
def unshare(flags: UnshareFlags) -> Zero: ...
@syscall(x86_64=308, aarch64=268, since="3.0", touches=MOUNTS | PRIVILEGES)
def setns(fd: Annotated[int, FileDescriptor("pid")], nstype: NamespaceType) -> Zero: ...
@syscall(number=470, since="6.19", touches=PROCESS)
def listns(request: In[NsIdReq], ids: Annotated[Buffer | int | None, MaskedMemory(out=True, reads=False, choices=(room(512),))], count: Annotated[int, Number(64, 64, 0, 1, 1000001)], flags: Annotated[int, Number(0, 0, 0, 1)]) -> Varying: ...
