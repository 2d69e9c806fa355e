"""Whoever reads on is not lost: links lead somewhere, and the first page is short.

That every page of the site is in its table of contents is what Sphinx sees to (`tox -e docs`).
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from conformance.cli import COMMANDS
from reports.json_report import schema
from tests.docs.pages import FENCE, PAGES, ROOT, blocks, files, text
from tests.test_architecture import ALLOWED

README_BYTES = 6144
COLUMNS = 120
ROWS = 10
LINK = re.compile(r"(?<!`)\[[^\]\n]*(?:\n[^\]\n]*)?\]\(([^)\s]+)\)")
OUTSIDE = re.compile(r"https://[a-z0-9.-]+\.[a-z]+(/[^\s]*)?|mailto:\S+@\S+")
"""The form of a link that leaves the checkout. It is not fetched."""


def links(page: str) -> list[str]:
    """Where a page's links lead."""
    return LINK.findall(FENCE.sub("", text(page)))


def anchors(page: str) -> set[str]:
    """What a link to a part of a page may end with, as GitHub and MyST make it of headings."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text(page)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def wrong(page: str, link: str) -> str:
    """What is wrong with a link, or nothing."""
    if ":" in link:
        return "" if OUTSIDE.fullmatch(link) else f"{page}: {link} is not a link that anybody could follow"
    path, _, anchor = link.partition("#")
    found = (ROOT / page).parent / path if path else ROOT / page
    if not found.exists():
        return f"{page}: {link}: there is no such file"
    if anchor and found.suffix == ".md" and anchor not in anchors(os.path.relpath(found, ROOT)):
        return f"{page}: {link}: there is no such part of it"
    return ""


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    assert [said for link in links(page) if (said := wrong(page, link))] == []


@pytest.mark.parametrize("link", ["nowhere.md", "README.md#no-such-part", "http:/example", "#nor-this"])
def test_a_link_that_leads_nowhere_is_seen(link: str) -> None:
    assert wrong("CONTRIBUTING.md", link)


PARTS = ("conformance", "cases", "runners", "reports", "tests", "benchmarks", "docs", "examples", "expectations")
PATH = re.compile(rf"(?<![\w/.-])((?:{'|'.join(PARTS)})/[\w/.-]*\w/?)(?![\w<*{{…])")
"""The path of something in the checkout, whole."""
MAKERS = ("docs/how-to/write-a-case.md", "docs/how-to/add-a-report-format.md")
"""Pages that have the reader make files in the checkout."""
ELSEWHERE = {"expectations/no-uring.toml", "conformance/targets.toml", "conformance/expectations"}
"""What a command makes, and what lies otherwise in a wheel."""


def paths(page: str) -> set[str]:
    """What a page names of the checkout, in its sentences and in commands that a reader types."""
    spans = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", FENCE.sub("", text(page)))
    typed = [line for block in blocks(page) if block.language == "sh" for line in block.text.splitlines()]
    prompted = [line for block in blocks(page) for line in block.text.splitlines() if line.startswith("$ ")]
    return {path for each in (*spans, *typed, *prompted) for path in PATH.findall(each)}


@pytest.mark.parametrize("page", [page for page in PAGES if not page.startswith(("changes/", "CHANGELOG"))])
def test_what_a_page_names_of_the_checkout_is_there(page: str) -> None:
    made = {each for maker in MAKERS for each in files(maker)} | ELSEWHERE
    named = [
        path for path in sorted(paths(page) - made) if not re.search("[A-Z]{4}", path)
    ]  # `expectations/TARGET.toml`
    assert [path for path in named if not (ROOT / path).exists()] == []


PLACED = re.compile(r"`(?P<name>[A-Za-z_]\w*)`\s+(?:in|of)\s+`(?P<path>[\w/]+\.py)`")
"""A name of the code and the module that it is said to stand in."""
HISTORY = ("changes/", "CHANGELOG")


def misplaced(said: str) -> list[str]:
    """Names that do not stand in the module in which a text has them."""
    placed = {(found["name"], found["path"]) for found in PLACED.finditer(FENCE.sub("", said))}
    return [f"{name} of {path}" for name, path in sorted(placed) if name not in defined(ROOT / path)]


def defined(path: Path) -> set[str]:
    """What a module defines at its top."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)}
    return found


@pytest.mark.parametrize("page", [page for page in PAGES if not page.startswith(HISTORY)])
def test_a_name_stands_in_the_module_in_which_a_page_has_it(page: str) -> None:
    assert misplaced(text(page)) == []


def test_a_name_that_has_moved_is_seen() -> None:
    assert misplaced("`Guest` in\n`runners/base.py`, `SHIPPED` of `runners/registry.py`") == []
    assert misplaced("`WRITTEN` in `conformance/cli/run.py`") == ["WRITTEN of conformance/cli/run.py"]


@pytest.mark.parametrize("page", [page for page in PAGES if page != "CHANGELOG.md"])  # which towncrier indents
def test_lines_fit_where_they_can_be_broken(page: str) -> None:
    prose = [line for line in FENCE.sub("", text(page)).splitlines() if not line.startswith("|")]
    assert [line for line in prose if len(line) > COLUMNS] == []


def test_the_first_page_is_short_and_has_one_picture_and_a_matrix_of_ten_rows() -> None:
    assert len((ROOT / "README.md").read_bytes()) <= README_BYTES
    assert text("README.md").count("![") == 1
    [matrix] = [found["text"] for found in FENCE.finditer(text("README.md")) if "* the reference" in found["text"]]
    lines = matrix.splitlines()
    at = next(at for at, line in enumerate(lines) if line.split()[:1] == ["cases"])
    assert next(at for at, line in enumerate(lines) if line.startswith("Cases by verdict")) - at - 1 == ROWS


def test_every_page_of_the_documentation_can_be_reached_from_the_first() -> None:
    seen, waiting = set(), ["README.md", "docs/index.md"]
    while waiting:
        page = waiting.pop()
        if page in seen or page not in PAGES:
            continue
        seen.add(page)
        waiting += [
            os.path.relpath((ROOT / page).parent / link.partition("#")[0], ROOT)
            for link in links(page)
            if ":" not in link
        ]
        if page == "docs/index.md":
            listed = re.findall(r"```\{toctree\}\n(?::.*\n)*\n(.*?)```", text(page), re.DOTALL)
            waiting += [f"docs/{name}.md" for block in listed for name in block.split()]
    assert {page for page in PAGES if page.startswith("docs/")} <= seen


def test_pages_that_are_made_from_the_code_have_all_of_it() -> None:
    asked = "import generated; print('\\n'.join([*generated.commands(), *generated.tables(), *generated.arrows()]))"
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'docs'}", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-c", asked], env=environment, capture_output=True, encoding="utf-8", timeout=60, check=True
    )
    assert {f"## conformance {name}" for name in COMMANDS} <= set(done.stdout.splitlines())
    assert {f"## {name}" for name in schema()["$defs"]} <= set(done.stdout.splitlines())
    assert {f"| `{part}` |" for part in ALLOWED} <= {line[: line.find("|", 1) + 1] for line in done.stdout.splitlines()}
    assert "| `--repeat N` |" in done.stdout
    assert "| `unexpected` | boolean | A gate does not let it through. |" in done.stdout


KINDS = {
    each["directory"]
    for each in tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["towncrier"]["type"]
}


def test_every_fragment_of_the_changelog_is_of_a_kind_that_there_is() -> None:
    fragments = [path for path in (ROOT / "changes").iterdir() if path.name not in ("README.md", ".gitignore")]
    assert [path.name for path in fragments if not fits(path)] == []


def fits(path: Path) -> bool:
    """Whether a fragment has a name that towncrier takes, and says something."""
    found = re.fullmatch(r"(?:\d+|\+[a-z-]+)\.([a-z]+)\.md", path.name)
    return found is not None and found[1] in KINDS and bool(path.read_text(encoding="utf-8").strip())


def test_the_version_stands_once() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "version" not in project["project"]
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "conformance.__version__"}
