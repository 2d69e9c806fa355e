"""What QEMU may do: little. A guest that breaks out of the machine it is in finds a user who owns nothing."""

from __future__ import annotations

import stat
from pathlib import Path

from runners.host import nobody

KVM = Path("/dev/kvm")
SANDBOX = ("-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny")
"""QEMU's own filter of system calls (qemu(1)): it starts no program, and is nobody else."""


def unprivileged(program: str) -> list[str]:
    """The prefix of a command that is to run as nobody in particular, and dies with us (see `nobody.unprivileged`).

    KVM's device is not everybody's everywhere, but its group's.
    """
    if KVM.exists() and not (status := KVM.stat()).st_mode & stat.S_IWOTH and status.st_mode & stat.S_IWGRP:
        return nobody.unprivileged(program, f"--groups={status.st_gid}")
    return nobody.unprivileged(program)
