"""Why a fact is as it is: by an option that differs between the two kernels and is known to show so, by a release.

What neither explains is `unknown`: an option that has not moved explains nothing, however well it would fit.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from conformance.rebase.facts import BUILT_IN, MODULE, Effect, RebaseFact
from conformance.rebase.options import OptionMove, Shift
from conformance.rebase.table import CitedChange, OptionSigns, OptionTable

UNKNOWN = "unknown"
FITTING: Mapping[Effect, tuple[OptionMove, ...]] = {
    Effect.LOST: (OptionMove.LOST, OptionMove.MODULE, OptionMove.VALUE),
    Effect.GAINED: (OptionMove.GAINED, OptionMove.BUILT_IN, OptionMove.VALUE),
    Effect.CHANGED: tuple(OptionMove),
}
"""Which moves of an option can explain which kind of fact."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is lost, changed or gained."""

    what: str
    """`CONFIG_X=y → m`, `since Linux 6.13`, `unknown`."""
    means: str = ""
    """What an option is to users."""
    option: str = ""
    """Its name, without CONFIG_; "" where it is no option."""
    source: str = ""
    """Where it is said that it shows so."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What one cause comes to."""

    kind: Effect
    """The gravest of its facts."""
    cause: Reason
    facts: list[RebaseFact]

    @property
    def witnesses(self) -> list[str]:
        """The cases that have seen it."""
        return list(dict.fromkeys(case for each in self.facts for case in each.witnesses))

    @property
    def areas(self) -> list[str]:
        """The folders of those."""
        return sorted({case.partition("/")[0] for case in self.witnesses})

    @property
    def title(self) -> str:
        """What it is about."""
        return self.cause.means or (self.facts[0].what if len(self.facts) == 1 else self.facts[0].subject)

    @property
    def needs_module(self) -> bool:
        """Whether all that is lost is that it was built in: it is there once its module has been loaded."""
        return self.kind is Effect.LOST and all(MODULE in each.what and BUILT_IN in each.what for each in self.facts)

    @property
    def accepted(self) -> str:
        """Why it is expected, where all of it is."""
        known = [each.accepted for each in self.facts]
        first = known[0]
        return first.why if first and all(known) else ""

    @property
    def fails(self) -> bool:
        """Whether it is a change for the worse, or one to decide about, that nobody has accepted."""
        return self.kind is not Effect.GAINED and not all(each.accepted for each in self.facts)


def entries(
    facts: list[RebaseFact],
    moved: Mapping[str, Shift],
    known: OptionTable,
    changes: Sequence[CitedChange] = (),
) -> list[Entry]:
    """The facts by their causes, the gravest first: all that one option explains is one entry, else what is about one
    thing. `changes` are those between the two releases."""
    places = {each.subject for each in facts}
    found: dict[tuple[str, str], Entry] = {}
    for fact in facts:
        cause = cause_of(fact, moved, known, changes)
        key = (cause.what, cause.means) if cause.means else (cause.what, f"{fact.kind} {_within(fact.subject, places)}")
        if key in found:
            found[key].facts.append(fact)
        else:
            found[key] = Entry(fact.kind, cause, [fact])
    order = list(Effect)
    return sorted(found.values(), key=lambda each: (order.index(each.kind), not each.cause.option, each.title))


def cause_of(
    fact: RebaseFact, moved: Mapping[str, Shift], known: OptionTable, changes: Sequence[CitedChange] = ()
) -> Reason:
    """The option that fits best of those that have moved the way that explains it, else the release, else unknown."""
    fitting = [(row, moved[row.name]) for row in known.option if row.name in moved]
    close = [
        (closeness, row, shift)
        for row, shift in fitting
        if shift.move in FITTING[fact.kind] and (closeness := row.closeness(fact.signs))
    ]
    if close:
        _, row, shift = max(close, key=lambda each: each[0])
        return _of_option(row, shift)
    if fact.since:
        return Reason(f"since Linux {fact.since}")
    cited = max(changes, key=lambda each: each.closeness(fact.signs), default=None)
    if cited is None or not cited.closeness(fact.signs):
        return Reason(UNKNOWN)
    return Reason(f"since Linux {cited.since}", cited.means, source=cited.source)


def _within(subject: str, subjects: Collection[str]) -> str:
    """What a fact is counted with: the directory that has moved as well, if there is one, since an entry below it
    comes and goes with it."""
    parts = subject.split("/")
    above = ("/".join(parts[:end]) for end in range(2, len(parts)))
    return next((each for each in above if each in subjects), subject)


def _of_option(row: OptionSigns, shift: Shift) -> Reason:
    return Reason(str(shift), row.means, row.name, row.source)
