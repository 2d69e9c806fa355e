"""An open guest with the suite in it: requests go in, lines come out, and death is an event of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

from conformance.guest.profiles import EFFORT
from conformance.model import CaseInfo, End, Facts, FactsLine, Line, Outcome, Plan, ResultLine, Start, Trouble
from conformance.run.records import LONGEST_LINE, MalformedLine, parse_line
from conformance.run.selection import Selection
from runners.base import Death, Guest, Runner, RunnerError

COLLECT_SECONDS = 60.0
"""How long collecting the cases may take, before the guest's slowdown."""
SILENCE_SECONDS = 30.0
"""How long a guest may be silent beyond the deadline of a case, before the guest's slowdown."""


@dataclass(frozen=True, slots=True)
class Died(Exception):
    """The guest, or the suite in it, ended or fell silent in the middle of its work."""

    outcome: Outcome
    """CRASH or HANG: the verdict of the case that was running; ERROR when it took more than the guest was given."""
    message: str
    case: str | None
    """The case that was running, if one was."""


class Session:
    """Opens a guest and starts the suite. A context manager."""

    def __init__(self, runner: Runner, selection: Selection) -> None:
        if lacking := runner.missing():
            raise RunnerError(lacking)
        self.guest: Guest = runner.open()
        try:
            self._start(selection)
        except BaseException:
            self.guest.__exit__(None, None, None)
            raise

    def _start(self, selection: Selection) -> None:
        guest = self.guest
        arguments = [
            *guest.python,
            *("-m", "conformance.guest.serve", f"--rootdir={guest.cases.rpartition('/')[0]}"),
            *(f"--conformance-case-timeout={selection.timeout}", f"--conformance-slowdown={guest.slowdown}"),
            f"--conformance-profile={selection.profile}",
            *(["--conformance-disposable"] if guest.disposable else []),
            guest.cases,
        ]
        self._silence = (selection.timeout * EFFORT[selection.profile] + SILENCE_SECONDS) * guest.slowdown
        self._running: str | None = None
        self._pending = b""
        self._channel = guest.spawn(arguments)
        self.facts: Facts | None = None
        self.cases: list[CaseInfo] = []
        self.troubles: list[Trouble] = []
        for line in self._lines(COLLECT_SECONDS * guest.slowdown):
            match line:
                case FactsLine(facts):
                    self.facts = replace(
                        facts, label=guest.label, made_by=guest.made_by, notes=[*facts.notes, *guest.notes]
                    )
                case Plan(cases):
                    self.cases = [info for info in cases if selection.takes(info.id)]
                    guest.ready()
                    return
                case Trouble():
                    self.troubles.append(line)
                case _:
                    raise RunnerError(f"the suite in the guest spoke out of turn: {type(line).__name__}")

    def run(self, cases: Sequence[str]) -> Iterator[Line]:
        """Run cases; their lines as they come. Raises Died."""
        if not cases:
            return
        wanted = set(cases)
        try:
            self._channel.write(json.dumps({"run": list(cases)}).encode() + b"\n")
        except OSError as error:
            raise self._death(Outcome.CRASH, "the suite in the guest is gone") from error
        for line in self._lines(self._silence):
            match line:
                case Start(case):
                    self._running = case
                case ResultLine(result):
                    self._running = None
                    if result.case not in wanted:
                        yield Trouble(f"a result came for {result.case[:200]!r}, which was not asked for")
                        continue
                    wanted.remove(result.case)
                case End():
                    return
            yield line

    def interrupt(self) -> None:
        """From another thread: make `run` end soon, with Died."""
        self._channel.kill()

    def _lines(self, silence: float) -> Iterator[Line]:
        """Lines from the guest; malformed ones become troubles. Raises Died at the end of the stream."""
        while True:
            while b"\n" in self._pending:
                data, self._pending = self._pending.split(b"\n", 1)
                try:
                    yield parse_line(data)
                except MalformedLine as error:
                    yield Trouble(f"a malformed line came from the guest: {error}")
            try:
                chunk = self._channel.read(silence)
            except TimeoutError:
                raise self._death(Outcome.HANG, f"the guest was silent for {silence:.0f} s") from None
            if not chunk:
                raise self._death(Outcome.CRASH, "the suite in the guest ended")
            self._pending += chunk
            if len(self._pending) > LONGEST_LINE and b"\n" not in self._pending:
                raise self._death(Outcome.CRASH, f"the guest sent a line of more than {LONGEST_LINE} bytes")

    def _death(self, outcome: Outcome, message: str) -> Died:
        death, cause = self.guest.death(), self.guest.cause()
        if death is Death.LIMIT:  # ours: we gave it no more, and do not know what the target would have done
            outcome = Outcome.ERROR
        said = "" if cause else " / ".join(self.guest.log().strip().splitlines()[-6:])[-600:]
        what = ": ".join(filter(None, (death, cause or message)))
        return Died(outcome, f"{what}{'; it said: ' + said if said else ''}", self._running)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.guest.__exit__(kind, error, trace)
