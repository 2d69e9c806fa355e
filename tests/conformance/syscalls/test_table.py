from __future__ import annotations

from conformance.syscalls.files import openat
from conformance.syscalls.table import stubs


def test_stubs_are_found_by_name_in_all_modules() -> None:
    found = stubs()
    assert found["openat"] is openat
    assert {"getpid", "socket", "ptrace", "mount", "clock_gettime", "unshare", "futex"} <= set(found)
    assert all(stub.name == name for name, stub in found.items())
