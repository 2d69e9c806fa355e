"""Renaming: names change places at once, or not at all (rename(2))."""

from __future__ import annotations

from errno import EEXIST, EINVAL, EISDIR, ENOENT, ENOTDIR, ENOTEMPTY

from cases.files._files import content_at, status
from conformance.syscalls.files.directories import mkdir, rmdir
from conformance.syscalls.files.links import RENAME_EXCHANGE, RENAME_NOREPLACE, rename, renameat2
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.status import Stat, stat
from conformance.syscalls.help.paths import new_file


def test_directory_replaces_an_empty_directory_alone() -> None:
    for path in (b"from", b"to", b"to/inner"):
        mkdir(path, 0o755)
    new_file(b"file")
    rename.fails_with(ENOTEMPTY, b"from", b"to")
    rename.fails_with(ENOTDIR, b"from", b"file")
    rename.fails_with(EISDIR, b"file", b"from")
    rename.fails_with(EINVAL, b"to", b"to/inner/below")
    rmdir(b"to/inner")
    rename(b"from", b"to")
    stat.fails_with(ENOENT, b"from", Stat())


def test_flags_forbid_replacing_or_ask_for_an_exchange() -> None:
    """renameat2(2), Linux 3.15: a file and a directory may change places."""
    new_file(b"file", b"hello")
    mkdir(b"directory", 0o755)
    renameat2.or_missing("RENAME_EXCHANGE", EINVAL, AT_FDCWD, b"file", AT_FDCWD, b"directory", RENAME_EXCHANGE)
    assert content_at(b"directory") == b"hello"
    assert status(b"file").st_nlink == 2
    renameat2.fails_with(ENOENT, AT_FDCWD, b"file", AT_FDCWD, b"absent", RENAME_EXCHANGE)
    renameat2.fails_with(EINVAL, AT_FDCWD, b"file", AT_FDCWD, b"absent", RENAME_EXCHANGE | RENAME_NOREPLACE)
    renameat2.fails_with(EEXIST, AT_FDCWD, b"file", AT_FDCWD, b"directory", RENAME_NOREPLACE)
    renameat2(AT_FDCWD, b"file", AT_FDCWD, b"absent", RENAME_NOREPLACE)
