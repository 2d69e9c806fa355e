"""What a file of programs is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from conformance.programs.notation.promises import Promise, ReturnsResult
from conformance.programs.program import Program, ProgramCall

GAP = ""
"""Among comments, an empty line."""


@dataclass(frozen=True, slots=True)
class PromisedCall:
    """A call, what is promised of it, and what somebody says of it."""

    call: ProgramCall
    result: str = ""
    """What its result is called; "" where it has no name but `r` and its place, and that only if it is used."""
    promises: tuple[Promise, ...] = ()
    """All that hold: several where they are of different kernels."""
    above: tuple[str, ...] = ()
    """Comments on lines of their own, without their `#`; `GAP` is an empty line."""
    beside: str = ""


def used_results(steps: Iterable[PromisedCall]) -> set[int]:
    """The calls whose results are used later, by their places."""
    steps = tuple(steps)
    promised = {each.end.step for step in steps for each in step.promises if isinstance(each.end, ReturnsResult)}
    return promised | {ref.step for ref in Program(tuple(step.call for step in steps)).refs()}


@dataclass(frozen=True, slots=True)
class Listing:
    """A program with a name, as a file has it."""

    name: str
    """In kebab-case; no other program of its file has it."""
    steps: tuple[PromisedCall, ...]
    condition: str = ""
    """On versions: elsewhere nothing is promised of any call."""
    needs: tuple[str, ...] = ()
    """What it must be run with, such as `root`."""
    above: tuple[str, ...] = ()
    beside: str = ""
    below: tuple[str, ...] = ()
    """Comments behind its last call."""

    @property
    def program(self) -> Program:
        """What is run."""
        return Program(tuple(step.call for step in self.steps))


def unpromised(program: Program, name: str = "program") -> Listing:
    """A program of which nothing is promised."""
    return Listing(name, tuple(map(PromisedCall, program.steps)))


@dataclass(frozen=True, slots=True)
class File:
    """Programs about one feature."""

    title: str
    """The feature, and what about it; "" where none is given."""
    programs: tuple[Listing, ...]
    above: tuple[str, ...] = ()
    """Comments before the title."""
    beside: str = ""
    below: tuple[str, ...] = ()
    """Comments at the end."""

    def of(self, name: str) -> Listing:
        """The program of a name. Raises KeyError."""
        found = {each.name: each for each in self.programs}
        return found[name]
