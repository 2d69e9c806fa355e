"""What a pipe holds: how much more a write adds, and how much it may refuse (pipe(7))."""

from __future__ import annotations

import struct
from collections import deque

PAGE = 4096
PIPE_BUF = 4096


def stream(size: int) -> bytes:
    """`size` bytes in which every place looks different."""
    return struct.pack(f"={size // 4}I", *range(size // 4))


class Pipe:
    """A pipe of so many bytes, and what is in it.

    Linux keeps pages, not bytes: a page may be used up by one byte, or be shared by several writes, which is its own
    affair. What holds in any case: the pipe takes no more bytes than its capacity, and no write needs more pages than
    if none was shared.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._content = bytearray()
        self._pages: deque[int] = deque()  # bytes in each, were none shared

    @property
    def held(self) -> int:
        """Bytes that can be read."""
        return len(self._content)

    @property
    def free_pages(self) -> int:
        """Pages that are free for certain."""
        return max(self.capacity // PAGE - len(self._pages), 0)

    def accepted(self, size: int) -> tuple[int, int]:
        """The least and the most that a write of `size` bytes may add; 0 for EAGAIN.

        Up to PIPE_BUF it is all or nothing, whichever of the two is in the range.
        """
        least = min(size, self.free_pages * PAGE)
        most = min(size, self.capacity - self.held)
        if size <= PIPE_BUF:
            return least if least == size else 0, most if most == size else 0
        return least, most

    def put(self, data: bytes) -> None:
        """That was written."""
        self._content += data
        size = len(data)
        self._pages.extend([PAGE] * (size // PAGE))
        if size % PAGE:
            self._pages.append(size % PAGE)

    def take(self, size: int) -> bytes:
        """What a read of `size` bytes gets."""
        data = bytes(self._content[:size])
        del self._content[:size]
        left = len(data)
        while left:
            gone = min(left, self._pages[0])
            left -= gone
            self._pages[0] -= gone
            if not self._pages[0]:
                self._pages.popleft()
        return data

    def fits(self, capacity: int) -> tuple[bool, ...]:
        """Whether what is in the pipe fits into a capacity: yes, no, or either."""
        if self.held > capacity:
            return (False,)
        return (True,) if len(self._pages) <= capacity // PAGE else (True, False)
