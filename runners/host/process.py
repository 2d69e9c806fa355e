"""A channel over a process of this machine: what guests give out whose processes are this machine's."""

from __future__ import annotations

import os
import select
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from runners.base import RunnerError
from runners.host.children import GRACE, end_group
from runners.host.workspace import DIE_WITH_PARENT


class ProcessChannel:
    """A child process in a session of its own; its stderr goes to `log`, an fd."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], log: int) -> None:
        try:
            self._process = subprocess.Popen(
                [*DIE_WITH_PARENT, *argv],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=dict(env),
                start_new_session=True,
                bufsize=0,
            )
        except OSError as error:
            raise RunnerError(f"{argv[0]} could not be started: {error.strerror}") from error
        self._swept = False
        self._at_end = False

    @property
    def pid(self) -> int:
        """Of the process on this machine."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether the process has, or its output."""
        return self._at_end or self._process.poll() is not None

    def read(self, timeout: float | None = None) -> bytes:
        """See `Channel`."""
        stream = self._process.stdout
        assert stream is not None
        poll = select.poll()
        poll.register(stream, select.POLLIN)
        if not poll.poll(None if timeout is None else timeout * 1000):
            raise TimeoutError
        data = os.read(stream.fileno(), 1 << 20)
        self._at_end = not data
        return data

    def write(self, data: bytes) -> None:
        """See `Channel`."""
        assert self._process.stdin is not None
        view = memoryview(data)
        while view:
            view = view[self._process.stdin.write(view) or 0 :]

    def close_input(self) -> None:
        """See `Channel`."""
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()

    def wait(self, timeout: float | None = None) -> int:
        """See `Channel`."""
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise TimeoutError from None

    def kill(self) -> None:
        """See `Channel`."""
        if not self._swept:
            self._swept = True  # later its number may be somebody else's
            end_group(self._process)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(GRACE)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close_input()
        self.kill()
        assert self._process.stdout is not None
        self._process.stdout.close()
