"""What is known as a log is gone through: where its fds come from, what it has mapped, what its paths are called."""

from __future__ import annotations

from dataclasses import dataclass, field

from conformance.programs.program import ProgramCall
from conformance.search.bind import makes
from conformance.search.strace.left import Unsaid
from conformance.search.strace.lines import Traced
from conformance.search.strace.paths import Need, TreeNames, Where
from conformance.search.strace.values import Said, number_at, number_in
from conformance.syscalls.machinery.table import grammar
from conformance.syscalls.machinery.world import ARENA, ARENA_PAGES, PAGE

SHAPING = frozenset(("bind", "listen", "connect", "epoll_ctl", "ftruncate"))
"""Calls on an fd without which later ones would mean little."""


MOST_SHAPING = 16
"""How many of them are remembered of an fd."""
MOST_MAPPED = 500
"""How many mappings are."""


def result_name(call: int) -> str:
    """What the result of a call is called that is said."""
    return f"c{call}"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a number of the log comes from."""

    call: int
    """Which call of those that are said; -1: the one that made it is left out."""
    line: int
    argument: int = -1
    offset: int = 0
    width: int = 8


@dataclass(frozen=True, slots=True)
class Mapping:
    """Memory that a call of the log has mapped."""

    start: int
    size: int
    place: int
    """Where it is in a program."""
    call: int


@dataclass(frozen=True, slots=True)
class SaidCall:
    """A call of the log as one of a program; its references count all calls that are said."""

    line: int
    call: ProgramCall
    deps: frozenset[int]
    """Calls that must be made before."""
    needs: tuple[Need, ...]
    """TreeNames in the tree that it uses."""


@dataclass(slots=True)
class Knowledge:
    """What is known of a log up to a call."""

    names: TreeNames
    said: list[SaidCall] = field(default_factory=list)
    calls: list[ProgramCall] = field(default_factory=list)
    """The calls of these."""
    results: dict[str, int] = field(default_factory=dict)
    """What their results are called."""
    where: Where = field(default_factory=Where)
    alive: dict[tuple[str, int], Origin] = field(default_factory=dict)
    """By family (`fd`, `pid`) and number."""
    shaped: dict[Origin, list[int]] = field(default_factory=dict)
    mapped: list[Mapping] = field(default_factory=list)
    arena: int = 0
    """Bytes of the arena that are taken."""
    connected: bool = False

    def follow(
        self, call: Traced, values: tuple[Said, ...], said: SaidCall | None, first: Origin | None = None
    ) -> None:
        """Take in what a call has done; `said` is none where it is left out, `first` what its first fd is."""
        if said is not None:
            self.results[result_name(len(self.said))] = len(self.said)
            self.said.append(said)
            self.calls.append(said.call)
            self.connected |= call.name == "connect" and call.errno in ("", "EINPROGRESS")
        if not call.succeeded or call.name not in grammar():
            return
        self._make(call, values, said)
        self.where.follow(call, values)
        number = number_in(values[0]) if values else -1
        if said is not None and call.name in SHAPING and first is not None:
            shaped = self.shaped.setdefault(first, [])
            shaped += [len(self.said) - 1][: MOST_SHAPING - len(shaped)]
        if call.name == "close":
            self.alive.pop(("fd", number), None)
        if call.name == "execve":
            self.mapped = []
        if call.name == "munmap":
            self.mapped = [each for each in self.mapped if each.start != number]

    def _make(self, call: Traced, values: tuple[Said, ...], said: SaidCall | None) -> None:
        index = -1 if said is None else len(self.said) - 1
        for made in makes(call.name if said is None else said.call.label):
            family = made.family.partition(":")[0]
            found = call.result if made.argument < 0 else number_at(values, made.argument, made.offset, made.width)
            if family in ("fd", "pid") and found is not None:
                self.alive[family, found] = Origin(index, call.line, made.argument, made.offset, made.width)
        if call.name == "mmap" and said is not None and call.result is not None:
            place, size = said.call.args[:2]
            if isinstance(place, int) and isinstance(size, int):
                self.mapped = [*self.mapped[1 - MOST_MAPPED :], Mapping(call.result, size, place, index)]

    def address(self, address: int) -> tuple[int, int] | None:
        """Where an address of the log is in a program, and the call that mapped it."""
        for each in reversed(self.mapped):
            if each.start <= address < each.start + each.size:
                return each.place + address - each.start, each.call
        return None

    def allot(self, size: int) -> int:
        """A place in the arena for so many bytes. Raises Unsaid."""
        size = -(-size // PAGE) * PAGE
        if not 0 < size <= ARENA_PAGES * PAGE:
            raise Unsaid(f"a program can map {ARENA_PAGES * PAGE} bytes, and this is more")
        if self.arena + size > ARENA_PAGES * PAGE:
            self.arena = 0
        self.arena += size
        return ARENA + self.arena - size
