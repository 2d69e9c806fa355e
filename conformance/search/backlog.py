"""What a target's differences have taught so far, and those that wait to be pursued."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from threading import Condition

from conformance.search.compare import Signature, flags_of, signature
from conformance.search.finding import Finding, Pursued, Suspect
from conformance.search.lacking import is_absent

OF_A_KIND = 3
"""How many divergences that look alike are minimised, whatever they are with."""
OF_A_KIND_WITH_FLAGS = 12
"""How many are, if each is with other flags: those may be what is behind it."""
FRUITLESS = 6
"""How many tries of one kind may lead to nothing new before it is left alone."""


class Backlog:
    """The suspects of one target: put in by the search, taken out by who pursues them, which may be another thread."""

    def __init__(self, is_worth: Callable[[Finding], bool] = lambda _: True) -> None:
        """`is_worth`: whether a finding is one of what is searched for."""
        self.lacking: frozenset[str] = frozenset()
        """The descriptions of which is known that the target does not have them."""
        self._refuted: frozenset[str] = frozenset()
        self._kinds: Counter[tuple[str, ...]] = Counter()
        self._fruitless: Counter[tuple[str, ...]] = Counter()
        self._pursued: set[tuple[object, ...]] = set()
        self._signatures: set[Signature] = set()
        self._waiting: deque[Suspect] = deque()
        self._under_way: Counter[tuple[object, ...]] = Counter()
        """Kinds that wait or are being pursued, with their flags and without."""
        self._closed = self._is_over = False
        self._is_worth = is_worth
        self._changed = Condition()

    def __len__(self) -> int:
        with self._changed:
            return len(self._waiting)

    def is_known_well(self, suspect: Suspect) -> bool:
        """Whether there is nothing to be learned from one more of a kind."""
        with self._changed:
            with_flags = self._with_flags(suspect)
            if with_flags in self._under_way or self._under_way[suspect.kind] >= OF_A_KIND_WITH_FLAGS:
                return True
            return self._is_stale(suspect)

    def put(self, suspect: Suspect) -> None:
        """Have it wait for being pursued."""
        with self._changed:
            self._begin(suspect)
            self._waiting.append(suspect)
            self._changed.notify()

    def begin(self, suspect: Suspect) -> None:
        """Say that it is pursued at once."""
        with self._changed:
            self._begin(suspect)
            self._pursued.add(self._with_flags(suspect))

    def take(self, timeout: float | None = None) -> Suspect | None:
        """The suspect that says most: of the kind of which the fewest have been pursued. None after so many seconds
        without any, or once it is closed."""
        with self._changed:
            while not self._is_over:
                while self._waiting:
                    suspect = min(self._waiting, key=lambda each: self._kinds[each.kind] + self._fruitless[each.kind])
                    self._waiting.remove(suspect)
                    if not self._is_stale(suspect):
                        self._pursued.add(self._with_flags(suspect))
                        return suspect
                    self._end(suspect)
                if self._closed or not self._changed.wait(timeout):
                    return None
            return None

    @property
    def closed(self) -> bool:
        """Whether nothing comes any more."""
        return self._closed

    def learn(self, pursued: Pursued) -> bool:
        """Take in what came of a suspect; whether it is a new finding, and one that is worth being told."""
        suspect, finding = pursued.suspect, pursued.finding
        with self._changed:
            self._end(suspect)
            self.lacking |= pursued.lacking
            self._refuted |= pursued.refuted
            is_new = finding is not None and finding.signature not in self._signatures and self._is_worth(finding)
            if finding is not None and is_new:
                self._signatures.add(finding.signature)
            (self._kinds if is_new else self._fruitless)[suspect.kind] += 1
            return is_new

    def withdraw(self, pursued: Pursued) -> None:
        """Take back that a suspect was a new finding."""
        with self._changed:
            if pursued.finding is not None:
                self._signatures.discard(pursued.finding.signature)
            self._kinds[pursued.suspect.kind] -= 1
            self._fruitless[pursued.suspect.kind] += 1

    def close(self, *, everything: bool) -> None:
        """Let nobody wait for suspects any more; those that are there are still given out if `everything` is said."""
        with self._changed:
            self._closed, self._is_over = True, not everything
            self._changed.notify_all()

    def _with_flags(self, suspect: Suspect) -> tuple[object, ...]:
        found = suspect.difference
        if is_absent(found) and found.call not in self._refuted:
            return (suspect.target, found.call, found.target)
        return (*suspect.kind, flags_of(suspect.program.steps[found.step]))

    def _is_stale(self, suspect: Suspect) -> bool:
        found, kind = suspect.difference, suspect.kind
        if is_absent(found) and found.call in self.lacking:
            return True
        if signature(suspect.program, found, suspect.target) in self._signatures:
            return True
        most = OF_A_KIND if self._with_flags(suspect) in self._pursued else OF_A_KIND_WITH_FLAGS
        return self._kinds[kind] >= most or self._fruitless[kind] >= FRUITLESS

    def _begin(self, suspect: Suspect) -> None:
        self._under_way.update((suspect.kind, self._with_flags(suspect)))

    def _end(self, suspect: Suspect) -> None:
        self._under_way.subtract((suspect.kind, self._with_flags(suspect)))
        self._under_way += Counter()
