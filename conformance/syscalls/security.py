"""Capabilities, seccomp, Landlock, keyrings, BPF, perf, LSMs, random numbers."""

from __future__ import annotations

import struct
from typing import Annotated

from conformance.model import Json as Seen
from conformance.syscalls.buffers import U16, U32, U64, Buffer, Struct
from conformance.syscalls.call import syscall
from conformance.syscalls.kinds import (
    Address64,
    Any_,
    Bits,
    Count,
    Fd,
    Fd32,
    Flags,
    Id,
    In,
    InBytes,
    InOut,
    Int,
    Names,
    OutInt,
    OutRandom,
    Path,
    Pid,
    Pid32,
    Renamed,
    Size,
    Zero,
    named,
)
from conformance.syscalls.signals import OneOf

SECCOMP_SET_MODE_STRICT, SECCOMP_SET_MODE_FILTER, SECCOMP_GET_ACTION_AVAIL, SECCOMP_GET_NOTIF_SIZES = 0, 1, 2, 3
SECCOMP_FILTER_FLAG_TSYNC, SECCOMP_FILTER_FLAG_LOG, SECCOMP_FILTER_FLAG_SPEC_ALLOW = 1, 2, 4
SECCOMP_FILTER_FLAG_NEW_LISTENER, SECCOMP_FILTER_FLAG_TSYNC_ESRCH = 8, 16
SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_TRAP = 0x80000000, 0, 0x30000
SECCOMP_RET_ERRNO, SECCOMP_RET_USER_NOTIF, SECCOMP_RET_TRACE = 0x50000, 0x7FC00000, 0x7FF00000
SECCOMP_RET_LOG, SECCOMP_RET_ALLOW = 0x7FFC0000, 0x7FFF0000
SECCOMP_RET_DATA = 0xFFFF
SECCOMP_MODE_DISABLED, SECCOMP_MODE_STRICT, SECCOMP_MODE_FILTER = 0, 1, 2
SECCOMP_IOCTL_NOTIF_RECV, SECCOMP_IOCTL_NOTIF_SEND, SECCOMP_IOCTL_NOTIF_ID_VALID = 0xC0502100, 0xC0182101, 0x40082102
SECCOMP_USER_NOTIF_FLAG_CONTINUE = 1
BPF_LD_W_ABS, BPF_JEQ_K, BPF_RET_K = 0x20, 0x15, 0x06
"""Instructions of classic BPF (<linux/filter.h>), as far as a filter for seccomp needs them."""
LINUX_CAPABILITY_VERSION_1, LINUX_CAPABILITY_VERSION_2 = 0x19980330, 0x20071026
LINUX_CAPABILITY_VERSION_3 = 0x20080522
CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_KILL, CAP_SETUID, CAP_NET_BIND_SERVICE = 0, 1, 5, 7, 10
CAP_NET_ADMIN, CAP_NET_RAW, CAP_SYS_PTRACE, CAP_SYS_ADMIN = 12, 13, 19, 21
SECBIT_NOROOT, SECBIT_NOROOT_LOCKED, SECBIT_NO_SETUID_FIXUP, SECBIT_KEEP_CAPS = 1, 2, 4, 16
LANDLOCK_CREATE_RULESET_VERSION = 1
LANDLOCK_RULE_PATH_BENEATH = 1
LANDLOCK_ACCESS_FS_EXECUTE, LANDLOCK_ACCESS_FS_WRITE_FILE, LANDLOCK_ACCESS_FS_READ_FILE = 1, 2, 4
LANDLOCK_ACCESS_FS_READ_DIR, LANDLOCK_ACCESS_FS_MAKE_DIR = 8, 128
KEYCTL_GET_KEYRING_ID, KEYCTL_JOIN_SESSION_KEYRING, KEYCTL_UPDATE, KEYCTL_REVOKE = 0, 1, 2, 3
KEYCTL_DESCRIBE, KEYCTL_CLEAR, KEYCTL_LINK, KEYCTL_UNLINK, KEYCTL_SEARCH, KEYCTL_READ = 6, 7, 8, 9, 10, 11
KEYCTL_SET_TIMEOUT, KEYCTL_INVALIDATE = 15, 21
KEY_SPEC_THREAD_KEYRING, KEY_SPEC_PROCESS_KEYRING, KEY_SPEC_SESSION_KEYRING, KEY_SPEC_USER_KEYRING = -1, -2, -3, -4
BPF_MAP_CREATE, BPF_MAP_LOOKUP_ELEM, BPF_MAP_UPDATE_ELEM, BPF_MAP_DELETE_ELEM = 0, 1, 2, 3
BPF_MAP_GET_NEXT_KEY, BPF_PROG_LOAD, BPF_PROG_ATTACH = 4, 5, 8
BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_ARRAY = 1, 2
BPF_ANY, BPF_NOEXIST, BPF_EXIST = 0, 1, 2
BPF_PROG_TYPE_SOCKET_FILTER, BPF_PROG_TYPE_CGROUP_SKB, BPF_PROG_TYPE_CGROUP_DEVICE = 1, 8, 15
BPF_CGROUP_INET_EGRESS, BPF_CGROUP_DEVICE = 1, 6
PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS, PERF_COUNT_SW_DUMMY = 1, 2, 9
PERF_EVENT_IOC_ENABLE, PERF_EVENT_IOC_DISABLE = 0x2400, 0x2401
GRND_NONBLOCK, GRND_RANDOM, GRND_INSECURE = 1, 2, 4

SeccompOperation = Annotated[int, Flags(named(globals(), "SECCOMP_SET", "SECCOMP_GET"), bits=False)]
SeccompFlags = Annotated[int, Flags(named(globals(), "SECCOMP_FILTER_FLAG"))]
KeyctlOperation = Annotated[int, Flags(named(globals(), "KEYCTL_"), bits=False)]
BpfCommand = Annotated[int, Flags(named(globals(), "BPF_MAP_CREATE", "BPF_MAP_L", "BPF_MAP_U", "BPF_MAP_D", "BPF_MAP_G", "BPF_PROG_LOAD", "BPF_PROG_ATTACH"), bits=False)]


class SockFprog(Struct):
    """`struct sock_fprog`: a classic BPF program."""

    length: U16
    filter: Address64


class Filter:
    """A seccomp filter: instructions of classic BPF, kept alive with the `struct sock_fprog` that points to them."""

    def __init__(self, *instructions: tuple[int, int, int, int]) -> None:
        """Each instruction is its code, the jumps if true and if false, and its constant."""
        self.code = Buffer(b"".join(struct.pack("=HBBI", *each) for each in instructions))
        self.program = SockFprog(length=len(instructions), filter=self.code.address).holding(self.code)


def deny(number: int, action: int) -> Filter:
    """A filter that answers one system call with `action` and allows all others."""
    return Filter((BPF_LD_W_ABS, 0, 0, 0), (BPF_JEQ_K, 0, 1, number), (BPF_RET_K, 0, 0, action), ALLOW)


ALLOW = (BPF_RET_K, 0, 0, SECCOMP_RET_ALLOW)


class PathBeneath(Struct):
    """`struct landlock_path_beneath_attr`: 12 bytes, which the kernel reads without the padding."""

    allowed_access: U64
    parent_fd: Fd32


class BpfMap(Struct):
    """`union bpf_attr` of BPF_MAP_CREATE, as far as Linux 4.6 has it."""

    map_type: U32
    key_size: U32
    value_size: U32
    max_entries: U32
    map_flags: U32


class BpfElement(Struct):
    """`union bpf_attr` of the commands on an element of a map."""

    map_fd: Fd32
    pad0: U32
    key: Address64
    value: Address64
    flags: U64


class BpfProgram(Struct):
    """`union bpf_attr` of BPF_PROG_LOAD, as far as Linux 4.1 has it."""

    prog_type: U32
    insn_cnt: U32
    insns: Address64
    license: Address64
    log_level: U32
    log_size: U32
    log_buf: Address64
    kern_version: U32
    pad1: U32


class BpfAttach(Struct):
    """`union bpf_attr` of BPF_PROG_ATTACH, as far as Linux 4.10 has it."""

    target_fd: Fd32
    attach_bpf_fd: Fd32
    attach_type: U32
    attach_flags: U32


class PerfEvent(Struct):
    """`struct perf_event_attr`, first version (64 bytes)."""

    type_: U32
    size_: U32
    config: U64
    sample_period: U64
    sample_type: U64
    read_format: U64
    flags: U64
    wakeup_events: U32
    bp_type: U32
    bp_addr: U64


class KeySerial(Renamed):
    """What keyctl(2) returns: a key's serial number, which is a large random one, or a size or zero."""

    def __init__(self) -> None:
        super().__init__("id")

    def normal(self, seen: Seen, names: Names) -> Seen:
        return seen if isinstance(seen, int) and seen < 1 << 16 else super().normal(seen, names)


class KeyctlArgument(OneOf):
    """An argument of keyctl(2): a key, a size, or memory."""

    def normal(self, seen: Seen, names: Names) -> Seen:
        return SERIAL.normal(seen, names) if isinstance(seen, int) else super().normal(seen, names)


SERIAL = KeySerial()
KeyArgument = Annotated[bytes | Buffer | int | None, KeyctlArgument()]
Serial = Annotated[int, SERIAL]
SeccompArgument = Annotated[object, OneOf(SockFprog)]  # not named here: a struct in a union lends its kinds to all
LandlockAttr = Annotated[object, OneOf(PathBeneath, out=False)]  # as above
BpfAttr = Annotated[object, OneOf(BpfMap, BpfElement, BpfProgram, BpfAttach)]  # as above


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
def seccomp(operation: SeccompOperation, flags: SeccompFlags, args: SeccompArgument) -> Fd: ...
@syscall
def landlock_create_ruleset(attr: InBytes, size: Size, flags: Bits) -> Int: ...
@syscall
def landlock_add_rule(fd: Fd, type: Int, attr: LandlockAttr, flags: Bits) -> Zero: ...
@syscall
def landlock_restrict_self(fd: Fd, flags: Bits) -> Zero: ...
@syscall
def add_key(type: Path, description: Path, payload: InBytes, size: Size, keyring: Id) -> Id: ...
@syscall
def request_key(type: Path, description: Path, callout: Path, keyring: Id) -> Id: ...
@syscall
def keyctl(
    operation: KeyctlOperation,
    arg2: KeyArgument = 0,
    arg3: KeyArgument = 0,
    arg4: KeyArgument = 0,
    arg5: KeyArgument = 0,
) -> Serial: ...
@syscall
def bpf(command: BpfCommand, attr: BpfAttr, size: Size) -> Fd: ...
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
