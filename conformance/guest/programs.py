"""Running a kept program inside a case: the executor makes its calls, and they go into the case's trace."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from itertools import zip_longest
from pathlib import Path

from conformance.model import Json, Step
from conformance.places import ROOT
from conformance.programs import wire
from conformance.programs.execution import Execution
from conformance.programs.harmful import is_tame
from conformance.programs.program import Program, ProgramError, from_json
from conformance.protocol.executor import ERROR, RESULTS, Frames, ProtocolError, run_frame, split_results
from conformance.syscalls.machinery.absence import Missing
from conformance.syscalls.machinery.table import grammar

INSIDE = ROOT / "bin" / "executor"
"""Where a guest's suite has it."""
CALL_SECONDS = 1.0
"""How long a call may take, before the guest's slowdown: kept programs do not block unless they say so."""
NOT_SUPPORTED = frozenset(
    (
        "EAFNOSUPPORT",
        "ENOPROTOOPT",
        "ENOTSUP",
        "ENOTTY",
        "EPFNOSUPPORT",
        "EPROTONOSUPPORT",
        "ESOCKTNOSUPPORT",
    )
)
"""What says that an operation, an option, a protocol or a request is not known where Linux carries it out."""
BLOCKED = "blocked"
OVER = "it is over"
UNUSABLE = (ProgramError, ProtocolError)
"""What a file or an executor may raise that is not what it should be."""


class Kept:
    """A program of the corpus, read and ready to be run."""

    def __init__(self, path: str, executor: str, slowdown: float) -> None:
        """Raises ProgramError."""
        document = read(Path(path))
        self.program: Program = from_json(document)
        if not is_tame(self.program):
            raise ProgramError("it reaches for what is not a program's own")
        self.promise: list[str] = promised(document)
        """What Linux does: `0` or an errno's name for each call, and how the program ends unless it just ends."""
        self.encoded = wire.encode(self.program, own=True)
        self.executor = executor
        self.deadline = (0.1 if BLOCKED in self.promise else CALL_SECONDS) * slowdown

    def run(self, record: Callable[[Step], None]) -> None:
        """Run it, hand each of its calls to `record`, and assert what Linux promises.

        Raises Missing, and ProtocolError where the executor could not run it.
        """
        found = Execution.read(self.encoded, self._run())
        if found.outcome.state in (wire.State.MALFORMED, wire.State.HARNESS):
            raise ProtocolError(f"the executor could not run the program: {found.ending}")
        for step in found.steps:
            record(step)
        for at, (got, wanted) in enumerate(zip_longest(found.errnos, self.promise, fillvalue=OVER)):
            what = self.program.steps[at].label if at < len(self.program.steps) else "the end"
            if got == "ENOSYS" != wanted or (wanted == "0" and got in NOT_SUPPORTED):
                raise Missing(f"{what}: {got}")
            assert got == wanted, f"call {at}, {what}: {got}, and Linux says {wanted}"

    def _run(self) -> bytes:
        request = run_frame(1, self.deadline, [self.encoded.data])
        try:
            done = subprocess.run([self.executor], input=request, stdout=subprocess.PIPE, check=False)
        except OSError as error:
            raise ProtocolError(f"the executor cannot be started: {error.strerror}") from error
        frames = Frames()
        frames.add(done.stdout)
        while frame := frames.next():
            kind, payload = frame
            if kind == RESULTS and (outcomes := split_results(payload)[1]):
                return outcomes[0]
            if kind == ERROR:
                raise ProtocolError(payload.decode("utf-8", "replace"))
        raise ProtocolError(f"the executor ended with status {done.returncode} and no result")


def read(path: Path) -> Json:
    """What a file holds. Raises ProgramError."""
    try:
        value: Json = json.loads(path.read_bytes())
    except OSError as error:
        raise ProgramError(f"it cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ProgramError(f"it is no JSON, or cut short: {error}") from error
    return value


def promised(document: Json) -> list[str]:
    """What Linux does, as the file says it. Raises ProgramError."""
    promise = document.get("promise") if isinstance(document, dict) else None
    if not isinstance(promise, list) or not promise:
        raise ProgramError("it has no `promise`: a list of `0` or an errno's name for each call was expected")
    return [str(each) for each in promise]


def prepare() -> str:
    """The executor's path: in a guest it came along; elsewhere it is made, once. Empty where it cannot be.

    Also reads all descriptions, which is slow, and is better done before a case is forked than in each.
    """
    grammar()
    if os.access(INSIDE, os.X_OK):
        return str(INSIDE)
    done = subprocess.run(
        [sys.executable, "-m", "runners.payload.executor"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    return done.stdout.strip() if done.returncode == 0 else ""


def as_recorded(step: Step) -> tuple[str, list[Json], int, int, dict[str, Json]]:
    """A step as recorders take it."""
    return step.call, step.args, step.result, step.errno, step.outs
