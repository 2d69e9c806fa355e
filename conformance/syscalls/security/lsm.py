"""lsm_list_modules(2): which security modules there are, and what they know of a process."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.machinery.aliases import In, InOut, NoFlags, Out, Size, Varying, Zero
from conformance.syscalls.machinery.buffers import U64, Struct
from conformance.syscalls.machinery.call import syscall
from conformance.syscalls.machinery.choices import (
    KERNEL_ADDRESS,
    LENGTHS,
    Choices,
    often,
    rarely,
    room,
)
from conformance.syscalls.machinery.kinds import Flags, Masked, named
from conformance.syscalls.machinery.touches import PROCESS
from conformance.syscalls.machinery.world import READ_ONLY, UNMAPPED

LSM_ID_APPARMOR = 104
LSM_ATTR_UNDEF, LSM_ID_UNDEF, LSM_FLAG_SINGLE, LSM_ID_CAPABILITY, LSM_ID_SELINUX, LSM_ID_SMACK = 0, 0, 1, 100, 101, 102
LSM_ID_TOMOYO, LSM_ATTR_PREV, LSM_ATTR_SOCKCREATE, LSM_ID_YAMA, LSM_ID_LOADPIN = 103, 104, 105, 105, 106
LSM_ID_SAFESETID, LSM_ID_LOCKDOWN, LSM_ID_BPF, LSM_ID_LANDLOCK, LSM_ID_IMA, LSM_ID_EVM = 107, 108, 109, 110, 111, 112
LSM_ID_IPE = 113

LSM_ATTR_CURRENT, LSM_ATTR_EXEC, LSM_ATTR_FSCREATE, LSM_ATTR_KEYCREATE = 100, 101, 102, 103

LsmAttribute = Annotated[
    int,
    Flags(named(globals(), "LSM_ATTR_"), bits=False),
    Choices(LSM_ATTR_CURRENT, LSM_ATTR_EXEC, LSM_ATTR_FSCREATE, LSM_ATTR_KEYCREATE, 0, 999),
]
AskingFlags = Annotated[int, Flags({"LSM_FLAG_SINGLE": LSM_FLAG_SINGLE}), Choices(0, rarely(1, 2))]


class LsmCtx(Struct):
    """The head of `struct lsm_ctx`, and 8 bytes of a context."""

    id: Annotated[U64, Flags(named(globals(), "LSM_ID_"), bits=False), Choices(LSM_ID_APPARMOR, 0, ...)]
    flags: Annotated[U64, Choices(0, 1)]
    len: Annotated[U64, Choices(40, 32, 0, 1 << 32)]
    ctx_len: Annotated[U64, Choices(8, 0, 9)]
    ctx: Annotated[U64, Choices(0x747865746E6F63, 0)]


InLsmContext = In[LsmCtx]
OutModules = Annotated[
    Out[Struct],
    Masked(),
    Choices(often(room(64), 0), rarely(UNMAPPED, READ_ONLY, KERNEL_ADDRESS, 1)),
]
SizeOfRoom = Annotated[InOut[Struct], Masked(), LENGTHS]


@syscall(number=461, since="6.8", touches=PROCESS)
def lsm_list_modules(ids: OutModules, size: SizeOfRoom, flags: NoFlags) -> Varying: ...
@syscall(number=459, since="6.8", touches=PROCESS)
def lsm_get_self_attr(attr: LsmAttribute, ctx: OutModules, size: SizeOfRoom, flags: AskingFlags) -> Varying: ...
@syscall(number=460, since="6.8", touches=PROCESS)
def lsm_set_self_attr(attr: LsmAttribute, ctx: InLsmContext, size: Size, flags: NoFlags) -> Zero: ...
