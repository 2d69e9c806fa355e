"""What a guest's processes or its console say, of which the host keeps the end and never more than that.

A file would grow with what a case prints, and a disk is soon full. So it is a pipe or a socket, which a thread empties.
"""

from __future__ import annotations

import os
import select
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

from runners.base import LOG_BYTES, legible

READ_BYTES = 1 << 16


class Log:
    """A context manager; closing it stops listening, and whoever still writes sees a broken pipe."""

    def __init__(self, reader: int | None = None) -> None:
        """Listens to the fd `reader`, which is its own from now on; to a new pipe, unless one is given."""
        self.writer = -1
        """The end of the new pipe that processes are given; -1 where there is none."""
        if reader is None:
            reader, self.writer = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(reader, False)
        self._reader, self._stop = reader, os.eventfd(0, os.EFD_CLOEXEC)
        self._lock = threading.Lock()
        self._end = bytearray()
        self._thread = threading.Thread(target=self._listen, daemon=True, name="log")
        self._thread.start()

    def _listen(self) -> None:
        poll = select.poll()
        poll.register(self._reader, select.POLLIN)
        poll.register(self._stop, select.POLLIN)
        while not any(fd == self._stop for fd, _ in poll.poll()):
            with self._lock:
                if not self._take():
                    return

    def _take(self) -> bool:
        """Read a piece, if there is one; False at the end."""
        try:
            data = os.read(self._reader, READ_BYTES)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self._end += data
        if len(self._end) > 4 * LOG_BYTES:
            del self._end[:-LOG_BYTES]
        return bool(data)

    def text(self) -> str:
        """The last `LOG_BYTES` of all that has been said by now, without what could harm a terminal."""
        poll = select.poll()
        with self._lock:
            if self._reader >= 0:
                poll.register(self._reader, select.POLLIN)
                for _ in range(4 * LOG_BYTES // READ_BYTES):  # whoever goes on talking is not waited for
                    if not poll.poll(0) or not self._take():
                        break
            return legible(bytes(self._end[-LOG_BYTES:]))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """What has been said can still be read."""
        if self._reader < 0:
            return
        os.eventfd_write(self._stop, 1)
        self._thread.join()
        self.text()
        with self._lock:
            for fd in (self._reader, self._stop, self.writer):
                with suppress(OSError):
                    os.close(fd)
            self._reader = self._stop = self.writer = -1
