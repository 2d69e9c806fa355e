"""Mappings of a file, against a model: shared and private pages through mmap, mprotect, mremap, munmap and fork."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from errno import errorcode
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from cases._models import Refused
from cases.memory._mapping_model import FILE_PAGES, PAGES, Area, Unpromised
from cases.memory._pages import READ_WRITE
from conformance.programs.keeping import Kernel, ScriptMachine
from conformance.programs.script import Reply
from conformance.syscalls import Buffer
from conformance.syscalls.files.opening import O_CREAT, O_RDONLY, O_RDWR, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import pread64, pwrite64
from conformance.syscalls.help.contents import in_runs
from conformance.syscalls.machinery.call import Syscall
from conformance.syscalls.machinery.world import ARENA, PAGE
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
from conformance.syscalls.pseudo import fork_process, load_bytes, store_bytes, turn_to

INITIAL = [bytes([ord("A") + index]) * PAGE for index in range(FILE_PAGES)]

places = st.integers(0, PAGES - 1)
lengths = st.integers(1, 4)
file_pages = st.integers(0, FILE_PAGES - 1)
protections = st.sampled_from([READ_WRITE, PROT_READ, PROT_NONE])
kinds = st.sampled_from([MAP_SHARED, MAP_PRIVATE])
offsets = st.sampled_from([0, 1, 100, PAGE - 5])
contents = st.sampled_from([b"x", b"yy", b"hello"])

CALLS = st.one_of(
    st.tuples(st.just("map_file"), places, lengths, file_pages, kinds, protections, st.booleans()),
    st.tuples(st.just("map_anonymous"), places, lengths, kinds, protections),
    st.tuples(st.just("unmap"), places, lengths),
    st.tuples(st.just("protect"), places, lengths, protections),
    st.tuples(st.just("sync"), places, lengths, st.sampled_from([MS_SYNC, MS_ASYNC, MS_INVALIDATE])),
    st.tuples(st.just("discard"), places, lengths),
    st.tuples(st.just("remap"), places, lengths, st.one_of(st.none(), places), lengths),
    st.tuples(st.just("store"), places, offsets, contents),
    st.tuples(st.just("store_by_kernel"), places, offsets, contents),
    st.tuples(st.just("write"), file_pages, offsets, contents),
    st.tuples(st.just("compare")),
    st.tuples(st.just("fork"), places, contents),
)
"""What may be done, with what."""


def address(at: int) -> int:
    """Where a page of the area lies."""
    return ARENA + at * PAGE


class MappingMachine(ScriptMachine):
    """Compares what calls say, and what memory holds, with the model."""

    def __init__(self) -> None:
        super().__init__()
        self.plan = Area(*INITIAL)
        """What is known when the calls are written: which of them can be made."""
        self.area = self.parents = Area(*INITIAL)
        """What has been seen, too, once they were made."""
        self.forked = False
        self.file = self.opens(openat, AT_FDCWD, b"file", O_RDWR | O_CREAT, 0o600)
        self.reader = self.opens(openat, AT_FDCWD, b"file", O_RDONLY, 0)
        self.scratch = self.opens(openat, AT_FDCWD, b"scratch", O_RDWR | O_CREAT, 0o600)
        initial = b"".join(INITIAL)
        self.says(len(initial), pwrite64, self.file, initial, len(initial), 0)
        self.map_file(0, 3, 0, MAP_SHARED, READ_WRITE, False)
        self.map_file(4, 4, 1, MAP_PRIVATE, READ_WRITE, False)
        self.map_anonymous(9, 2, MAP_PRIVATE, READ_WRITE)
        self.map_file(11, 1, 2, MAP_SHARED, PROT_READ, True)

    def change(self, change: Callable[[Area], object]) -> None:
        """Do something to the model, now and once the calls so far were made."""
        change(self.plan)
        self.then(lambda: change(self.area))

    def agree(self, result: int, model: Callable[[Area], object], stub: Syscall[Any], *args: object) -> None:
        """Have the call made, which must fail as the model does, or say that result."""
        errors: tuple[int, ...] = (0,)
        try:
            model(self.plan)
        except Unpromised:
            return
        except Refused as refused:
            errors = refused.errors
        answer = self.call(stub, *args)
        self.then(self.agreed, result, model, f"{stub.name}{args}", answer, errors)

    def agreed(
        self, result: int, model: Callable[[Area], object], call: str, answer: Reply, errors: tuple[int, ...]
    ) -> None:
        """Judge it, and do the same to the model."""
        said, wanted = (
            " or ".join(errorcode.get(each, "success") for each in some) for some in ((answer.error,), errors)
        )
        assert answer.error in errors, f"{call}: {said}; the model says {wanted}"
        assert answer.error or answer.result == result, f"{call}: {answer.result:#x}, not {result:#x}"
        with suppress(Refused):
            model(self.area)

    @rule(call=CALLS)
    def make(self, call: tuple[Any, ...]) -> None:
        """One rule, since of several Hypothesis leaves some out of each program: too many, when programs are few."""
        if not self.script.full:
            name, *arguments = call
            getattr(self, name)(*arguments)

    # -- the area

    def map_file(self, at: int, length: int, first: int, kind: int, prot: int, reader: bool) -> None:
        length = min(length, PAGES - at, FILE_PAGES - first)
        self.agree(
            address(at),
            lambda area: area.map(at, length, prot, area.file, first, shared=kind == MAP_SHARED, may_write=not reader),
            *(mmap, address(at), length * PAGE, prot, kind | MAP_FIXED),
            *(self.reader if reader else self.file, first * PAGE),
        )

    def map_anonymous(self, at: int, length: int, kind: int, prot: int) -> None:
        length = min(length, PAGES - at)
        self.agree(
            address(at),
            lambda area: area.map(at, length, prot, None, 0, shared=kind == MAP_SHARED, may_write=True),
            *(mmap, address(at), length * PAGE, prot, kind | MAP_FIXED | MAP_ANONYMOUS, -1, 0),
        )

    def unmap(self, at: int, length: int) -> None:
        length = min(length, PAGES - at)
        self.agree(0, lambda area: area.unmap(at, length), munmap, address(at), length * PAGE)

    def protect(self, at: int, length: int, prot: int) -> None:
        length = min(length, PAGES - at)
        self.agree(0, lambda area: area.protect(at, length, prot), mprotect, address(at), length * PAGE, prot)

    def sync(self, at: int, length: int, flags: int) -> None:
        length = min(length, PAGES - at)
        self.agree(0, lambda area: area.mapped(at, length), msync, address(at), length * PAGE, flags)

    def discard(self, at: int, length: int) -> None:
        length = min(length, PAGES - at)
        self.agree(0, lambda area: area.discard(at, length), madvise, address(at), length * PAGE, MADV_DONTNEED)

    def remap(self, at: int, length: int, to: int | None, new: int) -> None:
        length, new = min(length, PAGES - at), min(new, PAGES - (to or 0))
        if self.plan.pages[at] is None:
            return  # EFAULT, or EINVAL where the places overlap
        flags, where = (0, 0) if to is None else (MREMAP_MAYMOVE | MREMAP_FIXED, address(to))
        self.agree(
            where or address(at),
            lambda area: area.remap(at, length, to, new),
            *(mremap, address(at), length * PAGE, new * PAGE, flags, where),
        )

    # -- what is in it

    def store(self, at: int, offset: int, data: bytes) -> None:
        """By the processor, which is not told to make a mistake."""
        with suppress(Refused):
            self.change(lambda area: area.store(at, offset, data))
            self.says(len(data), store_bytes, address(at) + offset, data, len(data))
            self.compare_page(at)

    def store_by_kernel(self, at: int, offset: int, data: bytes) -> None:
        """By read(2), to which a page that may not be written is EFAULT."""
        self.says(len(data), pwrite64, self.scratch, data, len(data), 0)
        model = partial(Area.store, at=at, offset=offset, data=data)
        self.agree(len(data), model, pread64, self.scratch, address(at) + offset, len(data), 0)
        self.compare_page(at)

    def write(self, index: int, offset: int, data: bytes) -> None:
        self.says(len(data), pwrite64, self.file, data, len(data), index * PAGE + offset)
        self.change(lambda area: area.write(index, offset, data))

    def compare(self) -> None:
        """Every page, and the file."""
        for at in range(PAGES):
            self.compare_page(at)
        size = FILE_PAGES * PAGE
        buffer = Buffer(size)
        self.says(size, pread64, self.file, buffer, size, 0)
        self.then(self.check_file, buffer)

    def check_file(self, buffer: Buffer) -> None:
        """Judge its content."""
        for index, expected in enumerate(self.area.file.pages):
            found = buffer.take(PAGE, index * PAGE)
            assert found == expected, f"page {index} of the file holds {in_runs(found)}, not {in_runs(expected)}"

    def compare_page(self, at: int) -> None:
        """What the kernel can read, and what the processor reads then."""
        readable = partial(Area.page, at=at, write=False)
        self.agree(PAGE, readable, pwrite64, self.scratch, address(at), PAGE, 0)
        page = self.plan.pages[at]
        if page is not None and page.prot != PROT_NONE:
            found = Buffer(PAGE)
            self.says(PAGE, load_bytes, found, address(at), PAGE)
            self.then(self.check, at, found)

    def check(self, at: int, buffer: Buffer) -> None:
        """A page holds one of the things that it may hold."""
        page, found = self.area.pages[at], bytes(buffer)
        assert page is not None
        if found not in page.contents:
            expected = " or ".join(map(in_runs, page.contents))
            raise AssertionError(f"page {at} of the area holds {in_runs(found)}, not {expected}")
        if page.written:
            page.private = {found}

    def fork(self, at: int, data: bytes) -> None:
        """A child has the same memory, and shows its parent only what it writes to shared pages."""
        if self.forked:
            return
        self.forked = True
        self.does(fork_process)
        self.says(0, turn_to, 1)
        self.then(self.enter_child)
        plan, self.plan = self.plan, deepcopy(self.plan)
        self.compare()
        self.store(at, 0, data)
        self.compare()
        self.says(0, turn_to, 0)
        self.then(self.leave_child)
        self.plan = plan
        page = plan.pages[at]
        if page and page.shared:
            with suppress(Refused):
                self.change(lambda area: area.store(at, 0, data))

    def enter_child(self) -> None:
        """Its memory is a copy."""
        self.parents, self.area = self.area, deepcopy(self.area)

    def leave_child(self) -> None:
        """Be the parent again."""
        self.area = self.parents


def test_memory_is_what_was_mapped_and_written(kernel: Kernel) -> None:
    """Through the processor, the kernel, and the file, whose private pages may follow it until they are written."""
    kernel.keeps(MappingMachine)
