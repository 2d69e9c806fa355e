"""Calls of a log, put into as few programs as have room for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from conformance.programs.harmful import neutralised
from conformance.programs.program import (
    MOST_CALLS,
    MOST_MEMORY,
    MOST_PIECES,
    Argument,
    Memory,
    Program,
    ProgramCall,
    Ref,
    bytes_of,
    pieces_of,
)
from conformance.search.strace.knowledge import SaidCall
from conformance.search.strace.left import Left
from conformance.search.strace.paths import DIRECTORY, LINK, THERE, Need
from conformance.syscalls.machinery.kinds import AT_FDCWD
from conformance.syscalls.machinery.world import DIRECTORY_MODE, FILE, FILE_MODE


@dataclass(slots=True)
class Stretch:
    """Calls that make one program, with what they need from before."""

    said: Sequence[SaidCall]
    steps: list[ProgramCall] = field(default_factory=list)
    places: dict[int, int] = field(default_factory=dict)
    """Which step a call is."""
    names: set[str] = field(default_factory=lambda: set(THERE))
    """What is, or has been, in the tree."""
    lines: list[int] = field(default_factory=list)
    closed: set[int] = field(default_factory=set)
    """Calls that made what is closed again: what needs it cannot come any more."""

    def add(self, index: int) -> bool:
        """Take a call in, and what it needs, if there is room."""
        steps, places, names = list(self.steps), dict(self.places), set(self.names)
        wanted = self._wanted(index)
        if len(wanted) > MOST_CALLS or any(self.said[each].deps & self.closed for each in wanted[:-1]):
            return False
        for each in wanted:
            call = self.said[each]
            for need in call.needs:
                steps += _made(need, names)
            places[each] = len(steps)
            args = tuple(_moved(argument, places) for argument in call.call.args)
            steps.append(ProgramCall(call.call.label, args))
        if len(steps) > MOST_CALLS or not _has_room(steps):
            return False
        self.steps, self.places, self.names = steps, places, names
        self.lines.append(self.said[index].line)
        if self.said[index].call.label == "close":
            self.closed |= self.said[index].deps
        return True

    def _wanted(self, index: int) -> list[int]:
        """A call and all that must be made before it, and is not yet, in order."""
        found: set[int] = set()
        waiting = [index]
        while waiting and len(found) <= MOST_CALLS:
            each = waiting.pop()
            if each not in found and each not in self.places:
                found.add(each)
                waiting += self.said[each].deps
        return sorted(found)

    @property
    def program(self) -> Program:
        """The program, which does nothing that it must not do."""
        return neutralised(Program(tuple(self.steps)))

    @property
    def name(self) -> str:
        """Which lines of the log it is."""
        return f"{self.lines[0]}-{self.lines[-1]}"


def stretches(said: Sequence[SaidCall]) -> tuple[dict[str, Program], list[Left]]:
    """Programs by the lines that they are, and what fits into none."""
    found: dict[str, Program] = {}
    left: list[Left] = []
    current = Stretch(said)
    for index, call in enumerate(said):
        if current.add(index):
            continue
        if current.lines:
            found[current.name] = current.program
        current = Stretch(said)
        if not current.add(index):
            left.append(
                Left(call.line, call.call.description.name, "with what it needs it does not fit into a program")
            )
    if current.lines:
        found[current.name] = current.program
    return found, left


def _has_room(steps: Sequence[ProgramCall]) -> bool:
    if sum(bytes_of(each) for step in steps for each in step.args) > MOST_MEMORY // 2:  # half of it: there are gaps
        return False
    return all(sum(map(pieces_of, step.args)) <= MOST_PIECES for step in steps)


def _made(need: Need, names: set[str]) -> list[ProgramCall]:
    """Calls that make what must be there and is not."""
    if need.name in names:
        return []
    found: list[ProgramCall] = []
    above = need.name.rpartition("/")[0]
    if above:
        found += _made(Need(above, DIRECTORY), names)
    names.add(need.name)
    if not need.kind:
        return found
    path = Memory(need.name.encode() + b"\0")
    if need.kind == DIRECTORY:
        made = ProgramCall("mkdirat", (AT_FDCWD, path, DIRECTORY_MODE))
    elif need.kind == LINK:
        made = ProgramCall("symlinkat", (Memory(FILE + b"\0"), AT_FDCWD, path))
    else:
        made = ProgramCall("mknodat", (AT_FDCWD, path, 0o100000 | FILE_MODE, 0))
    return [*found, made]


def _moved(argument: Argument, places: dict[int, int]) -> Argument:
    if isinstance(argument, Ref):
        return Ref(places[argument.step], argument.argument, argument.offset, argument.width)
    if isinstance(argument, Memory) and argument.parts:
        parts = tuple((offset, width, _moved(part, places)) for offset, width, part in argument.parts)
        return Memory(argument.data, parts, argument.room, argument.edge)
    return argument
