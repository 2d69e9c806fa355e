"""Where a case's trace goes: memory that the case shares with the process that watches it.

Shared memory needs no fd and no system call, so the trace survives a case that closes every fd, changes its root,
installs a seccomp filter or dies of SIGKILL. Each traced process writes to a region of its own.
"""

from __future__ import annotations

import json
import mmap
import struct
from collections.abc import Iterator

from conformance.model import Json, Step
from conformance.protocol.lines import json_line
from conformance.syscalls.machinery.kinds import Seen

REGIONS = 16
"""The case itself and its first fifteen traced children; later ones are not traced."""
REGION_BYTES = 256 * 1024
FINAL_BYTES = 64 * 1024
"""Kept free at the end of a region for what is not a step: observations, the outcome."""
ENDING_BYTES = 32 * 1024
"""The part of them that is kept for the outcome."""
_COUNT = struct.Struct("=QQ")  # bytes written, whether steps were dropped
COUNTS_BYTES = 4096
"""All regions' counts lie together in front of them: most regions are never touched, which keeps them cheap."""


class Tape:
    """The shared memory. Made by the watcher before it forks the case."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, COUNTS_BYTES + REGIONS * REGION_BYTES)

    def writer(self) -> Writer:
        """For the case itself."""
        return Writer(self._memory, 0)

    def clear(self) -> None:
        """For another case, when no process of the one before is there any more."""
        self._memory[: REGIONS * _COUNT.size] = bytes(REGIONS * _COUNT.size)

    def close(self) -> None:
        """Give the memory back."""
        self._memory.close()

    def lines(self, region: int = 0) -> Iterator[dict[str, Json]]:
        """What was written to a region, in order. A line that was cut short by death is left out."""
        size, _ = _COUNT.unpack_from(self._memory, region * _COUNT.size)
        start = COUNTS_BYTES + region * REGION_BYTES
        for line in self._memory[start : start + min(size, REGION_BYTES)].splitlines():
            try:
                value = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(value, dict):
                yield value

    def truncated(self) -> bool:
        """Whether any region ran full."""
        return any(_COUNT.unpack_from(self._memory, region * _COUNT.size)[1] for region in range(REGIONS))


class Writer:
    """Appends to one region. It is the recorder that the stubs talk to."""

    def __init__(self, memory: mmap.mmap, region: int) -> None:
        self._memory = memory
        self._region = region
        self._count = region * _COUNT.size
        self._start = COUNTS_BYTES + region * REGION_BYTES
        self._children = 0
        self.count = 0
        """How many calls were recorded here."""

    def write(self, line: dict[str, Json], *, keep: int = FINAL_BYTES) -> None:
        """Append a line, unless fewer than `keep` bytes would then be free."""
        data = json_line(line)
        size, dropped = _COUNT.unpack_from(self._memory, self._count)
        if len(data) > REGION_BYTES - size - keep:
            _COUNT.pack_into(self._memory, self._count, size, 1)
            return
        start = self._start + size
        self._memory[start : start + len(data)] = data
        _COUNT.pack_into(self._memory, self._count, size + len(data), dropped)

    def observe(self, name: str, value: Json) -> None:
        """What a case recorded on purpose."""
        self.write({"o": name, "v": value}, keep=ENDING_BYTES)

    def end(self, outcome: str, message: str) -> None:
        """How the case ended. There is always room for that, if not for all of a long message."""
        while len(json_line({"end": outcome, "message": message})) > ENDING_BYTES:
            message = message[: len(message) // 2]
        self.write({"end": outcome, "message": message}, keep=0)

    def record(self, name: str, args: list[Seen], result: int, error: int, outs: dict[str, Seen]) -> None:
        """A call of the case (the stubs' `Recorder`)."""
        self.count += 1
        self.write({"s": [name, args, result, error, outs]})

    def child(self) -> Writer | None:
        """The recorder of a child that is about to be forked, or None when all regions are taken."""
        self._children += 1
        region = self._region + self._children if self._region == 0 else REGIONS
        return Writer(self._memory, region) if region < REGIONS else None


def steps(tape: Tape) -> list[Step]:
    """All steps on a tape: the case's own, then each child's."""
    found = []
    for region in range(REGIONS):
        for line in tape.lines(region):
            match line.get("s"):
                case [str(name), list(args), int(result), int(error), dict(outs)]:
                    found.append(Step(name, args, result, error, outs, region))
    return found
