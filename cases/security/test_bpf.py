"""BPF: maps are made and used, programs loaded, by who may (bpf(2))."""

from __future__ import annotations

import struct
from errno import EEXIST, ENOENT, EPERM

import pytest

from conformance.syscalls import Buffer
from conformance.syscalls.processes.credentials import setresuid
from conformance.syscalls.security.bpf import (
    BPF_ANY,
    BPF_EXIST,
    BPF_MAP_CREATE,
    BPF_MAP_DELETE_ELEM,
    BPF_MAP_GET_NEXT_KEY,
    BPF_MAP_LOOKUP_ELEM,
    BPF_MAP_TYPE_HASH,
    BPF_MAP_UPDATE_ELEM,
    BPF_NOEXIST,
    BPF_PROG_LOAD,
    BpfElement,
    BpfMap,
    BpfProgram,
    bpf,
)

BPF_PROG_TYPE_KPROBE = 2
MOVE_ZERO_TO_R0, EXIT = struct.pack("=BBhi", 0xB7, 0, 0, 0), struct.pack("=BBhi", 0x95, 0, 0, 0)
LICENSE = Buffer(b"GPL\0")

pytestmark = pytest.mark.needs("root")


def table(kind: int = BPF_MAP_TYPE_HASH, *, entries: int = 2) -> int:
    """A map from four bytes to eight."""
    return bpf(BPF_MAP_CREATE, BpfMap(map_type=kind, key_size=4, value_size=8, max_entries=entries), BpfMap.size())


class Element:
    """A key and a value, for the commands on elements."""

    def __init__(self, fd: int, key: int, value: int = 0, flags: int = BPF_ANY) -> None:
        self.key, self.value = Buffer(struct.pack("=I", key)), Buffer(struct.pack("=Q", value))
        self.attr = BpfElement(map_fd=fd, key=self.key.address, value=self.value.address, flags=flags)

    def do(self, command: int) -> None:
        """Carry out a command."""
        bpf(command, self._for(command), BpfElement.size())

    def fails(self, error: int, command: int) -> None:
        """Assert that a command is refused."""
        bpf.fails_with(error, command, self._for(command), BpfElement.size())

    def _for(self, command: int) -> BpfElement:
        """The attributes; what a command does not use must be zero."""
        if command == BPF_MAP_DELETE_ELEM:
            self.attr.value = 0
        return self.attr


def program(kind: int, *instructions: bytes) -> tuple[BpfProgram, Buffer]:
    """What loads a program, and the memory that it points to."""
    code = Buffer(b"".join(instructions))
    return BpfProgram(prog_type=kind, insn_cnt=len(instructions), insns=code.address, license=LICENSE.address), code


def test_element_of_a_map_is_looked_up_changed_and_deleted() -> None:
    fd = table()
    Element(fd, 1).fails(ENOENT, BPF_MAP_LOOKUP_ELEM)
    Element(fd, 1, 100, BPF_EXIST).fails(ENOENT, BPF_MAP_UPDATE_ELEM)
    Element(fd, 1, 100).do(BPF_MAP_UPDATE_ELEM)
    Element(fd, 1, 200, BPF_NOEXIST).fails(EEXIST, BPF_MAP_UPDATE_ELEM)
    found = Element(fd, 1)
    found.do(BPF_MAP_LOOKUP_ELEM)
    assert found.value.int_at(0, 8) == 100
    Element(fd, 1).fails(ENOENT, BPF_MAP_GET_NEXT_KEY)
    Element(fd, 1).do(BPF_MAP_DELETE_ELEM)
    Element(fd, 1).fails(ENOENT, BPF_MAP_DELETE_ELEM)


def test_unprivileged_process_may_load_no_program_that_traces() -> None:
    """Whatever kernel.unprivileged_bpf_disabled says."""
    table()
    setresuid(65534, 65534, 65534)
    attr, _code = program(BPF_PROG_TYPE_KPROBE, MOVE_ZERO_TO_R0, EXIT)
    bpf.fails_with(EPERM, BPF_PROG_LOAD, attr, BpfProgram.size())
