"""Control groups, version 2: groups are directories, and processes are moved by writing their pids."""

from __future__ import annotations

import signal
import time
from errno import EACCES, EBUSY, EOPNOTSUPP

import pytest

from cases.cgroups._groups import counter, group, member, members, mount_cgroup2, move, sleeper, subgroup
from conformance.syscalls import Buffer, missing, untraced
from conformance.syscalls.files.attributes import chown
from conformance.syscalls.files.directories import mkdir, rmdir
from conformance.syscalls.files.opening import O_CLOEXEC, O_RDONLY, O_WRONLY, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import read, write
from conformance.syscalls.help.child import exit_status, fork_child, in_child
from conformance.syscalls.help.paths import contents, exists, write_to
from conformance.syscalls.help.pipes import new_pipe
from conformance.syscalls.help.waiting import ready
from conformance.syscalls.machinery.buffers import write_memory
from conformance.syscalls.memory.mapping import MAP_ANONYMOUS, MAP_PRIVATE, PROT_READ, PROT_WRITE, mmap
from conformance.syscalls.polling.poll import POLLPRI
from conformance.syscalls.processes.credentials import setresuid
from conformance.syscalls.signals import kill

pytestmark = pytest.mark.needs("root")


def test_group_lists_its_processes_and_children_are_born_into_it() -> None:
    with group() as path:

        def parent() -> None:
            write_to(path + b"/cgroup.procs", b"0")
            before = members(path)
            child = fork_child(sleeper)
            assert members(path) - before == {child}

        assert in_child(parent) == 0


def test_group_with_a_process_or_a_group_is_ebusy() -> None:
    with group() as path:
        mkdir(path + b"/a", 0o755)
        mkdir(path + b"/a/b", 0o755)
        rmdir.fails_with(EBUSY, path + b"/a")
        pid = member(path + b"/a/b")
        rmdir.fails_with(EBUSY, path + b"/a/b")
        kill(pid, signal.SIGKILL)
        assert exit_status(pid) == -signal.SIGKILL
        with untraced():  # the group may be emptied a little later
            while counter(path + b"/a/b/cgroup.events", b"populated"):
                time.sleep(0.001)
        rmdir(path + b"/a/b")
        rmdir(path + b"/a")


def test_frozen_group_stands_still_until_it_is_thawed() -> None:
    """cgroup.freeze (Linux 5.2)."""
    with group() as path:
        if not exists(path + b"/cgroup.freeze"):
            missing("cgroup.freeze")
        to_child, to_parent = new_pipe(O_CLOEXEC), new_pipe(O_CLOEXEC)

        def echo() -> None:
            with untraced():
                while read(to_child[0], Buffer(1), 1):
                    write(to_parent[1], b"x", 1)

        pid = fork_child(echo)
        move(pid, path)
        write_to(path + b"/cgroup.freeze", b"1")
        events = openat(AT_FDCWD, path + b"/cgroup.events", O_RDONLY | O_CLOEXEC)
        with untraced():
            while not counter(path + b"/cgroup.events", b"frozen"):
                assert ready(events, POLLPRI)
        write(to_child[1], b"x", 1)
        assert not ready(to_parent[0], seconds=0.02)
        write_to(path + b"/cgroup.freeze", b"0")
        assert ready(to_parent[0])


def test_threaded_group_does_not_tell_processes() -> None:
    """cgroup.type (Linux 4.14): its threads are of a process that belongs to the group above."""
    with group() as path:
        mkdir(path + b"/a", 0o755)
        assert contents(path + b"/a/cgroup.type") == b"domain\n"
        write_to(path + b"/a/cgroup.type", b"threaded")
        assert contents(path + b"/cgroup.type") == b"domain threaded\n"
        fd = openat(AT_FDCWD, path + b"/a/cgroup.procs", O_RDONLY | O_CLOEXEC)
        read.fails_with(EOPNOTSUPP, fd, Buffer(64), 64)


def test_user_who_was_given_a_group_moves_processes_within_it_only() -> None:
    """Delegation: leave is needed for the group that both have in common."""
    with group() as path:
        for each in (b"", b"/a", b"/b"):
            if each:
                mkdir(path + each, 0o755)
            chown(path + each, 1000, 1000)
            chown(path + each + b"/cgroup.procs", 1000, 1000)

        def outsider() -> None:
            setresuid(1000, 1000, 1000)
            fd = openat(AT_FDCWD, path + b"/a/cgroup.procs", O_WRONLY | O_CLOEXEC)
            write.fails_with(EACCES, fd, b"0", 1)

        def insider() -> None:
            write_to(path + b"/a/cgroup.procs", b"0")
            setresuid(1000, 1000, 1000)
            write_to(path + b"/b/cgroup.procs", b"0")

        assert in_child(outsider) == 0
        assert in_child(insider) == 0


@pytest.mark.needs("disposable")
@pytest.mark.starves_itself
def test_memory_controller_kills_what_goes_beyond_the_limit() -> None:
    """memory.max. Disposable: it switches the controller on where the machine's own groups see it."""
    mount_cgroup2()
    if b"memory" not in contents(b"cgroup/cgroup.controllers").split():
        missing("the memory controller of version 2")
    write_to(b"cgroup/cgroup.subtree_control", b"+memory")
    with subgroup() as path:
        write_to(path + b"/memory.max", b"8M")

        def glutton() -> None:
            write_to(path + b"/cgroup.procs", b"0")
            address = mmap(0, 32 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
            write_memory(address, bytes(32 << 20))

        assert in_child(glutton) == -signal.SIGKILL
        assert counter(path + b"/memory.events", b"oom_kill") == 1
    write_to(b"cgroup/cgroup.subtree_control", b"-memory")


@pytest.mark.needs("disposable")
def test_group_that_hands_on_a_controller_has_no_processes_of_its_own() -> None:
    """The rule of no internal processes: EBUSY."""
    mount_cgroup2()
    if b"memory" not in contents(b"cgroup/cgroup.controllers").split():
        missing("the memory controller of version 2")
    write_to(b"cgroup/cgroup.subtree_control", b"+memory")
    with subgroup() as path:
        mkdir(path + b"/a", 0o755)
        write_to(path + b"/cgroup.subtree_control", b"+memory")

        def child() -> None:
            fd = openat(AT_FDCWD, path + b"/cgroup.procs", O_WRONLY | O_CLOEXEC)
            write.fails_with(EBUSY, fd, b"0", 1)
            write_to(path + b"/a/cgroup.procs", b"0")

        assert in_child(child) == 0
    write_to(b"cgroup/cgroup.subtree_control", b"-memory")
