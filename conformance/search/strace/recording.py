"""Recording a log with strace(1)."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from conformance.run.errors import UsageError, UserError

OPTIONS = ("-f", "-xx", "-v", "-s", "4096")
"""All processes, every byte of a text in hexadecimal, structs whole, texts up to a page."""
NO_SUCH_COMMAND = 127
"""What a shell ends with when there is none (sh(1))."""


def log_for(command: Sequence[str], given: Path | None, *, force: bool) -> Path:
    """Where the log of a command goes. Raises UsageError when there is one already, and nobody says `force`."""
    log = given or Path(f"{Path(command[0]).name}.strace")
    if log.is_dir():
        raise UsageError(f"{log} is a directory; name a file with -o")
    if log.exists() and not force:
        raise UsageError(f"{log} is there already; name another with -o, or write over it with --force")
    return log


def record(command: Sequence[str], log: Path) -> int:
    """Run a command under strace, to its end; its exit status, as a shell would have it. Raises UserError.

    What is typed for its end, a Ctrl-C, is the command's affair.
    """
    strace = shutil.which("strace")
    if strace is None:
        raise UserError("there is no strace here, which records the calls: apt install strace")
    if shutil.which(command[0]) is None:
        raise _NotStarted(command[0])
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_bytes(b"")
    except OSError as error:
        raise UserError(f"the log {log} cannot be written: {error.strerror}") from error
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        started = subprocess.Popen(
            [strace, *OPTIONS, "-o", str(log), "--", *command],
            preexec_fn=_to_be_interrupted,  # noqa: PLW1509 - no other thread is there yet
        )
        status = started.wait()
    except OSError as error:
        raise UserError(f"strace cannot be started: {error.strerror}") from error
    finally:
        signal.signal(signal.SIGINT, before)
    return status if status >= 0 else 128 - status


def _to_be_interrupted() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class _NotStarted(UserError):
    """There is no such command."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no command {name}")

    status = NO_SUCH_COMMAND  # type: ignore[assignment] # a status of the command's, not of ours
