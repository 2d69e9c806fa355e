"""Why a cell is not `same`: by rule from the evidence and the control, `unknown` rather than a guess."""

from __future__ import annotations

import errno
import re
from collections.abc import Mapping
from dataclasses import dataclass

from conformance.matrix.attempts import Attempts
from conformance.matrix.compare import Difference, difference
from conformance.matrix.normalise import Normal, NormalStep
from conformance.matrix.versions import series
from conformance.model import Answers, Cause, Cell, Outcome, Record, Verdict
from conformance.syscalls.machinery.table import describe, stubs
from conformance.syscalls.machinery.touches import PRIVILEGES

HARDWARE = "hardware: "
"""How a case begins the reason of `missing` when the processor or a device is what is missing."""
FULL = (1 << 38) - 1
"""The capabilities up to CAP_AUDIT_READ (Linux 3.16). Those that came later are parts of CAP_SYS_ADMIN."""
NOT_THERE = frozenset(
    {errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOPROTOOPT, errno.EPROTONOSUPPORT, errno.ESOCKTNOSUPPORT}
    | {errno.EAFNOSUPPORT, errno.EPFNOSUPPORT, errno.ENOTTY}
)
"""Errors that say of a call, an option, a protocol or an ioctl that it is not there, rather than what is wrong."""
NOT_BUILT = frozenset(
    {errno.ENODEV, errno.ENXIO, errno.ENOENT, errno.EPROTONOSUPPORT, errno.EAFNOSUPPORT, errno.ESOCKTNOSUPPORT}
    | {errno.EPFNOSUPPORT}
)
"""What a kernel says of a device, a file or a protocol that was left out of it, however new it is."""


@dataclass(frozen=True, slots=True)
class Case:
    """One case on all targets of a run: what there is to judge a cell by."""

    title: str
    attempts: Mapping[str, Attempts]
    records: Mapping[str, Record]
    reference: str

    def lacked(self, name: str) -> bool:
        """Whether the reference lacks what a target has: it says so, or fails in a call that is not there."""
        theirs, mine = self.attempts.get(self.reference), self.said(name)
        if theirs is None or mine is None or theirs.lacks:
            return theirs is not None and theirs.lacks
        failed = theirs.steady and bool(theirs.results) and theirs.outcome is Outcome.FAILED
        return failed and _absent(difference(mine, theirs.speaking))

    def imitates(self, name: str) -> bool:
        """Whether a target is not the kernel that its release names, so that versions explain nothing."""
        return self.records[name].target.imitates

    def series(self, name: str) -> tuple[int, ...]:
        """The series of a kernel's release; empty where it is not known, or is no kernel's."""
        facts = self.records[name].facts if name in self.records else None
        return () if facts is None or self.imitates(name) else series(facts.release)

    def said(self, name: str | None) -> Normal | None:
        """What a target comes to: the last thing that it said, or how it died."""
        attempts = self.attempts.get(name) if name is not None else None
        return attempts.speaking if attempts and attempts.results else None

    def since(self, name: str) -> str:
        """The release that brought what a kernel lacks (`6.13`), where that is known and explains that it lacks it."""
        return introduced(self.attempts[name], self.title, self.series(name))


def since(call: str) -> str:
    """The release that first had a call; "" where it is older than Linux 2.6.13, or unknown."""
    return stubs()[call].facts.since if call in stubs() else ""


def gives_up_privileges(call: str) -> bool:
    """Whether a case may have fewer privileges after a call, or others: those of a namespace."""
    return call in stubs() and PRIVILEGES in stubs()[call].facts.touches


def introduced(lacking: Attempts, title: str, of: tuple[int, ...]) -> str:
    """The release that brought what a kernel of a series lacks, as calls and texts name it; "" if none is newer."""
    return next((each for each in _releases(lacking, title) if of and series(each) > of), "")


def _releases(lacking: Attempts, title: str) -> list[str]:
    """The releases that speak of what is missing, the surest first: the call's own, then the newest of each text's."""
    result = lacking.results[-1]
    last = result.steps[-1] if result.steps else None
    stub = describe(last.call, last.args, last.label) if last else None
    texts = [result.message, title, (stub and stub.__doc__) or ""]
    found = [since(last.call)] if last and last.errno == errno.ENOSYS else []
    for text in texts:
        found += sorted(re.findall(r"\bLinux (\d+\.\d+(?:\.\d+)*)", text), key=series, reverse=True)
    return [each for each in found if each]


def cause_of(name: str, cell: Cell, case: Case) -> Cause | None:
    """The cause of a target's cell; None for `same`, and for a reference that does not keep a promise."""
    if cell.verdict in (Verdict.SAME, Verdict.FLAKY, Verdict.INVALID):
        return None
    if cell.verdict is Verdict.SKIPPED:
        return Cause.POLICY if name != case.reference else None
    if cell.verdict is Verdict.MISSING and case.attempts[name].message.startswith(HARDWARE):
        return Cause.HARDWARE
    if cell.verdict is Verdict.NEW:
        return _of_new(name, case)
    if cell.verdict is Verdict.ERROR or _lacks_below(name, case):
        return Cause.ENVIRONMENT if name != case.reference else None
    found = _found(name, cell, case)
    return (
        _by_control(name, cell, case)
        or (_by_version(name, case) if cell.verdict is Verdict.MISSING or _absent(found) else None)
        or _by_evidence(name, cell, found, case)
    )


def _found(name: str, cell: Cell, case: Case) -> Difference | None:
    """Where a target departs from what it was held against."""
    against, mine = case.said(cell.reference), case.said(name)
    return difference(against, mine) if against and mine and cell.reference != name else None


def _absent(found: Difference | None) -> bool:
    """Whether what differs is a call or an operation that is not there, whatever the other side has against it."""
    return found is not None and found.errno in NOT_THERE and found.reference_errno not in NOT_THERE


def _of_new(name: str, case: Case) -> Cause | None:
    """Of what the reference lacks: the version where this kernel is newer, the configuration where it is no other."""
    mine, theirs = case.series(name), case.series(case.reference)
    if not mine or not theirs:
        return Cause.UNKNOWN
    if mine == theirs:
        return Cause.CONFIG
    return _by_version(case.reference, case) or Cause.UNKNOWN


def _lacks_below(name: str, case: Case) -> bool:
    """Whether a filter says just what the kernel under it says without the filter: its control."""
    target = case.records[name].target
    below, mine = case.said(target.control), case.said(name)
    if target.answers is not Answers.FILTER or below is None:
        return False
    if case.records[target.control or ""].target.answers is not Answers.HOST:
        return False
    return mine is not None and difference(below, mine) is None


def _by_control(name: str, cell: Cell, case: Case) -> Cause | None:
    """Two targets of one kernel series that differ in one thing: what they share against the reference is the version.

    The rule works both ways: a target with its control, and the control with a target that names it.
    """
    mine, reference = case.said(name), case.said(case.reference)
    named_by = {each for each, record in case.records.items() if record.target.control == name}
    for other in {case.records[name].target.control, *named_by} - {None, case.reference}:
        theirs = case.said(other)
        if mine is None or theirs is None or other is None or not _same_series(name, other, case):
            continue
        if difference(theirs, mine) is None:
            return Cause.VERSION if not _same_series(name, case.reference, case) else None
        as_reference = reference is not None and difference(reference, theirs) is None
        if cell.reference == other or as_reference or (case.attempts[other].passed and case.lacked(other)):
            return Cause.CONFIG
    return None


def _same_series(one: str, other: str, case: Case) -> bool:
    return bool(case.series(one)) and case.series(one) == case.series(other)


def _by_version(name: str, case: Case) -> Cause | None:
    """Of a kernel that lacks what is newer than it: a call or a text says so, or a newer kernel of this run has it.

    Unless one that is no newer has it as well.
    """
    mine, said = case.series(name), case.said(name)
    if not mine or said is None:
        return None
    having = {case.series(each) for each, attempts in case.attempts.items() if attempts.passed} - {()}
    if having and min(having) <= mine:
        return None
    if case.since(name):
        return Cause.VERSION
    left_out = bool(said.steps) and said.steps[-1].errno in NOT_BUILT
    return None if left_out or not having else Cause.VERSION


def _by_evidence(name: str, cell: Cell, found: Difference | None, case: Case) -> Cause:
    if cell.verdict is Verdict.MISSING or _absent(found):
        return Cause.ABSENT
    refused = found is not None and found.errno in (errno.EPERM, errno.EACCES) and not found.reference_errno
    if refused and found is not None and not _privileged(name, found, case):
        return Cause.POLICY
    return Cause.SEMANTIC if case.imitates(name) else Cause.UNKNOWN


def _privileged(name: str, found: Difference, case: Case) -> bool:
    """Whether a call was made by root with all capabilities: then no lack of privilege explains that it is refused."""
    facts, said = case.records[name].facts, case.said(name)
    if facts is None or said is None:
        return False
    before: tuple[NormalStep, ...] = said.steps[: found.step or 0]
    return (
        facts.uid == 0
        and facts.capabilities & FULL == FULL
        and not any(map(gives_up_privileges, {each.call for each in before}))
    )
