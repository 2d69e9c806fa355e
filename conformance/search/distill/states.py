"""States that a program can be put into before a call, by which calls fail as they do not otherwise."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from functools import cache
from signal import SIGALRM, SIGXFSZ

from conformance.search.bind import Call, plain_call
from conformance.syscalls.files.opening import O_RDONLY, O_WRONLY
from conformance.syscalls.files.status import S_IFIFO, S_IFSOCK
from conformance.syscalls.machinery.choices import Blob, Choice, Use, text
from conformance.syscalls.mounts.mount import MS_BIND, MS_RDONLY, MS_REMOUNT
from conformance.syscalls.processes.limits import (
    RLIMIT_AS,
    RLIMIT_FSIZE,
    RLIMIT_MEMLOCK,
    RLIMIT_MSGQUEUE,
    RLIMIT_NOFILE,
    RLIMIT_NPROC,
    RLIMIT_SIGPENDING,
)

SOMEBODY = 1000
"""A user without privileges."""
LIMITS = (RLIMIT_NOFILE, RLIMIT_FSIZE, RLIMIT_AS, RLIMIT_MEMLOCK, RLIMIT_MSGQUEUE, RLIMIT_NPROC, RLIMIT_SIGPENDING)
LONG = b"n" * 256
"""More than NAME_MAX; and below more than PATH_MAX (path_resolution(7))."""
LONGER = b"d0/" * 1400

FS_IMMUTABLE_FL, FS_APPEND_FL = 0x10, 0x20
"""Attributes of files (ioctl_iflags(2))."""
TICK = 1000
"""Microseconds between two signals."""

State = tuple[Call, ...]


def limited(resource: int) -> Call:
    """None of a resource may be had any more."""
    return plain_call("setrlimit", resource=resource, limit=Blob(bytes(16)))


def handled(signal: int) -> Call:
    """A signal has a handler, which returns."""
    return plain_call("rt_sigaction", signum=signal)


def ticking() -> State:
    """A signal comes each millisecond, and interrupts what waits."""
    return handled(SIGALRM), plain_call("setitimer", new=Blob(struct.pack("=4q", 0, TICK, 0, TICK)))


def full() -> State:
    """The directory `d0` is a file system without room for one file more."""
    return (
        plain_call("mount", target=text(b"d0"), data=text(b"nr_inodes=2,size=4k")),
        plain_call("mkdir", path=text(b"d0/d8")),
    )


def unprivileged() -> State:
    """Another user, without any capability."""
    return (
        plain_call("setresgid", rgid=SOMEBODY, egid=SOMEBODY, sgid=SOMEBODY),
        plain_call("setresuid", ruid=SOMEBODY, euid=SOMEBODY, suid=SOMEBODY),
    )


def read_only() -> State:
    """The directory `d0` is a mount that can only be read."""
    return (
        plain_call("mount_bind", source=text(b"d0"), target=text(b"d0")),
        plain_call("mount_remount", source=0, target=text(b"d0"), flags=MS_REMOUNT | MS_BIND | MS_RDONLY),
    )


@cache
def states() -> Mapping[str, State]:
    """What may come before any call, by name."""
    found: dict[str, State] = {f"limit {resource}": (limited(resource),) for resource in LIMITS}
    found["a limit of files that does not kill"] = (handled(SIGXFSZ), limited(RLIMIT_FSIZE))
    found["unprivileged"] = unprivileged()
    found["nothing of files"] = (plain_call("chdir", path=text(b"d0")), plain_call("rmdir", path=text(b"../d0")))
    return found


@cache
def places() -> Mapping[str, tuple[State, bytes]]:
    """Paths that lead nowhere, or to what few calls take, by name: what makes them, and the path."""
    nobody_enters = (plain_call("chmod", path=text(b"d0"), mode=0), *unprivileged())
    nobody_reads = (plain_call("chmod", path=text(b"f0"), mode=0), *unprivileged())
    loop = plain_call("symlink", target=text(b"l9"), link=text(b"l9"))
    dangling = plain_call("symlink", target=text(b"absent"), link=text(b"l9"))
    return {
        "nothing": ((), b"absent"),
        "below nothing": ((), b"absent/x"),
        "below a file": ((), b"f0/x"),
        "a file with a slash": ((), b"f0/"),
        "no name": ((), b""),
        "a directory": ((), b"d0"),
        "a directory with something": ((), b"d0/"),
        "here": ((), b"."),
        "above": ((), b".."),
        "a file": ((), b"f0"),
        "a link": ((), b"l0"),
        "a long name": ((), LONG),
        "a long path": ((), LONGER),
        "a loop": ((loop,), b"l9"),
        "below a loop": ((loop,), b"l9/x"),
        "a link to nothing": ((dangling,), b"l9"),
        "a FIFO": ((plain_call("mknod", path=text(b"p9"), mode=S_IFIFO | 0o644),), b"p9"),
        "a socket": ((plain_call("mknod", path=text(b"s9"), mode=S_IFSOCK | 0o644),), b"s9"),
        "where nobody enters": (nobody_enters, b"d0/f1"),
        "new where nobody enters": (nobody_enters, b"d0/f9"),
        "what nobody reads": (nobody_reads, b"f0"),
        "somebody else's": (unprivileged(), b"f0"),
        "new in somebody else's": (unprivileged(), b"f9"),
        "what can only be read": (read_only(), b"d0/f1"),
        "new where can only be read": (read_only(), b"d0/f9"),
        "new where there is no room": (full(), b"d0/f9"),
        "where there is no room": (full(), b"d0/d8"),
        "somebody else's that only its owner removes": (
            (plain_call("chmod", path=text(b"d0"), mode=0o1777), *unprivileged()),
            b"d0/f1",
        ),
        "an empty directory": ((plain_call("mkdir", path=text(b"d9")),), b"d9"),
        "what cannot be changed": (
            (plain_call("ioctl_setflags", arg=Blob(FS_IMMUTABLE_FL.to_bytes(4, "little"))),),
            b"f0",
        ),
        "what can only be appended to": (
            (plain_call("ioctl_setflags", arg=Blob(FS_APPEND_FL.to_bytes(4, "little"))),),
            b"f0",
        ),
        "a mount": ((plain_call("mount_bind", source=text(b"d0"), target=text(b"d0")),), b"d0"),
        "on another file system": ((plain_call("mount", target=text(b"d0")),), b"d0/f9"),
    }


@cache
def descriptors() -> Mapping[str, tuple[State, Choice]]:
    """What an fd may refer to, by name: what makes it, where the description of no call does, and the fd."""
    families = (
        *("file", "dir", "path", "mem", "pipe:r", "pipe:w", "mq"),
        *("socket:unix:stream", "socket:unix:pair", "socket:inet:udp", "socket:netlink"),
        *("epoll", "event", "timer", "signal", "inotify", "fanotify", "pid", "fscontext"),
        *("pty:master", "pty:slave", "proc"),
    )
    return {
        **{name.replace(":", " "): ((), Use(f"fd:{name}")) for name in families},
        "file of a mount that can only be read": (
            (*read_only(), plain_call("openat", path=text(b"d0/f1"), flags=O_RDONLY)),
            Use("fd"),
        ),
        "file to be read": ((plain_call("openat", flags=O_RDONLY),), Use("fd")),
        "file to be written": ((plain_call("openat", flags=O_WRONLY),), Use("fd")),
    }
