"""What a process owes to whoever started it: signals that end it tidily, and output that is not lost in silence."""

from __future__ import annotations

import io
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, TextIO

from conformance.run.errors import Signalled, UserError

if TYPE_CHECKING:
    from typing_extensions import Buffer

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def end_tidily() -> None:
    """From now on a signal that asks the process to end raises Signalled, a KeyboardInterrupt, in the main thread.

    SIGTERM and SIGHUP do so once: who shuts a machine down or closes a terminal sends both, and the second must not
    break into the tidying up after the first. SIGINT does so every time, since it is a person who insists.
    """
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _raise)


def _raise(number: int, _: FrameType | None) -> None:
    if number != signal.SIGINT:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    raise Signalled(number)


class _Stream(io.BufferedWriter):
    """A standard stream. A reader that goes away (`| head`) changes nothing: what more is said goes nowhere.

    So a command's exit status is its verdict, whoever reads its words. A full device is an error all the same, but on
    standard error, where there is nobody to tell it to.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__(io.FileIO(descriptor, "wb", closefd=False))

    def write(self, data: Buffer, /) -> int:
        """See `io.BufferedWriter`. Raises UserError."""
        try:
            return super().write(data)
        except OSError as error:
            self._go_nowhere(error)
            return memoryview(data).nbytes

    def flush(self) -> None:
        """See `io.BufferedWriter`. Raises UserError."""
        try:
            super().flush()
        except OSError as error:
            self._go_nowhere(error)

    def _go_nowhere(self, error: OSError) -> None:
        nowhere = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)
        super().flush()
        if not isinstance(error, BrokenPipeError) and self.fileno() != 2:
            raise UserError(
                f"standard output cannot be written: {error.strerror}; make room or send it elsewhere"
            ) from error


def guard_streams() -> None:
    """Make standard output and standard error such streams. What their encoding lacks is escaped."""
    sys.stdout, sys.stderr = _guarded(1, sys.stdout), _guarded(2, sys.stderr)


def _guarded(descriptor: int, stream: TextIO | None) -> TextIO:
    if stream is not None:
        stream.flush()
    encoding = stream.encoding if stream is not None else "utf-8"
    guarded = _Stream(descriptor)
    lines = guarded.isatty() or descriptor == 2
    return io.TextIOWrapper(guarded, encoding, "backslashreplace", line_buffering=lines)


def unforeseen(error: Exception) -> str:
    """The sentence about an error that nobody thought of; where its traceback was put is in it."""
    import tempfile  # noqa: PLC0415 - rarely needed
    import traceback  # noqa: PLC0415

    lines = "".join(traceback.format_exception(error))
    try:
        handle, name = tempfile.mkstemp(prefix="conformance-traceback-", suffix=".txt")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as stream:
            stream.write(lines)
    except OSError:
        name = ""
    kept = f"the traceback is in {name}" if name else f"the traceback ends: {lines.strip().splitlines()[-2].strip()}"
    if isinstance(error, OSError) and error.strerror:
        where = f"{Path(os.fsdecode(error.filename))}: " if isinstance(error.filename, str | bytes) else ""
        return f"{where}{error.strerror}; {kept}"
    said = " ".join(str(error).split())[:200]
    return f"a fault of the suite's own: {type(error).__name__}{': ' if said else ''}{said}; {kept}; please report it"
