"""Capabilities, seccomp, Landlock, keyrings, BPF, perf, LSMs, random numbers."""

from __future__ import annotations

import ctypes
import struct
from typing import Annotated

from conformance.model import Json as Seen
from conformance.syscalls.machinery.buffers import I32, I64, U16, U32, U64, Buffer, Layout, Struct
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import BAD_POINTERS, KERNEL_ADDRESS, LENGTHS, Blob, Choice, Use, room, text
from conformance.syscalls.machinery.kinds import (
    MASK,
    Address64,
    Any_,
    Bits,
    ChosenMemory,
    Count,
    Fd,
    Fd32,
    FileDescriptor,
    Flags,
    In,
    InOut,
    Int,
    MaskedMemory,
    Memory,
    Names,
    Number,
    OutRandom,
    PathKind,
    Pid,
    Renamed,
    Size,
    Varying,
    Zero,
    named,
)
from conformance.syscalls.machinery.taming import Instead
from conformance.syscalls.machinery.touches import NOTHING, PRIVILEGES, PROCESS
from conformance.syscalls.processes import PR_SET_SECCOMP, PidKind, PrctlOption, prctl
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
SECCOMP_IOCTL_NOTIF_ADDFD = 0x40182103
SECCOMP_USER_NOTIF_FLAG_CONTINUE = 1
SECCOMP_ADDFD_FLAG_SETFD, SECCOMP_ADDFD_FLAG_SEND = 1, 2
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
LANDLOCK_ACCESS_FS_REMOVE_FILE, LANDLOCK_ACCESS_FS_MAKE_REG = 32, 256
KEYCTL_GET_KEYRING_ID, KEYCTL_JOIN_SESSION_KEYRING, KEYCTL_UPDATE, KEYCTL_REVOKE = 0, 1, 2, 3
KEYCTL_DESCRIBE, KEYCTL_CLEAR, KEYCTL_LINK, KEYCTL_UNLINK, KEYCTL_SEARCH, KEYCTL_READ = 6, 7, 8, 9, 10, 11
KEYCTL_CHOWN, KEYCTL_SETPERM, KEYCTL_INSTANTIATE, KEYCTL_NEGATE, KEYCTL_SET_REQKEY_KEYRING = 4, 5, 12, 13, 14
KEYCTL_SET_TIMEOUT, KEYCTL_ASSUME_AUTHORITY, KEYCTL_GET_SECURITY, KEYCTL_SESSION_TO_PARENT = 15, 16, 17, 18
KEYCTL_INVALIDATE, KEYCTL_GET_PERSISTENT, KEYCTL_RESTRICT_KEYRING, KEYCTL_MOVE, KEYCTL_CAPABILITIES = 21, 22, 29, 30, 31
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
KeyctlOperation = Annotated[int, Flags(named(globals(), "KEYCTL_"), bits=False, only=(99, KEYCTL_INSTANTIATE, KEYCTL_NEGATE, -1))]
BpfCommand = Annotated[int, Flags(named(globals(), "BPF_MAP_CREATE", "BPF_MAP_L", "BPF_MAP_U", "BPF_MAP_D", "BPF_MAP_G", "BPF_PROG_LOAD", "BPF_PROG_ATTACH"), bits=False)]


class SockFprog(Struct):
    """`struct sock_fprog`: a classic BPF program."""

    length: U16
    filter: Address64


class SeccompData(Struct):
    """`struct seccomp_data`: a call, as a filter sees it."""

    nr: I32
    arch: U32
    instruction_pointer: U64
    args: Annotated[ctypes.Array[ctypes.c_uint64], Layout(ctypes.c_uint64 * 6)]


class SeccompNotif(Struct):
    """`struct seccomp_notif`: a call that waits for an answer."""

    id: U64
    pid: U32
    flags: U32
    data: SeccompData


class SeccompNotifResp(Struct):
    """`struct seccomp_notif_resp`: the answer."""

    id: U64
    val: I64
    error: I32
    flags: U32


class SeccompNotifAddfd(Struct):
    """`struct seccomp_notif_addfd`: an fd for the process that waits."""

    id: U64
    flags: U32
    srcfd: U32
    newfd: U32
    newfd_flags: U32


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

    allowed_access: Annotated[int, Layout(ctypes.c_uint64), Flags(named(globals(), "LANDLOCK_ACCESS_FS"), only=(4, 4, 12, 8, 2, 1, 0x1FFF, 0, 1 << 40), bits=True)]
    parent_fd: Annotated[int, Layout(ctypes.c_int32), FileDescriptor("", Use("fd:dir"), Use("fd:dir"), Use("fd:path"))]


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

    def __init__(self, *choices: Choice) -> None:
        super().__init__("id")
        self._choices = choices

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        return (*self._choices, *super().choices(struct))

    def normal(self, seen: Seen, names: Names) -> Seen:
        return seen if isinstance(seen, int) and seen < 1 << 16 else super().normal(seen, names)


class KeyctlArgument(OneOf):
    """An argument of keyctl(2): a key, a size, or memory."""

    def normal(self, seen: Seen, names: Names) -> Seen:
        return SERIAL.normal(seen, names) if isinstance(seen, int) else super().normal(seen, names)


OWN_KEYRINGS = Instead({-4: -2, -5: -2, -6: -2})
"""The keyrings of the user outlive a program (keyctl(2)): in their place, that of the process."""
SERIAL = KeySerial()
KeyArgument = Annotated[bytes | Buffer | int | None, KeyctlArgument(), OWN_KEYRINGS]
Serial = Annotated[int, SERIAL]
SeccompArgument = Annotated[object, OneOf(SockFprog)]  # not named here: a struct in a union lends its kinds to all
LandlockAttr = Annotated[object, OneOf(PathBeneath, out=False)]  # as above
BpfAttr = Annotated[object, OneOf(BpfMap, BpfElement, BpfProgram, BpfAttach)]  # as above


Capabilities = Annotated[int, Layout(ctypes.c_uint32), Number(0, 1, 1 << CAP_SETUID, 0xFF, 1 << CAP_SYS_ADMIN, 1 << 16, 0xFFFFFFFF)]
HighCapabilities = Annotated[int, Layout(ctypes.c_uint32), Number(0, 0, 1, 1 << 8, 0xFFFFFFFF)]


class CapHeader(Struct):
    """`struct __user_cap_header_struct`."""

    version: Annotated[int, Layout(ctypes.c_uint32), Number(LINUX_CAPABILITY_VERSION_3, LINUX_CAPABILITY_VERSION_3, LINUX_CAPABILITY_VERSION_2, LINUX_CAPABILITY_VERSION_1, 0)]
    pid: Annotated[int, Layout(ctypes.c_int32), PidKind("pid", 0, 0, 0)]


class CapData(Struct):
    """Two `struct __user_cap_data_struct`, low and high half of each set."""

    effective: Capabilities
    permitted: Capabilities
    inheritable: Capabilities
    effective_high: HighCapabilities
    permitted_high: HighCapabilities
    inheritable_high: HighCapabilities


FILTERS = (
    ((BPF_RET_K, 0, 0, SECCOMP_RET_ALLOW),),
    ((BPF_LD_W_ABS, 0, 0, 0), (BPF_JEQ_K, 0, 1, 39), (BPF_RET_K, 0, 0, SECCOMP_RET_ERRNO | 1), (BPF_RET_K, 0, 0, SECCOMP_RET_ALLOW)),
    ((BPF_LD_W_ABS, 0, 0, 0), (BPF_JEQ_K, 0, 1, 0), (BPF_RET_K, 0, 0, SECCOMP_RET_ERRNO | 77), (BPF_RET_K, 0, 0, SECCOMP_RET_ALLOW)),
    ((BPF_LD_W_ABS, 0, 0, 0), (BPF_JEQ_K, 0, 1, 39), (BPF_RET_K, 0, 0, SECCOMP_RET_TRAP | 5), (BPF_RET_K, 0, 0, SECCOMP_RET_ALLOW)),
    ((BPF_LD_W_ABS, 0, 0, 0), (BPF_JEQ_K, 0, 1, 1), (BPF_RET_K, 0, 0, SECCOMP_RET_KILL_PROCESS), (BPF_RET_K, 0, 0, SECCOMP_RET_ALLOW)),
    ((BPF_RET_K, 0, 0, SECCOMP_RET_LOG),),
    ((BPF_LD_W_ABS, 0, 0, 3), (BPF_RET_K, 0, 0, SECCOMP_RET_ALLOW)),
    ((BPF_LD_W_ABS, 0, 0, 0),),
    (),
)
"""Filters: that let all pass, that answer getpid, read or write otherwise, and three that are none."""


class FilterMemory(OneOf):
    """A seccomp filter."""

    def choices(self, struct_: type[Struct] | None = None) -> tuple[Choice, ...]:
        packed = [Blob(b"".join(struct.pack("=HBBI", *each) for each in instructions)) for instructions in FILTERS]
        good = tuple(Blob((len(each.data) // 8).to_bytes(16, "little"), ((8, 8, each),)) for each in packed)
        return (*good[:4], *good, 0, KERNEL_ADDRESS)


InFilter = Annotated[object, FilterMemory(SockFprog, out=False)]
Null = Annotated[object, ChosenMemory(*(0,) * 8, 1)]
FilterFlags = Annotated[int, Flags(named(globals(), "SECCOMP_FILTER_FLAG"), only=(0, 0, 0, 0, SECCOMP_FILTER_FLAG_LOG, SECCOMP_FILTER_FLAG_TSYNC, SECCOMP_FILTER_FLAG_SPEC_ALLOW, 16, 32, 1 << 20, -1))]
InAction = Annotated[object, ChosenMemory(*(Blob(action.to_bytes(4, "little")) for action in (SECCOMP_RET_ERRNO, SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_TRAP, SECCOMP_RET_ALLOW, 0x12340000)), KERNEL_ADDRESS)]
OutSizes = Annotated[object, ChosenMemory(room(6), room(6), KERNEL_ADDRESS, out=True, reads=False)]
Listener = Annotated[int, FileDescriptor("seccomp")]


@syscall(x86_64=125, aarch64=90, touches=NOTHING)
def capget(header: InOut[CapHeader], data: Annotated[Buffer | Struct | int | None, ChosenMemory(*(room(24),) * 6, 0, KERNEL_ADDRESS, out=True, reads=False)]) -> Zero: ...
@syscall(x86_64=126, aarch64=91, touches=PROCESS | PRIVILEGES)
def capset(header: InOut[CapHeader], data: In[CapData]) -> Zero: ...
@syscall(x86_64=317, aarch64=277, since="3.17", touches=PROCESS)
def seccomp(operation: SeccompOperation, flags: SeccompFlags, args: SeccompArgument) -> Fd: ...
@operation(seccomp, operation=SECCOMP_SET_MODE_STRICT)
def seccomp_strict(operation: SeccompOperation, flags: Annotated[int, Number(1, 0, 1)], args: Null) -> Zero: ...
@operation(seccomp, operation=SECCOMP_SET_MODE_FILTER, flags=(0, 0, 0, 0, SECCOMP_FILTER_FLAG_LOG, SECCOMP_FILTER_FLAG_TSYNC, SECCOMP_FILTER_FLAG_SPEC_ALLOW, 16, 32, 1 << 20, -1))
def seccomp_filter(operation: SeccompOperation, flags: FilterFlags, args: InFilter) -> Zero: ...
@operation(seccomp, operation=SECCOMP_SET_MODE_FILTER, flags=SECCOMP_FILTER_FLAG_NEW_LISTENER)
def seccomp_listener(operation: SeccompOperation, flags: FilterFlags, args: InFilter) -> Listener: ...
@operation(seccomp, operation=SECCOMP_GET_ACTION_AVAIL)
def seccomp_action(operation: SeccompOperation, flags: Annotated[int, Number(0, 0, 0, 1)], args: InAction) -> Zero: ...
@operation(seccomp, operation=SECCOMP_GET_NOTIF_SIZES)
def seccomp_sizes(operation: SeccompOperation, flags: Annotated[int, Number(0, 0, 0, 1)], args: OutSizes) -> Zero: ...
@operation(prctl, option=PR_SET_SECCOMP)
def prctl_set_seccomp(option: PrctlOption, arg2: Annotated[int, Number(SECCOMP_MODE_FILTER, SECCOMP_MODE_FILTER, 0, 3)], arg3: InFilter = 0) -> Zero: ...


# Landlock

RULESETS = ((0x1FFF, 8), (4, 8), (0x1FFF, 16), (2, 8), (0, 8), (1 << 40, 8), (4, 4), (4, 24))
Ruleset = Annotated[int, FileDescriptor("landlock")]
InRuleset = Annotated[bytes | Buffer | int | None, ChosenMemory(*(Blob(access.to_bytes(8, "little").ljust(size, b"\0")[:size]) for access, size in RULESETS), KERNEL_ADDRESS, 0)]
RuleType = Annotated[int, Number(LANDLOCK_RULE_PATH_BENEATH, LANDLOCK_RULE_PATH_BENEATH, LANDLOCK_RULE_PATH_BENEATH, 0, 2, 99)]
Zeros = Annotated[int, Number(*(0,) * 8, 1)]


class RuleMemory(OneOf):
    """A `struct landlock_path_beneath_attr`, which the kernel reads without its padding."""

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        return (*Memory().choices(PathBeneath), *BAD_POINTERS)


@syscall(number=444, since="5.13", touches=PROCESS)
def landlock_create_ruleset(attr: InRuleset, size: Size, flags: Zeros) -> Ruleset: ...
@operation(landlock_create_ruleset, flags=(LANDLOCK_CREATE_RULESET_VERSION, 2))
def landlock_create_ruleset_version(attr: Annotated[bytes | Buffer | int | None, Number(0, 0, 0, 1)], size: Zeros, flags: Int) -> Varying: ...
@syscall(number=445, since="5.13", touches=PROCESS)
def landlock_add_rule(fd: Ruleset, type: RuleType, attr: Annotated[object, RuleMemory(PathBeneath, out=False)], flags: Zeros) -> Zero: ...
@syscall(number=446, since="5.13", touches=PROCESS)
def landlock_restrict_self(fd: Ruleset, flags: Zeros) -> Zero: ...


# Keys

class KeyContent(Memory):
    """What a key says: text of a program's own, or serial numbers, which are the kernel's choice."""

    def __init__(self) -> None:
        super().__init__(out=True, reads=False, choices=(room(64), room(64), 0))

    def normal(self, seen: Seen, names: Names) -> Seen:
        if isinstance(seen, str) and not all(" " <= each <= "~" for each in seen.rstrip("\0\xaa")):
            return [MASK, len(seen)]
        return super().normal(seen, names)


RINGS = (KEY_SPEC_PROCESS_KEYRING, KEY_SPEC_PROCESS_KEYRING, KEY_SPEC_PROCESS_KEYRING, KEY_SPEC_THREAD_KEYRING)
"""A program's own. The session's and the user's may belong to somebody on the machine, and are not touched."""
Keyring = Annotated[int, KeySerial(*RINGS, -7, -8, -99), OWN_KEYRINGS]
AnyKey = Annotated[int, KeySerial(*(Use("id"),) * 8, *RINGS), OWN_KEYRINGS]
KeyType = Annotated[bytes | Buffer | int | None, PathKind(*(text(b"user"),) * 8, text(b"keyring"), text(b"keyring"), text(b"logon"), text(b"absent"), text(b".hidden"), text(b""), *BAD_POINTERS)]
KeyName = Annotated[bytes | Buffer | int | None, PathKind(*(text(b"key"),) * 6, text(b"other"), text(b"prefix:name"), text(b""), text(b"n" * 4096), *BAD_POINTERS)]
Callout = Annotated[bytes | Buffer | int | None, PathKind(*(0,) * 8, text(b""))]
SessionName = Annotated[bytes | Buffer | int | None, ChosenMemory(0, 0, 0, 0, text(b".hidden"), text(b""), KERNEL_ADDRESS)]
"""None: a session keyring with a name is shared with all of the user's processes."""
Payload = Annotated[bytes | Buffer | int | None, ChosenMemory(Blob(b"payload"), Blob(b"other"), Blob(b""), Blob(b"x" * 4096), KERNEL_ADDRESS, 0)]
OutText = Annotated[Buffer | Struct | int | None, ChosenMemory(*(room(64),) * 4, room(4), 0, KERNEL_ADDRESS, out=True, reads=False)]
OutMasked = Annotated[Buffer | Struct | int | None, MaskedMemory(out=True, reads=False, choices=(room(64), room(64), 0))]
OutContent = Annotated[Buffer | Struct | int | None, KeyContent()]
OutSize = Annotated[int, Number(64, 64, 64, 4, 0)]
Permissions = Annotated[int, Number(0x3F3F0000, 0x3F000000, 0x1F1F1F1F, 0, 0x3F3F3F3F, 1 << 31)]
Owner = Annotated[int, Number(0, 1000, -1)]
Plain = Annotated[int, Number(*(0,) * 8, 1, -1)]


@syscall(x86_64=248, aarch64=217, touches=PROCESS)
def add_key(type: KeyType, description: KeyName, payload: Payload, size: Size, keyring: Keyring) -> Serial: ...
@syscall(x86_64=249, aarch64=218, touches=PROCESS)
def request_key(type: KeyType, description: KeyName, callout: Callout, keyring: Annotated[int, KeySerial(0, 0, *RINGS), OWN_KEYRINGS]) -> Serial: ...
@syscall(x86_64=250, aarch64=219, touches=PROCESS)
def keyctl(
    operation: KeyctlOperation,
    arg2: KeyArgument = 0,
    arg3: KeyArgument = 0,
    arg4: KeyArgument = 0,
    arg5: KeyArgument = 0,
) -> Serial: ...
@operation(keyctl, operation=KEYCTL_GET_KEYRING_ID)
def keyctl_get_keyring_id(operation: KeyctlOperation, arg2: Keyring = 0, arg3: Annotated[int, Number(1, 1, 0)] = 0) -> Serial: ...
@operation(keyctl, operation=KEYCTL_JOIN_SESSION_KEYRING)
def keyctl_join(operation: KeyctlOperation, arg2: SessionName = 0) -> Serial: ...
@operation(keyctl, operation=KEYCTL_UPDATE)
def keyctl_update(operation: KeyctlOperation, arg2: AnyKey = 0, arg3: Payload = 0, arg4: Size = 0) -> Zero: ...
@operation(keyctl, operation=(KEYCTL_REVOKE, KEYCTL_CLEAR, KEYCTL_INVALIDATE, KEYCTL_ASSUME_AUTHORITY))
def keyctl_do(operation: KeyctlOperation, arg2: AnyKey = 0) -> Zero: ...
@operation(keyctl, operation=KEYCTL_CHOWN)
def keyctl_chown(operation: KeyctlOperation, arg2: AnyKey = 0, arg3: Owner = 0, arg4: Owner = 0) -> Zero: ...
@operation(keyctl, operation=KEYCTL_SETPERM)
def keyctl_setperm(operation: KeyctlOperation, arg2: AnyKey = 0, arg3: Permissions = 0) -> Zero: ...
@operation(keyctl, operation=(KEYCTL_DESCRIBE, KEYCTL_READ, KEYCTL_GET_SECURITY))
def keyctl_read(operation: KeyctlOperation, arg2: AnyKey = 0, arg3: OutContent = 0, arg4: OutSize = 0) -> Int: ...
@operation(keyctl, operation=(KEYCTL_LINK, KEYCTL_UNLINK))
def keyctl_link(operation: KeyctlOperation, arg2: AnyKey = 0, arg3: Keyring = 0) -> Zero: ...
@operation(keyctl, operation=KEYCTL_SEARCH)
def keyctl_search(operation: KeyctlOperation, arg2: Keyring = 0, arg3: KeyType = 0, arg4: KeyName = 0, arg5: Annotated[int, KeySerial(0, 0, 0, *RINGS), OWN_KEYRINGS] = 0) -> Serial: ...
@operation(keyctl, operation=KEYCTL_SET_TIMEOUT)
def keyctl_set_timeout(operation: KeyctlOperation, arg2: AnyKey = 0, arg3: Annotated[int, Number(1000, 0, 1 << 31)] = 0) -> Zero: ...
@operation(keyctl, operation=KEYCTL_SET_REQKEY_KEYRING)
def keyctl_set_reqkey_keyring(operation: KeyctlOperation, arg2: Annotated[int, Number(0, 1, 2, 3, 4, 5, 6, 7, 8, -1)] = 0) -> Int: ...
@operation(keyctl, operation=KEYCTL_RESTRICT_KEYRING)
def keyctl_restrict(operation: KeyctlOperation, arg2: AnyKey = 0, arg3: Annotated[bytes | Buffer | int | None, ChosenMemory(0, 0, text(b"asymmetric"), KERNEL_ADDRESS)] = 0, arg4: Annotated[bytes | Buffer | int | None, ChosenMemory(0, 0, text(b"x"))] = 0) -> Zero: ...
@operation(keyctl, operation=KEYCTL_MOVE)
def keyctl_move(operation: KeyctlOperation, arg2: AnyKey = 0, arg3: Keyring = 0, arg4: Keyring = 0, arg5: Annotated[int, Number(0, 0, 1, 2)] = 0) -> Zero: ...
@operation(keyctl, operation=KEYCTL_CAPABILITIES)
def keyctl_capabilities(operation: KeyctlOperation, arg2: OutMasked = 0, arg3: OutSize = 0) -> Int: ...


# BPF, perf, random numbers, security modules


LsmAttribute = Annotated[int, Number(100, 101, 102, 103, 0, 999)]
SizeOfRoom = Annotated[bytes | Buffer | Struct | int | None, MaskedMemory(out=True, choices=LENGTHS)]
InLsmContext = Annotated[bytes | Buffer | int | None, ChosenMemory(Blob(struct.pack("=4Q", 104, 0, 40, 8) + b"context\0"), Blob(bytes(32)), Blob(bytes(8)), KERNEL_ADDRESS)]


@syscall(x86_64=321, aarch64=280, since="3.18", never="loads code into the kernel, or reads counters of the whole machine")
def bpf(command: BpfCommand, attr: BpfAttr, size: Size) -> Fd: ...
@syscall(x86_64=298, aarch64=241, since="2.6.31", never="loads code into the kernel, or reads counters of the whole machine")
def perf_event_open(attr: Any_, pid: Pid, cpu: Int, group: Fd, flags: Bits) -> Fd: ...
@syscall(x86_64=318, aarch64=278, since="3.17", touches=NOTHING)
def getrandom(buf: OutRandom, size: Size, flags: Annotated[int, Flags(named(globals(), "GRND_"), plain=(0, 0, GRND_NONBLOCK))]) -> Count: ...
@syscall(number=459, since="6.8", touches=PROCESS)
def lsm_get_self_attr(attr: LsmAttribute, ctx: OutMasked, size: SizeOfRoom, flags: Annotated[int, Number(0, 0, 0, 1, 2)]) -> Varying: ...
@syscall(number=460, since="6.8", touches=PROCESS)
def lsm_set_self_attr(attr: LsmAttribute, ctx: InLsmContext, size: Size, flags: Zeros) -> Zero: ...
@syscall(number=461, since="6.8", touches=PROCESS)
def lsm_list_modules(ids: OutMasked, size: SizeOfRoom, flags: Zeros) -> Varying: ...
