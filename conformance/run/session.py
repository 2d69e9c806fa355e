"""An open guest with the suite in it: requests go in, lines come out, and death is an event of its own."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

from conformance import places
from conformance.guest.definitions import all_of_models
from conformance.model import CaseInfo, CaseResult, Facts, Outcome
from conformance.protocol.lines import (
    LONGEST_LINE,
    Collecting,
    End,
    FactsLine,
    Line,
    Plan,
    ResultLine,
    Start,
    Trouble,
    request,
)
from conformance.run.conduct import USUAL, Conduct
from conformance.run.records import MalformedLine, parse_line
from conformance.run.selection import Selection, is_program
from conformance.text import plural
from runners.base import About, Ending, Guest, Remembers, Runner, RunnerError

COLLECT_SECONDS = 120.0
"""How long collecting the cases may take, before the guest's slowdown."""
MODULE_SECONDS = 30.0
"""How long importing one module of cases may take, before the guest's slowdown."""
SILENCE_SECONDS = 30.0
"""How long a guest may take beyond the deadline of a case until it says something that gets it on, before the guest's
slowdown."""
TROUBLES = 20
"""How many troubles of one guest are told; of the others, that there are more."""
NOISE_LINES = 1000
"""How many lines a guest may send between two that get it on."""
NOISE_BYTES = 2 * LONGEST_LINE
"""How many bytes a guest may send between two lines that get it on."""
GUEST_BYTES = 512 << 20
"""How many bytes one guest may send. A run of all cases takes less than a tenth of that."""
LONGEST_MESSAGE = 2000
"""Characters of a trouble that a guest tells."""
LONGEST_PATH = 300
"""Characters of a module's path."""
MODULES = 10_000
"""How many modules a guest may collect."""


@dataclass(eq=False)
class Died(Exception):
    """The guest, or the suite in it, ended or fell silent in the middle of its work."""

    outcome: Outcome
    """CRASH or HANG: the verdict of the case that was running; ERROR when it took more than the guest was given, or
    when the guest talked without end."""
    message: str
    case: str | None
    """The case that was running, if one was."""
    collecting: str | None = None
    """The module of cases that was being imported, if one was."""


class Session:
    """Opens a guest and starts the suite. A context manager."""

    def __init__(
        self,
        runner: Runner,
        selection: Selection,
        conduct: Conduct = USUAL,
        without: Sequence[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`without` names modules of cases that must not be imported. Raises RunnerError, Died."""
        if lacking := runner.missing():
            raise RunnerError(lacking)
        self._clock = clock
        self.guest: Guest = runner.open()
        try:
            self._start(selection, conduct, without)
        except BaseException:
            self.guest.__exit__(None, None, None)
            raise

    def _start(self, selection: Selection, conduct: Conduct, without: Sequence[str]) -> None:
        guest, about, inside = self.guest, self.guest.about, self.guest.inside
        arguments = [
            *inside.python,
            *("-m", "conformance.guest.serve", f"--rootdir={inside.cases.rpartition('/')[0]}"),
            *(f"--conformance-case-timeout={conduct.timeout}", f"--conformance-slowdown={about.slowdown}"),
            *(["--conformance-disposable"] if about.disposable else []),
            *(f"--ignore={inside.cases}/{module}" for module in without),
            *self._where(selection, without),
        ]
        self._silence = (conduct.timeout + SILENCE_SECONDS) * about.slowdown
        self._running: str | None = None
        self._collecting: str | None = None
        self._pending = b""
        self._bytes = self._noise_lines = self._noise_bytes = self._told = 0
        self._limit = self._until = self._last = 0.0
        self._channel = guest.spawn(arguments)
        self.facts: Facts | None = None
        self.cases: list[CaseInfo] = []
        self.troubles: list[Trouble] = []
        self._collect(selection)
        if isinstance(guest, Remembers):
            guest.remember()

    def _where(self, selection: Selection, without: Sequence[str]) -> list[str]:
        """Where the guest has to look for cases: everywhere, if it is one that is remembered.

        Importing what nobody asked for takes seconds in an emulated guest. A place that is not there, such as that of a
        case of an earlier run, would end the collecting; one that must not be imported would be, if it were named.
        Programs are read here, and so are models that are tried from here; the guest is not told of them.
        """
        everywhere = self.guest.inside.cases
        if isinstance(self.guest, Remembers) and self.guest.is_kept:
            return [everywhere]
        named = selection.places()
        modules = [place for place in named if not is_program(place) and not all_of_models(places.CASES / place)]
        found = [place for place in modules if place not in without and (places.CASES / place).exists()]
        nothing = ["--ignore-glob=*"] if named and not modules else []
        return [f"{everywhere}/{place}" for place in found] or [*nothing, everywhere]

    def _collect(self, selection: Selection) -> None:
        """What the suite says before it takes requests. Raises Died, RunnerError."""
        slowdown = self.guest.about.slowdown
        self._last = self._clock() + COLLECT_SECONDS * slowdown
        self._gets_on(MODULE_SECONDS * slowdown)
        modules: set[str] = set()
        told_lost: set[str] = set()
        for line in self._lines():
            match line:
                case Collecting(module) if module not in modules and len(modules) < MODULES:
                    modules.add(module)
                    self._collecting = module[:LONGEST_PATH]
                    self._gets_on(MODULE_SECONDS * slowdown)
                case FactsLine(facts) if self.facts is None:
                    self._collecting = None
                    self.facts = with_what_the_runner_says(facts, self.guest.about)
                    self._gets_on(MODULE_SECONDS * slowdown)
                case Plan(cases):
                    self.cases = list({info.id: info for info in cases if selection.takes(info.id)}.values())
                    self._collecting = None
                    self._last = math.inf
                    return
                case Trouble(message, lost=lost) if lost and lost not in told_lost and len(told_lost) < MODULES:
                    told_lost.add(lost)
                    lost = lost[:LONGEST_PATH]
                    told = Trouble(message[:LONGEST_MESSAGE], lost=lost if selection.concerns(lost) else "")
                    self.troubles.append(told)
                case Trouble(lost=""):
                    self.troubles += self._trouble(line)
                case Collecting() | FactsLine() | Trouble():
                    pass  # once more
                case _:
                    raise RunnerError(f"the suite in the guest spoke out of turn: {type(line).__name__}")

    def run(self, cases: Sequence[str], *, fresh: bool = True) -> Iterator[Line]:
        """Run cases; their starts, their results and troubles, as they come. Raises Died.

        `fresh`: this is no part of the pass that was asked for last.
        """
        if not cases:
            return
        wanted = dict.fromkeys(cases)
        try:
            self._channel.write(request(cases, fresh=fresh))
        except OSError as error:
            raise self._death(Outcome.CRASH, "the suite in the guest is gone") from error
        self._gets_on(self._silence)
        started: set[str] = set()
        for line in self._lines():
            match line:
                case Start(case) if case in wanted and case not in started:
                    started.add(case)
                    self._running = case
                    self._gets_on(self._silence)
                    yield line
                case ResultLine(result) if result.case in wanted and result.case == self._running:
                    del wanted[result.case]
                    self._running = None
                    self._gets_on(self._silence)
                    yield line
                case Start(case) | ResultLine(CaseResult(case=case)):
                    what = "a start" if isinstance(line, Start) else "a result"
                    why = "which was not running" if case in wanted else "which was not asked for"
                    yield from self._trouble(Trouble(f"{what} came for {case[:200]!r}, {why}"))
                case Trouble():
                    yield from self._trouble(line)
                case End():
                    if wanted:
                        yield Trouble(
                            f"no result came for {plural(len(wanted), 'case')} that it was asked for: {_some(wanted)}"
                        )
                    return
                case _:
                    yield from self._trouble(Trouble(f"a line of kind {line.kind} came out of turn"))

    def _trouble(self, told: Trouble) -> Iterator[Trouble]:
        """What becomes of a guest's trouble: it says what it likes, as often as it likes. None of it ends a run."""
        self._told += 1
        if self._told <= TROUBLES:
            yield Trouble(told.message[:LONGEST_MESSAGE])
        elif self._told == TROUBLES + 1:
            yield Trouble(f"and more: the guest has told more than {TROUBLES} troubles")

    def _gets_on(self, seconds: float) -> None:
        """The guest has said what it was to say next; `seconds` are left for the next such line.

        Nothing else that it says moves this clock.
        """
        self._limit = seconds
        self._until = min(self._clock() + seconds, self._last)
        self._noise_lines = self._noise_bytes = 0

    def interrupt(self) -> None:
        """From another thread: make `run` end soon, with Died."""
        self._channel.kill()

    def _lines(self) -> Iterator[Line]:
        """Lines from the guest; malformed ones become troubles.

        Raises Died at the end of the stream, when the time is over, and when there is too much of it.
        """
        while True:
            *whole, self._pending = self._pending.split(b"\n")
            for data in whole:
                self._noise_lines += 1
                if self._noise_lines > NOISE_LINES:
                    raise self._death(Outcome.ERROR, f"the guest sent more than {NOISE_LINES} lines that say nothing")
                try:
                    yield parse_line(data)
                except MalformedLine as error:
                    yield Trouble(f"a malformed line came from the guest: {str(error)[:200]}")
            self._pending += self._chunk()
            if len(self._pending) > LONGEST_LINE and b"\n" not in self._pending:
                raise self._death(Outcome.ERROR, f"the guest sent a line of more than {LONGEST_LINE} bytes")

    def _chunk(self) -> bytes:
        """What the guest says next. Raises Died."""
        left = self._until - self._clock()
        try:
            if left <= 0:
                raise TimeoutError
            chunk = self._channel.read(left)
        except TimeoutError:
            how = "talked without getting on" if self._noise_bytes else "was silent"
            said = f"the guest {how} for {self._limit:.0f} s"
            if self._until == self._last:
                said = f"collecting the cases took more than {COLLECT_SECONDS * self.guest.about.slowdown:.0f} s"
            raise self._death(Outcome.HANG, said) from None
        if not chunk:
            raise self._death(Outcome.CRASH, "the suite in the guest ended")
        self._bytes += len(chunk)
        self._noise_bytes += len(chunk)
        if self._noise_bytes > NOISE_BYTES:
            raise self._death(Outcome.ERROR, f"the guest sent more than {NOISE_BYTES >> 20} MiB that say nothing")
        if self._bytes > GUEST_BYTES:
            raise self._death(Outcome.ERROR, f"the guest sent more than {GUEST_BYTES >> 20} MiB in all")
        return chunk

    def _death(self, outcome: Outcome, message: str) -> Died:
        death = self.guest.death()
        if death and death.ending is Ending.LIMIT:  # ours: what the target would have done with more is not known
            outcome = Outcome.ERROR
        cause = death.cause if death else ""
        said = "" if cause else " / ".join(self.guest.log().strip().splitlines()[-6:])[-600:]
        what = ": ".join(filter(None, (death.ending if death else "", cause or message)))
        return Died(outcome, f"{what}{'; it said: ' + said if said else ''}", self._running, self._collecting)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.guest.__exit__(kind, error, trace)


def with_what_the_runner_says(facts: Facts, about: About) -> Facts:
    """What was seen inside a guest, and what its runner says of it."""
    notes = [*facts.notes, *about.notes]
    return replace(facts, label=about.label, made_by=about.made_by, notes=notes, versions=dict(about.versions))


def _some(cases: Collection[str]) -> str:
    """The first few of many."""
    first = list(cases)[:3]
    return ", ".join(first) + (" …" if len(cases) > len(first) else "")
