"""seccomp(2): a filter that says which system calls a process may make."""

from __future__ import annotations

import ctypes
import struct
from typing import Annotated, TypeAlias

from conformance.syscalls.files.reading import read, write
from conformance.syscalls.machinery.aliases import Address64, Fd, In, Zero
from conformance.syscalls.machinery.buffers import I32, I64, U16, U32, U64, Buffer, Layout, Struct
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import KERNEL_ADDRESS, Blob, Choices, often, rarely, room, seldom
from conformance.syscalls.machinery.kinds import FileDescriptor, Flags, named
from conformance.syscalls.machinery.memory import OneOf, Pointer
from conformance.syscalls.machinery.touches import NOTHING, PROCESS
from conformance.syscalls.processes.identity import getpid
from conformance.syscalls.processes.prctl import PR_SET_SECCOMP, PrctlOption, prctl

SECCOMP_MODE_DISABLED, SECCOMP_MODE_STRICT, SECCOMP_MODE_FILTER = 0, 1, 2

SECCOMP_SET_MODE_STRICT, SECCOMP_SET_MODE_FILTER, SECCOMP_GET_ACTION_AVAIL, SECCOMP_GET_NOTIF_SIZES = 0, 1, 2, 3

SECCOMP_FILTER_FLAG_TSYNC, SECCOMP_FILTER_FLAG_LOG, SECCOMP_FILTER_FLAG_SPEC_ALLOW = 1, 2, 4
SECCOMP_FILTER_FLAG_NEW_LISTENER, SECCOMP_FILTER_FLAG_TSYNC_ESRCH, SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV = 8, 16, 32

SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP = 0x80000000, 0, 0x30000
SECCOMP_RET_ERRNO, SECCOMP_RET_USER_NOTIF, SECCOMP_RET_TRACE = 0x50000, 0x7FC00000, 0x7FF00000
SECCOMP_RET_LOG, SECCOMP_RET_ALLOW = 0x7FFC0000, 0x7FFF0000
SECCOMP_RET_DATA = 0xFFFF

SECCOMP_IOCTL_NOTIF_RECV, SECCOMP_IOCTL_NOTIF_SEND, SECCOMP_IOCTL_NOTIF_ID_VALID = 0xC0502100, 0xC0182101, 0x40082102
SECCOMP_IOCTL_NOTIF_ADDFD = 0x40182103
SECCOMP_USER_NOTIF_FLAG_CONTINUE = 1
SECCOMP_ADDFD_FLAG_SETFD, SECCOMP_ADDFD_FLAG_SEND = 1, 2

BPF_LD_W_ABS, BPF_JEQ_K, BPF_RET_K = 0x20, 0x15, 0x06
"""Instructions of classic BPF (<linux/filter.h>), as far as a filter for seccomp needs them."""


class SockFprog(Struct):
    """`struct sock_fprog`: a classic BPF program."""

    length: U16
    filter: Address64


class SeccompData(Struct):
    """`struct seccomp_data`: a call, as a filter sees it."""

    nr: I32
    arch: U32
    instruction_pointer: U64
    args: Annotated[ctypes.Array[ctypes.c_uint64], Layout(ctypes.c_uint64 * 6)]


class SeccompNotif(Struct):
    """`struct seccomp_notif`: a call that waits for an answer."""

    id: U64
    pid: U32
    flags: U32
    data: SeccompData


class SeccompNotifResp(Struct):
    """`struct seccomp_notif_resp`: the answer."""

    id: U64
    val: I64
    error: I32
    flags: U32


class SeccompNotifAddfd(Struct):
    """`struct seccomp_notif_addfd`: an fd for the process that waits."""

    id: U64
    flags: U32
    srcfd: U32
    newfd: U32
    newfd_flags: U32


Instruction: TypeAlias = tuple[int, int, int, int]
"""Its code, the jumps if true and if false, and its constant."""

ALLOW: Instruction = (BPF_RET_K, 0, 0, SECCOMP_RET_ALLOW)


def _assembled(*instructions: Instruction) -> bytes:
    return b"".join(struct.pack("=HBBI", *each) for each in instructions)


def _denying(number: int, action: int) -> tuple[Instruction, ...]:
    return (BPF_LD_W_ABS, 0, 0, 0), (BPF_JEQ_K, 0, 1, number), (BPF_RET_K, 0, 0, action), ALLOW


class Filter:
    """A seccomp filter: instructions of classic BPF, kept alive with the `struct sock_fprog` that points to them."""

    def __init__(self, *instructions: Instruction) -> None:
        self.code = Buffer(_assembled(*instructions))
        self.program = SockFprog(length=len(instructions), filter=self.code.address).holding(self.code)


def deny(number: int, action: int) -> Filter:
    """A filter that answers one system call with `action` and allows all others."""
    return Filter(*_denying(number, action))


def _filter(*instructions: Instruction) -> Blob:
    """A `struct sock_fprog` of a program's."""
    return Blob(len(instructions).to_bytes(16, "little"), ((8, 8, Blob(_assembled(*instructions))),))


_READ, _WRITE, _GETPID = (each.facts.numbers["x86_64"] for each in (read, write, getpid))
_FILTERS = (
    _filter(ALLOW),
    _filter(*_denying(_GETPID, SECCOMP_RET_ERRNO | 1)),
    _filter(*_denying(_READ, SECCOMP_RET_ERRNO | 77)),
    _filter(*_denying(_GETPID, SECCOMP_RET_TRAP | 5)),
)
_KILLING = _filter(*_denying(_WRITE, SECCOMP_RET_KILL_PROCESS))
_LOGGING = _filter((BPF_RET_K, 0, 0, SECCOMP_RET_LOG))
_NO_FILTERS = (_filter((BPF_LD_W_ABS, 0, 0, 3), ALLOW), _filter((BPF_LD_W_ABS, 0, 0, 0)), _filter())
"""That read where nothing is aligned, that never return, and that have no instructions."""


# Not named in what follows: a struct would lend its members' kinds to all that the pointer may point to.
SeccompArgument = Annotated[object, Pointer(out=True), OneOf(SockFprog)]
InFilter = Annotated[
    object,
    Pointer(),
    OneOf(SockFprog),
    Choices(*_FILTERS, seldom(_KILLING, _LOGGING, *_NO_FILTERS, 0, KERNEL_ADDRESS)),
]
Null = Annotated[object, Pointer(), Choices(often(0), 1)]


class Action(Struct):
    """What a filter can answer."""

    action: Annotated[
        U32,
        Flags(named(globals(), "SECCOMP_RET_"), bits=False),
        Choices(SECCOMP_RET_ERRNO, SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_TRAP, SECCOMP_RET_ALLOW, 0x12340000),
    ]


InAction = In[Action]
OutSizes = Annotated[object, Pointer(out=True, reads=False), Choices(room(6), seldom(KERNEL_ADDRESS))]

SeccompOperation = Annotated[int, Flags(named(globals(), "SECCOMP_SET", "SECCOMP_GET"), bits=False)]
SeccompFlags = Annotated[int, Flags(named(globals(), "SECCOMP_FILTER_FLAG"))]
StrictFlags = Annotated[int, Choices(1, seldom(0))]
AskingFlags = Annotated[int, Choices(0, rarely(1))]
SeccompMode = Annotated[
    int, Flags(named(globals(), "SECCOMP_MODE_"), bits=False), Choices(SECCOMP_MODE_FILTER, seldom(0, 3))
]
Listener = Annotated[int, FileDescriptor("seccomp")]


@syscall(x86_64=317, aarch64=277, since="3.17", touches=PROCESS)
def seccomp(operation: SeccompOperation, flags: SeccompFlags, args: SeccompArgument) -> Fd: ...
@operation(seccomp, operation=SECCOMP_SET_MODE_STRICT)
def seccomp_strict(operation: SeccompOperation, flags: StrictFlags, args: Null) -> Zero: ...
@operation(
    seccomp,
    operation=SECCOMP_SET_MODE_FILTER,
    flags=Choices(
        0,
        rarely(SECCOMP_FILTER_FLAG_LOG, SECCOMP_FILTER_FLAG_TSYNC, SECCOMP_FILTER_FLAG_SPEC_ALLOW),
        rarely(SECCOMP_FILTER_FLAG_TSYNC_ESRCH, 32, 1 << 20, -1),
    ),
    after=("prctl_set_strict",),
)
def seccomp_filter(operation: SeccompOperation, flags: SeccompFlags, args: InFilter) -> Zero: ...
@operation(seccomp, operation=SECCOMP_SET_MODE_FILTER, flags=SECCOMP_FILTER_FLAG_NEW_LISTENER)
def seccomp_listener(operation: SeccompOperation, flags: SeccompFlags, args: InFilter) -> Listener: ...
@operation(seccomp, operation=SECCOMP_GET_ACTION_AVAIL, touches=NOTHING)
def seccomp_action(operation: SeccompOperation, flags: AskingFlags, args: InAction) -> Zero: ...
@operation(seccomp, operation=SECCOMP_GET_NOTIF_SIZES)
def seccomp_sizes(operation: SeccompOperation, flags: AskingFlags, args: OutSizes) -> Zero: ...
@operation(prctl, option=PR_SET_SECCOMP)
def prctl_set_seccomp(option: PrctlOption, arg2: SeccompMode, arg3: InFilter = 0) -> Zero: ...
