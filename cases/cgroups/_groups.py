"""Control groups of a case's own: made below the group that the case runs in, and removed again whatever happens."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EBUSY, EINVAL, EPERM

from conformance.syscalls import Buffer, missing, untraced
from conformance.syscalls.files.directories import mkdir, rmdir
from conformance.syscalls.files.links import symlink, unlink
from conformance.syscalls.help.child import fork_child
from conformance.syscalls.help.mounts import mount_new
from conformance.syscalls.help.paths import contents, entries, write_to
from conformance.syscalls.help.waiting import time_left
from conformance.syscalls.namespaces import CLONE_NEWCGROUP, unshare
from conformance.syscalls.security.random import getrandom
from conformance.syscalls.signals import kill, pause


def mount_cgroup2(options: bytes | None = None) -> None:
    """Mount version 2 at `cgroup`, in a new cgroup namespace: what it shows is the group that the case runs in.

    The namespace comes first because the options of a mount that is made in the first one are the whole machine's
    (`apply_cgroup_root_flags`, Linux 4.13).
    """
    error = unshare.result_of(CLONE_NEWCGROUP)[1]
    if error in (EINVAL, EPERM):
        missing("cgroup namespaces")
    mount_new(b"cgroup2", b"cgroup", 0, options)


@contextmanager
def group() -> Iterator[bytes]:
    """A new group, as the path of its directory. In the end its processes are killed and it is removed."""
    mount_cgroup2()
    with subgroup() as path:
        yield path


@contextmanager
def subgroup() -> Iterator[bytes]:
    """As `group`, where `mount_cgroup2` was called already. The path is a link, as the name differs from run to run."""
    path, link = b"cgroup/conformance-" + unique(), b"group"
    with untraced():
        mkdir(path, 0o755)
        symlink(path, link)
    try:
        yield link
    finally:
        with untraced():
            unlink(link)
            remove(path)


def unique() -> bytes:
    """A name that no other case has, whatever runs beside this one."""
    data = Buffer(8)
    with untraced():
        getrandom(data, 8, 0)
    return bytes(data).hex().encode()


def remove(path: bytes) -> None:
    """Remove a group and those below it. This process leaves it; every other process in it is killed."""
    with untraced():
        write_to(b"cgroup/cgroup.procs", b"0")
    for name in entries(path):
        if b"." not in name:
            remove(path + b"/" + name)
    for _ in time_left():
        if rmdir.result_of(path)[1] != EBUSY:
            break
        for pid in members(path):
            kill.result_of(pid, signal.SIGKILL)
        time.sleep(0.002)


def members(path: bytes) -> set[int]:
    """The processes of a group. Not traced."""
    return set(map(int, contents(path + b"/cgroup.procs").split())) - {0}


def move(pid: int, path: bytes) -> None:
    """Move a process to a group. Not traced, as its pid is part of the data."""
    with untraced():
        write_to(path + b"/cgroup.procs", b"%d" % pid)


def member(path: bytes) -> int:
    """A new process in a group, which waits to be killed."""
    pid = fork_child(sleeper)
    move(pid, path)
    return pid


def sleeper() -> None:
    """A child's life that ends by a signal only."""
    pause()


def counter(file: bytes, key: bytes) -> int:
    """A number of a file of lines `key number`, such as cgroup.events. Not traced."""
    return int(dict(line.split() for line in contents(file).splitlines())[key])
