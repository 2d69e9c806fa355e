"""What a search comes upon: a difference that was seen, what is kept of it, and what is not believed."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.programs.execution import Execution, ending
from conformance.programs.program import Program
from conformance.programs.wire import ProgramOutcome, State
from conformance.search.compare import ProgramDifference, Signature, options_of

NOT_REPEATED = "does not repeat in a process of its own"
NOT_IN_A_FRESH_GUEST = "does not repeat in a fresh guest"


@dataclass(frozen=True, slots=True)
class Suspect:
    """A difference that was seen once, and is to be pursued."""

    program: Program
    difference: ProgramDifference
    target: str

    @property
    def kind(self) -> tuple[str, ...]:
        """What makes two of them probably the same one; another option of a call is another thing."""
        options = options_of(self.program.steps[self.difference.step])
        return (self.target, *self.difference.coarse, *map(str, options))


@dataclass(frozen=True, slots=True)
class Finding:
    """A divergence: where it is, and what each side did in the small program."""

    signature: Signature
    difference: ProgramDifference
    reference: Execution
    target: Execution
    reference_name: str
    releases: tuple[str, str]
    """The kernels of the reference and of the target, as they name themselves."""
    made_by: tuple[str, str] = ("", "")
    """What the reference and the target were made with: runner, version, platform."""

    @property
    def program(self) -> Program:
        """What shows it."""
        return self.reference.program


@dataclass(frozen=True, slots=True)
class Flake:
    """A difference that did not repeat."""

    program: Program
    difference: ProgramDifference
    target: str
    why: str

    @property
    def deadly(self) -> bool:
        """Whether a guest died, and did not again."""
        return is_deadly(self.difference) or ending(ProgramOutcome(State.LOST)) in self.why


@dataclass(frozen=True, slots=True)
class Pursued:
    """What came of a suspect."""

    suspect: Suspect
    executions: int
    """Programs that it took."""
    finding: Finding | None = None
    flake: Flake | None = None
    lacking: frozenset[str] = frozenset()
    """The descriptions that the target was found to lack."""
    refuted: frozenset[str] = frozenset()
    """Those that it answers now and then."""


def is_deadly(found: ProgramDifference) -> bool:
    """Whether one side did not live to tell: every run takes a new executor, or a new guest."""
    return ending(ProgramOutcome(State.LOST)) in (found.reference, found.target)
