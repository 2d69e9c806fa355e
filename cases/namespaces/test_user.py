"""User namespaces: mapped identities, and privileges over what belongs to the namespace (user_namespaces(7))."""

from __future__ import annotations

from errno import ENOSPC, EPERM

import pytest

from cases.namespaces._namespaces import enter
from conformance.syscalls import untraced
from conformance.syscalls.files.attributes import chown
from conformance.syscalls.files.directories import mkdir
from conformance.syscalls.files.opening import O_CLOEXEC, O_WRONLY, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import write
from conformance.syscalls.help.mounts import mount_new
from conformance.syscalls.help.paths import exists, make_file, open_present, write_to
from conformance.syscalls.namespaces import CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWUTS, unshare
from conformance.syscalls.processes.credentials import setgroups, setresgid, setresuid
from conformance.syscalls.processes.prctl import PR_SET_DUMPABLE, prctl
from conformance.syscalls.system import sethostname

pytestmark = pytest.mark.needs("root")


def unprivileged() -> None:
    """Become user and group 1000, with a directory `own` and leave to write to the process's files in /proc."""
    mkdir(b"own", 0o755)
    chown(b"own", 1000, 1000)
    setgroups(0, None)
    setresgid(1000, 1000, 1000)
    setresuid(1000, 1000, 1000)
    prctl(PR_SET_DUMPABLE, 1)


def map_to_root() -> None:
    """Map user and group 1000 of the parent to 0."""
    with untraced():
        if exists(b"/proc/self/setgroups"):  # Linux 3.19
            write_to(b"/proc/self/setgroups", b"deny")
    write_to(b"/proc/self/uid_map", b"0 1000 1\n")
    write_to(b"/proc/self/gid_map", b"0 1000 1\n")


def test_unprivileged_process_may_map_nobody_but_itself() -> None:
    unprivileged()
    enter(CLONE_NEWUSER)
    fd = openat(AT_FDCWD, b"/proc/self/uid_map", O_WRONLY | O_CLOEXEC)
    write.fails_with(EPERM, fd, b"0 1001 1\n", 9)
    write.fails_with(EPERM, fd, b"0 1000 2\n", 9)
    assert write(fd, b"5 1000 1\n", 9) == 9


def test_root_of_a_user_namespace_rules_what_is_made_in_it() -> None:
    """Here a UTS and a mount namespace with a tmpfs."""
    unprivileged()
    sethostname.fails_with(EPERM, b"inside", 6)
    enter(CLONE_NEWUSER | CLONE_NEWUTS | CLONE_NEWNS)
    map_to_root()
    sethostname(b"inside", 6)
    mount_new(b"tmpfs", b"own/mounted")
    make_file(b"own/mounted/file")


def test_number_of_namespaces_can_be_limited_from_within() -> None:
    """/proc/sys/user (Linux 4.9): ENOSPC."""
    enter(CLONE_NEWUSER)
    write_to(b"/proc/self/uid_map", b"0 0 1\n")
    write(open_present(b"/proc/sys/user/max_uts_namespaces", O_WRONLY), b"1", 1)
    unshare(CLONE_NEWUTS)
    unshare.fails_with(ENOSPC, CLONE_NEWUTS)
