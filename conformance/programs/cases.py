"""Programs that are cases: what a plan says of them, and what they come to."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Self

from conformance.conditions import KERNEL
from conformance.model import CaseInfo, CaseResult, Json, Outcome
from conformance.programs.execution import Execution
from conformance.programs.listed import Listed
from conformance.programs.notation.judging import Keeping, judged
from conformance.programs.notation.model import Listing
from conformance.programs.notation.promises import Blocks
from conformance.programs.wire import Encoded, State, encode

MACHINE = "x86_64"
"""What executors are for, by the name that uname(2) has for it."""
AGAIN = 25.0
"""Factor on deadlines where a program blocks of which nobody promises that."""


@dataclass(frozen=True, slots=True)
class Given:
    """What a program is run on, and with."""

    versions: Mapping[str, str]
    """Those that conditions name."""
    root: bool
    machine: str

    @classmethod
    def here(cls) -> Self:
        """On this machine, as this process."""
        said = os.uname()
        return cls({KERNEL: said.release}, os.geteuid() == 0, said.machine)

    @property
    def has(self) -> Collection[str]:
        """The needs that it meets."""
        return ("root",) if self.root else ()


@dataclass(frozen=True, slots=True)
class CaseProgram:
    """A program that is a case."""

    info: CaseInfo
    listing: Listing

    def encoded(self, *, own: bool) -> Encoded:
        """For an executor; `own`: in a process of its own, whatever it does."""
        return encode(self.listing.program, own=own)

    @property
    def may_block(self) -> bool:
        """Whether Linux promises that it blocks, on some kernel."""
        return any(isinstance(promise.end, Blocks) for step in self.listing.steps for promise in step.promises)

    def lacking(self, given: Given) -> str:
        """What keeps it from being run there; "" where nothing does."""
        if missing := set(self.listing.needs) - set(given.has):
            return f"needs {', '.join(sorted(missing))}"
        return "" if given.machine == MACHINE else f"written for {MACHINE}"

    def needs_patience(self, found: Execution) -> bool:
        """Whether what it did counts only once it has been run with more patience: it blocked, and nobody promises
        that."""
        return found.outcome.state is State.BLOCKED and not self.may_block

    def settled(self, found: Execution, run: Callable[[bytes, float], bytes]) -> Execution:
        """What it did; where that needs more patience, what it does with that.

        `run` takes a program and a factor on deadlines, and gives its outcome. Raises ProtocolError.
        """
        if not self.needs_patience(found):
            return found
        alone = self.encoded(own=True)
        return Execution.read(alone, run(alone.data, AGAIN))

    def result(self, found: Execution, given: Given, seconds: float = 0.0) -> CaseResult:
        """What it came to."""
        outcome, message = outcome_of(self.listing, found, given)
        seen = list(found.steps), observed(found)
        return CaseResult(self.info.id, self.info.hash, outcome, message, round(seconds, 4), *seen)

    def skipped(self, why: str) -> CaseResult:
        """That it was not run."""
        return CaseResult(self.info.id, self.info.hash, Outcome.SKIPPED, why)


def info_of(listed: Listed, module: str) -> CaseInfo:
    """What a plan says of a program of a file, which is given by its path below the folder of cases."""
    return CaseInfo(f"{module}::{listed.name}", listed.hash, listed.title, listed.feature)


def observed(found: Execution) -> dict[str, Json]:
    """What is to be compared besides the calls: how a program ended, unless it just ended. It may be promised of some
    kernels only, or of none."""
    return {} if found.outcome.state is State.DONE else {"ending": found.ending}


def outcome_of(listing: Listing, found: Execution, given: Given) -> tuple[Outcome, str]:
    """What a program comes to, and why: the first call that lacks something, or breaks a promise, decides."""
    if found.outcome.state in (State.MALFORMED, State.HARNESS):
        return Outcome.ERROR, f"the executor could not run the program: {found.ending}"
    if found.outcome.state is State.LOST:
        return Outcome.CRASH, "the guest, or the executor in it, died of the program"
    for at, judgement in enumerate(judged(listing, found, given.versions, given.has)):
        if judgement.kept is Keeping.MISSING:
            return Outcome.MISSING, judgement.why
        if judgement.kept is Keeping.BROKEN:
            return Outcome.FAILED, f"call {at}, {listing.steps[at].call.description.name}: {judgement.why}"
    return Outcome.PASSED, ""
