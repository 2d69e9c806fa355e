"""Control groups as systemd needs them: one version 2 hierarchy in which every service has a group."""

from __future__ import annotations

import signal
from errno import E2BIG, EAGAIN, EINVAL, ENOENT, ENOSYS

import pytest

from cases.cgroups._groups import counter, group, member, members, mount_cgroup2, subgroup
from conformance.syscalls import Buffer, missing, untraced
from conformance.syscalls.files.opening import O_CLOEXEC, O_DIRECTORY, O_RDONLY, O_WRONLY, open, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import read, write
from conformance.syscalls.help.child import exit_status, in_child
from conformance.syscalls.help.paths import contents, write_to
from conformance.syscalls.help.waiting import ready
from conformance.syscalls.mounts.mount import mount
from conformance.syscalls.polling.inotify import IN_CLOEXEC, IN_MODIFY, inotify_add_watch, inotify_init1
from conformance.syscalls.processes.creating import CLONE_INTO_CGROUP, CloneArgs, clone3, exit_group, fork
from conformance.syscalls.signals import kill, pause

pytestmark = pytest.mark.needs("root")


def test_mount_takes_the_option_that_makes_namespaces_boundaries() -> None:
    """`nsdelegate` (Linux 4.13); an option that does not exist is refused."""
    mount_cgroup2(b"nsdelegate")
    mount.fails_with(EINVAL, b"cgroup2", b"cgroup", b"cgroup2", 0, b"conformance")


def test_mount_takes_the_option_that_makes_memory_protection_recursive() -> None:
    """`memory_recursiveprot` (Linux 5.7, commit 8a931f801340)."""
    mount_cgroup2()
    if mount.result_of(b"cgroup2", b"cgroup", b"cgroup2", 0, b"memory_recursiveprot")[1] == EINVAL:
        missing("memory_recursiveprot")


def test_kill_file_ends_every_process_of_a_group() -> None:
    """Linux 5.14 (commit 661ee6280931)."""
    with group() as path:
        fd, error = openat.result_of(AT_FDCWD, path + b"/cgroup.kill", O_WRONLY | O_CLOEXEC)
        if error == ENOENT:
            missing("cgroup.kill")
        pids = [member(path), member(path)]
        write(fd, b"1", 1)
        assert [exit_status(pid) for pid in pids] == [-signal.SIGKILL, -signal.SIGKILL]


def test_inotify_tells_when_the_last_process_of_a_group_has_ended() -> None:
    with group() as path:
        events = inotify_init1(IN_CLOEXEC)
        inotify_add_watch(events, path + b"/cgroup.events", IN_MODIFY)
        pid = member(path)
        assert ready(events), "there was no event when the first process came"
        assert counter(path + b"/cgroup.events", b"populated") == 1
        with untraced():
            read(events, Buffer(4096), 4096)
        kill(pid, signal.SIGKILL)
        assert exit_status(pid) == -signal.SIGKILL
        assert ready(events), "there was no event when the last process had gone"
        assert counter(path + b"/cgroup.events", b"populated") == 0


@pytest.mark.needs("disposable")
def test_pids_controller_refuses_a_fork_beyond_the_limit() -> None:
    """TasksMax=. Disposable: it switches the controller on where the machine's own groups see it."""
    mount_cgroup2()
    if b"pids" not in contents(b"cgroup/cgroup.controllers").split():
        missing("the pids controller of version 2")
    write_to(b"cgroup/cgroup.subtree_control", b"+pids")
    with subgroup() as path:
        write_to(path + b"/pids.max", b"1")

        def confined() -> int:
            write_to(path + b"/cgroup.procs", b"0")
            pid, error = fork.result_of()
            if pid == 0:
                exit_group(0)
            return error

        assert in_child(confined) == EAGAIN
        assert counter(path + b"/pids.events", b"max") == 1
    write_to(b"cgroup/cgroup.subtree_control", b"-pids")


def test_clone3_starts_a_process_inside_a_group() -> None:
    """CLONE_INTO_CGROUP (Linux 5.7): E2BIG where `struct clone_args` ends before its last member."""
    with group() as path:
        directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        arguments = CloneArgs(flags=CLONE_INTO_CGROUP, exit_signal=signal.SIGCHLD, cgroup=directory)
        with untraced():  # the child would write to its parent's trace
            pid, error = clone3.result_of(arguments, CloneArgs.size())
            if pid == 0:
                pause()
        if error in (E2BIG, ENOSYS):
            missing("CLONE_INTO_CGROUP")
        assert error == 0
        assert members(path) == {pid}
