"""Namespaces: leaving and joining them, and asking what they are."""

from __future__ import annotations

from conformance.syscalls.call import syscall
from conformance.syscalls.kinds import Bits, Fd, Zero
from conformance.syscalls.processes import CloneFlags

NS_GET_USERNS, NS_GET_PARENT, NS_GET_NSTYPE, NS_GET_OWNER_UID = 0xB701, 0xB702, 0xB703, 0xB704


@syscall
def unshare(flags: CloneFlags) -> Zero: ...
@syscall
def setns(fd: Fd, nstype: Bits) -> Zero: ...
