"""Two runs: what their kernels did, target by target: what has become worse, what else has changed, what is better.

What is compared is what was done, trace against trace, never a verdict against a verdict: each of those is against a
reference of its own, which may have moved as well. The references serve as a third opinion, and for causes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from conformance.conditions import holds
from conformance.matrix.attempts import DEATHS, Attempts, attempts_of, headline
from conformance.matrix.causes import introduced
from conformance.matrix.compare import ITSELF, Difference, difference
from conformance.matrix.expectations.conditions import versions_of
from conformance.matrix.versions import series
from conformance.model import (
    DIFFERENCES,
    Cause,
    Cell,
    Column,
    Comparison,
    Expectation,
    Matrix,
    Outcome,
    Record,
    Verdict,
)
from conformance.text import plural

BEFORE = "before"
"""What the older side is called in messages."""


class Change(StrEnum):
    """How what a target does in a case has moved, the gravest first."""

    LOST = "lost evidence"
    """One side says nothing, or was asked something else: nothing can be compared."""
    REGRESSION = "regression"
    """It passed or was refused, and does not pass or dies; or a call that succeeded is refused now."""
    DEATH = "still dies"
    """A crash or a hang on both sides."""
    CHANGED = "changed"
    """Both pass, or neither does, and not in the same way: somebody has to decide whether that is right."""
    FLAKY = "flaky"
    """A side does not agree with itself, so that the two cannot be told apart."""
    GAIN = "gain"
    """It passes, and did not."""


GATED = (Change.REGRESSION, Change.DEATH, Change.CHANGED)
"""What a gate must not let through unless somebody has accepted it."""


@dataclass(frozen=True, slots=True)
class Side:
    """One target of one run."""

    run: str
    """As the user called it."""
    matrix: Matrix
    """Of the whole run, with what is expected in it."""
    record: Record
    asked: Callable[[str], bool] = lambda _: True
    """Whether its run was to run a case, if there is one."""
    judged: Callable[[str], Comparison | None] | None = None
    """What the matrix of its run says of a case, where `matrix` has no comparisons: few cases move, and to judge all
    takes longer than to compare them."""

    @property
    def name(self) -> str:
        """The target's."""
        return self.record.target.name

    @property
    def column(self) -> Column:
        """The target's column of its run's matrix."""
        return next(each for each in self.matrix.columns if each.target.name == self.name)

    @property
    def release(self) -> str:
        """Of its kernel; empty where it never said."""
        facts = self.column.facts
        return facts.release if facts else ""

    def known(self) -> dict[str, str]:
        """The cases that the target was to run, or ran, with the hash of their definitions."""
        ran = self.record.results.items()
        hashes = {case: next((each.hash for each in results if each.hash), "") for case, results in ran}
        return {**hashes, **{info.id: info.hash for info in self.record.cases}}

    def comparison(self, case: str) -> Comparison | None:
        """What its run's matrix says of a case; None where no target of the run was to run it."""
        if self.judged is not None:
            return self.judged(case)
        return next((comparison for comparison in self.matrix.comparisons if comparison.case == case), None)

    def cell(self, case: str) -> Cell | None:
        """What its run's matrix says of the target in a case."""
        comparison = self.comparison(case)
        return comparison.cells[self.name] if comparison else None

    def lacks(self, case: str) -> str:
        """Why the target was never to run a case that another was to run."""
        where, module = f"{self.name} in {self.run}", case.partition("::")[0]
        if self.column.failed:
            return f"{where} could not be run"
        if module in self.column.lost:
            return f"{where} could not collect {module}"
        if not self.asked(case):
            return f"{where} was asked for other cases (--common compares those that both have)"
        return f"{where} has no such case"

    def shortcomings(self) -> list[str]:
        """Why not everything that was asked of the target is known, a sentence each."""
        column, where = self.column, f"{self.name} in {self.run}"
        if column.failed:
            return [f"{where} could not be run: {column.failed}"]
        found = [f"{where}: {module} could not be collected, its cases were not run" for module in column.lost]
        if not column.complete:
            found.append(f"{where}: the run did not end; finish it with `conformance run --resume {self.run}`")
        return found


@dataclass(frozen=True, slots=True)
class Moved:
    """A case in which a target does something else than before."""

    change: Change
    case: str
    before: str
    """How it ended, in a word: an outcome, `flaky`, `not run`, `no such case`."""
    after: str
    message: str
    """What differs, in one line; for lost evidence, why nothing can be compared."""
    step: int | None = None
    """The first call that differs, as an index into both traces."""
    cause: Cause | None = None
    attempts: int = 0
    """How often the newer side was seen."""
    steady: bool = True
    """Whether all attempts of the newer side ended alike."""
    expected: Expectation | None = None
    """Who has accepted the change: an expectation for the newer side that was no matter for the older one."""

    @property
    def gates(self) -> bool:
        """Whether it is a change for the worse, or one to decide about, that nobody accepted."""
        return self.change in GATED and self.expected is None

    def fails(self, flaky: str = "") -> bool:
        """Whether it makes exit status 1; `flaky` is what was chosen for what does not agree with itself."""
        if self.change is Change.FLAKY:
            return flaky == "fail"
        died = self.after in DEATHS
        return self.gates and not (flaky == "warn" and died and not self.steady)


@dataclass(frozen=True, slots=True)
class Lost:
    """Evidence that is not there: why, in a sentence, and the cases that it is about, where they are known."""

    why: str
    cases: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Diff:
    """What came of a target of one run beside one of another."""

    before: Side
    after: Side
    same: int
    """Cases in which both did the same."""
    silent: int
    """Cases that both skipped."""
    moved: list[Moved] = field(default_factory=list)
    """The gravest first."""

    @property
    def compared(self) -> int:
        """Cases of which both sides say something."""
        return self.same + sum(each.change is not Change.LOST for each in self.moved)

    @property
    def title(self) -> str:
        """The targets that are compared."""
        old, new = self.before.name, self.after.name
        return new if old == new else f"{old} → {new}"

    def shortcomings(self) -> list[str]:
        """Why not everything that was asked of the two targets is known, a sentence each."""
        return list(dict.fromkeys([*self.before.shortcomings(), *self.after.shortcomings()]))

    def lost(self) -> list[Lost]:
        """The cases that cannot be compared, by the reason."""
        by_reason: dict[str, list[Moved]] = {}
        for each in self.moved:
            if each.change is Change.LOST:
                by_reason.setdefault(each.message, []).append(each)
        return [self._lost(why, moved) for why, moved in by_reason.items()]

    def _lost(self, why: str, moved: list[Moved]) -> Lost:
        words = {f"{each.before} → {each.after}" for each in moved}
        told = f" ({next(iter(words))})" if len(words) == 1 else ""
        count = plural(len(moved), "case")
        return Lost(f"{self.title}: {count} cannot be compared{told}: {why}", [each.case for each in moved])


def lost(found: Sequence[Diff]) -> list[Lost]:
    """All evidence that is not there: what was not run at all first."""
    sentences = dict.fromkeys(each for one in found for each in one.shortcomings())
    gone = [*map(Lost, sentences), *(each for one in found for each in one.lost())]
    return gone if gone or any(each.compared for each in found) else [Lost("no case could be compared")]


def compare(before: Side, after: Side, takes: Callable[[str], bool] = lambda _: True, *, common: bool = False) -> Diff:
    """What has moved between two targets in the cases that are asked for.

    With `common`, cases that only one of the two was to run are left out; else they are lost evidence.
    """
    ours, theirs = after.known(), before.known()
    titles = {info.id: info.title for info in before.record.cases}
    same, silent, found = 0, 0, []
    for case in sorted(case for case in ours.keys() | theirs.keys() if takes(case)):
        if case not in ours or case not in theirs:
            if not common:
                found.append(_of_one_side(case, before, after, old=case in theirs))
            continue
        was, now = attempts_of(before.record, case), attempts_of(after.record, case)
        moved = _moved(case, was, now, redefined=_redefined(theirs[case], ours[case]))
        if moved is None and not now.told:
            silent += 1
        elif moved is None:
            same += 1
        else:
            if (
                moved.change is Change.GAIN
                and was.lacks
                and (since := introduced(was, titles[case], series(before.release)))
            ):
                moved = replace(moved, message=f"{moved.message} (since Linux {since})")
            cells = before.cell(case), after.cell(case)
            accepted = _accepted(moved, (before, cells[0]), (after, cells[1]))
            found.append(replace(_explained(moved, *cells), expected=accepted))
    order = list(Change)
    found.sort(key=lambda each: (order.index(each.change), not each.gates, each.case))
    return Diff(before, after, same, silent, found)


def _redefined(one: str, other: str) -> bool:
    return one != other and bool(one) and bool(other)


def _of_one_side(case: str, before: Side, after: Side, *, old: bool) -> Moved:
    """Of a case that the other side was never to run; that it dies is grave all the same."""
    side, other = (before, after) if old else (after, before)
    attempts = attempts_of(side.record, case)
    word, none = _word(attempts), "no such case"
    if not old and attempts.death:
        seen = len(attempts.results)
        return Moved(Change.REGRESSION, case, none, word, attempts.message, attempts=seen, steady=attempts.alike)
    return Moved(Change.LOST, case, word if old else none, none if old else word, other.lacks(case))


def _moved(case: str, was: Attempts, now: Attempts, *, redefined: bool) -> Moved | None:
    """What two targets that both were to run a case say of it; None where it is the same, or nothing on both."""
    change, found = _change(was, now)
    if change is None:
        return None
    words = (_word(was), _word(now))
    seen = len(now.results)
    if change is Change.LOST:
        return Moved(change, case, *words, _untold(was, now), attempts=seen)
    message = _message(change, was, now, found)
    if redefined and not now.death:
        return Moved(
            Change.LOST, case, *words, f"the case was redefined in between, and its outcome is another: {message}"
        )
    step = found.step if found else None
    return Moved(change, case, *words, message, step, attempts=seen, steady=now.alike)


def _change(was: Attempts, now: Attempts) -> tuple[Change | None, Difference | None]:
    """How two sides compare, and where they first differ, the gravest first."""
    if now.death:
        return (Change.DEATH if was.told and was.death is now.death else Change.REGRESSION), None
    if not was.told or not now.told:
        both_skipped = all(each.results and each.outcome is Outcome.SKIPPED for each in (was, now))
        return (None if both_skipped else Change.LOST), None
    found = difference(was.speaking, now.speaking, BEFORE)
    if was.passed != now.passed and not (_passes_at_all(was) and _passes_at_all(now)):
        return (Change.GAIN if now.passed else Change.REGRESSION if was.passed else Change.CHANGED), found
    if not was.steady or not now.steady:
        apart = was.steady is not now.steady and set(was.normal).isdisjoint(now.normal)
        return (Change.CHANGED if apart else Change.FLAKY), found
    if found is not None:
        refused = was.passed and now.passed and found.errno and not found.reference_errno
        return (Change.REGRESSION if refused else Change.CHANGED), found
    return (Change.CHANGED if _says_other(was, now) else None), None


def _passes_at_all(attempts: Attempts) -> bool:
    return any(each.outcome is Outcome.PASSED for each in attempts.results)


def _says_other(was: Attempts, now: Attempts) -> bool:
    """Whether two that end alike after the same calls give other reasons; what varies by itself is no reason."""
    reasons = [{_gist(headline(each.message)) for each in side.results} for side in (was, now)]
    return all(len(each) == 1 for each in reasons) and reasons[0] != reasons[1]


def _gist(message: str) -> str:
    """A message without addresses, which say nothing."""
    return re.sub(r"0x[0-9a-fA-F]{6,}", "0x…", message)


def _word(attempts: Attempts) -> str:
    """How a case ended, in a word."""
    if not attempts.results:
        return "not run"
    return str(attempts.outcome) if attempts.death or attempts.alike else str(Verdict.FLAKY)


def _untold(was: Attempts, now: Attempts) -> str:
    """Why two sides cannot be compared."""
    which, silent = ("after", now) if not now.told else (BEFORE, was)
    if not silent.results:
        return f"not run {which}: the run ended before this case"
    return f"{silent.outcome} {which}: {silent.message}" if silent.message else f"{silent.outcome} {which}"


def _message(change: Change, was: Attempts, now: Attempts, found: Difference | None) -> str:
    """What differs, in one line: what the newer side says of itself first."""
    if change is Change.GAIN:
        return f"{BEFORE}: {was.message}" if was.message else ""
    if change is Change.FLAKY:
        return "; ".join(_of_itself(each, when) for each, when in ((was, BEFORE), (now, "now")) if not each.steady)
    parts = [now.message if now.outcome is not Outcome.PASSED else "", found.message if found else ""]
    if found is None and not was.passed and was.message != now.message:
        parts.append(f"{BEFORE}: {was.message}")
    return "; ".join(dict.fromkeys(each for each in parts if each))


def _of_itself(attempts: Attempts, when: str) -> str:
    """How a side does not agree with itself."""
    if attempts.death:
        return f"{when}: {attempts.message}"
    own = next(own for each in attempts.normal if (own := difference(attempts.normal[0], each, ITSELF)))
    return f"{when} it differs from itself: {own.message}"


def _explained(moved: Moved, was: Cell | None, now: Cell | None) -> Moved:
    """With what the two matrices know of it: causes, and what a third target does."""
    if was is None or now is None:
        return moved
    cause = was.cause if moved.change is Change.GAIN else now.cause
    message = moved.message
    if moved.change in (Change.REGRESSION, Change.CHANGED):
        if now.verdict is Verdict.SAME and now.reference and was.verdict in DIFFERENCES:
            message += f" ({now.reference} does so as well)"
        elif was.verdict is Verdict.SAME and was.reference and now.verdict in DIFFERENCES:
            message += f" ({was.reference} does as {BEFORE})"
    return replace(moved, message=message, cause=None if cause is Cause.UNKNOWN else cause)


def _accepted(moved: Moved, older: tuple[Side, Cell | None], newer: tuple[Side, Cell | None]) -> Expectation | None:
    """The expectation that accepts a change: one for what the newer side does now that was no matter for the older one.

    So it must not hold for the older kernel or build. Where all versions are the same, which no condition tells apart,
    it is enough that the target did not do so before. One for a target of another name says nothing of what has
    changed.
    """
    (before, was), (after, now) = older, newer
    found = now.expected if now else None
    if found is None or was is None or moved.change not in GATED:
        return None
    if moved.change is Change.DEATH:
        return found
    older_versions, newer_versions = (versions_of(side.column.facts) for side in (before, after))
    if older_versions != newer_versions:
        return None if holds(found.when, older_versions) else found
    return found if before.name == after.name and found != was.expected else None


# -- what to compare with what


@dataclass(frozen=True, slots=True)
class TargetPairs:
    """Which target of one run is held beside which of another, and which have nobody."""

    pairs: list[tuple[str, str]]
    only_before: list[str] = field(default_factory=list)
    only_after: list[str] = field(default_factory=list)
    guessed: tuple[str, str] | None = None
    """The pair whose names are not the same, if there is one."""


def pairs_of(before: Matrix, after: Matrix) -> TargetPairs:
    """Targets of the same name, and the only two others where each run has just one beside its reference."""
    old, new = ([column.target.name for column in each.columns] for each in (before, after))
    left, right = [each for each in old if each not in new], [each for each in new if each not in old]
    others = [each for each in left if each != before.reference], [each for each in right if each != after.reference]
    pairs = [(each, each) for each in new if each in old]
    if len(others[0]) != 1 or len(others[1]) != 1:
        return TargetPairs(pairs, left, right)
    guessed = (others[0][0], others[1][0])
    return TargetPairs(
        [*pairs, guessed],
        [each for each in left if each not in guessed],
        [each for each in right if each not in guessed],
        guessed,
    )


AXES = ("suite", "scratch", "uid", "capabilities", "machine", "python", "made_by", "cpus", "isolation")
"""Facts that should be equal when two kernels are compared."""


def moved_axes(before: Column, after: Column) -> list[str]:
    """What else than the kernel has changed, a sentence each: a comparison is clean only when one axis moves."""
    if before.facts is None or after.facts is None:
        return []
    return [
        f"{after.target.name}: {axis} was {getattr(before.facts, axis)} and is {getattr(after.facts, axis)}"
        for axis in AXES
        if getattr(before.facts, axis) != getattr(after.facts, axis)
    ]
