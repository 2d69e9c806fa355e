"""Capabilities, seccomp, Landlock, keyrings, BPF, perf, LSMs, random numbers."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.buffers import U32, Struct
from conformance.syscalls.call import syscall
from conformance.syscalls.kinds import (
    Any_,
    Bits,
    Count,
    Fd,
    Flags,
    Id,
    In,
    InBytes,
    InOut,
    Int,
    OutInt,
    OutRandom,
    Path,
    Pid,
    Pid32,
    Size,
    Zero,
    named,
)

SECCOMP_SET_MODE_STRICT, SECCOMP_SET_MODE_FILTER, SECCOMP_GET_ACTION_AVAIL, SECCOMP_GET_NOTIF_SIZES = 0, 1, 2, 3
SECCOMP_FILTER_FLAG_TSYNC, SECCOMP_FILTER_FLAG_LOG, SECCOMP_FILTER_FLAG_SPEC_ALLOW = 1, 2, 4
SECCOMP_FILTER_FLAG_NEW_LISTENER, SECCOMP_FILTER_FLAG_TSYNC_ESRCH = 8, 16
SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP = 0x80000000, 0, 0x30000
SECCOMP_RET_ERRNO, SECCOMP_RET_USER_NOTIF, SECCOMP_RET_TRACE = 0x50000, 0x7FC00000, 0x7FF00000
SECCOMP_RET_LOG, SECCOMP_RET_ALLOW = 0x7FFC0000, 0x7FFF0000
LINUX_CAPABILITY_VERSION_3 = 0x20080522
CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_KILL, CAP_SETUID, CAP_NET_BIND_SERVICE = 0, 1, 5, 7, 10
CAP_NET_ADMIN, CAP_NET_RAW, CAP_SYS_PTRACE, CAP_SYS_ADMIN = 12, 13, 19, 21
LANDLOCK_CREATE_RULESET_VERSION = 1
KEYCTL_GET_KEYRING_ID, KEYCTL_JOIN_SESSION_KEYRING, KEYCTL_UPDATE, KEYCTL_REVOKE = 0, 1, 2, 3
KEYCTL_DESCRIBE, KEYCTL_CLEAR, KEYCTL_LINK, KEYCTL_UNLINK, KEYCTL_SEARCH, KEYCTL_READ = 6, 7, 8, 9, 10, 11
KEYCTL_SET_TIMEOUT, KEYCTL_INVALIDATE = 15, 21
KEY_SPEC_THREAD_KEYRING, KEY_SPEC_PROCESS_KEYRING, KEY_SPEC_SESSION_KEYRING, KEY_SPEC_USER_KEYRING = -1, -2, -3, -4
BPF_MAP_CREATE, BPF_MAP_LOOKUP_ELEM, BPF_MAP_UPDATE_ELEM, BPF_PROG_LOAD = 0, 1, 2, 5
GRND_NONBLOCK, GRND_RANDOM, GRND_INSECURE = 1, 2, 4

SeccompOperation = Annotated[int, Flags(named(globals(), "SECCOMP_SET", "SECCOMP_GET"), bits=False)]
SeccompFlags = Annotated[int, Flags(named(globals(), "SECCOMP_FILTER_FLAG"))]
KeyctlOperation = Annotated[int, Flags(named(globals(), "KEYCTL_"), bits=False)]
BpfCommand = Annotated[int, Flags({"BPF_MAP_CREATE": 0, "BPF_MAP_LOOKUP_ELEM": 1, "BPF_MAP_UPDATE_ELEM": 2, "BPF_PROG_LOAD": 5}, bits=False)]


class CapHeader(Struct):
    """`struct __user_cap_header_struct`."""

    version: U32
    pid: Pid32


class CapData(Struct):
    """Two `struct __user_cap_data_struct`, low and high half of each set."""

    effective: U32
    permitted: U32
    inheritable: U32
    effective_high: U32
    permitted_high: U32
    inheritable_high: U32


@syscall
def capget(header: InOut[CapHeader], data: OutInt) -> Zero: ...
@syscall
def capset(header: InOut[CapHeader], data: In[CapData]) -> Zero: ...
@syscall
def seccomp(operation: SeccompOperation, flags: SeccompFlags, args: Any_) -> Int: ...
@syscall
def landlock_create_ruleset(attr: InBytes, size: Size, flags: Bits) -> Int: ...
@syscall
def landlock_add_rule(fd: Fd, type: Int, attr: InBytes, flags: Bits) -> Zero: ...
@syscall
def landlock_restrict_self(fd: Fd, flags: Bits) -> Zero: ...
@syscall
def add_key(type: Path, description: Path, payload: InBytes, size: Size, keyring: Id) -> Id: ...
@syscall
def request_key(type: Path, description: Path, callout: Path, keyring: Id) -> Id: ...
@syscall
def keyctl(operation: KeyctlOperation, arg2: Any_ = 0, arg3: Any_ = 0, arg4: Any_ = 0, arg5: Any_ = 0) -> Int: ...
@syscall
def bpf(command: BpfCommand, attr: Any_, size: Size) -> Int: ...
@syscall
def perf_event_open(attr: Any_, pid: Pid, cpu: Int, group: Fd, flags: Bits) -> Fd: ...
@syscall
def getrandom(buf: OutRandom, size: Size, flags: Bits) -> Count: ...
@syscall
def lsm_get_self_attr(attr: Int, ctx: OutInt, size: Any_, flags: Bits) -> Count: ...
@syscall
def lsm_set_self_attr(attr: Int, ctx: InBytes, size: Size, flags: Bits) -> Zero: ...
@syscall
def lsm_list_modules(ids: OutInt, size: Any_, flags: Bits) -> Count: ...
