"""Landlock: a process gives up access to files, for itself and its children (landlock(7), Linux 5.13)."""

from __future__ import annotations

import struct
from errno import EACCES, EOPNOTSUPP, EPERM, EXDEV

import pytest

from conformance.syscalls.files.directories import mkdir
from conformance.syscalls.files.links import rename
from conformance.syscalls.files.opening import O_CREAT, O_DIRECTORY, O_PATH, O_RDONLY, O_WRONLY, close, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.help.child import in_child
from conformance.syscalls.processes.credentials import setresuid
from conformance.syscalls.processes.prctl import PR_SET_NO_NEW_PRIVS, prctl
from conformance.syscalls.security.landlock import (
    LANDLOCK_ACCESS_FS_READ_DIR,
    LANDLOCK_ACCESS_FS_READ_FILE,
    LANDLOCK_RULE_PATH_BENEATH,
    PathBeneath,
    landlock_add_rule,
    landlock_create_ruleset,
    landlock_restrict_self,
)

READ = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR


def ruleset() -> int:
    """A set of rules about reading. Reports `missing` where Landlock was not built in, or is not switched on."""
    return landlock_create_ruleset.or_missing("Landlock", EOPNOTSUPP, struct.pack("=Q", READ), 8, 0)


def make(path: bytes) -> None:
    """An empty file."""
    close(openat(AT_FDCWD, path, O_WRONLY | O_CREAT, 0o644))


def restrict() -> None:
    """Allow to read below `allowed` alone."""
    rules = ruleset()
    parent = openat(AT_FDCWD, b"allowed", O_PATH | O_DIRECTORY, 0)
    landlock_add_rule(rules, LANDLOCK_RULE_PATH_BENEATH, PathBeneath(allowed_access=READ, parent_fd=parent), 0)
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    landlock_restrict_self(rules, 0)


def test_files_beneath_the_rule_can_be_read_and_others_not() -> None:
    """Nor by children. What the rules are not about is allowed, but for moving a file to another directory."""
    close(ruleset())
    mkdir(b"allowed", 0o755)
    make(b"allowed/file")
    make(b"other")
    restrict()
    close(openat(AT_FDCWD, b"allowed/file", O_RDONLY, 0))
    openat.fails_with(EACCES, AT_FDCWD, b"other", O_RDONLY, 0)
    openat.fails_with(EACCES, AT_FDCWD, b".", O_RDONLY | O_DIRECTORY, 0)
    close(openat(AT_FDCWD, b"other", O_WRONLY, 0))
    assert in_child(lambda: openat.fails_with(EACCES, AT_FDCWD, b"other", O_RDONLY, 0)) == 0
    rename.fails_with(EXDEV, b"other", b"allowed/other")


@pytest.mark.needs("root")
def test_unprivileged_process_must_gain_no_privileges_first() -> None:
    rules = ruleset()
    setresuid(65534, 65534, 65534)
    landlock_restrict_self.fails_with(EPERM, rules, 0)
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    landlock_restrict_self(rules, 0)
