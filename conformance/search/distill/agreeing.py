"""What several kernels say of one program: one promise for all, promises with conditions, or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from conformance.coverage.facts import NAMES
from conformance.matrix.versions import series
from conformance.programs.execution import Execution, succeeded
from conformance.programs.notation.judging import NOT_THERE
from conformance.programs.notation.model import Listing
from conformance.programs.notation.promises import End, Fails, Promise, Succeeds

Version = tuple[int, ...]
ABSENCE = frozenset((*NOT_THERE, "EOPNOTSUPP", "ENODEV", "ENOPKG"))
"""The errnos by which a kernel says that it was built without something, or that the machine lacks it."""
MOST_ERRNOS = 3
"""Of how many errnos a choice may be."""


@dataclass(frozen=True, slots=True)
class Testimony:
    """What a program did on one kernel."""

    version: Version
    execution: Execution
    alike: bool = True
    """Whether the kernel is configured as others are, so that what it does otherwise is a matter of its version."""


def version_of(release: str) -> Version:
    """The version and patch level of a release: (6, 1) of `6.1.0-56-cloud-amd64`; (0, 0) where it has none."""
    return series(release) or (0, 0)


def agreed(listing: Listing, witnesses: Sequence[Testimony]) -> Listing | None:
    """What all kernels promise, as far as it can be told; None where nobody can say on what it depends.

    `witnesses` has the one first of which the listing's promises are.
    """
    last = len(listing.steps) - 1
    while (at := _first_apart(witnesses)) is not None and (at < last or _is_unknown(witnesses, at)):
        # What comes before the fact, or the call itself, is there on some only: the program is theirs alone.
        if (since := _since(listing, witnesses, at)) is None:
            return None
        listing = replace(listing, condition=f"kernel >= {_said(since)}")
        witnesses = [each for each in witnesses if each.version >= since]
    if at is None:
        return listing if _same_results(witnesses) else _with_last(listing, (Promise(Succeeds()),))
    promises = _promises(listing.steps[-1].promises[0].end, witnesses, at)
    return _with_last(listing, promises) if promises else None


def _said(version: Version) -> str:
    return f"{version[0]}.{version[1]}"


def _outcome(witness: Testimony, at: int) -> str:
    """An errno, "" for success, and how the program ended where it was before that."""
    results = witness.execution.outcome.results
    if at >= len(results):
        return witness.execution.ending
    result = results[at][0]
    return "" if succeeded(result) else NAMES.get(-result, str(-result))


def _first_apart(witnesses: Sequence[Testimony]) -> int | None:
    """The first call of which kernels say something else."""
    count = len(witnesses[0].execution.program.steps)
    return next((at for at in range(count) if len({_outcome(each, at) for each in witnesses}) > 1), None)


def _is_unknown(witnesses: Sequence[Testimony], at: int) -> bool:
    """Whether some kernels carry a call out, and the others do not know it."""
    return {_outcome(each, at) for each in witnesses} == {"", "ENOSYS"}


def _same_results(witnesses: Sequence[Testimony]) -> bool:
    return len({each.execution.outcome.results[-1][0] for each in witnesses}) == 1


def _with_last(listing: Listing, promises: tuple[Promise, ...]) -> Listing:
    return replace(listing, steps=(*listing.steps[:-1], replace(listing.steps[-1], promises=promises)))


def _since(listing: Listing, witnesses: Sequence[Testimony], at: int) -> Version | None:
    """From which version on a call succeeds that older kernels lack; None where it is no matter of versions."""
    able = [each.version for each in witnesses if not _outcome(each, at)]
    others = [each for each in witnesses if _outcome(each, at)]
    if not able or not all(each.alike for each in others) or max(each.version for each in others) >= min(able):
        return None
    since = listing.steps[at].call.description.facts.since
    known = version_of(since) if {_outcome(each, at) for each in others} == {"ENOSYS"} else (0, 0)
    return known if max(each.version for each in others) < known <= min(able) else min(able)


def _promises(end: End, witnesses: Sequence[Testimony], at: int) -> tuple[Promise, ...]:
    """What is promised of the last call; nothing where it cannot be told."""
    said = {_outcome(each, at) for each in witnesses}
    errnos = said - {""}
    if not errnos <= set(NAMES.values()):
        return ()
    if groups := _by_version(witnesses, at):
        return tuple(_conditional(end, group, groups, number, witnesses[0]) for number, group in enumerate(groups))
    if "" in said and errnos <= ABSENCE:
        usual = errnos <= set(NOT_THERE)
        return (Promise(Succeeds(), missing=() if usual else tuple(sorted(errnos))),)
    if "" not in said and len(errnos) <= MOST_ERRNOS and not errnos & {"ENOSYS"}:
        return (Promise(Fails(tuple(sorted(errnos)))),)
    return ()


@dataclass(frozen=True, slots=True)
class _Group:
    """Kernels of neighbouring versions that say the same."""

    said: str
    first: Version
    last: Version


def _by_version(witnesses: Sequence[Testimony], at: int) -> list[_Group]:
    """The groups, newest first; none where what kernels say is no matter of their versions."""
    ordered = sorted(witnesses, key=lambda each: (each.version, _outcome(each, at)))
    found = []
    for said, several in groupby(ordered, key=lambda each: _outcome(each, at)):
        versions = [each.version for each in several]
        found.append(_Group(said, versions[0], versions[-1]))
    apart = all(older.last < newer.first for older, newer in pairwise(found))
    if not apart or len({each.said for each in found}) < len(found):
        return []
    newest = found[-1]
    if newest.said in ABSENCE or not _is_seen_among_alike(witnesses, at):
        return []
    return found[::-1]


def _is_seen_among_alike(witnesses: Sequence[Testimony], at: int) -> bool:
    """Whether kernels that are configured alike part in the same way as all do."""
    alike = {_outcome(each, at) for each in witnesses if each.alike}
    return alike == {_outcome(each, at) for each in witnesses}


def _conditional(end: End, group: _Group, groups: Sequence[_Group], number: int, first: Testimony) -> Promise:
    """What is promised of a group, on the condition that tells it from its neighbours."""
    terms = []
    if number < len(groups) - 1:
        terms.append(f"kernel >= {_said(group.first)}")
    if number:
        terms.append(f"kernel <= {_said(group.last)}")
    found: End = Fails((group.said,)) if group.said else Succeeds()
    if not group.said and not isinstance(end, Fails) and group.first <= first.version <= group.last:
        found = end
    return Promise(found, condition=" and ".join(terms))
