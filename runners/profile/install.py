"""Putting a process under a filter for good."""

from __future__ import annotations

import errno
import os

from conformance.syscalls.machinery.buffers import Buffer
from conformance.syscalls.processes.prctl import PR_SET_NO_NEW_PRIVS, prctl
from conformance.syscalls.security.seccomp import (
    SECCOMP_FILTER_FLAG_NEW_LISTENER,
    SECCOMP_SET_MODE_FILTER,
    SockFprog,
    seccomp,
)

SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV = 1 << 5
"""A handler's signal does not restart a call that the supervisor has taken up already (Linux 5.19)."""
_INSTRUCTION_BYTES = 8


def install(program: bytes, *, listen: bool) -> int | None:
    """Put this process, and all that it starts, under the filter for good; the fd to answer notifications on.

    Raises OSError. Without CAP_SYS_ADMIN it gives up what set-user-ID programs could gain (prctl(2),
    PR_SET_NO_NEW_PRIVS), as the kernel demands.
    """
    code = Buffer(program)
    filter = SockFprog(length=len(program) // _INSTRUCTION_BYTES, filter=code.address).holding(code)
    flags = (SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV) if listen else 0
    result, error = seccomp.result_of(SECCOMP_SET_MODE_FILTER, flags, filter)
    if error == errno.EACCES:
        prctl(PR_SET_NO_NEW_PRIVS, 1)
        result, error = seccomp.result_of(SECCOMP_SET_MODE_FILTER, flags, filter)
    if error == errno.EINVAL and listen:  # before Linux 5.19
        result, error = seccomp.result_of(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, filter)
    if error:
        raise OSError(error, os.strerror(error))
    return result if listen else None
