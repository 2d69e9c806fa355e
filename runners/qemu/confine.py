"""What QEMU may do: little. A guest that breaks out of the machine it is in finds a user who owns nothing."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
from pathlib import Path

from runners.host.workspace import DIE_WITH_PARENT

USER = "nobody"
KVM = Path("/dev/kvm")
SANDBOX = ("-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny")
"""QEMU's own filter of system calls (qemu(1)): it starts no program, and is nobody else."""


def unprivileged(program: str) -> list[str]:
    """The prefix of a command that is to run as nobody in particular, and dies with us.

    As ourselves without root, and where the program lies where nobody else may go. KVM's device is not everybody's
    everywhere, but its group's.
    """
    if os.geteuid() != 0 or not _is_everybodys(program):
        return [*DIE_WITH_PARENT]
    try:
        user = pwd.getpwnam(USER)
    except KeyError:
        return [*DIE_WITH_PARENT]
    groups = ["--clear-groups"]
    if KVM.exists() and not (status := KVM.stat()).st_mode & stat.S_IWOTH and status.st_mode & stat.S_IWGRP:
        groups = [f"--groups={status.st_gid}"]
    # Becoming another user forgets that we are to die with the parent, so that is asked for afterwards (prctl(2)).
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", *groups, "--no-new-privs", *DIE_WITH_PARENT]


def _is_everybodys(program: str) -> bool:
    """Whether any user may start it."""
    found = shutil.which(program)
    if found is None:
        return False
    path = Path(found).resolve()
    return all(each.stat().st_mode & stat.S_IXOTH for each in (path, *path.parents))


def everybodys(path: Path, room: Path) -> Path:
    """A file that everybody may read who is given it: itself, or a copy in our room. Raises OSError."""
    if path.stat().st_mode & stat.S_IROTH:
        return path
    if path.parent != room:
        path = Path(shutil.copyfile(path, room / f"copy-of-{path.name}"))
    path.chmod(0o644)
    return path
