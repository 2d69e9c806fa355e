"""Logs of strace(1) from files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from conformance.programs.program import Program
from conformance.run.errors import UsageError
from conformance.search.strace.left import Left
from conformance.search.strace.lines import read_log
from conformance.search.strace.saying import say
from conformance.search.strace.stretches import stretches

MOST_BYTES = 128 << 20
"""Of a log."""
MOST_CALLS = 20_000
"""That the process of a log makes."""


@dataclass(frozen=True, slots=True)
class ReadLog:
    """What a log came to."""

    programs: dict[str, Program]
    """By the file and its lines."""
    left: list[Left]
    said: int
    """How many of its calls are said."""
    calls: int
    """How many its process makes."""


def programs_of_log(file: Path) -> ReadLog:
    """The programs of a log. Raises UsageError."""
    try:
        with file.open("rb") as opened:
            data = opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    if len(data) > MOST_BYTES:
        raise UsageError(f"{file} has more than {MOST_BYTES >> 20} MiB: cut out what matters")
    log = read_log(data.decode("utf-8", "replace"))
    if len(log.calls) > MOST_CALLS:
        raise UsageError(f"{file} has {len(log.calls)} calls, and {MOST_CALLS} are read: cut out what matters")
    said, left = say(log.calls)
    found, unfit = stretches(said)
    left = [*log.left, *left, *unfit]
    if not found:
        raise UsageError(f"{file} has no call that a program can make; record it with `strace -f -xx -o {file.name}`")
    programs = {f"{file}:{lines}": program for lines, program in found.items()}
    return ReadLog(programs, left, len(said) - len(unfit), len(log.calls))
