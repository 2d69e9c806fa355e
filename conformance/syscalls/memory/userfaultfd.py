"""userfaultfd(2): page faults that another thread answers."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.files.ioctls import ioctl
from conformance.syscalls.files.opening import O_CLOEXEC, O_NONBLOCK
from conformance.syscalls.machinery.aliases import Address64, In, InOut, Int, Varying64, Zero
from conformance.syscalls.machinery.buffers import I64, U64, Struct
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import Choices, Use
from conformance.syscalls.machinery.kinds import FileDescriptor, Flags, named
from conformance.syscalls.machinery.touches import NOTHING
from conformance.syscalls.machinery.world import ARENA, DATA, PAGE, UNMAPPED

UFFD_USER_MODE_ONLY = 1

UFFD_API = 0xAA
UFFD_EVENT_PAGEFAULT = 0x12
UFFDIO_REGISTER_MODE_MISSING = 1

UFFDIO_API, UFFDIO_REGISTER, UFFDIO_UNREGISTER, UFFDIO_WAKE = 0xC018AA3F, 0xC020AA00, 0x8010AA01, 0x8010AA02
UFFDIO_COPY, UFFDIO_ZEROPAGE, UFFDIO_MOVE = 0xC028AA03, 0xC020AA04, 0xC028AA05
UFFDIO_WRITEPROTECT, UFFDIO_CONTINUE, UFFDIO_POISON = 0xC018AA06, 0xC020AA07, 0xC020AA08
UFFDIO_CONTINUE_MODE_DONTWAKE, UFFDIO_COPY_MODE_DONTWAKE, UFFDIO_MOVE_MODE_DONTWAKE = 1, 1, 1
UFFDIO_POISON_MODE_DONTWAKE, UFFDIO_RWPROTECT_MODE_RWP, UFFDIO_WRITEPROTECT_MODE_WP = 1, 1, 1
UFFDIO_ZEROPAGE_MODE_DONTWAKE, UFFD_FEATURE_PAGEFAULT_FLAG_WP, UFFDIO_CONTINUE_MODE_WP = 1, 1, 2
UFFDIO_COPY_MODE_WP, UFFDIO_MOVE_MODE_ALLOW_SRC_HOLES, UFFDIO_REGISTER_MODE_WP = 2, 2, 2
UFFDIO_RWPROTECT_MODE_DONTWAKE, UFFDIO_WRITEPROTECT_MODE_DONTWAKE, UFFD_FEATURE_EVENT_FORK = 2, 2, 2
UFFDIO_REGISTER_MODE_MINOR, UFFD_FEATURE_EVENT_REMAP, UFFDIO_REGISTER_MODE_RWP, UFFD_FEATURE_EVENT_REMOVE = 4, 4, 8, 8
UFFD_FEATURE_MISSING_HUGETLBFS, UFFD_FEATURE_MISSING_SHMEM, UFFD_FEATURE_EVENT_UNMAP = 0x10, 0x20, 0x40
UFFD_FEATURE_SIGBUS, UFFD_FEATURE_THREAD_ID, UFFD_FEATURE_MINOR_HUGETLBFS = 0x80, 0x100, 0x200
UFFD_FEATURE_MINOR_SHMEM, UFFD_FEATURE_EXACT_ADDRESS, UFFD_FEATURE_WP_HUGETLBFS_SHMEM = 0x400, 0x800, 0x1000
UFFD_FEATURE_WP_UNPOPULATED, UFFD_FEATURE_POISON, UFFD_FEATURE_WP_ASYNC = 0x2000, 0x4000, 0x8000
UFFD_FEATURE_MOVE, UFFD_FEATURE_RWP, UFFD_FEATURE_RWP_ASYNC, UFFDIO_SET_MODE = 0x10000, 0x20000, 0x40000, 0x4010AA0A
UFFDIO_RWPROTECT = 0xC018AA09

UserfaultFlags = Annotated[
    int,
    Flags({"UFFD_USER_MODE_ONLY": UFFD_USER_MODE_ONLY, "O_NONBLOCK": O_NONBLOCK, "O_CLOEXEC": O_CLOEXEC}),
    Choices(UFFD_USER_MODE_ONLY | O_NONBLOCK, O_NONBLOCK, UFFD_USER_MODE_ONLY | O_NONBLOCK | O_CLOEXEC, ...),
]
UserfaultFd = Annotated[int, FileDescriptor("userfault")]

Able64 = Annotated[Varying64, Choices(0, 1, 1 << 62)]
"""What a kernel says that it can, a matter of its version: 0 before the call."""
Start64 = Annotated[Address64, Choices(Use("map"), ARENA, ARENA + PAGE, ARENA + 1)]
Length64 = Annotated[U64, Choices(PAGE, 2 * PAGE, 1, 0)]
Result64 = Annotated[I64, Choices(0)]
"""How many bytes, or an errno, negative: what the kernel says."""


class UffdioApi(Struct):
    """`struct uffdio_api`."""

    api: Annotated[U64, Choices(UFFD_API, 0)]
    features: Able64
    ioctls: Able64


class UffdioRegister(Struct):
    """`struct uffdio_register`."""

    start: Annotated[Start64, Choices(Use("map"), ARENA, ARENA + PAGE, ARENA + 1, DATA)]
    len: Length64
    mode: Annotated[
        U64, Flags(named(globals(), "UFFDIO_REGISTER_MODE_")), Choices(UFFDIO_REGISTER_MODE_MISSING, 2, 3, 4, 0, 8)
    ]
    ioctls: Able64


class UffdioRange(Struct):
    """`struct uffdio_range`."""

    start: Start64
    len: Length64


class UffdioCopy(Struct):
    """`struct uffdio_copy`."""

    dst: Start64
    src: Annotated[Address64, Choices(DATA, ARENA, UNMAPPED)]
    len: Annotated[U64, Choices(PAGE, 1, 0)]
    mode: Annotated[U64, Flags(named(globals(), "UFFDIO_COPY_MODE_")), Choices(0, 1, 2, 4)]
    copy: Result64


class UffdioZeropage(Struct):
    """`struct uffdio_zeropage`."""

    range: UffdioRange
    mode: Annotated[U64, Flags(named(globals(), "UFFDIO_ZEROPAGE_MODE_")), Choices(0, 1, 2)]
    zeropage: Result64


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
