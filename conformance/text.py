"""Text for people: what a guest said goes through here before a terminal sees it."""

from __future__ import annotations

import re

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
