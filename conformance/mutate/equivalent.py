"""Faults that are none: what Linux itself could show. Each has its reason, and is left out of the score by it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from conformance.syscalls import obsolete
from conformance.syscalls.machinery.call import Syscall
from conformance.syscalls.machinery.kinds import Clocked, Fraction, Kind, Masked, ZeroOrNot

PADDING = ("pad", "reserved", "unused", "spare")


def why_equivalent(kind: Kind) -> str:
    """Why a value of a kind that is one more, or has another byte, is one that Linux could give; "": it is not."""
    if isinstance(kind, Masked | Clocked | Fraction):
        return "its description says that it differs from run to run"
    return "its description says that how much it is says nothing" if isinstance(kind, ZeroOrNot) else ""


def why_padding(member: str) -> str:
    """Why a member of a struct may be zero; "" where it means something."""
    return "padding, by its name" if any(each in member.lower() for each in PADDING) else ""


NEVER_REFUSED = {
    **dict.fromkeys(
        ("alarm", "getegid", "geteuid", "getgid", "getpgrp", "getpid", "getppid", "gettid", "getuid", "sched_yield"),
        "it is always successful, as its page says",
    ),
    **dict.fromkeys(("set_tid_address", "sync", "umask"), "it is always successful, as its page says"),
    **dict.fromkeys(("setfsgid", "setfsuid"), "it returns what was before whether it succeeds or not (setfsuid(2))"),
    **dict.fromkeys(("exit", "exit_group", "rt_sigreturn"), "it does not return"),
    "brk": "the call, unlike the library's function, returns where the break is whether it succeeds or not (brk(2))",
}
"""Calls that there is no errno of to be mistaken."""
NEVER_SUCCEEDING = {
    **dict.fromkeys(("exit", "exit_group", "rt_sigreturn", "execve"), "it does not return where it succeeds"),
    **dict.fromkeys(("pause", "rt_sigsuspend"), "it returns with EINTR, or not at all (pause(2), sigsuspend(2))"),
}
"""Calls that there is no success of to be refused, nor a result."""


def why_never_refused(call: str) -> str:
    """Why a call has no errno; "" where it has."""
    return NEVER_REFUSED.get(call, "")


def why_never_succeeding(description: Syscall[Any]) -> str:
    """Why a call, or an operation of one, is never told to have succeeded; "" where it may be."""
    if description.facts.refused:
        return f"its description says that it is always refused: {description.facts.refused}"
    if description.__module__ == obsolete.__name__:
        return "every 64-bit kernel answers ENOSYS"
    return NEVER_SUCCEEDING.get(description.name, "")


@dataclass(frozen=True, slots=True)
class Idle:
    """Flags that do nothing."""

    flags: Collection[str]
    why: str
    calls: Collection[str] = ()
    """Where; empty: of any call."""
    but: bool = False
    """Whether all but these do nothing."""

    def fits(self, label: str, flag: str) -> bool:
        """Whether a flag of a call is one of them."""
        return (not self.calls or label in self.calls) and (flag in self.flags) is not self.but


RECEIVING = ("recvfrom", "recvmsg", "recvmmsg")
SENDING = ("sendto", "sendto_inet", "sendto_unix", "sendmsg", "sendmmsg")
STATX = ("statx", "statx_fd")
STATX_ALWAYS = ("TYPE", "MODE", "NLINK", "UID", "GID", "ATIME", "MTIME", "CTIME", "INO", "SIZE", "BLOCKS")

IDLE = (
    Idle(("O_LARGEFILE",), "x86_64 sets it by itself (force_o_largefile)"),
    Idle(
        ("O_APPEND", "O_ASYNC", "O_DIRECT", "O_NOATIME", "O_NONBLOCK"),
        "F_SETFL changes no other flags (fcntl(2))",
        ("fcntl_setfl",),
        but=True,
    ),
    Idle(
        ("MSG_CMSG_CLOEXEC", "MSG_DONTWAIT", "MSG_ERRQUEUE", "MSG_OOB", "MSG_PEEK", "MSG_TRUNC", "MSG_WAITALL"),
        "it has no meaning where something is received (recv(2))",
        RECEIVING,
        but=True,
    ),
    Idle(
        ("MSG_PEEK", "MSG_CTRUNC", "MSG_TRUNC", "MSG_WAITALL", "MSG_ERRQUEUE", "MSG_CMSG_CLOEXEC"),
        "it has no meaning where something is sent (send(2))",
        SENDING,
    ),
    Idle(("POLLERR", "POLLHUP", "POLLNVAL"), "it is ignored where it is asked for (poll(2))", ("poll", "ppoll")),
    Idle(("EPOLLERR", "EPOLLHUP"), "it is always waited for (epoll_ctl(2))", ("epoll_ctl",)),
    Idle(
        ("IN_UNMOUNT", "IN_Q_OVERFLOW", "IN_IGNORED", "IN_ISDIR"),
        "it is told whether it is asked for or not (inotify(7))",
        ("inotify_add_watch",),
    ),
    Idle(
        tuple(f"STATX_{name}" for name in STATX_ALWAYS),
        "what costs nothing is told though it is not asked for (statx(2))",
        STATX,
    ),
    Idle(("AT_STATX_FORCE_SYNC", "AT_STATX_DONT_SYNC"), "only file systems of a network have a use for it (statx(2))"),
    Idle(("AT_NO_AUTOMOUNT",), "it is as though it were always set (stat(2))", ("newfstatat",)),
    Idle(("SPLICE_F_MOVE",), "it does nothing since Linux 2.6.21 (splice(2))"),
    Idle(("SPLICE_F_GIFT",), "it is unused (splice(2), tee(2))", ("splice", "tee")),
    Idle(("SPLICE_F_MORE",), "it has no effect (tee(2), vmsplice(2))", ("tee", "vmsplice")),
    Idle(
        ("GRND_NONBLOCK", "GRND_RANDOM", "GRND_INSECURE"),
        "once the generator is seeded they are all the same since Linux 5.6 (random(7))",
        ("getrandom",),
    ),
    Idle(
        ("MS_NOREMOTELOCK", "MS_NOSEC", "MS_BORN", "MS_SUBMOUNT", "MS_KERNMOUNT"),
        "it is the kernel's own, and taken out of what programs ask for (path_mount)",
        ("mount",),
    ),
    Idle(("CLONE_DETACHED",), "it is ignored since Linux 2.6.2 (clone(2))"),
    Idle(("MAP_DENYWRITE", "MAP_EXECUTABLE", "MAP_STACK"), "it is ignored (mmap(2))", ("mmap", "mmap_file")),
    Idle(
        ("RWF_HIPRI", "RWF_DSYNC", "RWF_SYNC", "RWF_DONTCACHE"),
        "it is about how and when data goes to a disk or comes from it, which programs cannot see (preadv2(2))",
        ("preadv2", "pwritev2"),
    ),
    Idle(("RWF_APPEND", "RWF_NOAPPEND"), "it is about writing (preadv2(2))", ("preadv2",)),
    Idle(
        ("SYNC_FILE_RANGE_WAIT_BEFORE", "SYNC_FILE_RANGE_WRITE", "SYNC_FILE_RANGE_WAIT_AFTER"),
        "it is about when data goes to a disk, which programs cannot see (sync_file_range(2))",
        ("sync_file_range",),
    ),
)


def why_idle(label: str, flag: str) -> str:
    """Why a flag does nothing; "": it does something."""
    return next((each.why for each in IDLE if each.fits(label, flag)), "")
