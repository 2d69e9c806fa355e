"""Who pursues differences: the search itself, which waits meanwhile, or a thread beside it with a guest of its own."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from types import TracebackType
from typing import Self, TypeAlias

from conformance.run.lane import Lane
from conformance.search.backlog import Backlog
from conformance.search.finding import NOT_IN_A_FRESH_GUEST, Flake, Pursued, Suspect
from conformance.search.pursuit import Pursuit

Opens: TypeAlias = Callable[[], AbstractContextManager[tuple[Lane, Lane]]]
"""Opens the reference and a target once more, for as long as its result is entered. Raises RunnerError."""
Settle: TypeAlias = Callable[[Pursued, bool], None]
"""Takes in what came of a suspect, and whether it is a new finding."""
HELD = 16
"""How many findings are confirmed in one fresh guest."""
HELD_SECONDS = 60.0
"""How long a finding waits for others."""
IDLE_SECONDS = 5.0
"""How long there is nothing to pursue before those are confirmed that there are."""


class Here:
    """Pursues each suspect at once, on the lanes of the search."""

    def __init__(self, reference: Lane, target: Lane, backlog: Backlog, settle: Settle) -> None:
        self._pursuit, self._backlog, self._settle = Pursuit(reference, target), backlog, settle
        self.unexplained: Counter[str] = Counter()
        """Deaths in guests of its own: it has none."""

    def pursue(self, suspect: Suspect) -> None:
        """Pursue a suspect. Raises LaneError."""
        self._backlog.begin(suspect)
        pursued = self._pursuit.follow(suspect)
        self._settle(pursued, self._backlog.learn(pursued))

    def finish(self, *, everything: bool) -> int:
        """How many suspects are left: none."""
        return 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


class Elsewhere:
    """Pursues suspects in a thread, in a guest of its own, which is opened when there is something to pursue.

    What is found is told when it was there in a fresh guest as well: none of it may be the doing of the programs that
    ran before, such as a quota that they have used up.
    """

    def __init__(self, backlog: Backlog, opens: Opens, settle: Settle) -> None:
        self._backlog, self._opens, self._settle = backlog, opens, settle
        self._thread = threading.Thread(target=self._work, name="pursuer", daemon=True)
        self._error: BaseException | None = None
        self._stopped = False
        self._held: list[Pursued] = []
        self._since = 0.0
        """When the first of them was held."""
        self._stack = ExitStack()
        self._lanes: tuple[Lane, Lane] | None = None
        self.unexplained: Counter[str] = Counter()
        """Deaths in its guests of which no program is to blame, by lane."""

    def pursue(self, suspect: Suspect) -> None:
        """Have a suspect pursued. Raises what pursuing earlier ones has come to: LaneError, RunnerError."""
        self._raise()
        self._backlog.put(suspect)

    def finish(self, *, everything: bool) -> int:
        """Come to an end, with all that waits or with what is under way; how many suspects are left. Raises
        likewise."""
        self._backlog.close(everything=everything)
        self._thread.join()
        self._raise()
        return len(self._backlog)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped = kind is not None
        self._backlog.close(everything=False)
        if self._stopped:
            for lane in self._lanes or ():
                lane.interrupt()
        self._thread.join()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    # -- the thread

    def _work(self) -> None:
        for step in (self._pursue_all, self._close, self._settle_held):
            try:
                step()
            except BaseException as error:
                self._error = self._error or error

    def _settle_held(self) -> None:
        """What was confirmed is kept, whatever has ended the search."""
        for each in self._held:
            self._settle(each, True)

    def _pursue_all(self) -> None:
        while not self._stopped:
            suspect = self._backlog.take(IDLE_SECONDS)
            if self._stopped:
                return
            if suspect is not None:
                pursued = Pursuit(*(self._lanes or self._open())).follow(suspect)
                if self._backlog.learn(pursued):
                    self._since = self._since if self._held else time.monotonic()
                    self._held.append(pursued)
                else:
                    self._settle(pursued, False)
            if self._held and (
                suspect is None or len(self._held) >= HELD or time.monotonic() - self._since > HELD_SECONDS
            ):
                self._confirm()
            if suspect is None and self._backlog.closed:
                return

    def _open(self) -> tuple[Lane, Lane]:
        """The reference and the target, in guests in which nothing has run yet."""
        self._close()
        self._lanes = self._stack.enter_context(self._opens())
        return self._lanes

    def _close(self) -> None:
        for lane in self._lanes or ():
            self.unexplained[lane.name] += lane.unexplained
        self._lanes = None
        self._stack.close()

    def _confirm(self) -> None:
        pursuit = Pursuit(*self._open())
        while self._held:
            pursued = self._held[0]
            assert pursued.finding is not None
            is_there = pursuit.repeats(pursued.finding)
            self._held.pop(0)
            pursued = replace(pursued, executions=pursued.executions + 1)
            if is_there:
                self._settle(pursued, True)
            else:
                self._backlog.withdraw(pursued)
                self._settle(_not_in_a_fresh_guest(pursued), False)


def _not_in_a_fresh_guest(pursued: Pursued) -> Pursued:
    finding = pursued.finding
    assert finding is not None
    flake = Flake(finding.program, finding.difference, finding.signature.target, NOT_IN_A_FRESH_GUEST)
    return replace(pursued, finding=None, flake=flake)
