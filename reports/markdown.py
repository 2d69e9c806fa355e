"""The matrix as Markdown, what is wrong first, details folded: what fits into a comment on GitHub, or all of it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from conformance.model import Column, Comparison, Matrix, Verdict
from conformance.text import one_line, plural
from reports.summary import (
    GRAVITY,
    LEGEND,
    Found,
    Group,
    about,
    because,
    features,
    flaky,
    grouped,
    lost_evidence,
    outdated,
    repeat_command,
    totals,
    unexpected,
    words,
)

LIMIT = 65_000
"""Bytes of what is rendered unless all is asked for. GitHub takes 65,536 characters of a comment or a description."""
COMMANDS = 10
"""From how many unexpected differences on there is one command as an example, not one for each."""
LONGEST = 500
"""Characters of a name or a message, unless all is asked for."""


def render(matrix: Matrix, *, full: bool = False) -> bytes:
    """See `reports.registry.render`. Without `full`, at most LIMIT bytes, and it says what it leaves out."""
    page = _MarkdownPage(matrix, full)
    return _joined(list(page.sections()), None if full else LIMIT).encode()


@dataclass(frozen=True, slots=True)
class _Section:
    """A part of the page, whose items are left out from the end where there is no room."""

    items: Sequence[str]
    head: str = ""
    tail: str = ""
    what: str = ""
    """What its items are, for saying how many were left out."""
    essential: bool = False
    """Whether it gets its room before those that stand above it."""

    def text(self, room: int | None) -> str:
        """The section in so many bytes at most; nothing where not even its head fits."""
        frame = len(f"{self.head}{self.tail}\n".encode()) + len(self._rest(10**9))
        if room is not None and frame > room:
            return ""
        shown = []
        for item in self.items:
            frame += len(item.encode()) + 1
            if room is not None and frame > room:
                break
            shown.append(item)
        left = len(self.items) - len(shown)
        return "\n".join([self.head, *shown, *([self._rest(left)] if left else []), self.tail, ""])

    def _rest(self, count: int) -> str:
        return f"\n… and {count} more {self.what}: `conformance report RUN -f markdown --full`"


def _joined(sections: Sequence[_Section], limit: int | None) -> str:
    """All sections, or as much as fits: the essential ones have what they need, then the others by their order."""
    texts = {}
    for section in sorted(sections, key=lambda section: not section.essential):
        texts[id(section)] = text = section.text(limit)
        limit = None if limit is None else limit - len(text.encode()) - 1
    joined = "\n".join(texts[id(section)] for section in sections)
    return re.sub(r"\n{3,}", "\n\n", joined)


class _MarkdownPage:
    """A matrix on its way to Markdown."""

    def __init__(self, matrix: Matrix, full: bool) -> None:
        self.matrix = matrix
        self.longest = 10**9 if full else LONGEST
        self.commands = 10**9 if full else COMMANDS

    def sections(self) -> Iterator[_Section]:
        """Everything, the gravest first."""
        matrix = self.matrix
        yield _Section((), f"# Compatibility matrix, run {self._plain(matrix.run)}\n", essential=True)
        yield from self._lost()
        yield from self._unexpected()
        yield from self._listed("expectation", "out of date", outdated(matrix), lambda group: because(group.cell))
        yield from self._listed("flaky cell", "", flaky(matrix), lambda group: group.cell.message)
        yield self._sums()
        yield self._features()
        yield from self._notes()
        for column in matrix.columns:
            yield from self._differences(column)

    def _lost(self) -> Iterator[_Section]:
        items = []
        for each in lost_evidence(self.matrix):
            items.append(f"- **{self._plain(each.column.target.name)}** {self._plain(each.what)}")
            items += [f"  - {line}" for line in self._by_module(each.cases)]
        if items:
            yield _Section(items, "## Lost evidence\n\nNot seen, and so no verdict on any target:\n", what="lines")

    def _sums(self) -> _Section:
        matrix = self.matrix
        tallies = [totals(matrix, column) for column in matrix.columns]
        order = dict.fromkeys((Verdict.SAME, Verdict.NEW, *GRAVITY))
        verdicts = [verdict for verdict in order if any(tally[verdict] for tally in tallies)]
        rows = [
            [
                self._name(column),
                *(str(tally[each] or "") for each in verdicts),
                str(sum(comparison.cells[column.target.name].unexpected for comparison in matrix.comparisons) or ""),
            ]
            for column, tally in zip(matrix.columns, tallies, strict=True)
        ]
        head = (
            f"## {plural(len(matrix.comparisons), 'case')}\n\n{_heads(['target', *map(str, verdicts), 'unexpected'])}"
        )
        legend = "; ".join(f"**{each}**: {LEGEND[each]}" for each in verdicts)
        return _Section(
            [_row(each) for each in rows], head, f"\n\\* the reference. {legend}.\n", "targets", essential=True
        )

    def _unexpected(self) -> Iterator[_Section]:
        found = unexpected(self.matrix)
        if not found:
            return
        many = len(found) > self.commands
        items = []
        for group in grouped(found):
            items += self._group(group, with_target=True, commands=not many)
        column, comparison, _ = found[0]
        tail = (
            f"\nThe first again, and so each of them:\n\n{_block(self._command(column, comparison))}\n" if many else ""
        )
        yield _Section(items, f"## {plural(len(found), 'unexpected difference')}\n", tail, "lines")

    def _listed(self, noun: str, rest: str, found: Sequence[Found], told: Callable[[Group], str]) -> Iterator[_Section]:
        items = [
            f"- {self._plain(group.column.target.name)} {group.what}: {self._plain(told(group))}: "
            + ", ".join(self._by_module([comparison.case for comparison in group.comparisons]))
            for group in grouped(found)
        ]
        if items:
            yield _Section(items, f"## {plural(len(found), noun)} {rest}".rstrip() + "\n", "", "lines")

    def _group(self, group: Group, *, with_target: bool, commands: bool = False) -> list[str]:
        """What is said of some cells, with the first of them, then the others."""
        target = f"{self._plain(group.column.target.name)} " if with_target else ""
        message, reason = _code(self._cut(group.cell.message)), self._plain(because(group.cell))
        told = "; ".join(each for each in (message, reason) if each)
        lines = [f"- {target}**{group.cell.verdict}**{group.what.removeprefix(group.cell.verdict)}: {told}"]
        if commands:
            for comparison in group.comparisons:
                command = _block(self._command(group.column, comparison), "    ")
                lines.append(f"  - {_code(self._cut(comparison.case))}\n\n{command}\n")
        else:
            lines += [f"  - {line}" for line in self._by_module([comparison.case for comparison in group.comparisons])]
        return lines

    def _notes(self) -> Iterator[_Section]:
        matrix = self.matrix
        items = [f"- {self._plain(each.target.name)} is not here: {self._plain(each.why)}" for each in matrix.absent]
        items += [f"- warning: {self._plain(each)}" for each in matrix.warnings]
        for column in matrix.columns:
            items += [f"- {self._plain(column.target.name)}: {self._plain(line)}" for line in about(column)]
        if items:
            yield _folded(items, plural(len(items), "note") + " on the targets", "notes")

    def _features(self) -> _Section:
        rows, area = [], None
        for each in features(self.matrix):
            cells = [words(each.tally(column.target.name)) for column in self.matrix.columns]
            rows.append(_row([self._plain(each.area if each.area != area else ""), self._plain(each.title), *cells]))
            area = each.area
        head = _heads(["area", "feature", *map(self._name, self.matrix.columns)])
        return _folded(rows, plural(len(rows), "feature"), "features", head)

    def _differences(self, column: Column) -> Iterator[_Section]:
        """What is not `same` on a target and is not told above."""
        target = column.target.name
        found = [
            (column, comparison, cell)
            for comparison in self.matrix.comparisons
            if (cell := comparison.cells[target]).verdict not in (Verdict.SAME, Verdict.ERROR) and not cell.unexpected
        ]
        items = [line for group in grouped(found) for line in self._group(group, with_target=False)]
        if items:
            title = f"{one_line(column.label)[: self.longest]}: {plural(len(found), 'other case')} not the same"
            yield _folded(items, title, "lines")

    # -- pieces

    def _name(self, column: Column) -> str:
        return self._plain(column.label) + ("\\*" if column.target.name == self.matrix.reference else "")

    def _command(self, column: Column, comparison: Comparison) -> str:
        return one_line(repeat_command(self.matrix, comparison, column.target.name))

    def _by_module(self, cases: Iterable[str]) -> list[str]:
        """Cases in a few words: `module.py`: `test_one`, `test_two`."""
        lines = []
        for module, of_it in groupby(cases, lambda case: case.partition("::")[0]):
            names = [_code(self._cut(case.partition("::")[2])) for case in of_it]
            lines.append(f"{_code(self._cut(module))}: {', '.join(names)}")
        return lines

    def _cut(self, text: str) -> str:
        return text if len(text) <= self.longest else f"{text[: self.longest]}…"

    def _plain(self, text: str) -> str:
        return plain(self._cut(text))


def _folded(items: Sequence[str], title: str, what: str, head: str = "") -> _Section:
    """A section that opens when its title is clicked."""
    return _Section(
        items, f"<details><summary>{html.escape(title)}</summary>\n\n{head}".rstrip(" "), "\n</details>\n", what
    )


def _heads(names: Sequence[str]) -> str:
    return f"{_row(names)}\n{_row(['---'] * len(names))}"


def _row(cells: Sequence[str]) -> str:
    """A row of a table. What is in it has been escaped."""
    return f"|{'|'.join(cells)}|"


def _block(command: str, indent: str = "") -> str:
    """A command as a block of code, whatever is in it."""
    fence = _fence(command, 3)
    return "\n".join(f"{indent}{line}" for line in (f"{fence}sh", command, fence))


def _code(text: str) -> str:
    """Text as it is, in a monospaced face; outside of tables."""
    text = one_line(text)
    if not text:
        return ""
    fence = _fence(text, 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{space}{text}{space}{fence}"


def _fence(text: str, least: int) -> str:
    """Backticks enough to hold a text that has some."""
    return "`" * max([least, *(len(run) + 1 for run in re.findall("`+", text))])


def plain(text: str) -> str:
    """Text on one line with nothing in it that Markdown or HTML would take for its own, and that calls nobody."""
    escaped = _SPECIAL.sub(lambda found: "&#92;" if found[0] == "\\" else f"\\{found[0]}", one_line(text))
    return escaped.replace("@", "@\u2060")


_SPECIAL = re.compile(r"[\\`*~\[\]<>|#&]|(?<![^\W_])_|_(?![^\W_])")
"""What must be escaped: underscores not in the middle of a word. A backslash becomes an entity, since the last one of a
table's cell would escape the bar behind it, however often it is escaped itself."""
