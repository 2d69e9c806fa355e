from __future__ import annotations

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from conformance.model import Matrix
from reports.json_report import schema
from reports.registry import EXTENSIONS, MODULES, render
from tests.reports.matrices import CASE, HOSTILE, matrix

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def text(form: str) -> str:
    """The matrix in a format, as text."""
    return render(matrix(), form).decode()


@pytest.mark.parametrize("form", EXTENSIONS)
def test_every_format_is_the_same_every_time(form: str) -> None:
    assert render(matrix(), form) == render(matrix(), form)
    assert form in MODULES


def test_cell_says_how_many_cases_are_the_same_and_what_the_others_are() -> None:
    assert re.search(r"area +Feature +2 +=  +1F 1M!", text("text"))
    assert "|area|Feature|same|0/2: 1 fails, 1 missing|error|" in text("markdown")


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_target_that_could_not_be_started_says_why(form: str) -> None:
    assert "it is not installed: apt install it" in text(form)


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_nothing_that_a_terminal_obeys_comes_from_a_guest(form: str) -> None:
    assert "\x1b" not in text(form)


def test_json_satisfies_its_schema_and_is_the_matrix() -> None:
    data = render(matrix(), "json")
    jsonschema.validate(json.loads(data), schema())
    assert msgspec.json.decode(data, type=Matrix) == matrix()


class Scripts(HTMLParser):
    """Collects the script elements of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag == "script"
        if self._inside:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.scripts[-1] += data


def embedded() -> dict[str, Any]:
    """The data in the page."""
    parser = Scripts()
    parser.feed(text("html"))
    assert len(parser.scripts) == 2
    found: dict[str, Any] = json.loads(parser.scripts[0])
    return found


def test_page_needs_nothing_from_elsewhere() -> None:
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", text("html"))


def test_guest_cannot_put_a_script_into_the_page() -> None:
    cells = embedded()["cases"][0]["cells"]["other"]
    assert "<script>alert(1)" in cells["message"]
    assert "<script>alert(1)" not in text("html")


def test_case_carries_both_traces_the_first_differing_call_and_its_command() -> None:
    data = embedded()
    cells = data["cases"][0]["cells"]
    assert cells["other"]["step"] == 0
    assert cells["other"]["reference"] == "native"
    assert data["traces"][cells["other"]["trace"]]["calls"][0].endswith("= 1")
    assert data["traces"][cells["native"]["trace"]]["calls"][0].endswith("= 4")
    assert cells["other"]["command"] == f"conformance run -t other '{CASE}'"


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium: apt install chromium")
def test_browser_opens_the_case_that_the_address_names(tmp_path: Path) -> None:
    page = tmp_path / "matrix.html"
    page.write_bytes(render(matrix(), "html"))
    dom = subprocess.run(
        [CHROMIUM or "", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", f"file://{page}#other/{CASE}"],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
    ).stdout
    assert '<li class="first">' in dom
    assert f"conformance run -t other '{CASE}'" in dom
    assert "native (held against)" in dom
    assert HOSTILE.partition("&")[0] not in dom
