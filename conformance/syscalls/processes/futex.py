"""futex(2): waiting until a word of memory is something else, and robust lists of such words."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.machinery.aliases import (
    Address,
    Address64,
    Anything,
    In,
    InBytes,
    InOut,
    Int,
    NoFlags,
    Out,
    Size,
    Unused,
    Zero,
)
from conformance.syscalls.machinery.buffers import U32, U64, Struct
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import (
    BAD_POINTERS,
    KERNEL_ADDRESS,
    Blob,
    Choices,
    Use,
    often,
    rarely,
    room,
    seldom,
)
from conformance.syscalls.machinery.kinds import Flags, Kind, Masked, Names, Seen, named
from conformance.syscalls.machinery.touches import PROCESS
from conformance.syscalls.machinery.world import ARENA, DATA
from conformance.syscalls.processes.identity import PidOrSelf
from conformance.syscalls.time.clocks import CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_REALTIME, AtOnce

FUTEX_WAIT, FUTEX_WAKE, FUTEX_FD, FUTEX_REQUEUE, FUTEX_CMP_REQUEUE, FUTEX_WAKE_OP, FUTEX_LOCK_PI = range(7)
FUTEX_UNLOCK_PI, FUTEX_TRYLOCK_PI, FUTEX_WAIT_BITSET, FUTEX_WAKE_BITSET = 7, 8, 9, 10
FUTEX_WAIT_REQUEUE_PI, FUTEX_CMP_REQUEUE_PI, FUTEX_LOCK_PI2 = 11, 12, 13
FUTEX_UNLOCK_WAKE_LIST64, FUTEX_UNLOCK_PI_LIST64, FUTEX_UNLOCK_BITSET_LIST64 = 513, 519, 522
FUTEX_UNLOCK_WAKE_LIST32, FUTEX_UNLOCK_PI_LIST32, FUTEX_UNLOCK_BITSET_LIST32 = 0x601, 0x607, 0x60A
_PLAIN = named(globals(), "FUTEX_")
FUTEX_PRIVATE_FLAG, FUTEX_CLOCK_REALTIME, FUTEX_ROBUST_UNLOCK, FUTEX_ROBUST_LIST32 = 128, 256, 512, 1024

FUTEX_OWNER_DIED, FUTEX_WAITERS, FUTEX_TID_MASK = 1 << 30, 1 << 31, (1 << 30) - 1

FUTEX2_SIZE_U8, FUTEX2_SIZE_U16, FUTEX2_SIZE_U32, FUTEX2_SIZE_U64 = 0, 1, 2, 3
FUTEX2_NUMA, FUTEX2_MPOL, FUTEX2_PRIVATE = 4, 8, 128

WORD = DATA + 0xF000
"""Where a word lies that several calls use."""
_ZERO = Blob(bytes(4))


class OwnedWord(Kind):
    """A futex with an owner: the lock bits are compared, the owner's thread id is the kernel's choice."""

    named = ("pid",)

    def normal(self, seen: Seen, names: Names) -> Seen:
        if not isinstance(seen, int) or not seen & FUTEX_TID_MASK:
            return seen
        return [seen & ~FUTEX_TID_MASK, names.name("pid", seen & FUTEX_TID_MASK)]


class FutexOwner(Struct):
    """A futex that PI operations use."""

    word: Annotated[U32, OwnedWord(), Choices(0, Use("pid"), FUTEX_WAITERS, FUTEX_OWNER_DIED, -1)]


Word = Annotated[
    InOut[Struct],
    Choices(often(_ZERO), seldom(Blob(b"\1\0\0\0")), WORD, seldom(WORD + 4, WORD + 1, ARENA, *BAD_POINTERS)),
]
"""A word of one's own, or one at an address that is the same in two calls."""
OwnerWord = InOut[FutexOwner]
Expected = Annotated[int, Choices(0, seldom(1, -1))]
"""What the word should be: with any other number a wait ends at once."""
HowMany = Annotated[int, Choices(1, 0, 2, 0x7FFFFFFF, -1)]
"""How many waiters to wake."""
One = Annotated[int, Choices(1, 0, 2)]
"""With priority inheritance no more than one can be woken."""
Requeued = Annotated[int, Choices(1, 0, 0x7FFFFFFF, -1)]
"""How many waiters to have wait elsewhere; it stands in the timeout's place."""
Bitset = Annotated[int, Choices(-1, 0xFFFFFFFF, 1, 0, 0xF0)]
UnusedPointer = Annotated[In[Struct], Choices(0, seldom(1))]
WakeOp = Annotated[
    int,
    Choices(
        *(0, 1 << 12, 1 << 28, 2 << 28 | 1 << 12, 3 << 28, 4 << 28, 8 << 28 | 3 << 12),
        *(4 << 24, 5 << 24, 0xFFFFFFFF),
    ),
]
"""What to make of the second word, and with what to compare it: four bits each, and an argument of twelve bits each."""

Operation = Annotated[
    int,
    Flags(_PLAIN | {f"{name}_PRIVATE": value | FUTEX_PRIVATE_FLAG for name, value in _PLAIN.items()}, bits=False),
]


def either(*operations: int) -> tuple[int, ...]:
    """Futex operations, of processes that share memory and of one's own threads."""
    return tuple(one | private for one in operations for private in (0, FUTEX_PRIVATE_FLAG))


@syscall(x86_64=202, aarch64=98, touches=PROCESS)
def futex(word: Anything, operation: Operation, value: Int, timeout: Anything, word2: Anything, value3: Int) -> Int: ...
@operation(futex, operation=either(FUTEX_WAIT))
def futex_op_wait(
    word: Word, operation: Operation, value: Expected, timeout: AtOnce, word2: UnusedPointer, value3: Unused
) -> Int: ...
@operation(futex, operation=either(FUTEX_WAKE))
def futex_op_wake(
    word: Word, operation: Operation, value: HowMany, timeout: UnusedPointer, word2: UnusedPointer, value3: Unused
) -> Int: ...
@operation(futex, operation=either(FUTEX_WAIT_BITSET, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME))
def futex_op_wait_bitset(
    word: Word, operation: Operation, value: Expected, timeout: AtOnce, word2: UnusedPointer, value3: Bitset
) -> Int: ...
@operation(futex, operation=either(FUTEX_WAKE_BITSET))
def futex_op_wake_bitset(
    word: Word, operation: Operation, value: HowMany, timeout: UnusedPointer, word2: UnusedPointer, value3: Bitset
) -> Int: ...
@operation(futex, operation=either(FUTEX_REQUEUE))
def futex_op_requeue(
    word: Word, operation: Operation, value: HowMany, timeout: Requeued, word2: Word, value3: Unused
) -> Int: ...
@operation(futex, operation=either(FUTEX_CMP_REQUEUE))
def futex_op_cmp_requeue(
    word: Word, operation: Operation, value: HowMany, timeout: Requeued, word2: Word, value3: Expected
) -> Int: ...
@operation(futex, operation=either(FUTEX_WAKE_OP))
def futex_op_wake_op(
    word: Word, operation: Operation, value: HowMany, timeout: Requeued, word2: Word, value3: WakeOp
) -> Int: ...
@operation(futex, operation=either(FUTEX_LOCK_PI, FUTEX_LOCK_PI2))
def futex_op_lock_pi(
    word: OwnerWord, operation: Operation, value: Unused, timeout: AtOnce, word2: UnusedPointer, value3: Unused
) -> Int: ...
@operation(futex, operation=either(FUTEX_TRYLOCK_PI, FUTEX_UNLOCK_PI))
def futex_op_pi(
    word: OwnerWord, operation: Operation, value: Unused, timeout: UnusedPointer, word2: UnusedPointer, value3: Unused
) -> Int: ...
@operation(futex, operation=either(FUTEX_WAIT_REQUEUE_PI))
def futex_op_wait_requeue_pi(
    word: Word, operation: Operation, value: Expected, timeout: AtOnce, word2: Word, value3: Bitset
) -> Int: ...
@operation(futex, operation=either(FUTEX_CMP_REQUEUE_PI))
def futex_op_cmp_requeue_pi(
    word: Word, operation: Operation, value: One, timeout: Requeued, word2: Word, value3: Expected
) -> Int: ...
@operation(futex, operation=(FUTEX_FD, 99, FUTEX_CLOCK_REALTIME | FUTEX_WAKE))
def futex_op_unknown(
    word: Word, operation: Operation, value: Unused, timeout: UnusedPointer, word2: UnusedPointer, value3: Unused
) -> Int: ...


# -- futex_wait(2) and its like


class FutexWaiter(Struct):
    """`struct futex_waitv` (Linux 5.16)."""

    val: Annotated[U64, Choices(0, 1)]
    uaddr: Annotated[Address64, Choices(WORD, WORD + 4, ARENA, 0, WORD + 1)]
    flags: Annotated[U32, Choices(FUTEX2_SIZE_U32, FUTEX2_SIZE_U32 | FUTEX2_PRIVATE, 0, 0x100)]
    reserved0: U32


_TWO = b"".join(bytes(FutexWaiter(val=0, uaddr=at, flags=FUTEX2_SIZE_U32)) for at in (WORD, WORD + 4))
_WRONG = (
    _TWO[:16] + bytes(8) + _TWO[24:],
    _TWO[:8] + bytes(8) + _TWO[16:],
    b"\1" + _TWO[1:],
    _TWO[:20] + b"\1" + _TWO[21:],
)
"""No flags, no address, another value, and something in what is reserved."""
Waiters = Annotated[InBytes, Choices(often(Blob(_TWO)), seldom(*map(Blob, _WRONG), 0, KERNEL_ADDRESS))]
"""Two of `struct futex_waitv`."""
NumberOfWaiters = Annotated[int, Choices(2, 1, 0, 129)]
"""FUTEX_WAITV_MAX is 128."""
FutexFlags = Annotated[
    int,
    Flags(named(globals(), "FUTEX2_")),
    Choices(often(FUTEX2_SIZE_U32), often(FUTEX2_SIZE_U32 | FUTEX2_PRIVATE), seldom(0, 1, 3, 4, 0x100, -1)),
]
WaitClock = Annotated[int, Choices(CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_PROCESS_CPUTIME_ID, -1)]
"""Only the first two are taken."""


@syscall(number=449, since="5.16", touches=PROCESS)
def futex_waitv(waiters: Waiters, count: NumberOfWaiters, flags: NoFlags, timeout: AtOnce, clock: WaitClock) -> Int: ...
@syscall(number=454, since="6.7", touches=PROCESS)
def futex_wake(word: Word, mask: Bitset, count: HowMany, flags: FutexFlags) -> Int: ...
@syscall(number=455, since="6.7", touches=PROCESS)
def futex_wait(
    word: Word, value: Expected, mask: Bitset, flags: FutexFlags, timeout: AtOnce, clock: WaitClock
) -> Int: ...
@syscall(number=456, since="6.7", touches=PROCESS)
def futex_requeue(waiters: Waiters, flags: NoFlags, wake: HowMany, requeue: HowMany) -> Int: ...


# -- get_robust_list(2)

OutHead = Annotated[Out[Struct], Masked(), Choices(often(room(8)), rarely(*BAD_POINTERS))]
OutHeadSize = OutHead
"""Both are the C library's choice."""


@syscall(x86_64=274, aarch64=100, since="2.6.17", touches=PROCESS)
def get_robust_list(pid: PidOrSelf, head: OutHead, size: OutHeadSize) -> Zero: ...
@syscall(x86_64=273, aarch64=99, since="2.6.17", never="takes the executor's registers or stack away")
def set_robust_list(head: Address, size: Size) -> Zero: ...
@operation(set_robust_list, size=(0, 8, 23, 25, -1), touches=PROCESS, refused="another size than its head has")
def set_robust_list_refused(head: Address, size: Int) -> Zero: ...
