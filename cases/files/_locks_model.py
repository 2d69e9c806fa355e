"""Locks on one file as Linux promises them: fcntl_locking(2) and flock(2), between processes and open files.

Ranges lie within a few bytes, one cell each; the last cell stands for all bytes from there on. Record locks belong to a
process or to an open file, so that their owners are numbers (processes) and `OpenDescription`s.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from cases._models import Refused
from conformance.syscalls.files.locks import F_RDLCK, F_UNLCK, F_WRLCK, LOCK_EX, LOCK_SH, LOCK_UN
from conformance.syscalls.files.opening import O_RDONLY, O_WRONLY

CELLS = 16
"""Bytes that have a cell of their own, and the one for all others."""


@dataclass(eq=False)
class OpenDescription:
    """An open file description, which fds in several processes may share."""

    mode: int
    fds: int = 1
    whole: int = LOCK_UN
    """Its lock of flock(2)."""


Owner: TypeAlias = int | OpenDescription
Cells: TypeAlias = list[int]


@dataclass(frozen=True)
class Held:
    """A record lock, as F_GETLK tells it; length 0 is all that follows."""

    owner: Owner
    kind: int
    start: int
    length: int


@dataclass
class Locks:
    """All locks on the file, and the fds that lead to it."""

    fds: dict[tuple[int, int], OpenDescription] = field(default_factory=dict)
    """By process and slot."""
    records: dict[Owner, Cells] = field(default_factory=dict)

    def open(self, process: int, slot: int, mode: int) -> None:
        """open(2)."""
        self.fds[process, slot] = OpenDescription(mode)

    def dup(self, process: int, slot: int, new: int) -> None:
        """dup(2)."""
        file = self.fds[process, new] = self.fds[process, slot]
        file.fds += 1

    def close(self, process: int, slot: int) -> None:
        """close(2): any fd takes the process's locks with it, an open file's last one that file's."""
        file = self.fds.pop((process, slot))
        self.records.pop(process, None)
        file.fds -= 1
        if not file.fds:
            self.records.pop(file, None)
            file.whole = LOCK_UN

    def held(self) -> Iterator[Held]:
        """All record locks; neighbours of one owner and kind are one."""
        for owner, cells in self.records.items():
            start = 0
            for at in range(1, CELLS + 1):
                if at == CELLS or cells[at] != cells[start]:
                    if cells[start] != F_UNLCK:
                        yield Held(owner, cells[start], start, 0 if at == CELLS else at - start)
                    start = at

    def conflicts(self, owner: Owner, kind: int, start: int, length: int) -> list[Held]:
        """Locks of others that are in the way."""
        end = start + length if length else CELLS
        return [
            each
            for each in self.held()
            if each.owner != owner
            and F_WRLCK in (kind, each.kind)
            and each.start < end
            and (not each.length or start < each.start + each.length)
        ]

    def lock(self, owner: Owner, mode: int, kind: int, start: int, length: int) -> None:
        """F_SETLK, F_OFD_SETLK, through an fd that was opened with `mode`."""
        if kind == (F_RDLCK if mode == O_WRONLY else F_WRLCK if mode == O_RDONLY else -1):
            raise Refused(errno.EBADF)
        if kind != F_UNLCK and self.conflicts(owner, kind, start, length):
            raise Refused(errno.EAGAIN, errno.EACCES)
        cells = self.records.setdefault(owner, [F_UNLCK] * CELLS)
        end = start + length if length else CELLS
        cells[start:end] = [kind] * (end - start)

    def lock_whole(self, file: OpenDescription, operation: int) -> None:
        """flock(2) with LOCK_NB. A conversion that is refused may lose the lock that was there."""
        others = {other.whole for other in self.fds.values() if other is not file}
        if (operation == LOCK_EX and others - {LOCK_UN}) or (operation == LOCK_SH and LOCK_EX in others):
            raise Refused(errno.EWOULDBLOCK)
        file.whole = operation
