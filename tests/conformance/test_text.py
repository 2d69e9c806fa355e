from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.text import one_line, plural, printable

OBEYED = ["\x1b[2J", "\x1b]0;title\x07", "\r", "\x9b31m", "\x7f", "\u202e", "\u2066", "\x00", "\ud800", "\u200b"]


@pytest.mark.parametrize("said", OBEYED, ids=ascii)
def test_nothing_that_a_terminal_obeys_or_reorders_is_left(said: str) -> None:
    assert all(each.isprintable() for each in printable(f"a{said}b"))
    assert all(each.isprintable() for each in one_line(f"a{said}b"))
    printable(f"a{said}b").encode()


def test_text_that_is_harmless_stays() -> None:
    assert printable("naïve 試験\n(é)") == "naïve 試験\n(é)"


def test_what_is_one_line_cannot_write_another() -> None:
    assert (
        one_line("all is well\n\n0 unexpected\x0b\x85\u2028differences\tno")
        == "all is well 0 unexpected differences no"
    )


@pytest.mark.parametrize(("count", "told"), [(0, "0 cases"), (1, "1 case"), (2, "2 cases")])
def test_a_count_agrees_with_its_noun(count: int, told: str) -> None:
    assert plural(count, "case") == told


def test_a_noun_may_have_a_plural_of_its_own() -> None:
    assert [plural(count, "entry", "entries") for count in (1, 3)] == ["1 entry", "3 entries"]


COUNTED = (
    *("case", "note", "difference", "expectation", "module", "target", "record", "divergence", "program"),
    *("rule", "guest", "death", "column", "feature", "finding", "folder", "line", "execution"),
)


def _counted_blindly(path: Path) -> Iterator[str]:
    """Where a text says a number and a plural, whatever the number is: `{count} cases`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            for value, text in itertools.pairwise(node.values):
                if not isinstance(value, ast.FormattedValue) or not isinstance(text, ast.Constant):
                    continue
                constant = isinstance(value.value, ast.Name) and value.value.id.isupper()
                if not constant and re.match(rf" (more )?({'|'.join(COUNTED)})s\b", str(text.value)):
                    yield f"{path.name}:{node.lineno}: {ast.unparse(node)}"


def test_no_text_says_1_cases() -> None:
    root = Path(__file__).parents[2]
    places = ("conformance/cli", "conformance/matrix", "conformance/run", "conformance/rebase", "reports", "runners")
    found = [each for place in places for path in (root / place).rglob("*.py") for each in _counted_blindly(path)]
    assert found == []
