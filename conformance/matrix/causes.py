"""Why a cell is not `same`: by rule from the evidence and the control, `unknown` rather than a guess."""

from __future__ import annotations

import errno
from collections.abc import Mapping

from conformance.matrix.compare import Difference, difference
from conformance.matrix.normalise import Normal
from conformance.matrix.versions import series
from conformance.model import Cause, Cell, Record, Verdict

IMITATIONS = ("profile", "gvisor", "wsl")
"""Runners whose targets are not the kernel that their release names, so that versions explain nothing."""
HARDWARE = "hardware: "
"""How a case begins the reason of `missing` when the processor or a device is what is missing."""


def cause_of(
    name: str, cells: Mapping[str, Cell], said: Mapping[str, Normal], records: Mapping[str, Record], reference: str
) -> Cause | None:
    """The cause of a target's cell; None for `same`, and for the reference."""
    cell = cells[name]
    if cell.verdict in (Verdict.SAME, Verdict.FLAKY) or name == reference:
        return None
    if cell.verdict is Verdict.SKIPPED:
        return Cause.POLICY
    if cell.message.startswith(HARDWARE):
        return Cause.HARDWARE
    if cell.verdict is Verdict.ERROR or _lacks_below(name, said, records):
        return Cause.ENVIRONMENT
    by_control = _by_control(name, cell, said, records, reference)
    if by_control:
        return by_control
    found = difference(said[cell.reference], said[name]) if cell.reference else None
    return _by_evidence(cell, found, imitation=records[name].target.runner in IMITATIONS)


def _lacks_below(name: str, said: Mapping[str, Normal], records: Mapping[str, Record]) -> bool:
    """Whether a profile says just what the kernel under it says without the profile: its control."""
    target = records[name].target
    below = target.control or ""
    if target.runner != "profile" or below not in said or records[below].target.runner != "local":
        return False
    return difference(said[below], said[name]) is None


def _by_control(
    name: str, cell: Cell, said: Mapping[str, Normal], records: Mapping[str, Record], reference: str
) -> Cause | None:
    """Two targets of one kernel series that differ in one thing: what they share against the reference is the version.

    The rule works both ways: a target with its control, and the control with a target that names it.
    """
    if records[name].target.runner in IMITATIONS:
        return None
    pairs = {records[name].target.control, *(each for each, record in records.items() if record.target.control == name)}
    for other in pairs:
        if other is None or other == reference or other not in said or not _same_series(records, name, other):
            continue
        if difference(said[other], said[name]) is None:
            return Cause.VERSION if not _same_series(records, name, reference) else None
        if cell.reference == other or (reference in said and difference(said[reference], said[other]) is None):
            return Cause.CONFIG
    return None


def _same_series(records: Mapping[str, Record], one: str, other: str) -> bool:
    facts = [records[each].facts if each in records else None for each in (one, other)]
    releases = [series(each.release) for each in facts if each]
    return len(releases) == 2 and releases[0] == releases[1] and bool(releases[0])


def _by_evidence(cell: Cell, found: Difference | None, *, imitation: bool) -> Cause:
    if cell.verdict is Verdict.MISSING or (found and found.errno == errno.ENOSYS):
        return Cause.ABSENT
    if found and found.errno in (errno.EPERM, errno.EACCES) and not found.reference_errno:
        return Cause.POLICY
    return Cause.SEMANTIC if imitation else Cause.UNKNOWN
