"""Text for people: what a guest said goes through here before a terminal sees it."""

from __future__ import annotations

import re
import textwrap
import unicodedata

REPLACED = "\ufffd"
"""What stands for a character that a terminal would obey."""


def printable(text: str) -> str:
    """Text without what a terminal would obey, or what reorders a line: a guest may have said it. Lines stay."""
    return "".join(each if each.isprintable() or each == "\n" else " " if each == "\t" else REPLACED for each in text)


def one_line(text: str) -> str:
    """As `printable`, on one line, so that a guest cannot write lines of ours."""
    return printable(" ".join(text.split()))


def code_span(text: str) -> str:
    """Text as code in Markdown, in which nothing in it means anything (CommonMark, 6.1)."""
    said = one_line(text)
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", said)), default=0))
    room = " " if said.startswith("`") or said.endswith("`") or not said else ""
    return f"{fence}{room}{said}{room}{fence}"


def plural(count: int, one: str, many: str = "") -> str:
    """A count with its noun: `1 case`, `2 cases`."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def cells(text: str) -> int:
    """How many columns of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text)


def wrapped(text: str, width: int, indent: int = 0) -> list[str]:
    """A text in lines of so many columns at most; the second and later ones are indented by two more."""
    wide = cells(text) > len(text)
    return textwrap.wrap(
        text,
        width // 2 if wide else width,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + 2),
        break_on_hyphens=False,
    )
