"""A file system that runs full, in a mount namespace of its own: the machine's mounts stay as they are."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.syscalls.mounts.mount import MS_PRIVATE, MS_REC, MS_REMOUNT, mount
from conformance.syscalls.namespaces import CLONE_NEWNS, unshare

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounts take root")


def on_small_disk(directory: Path, size: str, body: Callable[[], None]) -> None:
    """Run `body` in a child that sees a tmpfs of `size` at `directory`; fails when it raises."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            unshare(CLONE_NEWNS)
            mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None)
            mount(b"small", bytes(directory), b"tmpfs", 0, f"size={size}".encode())
            body()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def grow(directory: Path, size: str) -> None:
    """Make room on the small disk."""
    mount(b"small", bytes(directory), b"tmpfs", MS_REMOUNT, f"size={size}".encode())
