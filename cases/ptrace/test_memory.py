"""The memory of a tracee: PTRACE_PEEKDATA and POKEDATA, /proc/PID/mem, process_vm_readv(2) and writev."""

from __future__ import annotations

import signal
import struct
from errno import EFAULT, EINVAL, EIO

import pytest

from cases.ptrace._tracee import exited, memory_of, resume, start, stopped
from conformance.syscalls import Buffer, missing
from conformance.syscalls.files.reading import pread64, pwrite64
from conformance.syscalls.files.vectors import Iovec
from conformance.syscalls.help.code import BASE, DATA, ENTRY, EXIT_WITH_RESULT, INT3, call, exit_code, load
from conformance.syscalls.machinery.world import PAGE
from conformance.syscalls.memory.mapping import PROT_EXEC, PROT_READ, mprotect
from conformance.syscalls.memory.others import TwoIovecs, process_vm_readv, process_vm_writev
from conformance.syscalls.ptrace import (
    PTRACE_PEEKDATA,
    PTRACE_PEEKTEXT,
    PTRACE_POKEDATA,
    PTRACE_POKETEXT,
    Word,
    ptrace,
)

pytestmark = pytest.mark.needs("x86_64")

UNMAPPED = 0x10000
PROTECT = call(mprotect, BASE, PAGE, PROT_READ | PROT_EXEC) + INT3
CODE = ENTRY + len(PROTECT)
"""Where the code of `start_read_only` goes on."""
LOADED_BYTE = 2
"""Offset of its argument in `exit_code`."""


def start_read_only() -> int:
    """A tracee that can no longer write its one page, in front of `exit_code(1)`; the pid."""
    pid = start(PROTECT + exit_code(1), b"0123456789abcdef")
    assert resume(pid) == stopped(signal.SIGTRAP)
    return pid


def vector(address: int, length: int) -> Iovec:
    """`struct iovec`."""
    return Iovec(iov_base=address, iov_len=length)


def test_word_can_be_read_and_written_at_any_address() -> None:
    pid = start(load(DATA) + EXIT_WITH_RESULT, b"0123456789abcdef")
    word = Word()
    ptrace(PTRACE_PEEKDATA, pid, DATA + 3, word)
    assert bytes(word) == b"3456789a"
    ptrace(PTRACE_POKEDATA, pid, DATA, 45)
    assert resume(pid) == exited(45)


def test_code_can_be_written_in_a_page_that_the_tracee_cannot_write() -> None:
    pid = start_read_only()
    word = Word()
    ptrace(PTRACE_PEEKTEXT, pid, CODE + LOADED_BYTE, word)
    assert word.word == 1
    ptrace(PTRACE_POKETEXT, pid, CODE + LOADED_BYTE, 46)
    assert resume(pid) == exited(46)


def test_unmapped_word_is_eio_and_unmapped_memory_of_the_tracer_efault() -> None:
    pid = start(exit_code(0))
    ptrace.fails_with(EIO, PTRACE_PEEKDATA, pid, UNMAPPED, Word())
    ptrace.fails_with(EIO, PTRACE_POKEDATA, pid, UNMAPPED, 1)
    ptrace.fails_with(EFAULT, PTRACE_PEEKDATA, pid, DATA, UNMAPPED)


def test_memory_file_reads_and_writes_the_tracee() -> None:
    pid = start(load(DATA) + EXIT_WITH_RESULT, b"0123456789abcdef")
    fd = memory_of(pid)
    data = Buffer(16)
    assert pread64(fd, data, 16, DATA) == 16
    assert bytes(data) == b"0123456789abcdef"
    assert pread64(fd, Buffer(16), 16, BASE + PAGE - 8) == 8
    pread64.fails_with(EIO, fd, Buffer(16), 16, UNMAPPED)
    assert pwrite64(fd, struct.pack("<Q", 47), 8, DATA) == 8
    assert resume(pid) == exited(47)


def test_memory_file_of_a_tracee_writes_pages_that_it_cannot_write() -> None:
    """A debugger's breakpoints depend on it; a kernel can be told to refuse (proc_mem.force_override, Linux 6.12)."""
    pid = start_read_only()
    fd = memory_of(pid)
    written, error = pwrite64.result_of(fd, b"\x30", 1, CODE + LOADED_BYTE)
    if error == EIO:
        missing("writing to read-only pages through /proc/PID/mem")
    assert written == 1
    assert resume(pid) == exited(48)


def test_vectors_gather_and_scatter() -> None:
    pid = start(exit_code(0), b"0123456789abcdef")
    first, second = Buffer(3), Buffer(8)
    local = TwoIovecs(base0=first.address, length0=3, base1=second.address, length1=8)
    remote = TwoIovecs(base0=DATA + 8, length0=4, base1=DATA, length1=4)
    assert process_vm_readv(pid, local, 2, remote, 2, 0) == 8
    assert (bytes(first), second.take(5)) == (b"89a", b"b0123")


def test_transfer_ends_before_a_remote_part_that_is_unmapped() -> None:
    pid = start(exit_code(0), b"0123456789abcdef")
    data = Buffer(16)
    remote = TwoIovecs(base0=DATA, length0=4, base1=UNMAPPED, length1=4)
    assert process_vm_readv(pid, vector(data.address, 16), 1, remote, 2, 0) == 4
    process_vm_readv.fails_with(EFAULT, pid, vector(data.address, 16), 1, vector(UNMAPPED, 4), 1, 0)
    process_vm_readv.fails_with(EINVAL, pid, vector(data.address, 16), 1, vector(DATA, 8), 1, 1)


def test_transfer_writes_what_the_other_can_write_and_nothing_else() -> None:
    """Unlike PTRACE_POKETEXT, process_vm_writev(2) keeps to the protection of pages."""
    pid = start(PROTECT + load(DATA) + EXIT_WITH_RESULT, bytes(16))
    word = Buffer(struct.pack("<Q", 49))
    assert process_vm_writev(pid, vector(word.address, 8), 1, vector(DATA, 8), 1, 0) == 8
    assert resume(pid) == stopped(signal.SIGTRAP)
    word = Buffer(struct.pack("<Q", 50))
    process_vm_writev.fails_with(EFAULT, pid, vector(word.address, 8), 1, vector(DATA, 8), 1, 0)
    assert resume(pid) == exited(49)
