"""An area of address space as Linux promises it: mmap(2), mprotect(2), mremap(2), madvise(2), page by page.

An operation changes the model, or raises `Refused` and changes nothing. What has several permitted outcomes gives
`Unpromised` instead: such a call is better not made.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass, field
from itertools import count

from cases._models import Refused
from conformance.syscalls.machinery.world import PAGE
from conformance.syscalls.memory.mapping import PROT_NONE, PROT_WRITE

FILE_PAGES = 6
"""Pages of the one file."""
PAGES = 12
"""Pages of the area."""


class Unpromised(Exception):
    """Nobody says what such a call leaves behind."""


class Store:
    """What a mapping leads to: a file, or anonymous memory."""

    def __init__(self, *pages: bytes) -> None:
        self.pages = list(pages)


ZEROS = bytes(PAGE)


@dataclass
class Page:
    """A page that is mapped."""

    store: Store
    index: int
    shared: bool
    prot: int
    area: int
    """Pages with the same number are surely one mapping to the kernel."""
    may_write: bool = True
    private: set[bytes] = field(default_factory=set)
    """What a private page may hold: before it is written, whether it follows its file is unspecified."""
    written: bool = False

    @property
    def contents(self) -> set[bytes]:
        """What may be seen."""
        return {self.store.pages[self.index]} if self.shared else self.private

    def put(self, offset: int, data: bytes) -> None:
        """Write to a private page."""
        self.private = {old[:offset] + data + old[offset + len(data) :] for old in self.private}
        self.written = True

    def forget(self) -> None:
        """Become again what was mapped."""
        self.private, self.written = {self.store.pages[self.index]}, False


class Area:
    """Pages side by side, mapped or not, and the file that they may lead to."""

    def __init__(self, *content: bytes) -> None:
        self.file = Store(*content)
        self.pages: list[Page | None] = [None] * PAGES
        self._numbers = count()

    def mapped(self, at: int, length: int) -> list[Page]:
        """The pages of a range, of which none may be missing."""
        found = [page for page in self.pages[at : at + length] if page]
        if len(found) < length:
            raise Refused(errno.ENOMEM) if self.pages[at] is None else Unpromised
        return found

    def map(
        self, at: int, length: int, prot: int, store: Store | None, first: int, *, shared: bool, may_write: bool
    ) -> None:
        """mmap(2) with MAP_FIXED; no store is anonymous memory."""
        if shared and prot & PROT_WRITE and not may_write:
            raise Refused(errno.EACCES)
        store, area = store or Store(*[ZEROS] * length), next(self._numbers)
        for index in range(length):
            page = Page(store, first + index, shared, prot, area, may_write or not shared)
            page.forget()
            self.pages[at + index] = page

    def unmap(self, at: int, length: int) -> None:
        """munmap(2), of what is not mapped, too."""
        self.pages[at : at + length] = [None] * length
        self._split(at, length)

    def protect(self, at: int, length: int, prot: int) -> None:
        """mprotect(2)."""
        pages = self.mapped(at, length)
        if prot & PROT_WRITE and not all(page.may_write for page in pages):
            raise Unpromised if pages[0].may_write else Refused(errno.EACCES)
        for page in pages:
            page.prot = prot
        self._split(at, length)

    def discard(self, at: int, length: int) -> None:
        """MADV_DONTNEED."""
        if self.pages[at] is None and any(self.pages[at : at + length]):
            raise Unpromised
        for page in self.mapped(at, length):
            page.forget()

    def remap(self, at: int, length: int, to: int | None, new_length: int) -> None:
        """mremap(2): to a place that is given, or where it is."""
        pages = self.mapped(at, length)
        if len({page.area for page in pages}) > 1:
            raise Unpromised
        if to is not None and (at < to + new_length and to < at + length):
            raise Refused(errno.EINVAL)
        grown, last = new_length - length, pages[-1]
        if grown > 0:
            if last.store is self.file and last.index + grown >= FILE_PAGES:
                raise Unpromised  # what lies beyond the end of the file, nobody can touch
            if last.store is not self.file and last.shared:
                raise Unpromised  # anonymous shared memory does not grow, and cannot be touched beyond its end
            if to is None and (at + new_length > PAGES or any(self.pages[at + length : at + new_length])):
                raise Refused(errno.ENOMEM) if at + new_length <= PAGES else Unpromised
        number = next(self._numbers)
        moved = [*pages[:new_length], *(self._next(last, step) for step in range(1, grown + 1))]
        self.pages[at : at + length] = [None] * length
        self._split(at, length)
        start = at if to is None else to
        self.pages[start : start + new_length] = moved
        self._split(start, new_length)
        for page in moved:
            page.area = number

    def _next(self, page: Page, step: int) -> Page:
        """What follows a mapping's last page when it grows."""
        store, index = (page.store, page.index + step) if page.store is self.file else (Store(ZEROS), 0)
        found = Page(store, index, page.shared, page.prot, page.area, page.may_write)
        found.forget()
        return found

    def _split(self, at: int, length: int) -> None:
        """What lies on either side of a range that was changed, and in it, is no longer surely one mapping."""
        for part in (self.pages[:at], self.pages[at : at + length], self.pages[at + length :]):
            numbers: dict[int, int] = {}
            for page in part:
                if page:
                    page.area = numbers.setdefault(page.area, next(self._numbers))

    def page(self, at: int, *, write: bool) -> Page:
        """A page for an access. Refused when it cannot be made."""
        page = self.pages[at]
        if page is None or page.prot == PROT_NONE or (write and not page.prot & PROT_WRITE):
            raise Refused(errno.EFAULT)
        return page

    def store(self, at: int, offset: int, data: bytes) -> None:
        """Write to memory."""
        page = self.page(at, write=True)
        if not page.shared:
            page.put(offset, data)
        elif page.store is self.file:
            self.write(page.index, offset, data)
        else:
            old = page.store.pages[page.index]
            page.store.pages[page.index] = old[:offset] + data + old[offset + len(data) :]

    def write(self, index: int, offset: int, data: bytes) -> None:
        """Write to the file."""
        old = self.file.pages[index]
        new = self.file.pages[index] = old[:offset] + data + old[offset + len(data) :]
        for page in self.pages:
            if page and page.store is self.file and page.index == index and not page.shared and not page.written:
                page.private.add(new)
