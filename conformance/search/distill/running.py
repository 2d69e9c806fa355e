"""Programs in batches on the lanes of one target, several of which may be open at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from itertools import islice
from typing import TypeVar

from conformance.programs.execution import Execution
from conformance.programs.program import Program
from conformance.programs.wire import Encoded, encode
from conformance.run.lane import Lane

T = TypeVar("T")
BATCH = 128
IN_FLIGHT = 2
"""Batches that a lane has at a time: one that runs, and one that waits."""


def executed(
    lanes: Sequence[Lane], programs: Iterable[tuple[T, Program]], *, own: bool = False, patience: float = 1.0
) -> Iterator[tuple[T, Execution]]:
    """What programs do, in order, each with whatever came with it. `own`: each in a process of its own."""
    flying: deque[tuple[list[T], list[Encoded], Future[list[bytes]]]] = deque()
    source, turn = iter(programs), 0
    while True:
        while len(flying) < IN_FLIGHT * len(lanes) and (batch := list(islice(source, BATCH))):
            encoded = [encode(program, own=own) for _, program in batch]
            lane = lanes[turn % len(lanes)]
            turn += 1
            future = lane.submit([each.data for each in encoded], patience)
            flying.append(([what for what, _ in batch], encoded, future))
        if not flying:
            return
        whats, encoded, future = flying.popleft()
        for what, each, outcome in zip(whats, encoded, future.result(), strict=True):
            yield what, Execution.read(each, outcome)
