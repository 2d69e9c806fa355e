"""Moving and growing: mremap(2) and brk(2)."""

from __future__ import annotations

import signal
import struct
from errno import EFAULT, EINVAL, ENOMEM

import pytest

from cases.memory._pages import READ_WRITE, after_reading, pages
from conformance.syscalls import missing
from conformance.syscalls.files.opening import O_CREAT, O_WRONLY, close, open
from conformance.syscalls.files.reading import write
from conformance.syscalls.help.child import in_child
from conformance.syscalls.help.code import EXIT_WITH_RESULT, call, elf
from conformance.syscalls.machinery.buffers import memory_at, write_memory
from conformance.syscalls.machinery.world import PAGE
from conformance.syscalls.memory.mapping import (
    MREMAP_DONTUNMAP,
    MREMAP_FIXED,
    MREMAP_MAYMOVE,
    brk,
    mprotect,
    mremap,
    munmap,
)
from conformance.syscalls.processes.executing import execve
from conformance.syscalls.processes.limits import RLIMIT_DATA, Rlimit, setrlimit

GROW = (
    call(brk, 0)
    + b"\x48\x89\xc3"  # mov rbx, rax
    + b"\x48\x8d\xb8" + struct.pack("<i", 2 * PAGE)  # lea rdi, [rax + 2 pages]
    + b"\xb8" + struct.pack("<i", brk.number) + b"\x0f\x05"
    + b"\x48\x29\xd8"  # sub rax, rbx
    + b"\x48\xc1\xe8\x0c"  # shr rax, 12
)  # fmt: skip
"""Moves the break by two pages; rax: by how many it has moved."""
TOUCH = b"\x88\x83" + struct.pack("<i", 2 * PAGE - 1)
"""mov [rbx + 2 pages - 1], al"""


def test_mapping_grows_where_it_is_or_moves_with_its_contents() -> None:
    area = pages(4)
    munmap(area + PAGE, PAGE)
    munmap(area + 3 * PAGE, PAGE)
    write_memory(area, b"hello")
    assert mremap(area, PAGE, 2 * PAGE, 0) == area
    mremap.fails_with(ENOMEM, area, 2 * PAGE, 4 * PAGE, 0)
    moved = mremap(area, 2 * PAGE, 4 * PAGE, MREMAP_MAYMOVE)
    assert moved != area
    assert memory_at(moved, 5) == b"hello"
    assert memory_at(moved + 4 * PAGE - 1, 1) == b"\0"
    assert after_reading(area) == -signal.SIGSEGV
    assert mremap(moved, 4 * PAGE, PAGE, 0) == moved
    assert after_reading(moved + PAGE) == -signal.SIGSEGV
    mremap.fails_with(EFAULT, area, PAGE, 2 * PAGE, MREMAP_MAYMOVE)
    target = pages(2)
    assert mremap(moved, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target) == target
    assert memory_at(target, 5) == b"hello"
    mremap.fails_with(EINVAL, target, PAGE, PAGE, MREMAP_FIXED, moved)
    mremap.fails_with(EINVAL, target, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, target + PAGE)
    mremap.fails_with(EINVAL, target, PAGE, 0, MREMAP_MAYMOVE)
    mremap.fails_with(EINVAL, target + 1, PAGE, PAGE, 0)


def test_pages_can_move_and_leave_empty_ones_behind() -> None:
    """MREMAP_DONTUNMAP (Linux 5.7)."""
    area = pages(1)
    write_memory(area, b"hello")
    moved, error = mremap.result_of(area, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP)
    if error == EINVAL:
        missing("MREMAP_DONTUNMAP")
    assert error == 0
    assert (memory_at(moved, 5), memory_at(area, 5)) == (b"hello", bytes(5))
    mprotect(area, PAGE, READ_WRITE)
    mremap.fails_with(EINVAL, area, PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP)


@pytest.mark.needs("x86_64")
def test_break_moves_within_the_limit_of_data() -> None:
    """A refusal leaves it where it is, and says so by returning it (brk(2), "C library/kernel differences")."""
    for name, code in ((b"touching", GROW + TOUCH), (b"moving", GROW)):
        image = elf(code + EXIT_WITH_RESULT)
        fd = open(name, O_WRONLY | O_CREAT, 0o755)
        assert write(fd, image, len(image)) == len(image)
        close(fd)
    assert in_child(lambda: execve(b"touching", None, None)) == 2

    def limited() -> None:
        setrlimit(RLIMIT_DATA, Rlimit(cur=PAGE, max=PAGE))
        execve(b"moving", None, None)

    assert in_child(limited) == 0
