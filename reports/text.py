"""The terminal's matrix: what is wrong first and all of it, then sums, then as much of the table as fits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from conformance.model import Column, Comparison, Matrix, Verdict
from conformance.text import cells, one_line, plural, wrapped
from reports.registry import WIDTH
from reports.summary import (
    GRAVITY,
    Feature,
    Found,
    about,
    areas,
    command_words,
    explained,
    features,
    flaky,
    grouped,
    legend_of_marks,
    lost_evidence,
    outdated,
    printable,
    totals,
    unexpected,
)

NARROWEST = 30
LINES = 40
"""How long the text may be, unless all of it is asked for or what is wrong takes more."""
LISTED = 5
"""How many out-of-date expectations, flaky cells and cases of lost evidence are listed where not all is asked for."""
COMMANDS = 10
"""From how many unexpected differences on there is one command as an example, not one for each."""
TITLE_WIDTH = (16, 40)
"""The least and the most columns for the title of a feature."""


def render(matrix: Matrix, width: int = WIDTH, *, full: bool = False) -> bytes:
    """See `reports.registry.render`."""
    return (render_text(matrix, width, full=full) + "\n").encode()


def render_text(matrix: Matrix, width: int = WIDTH, *, full: bool = False) -> str:
    """The matrix for a terminal of that many columns; `full`: with every feature and every note."""
    return printable("\n".join(_TextPage(matrix, max(width, NARROWEST), full).lines()))


class _TextPage:
    """A matrix on its way to a terminal."""

    def __init__(self, matrix: Matrix, width: int, full: bool) -> None:
        self.matrix, self.width, self.full = matrix, width, full
        self.columns = [column for column in matrix.columns if _has_verdicts(matrix, column)]
        self.shown = 10**9 if full else LISTED

    def lines(self) -> list[str]:
        """Everything, the gravest first."""
        found = [*self._lost(), *self._unexpected(), *self._outdated(), *self._flaky(), *self._sums()]
        absent = list(self._absent())
        room = 10**9 if self.full else LINES - len(found) - len(absent) - 2
        table, left_out = self._table(room)
        found += [*table, *absent]
        notes = [self._notes(10**9), self._notes(1), []]
        left = max(LINES - len(found) - 1, 0)
        fitting = next(each for each in notes if self.full or len(each) <= left)
        left_out += [] if fitting is notes[0] else ["notes"]
        found += fitting
        return found + (self._wrapped(f"Left out: {' and '.join(left_out)}; --full shows all.") if left_out else [])

    # -- what is wrong

    def _lost(self) -> Iterator[str]:
        lost = lost_evidence(self.matrix)
        if not lost:
            return
        yield from self._wrapped("LOST EVIDENCE: what follows was not seen, and is no verdict on any target")
        for each in lost:
            yield from self._wrapped(f"{each.column.target.name} {each.what}", 2)
            modules = Counter(case.partition("::")[0] for case in each.cases)
            what = each.cases if self.full else [f"{name}: {plural(n, 'case')}" for name, n in modules.items()]
            yield from (f"      {one_line(name)}" for name in what[: self.shown])
            if len(what) > self.shown:
                yield f"      … and {plural(len(what) - self.shown, 'more module')}"
        yield ""

    def _unexpected(self) -> Iterator[str]:
        found = unexpected(self.matrix)
        if not found:
            return
        yield plural(len(found), "unexpected difference").upper()
        each_command = self.full or len(found) <= COMMANDS
        yield from self._grouped(found, commands=each_command)
        if not each_command:
            yield "  The first again, and so each of them:"
            column, comparison, _ = found[0]
            yield from self._command(column, comparison)
        yield ""

    def _outdated(self) -> Iterator[str]:
        found = outdated(self.matrix)
        title = f"{plural(len(found), 'expectation')} out of date; `conformance expect --prune` drops such"
        yield from self._bounded(title, found)

    def _flaky(self) -> Iterator[str]:
        found = flaky(self.matrix)
        yield from self._bounded(f"{plural(len(found), 'flaky cell')}: attempts that do not agree", found)

    def _bounded(self, title: str, found: Sequence[Found]) -> Iterator[str]:
        if not found:
            return
        yield from self._wrapped(title)
        yield from self._grouped(found[: self.shown])
        if len(found) > self.shown:
            yield f"  … and {len(found) - self.shown} more"
        yield ""

    def _grouped(self, found: Sequence[Found], *, commands: bool = False) -> Iterator[str]:
        """Cells of which the same is said under what is said, the gravest first."""
        for group in grouped(found):
            told = explained(group.cell)
            yield from self._wrapped(f"{group.column.target.name} {group.what}{': ' if told else ''}{told}", 2)
            for comparison in group.comparisons:
                yield f"      {one_line(comparison.case)}"
                if commands:
                    yield from self._command(group.column, comparison)

    def _command(self, column: Column, comparison: Comparison) -> Iterator[str]:
        """A command in lines that a shell takes as one; only a word is ever wider than the terminal."""
        lines = [""]
        for word in map(one_line, command_words(self.matrix, comparison, column.target.name)):
            if lines[-1] and len(lines[-1]) + len(word) + len("            \\") > self.width:
                lines.append("")
            lines[-1] += f"{' ' if lines[-1] else ''}{word}"
        yield from ("        " + " \\\n          ".join(lines)).split("\n")

    # -- sums and table

    def _sums(self) -> list[str]:
        """How many cases of each target say what."""
        matrix = self.matrix
        head = f"{plural(len(matrix.comparisons), 'case')}, run {matrix.run}; * the reference"
        tallies = [totals(matrix, column) for column in matrix.columns]
        order = dict.fromkeys((Verdict.SAME, Verdict.NEW, *GRAVITY))
        verdicts = [verdict for verdict in order if any(tally[verdict] for tally in tallies)]
        wrong = [
            sum(comparison.cells[column.target.name].unexpected for comparison in matrix.comparisons)
            for column in matrix.columns
        ]
        labels = [column.label for column in matrix.columns]
        for names in (labels, [column.target.name for column in matrix.columns]):
            rows = [
                [self._name(column, name), *(str(tally[each] or "·") for each in verdicts), str(count or "·")]
                for column, name, tally, count in zip(matrix.columns, names, tallies, wrong, strict=True)
            ]
            lines = _aligned([["", *map(str, verdicts), "unexpected"], *rows])
            if max(map(cells, lines)) <= self.width:
                return [*self._wrapped(head), *lines, ""]
        lines = []
        for column, tally, count in zip(matrix.columns, tallies, wrong, strict=True):
            told = [f"{tally[verdict]} {verdict}" for verdict in verdicts if tally[verdict]]
            told += [f"{count} unexpected"] if count else []
            lines += self._wrapped(f"{self._name(column, column.label)}: {', '.join(told) or 'nothing'}", 2)
        return [*self._wrapped(head), *lines, ""]

    def _name(self, column: Column, name: str) -> str:
        return one_line(name) + ("*" if column.target.name == self.matrix.reference else "")

    def _table(self, room: int) -> tuple[list[str], list[str]]:
        """As much of the table as fits into so many lines, and what is left out."""
        if not self.matrix.comparisons:
            return [], []
        by_feature = features(self.matrix)
        by_area = areas(self.matrix)
        legend = [*self._wrapped(f"Cases by verdict: {legend_of_marks(self.matrix)}"), ""]
        for groups, form in ((by_feature, self._grid), (by_area, self._grid), (by_area, self._transposed)):
            table = form(groups) or self._transposed(groups)
            if len(table) + len(legend) <= room:
                return [*table, *legend], [] if groups is by_feature else ["features"]
        return [], ["the table"]

    def _grid(self, groups: Sequence[Feature]) -> list[str] | None:
        """A row a feature, a column a target; None where the terminal is too narrow for that."""
        names = [self._name(column, column.target.name) for column in self.columns]
        rows = [
            [str(len(each.comparisons)), *(each.marks(column.target.name) for column in self.columns)]
            for each in groups
        ]
        right = _aligned([["cases", *names], *rows], left=False)
        room = self.width - max(map(cells, right)) - 2
        least, most = TITLE_WIDTH
        has_areas = any(each.module for each in groups)
        area_width = max(len(each.area) for each in groups) + 2 if has_areas else 0
        if room < least:
            return None
        if has_areas and room - area_width < least:
            return self._with_headings(groups, right, min(room, most))
        title_width = min(room - area_width, most, max(cells(one_line(each.title)) for each in groups))
        lines, area = [f"{'':{area_width + title_width}}  {right[0]}"], ""
        for each, line in zip(groups, right[1:], strict=True):
            shown = one_line(each.area) if has_areas and each.area != area else ""
            lines.append(f"{fitted(shown, area_width)}{fitted(one_line(each.title), title_width)}  {line}".rstrip())
            area = each.area
        return lines

    def _with_headings(self, groups: Sequence[Feature], right: Sequence[str], title_width: int) -> list[str]:
        """A grid whose areas are lines of their own."""
        lines, area = [f"{'':{title_width}}  {right[0]}"], None
        for each, line in zip(groups, right[1:], strict=True):
            if each.area != area:
                lines.append(fitted(one_line(each.area), self.width).rstrip())
                area = each.area
            lines.append(f"{fitted(f'  {one_line(each.title)}', title_width)}  {line}".rstrip())
        return lines

    def _transposed(self, groups: Sequence[Feature]) -> list[str]:
        """A paragraph a target: what is not all the same there."""
        lines = []
        for column in self.columns:
            target = column.target.name
            told = [f"{one_line(each.title)} {marks}" for each in groups if (marks := each.marks(target)) != "="]
            unbroken = [each.replace(" ", "\xa0") for each in told]
            paragraph = f"{self._name(column, target)}: {', '.join(unbroken) or 'all the same'}"
            lines += [each.replace("\xa0", " ") for each in wrapped(paragraph, self.width, 2)]
        return lines

    # -- what a reader must know

    def _absent(self) -> Iterator[str]:
        for each in self.matrix.absent:
            yield from self._wrapped(f"{each.target.name} is not here: {each.why}")

    def _notes(self, count: int) -> list[str]:
        """Warnings, and so many notes of each target at most."""
        notes = [f"warning: {each}" for each in self.matrix.warnings]
        for column in self.matrix.columns:
            notes += [f"{column.target.name}: {line}" for line in about(column)[:count]]
        return [line for each in notes for line in self._wrapped(each)]

    def _wrapped(self, text: str, indent: int = 0) -> list[str]:
        return wrapped(one_line(text), self.width, indent)


def _has_verdicts(matrix: Matrix, column: Column) -> bool:
    """Whether there is anything to say of a target in a table: it was run at all."""
    return any(comparison.cells[column.target.name].verdict is not Verdict.ERROR for comparison in matrix.comparisons)


def fitted(text: str, width: int) -> str:
    """A text in exactly so many columns."""
    if cells(text) > width:
        while text and cells(text) >= width:
            text = text[:-1]
        text += "…"[:width]
    return text + " " * (width - cells(text))


def _aligned(rows: Sequence[Sequence[str]], *, left: bool = True) -> list[str]:
    """Rows as lines, columns aligned: numbers to the right behind a name, or all to the left."""
    widths = [max(cells(row[at]) for row in rows) for at in range(len(rows[0]))]
    lines = []
    for row in rows:
        padded: Iterable[str] = (
            " " * (wide - cells(each)) + each
            if (at and left) or (not at and not left)
            else each + " " * (wide - cells(each))
            for at, (each, wide) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join(padded).rstrip())
    return lines
