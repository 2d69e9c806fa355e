"""/proc/self: what the kernel tells a process about itself, its files and its memory (proc(5))."""

from __future__ import annotations

import struct

import pytest

from conformance.syscalls import Buffer, untraced
from conformance.syscalls.files.links import readlink, unlink
from conformance.syscalls.files.memfd import memfd_create
from conformance.syscalls.files.opening import O_APPEND, O_CLOEXEC, O_CREAT, O_RDONLY, O_RDWR, open
from conformance.syscalls.files.reading import lseek, pread64, pwrite64
from conformance.syscalls.help.paths import contents, fields, inode_of, make_file, open_present, write_to
from conformance.syscalls.help.pipes import new_pipe
from conformance.syscalls.machinery.world import PAGE
from conformance.syscalls.memory.mapping import (
    MAP_ANONYMOUS,
    MAP_PRIVATE,
    MAP_SHARED,
    PROT_NONE,
    PROT_READ,
    PROT_WRITE,
    mmap,
    mprotect,
)
from conformance.syscalls.polling.eventfd import EFD_CLOEXEC, eventfd2
from conformance.syscalls.processes.credentials import setresuid
from conformance.syscalls.processes.identity import getpid, getppid
from conformance.syscalls.processes.prctl import PR_GET_NAME, prctl
from conformance.syscalls.signals import SIG_BLOCK, rt_sigprocmask, sigset
from conformance.syscalls.sockets.socket import AF_UNIX, SOCK_STREAM, socket


def link(name: bytes) -> bytes:
    """What a link below /proc/self points to. Not traced."""
    target = Buffer(4096)
    with untraced():
        return target.take(readlink(b"/proc/self/" + name, target, 4096))


@pytest.mark.parametrize("kind", ["pipe", "socket", "memfd", "eventfd", "deleted"])
def test_descriptor_tells_what_it_is(kind: str) -> None:
    """The forms of the links in /proc/self/fd; pipes and sockets are told by their inodes."""
    fd = make(kind)
    target = link(b"fd/%d" % fd)
    expected = {
        "pipe": b"pipe:[%d]" % inode_of(fd),
        "socket": b"socket:[%d]" % inode_of(fd),
        "memfd": b"/memfd:name (deleted)",
        "eventfd": b"anon_inode:[eventfd]",
        "deleted": link(b"cwd") + b"/file (deleted)",
    }
    assert target == expected[kind]


def make(kind: str) -> int:
    """A descriptor of a kind."""
    if kind == "pipe":
        return new_pipe()[1]
    if kind == "socket":
        return socket(AF_UNIX, SOCK_STREAM, 0)
    if kind == "memfd":
        return memfd_create(b"name", 0)
    if kind == "eventfd":
        return eventfd2(0, EFD_CLOEXEC)
    fd = open(b"file", O_RDWR | O_CREAT, 0o600)
    unlink(b"file")
    return fd


def test_fdinfo_tells_offset_and_flags() -> None:
    make_file(b"file", b"hello")
    fd = open(b"file", O_RDWR | O_APPEND | O_CLOEXEC)
    lseek(fd, 3, 0)
    told = fields(b"/proc/self/fdinfo/%d" % fd)
    assert told[b"pos"] == b"3"
    assert int(told[b"flags"], 8) & (O_RDWR | O_APPEND | O_CLOEXEC) == O_RDWR | O_APPEND | O_CLOEXEC


@pytest.mark.needs("root")
def test_status_tells_identity_and_signals() -> None:
    rt_sigprocmask(SIG_BLOCK, sigset(10, 64), None, 8)
    setresuid(1000, 1001, 1002)
    told = fields(b"/proc/self/status")
    assert told[b"Uid"].split() == [b"1000", b"1001", b"1002", b"1001"]
    assert told[b"SigBlk"] == b"8000000000000200"
    assert (int(told[b"Pid"]), int(told[b"PPid"]), told[b"Threads"]) == (getpid(), getppid(), b"1")
    assert told[b"State"].startswith(b"R")


def test_name_can_be_written_and_is_cut_after_fifteen_bytes() -> None:
    """comm (Linux 2.6.33): the same name as that of prctl(2)."""
    write_to(b"/proc/self/comm", b"a name that is long")
    assert contents(b"/proc/self/comm") == b"a name that is \n"
    name = Buffer(16)
    prctl(PR_GET_NAME, name)
    assert bytes(name) == b"a name that is \0"


def test_map_tells_address_protection_and_file() -> None:
    """maps(5): a file's mapping, and how mprotect(2) splits it."""
    make_file(b"file", bytes(3 * PAGE))
    fd = open(b"file", O_RDONLY)
    address = mmap(0, 3 * PAGE, PROT_READ, MAP_PRIVATE, fd, 0)
    mprotect(address + PAGE, PAGE, PROT_NONE)
    lines = [line.split(None, 5) for line in contents(b"/proc/self/maps").splitlines() if line.endswith(b"/file")]
    assert [line[1] for line in lines] == [b"r--p", b"---p", b"r--p"]
    assert [line[2] for line in lines] == [b"00000000", b"00001000", b"00002000"]
    assert lines[0][0] == b"%x-%x" % (address, address + PAGE)
    assert int(lines[0][4]) == inode_of(fd)


def test_pagemap_tells_which_pages_are_there() -> None:
    """Bit 63 of the eight bytes of a page; without privilege the rest is not told (Linux 4.2)."""
    address = mmap(0, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)
    memory = open_present(b"/proc/self/mem", O_RDWR)
    pagemap = open_present(b"/proc/self/pagemap")
    with untraced():  # the address is an argument
        assert pwrite64(memory, b"x", 1, address) == 1
        data = Buffer(16)
        assert pread64(pagemap, data, 16, address // PAGE * 8) == 16
    first, second = struct.unpack("=QQ", bytes(data))
    assert (first >> 63, second >> 63) == (1, 0)
