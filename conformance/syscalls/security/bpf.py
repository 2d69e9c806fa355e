"""bpf(2): maps and programs in the kernel."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.machinery.aliases import Address64, AlwaysZero, Fd, Fd32, In, Int, Size, Zero
from conformance.syscalls.machinery.buffers import U32, U64, Struct
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import Blob, Choices, room
from conformance.syscalls.machinery.kinds import FileDescriptor, Flags, named
from conformance.syscalls.machinery.memory import OneOf, Pointer
from conformance.syscalls.machinery.touches import PROCESS
from conformance.syscalls.machinery.world import UNMAPPED

BPF_MAP_CREATE, BPF_MAP_LOOKUP_ELEM, BPF_MAP_UPDATE_ELEM, BPF_MAP_DELETE_ELEM, BPF_MAP_GET_NEXT_KEY = 0, 1, 2, 3, 4
BPF_PROG_LOAD, BPF_OBJ_PIN, BPF_OBJ_GET, BPF_PROG_ATTACH, BPF_PROG_DETACH, BPF_PROG_TEST_RUN = 5, 6, 7, 8, 9, 10
BPF_PROG_RUN, BPF_PROG_GET_NEXT_ID, BPF_MAP_GET_NEXT_ID, BPF_PROG_GET_FD_BY_ID = 10, 11, 12, 13
BPF_MAP_GET_FD_BY_ID, BPF_OBJ_GET_INFO_BY_FD, BPF_PROG_QUERY, BPF_RAW_TRACEPOINT_OPEN = 14, 15, 0x10, 17
BPF_BTF_LOAD, BPF_BTF_GET_FD_BY_ID, BPF_TASK_FD_QUERY, BPF_MAP_LOOKUP_AND_DELETE_ELEM = 18, 19, 20, 21
BPF_MAP_FREEZE, BPF_BTF_GET_NEXT_ID, BPF_MAP_LOOKUP_BATCH, BPF_MAP_LOOKUP_AND_DELETE_BATCH = 22, 23, 24, 25
BPF_MAP_UPDATE_BATCH, BPF_MAP_DELETE_BATCH, BPF_LINK_CREATE, BPF_LINK_UPDATE = 26, 27, 28, 29
BPF_LINK_GET_FD_BY_ID, BPF_LINK_GET_NEXT_ID, BPF_ENABLE_STATS, BPF_ITER_CREATE, BPF_LINK_DETACH = 30, 31, 0x20, 33, 34
BPF_PROG_BIND_MAP, BPF_TOKEN_CREATE, BPF_PROG_STREAM_READ_BY_FD, BPF_PROG_ASSOC_STRUCT_OPS = 35, 36, 37, 38
_COMMANDS = named(globals(), "BPF_")

BpfCommand = Annotated[int, Flags(_COMMANDS, bits=False)]

BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_ARRAY, BPF_MAP_TYPE_PROG_ARRAY, BPF_MAP_TYPE_PERF_EVENT_ARRAY = 1, 2, 3, 4
BPF_MAP_TYPE_PERCPU_HASH, BPF_MAP_TYPE_PERCPU_ARRAY, BPF_MAP_TYPE_STACK_TRACE, BPF_MAP_TYPE_CGROUP_ARRAY = 5, 6, 7, 8
BPF_MAP_TYPE_LRU_HASH, BPF_MAP_TYPE_LRU_PERCPU_HASH, BPF_MAP_TYPE_LPM_TRIE, BPF_MAP_TYPE_ARRAY_OF_MAPS = 9, 10, 11, 12
BPF_MAP_TYPE_HASH_OF_MAPS, BPF_MAP_TYPE_DEVMAP, BPF_MAP_TYPE_SOCKMAP, BPF_MAP_TYPE_CPUMAP = 13, 14, 15, 0x10
BPF_MAP_TYPE_XSKMAP, BPF_MAP_TYPE_SOCKHASH, BPF_MAP_TYPE_CGROUP_STORAGE = 17, 18, 19
BPF_MAP_TYPE_REUSEPORT_SOCKARRAY, BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE, BPF_MAP_TYPE_QUEUE = 20, 21, 22
BPF_MAP_TYPE_STACK, BPF_MAP_TYPE_SK_STORAGE, BPF_MAP_TYPE_DEVMAP_HASH, BPF_MAP_TYPE_STRUCT_OPS = 23, 24, 25, 26
BPF_MAP_TYPE_RINGBUF, BPF_MAP_TYPE_INODE_STORAGE, BPF_MAP_TYPE_TASK_STORAGE, BPF_MAP_TYPE_BLOOM_FILTER = 27, 28, 29, 30
BPF_MAP_TYPE_USER_RINGBUF, BPF_MAP_TYPE_CGRP_STORAGE, BPF_MAP_TYPE_ARENA, BPF_MAP_TYPE_INSN_ARRAY = 31, 0x20, 33, 34
BPF_MAP_TYPE_RHASH = 35

BPF_F_NO_PREALLOC, BPF_F_NO_COMMON_LRU, BPF_F_NUMA_NODE, BPF_F_RDONLY, BPF_F_WRONLY = 1, 2, 4, 8, 0x10
BPF_F_STACK_BUILD_ID, BPF_F_ZERO_SEED, BPF_F_RDONLY_PROG, BPF_F_WRONLY_PROG = 0x20, 0x40, 0x80, 0x100
BPF_F_CLONE, BPF_F_MMAPABLE, BPF_F_PRESERVE_ELEMS, BPF_F_INNER_MAP, BPF_F_LINK = 0x200, 0x400, 0x800, 0x1000, 0x2000
BPF_F_PATH_FD, BPF_F_VTYPE_BTF_OBJ_FD, BPF_F_TOKEN_FD, BPF_F_SEGV_ON_FAULT = 0x4000, 0x8000, 0x10000, 0x20000
BPF_F_NO_USER_CONV, BPF_F_RB_OVERWRITE = 0x40000, 0x80000
MAP_FLAGS = named(globals(), "BPF_F_")

BPF_ANY, BPF_NOEXIST, BPF_EXIST, BPF_F_LOCK = 0, 1, 2, 4

BPF_PROG_TYPE_SOCKET_FILTER, BPF_PROG_TYPE_KPROBE, BPF_PROG_TYPE_SCHED_CLS, BPF_PROG_TYPE_SCHED_ACT = 1, 2, 3, 4
BPF_PROG_TYPE_TRACEPOINT, BPF_PROG_TYPE_XDP, BPF_PROG_TYPE_PERF_EVENT, BPF_PROG_TYPE_CGROUP_SKB = 5, 6, 7, 8
BPF_PROG_TYPE_CGROUP_SOCK, BPF_PROG_TYPE_LWT_IN, BPF_PROG_TYPE_LWT_OUT, BPF_PROG_TYPE_LWT_XMIT = 9, 10, 11, 12
BPF_PROG_TYPE_SOCK_OPS, BPF_PROG_TYPE_SK_SKB, BPF_PROG_TYPE_CGROUP_DEVICE, BPF_PROG_TYPE_SK_MSG = 13, 14, 15, 0x10
BPF_PROG_TYPE_RAW_TRACEPOINT, BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_PROG_TYPE_LWT_SEG6LOCAL = 17, 18, 19
BPF_PROG_TYPE_LIRC_MODE2, BPF_PROG_TYPE_SK_REUSEPORT, BPF_PROG_TYPE_FLOW_DISSECTOR = 20, 21, 22
BPF_PROG_TYPE_CGROUP_SYSCTL, BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE, BPF_PROG_TYPE_CGROUP_SOCKOPT = 23, 24, 25
BPF_PROG_TYPE_TRACING, BPF_PROG_TYPE_STRUCT_OPS, BPF_PROG_TYPE_EXT, BPF_PROG_TYPE_LSM = 26, 27, 28, 29
BPF_PROG_TYPE_SK_LOOKUP, BPF_PROG_TYPE_SYSCALL, BPF_PROG_TYPE_NETFILTER = 30, 31, 0x20

BPF_CGROUP_INET_EGRESS, BPF_CGROUP_DEVICE = 1, 6


PROGRAM_FLAGS = {
    "BPF_F_STRICT_ALIGNMENT": 1,
    "BPF_F_ANY_ALIGNMENT": 2,
    "BPF_F_TEST_RND_HI32": 4,
    "BPF_F_TEST_STATE_FREQ": 8,
    "BPF_F_SLEEPABLE": 0x10,
    "BPF_F_XDP_HAS_FRAGS": 0x20,
    "BPF_F_XDP_DEV_BOUND_ONLY": 0x40,
    "BPF_F_TEST_REG_INVARIANTS": 0x80,
}


class BpfMap(Struct):
    """`union bpf_attr` of BPF_MAP_CREATE, as far as Linux 4.6 has it."""

    map_type: Annotated[
        U32, Flags(named(globals(), "BPF_MAP_TYPE_"), bits=False), Choices(BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_ARRAY, ...)
    ]
    key_size: Annotated[U32, Choices(4, 0, 8, 1)]
    value_size: Annotated[U32, Choices(8, 0, 4, 1)]
    max_entries: Annotated[U32, Choices(4, 1, 0)]
    map_flags: Annotated[U32, Flags(MAP_FLAGS), Choices(0, BPF_F_NO_PREALLOC, ...)]


class BpfElement(Struct):
    """`union bpf_attr` of the commands on an element of a map."""

    map_fd: Annotated[Fd32, FileDescriptor("bpf:map")]
    pad0: U32
    key: Annotated[Address64, Choices(Blob(bytes(8)), Blob(b"\1" + bytes(7)), Blob(b"\xff" * 8), 0, UNMAPPED)]
    value: Annotated[Address64, Choices(room(8), Blob(b"\7" + bytes(7)), 0, UNMAPPED)]
    flags: Annotated[
        U64,
        Flags({"BPF_NOEXIST": BPF_NOEXIST, "BPF_EXIST": BPF_EXIST, "BPF_F_LOCK": BPF_F_LOCK}),
        Choices(BPF_ANY, BPF_NOEXIST, BPF_EXIST, 3, 4),
    ]


class BpfProgram(Struct):
    """`union bpf_attr` of BPF_PROG_LOAD, as far as Linux 4.1 has it."""

    prog_type: Annotated[U32, Flags(named(globals(), "BPF_PROG_TYPE_"), bits=False)]
    insn_cnt: Annotated[U32, Choices(0, 1, 1000001)]
    insns: Annotated[Address64, Choices(0, UNMAPPED, Blob(bytes(8)))]
    license: Annotated[Address64, Choices(Blob(b"GPL\0"), 0, UNMAPPED)]
    log_level: Annotated[U32, Choices(0, 1)]
    log_size: Annotated[U32, Choices(0)]
    log_buf: Annotated[Address64, Choices(0)]
    kern_version: Annotated[U32, Choices(0)]
    prog_flags: Annotated[U32, Flags(PROGRAM_FLAGS), Choices(0, ...)]


class BpfAttach(Struct):
    """`union bpf_attr` of BPF_PROG_ATTACH, as far as Linux 4.10 has it."""

    target_fd: Fd32
    attach_bpf_fd: Fd32
    attach_type: U32
    attach_flags: U32


# Not named: a struct would lend its members' kinds to all.
BpfAttr = Annotated[object, Pointer(out=True), OneOf(BpfMap, BpfElement, BpfProgram, BpfAttach)]


@syscall(
    x86_64=321, aarch64=280, since="3.18", never="loads code into the kernel, or reads counters of the whole machine"
)
def bpf(command: BpfCommand, attr: BpfAttr, size: Size) -> Fd: ...


BpfMapFd = Annotated[int, FileDescriptor("bpf:map")]


@operation(bpf, command=BPF_MAP_CREATE, touches=PROCESS, refused="nothing: a map is only there for who has its fd")
def bpf_map_create(command: BpfCommand, attr: In[BpfMap], size: Size) -> BpfMapFd: ...
@operation(
    bpf,
    command=(
        *(BPF_MAP_LOOKUP_ELEM, BPF_MAP_UPDATE_ELEM, BPF_MAP_DELETE_ELEM, BPF_MAP_GET_NEXT_KEY),
        *(BPF_MAP_LOOKUP_AND_DELETE_ELEM, BPF_MAP_FREEZE),
    ),
    touches=PROCESS,
    refused="nothing: a map is only there for who has its fd",
)
def bpf_element(command: BpfCommand, attr: In[BpfElement], size: Size) -> Zero: ...
@operation(bpf, command=BPF_PROG_LOAD, touches=PROCESS, refused="code that is none: no instructions, or a wrong one")
def bpf_prog_load(command: BpfCommand, attr: In[BpfProgram], size: Size) -> Fd: ...
@operation(
    bpf,
    command=(*(each for each in _COMMANDS.values() if each != BPF_ENABLE_STATS), 99, -1),
    attr=0,
    size=0,
    touches=PROCESS,
    refused="nothing is said of what to do",
)
def bpf_nothing(command: BpfCommand, attr: AlwaysZero, size: Int) -> Int: ...
