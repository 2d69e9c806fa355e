"""Segments: entries of a process's own descriptor table, which it writes and its selectors mean (modify_ldt(2))."""

from __future__ import annotations

from errno import EFAULT, EINVAL, ENOSYS, EPERM

import pytest

from conformance.syscalls import Buffer, missing
from conformance.syscalls.help.child import in_child
from conformance.syscalls.help.code import RET, function
from conformance.syscalls.machinery.buffers import write_memory
from conformance.syscalls.machinery.world import PAGE
from conformance.syscalls.memory.mapping import (
    MAP_ANONYMOUS,
    MAP_FIXED,
    MAP_PRIVATE,
    PROT_READ,
    PROT_WRITE,
    mmap,
)
from conformance.syscalls.system import (
    LDT_ENTRIES,
    LDT_ENTRY_SIZE,
    USER_DESC_READ_EXEC_ONLY,
    USER_DESC_SEG_32BIT,
    USER_DESC_SEG_NOT_PRESENT,
    USER_DESC_USEABLE,
    UserDesc,
    modify_ldt,
)

pytestmark = pytest.mark.needs("x86_64")

READ, WRITE, READ_DEFAULT, WRITE_NEW = 0, 1, 2, 0x11
DATA = USER_DESC_SEG_32BIT | USER_DESC_USEABLE
ROOM = 64
NO_LIMIT = -1
LOW = 0x20000000
"""Where nothing is, and segments of 32 bits reach."""


def write(entry: UserDesc, function: int = WRITE_NEW) -> None:
    """Write an entry. EPERM, which Linux never says, is how sandboxes refuse all of the call."""
    assert modify_ldt.or_missing("modify_ldt", EPERM, function, entry, UserDesc.size()) == 0


def table(size: int = ROOM) -> bytes:
    """As much of the table as there is."""
    room = Buffer(size)
    return room.take(modify_ldt(READ, room, size))


def descriptor(base: int, limit: int, access: int, flags: int) -> bytes:
    """A segment's descriptor as the processor has it (Intel SDM 3, 3.4.5): access rights and flags by themselves."""
    low, middle, high = base & 0xFFFF, base >> 16 & 0xFF, base >> 24
    parts = (limit & 0xFFFF).to_bytes(2, "little") + low.to_bytes(2, "little")
    return parts + bytes([middle, access, flags << 4 | limit >> 16, high])


def selector(entry: int) -> int:
    """Of the local table, for user space."""
    return entry << 3 | 4 | 3


def limit_of(entry: int) -> int:
    """What the processor finds of a segment by lsl; NO_LIMIT where there is none."""
    code = b"\xb9" + selector(entry).to_bytes(4, "little") + b"\x48\xc7\xc0\xff\xff\xff\xff\x0f\x03\xc1"
    return function(code + RET)()  # mov ecx, selector; mov rax, -1; lsl eax, ecx


def first_word_of(entry: int) -> int:
    """What lies at the beginning of a segment; gs is nothing again afterwards."""
    load = b"\xb8" + selector(entry).to_bytes(4, "little") + b"\x8e\xe8"  # mov eax, selector; mov gs, eax
    read = b"\x31\xc9\x65\x48\x8b\x01"  # xor ecx, ecx; mov rax, gs:[rcx]
    return function(load + read + b"\x8e\xe9" + RET)()  # mov gs, ecx


@pytest.mark.parametrize("way", [WRITE, WRITE_NEW], ids=["old", "new"])
def test_entry_that_was_written_is_read_back(way: int) -> None:
    """As the processor has it: a data segment of user space, present and accessed (microsoft/WSL#12987)."""
    write(UserDesc(entry_number=0, base_addr=0x12345678, limit=0xABCDE, flags=DATA), way)
    useable = 0x5 if way == WRITE_NEW else 0x4  # the old way has no such bit
    assert table()[:LDT_ENTRY_SIZE] == descriptor(0x12345678, 0xABCDE, 0xF3, useable)


def test_table_is_as_long_as_it_is_asked_for_once_there_is_one() -> None:
    """And empty before; beyond its entries there are zeros (`read_ldt`)."""
    write(UserDesc(entry_number=2, base_addr=0x1000, limit=0xFFF, flags=DATA))
    assert table(ROOM) == bytes(16) + descriptor(0x1000, 0xFFF, 0xF3, 0x5) + bytes(ROOM - 24)
    assert table(20) == (bytes(16) + descriptor(0x1000, 0xFFF, 0xF3, 0x5))[:20]
    assert len(table(LDT_ENTRIES * LDT_ENTRY_SIZE + 8)) == LDT_ENTRIES * LDT_ENTRY_SIZE


def test_entry_is_emptied_by_an_empty_one() -> None:
    write(UserDesc(entry_number=0, base_addr=0x1000, limit=0xFFF, flags=DATA))
    write(UserDesc(entry_number=0, flags=USER_DESC_READ_EXEC_ONLY | USER_DESC_SEG_NOT_PRESENT))
    assert table()[:LDT_ENTRY_SIZE] == bytes(LDT_ENTRY_SIZE)
    assert limit_of(0) == NO_LIMIT


def test_segment_is_where_and_as_long_as_its_entry_says() -> None:
    """By the selector of the entry, in gs, and by lsl."""
    mmap(LOW, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)
    write_memory(LOW + 8, b"\x55\x44\x33\x22\x11\0\0\0")
    write(UserDesc(entry_number=1, base_addr=LOW + 8, limit=0xFF, flags=DATA))
    assert limit_of(1) == 0xFF
    assert limit_of(3) == NO_LIMIT
    assert first_word_of(1) == 0x1122334455


def test_table_is_copied_to_a_child_and_then_its_own() -> None:
    write(UserDesc(entry_number=0, base_addr=0x1000, limit=0xFFF, flags=DATA))
    before = table()

    def child() -> None:
        assert table() == before
        write(UserDesc(entry_number=0, base_addr=0x2000, limit=0xFFF, flags=DATA))
        assert table() != before

    assert in_child(child) == 0
    assert table() == before


def test_entry_that_cannot_be_is_einval() -> None:
    """modify_ldt(2); a gate may be no segment of user space (`write_ldt`)."""
    write(UserDesc(entry_number=0, base_addr=0x1000, limit=0xFFF, flags=DATA))
    good = UserDesc(entry_number=0, limit=0xFFF, flags=DATA)
    modify_ldt.fails_with(EINVAL, WRITE_NEW, good, UserDesc.size() - 1)
    modify_ldt.fails_with(EINVAL, WRITE_NEW, UserDesc(entry_number=LDT_ENTRIES, limit=1, flags=DATA), UserDesc.size())
    conforming = UserDesc(entry_number=0, limit=1, flags=DATA | 3 << 1)
    modify_ldt.fails_with(EINVAL, WRITE_NEW, conforming, UserDesc.size())
    modify_ldt.fails_with(EFAULT, WRITE_NEW, 8, UserDesc.size())
    modify_ldt.fails_with(EFAULT, READ, 8, ROOM)
    modify_ldt.fails_with(ENOSYS, 3, Buffer(ROOM), ROOM)
    assert table()[:LDT_ENTRY_SIZE] == descriptor(0x1000, 0xFFF, 0xF3, 0x5)


def test_segment_of_16_bits_can_be_had() -> None:
    """As Windows 3 has them, and so Wine and DOSEMU want them: EINVAL where the kernel is built without
    (`CONFIG_X86_16BIT`), whose programs could see the upper half of its stack pointer else."""
    entry = UserDesc(entry_number=0, base_addr=0x1000, limit=0xFFF, flags=USER_DESC_USEABLE)
    _, error = modify_ldt.result_of(WRITE_NEW, entry, UserDesc.size())
    if error in (EINVAL, ENOSYS, EPERM):
        missing("16-bit segments")
    assert table()[:LDT_ENTRY_SIZE] == descriptor(0x1000, 0xFFF, 0xF3, 0x1)
    assert limit_of(0) == 0xFFF
