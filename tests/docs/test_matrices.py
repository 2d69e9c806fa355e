"""Matrices that pages show are those that the command above them prints: rows of features, and no more than fit."""

from __future__ import annotations

import ast
import re
import shlex
from dataclasses import dataclass

import pytest

from conformance.places import CALLS
from tests.docs.pages import FENCE, PAGES, PROMPT, ROOT, blocks, command, files, text

ROW = re.compile(r"^(?:[a-z]+ +| {2,})(?P<title>[A-Z].*?) {2,}\d+  \S")
"""A row of a matrix that has features. Areas have names in small letters."""
PLACE = re.compile(r"[a-z]+(?:/\w+\.py)?")
"""An area or a module of cases."""
BY_HAND = "not .calls"


@dataclass(frozen=True)
class Shown:
    """A run that a page shows with the rows of its matrix."""

    page: str
    words: tuple[str, ...]
    """The command's, without the program's name."""
    titles: frozenset[str]


def titles(lines: list[str]) -> frozenset[str]:
    """The titles of the rows of a matrix as it was printed."""
    return frozenset(found["title"] for found in map(ROW.match, lines) if found)


def shown(page: str) -> list[Shown]:
    """The runs of a page's code blocks."""
    found = []
    for block in blocks(page):
        for run in re.split(rf"^(?={re.escape(PROMPT)})", block.text, flags=re.MULTILINE):
            asked, *said = run.splitlines() or [""]
            words = command(asked.removeprefix(PROMPT))
            if words[:1] == ["run"] and titles(said):
                found.append(Shown(page, tuple(words), titles(said)))
    return found


def first() -> Shown:
    """The run of the first page, whose command stands in the sentence above its matrix."""
    said = text("README.md")
    [asked] = re.findall(r"`conformance (run [^`]*-t [^`]*)`", said)
    [matrix] = [found["text"] for found in FENCE.finditer(said) if "* the reference" in found["text"]]
    return Shown("README.md", tuple(shlex.split(asked)), titles(matrix.splitlines()))


def modules(run: Shown) -> list[str]:
    """The files of cases that a run takes, whatever its expression leaves of them."""
    places = [ROOT / "cases" / word for word in run.words if PLACE.fullmatch(word) and word != "run"]
    found = [path for each in places if each.exists() for path in ([each] if each.is_file() else each.iterdir())]
    return [
        path.relative_to(ROOT).as_posix() for path in found if path.name.startswith("test_") or path.suffix == CALLS
    ]


def title(module: str) -> str:
    """As a report has it: what stands before the colon of the docstring."""
    return (ast.get_docstring(ast.parse((ROOT / module).read_text(encoding="utf-8"))) or "").partition(":")[0].strip()


RUNS = [first(), *(run for page in PAGES for run in shown(page))]
THEIRS = [run for run in RUNS if not any(f"cases/{word}" in files(run.page) for word in run.words)]
"""Those of cases that the suite has, and no reader writes."""


@pytest.mark.parametrize("run", THEIRS, ids=lambda run: f"{run.page}: {' '.join(run.words)}")
def test_a_run_that_a_page_shows_has_rows_of_the_cases_that_it_names(run: Shown) -> None:
    """Programs as text have a row a file, tens of them in most areas, with which a table leaves its rows out."""
    taken = modules(run)
    assert run.titles <= {title(module) for module in taken if not module.endswith(CALLS)}
    assert BY_HAND in run.words or not any(module.endswith(CALLS) for module in taken)


def test_rows_are_told_from_everything_else() -> None:
    printed = ["events  Epoll, against a model      1  =        =", "        Polling          15  =    12D"]
    assert titles(printed) == {"Epoll, against a model", "Polling"}
    assert not titles(
        ["native*    33      ·           ·", "Cases by verdict: F fails, = same", "events   796  =   499M"]
    )
    assert len(THEIRS) > 2
