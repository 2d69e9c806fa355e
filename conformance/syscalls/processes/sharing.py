"""What processes share: clone(2)'s flags that say so, and kcmp(2), which tells."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.machinery.aliases import Fd, Int, Pid
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import Choices
from conformance.syscalls.machinery.kinds import Flags, Kind, Names, Seen, named
from conformance.syscalls.machinery.touches import NOTHING

CLONE_VM, CLONE_FS, CLONE_FILES, CLONE_SIGHAND = 0x100, 0x200, 0x400, 0x800
CLONE_THREAD, CLONE_SYSVSEM, CLONE_IO = 0x10000, 0x40000, 0x80000000
SHARING = named(globals(), "CLONE_")
"""Of clone(2)'s flags those that say what is shared, by name."""

KCMP_FILE, KCMP_VM, KCMP_FILES, KCMP_FS, KCMP_SIGHAND, KCMP_IO, KCMP_SYSVSEM, KCMP_EPOLL_TFD = range(8)

KcmpType = Annotated[
    int,
    Flags(named(globals(), "KCMP_"), bits=False),
    Choices(KCMP_VM, KCMP_FILES, KCMP_FS, KCMP_SIGHAND, KCMP_IO, KCMP_SYSVSEM, 99, -1),
]


class Same(Kind):
    """What kcmp(2) says: the same (0), or two that differ, of which either may come first."""

    def normal(self, seen: Seen, names: Names) -> Seen:
        return "different" if seen in (1, 2) else seen


IsSame = Annotated[int, Same()]


@syscall(x86_64=312, aarch64=272, since="3.5", touches=NOTHING)
def kcmp(pid1: Pid, pid2: Pid, type: KcmpType, a: Int, b: Int) -> IsSame: ...
@operation(kcmp, type=KCMP_FILE)
def kcmp_file(pid1: Pid, pid2: Pid, type: Int, a: Fd, b: Fd) -> IsSame: ...
