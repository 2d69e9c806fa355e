"""A process's table of descriptors: which number stands for which open file, and which of them execve(2) closes."""

from __future__ import annotations

from dataclasses import dataclass
from errno import EBADF, EINVAL, EMFILE


@dataclass(frozen=True)
class Entry:
    """What a number stands for."""

    file: int
    """Which open file description; each has a number of its own here."""
    cloexec: bool = False


class Table:
    """A table up to `limit` (RLIMIT_NOFILE); those below `first` are taken by files that nothing is done to.

    What is refused is returned as minus the errno, as the kernel itself does it.
    """

    def __init__(self, first: int, limit: int) -> None:
        self.first = first
        self.limit = limit
        self.entries: dict[int, Entry] = {}

    def free(self, start: int = 0) -> list[int]:
        """The numbers that are free, from the lowest on, which is what is taken next."""
        return [fd for fd in range(max(start, self.first), self.limit) if fd not in self.entries]

    def open(self, *entries: Entry) -> int:
        """Open as many descriptors; the first, or -EMFILE for all of them."""
        fds = self.free()[: len(entries)]
        if len(fds) < len(entries):
            return -EMFILE
        self.entries |= zip(fds, entries, strict=True)
        return fds[0]

    def duplicate(self, old: int, start: int = 0, *, cloexec: bool = False) -> int:
        """dup(2), F_DUPFD: the lowest number from `start` on."""
        if old not in self.entries:
            return -EBADF
        if start >= self.limit:
            return -EINVAL
        free = self.free(start)
        if not free:
            return -EMFILE
        self.entries[free[0]] = Entry(self.entries[old].file, cloexec)
        return free[0]

    def replace(self, old: int, new: int, *, cloexec: bool = False, same: int | None = None) -> int:
        """dup2(2), dup3(2): this number, whatever it stood for. `same`: what is said when it is the old one."""
        if old == new and same is not None:
            return same
        if new >= self.limit or old not in self.entries:
            return -EBADF
        if old != new:
            self.entries[new] = Entry(self.entries[old].file, cloexec)
        return new

    def close(self, fd: int) -> int:
        """close(2)."""
        return 0 if self.entries.pop(fd, None) else -EBADF

    def close_range(self, first: int, last: int, *, only_mark: bool) -> int:
        """close_range(2): numbers that are free are passed over; `only_mark` sets FD_CLOEXEC instead."""
        if first > last:
            return -EINVAL
        for fd in [fd for fd in self.entries if first <= fd <= last]:
            if only_mark:
                self.mark(fd, True)
            else:
                self.close(fd)
        return 0

    def mark(self, fd: int, cloexec: bool) -> int:
        """F_SETFD."""
        if fd not in self.entries:
            return -EBADF
        self.entries[fd] = Entry(self.entries[fd].file, cloexec)
        return 0

    def after_execve(self) -> dict[int, int]:
        """The descriptors that a new program has, with their files."""
        return {fd: entry.file for fd, entry in self.entries.items() if not entry.cloexec}
