"""All that one target said of one case, read as one: whether it died, what it lacks, whether it agrees with itself."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property

from conformance.matrix.normalise import Normal, normalise
from conformance.model import CaseResult, Outcome, Record

DEATHS = (Outcome.CRASH, Outcome.HANG)
"""How a case, or its guest, may die; the graver first."""
UNTOLD = (Outcome.SKIPPED, Outcome.ERROR)
"""Outcomes that say nothing of the target."""


Normals = list[tuple[CaseResult, Normal]]
"""Results of one case with their comparable forms."""


@dataclass(frozen=True)
class Attempts:
    """The attempts of one target at one case, in order."""

    results: tuple[CaseResult, ...]
    normals: Normals = field(default_factory=list, compare=False, repr=False)
    """Shared by the targets of a case: most say the same, word for word, and are brought into that form once."""

    @cached_property
    def normal(self) -> tuple[Normal, ...]:
        """Each attempt in comparable form."""
        return tuple(map(self._normal, self.results))

    def _normal(self, result: CaseResult) -> Normal:
        for other, form in self.normals:
            alike = other.outcome is result.outcome and other.steps == result.steps
            if alike and other.observations == result.observations:
                return form
        found = normalise(result)
        self.normals.append((result, found))
        return found

    @property
    def steady(self) -> bool:
        """Whether every attempt says the same."""
        return len(self.results) == 1 or len(set(self.normal)) == 1

    @property
    def alike(self) -> bool:
        """Whether every attempt ended alike, whatever it did before."""
        return len({each.outcome for each in self.results}) == 1

    @property
    def passed(self) -> bool:
        """Whether there is an attempt, and every one passed."""
        return self._all(Outcome.PASSED)

    @property
    def lacks(self) -> bool:
        """Whether there is an attempt, and every one says that the feature is not there."""
        return self._all(Outcome.MISSING)

    @property
    def told(self) -> bool:
        """Whether any attempt says something of the target, and the last one was not lost by the harness."""
        return self.death is not None or (bool(self.results) and self.results[-1].outcome not in UNTOLD)

    @property
    def death(self) -> Outcome | None:
        """The gravest way in which any attempt died; None where none did."""
        ends = {each.outcome for each in self.results}
        return next((each for each in DEATHS if each in ends), None)

    @property
    def outcome(self) -> Outcome:
        """How the last attempt ended, unless another died. Only where there is an attempt."""
        return self.death or self.results[-1].outcome

    @property
    def message(self) -> str:
        """What the attempt said whose outcome is `outcome`, in one line; how many did, where others ended otherwise."""
        said = headline(self.said.message)
        if self.alike or self.death is None:
            return said
        others = Counter(str(each.outcome) for each in self.results if each.outcome is not self.outcome)
        rest = ", ".join(f"{count} {outcome}" for outcome, count in others.items())
        count = sum(each.outcome is self.outcome for each in self.results)
        return f"in {count} of {len(self.results)} attempts ({rest}): {said}"

    @property
    def said(self) -> CaseResult:
        """The last attempt, unless another died. Only where there is an attempt."""
        return next(each for each in reversed(self.results) if each.outcome is self.outcome)

    @property
    def speaking(self) -> Normal:
        """`said` in comparable form."""
        return next(each for each in reversed(self.normal) if each.outcome is self.outcome)

    def _all(self, outcome: Outcome) -> bool:
        return all(each.outcome is outcome for each in self.results) and bool(self.results)


def attempts_of(record: Record, case: str, normals: Normals | None = None) -> Attempts:
    """What a record has of a case. What the harness lost is passed over where a later attempt has made it good."""
    results = record.results.get(case, [])
    told = [at for at, each in enumerate(results) if each.outcome is not Outcome.ERROR]
    last = told[-1] if told else -1
    kept = tuple(each for at, each in enumerate(results) if each.outcome is not Outcome.ERROR or at > last)
    return Attempts(kept, [] if normals is None else normals)


def headline(message: str) -> str:
    """The line of a failure that says most: an assertion's own words, else the last line."""
    lines = [line for line in message.splitlines() if line.strip()]
    told = [line[1:].strip() for line in lines if line.startswith("E ")]
    found = (told[0] if told else lines[-1] if lines else "")[:300]
    return "".join(each if each.isprintable() else "\ufffd" for each in found)  # it may come to a terminal
