"""Mappings of a file, against a model: shared and private pages through mmap, mprotect, mremap, munmap and fork."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from errno import errorcode
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from cases._models import Refused
from cases.memory._mapping_model import FILE_PAGES, PAGES, Area, Page, Unpromised
from cases.memory._pages import READ_WRITE
from conformance.syscalls import Buffer, untraced
from conformance.syscalls.files.opening import O_CREAT, O_RDONLY, O_RDWR, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import pread64, pwrite64
from conformance.syscalls.files.sizes import ftruncate
from conformance.syscalls.help.child import in_child
from conformance.syscalls.help.contents import in_runs
from conformance.syscalls.machinery.buffers import memory_at, write_memory
from conformance.syscalls.machinery.call import Syscall
from conformance.syscalls.machinery.world import PAGE
from conformance.syscalls.memory.advice import MADV_DONTNEED, madvise
from conformance.syscalls.memory.mapping import (
    MAP_ANONYMOUS,
    MAP_FIXED,
    MAP_PRIVATE,
    MAP_SHARED,
    MREMAP_FIXED,
    MREMAP_MAYMOVE,
    MS_ASYNC,
    MS_INVALIDATE,
    MS_SYNC,
    PROT_NONE,
    PROT_READ,
    mmap,
    mprotect,
    mremap,
    msync,
    munmap,
)

BASE = 64 << 30
"""Where the area begins: far from where anything is mapped that does not ask for a place."""
INITIAL = [bytes([ord("A") + index]) * PAGE for index in range(FILE_PAGES)]

places = st.integers(0, PAGES - 1)
lengths = st.integers(1, 4)
file_pages = st.integers(0, FILE_PAGES - 1)
protections = st.sampled_from([READ_WRITE, PROT_READ, PROT_NONE])
kinds = st.sampled_from([MAP_SHARED, MAP_PRIVATE])
offsets = st.sampled_from([0, 1, 100, PAGE - 5])
contents = st.sampled_from([b"x", b"yy", b"hello"])


def address(at: int) -> int:
    """Where a page of the area lies."""
    return BASE + at * PAGE


class MappingMachine(RuleBasedStateMachine):
    """Makes the calls, and compares what they say and what memory holds with the model."""

    file = -1
    reader = -1
    """The same file, opened for reading alone."""
    scratch = -1

    def __init__(self) -> None:
        super().__init__()
        self.area = Area(*INITIAL)
        self.forked = False
        ftruncate(self.file, 0)
        pwrite64(self.file, b"".join(INITIAL), FILE_PAGES * PAGE, 0)
        self.map_file(0, 3, 0, MAP_SHARED, READ_WRITE, False)
        self.map_file(4, 4, 1, MAP_PRIVATE, READ_WRITE, False)
        self.map_anonymous(9, 2, MAP_PRIVATE, READ_WRITE)
        self.map_file(11, 1, 2, MAP_SHARED, PROT_READ, True)

    def teardown(self) -> None:
        munmap(BASE, PAGES * PAGE)

    def agree(self, model: Callable[[], object], call: Syscall[Any], *args: object) -> int | None:
        """Make the call, which must fail or succeed as the model does; its result, or None."""
        errors: tuple[int, ...] = (0,)
        try:
            model()
        except Unpromised:
            return None
        except Refused as refused:
            errors = refused.errors
        result, error = call.result_of(*args)
        said, wanted = (" or ".join(errorcode.get(each, "success") for each in some) for some in ((error,), errors))
        assert error in errors, f"{call.name}{args}: {said}; the model says {wanted}"
        return None if error else result

    # -- the area

    @rule(at=places, length=lengths, first=file_pages, kind=kinds, prot=protections, reader=st.booleans())
    def map_file(self, at: int, length: int, first: int, kind: int, prot: int, reader: bool) -> None:
        length = min(length, PAGES - at, FILE_PAGES - first)
        self.agree(
            lambda: self.area.map(
                at, length, prot, self.area.file, first, shared=kind == MAP_SHARED, may_write=not reader
            ),
            *(mmap, address(at), length * PAGE, prot, kind | MAP_FIXED),
            *(self.reader if reader else self.file, first * PAGE),
        )

    @rule(at=places, length=lengths, kind=kinds, prot=protections)
    def map_anonymous(self, at: int, length: int, kind: int, prot: int) -> None:
        length = min(length, PAGES - at)
        self.agree(
            lambda: self.area.map(at, length, prot, None, 0, shared=kind == MAP_SHARED, may_write=True),
            *(mmap, address(at), length * PAGE, prot, kind | MAP_FIXED | MAP_ANONYMOUS, -1, 0),
        )

    @rule(at=places, length=lengths)
    def unmap(self, at: int, length: int) -> None:
        length = min(length, PAGES - at)
        self.agree(lambda: self.area.unmap(at, length), munmap, address(at), length * PAGE)

    @rule(at=places, length=lengths, prot=protections)
    def protect(self, at: int, length: int, prot: int) -> None:
        length = min(length, PAGES - at)
        self.agree(lambda: self.area.protect(at, length, prot), mprotect, address(at), length * PAGE, prot)

    @rule(at=places, length=lengths, flags=st.sampled_from([MS_SYNC, MS_ASYNC, MS_INVALIDATE]))
    def sync(self, at: int, length: int, flags: int) -> None:
        length = min(length, PAGES - at)
        self.agree(lambda: self.area.mapped(at, length), msync, address(at), length * PAGE, flags)

    @rule(at=places, length=lengths)
    def discard(self, at: int, length: int) -> None:
        length = min(length, PAGES - at)
        self.agree(lambda: self.area.discard(at, length), madvise, address(at), length * PAGE, MADV_DONTNEED)

    @rule(at=places, length=lengths, to=st.one_of(st.none(), places), new=lengths)
    def remap(self, at: int, length: int, to: int | None, new: int) -> None:
        length, new = min(length, PAGES - at), min(new, PAGES - (to or 0))
        if self.area.pages[at] is None:
            return  # EFAULT, or EINVAL where the places overlap
        flags, where = (0, 0) if to is None else (MREMAP_MAYMOVE | MREMAP_FIXED, address(to))
        result = self.agree(
            lambda: self.area.remap(at, length, to, new),
            *(mremap, address(at), length * PAGE, new * PAGE, flags, where),
        )
        assert result in (None, where or address(at))

    # -- what is in it

    @rule(at=places, offset=offsets, data=contents)
    def store(self, at: int, offset: int, data: bytes) -> None:
        """By the processor, which is not told to make a mistake."""
        try:
            self.area.store(at, offset, data)
        except Refused:
            return
        write_memory(address(at) + offset, data)
        self.compare_page(at)

    @rule(at=places, offset=offsets, data=contents)
    def store_by_kernel(self, at: int, offset: int, data: bytes) -> None:
        """By read(2), to which a page that may not be written is EFAULT."""
        pwrite64(self.scratch, data, len(data), 0)
        self.agree(lambda: self.area.store(at, offset, data), pread64, self.scratch, address(at) + offset, len(data), 0)
        self.compare_page(at)

    @rule(index=file_pages, offset=offsets, data=contents)
    def write(self, index: int, offset: int, data: bytes) -> None:
        self.area.write(index, offset, data)
        assert pwrite64(self.file, data, len(data), index * PAGE + offset) == len(data)

    @rule()
    def compare(self) -> None:
        """Every page, and the file."""
        for at in range(PAGES):
            self.compare_page(at)
        buffer = Buffer(FILE_PAGES * PAGE)
        data = buffer.take(pread64(self.file, buffer, FILE_PAGES * PAGE, 0))
        for index, expected in enumerate(self.area.file.pages):
            found = data[index * PAGE : (index + 1) * PAGE]
            assert found == expected, f"page {index} of the file holds {in_runs(found)}, not {in_runs(expected)}"

    def compare_page(self, at: int) -> None:
        """What the kernel can read, and what the processor reads then."""
        self.agree(lambda: self.area.page(at, write=False), pwrite64, self.scratch, address(at), PAGE, 0)
        page = self.area.pages[at]
        if page is not None and page.prot != PROT_NONE:
            self.check(at, page, memory_at(address(at), PAGE))

    def check(self, at: int, page: Page, found: bytes) -> None:
        """A page holds one of the things that it may hold."""
        if found not in page.contents:
            expected = " or ".join(map(in_runs, page.contents))
            raise AssertionError(f"page {at} of the area holds {in_runs(found)}, not {expected}")
        if page.written:
            page.private = {found}

    @precondition(lambda self: not self.forked)
    @rule(at=places, data=contents)
    def fork(self, at: int, data: bytes) -> None:
        """A child has the same memory, and shows its parent only what it writes to shared pages."""
        self.forked = True

        def child() -> None:
            try:
                self.compare()
                self.store(at, 0, data)
                self.compare()
            except AssertionError as error:
                told = str(error).encode()
                pwrite64(self.scratch, told, len(told), 2 * PAGE)

        ftruncate(self.scratch, 0)
        assert in_child(child) == 0
        told = Buffer(PAGE)
        length = pread64(self.scratch, told, PAGE, 2 * PAGE)
        assert not length, f"in the child: {told.take(length).decode()}"
        page = self.area.pages[at]
        if page and page.shared:
            with suppress(Refused):
                self.area.store(at, 0, data)


def test_memory_is_what_was_mapped_and_written() -> None:
    """Through the processor, the kernel, and the file, whose private pages may follow it until they are written."""
    with untraced():
        machine = MappingMachine
        machine.file = openat(AT_FDCWD, b"file", O_RDWR | O_CREAT, 0o600)
        machine.reader = openat(AT_FDCWD, b"file", O_RDONLY, 0)
        machine.scratch = openat(AT_FDCWD, b"scratch", O_RDWR | O_CREAT, 0o600)
        assert mmap(BASE, PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == BASE, "the area is taken"
        munmap(BASE, PAGES * PAGE)
        run_state_machine_as_test(machine)
