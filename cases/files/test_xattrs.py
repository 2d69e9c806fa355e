"""Extended attributes: names and values that belong to a file (xattr(7))."""

from __future__ import annotations

from errno import ENODATA, EOPNOTSUPP, EPERM

import pytest

from conformance.syscalls import Buffer
from conformance.syscalls.files.attributes import chmod
from conformance.syscalls.files.links import symlink
from conformance.syscalls.files.xattrs import (
    fgetxattr,
    fsetxattr,
    getxattr,
    listxattr,
    lsetxattr,
    removexattr,
    setxattr,
)
from conformance.syscalls.help.child import in_child
from conformance.syscalls.help.paths import new_file
from conformance.syscalls.processes.credentials import setresuid

NAME = b"trusted.conformance"
"""Of the one class that tmpfs has always had, for the privileged."""

pytestmark = pytest.mark.needs("root")


def file_with_attribute(value: bytes = b"value") -> int:
    """A file that has the attribute."""
    fd = new_file(b"file")
    fsetxattr.or_missing("extended attributes", EOPNOTSUPP, fd, NAME, value, len(value), 0)
    return fd


def test_value_is_kept_listed_and_removed() -> None:
    fd = file_with_attribute()
    value, names = Buffer(16), Buffer(64)
    assert getxattr(b"file", NAME, value, 16) == 5
    assert value.take(5) == b"value"
    assert NAME in names.take(listxattr(b"file", names, 64)).split(b"\0")
    removexattr(b"file", NAME)
    fgetxattr.fails_with(ENODATA, fd, NAME, value, 16)
    removexattr.fails_with(ENODATA, b"file", NAME)


def test_trusted_attributes_are_not_for_the_unprivileged() -> None:
    """To whom they do not exist; and a symlink has no attributes of the user's."""
    file_with_attribute()
    chmod(b"file", 0o666)
    assert getxattr(b"file", NAME, Buffer(16), 16) == 5
    symlink(b"file", b"link")
    lsetxattr.fails_with((EPERM, EOPNOTSUPP), b"link", b"user.conformance", b"x", 1, 0)

    def stranger() -> None:
        setresuid(65534, 65534, 65534)
        setxattr.fails_with(EPERM, b"file", NAME, b"x", 1, 0)
        getxattr.fails_with(ENODATA, b"file", NAME, Buffer(16), 16)

    assert in_child(stranger) == 0
