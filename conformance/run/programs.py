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
from conformance.programs.cases import AGAIN, CaseProgram, Given, info_of
from conformance.programs.efforts import GATE
from conformance.programs.execution import Execution
from conformance.programs.listed import Listed, files, listings
from conformance.programs.notation.errors import NotationError
from conformance.programs.wire import Encoded
from conformance.protocol.executor import ProtocolError
from conformance.protocol.lines import Trouble
from conformance.run.lane import Lane, LaneError
from conformance.run.models import CaseModel, selected_models
from conformance.run.reading import remembered
from conformance.run.selection import Selection
from runners.base import Guest, Runner, RunnerError

AHEAD = 2
"""Batches that a target has at once: it runs one while another is judged."""


@dataclass(frozen=True, slots=True)
class CasePrograms:
    """The programs that a selection takes, by id, and what keeps others from being read."""

    by_id: Mapping[str, CaseProgram] = field(default_factory=dict)
    troubles: Sequence[Trouble] = ()
    models: Mapping[str, CaseModel] = field(default_factory=dict)
    """Properties that are tried by running programs, by id."""

    @property
    def infos(self) -> list[CaseInfo]:
        """What a plan says of them."""
        return [*(each.info for each in self.by_id.values()), *(each.info for each in self.models.values())]

    def get(self, case: str) -> CaseProgram | CaseModel | None:
        """What a case is, if it is one of these."""
        return self.by_id.get(case) or self.models.get(case)


NO_PROGRAMS = CasePrograms()


def selected(selection: Selection, effort: str = GATE) -> CasePrograms:
    """Read the programs that a selection takes, and its models. A file that cannot be read is a trouble, and its cases
    are lost. `effort`: how hard models are tried."""
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
    models, more = selected_models(selection, effort)
    return CasePrograms(found, [*troubles, *more], {each.info.id: each for each in models})


def _is_taken(selection: Selection, module: str, listed: Listed) -> bool:
    return selection.takes(info_of(listed, module).id)


@dataclass(frozen=True, slots=True)
class _Sent:
    """What a lane has, and the outcomes to come."""

    programs: Sequence[CaseProgram]
    encoded: Sequence[Encoded]
    outcomes: Future[list[bytes]]

    def each(self) -> Iterator[tuple[CaseProgram, Execution]]:
        """What each has done, once it has. Raises LaneError, ProtocolError."""
        for program, encoded, data in zip(self.programs, self.encoded, self.outcomes.result(), strict=True):
            yield program, Execution.read(encoded, data)


class Batches:
    """Runs programs on one target: in the guest of a session while that lives, then in guests of its own.

    A context manager.
    """

    def __init__(self, name: str, runner: Runner, guest: Guest | None, facts: Facts | None) -> None:
        """`guest` is lent, and not closed. `facts`: of the target."""
        self._given = given(facts)
        self._lane, self._patient = (Lane(name, _Lender(runner, guest)) for _ in range(2))
        self._waiting: deque[_Sent] = deque()
        """Programs that block, each alone. They wait beside the others, in an executor of their own: almost all of
        their time nothing happens."""

    def run(
        self,
        take: Callable[[], Sequence[CaseProgram | CaseModel]],
        *,
        first: bool,
        running: Callable[[str], None] = lambda _: None,
    ) -> Iterator[CaseResult]:
        """The results of what `take` gives, until that is nothing, as they come. Raises RunnerError when the target
        cannot go on.

        `first`: nothing is doubted yet, and what touches nothing shares a process; otherwise each has one of its own.
        `running` is told of each batch's first program.
        """
        sent: deque[_Sent] = deque()
        try:
            while True:
                while len(sent) < AHEAD and (programs := take()):
                    able = []
                    for each in programs:
                        if why := each.lacking(self._given):
                            yield each.skipped(why)
                        elif isinstance(each, CaseModel):
                            running(each.info.id)
                            self._lane.ready()
                            yield each.result(self._lane.run)
                        else:
                            able.append(each)
                    if able:
                        sent.append(self._send(self._lane, able, own=not first))
                if sent:
                    yield from self._results(sent.popleft(), running)
                elif self._waiting:
                    yield self._settled(self._waiting.popleft())
                else:
                    return
        except (LaneError, ProtocolError) as error:
            raise RunnerError(str(error)) from error

    def _send(self, lane: Lane, programs: Sequence[CaseProgram], *, own: bool, patience: float = 1.0) -> _Sent:
        encoded = [each.encoded(own=own) for each in programs]
        lane.ready()
        return _Sent(programs, encoded, lane.submit([each.data for each in encoded], patience))

    def _results(self, sent: _Sent, running: Callable[[str], None]) -> Iterator[CaseResult]:
        running(sent.programs[0].info.id)
        for program, found in sent.each():
            if program.needs_patience(found):
                if not self._patient.started:
                    self._patient.start()
                self._waiting.append(self._send(self._patient, [program], own=True, patience=AGAIN))
            else:
                yield program.result(found, self._given)
        while self._waiting and self._waiting[0].outcomes.done():
            yield self._settled(self._waiting.popleft())

    def _settled(self, sent: _Sent) -> CaseResult:
        ((program, found),) = sent.each()
        return program.result(found, self._given)

    @property
    def unexplained(self) -> int:
        """How often an executor has died of which no program is to blame: none of those that ran died of it again."""
        return self._lane.unexplained + self._patient.unexplained

    def interrupt(self) -> None:
        """From another thread: make `run` end soon, with RunnerError."""
        self._lane.interrupt()
        self._patient.interrupt()

    def __enter__(self) -> Self:
        self._lane.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for lane in (self._lane, self._patient):
            if lane.started:
                lane.__exit__(kind, error, trace)


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
