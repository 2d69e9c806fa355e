"""clone(2) with flags of the program's choice, as the executor does it: a child that does one small thing, then pauses.

Programs do not clone by themselves: the rest of the program would run twice. What a flag shares shows in what becomes
of the program's own directory, fds, memory or signals by what its child does, and some children tell what they find by
their exit status. None of them may get away: flags that give a child another parent, or a tracer, are not handed on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from conformance.syscalls.machinery.aliases import Address, Fd, InBytes, InOut, Mode, Out, Path, Signal, Size
from conformance.syscalls.machinery.call import pseudo
from conformance.syscalls.machinery.choices import (
    Blob,
    Choice,
    Choices,
    LengthOf,
    compose,
    often,
    rarely,
    room,
    seldom,
    text,
)
from conformance.syscalls.machinery.kinds import Flags, Renamed, Seen, SignalNumber
from conformance.syscalls.machinery.touches import CHILDREN, FILES, IPC, PLACE, PROCESS
from conformance.syscalls.machinery.world import ARENA
from conformance.syscalls.namespaces import CLONE_NEWIPC, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWUSER, CLONE_NEWUTS
from conformance.syscalls.processes.creating import (
    CLONE_AUTOREAP,
    CLONE_CHILD_CLEARTID,
    CLONE_CHILD_SETTID,
    CLONE_CLEAR_SIGHAND,
    CLONE_DETACHED,
    CLONE_INTO_CGROUP,
    CLONE_NNP,
    CLONE_PARENT_SETTID,
    CLONE_PIDFD,
    CLONE_PIDFD_AUTOKILL,
    CLONE_SETTLS,
    CLONE_VFORK,
    CloneArgs,
    CloneKind,
    Pidfd,
    Tid,
)
from conformance.syscalls.processes.sharing import (
    CLONE_FILES,
    CLONE_FS,
    CLONE_IO,
    CLONE_SIGHAND,
    CLONE_SYSVSEM,
    CLONE_THREAD,
    CLONE_VM,
)
from conformance.syscalls.pseudo import (
    CHILD_CHDIR,
    CHILD_CLOSES,
    CHILD_EXITS,
    CHILD_HOSTNAME,
    CHILD_IGNORES,
    CHILD_PAUSES,
    CHILD_STORES,
    CHILD_TELLS_ACTION,
    CHILD_TELLS_PIDS,
    CHILD_TELLS_STACK,
    CHILD_TELLS_TID,
    CHILD_UMASK,
    CLONE,
    CLONE3,
)

SIGCHLD, SIGUSR1 = 17, 10
CSIGNAL = 0xFF
_THREAD = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD
_VALID = (
    *(CLONE_VM, CLONE_FS, CLONE_FILES, CLONE_VM | CLONE_SIGHAND, CLONE_SYSVSEM, CLONE_IO, CLONE_SETTLS),
    *(CLONE_PARENT_SETTID, CLONE_CHILD_SETTID, CLONE_CHILD_CLEARTID | CLONE_VM, CLONE_DETACHED),
    *(CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWPID, CLONE_NEWNS, CLONE_NEWUSER),
)
_REFUSED = (
    *(CLONE_SIGHAND, CLONE_THREAD, CLONE_VM | CLONE_THREAD, CLONE_FS | CLONE_NEWNS, CLONE_FS | CLONE_NEWUSER),
    *(CLONE_NEWIPC | CLONE_SYSVSEM, CLONE_PIDFD | CLONE_DETACHED, CLONE_PIDFD | CLONE_PARENT_SETTID),
    *(_THREAD | CLONE_NEWPID, _THREAD | CLONE_NEWUSER),
)


class FlagsAndSignal(Flags):
    """clone(2)'s flags, and in their lowest byte the signal of the child's end."""

    def spell(self, value: int) -> str:
        return super().spell(value) if value < 0 else self._told(value, super().spell)

    def show(self, seen: Seen) -> str:
        return self._told(seen, super().show) if isinstance(seen, int) and seen >= 0 else super().show(seen)

    def _told(self, value: int, flags: Callable[[int], str]) -> str:
        signum = value & CSIGNAL
        told = [flags(value - signum)] if value != signum or not signum else []
        return "|".join([*told, *([SignalNumber().show(signum)] if signum else [])])


_KIND = FlagsAndSignal({name: value for name, value in CloneKind.names.items() if value & ~CSIGNAL})


def _flags(*likely: int) -> Choices:
    """Flags of clone(2): those by which most is seen, then any; the lowest byte is the signal of the child's end."""
    return Choices(
        often(*(each | SIGCHLD for each in likely)),
        *(each | SIGCHLD for each in _VALID),
        seldom(SIGCHLD, 0, SIGUSR1, _THREAD, _THREAD | CLONE_FS | CLONE_FILES | SIGCHLD),
        seldom(*(each | SIGCHLD for each in _REFUSED)),
        rarely(SIGCHLD | 1 << 40, 65, 0xFF, -1 << 32 | SIGCHLD),
    )


Plain = Annotated[int, _KIND, _flags(0)]
Ending = Annotated[int, _KIND, _flags(0, CLONE_VM | CLONE_CHILD_CLEARTID, CLONE_VFORK)]
WithPidfd = Annotated[int, _KIND, _flags(CLONE_PIDFD)]
SharingFs = Annotated[int, _KIND, _flags(CLONE_FS)]
SharingFiles = Annotated[int, _KIND, _flags(CLONE_FILES)]
SharingActions = Annotated[int, _KIND, _flags(CLONE_VM | CLONE_SIGHAND)]
SharingMemory = Annotated[int, _KIND, _flags(CLONE_VM)]
OfHostNames = Annotated[int, _KIND, _flags(CLONE_NEWUTS)]
OfPids = Annotated[int, _KIND, _flags(CLONE_NEWPID)]
SettingTid = Annotated[int, _KIND, _flags(CLONE_CHILD_SETTID)]


ParentTid = Annotated[Out[Tid], Choices(often(room(4)), 0, rarely(1))]
ChildTid = Annotated[Out[Tid], Choices(often(room(4)), 0, seldom(ARENA), rarely(1))]
"""What a child writes there is seen by the program if they share their memory."""
OutPidfd = Annotated[Out[Pidfd], Choices(often(room(4)), 0, rarely(1))]
Status = Annotated[int, Choices(42, 0, 255)]
Directory = Annotated[Path, Choices(often(text(b"d0")), ...)]
Mask = Annotated[Mode, Choices(0o77, 0o777, 0)]
Word = Annotated[Address, Choices(ARENA, seldom(ARENA + 4096))]
Value = Annotated[int, Choices(0x1234, 0)]
HostName = Annotated[InBytes, Choices(text(b"child"))]
HostLength = Annotated[Size, Choices(5, rarely(65, -1))]

Ended = Annotated[int, Renamed("pid:child:cloned")]
Paused = Annotated[int, Renamed("pid:child:paused:cloned")]


def clone_args(flags: int, **members: Choice) -> Blob:
    """`struct clone_args` with these members, the rest of it zero."""
    said = {"flags": flags, "exit_signal": SIGCHLD, **members}
    return compose(CloneArgs, list(said), list(said.values()))


_ARGS = Choices(
    often(clone_args(0), clone_args(CLONE_CLEAR_SIGHAND)),
    *(clone_args(each) for each in _VALID),
    clone_args(CLONE_PIDFD, pidfd=room(4)),
    clone_args(CLONE_PARENT_SETTID, parent_tid=room(4)),
    *(clone_args(_THREAD, exit_signal=signal) for signal in (0, SIGCHLD)),
    seldom(*(clone_args(each) for each in _REFUSED)),
    *(clone_args(each) for each in (CLONE_INTO_CGROUP, CLONE_NNP, CLONE_AUTOREAP)),
    *(clone_args(CLONE_AUTOREAP, exit_signal=0), clone_args(CLONE_CLEAR_SIGHAND | CLONE_VM | CLONE_SIGHAND)),
    clone_args(CLONE_PIDFD | CLONE_PIDFD_AUTOKILL | CLONE_AUTOREAP, exit_signal=0, pidfd=room(4)),
    *(clone_args(1 << bit) for bit in (7, 22, 38, 63)),
    *(clone_args(0, exit_signal=signal) for signal in (0, 64, 65, 1 << 32)),
    *(clone_args(0, stack=stack, stack_size=size) for stack, size in ((ARENA, 0), (0, 4096), (ARENA, 4096))),
    *(clone_args(0, set_tid=address, set_tid_size=size) for address, size in ((0, 1), (ARENA, 0), (ARENA, 33))),
    seldom(clone_args(CLONE_SETTLS, tls=1 << 63)),
    rarely(0, 1),
)
Args = Annotated[InOut[CloneArgs], _ARGS]
ArgsSize = Annotated[Size, Choices(often(LengthOf()), seldom(64, 80, 63, 96, 4097, 0))]

_TOUCHED = PROCESS | CHILDREN


@pseudo(CLONE + CHILD_PAUSES, touches=_TOUCHED)
def clone_pause(flags: Plain, parent_tid: ParentTid, child_tid: ChildTid) -> Paused: ...
@pseudo(CLONE + CHILD_PAUSES, touches=_TOUCHED)
def clone_pidfd(flags: WithPidfd, pidfd: OutPidfd, child_tid: ChildTid) -> Paused: ...
@pseudo(CLONE + CHILD_EXITS, touches=_TOUCHED)
def clone_exit(flags: Ending, parent_tid: ParentTid, child_tid: ChildTid, status: Status) -> Ended: ...
@pseudo(CLONE + CHILD_CHDIR, touches=_TOUCHED | FILES | PLACE)
def clone_chdir(flags: SharingFs, parent_tid: ParentTid, child_tid: ChildTid, path: Directory) -> Paused: ...
@pseudo(CLONE + CHILD_CLOSES, touches=_TOUCHED)
def clone_close(flags: SharingFiles, parent_tid: ParentTid, child_tid: ChildTid, fd: Fd) -> Paused: ...
@pseudo(CLONE + CHILD_UMASK, touches=_TOUCHED)
def clone_umask(flags: SharingFs, parent_tid: ParentTid, child_tid: ChildTid, mask: Mask) -> Paused: ...
@pseudo(CLONE + CHILD_IGNORES, touches=_TOUCHED)
def clone_ignore(flags: SharingActions, parent_tid: ParentTid, child_tid: ChildTid, signum: Signal) -> Paused: ...
@pseudo(CLONE + CHILD_STORES, touches=_TOUCHED)
def clone_store(
    flags: SharingMemory, parent_tid: ParentTid, child_tid: ChildTid, address: Word, value: Value
) -> Paused: ...
@pseudo(CLONE + CHILD_HOSTNAME, touches=_TOUCHED | IPC)
def clone_hostname(
    flags: OfHostNames, parent_tid: ParentTid, child_tid: ChildTid, name: HostName, length: HostLength
) -> Paused: ...
@pseudo(CLONE + CHILD_TELLS_PIDS, touches=_TOUCHED)
def clone_tells_pids(flags: OfPids, parent_tid: ParentTid, child_tid: ChildTid) -> Ended: ...
@pseudo(CLONE + CHILD_TELLS_ACTION, touches=_TOUCHED)
def clone_tells_action(flags: Plain, parent_tid: ParentTid, child_tid: ChildTid, signum: Signal) -> Ended: ...
@pseudo(CLONE + CHILD_TELLS_TID, touches=_TOUCHED)
def clone_tells_tid(flags: SettingTid, parent_tid: ParentTid, child_tid: ChildTid, address: Word) -> Ended: ...
@pseudo(CLONE + CHILD_TELLS_STACK, touches=_TOUCHED)
def clone_tells_stack(flags: SharingMemory, parent_tid: ParentTid, child_tid: ChildTid) -> Ended: ...
@pseudo(CLONE3 + CHILD_PAUSES, touches=_TOUCHED)
def clone3_pause(args: Args, size: ArgsSize) -> Paused: ...
@pseudo(CLONE3 + CHILD_EXITS, touches=_TOUCHED)
def clone3_exit(args: Args, size: ArgsSize, status: Status) -> Ended: ...
@pseudo(CLONE3 + CHILD_TELLS_ACTION, touches=_TOUCHED)
def clone3_tells_action(args: Args, size: ArgsSize, signum: Signal) -> Ended: ...
