"""bpf(2): maps and programs in the kernel."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.machinery.aliases import Address64, Fd, Fd32, Size
from conformance.syscalls.machinery.buffers import U32, U64, Struct
from conformance.syscalls.machinery.call import syscall
from conformance.syscalls.machinery.kinds import Flags, named
from conformance.syscalls.machinery.memory import OneOf, Pointer

BPF_MAP_CREATE, BPF_MAP_LOOKUP_ELEM, BPF_MAP_UPDATE_ELEM, BPF_MAP_DELETE_ELEM = 0, 1, 2, 3
BPF_MAP_GET_NEXT_KEY, BPF_PROG_LOAD, BPF_PROG_ATTACH = 4, 5, 8

BpfCommand = Annotated[int, Flags(named(globals(), "BPF_"), bits=False)]

BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_ARRAY = 1, 2

BPF_ANY, BPF_NOEXIST, BPF_EXIST = 0, 1, 2

BPF_PROG_TYPE_SOCKET_FILTER, BPF_PROG_TYPE_CGROUP_SKB, BPF_PROG_TYPE_CGROUP_DEVICE = 1, 8, 15

BPF_CGROUP_INET_EGRESS, BPF_CGROUP_DEVICE = 1, 6


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


# Not named: a struct would lend its members' kinds to all.
BpfAttr = Annotated[object, Pointer(out=True), OneOf(BpfMap, BpfElement, BpfProgram, BpfAttach)]


@syscall(
    x86_64=321, aarch64=280, since="3.18", never="loads code into the kernel, or reads counters of the whole machine"
)
def bpf(command: BpfCommand, attr: BpfAttr, size: Size) -> Fd: ...
