"""Bind mounts: one tree of files at two places, with flags of its own at each."""

from __future__ import annotations

import pytest

from conformance.syscalls.files.directories import mkdir
from conformance.syscalls.help.child import in_child
from conformance.syscalls.help.code import EXIT_WITH_RESULT, call, elf
from conformance.syscalls.help.mounts import bind_mount, mount_new
from conformance.syscalls.help.paths import exists, make_file
from conformance.syscalls.mounts.mount import MS_BIND, MS_NOSUID, MS_REC, MS_REMOUNT, mount
from conformance.syscalls.processes.credentials import geteuid, setresuid
from conformance.syscalls.processes.executing import execve

pytestmark = pytest.mark.needs("root")


@pytest.mark.parametrize(("flags", "visible"), [(0, False), (MS_REC, True)], ids=["plain", "recursive"])
def test_mounts_below_come_along_only_when_asked_for(flags: int, visible: bool) -> None:
    mkdir(b"tree", 0o755)
    mount_new(b"tmpfs", b"tree/mounted")
    make_file(b"tree/mounted/file")
    mkdir(b"view", 0o755)
    bind_mount(b"tree", b"view", flags)
    assert exists(b"view/mounted")
    assert exists(b"view/mounted/file") == visible


def view_of_tree(flags: int) -> None:
    """Bind `tree` to `view`, where `flags` hold."""
    mkdir(b"view", 0o755)
    bind_mount(b"tree", b"view")
    mount(None, b"view", None, MS_BIND | MS_REMOUNT | flags, None)


@pytest.mark.needs("x86_64")
@pytest.mark.parametrize(("flags", "status"), [(0, 0), (MS_NOSUID, 254)], ids=["plain", "nosuid"])
def test_set_user_id_bit_counts_only_where_it_may(flags: int, status: int) -> None:
    """MS_NOSUID: the program of root that nobody (65534, whose low byte is 254) starts stays nobody's."""
    mkdir(b"tree", 0o755)
    make_file(b"tree/program", elf(call(geteuid) + EXIT_WITH_RESULT), 0o4755)
    view_of_tree(flags)

    def nobody() -> None:
        setresuid(65534, 65534, 65534)
        execve(b"view/program", None, None)

    assert in_child(nobody) == status
