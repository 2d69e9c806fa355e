"""Files as systemd needs them: handles, mount ids, extended attributes, and paths that cannot lead astray."""

from __future__ import annotations

from errno import EINVAL, EISDIR, ELOOP, EOPNOTSUPP, EOVERFLOW, EXDEV, errorcode

import pytest

from conformance.syscalls import Buffer, missing, untraced
from conformance.syscalls.files.directories import mkdir
from conformance.syscalls.files.handles import name_to_handle_at, open_by_handle_at
from conformance.syscalls.files.links import linkat, rename, symlink
from conformance.syscalls.files.opening import (
    O_CLOEXEC,
    O_DIRECTORY,
    O_PATH,
    O_RDONLY,
    O_TMPFILE,
    O_WRONLY,
    RESOLVE_BENEATH,
    RESOLVE_NO_MAGICLINKS,
    RESOLVE_NO_SYMLINKS,
    RESOLVE_NO_XDEV,
    OpenHow,
    open,
    openat2,
)
from conformance.syscalls.files.paths import AT_EMPTY_PATH, AT_FDCWD, AT_HANDLE_FID
from conformance.syscalls.files.reading import write
from conformance.syscalls.files.status import STATX_ATTR_MOUNT_ROOT, STATX_MNT_ID, Statx, statx
from conformance.syscalls.files.xattrs import getxattr, setxattr
from conformance.syscalls.help.mounts import mount_at, mount_new
from conformance.syscalls.help.paths import contents, exists, make_file, open_bounded, rest_of

HANDLE_ROOM = 128
"""MAX_HANDLE_SZ."""


def handle_of(path: bytes, flags: int = 0) -> tuple[Buffer, int]:
    """A file's handle and the id of the mount that it lies on."""
    handle, mount_id = Buffer(HANDLE_ROOM.to_bytes(4, "little") + bytes(4 + HANDLE_ROOM)), Buffer(4)
    _, error = name_to_handle_at.result_of(AT_FDCWD, path, handle, mount_id, flags)
    if error == EOPNOTSUPP or (error == EINVAL and flags):
        missing("file handles" if error == EOPNOTSUPP else "AT_HANDLE_FID")
    if error:
        raise OSError(error, "name_to_handle_at")
    return handle, mount_id.int_at(0)


@pytest.mark.needs("root")
def test_name_to_handle_at_tells_the_mount() -> None:
    """How a mount point is told from a directory where statx(2) cannot."""
    make_file(b"file")
    _, here = handle_of(b"file")
    mount_new(b"tmpfs", b"mounted")
    _, there = handle_of(b"mounted")
    assert [here, there] == [found.id for found in map(mount_at, (b"", b"mounted")) if found]


def test_handle_for_which_there_is_too_little_room_is_eoverflow_and_tells_its_size() -> None:
    """name_to_handle_at(2): with a size of 0 that is how a program asks for it."""
    make_file(b"file")
    whole, _ = handle_of(b"file")
    asked = Buffer(bytes(8 + HANDLE_ROOM))
    name_to_handle_at.fails_with(EOVERFLOW, AT_FDCWD, b"file", asked, Buffer(4), 0)
    assert asked.int_at(0) == whole.int_at(0) > 0
    assert asked.take(HANDLE_ROOM, 8) == bytes(HANDLE_ROOM)


@pytest.mark.needs("root")
def test_file_can_be_opened_by_its_handle() -> None:
    make_file(b"file", b"hello")
    handle, _ = handle_of(b"file")
    rename(b"file", b"elsewhere")
    directory = open(b".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    assert rest_of(open_by_handle_at(directory, handle, O_RDONLY)) == b"hello"


def test_handle_that_only_identifies_is_equal_for_every_name_of_a_file() -> None:
    """AT_HANDLE_FID (Linux 6.5, commit 96b2b072ee62)."""
    make_file(b"file")
    make_file(b"other")
    linkat(AT_FDCWD, b"file", AT_FDCWD, b"name", 0)
    first, second, other = (bytes(handle_of(path, AT_HANDLE_FID)[0]) for path in (b"file", b"name", b"other"))
    assert first == second != other


@pytest.mark.needs("root")
def test_statx_tells_the_mount_and_its_root() -> None:
    """STATX_MNT_ID and STATX_ATTR_MOUNT_ROOT (Linux 5.8)."""
    mount_new(b"tmpfs", b"mounted")
    make_file(b"mounted/file")
    root, file = Statx(), Statx()
    with untraced():  # which attributes a file system knows is its release's
        statx(AT_FDCWD, b"mounted", 0, STATX_MNT_ID, root)
        statx(AT_FDCWD, b"mounted/file", 0, STATX_MNT_ID, file)
    if not root.stx_mask & STATX_MNT_ID:
        missing("STATX_MNT_ID")
    mounted = mount_at(b"mounted")
    assert mounted
    assert root.stx_mnt_id == file.stx_mnt_id == mounted.id
    assert root.stx_attributes & STATX_ATTR_MOUNT_ROOT
    assert not file.stx_attributes & STATX_ATTR_MOUNT_ROOT


@pytest.mark.needs("root")
@pytest.mark.parametrize("name", [b"user.a", b"trusted.a", b"security.a"], ids=["user", "trusted", "security"])
def test_tmpfs_keeps_extended_attributes(name: bytes) -> None:
    """CONFIG_TMPFS_XATTR; those of users since Linux 6.6 (commit 2daf18a7884d)."""
    make_file(b"file")
    if setxattr.result_of(b"file", name, b"value", 5, 0)[1] == EOPNOTSUPP:
        missing(f"{name.decode()} on tmpfs")
    value = Buffer(16)
    assert getxattr(b"file", name, value, 16) == 5
    assert value.take(5) == b"value"


@pytest.mark.needs("root")
@pytest.mark.parametrize(
    ("path", "resolve", "error"),
    [
        (b"link", RESOLVE_NO_SYMLINKS, ELOOP),
        (b"/proc/self/exe", RESOLVE_NO_MAGICLINKS, ELOOP),
        (b"inner/../..", RESOLVE_BENEATH, EXDEV),
        (b"/", RESOLVE_BENEATH, EXDEV),
        (b"mounted/file", RESOLVE_NO_XDEV, EXDEV),
    ],
    ids=["symlink", "magic-link", "parent", "absolute", "mount"],
)
def test_openat2_does_not_follow_where_it_must_not(path: bytes, resolve: int, error: int) -> None:
    """Linux 5.6."""
    mount_new(b"tmpfs", b"mounted")
    make_file(b"mounted/file")
    mkdir(b"inner", 0o755)
    symlink(b"inner", b"link")
    openat2(AT_FDCWD, path, OpenHow(flags=O_PATH), OpenHow.size())
    _, found = open_bounded(AT_FDCWD, path, OpenHow(flags=O_PATH, resolve=resolve))
    assert errorcode.get(found) == errorcode[error]


@pytest.mark.needs("root")
def test_unnamed_file_gets_its_name_when_it_is_complete() -> None:
    fd, error = open.result_of(b".", O_TMPFILE | O_WRONLY, 0o644)
    if error in (EISDIR, EOPNOTSUPP):  # the first: a kernel that does not know the flag (open(2))
        missing("O_TMPFILE")
    assert error == 0
    write(fd, b"complete", 8)
    assert not exists(b"file")
    linkat(fd, b"", AT_FDCWD, b"file", AT_EMPTY_PATH)
    assert contents(b"file") == b"complete"
