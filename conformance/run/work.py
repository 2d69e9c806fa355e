"""What is left to do of one pass over a target's cases, dealt out to its hands as they become free."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from enum import Enum, auto

from conformance.programs.cases import CaseProgram
from conformance.programs.harmful import touches
from conformance.run.models import CaseModel
from conformance.syscalls.machinery.touches import PROCESS

BATCH = 64
"""Programs that are dealt out at once: enough to hide the round trip, and a result comes at least every second."""
SMALLEST_BATCH = 8


class Task(Enum):
    """What a hand may do."""

    CASES = auto()
    """Cases that are written by hand, which the suite in a guest runs."""
    PROGRAMS = auto()
    """Cases that are programs, which the executor runs."""


PAYS = {Task.CASES: 40, Task.PROGRAMS: 128}
"""How much must be left, a hand, for a guest to be opened for it: the time that opening one takes."""


class Work:
    """A pass. Any of the hands may call it at any time; the first that is left takes all there is, however little."""

    def __init__(
        self,
        cases: Sequence[str],
        programs: Iterable[CaseProgram | CaseModel],
        hands: Collection[int],
        *,
        first: bool,
        weights: Mapping[str, float],
    ) -> None:
        """`hands`: who works, by number. `first`: nothing is doubted yet. `weights`: see there.

        Programs that may share a process come first: whatever needs its own ends the one that others share.
        """
        self.first = first
        self.failure: BaseException | None = None
        """What ended it before all was done."""
        self._cases = deque(cases)
        self._programs = deque(sorted(programs, key=_turn))
        self._hands = set(hands)
        self._busy: set[int] = set()
        self._joined: set[int] = set()
        """Who has been given something."""
        self._ended = False
        self._changed = threading.Condition()
        self._weights = weights
        if len(self._hands) > 1:  # a long one that comes last is waited for
            self._cases = deque(sorted(cases, key=weights.__getitem__, reverse=True))

    def next(self, hand: int, prefers: Task, prepared: Collection[Task]) -> Task | None:
        """What a hand that has nothing to do should do next, which may be taken by another meanwhile; None: all is
        done. Waits while others may still give something back.

        `prepared`: what it can do without opening a guest first.
        """
        with self._changed:
            self._busy.discard(hand)
            self._changed.notify_all()
            while not self._is_over:
                for task in sorted(Task, key=lambda each: each is not prefers):
                    if self._left(task) and (task in prepared or self._pays(hand, task)):
                        self._busy.add(hand)
                        self._joined.add(hand)
                        return task
                self._changed.wait()
            return None

    def cases(self) -> list[str]:
        """Some of the cases that are left: a part of the time that they take, so that all hands end together."""
        with self._changed:
            sharing = self._sharing(Task.CASES)
            if sharing < 2:
                found = list(self._cases)
                self._cases.clear()
                return found
            most = sum(map(self._weights.__getitem__, self._cases)) / (2 * sharing)
            found = []
            while self._cases and (not found or most >= self._weights[self._cases[0]]):
                found.append(self._cases.popleft())
                most -= self._weights[found[-1]]
            return found

    def batch(self) -> list[CaseProgram | CaseModel]:
        """Some of the programs that are left."""
        with self._changed:
            sharing = self._sharing(Task.PROGRAMS)
            fair = BATCH if sharing < 2 else math.ceil(len(self._programs) / (2 * sharing))
            size = min(max(fair, SMALLEST_BATCH), BATCH, len(self._programs))
            return [self._programs.popleft() for _ in range(size)]

    def give_back(self, cases: Iterable[str] = (), programs: Iterable[CaseProgram | CaseModel] = ()) -> None:
        """A hand has come to nothing, and this was not done."""
        with self._changed:
            self._cases.extendleft(reversed(list(cases)))
            self._programs.extendleft(reversed(list(programs)))
            self._changed.notify_all()

    def leave(self, hand: int) -> int:
        """A hand can do no more: the others take what is left. How many those are."""
        with self._changed:
            self._busy.discard(hand)
            self._hands.discard(hand)
            self._changed.notify_all()
            return len(self._hands)

    def end(self, failure: BaseException | None = None) -> None:
        """Let nobody begin anything any more."""
        with self._changed:
            self.failure = self.failure or failure
            self._ended = True
            self._changed.notify_all()

    def wait(self) -> None:
        """Until all is done, and nobody does anything any more."""
        with self._changed:
            while self._busy or not self._is_over:
                self._changed.wait()

    @property
    def _is_over(self) -> bool:
        return self._ended or not (self._busy or self._cases or self._programs)

    def _left(self, task: Task) -> int:
        return len(self._cases if task is Task.CASES else self._programs)

    def _sharing(self, task: Task) -> int:
        """How many may want a part of what is left."""
        return sum(hand in self._joined or self._pays(hand, task) for hand in self._hands)

    def _pays(self, hand: int, task: Task) -> bool:
        """Whether a hand should open a guest for what is left."""
        return hand == min(self._hands) or self._left(task) >= PAYS[task] * (hand + 1)


def _turn(program: CaseProgram | CaseModel) -> int:
    """Which come first: those that may share a process, then the others, then models, which take longest."""
    return 2 if isinstance(program, CaseModel) else int(PROCESS in touches(program.listing.program))
