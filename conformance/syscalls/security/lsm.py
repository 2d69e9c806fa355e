"""lsm_list_modules(2): which security modules there are, and what they know of a process."""

from __future__ import annotations

import struct
from typing import Annotated

from conformance.syscalls.machinery.aliases import InBytes, InOut, NoFlags, Out, Size, Varying, Zero
from conformance.syscalls.machinery.buffers import Struct
from conformance.syscalls.machinery.call import syscall
from conformance.syscalls.machinery.choices import (
    KERNEL_ADDRESS,
    LENGTHS,
    Blob,
    Choices,
    often,
    rarely,
    room,
)
from conformance.syscalls.machinery.kinds import Masked
from conformance.syscalls.machinery.touches import PROCESS
from conformance.syscalls.machinery.world import READ_ONLY, UNMAPPED

LSM_ID_APPARMOR = 104

LSM_ATTR_CURRENT, LSM_ATTR_EXEC, LSM_ATTR_FSCREATE, LSM_ATTR_KEYCREATE = 100, 101, 102, 103

LsmAttribute = Annotated[
    int,
    Choices(LSM_ATTR_CURRENT, LSM_ATTR_EXEC, LSM_ATTR_FSCREATE, LSM_ATTR_KEYCREATE, 0, 999),
]
AskingFlags = Annotated[int, Choices(0, rarely(1, 2))]
InLsmContext = Annotated[
    InBytes,
    Choices(
        Blob(struct.pack("=4Q", LSM_ID_APPARMOR, 0, 40, 8) + b"context\0"),
        *(Blob(bytes(32)), Blob(bytes(8)), KERNEL_ADDRESS),
    ),
]
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
