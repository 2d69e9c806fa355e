"""What a rebase brings: from what two kernels did and how they are configured to one report, and its verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from conformance.matrix.history import Change, Diff, Lost, Moved, lost, moved_axes
from conformance.matrix.versions import series
from conformance.rebase.causes import Entry, entries
from conformance.rebase.facts import Accepted, Effect, facts_of
from conformance.rebase.machine import MachineFact
from conformance.rebase.options import OptionMove, Shift, shifts
from conformance.rebase.table import CitedChange, OptionTable, table

REPORT_SCHEMA = 1
"""Version of a report as JSON."""


class Outlook(StrEnum):
    """What it comes to, the gravest first."""

    FAILED = "a kernel did not run"
    INCOMPLETE = "evidence is lost"
    NOTICED = "users will notice"
    UNNOTICED = "nothing will be noticed"


@dataclass(frozen=True, slots=True)
class ComparedKernel:
    """One of the two."""

    named: str
    """As the user named it."""
    release: str = ""
    config: Mapping[str, str] | None = None
    """None where its configuration cannot be had."""
    unreadable: str = ""
    """Why not, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class MeaningGroup:
    """Options that mean one thing to users, or of which the table does not know what they mean."""

    means: str
    shifts: list[Shift]


@dataclass(frozen=True, slots=True)
class Configuration:
    """How the two configurations differ."""

    lost: list[MeaningGroup] = field(default_factory=list)
    modules: list[MeaningGroup] = field(default_factory=list)
    gained: list[MeaningGroup] = field(default_factory=list)
    values: list[MeaningGroup] = field(default_factory=list)
    unmentioned: list[Shift] = field(default_factory=list)
    """Options of the older kernel of which the newer configuration has no word."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to tell."""
        return not (self.lost or self.modules or self.gained or self.values)


@dataclass(frozen=True, slots=True)
class Report:
    """What a rebase brings."""

    before: ComparedKernel
    after: ComparedKernel
    entries: list[Entry]
    """The gravest first."""
    configuration: Configuration
    same: int
    """Cases in which both kernels did the same."""
    compared: int
    flaky: list[Moved] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    """Why a kernel could not be run, a sentence each."""
    notes: list[str] = field(default_factory=list)
    machine: list[MachineFact] = field(default_factory=list)
    """Facts of the two machines. They are shown, and judge nothing."""
    schema: int = REPORT_SCHEMA

    @property
    def verdict(self) -> Outlook:
        """What it comes to."""
        if self.failed:
            return Outlook.FAILED
        if self.lost:
            return Outlook.INCOMPLETE
        return Outlook.NOTICED if any(each.fails for each in self.entries) else Outlook.UNNOTICED

    def of_kind(self, kind: Effect) -> list[Entry]:
        """The entries of a kind."""
        return [each for each in self.entries if each.kind is kind]


def judge(
    diff: Diff,
    before: ComparedKernel,
    after: ComparedKernel,
    accepted: Accepted = lambda _: None,
    known: OptionTable | None = None,
    machine: Sequence[MachineFact] = (),
) -> Report:
    """The report of two kernels that were run. `known`: the table of options, that which ships unless it is given."""
    rows = known or table()
    both = before.config is not None and after.config is not None
    moved = shifts(before.config or {}, after.config or {}) if both else {}
    sides = (diff.before, diff.after)
    failed = [f"{side.name}: {side.column.failed}" for side in sides if side.column.failed]
    died = [each for each in diff.moved if each.change is Change.DEATH]
    silent = [each for each in died if not accepted(each.case)]
    notes = [
        *(
            f"the configuration of {each.named} is not known: {each.unreadable}"
            for each in (before, after)
            if each.unreadable
        ),
        *moved_axes(diff.before.column, diff.after.column),
        *(f"dies on both kernels, as expected: {each.case}, {each.message}" for each in died if each not in silent),
    ]
    return Report(
        replace(before, release=diff.before.release or before.release),
        replace(after, release=diff.after.release or after.release),
        entries(facts_of(diff, accepted), moved, rows, _between(diff, after, rows)),
        configuration(moved, rows),
        diff.same,
        diff.compared,
        [each for each in diff.moved if each.change is Change.FLAKY],
        [] if failed else [*lost([diff]), *(Lost(_silence(each), [each.case]) for each in silent)],
        failed,
        notes,
        list(machine),
    )


def _silence(died: Moved) -> str:
    """Why nothing is known of a case: what kernels do in it that only one of them should."""
    return f"it dies on both kernels, so that nobody knows what else it would have shown: {died.message}"


def _between(diff: Diff, after: ComparedKernel, known: OptionTable) -> list[CitedChange]:
    """The changes that are cited of the releases between the two, but those that the newer configuration undoes."""
    older, newer, options = series(diff.before.release), series(diff.after.release), after.config or {}
    return [
        each
        for each in known.change
        if older and older < series(each.since) <= newer and options.get(each.without, "n") == "n"
    ]


def configuration(moved: Mapping[str, Shift], known: OptionTable) -> Configuration:
    """What has moved, by what it means."""

    def groups(*moves: OptionMove) -> list[MeaningGroup]:
        return _grouped([each for each in moved.values() if each.move in moves], known)

    return Configuration(
        groups(OptionMove.LOST),
        groups(OptionMove.MODULE),
        groups(OptionMove.GAINED, OptionMove.BUILT_IN),
        groups(OptionMove.VALUE),
        [each for each in moved.values() if each.unmentioned],
    )


def _grouped(found: Sequence[Shift], known: OptionTable) -> list[MeaningGroup]:
    by_meaning: dict[str, list[Shift]] = {}
    for each in found:
        row = known.row(each.name)
        by_meaning.setdefault(row.means if row else "", []).append(each)
    for means, members in by_meaning.items():
        if means:  # the option itself before those that are tied to it
            members.sort(key=lambda each: _is_tied(each, known))
    return [MeaningGroup(means, by_meaning[means]) for means in sorted(by_meaning, key=lambda each: (not each, each))]


def _is_tied(shift: Shift, known: OptionTable) -> bool:
    row = known.row(shift.name)
    return row is not None and row.name != shift.name
