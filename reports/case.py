"""One case for a terminal: what every target says of it, and both traces of those that depart, marked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from conformance.model import Column, Comparison, Matrix, Trace, Verdict
from conformance.text import cells, one_line, plural, printable, wrapped
from reports.summary import attempts, because, observation_text, repeat_command

SIDE_BY_SIDE = 110
"""Columns that a terminal has at least where two traces stand side by side."""
BEFORE, AFTER = 8, 24
"""Calls that are shown before the first difference and from it on, unless all are asked for."""


@dataclass(frozen=True, slots=True)
class _Pair:
    """One line of both traces."""

    mark: str
    """`>`: the first difference. `!`: differs too, which may follow from the first. Else a space."""
    left: str
    right: str


def render(matrix: Matrix, comparison: Comparison, targets: Sequence[str], width: int, *, full: bool = False) -> str:
    """A case on these targets, in lines of `width` columns; on those that depart from the reference if none is named.

    `full`: all of a trace, however long.
    """
    return "\n".join(_lines(matrix, comparison, targets, width, full)) + "\n"


def _lines(matrix: Matrix, comparison: Comparison, targets: Sequence[str], width: int, full: bool) -> Iterator[str]:
    yield one_line(comparison.case)
    if comparison.title:
        yield from wrapped(one_line(comparison.title), width)
    yield from wrapped(one_line(f"run {matrix.run}, against {matrix.reference}"), width)
    yield ""
    for column in matrix.columns:
        yield from _cell(column, comparison, width)
    chosen = list(targets) or [each.target.name for each in matrix.columns if _departs(matrix, each, comparison)]
    if not chosen:
        yield ""
        yield f"{matrix.reference}, as on all others:"
        yield from _single(comparison.traces.get(matrix.reference), width, full)
        yield from _again(matrix, comparison, matrix.reference)
    for name in chosen:
        yield ""
        yield from _target(matrix, comparison, name, width, full)


def _departs(matrix: Matrix, column: Column, comparison: Comparison) -> bool:
    cell = comparison.cells[column.target.name]
    return column.target.name != matrix.reference and cell.verdict not in (Verdict.SAME, Verdict.ERROR)


def _cell(column: Column, comparison: Comparison, width: int) -> Iterator[str]:
    """What a target says: verdict, cause, message, expectation."""
    cell = comparison.cells[column.target.name]
    cause = f" ({cell.cause})" if cell.cause else ""
    release = f" ({column.facts.release})" if column.facts else ""
    alarm = "  unexpected" if cell.unexpected else ""
    yield from wrapped(
        one_line(f"{column.target.name}{release}: {cell.verdict}{cause} {attempts(cell)}".rstrip() + alarm), width
    )
    taken = f"not run, but taken over from {cell.taken}" if cell.taken else ""
    for said in (cell.message, because(cell), taken):
        if said:
            yield from wrapped(one_line(said), width, 4)


def _target(matrix: Matrix, comparison: Comparison, name: str, width: int, full: bool) -> Iterator[str]:
    """One target's trace beside that of what it was held against."""
    cell, mine = comparison.cells[name], comparison.traces.get(name)
    against = cell.reference if cell.reference not in (None, name) else matrix.reference
    theirs = comparison.traces.get(against or "") if against != name else None
    if theirs is None:
        yield f"{name}:"
        yield from _single(mine, width, full)
    elif mine is None:
        yield f"{name} has no trace: it did not run the case to its end"
    else:
        yield from _pairs(f"{against}", f"{name}", _compared(theirs, mine, cell.step), width, full)
        yield from _observed(f"{against}", theirs, name, mine, width, full)
        yield from _cut(mine, theirs)
    if mine is not None and mine.message:
        yield ""
        yield f"{name} said:"
        for line in printable(mine.message).splitlines():
            yield from wrapped(line, width, 2) or [""]
    yield from _again(matrix, comparison, name)


def _again(matrix: Matrix, comparison: Comparison, name: str) -> Iterator[str]:
    yield ""
    yield "Again:"
    yield f"  {one_line(repeat_command(matrix, comparison, name))}"  # whole, so that it can be copied


def _compared(theirs: Trace, mine: Trace, step: int | None) -> list[_Pair]:
    found = []
    for at, (left, right) in enumerate(zip_longest(theirs.calls, mine.calls, fillvalue="")):
        mark = ">" if at == step else "!" if left != right and (step is None or at > step) else " "
        found.append(_Pair(mark, one_line(left), one_line(right)))
    return found


def _pairs(left: str, right: str, pairs: Sequence[_Pair], width: int, full: bool) -> Iterator[str]:
    """Two traces: side by side where there is room, else one, with the other's line under each that differs."""
    first = next((at for at, each in enumerate(pairs) if each.mark == ">"), None)
    if first is None:
        first = next((at for at, each in enumerate(pairs) if each.mark != " "), 0)
    begin, end = (0, len(pairs)) if full else (max(0, first - BEFORE), min(len(pairs), first + AFTER))
    shown = pairs[begin:end]
    if not pairs:
        yield f"{left} and {right} made no call"
        return
    side = (width - 4) // 2
    wide = width >= SIDE_BY_SIDE
    if wide:
        yield f"  {_padded(left, side)}  {right}"
    else:
        yield from wrapped(f"- {left}, + {right}, > the first difference", width)
    if begin:
        yield f"  … {plural(begin, 'call')} before (--full)"
    for each in shown:
        yield from _side_by_side(each, side) if wide else _stacked(each, width)
    if end < len(pairs):
        yield f"  … {plural(len(pairs) - end, 'call')} more (--full)"


def _side_by_side(pair: _Pair, side: int) -> Iterator[str]:
    columns = [wrapped(pair.left, side) or [""], wrapped(pair.right, side) or [""]]
    for at, (left, right) in enumerate(zip_longest(*columns, fillvalue="")):
        yield f"{pair.mark if at == 0 else ' '} {_padded(left, side)}  {right}".rstrip()


def _stacked(pair: _Pair, width: int) -> Iterator[str]:
    if pair.left == pair.right:
        yield from _behind(f"{pair.mark} ", pair.left, width)
        return
    for sign, line in (("-", pair.left), ("+", pair.right)):
        if line:
            yield from _behind(f"{sign}{pair.mark if pair.mark == '>' else ' '}", line, width)


def _behind(mark: str, line: str, width: int) -> Iterator[str]:
    """A line in as many as it takes, the first behind a mark."""
    for at, each in enumerate(wrapped(line, width - len(mark))):
        yield f"{mark if at == 0 else ' ' * len(mark)}{each}"


def _single(trace: Trace | None, width: int, full: bool) -> Iterator[str]:
    if trace is None:
        yield "  it has no trace: it did not run the case to its end"
        return
    end = len(trace.calls) if full else BEFORE + AFTER
    for each in trace.calls[:end]:
        yield from _behind("  ", one_line(each), width)
    if len(trace.calls) > end:
        yield f"  … {plural(len(trace.calls) - end, 'call')} more (--full)"
    for name, value in sorted(trace.observations.items()):
        yield from _behind("  ", one_line(f"{name} = {observation_text(value)}"), width)


def _observed(left: str, theirs: Trace, right: str, mine: Trace, width: int, full: bool) -> Iterator[str]:
    """What both have observed, the values that differ under one another; what is alike is counted where it is much."""
    shared = theirs.observations.keys() & mine.observations.keys()
    alike = {name for name in shared if theirs.observations[name] == mine.observations[name]}
    hidden = alike if not full and len(alike) > BEFORE + AFTER else set()
    for name in sorted({*theirs.observations, *mine.observations} - hidden):
        values = [
            observation_text(each.observations[name]) if name in each.observations else "(nothing)"
            for each in (theirs, mine)
        ]
        if values[0] == values[1]:
            yield from _behind("  ", one_line(f"{name} = {values[0]}"), width)
            continue
        for target, value in zip((left, right), values, strict=True):
            yield from _behind("! ", one_line(f"{name} on {target} = {value}"), width)
    if hidden:
        yield f"  … {plural(len(hidden), 'observation')} alike (--full)"


def _cut(*traces: Trace) -> Iterator[str]:
    if any(each.truncated for each in traces):
        yield "  … the case made more calls than are recorded"


def _padded(text: str, width: int) -> str:
    return text + " " * (width - cells(text))
