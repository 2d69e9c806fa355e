"""Running a kept program inside a case: the executor makes its calls, and they go into the case's trace."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from conformance.differential import wire
from conformance.differential.program import Program, from_json
from conformance.differential.trace import errnos, trace
from conformance.model import Json, Step
from conformance.syscalls.call import Missing
from conformance.syscalls.table import grammar

ROOT = Path(__file__).resolve().parents[2]
INSIDE = ROOT / "bin" / "executor"
"""Where a guest's suite has it."""
CALL_SECONDS = 1.0
"""How long a call may take, before the guest's slowdown: kept programs do not block unless they say so."""
BLOCKED = "blocked"


class Kept:
    """A program of the corpus, read and ready to be run."""

    def __init__(self, path: str, executor: str, slowdown: float) -> None:
        document = json.loads(Path(path).read_bytes())
        self.program: Program = from_json(document)
        self.promise: list[str] = document["promise"]
        """What Linux does: `0` or an errno's name for each call, and how the program ends unless it just ends."""
        self.encoded = wire.encode(self.program, own=True)
        self.executor = executor
        self.deadline = (0.1 if BLOCKED in self.promise else CALL_SECONDS) * slowdown

    def run(self, record: Callable[[Step], None]) -> None:
        """Run it, hand each of its calls to `record`, and assert what Linux promises. Raises Missing."""
        outcome = wire.decode(self._run(), self.encoded)
        if outcome.state in (wire.State.MALFORMED, wire.State.HARNESS):
            raise OSError(errno.EPROTO, f"the executor could not run the program: {outcome.state.name.lower()}")
        steps = trace(self.program, self.encoded, outcome)
        for step in steps:
            record(step)
        said = errnos(self.program, self.encoded, outcome)
        for at, (got, promised) in enumerate(zip(said, self.promise, strict=False)):
            if got == "ENOSYS" != promised:
                raise Missing(f"{steps[at].call}: ENOSYS")
            what = self.program.steps[at].label if at < len(self.program.steps) else "the end"
            assert got == promised, f"call {at}, {what}: {got}, and Linux says {promised}"
        assert said == self.promise

    def _run(self) -> bytes:
        request = wire.run_frame(1, self.deadline, [self.encoded.data])
        done = subprocess.run([self.executor], input=request, stdout=subprocess.PIPE, check=False)
        at = 0
        while at + wire.FRAME.size <= len(done.stdout):
            _, kind, length = wire.FRAME.unpack_from(done.stdout, at)
            payload = done.stdout[at + wire.FRAME.size : at + wire.FRAME.size + length]
            if kind == wire.RESULTS:
                return wire.split_results(payload)[1][0]
            if kind == wire.ERROR:
                raise OSError(errno.EPROTO, payload.decode("utf-8", "replace"))
            at += wire.FRAME.size + length
        raise OSError(errno.EPROTO, f"the executor ended with status {done.returncode} and no result")


def prepare() -> str:
    """The executor's path: in a guest it came along; elsewhere it is made, once. Empty where it cannot be.

    Also reads all descriptions, which is slow, and is better done before a case is forked than in each.
    """
    grammar()
    if os.access(INSIDE, os.X_OK):
        return str(INSIDE)
    done = subprocess.run(
        [sys.executable, "-m", "runners.executor"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else ""


def as_recorded(step: Step) -> tuple[str, list[Json], int, int, dict[str, Json]]:
    """A step as recorders take it."""
    return step.call, step.args, step.result, step.errno, step.outs
