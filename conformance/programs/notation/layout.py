"""Putting text on lines: what fits stays on one, what does not is broken in the same way always."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

WIDTH = 120
"""Columns of a line."""
STEP = 4
"""By how much what is inside stands further in, in columns."""


@dataclass(frozen=True, slots=True)
class Group:
    """Things in brackets: all on one line, or each on its own."""

    open: str
    items: tuple[Doc, ...]
    close: str


@dataclass(frozen=True, slots=True)
class Fill:
    """Things in a row, as many on a line as fit; `between` stands behind each but the last."""

    items: tuple[Doc, ...]
    between: str


@dataclass(frozen=True, slots=True)
class Join:
    """Things that stick together."""

    items: tuple[Doc, ...]


Doc: TypeAlias = "str | Group | Fill | Join"


def join(*items: Doc) -> Join:
    """Things that stick together."""
    return Join(items)


def flat(doc: Doc) -> str:
    """All on one line."""
    match doc:
        case str():
            return doc
        case Group():
            return f"{doc.open}{', '.join(map(flat, doc.items))}{doc.close}"
        case Fill():
            return doc.between.join(map(flat, doc.items))
        case Join():
            return "".join(map(flat, doc.items))


def laid(doc: Doc, indent: int, *, behind: int = 0, column: int | None = None) -> str:
    """As lines, the first of which begins in a column; those that follow stand further in than `indent`.

    `behind`: columns that something behind it takes on its last line.
    """
    column = indent if column is None else column
    if isinstance(doc, str):
        return doc
    one = flat(doc)
    if column + len(one) + behind <= WIDTH:
        return one
    match doc:
        case Group():
            pad = "\n" + " " * (indent + STEP)
            inner = [laid(each, indent + STEP, behind=1) for each in doc.items]
            return f"{doc.open}{pad}{(',' + pad).join(inner)}\n{' ' * indent}{doc.close}" if inner else one
        case Fill():
            return _filled(doc, indent, column, behind)
        case Join():
            out = ""
            for at, each in enumerate(doc.items):
                rest = _head(doc.items[at + 1 :]) or (behind if at == len(doc.items) - 1 else 0)
                out += laid(each, indent, behind=rest, column=_column(out, column))
            return out


def _filled(doc: Fill, indent: int, column: int, behind: int) -> str:
    out, last = "", len(doc.items) - 1
    for at, each in enumerate(doc.items):
        after = behind if at == last else len(doc.between.rstrip())
        here = _column(out, column)
        if at and here + len(flat(each)) + after > WIDTH:
            out = out.rstrip(" ") + "\n" + " " * (indent + STEP)
            here = indent + STEP
        out += laid(each, indent + STEP, behind=after, column=here) + (doc.between if at < last else "")
    return out


def _head(items: tuple[Doc, ...]) -> int:
    """How much of what follows cannot be moved to another line."""
    found = 0
    for each in items:
        if isinstance(each, str):
            found += len(each)
        elif isinstance(each, Group):
            return found + len(each.open)
        elif isinstance(each, Fill):
            return found + (len(flat(each.items[0])) if each.items else 0)
        else:
            return found + _head(each.items)
    return found


def _column(out: str, column: int) -> int:
    """Where the next character stands."""
    _, found, line = out.rpartition("\n")
    return len(line) if found else column + len(line)
