"""Overlays: a writable layer above others that stay as they are (Documentation/filesystems/overlayfs.rst)."""

from __future__ import annotations

import pytest

from conformance.syscalls import untraced
from conformance.syscalls.files.directories import mkdir
from conformance.syscalls.files.links import unlink
from conformance.syscalls.files.opening import O_APPEND, O_WRONLY, close, open
from conformance.syscalls.files.reading import write
from conformance.syscalls.files.status import S_IFCHR, S_IFMT, Stat, lstat
from conformance.syscalls.help.mounts import mount_new
from conformance.syscalls.help.paths import contents, entries, exists, make_file

pytestmark = pytest.mark.needs("root")


OPTIONS = b"lowerdir=/proc/self/cwd/lower,upperdir=/proc/self/cwd/upper,workdir=/proc/self/cwd/work"


def layers() -> None:
    """`lower` with a file and a directory, and empty `upper` and `work`."""
    for name in (b"lower", b"lower/directory", b"upper", b"work"):
        mkdir(name, 0o755)
    make_file(b"lower/file", b"lower")
    make_file(b"lower/directory/inner", b"inner")


def overlay() -> None:
    """The layers, merged at `merged`."""
    layers()
    mount_new(b"overlay", b"merged", 0, OPTIONS)


def test_file_that_is_written_is_copied_up_first() -> None:
    overlay()
    assert contents(b"merged/file") == b"lower"
    assert not exists(b"upper/file")
    fd = open(b"merged/file", O_WRONLY | O_APPEND)
    write(fd, b" and upper", 10)
    close(fd)
    assert contents(b"merged/file") == contents(b"upper/file") == b"lower and upper"
    assert contents(b"lower/file") == b"lower"


def test_file_that_is_removed_is_hidden_by_a_whiteout() -> None:
    """A character device 0, 0 in the upper layer."""
    overlay()
    unlink(b"merged/file")
    assert entries(b"merged") == {b"directory"}
    whiteout = Stat()
    with untraced():
        lstat(b"upper/file", whiteout)
    assert (whiteout.st_mode & S_IFMT, whiteout.st_rdev) == (S_IFCHR, 0)
    assert contents(b"lower/file") == b"lower"
