"""Names that exist: what is said of them in a directory that cannot be written, EEXIST first (mkdir(2), link(2))."""

from __future__ import annotations

from collections.abc import Callable
from errno import EACCES, EEXIST, EINVAL, ENOENT, EPERM, EROFS
from typing import Any

import pytest

from cases.files._files import status
from conformance.syscalls.files.attributes import chown
from conformance.syscalls.files.directories import chdir, mkdir, mkdirat, mknod, mknodat, rmdir
from conformance.syscalls.files.links import (
    RENAME_EXCHANGE,
    RENAME_NOREPLACE,
    link,
    linkat,
    rename,
    renameat2,
    symlink,
    symlinkat,
    unlink,
)
from conformance.syscalls.files.opening import O_CREAT, O_EXCL, O_RDONLY, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.status import S_IFCHR, S_IFDIR, S_IFIFO, S_IFREG
from conformance.syscalls.help.mounts import bind_mount
from conformance.syscalls.help.paths import make_file
from conformance.syscalls.machinery.call import Syscall
from conformance.syscalls.mounts.mount import MS_BIND, MS_RDONLY, MS_REMOUNT, mount
from conformance.syscalls.processes.credentials import setgroups, setresgid, setresuid

USER = 65533

pytestmark = pytest.mark.needs("root")

MAKE: dict[str, Callable[[bytes], tuple[int, int]]] = {
    "mkdir": lambda name: mkdir.result_of(name, 0o755),
    "mkdirat": lambda name: mkdirat.result_of(AT_FDCWD, name, 0o755),
    "mknod": lambda name: mknod.result_of(name, S_IFIFO | 0o644, 0),
    "mknodat": lambda name: mknodat.result_of(AT_FDCWD, name, S_IFREG | 0o644, 0),
    "mknod-device": lambda name: mknod.result_of(name, S_IFCHR | 0o644, 0x103),
    "symlink": lambda name: symlink.result_of(b"anywhere", name),
    "symlinkat": lambda name: symlinkat.result_of(b"anywhere", AT_FDCWD, name),
    "link": lambda name: link.result_of(b"file", name),
    "linkat": lambda name: linkat.result_of(AT_FDCWD, b"file", AT_FDCWD, name, 0),
    "open": lambda name: openat.result_of(AT_FDCWD, name, O_CREAT | O_EXCL | O_RDONLY, 0o644),
    "rename": lambda name: renameat2.result_of(AT_FDCWD, b"directory", AT_FDCWD, name, RENAME_NOREPLACE),
}
"""What makes a name that is not there yet."""


def furnish() -> None:
    """A directory with a file, another name of it, an empty directory, a full one, and a link that leads nowhere."""
    mkdir(b"closed", 0o755)
    chdir(b"closed")
    make_file(b"file")
    chown(b"file", USER, USER)  # who has no right to a file may not link to it (fs.protected_hardlinks)
    link(b"file", b"name")
    mkdir(b"directory", 0o755)
    mkdir(b"full", 0o755)
    make_file(b"full/file")
    symlink(b"nowhere", b"dangling")


def become_user() -> None:
    """One who may only search the directory."""
    setgroups(0, None)
    setresgid(USER, USER, USER)
    setresuid(USER, USER, USER)


@pytest.mark.parametrize("name", MAKE)
def test_name_that_exists_is_eexist_where_no_name_can_be_made(name: str) -> None:
    """EACCES is for names that do not (`filename_create` looks first; google/gvisor#5164)."""
    furnish()
    become_user()
    for there in (b"file", b"directory", b"dangling"):
        assert MAKE[name](there)[1] == EEXIST, there
    assert MAKE[name](b"absent")[1] == EACCES


def make_read_only() -> None:
    """Mount the directory that we are in once more, so that nobody can write there."""
    chdir(b"..")
    bind_mount(b"closed", b"closed")
    mount(None, b"closed", None, MS_BIND | MS_REMOUNT | MS_RDONLY, None)
    chdir(b"closed")


@pytest.mark.parametrize("name", [name for name in MAKE if name != "rename"])
def test_name_that_exists_is_eexist_on_a_mount_that_is_read_only(name: str) -> None:
    """EROFS is for names that do not."""
    furnish()
    make_read_only()
    for there in (b"file", b"directory", b"dangling"):
        assert MAKE[name](there)[1] == EEXIST, there
    assert MAKE[name](b"absent")[1] == EROFS


@pytest.mark.parametrize("new", [b"file", b"directory", b"absent"], ids=bytes.decode)
def test_renaming_on_a_mount_that_is_read_only_is_erofs_whatever_exists(new: bytes) -> None:
    """`do_renameat2` asks for the mount before it looks for the names."""
    furnish()
    make_read_only()
    renameat2.fails_with(EROFS, AT_FDCWD, b"directory", AT_FDCWD, new, RENAME_NOREPLACE)
    rename.fails_with(EROFS, b"absent", new)


@pytest.mark.parametrize("name", [b"file", b"directory", b"absent"], ids=bytes.decode)
def test_removal_from_a_mount_that_is_read_only_is_erofs_whatever_exists(name: bytes) -> None:
    """`do_unlinkat`, `do_rmdir`."""
    furnish()
    make_read_only()
    unlink.fails_with(EROFS, name)
    rmdir.fails_with(EROFS, name)


@pytest.mark.parametrize("path", [b".", b"..", b"/", b"directory/", b"directory/.", b"file"], ids=bytes.decode)
def test_path_that_names_no_new_entry_is_eexist_to_mkdir(path: bytes) -> None:
    furnish()
    become_user()
    mkdir.fails_with(EEXIST, path, 0o755)


def test_only_a_directory_can_be_made_with_a_slash_behind_its_name() -> None:
    """ENOENT for what is none, EACCES where a directory could not be made, too."""
    furnish()
    become_user()
    mkdir.fails_with(EACCES, b"absent/", 0o755)
    mknod.fails_with(ENOENT, b"absent/", S_IFIFO | 0o644, 0)
    symlink.fails_with(ENOENT, b"anywhere", b"absent/")
    mkdir.fails_with(ENOENT, b"absent/inner", 0o755)


@pytest.mark.parametrize("name", [b"file", b"absent"], ids=bytes.decode)
def test_type_that_no_node_can_have_is_refused_before_the_name_is_looked_at(name: bytes) -> None:
    """`may_mknod`: EPERM for a directory, EINVAL for what is none (mknod(2))."""
    furnish()
    become_user()
    mknod.fails_with(EPERM, name, S_IFDIR | 0o755, 0)
    mknod.fails_with(EINVAL, name, 0o170000 | 0o644, 0)


@pytest.mark.parametrize(
    ("name", "error"),
    [(b"absent", ENOENT), (b"file", EACCES), (b"directory", EACCES), (b"full", EACCES)],
    ids=["absent", "file", "directory", "full"],
)
@pytest.mark.parametrize("call", [unlink, rmdir], ids=["unlink", "rmdir"])
def test_removal_looks_for_the_name_then_for_permission_then_what_it_is(
    call: Syscall[Any], name: bytes, error: int
) -> None:
    """`may_delete`: what is of the wrong type, or full, is EACCES as well."""
    furnish()
    become_user()
    call.fails_with(error, name)


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        (b"file", b"directory", EACCES),
        (b"directory", b"full", EACCES),
        (b"file", b"absent", EACCES),
        (b"absent", b"file", ENOENT),
        (b"full", b"full/inner", EINVAL),
    ],
    ids=["other-type", "full", "absent", "from-absent", "into-itself"],
)
def test_renaming_where_nothing_can_be_renamed_tells_the_names_first(old: bytes, new: bytes, error: int) -> None:
    """rename(2)."""
    furnish()
    become_user()
    rename.fails_with(error, old, new)


def test_two_names_of_one_file_are_left_as_they_are() -> None:
    """rename(2): "If oldpath and newpath are existing hard links referring to the same file", that is success."""
    furnish()
    become_user()
    rename(b"file", b"name")
    assert status(b"file").st_nlink == 2


@pytest.mark.parametrize(
    ("new", "flags", "error"),
    [
        (b"directory", RENAME_EXCHANGE, EACCES),
        (b"absent", RENAME_EXCHANGE, ENOENT),
        (b"name", RENAME_EXCHANGE | RENAME_NOREPLACE, EINVAL),
    ],
    ids=["there", "absent", "contradiction"],
)
def test_exchange_where_nothing_can_be_renamed_tells_the_names_first(new: bytes, flags: int, error: int) -> None:
    """renameat2(2)."""
    furnish()
    become_user()
    renameat2.fails_with(error, AT_FDCWD, b"file", AT_FDCWD, new, flags)


def test_file_that_exists_is_opened_where_none_can_be_made() -> None:
    """O_CREAT without O_EXCL."""
    furnish()
    become_user()
    assert openat(AT_FDCWD, b"file", O_CREAT | O_RDONLY, 0o644) >= 0
    openat.fails_with(EACCES, AT_FDCWD, b"absent", O_CREAT | O_RDONLY, 0o644)
