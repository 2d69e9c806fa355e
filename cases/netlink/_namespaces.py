"""What answers in the first namespaces of a machine only."""

from __future__ import annotations

import pytest

from conformance.syscalls import Buffer, untraced
from conformance.syscalls.files.links import readlink

FIRST = {b"/proc/self/ns/pid": b"pid:[4026531836]", b"/proc/self/ns/user": b"user:[4026531837]"}
"""The first namespaces of each kind, whose inode numbers are fixed (`PROC_PID_INIT_INO` and its like, Linux 3.8)."""


def only_in_first_namespaces() -> None:
    """Skip the case in a container: audit and process events do not answer there, and need not."""
    for path, name in FIRST.items():
        found = Buffer(64)
        with untraced():
            size, error = readlink.result_of(path, found, 64)
        if not error and found.take(size) != name:
            pytest.skip("answers only in the first PID and user namespaces of a machine")
