"""How a comparison of two runs is told in a terminal: what is lost, sums, what is worse, then the rest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from conformance.matrix.history import Change, Diff, Lost, Moved, moved_axes
from conformance.text import one_line, plural, wrapped

LINES = 40
"""How long a report is unless all of it is asked for, or what must be seen is longer."""
NAMED = 3
"""How many modules are named of those whose cases are lost."""
ENTRY = 2
"""Lines of a change."""


def report(
    found: Sequence[Diff],
    lost: Sequence[Lost],
    notes: Sequence[str] = (),
    *,
    full: bool = False,
    width: int | None = None,
) -> list[str]:
    """All lines, none wider than `width`; no more than fit a screen unless what is lost or worse needs them.

    What is lost or worse is wrapped; of the rest, what does not fit its line is cut unless all is asked for.
    """
    must = [*_lost(lost, full=full), *_sums(found, notes)]
    rest: list[str] = []
    for change in Change:
        for one in found:
            for each in one.moved:
                if each.change is change is not Change.LOST:
                    title = f"{one.title} " if len(found) > 1 else ""
                    (must if each.gates else rest).extend(_entry(each, one, title, full=full))
    room = max(LINES - len(must) - 1, 0) // ENTRY * ENTRY
    shown = rest if full or len(rest) <= room + 1 else rest[:room]
    lines = [each for line in must for each in _wrapped(line, width)]
    for line in shown:
        lines += _wrapped(line, width) if full else [_cut(line, width)]
    if hidden := (len(rest) - len(shown)) // ENTRY:
        lines.append(f"… and {plural(hidden, 'more entry', 'more entries')}: --full shows all")
    return lines


def _lost(lost: Sequence[Lost], *, full: bool) -> Iterator[str]:
    if lost:
        yield f"lost evidence ({plural(len(lost), 'reason')}):"
    for each in lost:
        yield f"  {each.why}"
        modules = list(dict.fromkeys(case.partition("::")[0] for case in each.cases))
        if full:
            yield from (f"    {case}" for case in each.cases)
        elif modules:
            more = f", and {plural(len(modules) - NAMED, 'more module')}" if len(modules) > NAMED else ""
            yield f"    {', '.join(modules[:NAMED])}{more}"


def _sums(found: Sequence[Diff], notes: Sequence[str]) -> Iterator[str]:
    """What was compared with what, and how it came out, a line each; what else has moved."""
    yield from (f"note: {each}" for each in notes)
    for one in found:
        counts = [f"{one.same} as before"]
        for change in Change:
            of_it = [each for each in one.moved if each.change is change]
            accepted = sum(each.expected is not None for each in of_it)
            if of_it:
                word = f"{change}s" if change in (Change.REGRESSION, Change.GAIN) and len(of_it) != 1 else str(change)
                counts.append(f"{len(of_it)} {word}" + (f" ({accepted} accepted)" if accepted else ""))
        if one.silent:
            counts.append(f"{one.silent} skipped by both")
        yield f"{one.title}{_releases(one)}: {', '.join(counts)}"
        yield from (f"  note: {axis}" for axis in moved_axes(one.before.column, one.after.column))


def _releases(one: Diff) -> str:
    releases = [each.column.facts.release if each.column.facts else "?" for each in (one.before, one.after)]
    return f" ({releases[0]})" if releases[0] == releases[1] else f" ({releases[0]} → {releases[1]})"


def _entry(moved: Moved, one: Diff, title: str, *, full: bool) -> Iterator[str]:
    """Two lines of a change, and both calls where all is asked for."""
    yield f"{moved.change}: {title}{moved.case}"
    words = moved.before if moved.before == moved.after else f"{moved.before} → {moved.after}"
    cause = f" ({moved.cause})" if moved.cause else ""
    once = "; seen once only" if moved.gates and moved.attempts == 1 else ""
    accepted = f"; accepted: {moved.expected.why}" if moved.expected else ""
    yield f"  {words}{cause}{': ' if moved.message else ''}{moved.message}{once}{accepted}"
    if full and moved.step is not None:
        for mark, side in (("-", one.before), ("+", one.after)):
            comparison = side.comparison(moved.case)
            calls = comparison.traces[side.name].calls if comparison else []
            yield f"    {mark} {calls[moved.step] if moved.step < len(calls) else '(no more calls)'}"


def _wrapped(line: str, width: int | None) -> list[str]:
    """A line on as many of a terminal as it takes."""
    told, indent = _told(line)
    return [" " * indent + told] if width is None else wrapped(told, width, indent)


def _cut(line: str, width: int | None) -> str:
    """A line as far as it fits one of a terminal."""
    told, indent = _told(line)
    line = " " * indent + told
    return line if width is None or len(line) <= width else line[: width - 1] + "…"


def _told(line: str) -> tuple[str, int]:
    """A line as a terminal can show it, since what a guest said is in it; and its indentation."""
    return one_line(line), len(line) - len(line.lstrip())
