"""What every runner offers, and the errors that are the harness's or the target's fault, never a case's."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

from conformance import places


class RunnerError(Exception):
    """A guest could not be made or reached. One sentence: what, why, and what to do."""


HINTS = {
    **dict.fromkeys(
        (errno.ENOSPC, errno.EDQUOT), "make room, or point TMPDIR and CONFORMANCE_CACHE at a place that has some"
    ),
    **dict.fromkeys(
        (errno.EROFS, errno.EACCES, errno.EPERM),
        "point TMPDIR and CONFORMANCE_CACHE at places that can be written, or run as who owns it",
    ),
    **dict.fromkeys((errno.EMFILE, errno.ENFILE), "allow more open files, `ulimit -n 4096`"),
    **dict.fromkeys((errno.ENOMEM, errno.EAGAIN), "run fewer targets at once with -t"),
}
"""What to do about an error of this machine."""


def sentence(error: OSError) -> str:
    """What went wrong on this machine, where, and what to do about it."""
    said = error.strerror or str(error) or type(error).__name__
    where = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, (str, bytes)) else ""
    hint = HINTS.get(error.errno or 0, "run `conformance doctor`")
    return f"{where}{said}; {hint}"


class Ending(StrEnum):
    """How a guest ended that nobody closed."""

    PANIC = "panic"
    """The kernel said so on its console."""
    GONE = "gone"
    """It went away without a word."""
    LIMIT = "limit"
    """It took more of this machine than it was given: nothing is said of the target, and its case was not run."""


@dataclass(frozen=True, slots=True)
class Death:
    """That a guest has ended, and why."""

    ending: Ending
    cause: str = ""
    """In one line: a panic's message and function, a signal; nothing where nobody knows."""


@dataclass(frozen=True, slots=True)
class About:
    """What a runner says of a guest."""

    made_by: str
    """Runner, version and accelerator."""
    label: str = ""
    """The column's name, where it is not the target's."""
    notes: tuple[str, ...] = ()
    """What a reader of the column must know, a sentence each."""
    versions: Mapping[str, str] = field(default_factory=dict)
    """What it is made of, by name, for conditions of expectations (`{"runsc": "20240729"}`)."""
    disposable: bool = False
    """Whether the guest is thrown away, so that cases may harm it."""
    slowdown: float = 1.0
    """How many times longer than on real hardware things may take; deadlines are multiplied by it."""


@dataclass(frozen=True, slots=True)
class Inside:
    """Where things are in a guest."""

    python: Sequence[str]
    """How to start the interpreter that has the suite."""
    cases: str
    """Where the cases lie."""
    find_executor: Callable[[], Sequence[str]]

    @property
    def executor(self) -> Sequence[str]:
        """How to start the executor.

        Raises RunnerError when there is no C compiler here and none came along.
        """
        return self.find_executor()


class Channel(Protocol):
    """A process inside a guest, as a duplex byte stream. A context manager that kills what still runs."""

    def read(self, timeout: float | None = None) -> bytes:
        """Whatever has come, or b"" at the end of the stream. Raises TimeoutError after `timeout` seconds."""

    def write(self, data: bytes) -> None:
        """To the process's standard input. Raises BrokenPipeError when it is gone."""

    def close_input(self) -> None:
        """No more input."""

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status, or minus the signal that ended it. Raises TimeoutError."""

    def kill(self) -> None:
        """End it, with everything that it started."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Guest(Protocol):
    """One running instance of a target. A context manager; nothing of it is left when it is closed."""

    @property
    def about(self) -> About:
        """What its runner says of it."""

    @property
    def inside(self) -> Inside:
        """Where things are in it."""

    def spawn(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> Channel:
        """Start a process inside, with `env` added to the guest's own. Raises RunnerError when the guest is dead."""

    def log(self) -> str:
        """The tail of the console, or of what the guest's processes said on stderr."""

    def death(self) -> Death | None:
        """How the guest died, or None while it lives."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


@runtime_checkable
class Remembers(Protocol):
    """What a guest can do besides that is worth being remembered: the next of its target goes on where it was."""

    @property
    def is_kept(self) -> bool:
        """Whether it will be remembered, or has been: then its process must be the same for everybody."""

    def remember(self) -> None:
        """The process that was spawned last waits for its first word: later guests begin here."""


@runtime_checkable
class Brings(Protocol):
    """What a runner can do besides: fetch what its target lacks on this machine, and somebody else has."""

    def lacking(self) -> str:
        """What would be fetched, of whom, and how large it is; nothing where nothing is lacking, or nobody has it.

        Raises RunnerError when it is lacking and who has it cannot be reached.
        """

    def bring(self, progress: Callable[[str, int, int | None], None]) -> None:
        """Fetch it. `progress` is told what is being done, how much of it is done, and of how much, in bytes.

        Raises RunnerError.
        """


class Runner(Protocol):
    """Opens guests of one target."""

    def missing(self) -> str | None:
        """The one thing that keeps the target from running here, as a sentence that says what to do; or None."""

    def open(self) -> Guest:
        """Start a guest. Raises RunnerError."""

    def describe(self) -> list[str]:
        """What `conformance targets --verbose` says: how guests are made, what is not emulated, measurements."""


LOG_BYTES = 64 * 1024
"""How much of a console is kept."""


def head(path: Path) -> str:
    """The first `LOG_BYTES` of a file, likewise; nothing where there is none."""
    try:
        with path.open("rb") as log:
            return legible(log.read(LOG_BYTES))
    except OSError:
        return ""


def cases_directory() -> Path:
    """The cases that guests get."""
    return places.CASES


def tail(path: Path) -> str:
    """The last `LOG_BYTES` of a log file, as `legible`."""
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - LOG_BYTES))
            return legible(log.read())
    except OSError:
        return ""


def legible(data: bytes) -> str:
    """What a guest has said, without control characters that could harm a terminal."""
    text = data.decode("utf-8", "replace")
    return "".join(character for character in text if character in "\n\t" or character.isprintable())
