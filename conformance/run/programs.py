"""The programs of a run: which are selected, and how a target runs them, in batches in its guest."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Self

from conformance import places
from conformance.conditions import KERNEL
from conformance.model import CaseInfo, CaseResult, Facts
from conformance.programs.cases import CaseProgram, Given, info_of
from conformance.programs.execution import Execution
from conformance.programs.harmful import touches
from conformance.programs.listed import Listed, files, listings
from conformance.programs.notation.errors import NotationError
from conformance.programs.wire import Encoded
from conformance.protocol.executor import ProtocolError
from conformance.protocol.lines import Trouble
from conformance.run.lane import Lane, LaneError
from conformance.run.reading import remembered
from conformance.run.selection import Selection
from conformance.syscalls.machinery.touches import PROCESS
from runners.base import Guest, Runner, RunnerError

BATCH = 64
"""Programs that are sent at once: enough to hide the round trip, and a result comes at least every second."""


@dataclass(frozen=True, slots=True)
class CasePrograms:
    """The programs that a selection takes, by id, and what keeps others from being read."""

    by_id: Mapping[str, CaseProgram] = field(default_factory=dict)
    troubles: Sequence[Trouble] = ()

    @property
    def infos(self) -> list[CaseInfo]:
        """What a plan says of them."""
        return [each.info for each in self.by_id.values()]


NO_PROGRAMS = CasePrograms()


def selected(selection: Selection) -> CasePrograms:
    """Read the programs that a selection takes. A file that cannot be read is a trouble, and its cases are lost."""
    cases = places.CASES
    found: dict[str, CaseProgram] = {}
    troubles: list[Trouble] = []
    for path in files(cases):
        module = path.relative_to(cases).as_posix()
        if not selection.concerns(module):
            continue
        try:
            for listed, listing in listings(path, partial(_is_taken, selection, module), remembered):
                info = info_of(listed, module)
                found[info.id] = CaseProgram(info, listing)
        except (NotationError, OSError) as error:
            said = str(error).replace(str(path), module, 1)
            troubles.append(Trouble(f"{module} cannot be read: {said}", lost=module))
    return CasePrograms(found, troubles)


def _is_taken(selection: Selection, module: str, listed: Listed) -> bool:
    return selection.takes(info_of(listed, module).id)


_Sent = tuple[Sequence[CaseProgram], Sequence[Encoded], Future[list[bytes]]]
"""A batch that a lane has, and the outcomes to come."""


class Batches:
    """Runs programs on one target: in the guest of a session while that lives, then in guests of its own.

    A context manager.
    """

    def __init__(self, name: str, runner: Runner, guest: Guest | None, facts: Facts | None) -> None:
        """`guest` is lent, and not closed. `facts`: of the target."""
        self._given = given(facts)
        self._lane = Lane(name, _Lender(runner, guest))

    def run(
        self, programs: Sequence[CaseProgram], *, first: bool, running: Callable[[str], None] = lambda _: None
    ) -> Iterator[CaseResult]:
        """The results, as they come. Raises RunnerError when the target cannot go on.

        `first`: nothing is doubted yet, and what touches nothing shares a process; otherwise each has one of its own.
        Those that may share one come first: whatever needs its own ends the one that others share.
        `running` is told of each batch's first program.
        """
        able: list[CaseProgram] = []
        for each in programs:
            if why := each.lacking(self._given):
                yield each.skipped(why)
            else:
                able.append(each)
        if not able:
            return
        able.sort(key=lambda each: PROCESS in touches(each.listing.program))
        try:
            self._lane.ready()
            sent: deque[_Sent] = deque()
            for at in range(0, len(able), BATCH):
                sent.append(self._send(able[at : at + BATCH], own=not first))
                if len(sent) > 1:  # the target runs one while another is judged
                    yield from self._results(sent.popleft(), running)
            yield from self._results(sent.popleft(), running)
        except (LaneError, ProtocolError) as error:
            raise RunnerError(str(error)) from error

    def _send(self, programs: Sequence[CaseProgram], *, own: bool) -> _Sent:
        encoded = [each.encoded(own=own) for each in programs]
        return programs, encoded, self._lane.submit([each.data for each in encoded])

    def _results(self, sent: _Sent, running: Callable[[str], None]) -> Iterator[CaseResult]:
        programs, encoded, outcomes = sent
        running(programs[0].info.id)
        for program, each, data in zip(programs, encoded, outcomes.result(), strict=True):
            found = program.settled(Execution.read(each, data), self._alone)
            yield program.result(found, self._given)

    def _alone(self, program: bytes, patience: float) -> bytes:
        return self._lane.submit([program], patience, urgent=True).result()[0]

    @property
    def unexplained(self) -> int:
        """How often an executor has died of which no program is to blame: none of those that ran died of it again."""
        return self._lane.unexplained

    def interrupt(self) -> None:
        """From another thread: make `run` end soon, with RunnerError."""
        self._lane.interrupt()

    def __enter__(self) -> Self:
        self._lane.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lane.__exit__(kind, error, trace)


def given(facts: Facts | None) -> Given:
    """What programs are given on a target. One that says nothing of itself is taken for this machine."""
    if facts is None:
        return Given.here()
    return Given({**facts.versions, KERNEL: facts.release}, facts.uid == 0, facts.machine)


class _Lender:
    """A runner whose first guest is one that is there already, and somebody else's."""

    def __init__(self, runner: Runner, guest: Guest | None) -> None:
        self._runner, self._guest = runner, guest

    def missing(self) -> str | None:
        return self._runner.missing()

    def describe(self) -> list[str]:
        return self._runner.describe()

    def open(self) -> Guest:
        guest, self._guest = self._guest, None
        return _Lent(guest) if guest is not None and guest.death() is None else self._runner.open()


class _Lent:
    """A guest that somebody else will close."""

    def __init__(self, guest: Guest) -> None:
        self._guest = guest
        self.about, self.inside = guest.about, guest.inside
        self.spawn, self.log, self.death = guest.spawn, guest.log, guest.death

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass
