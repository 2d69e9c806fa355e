from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

from conformance.cli.common import Seconds, coverage_for, terminal_width, write_reports
from conformance.run.errors import UserError
from tests.conformance.cli.command import told
from tests.conformance.run.runs import Said, write
from tests.reports.matrices import matrix


@pytest.mark.parametrize(("given", "seconds"), [("0.5", 0.5), ("86400", 86_400.0), ("1e3", 1000.0)])
def test_some_time_is_a_number_of_seconds(given: str, seconds: float) -> None:
    assert Seconds().convert(given, None, None) == seconds


@pytest.mark.parametrize("given", ["0", "-1", "86401", "nan", "inf", "-inf", "1e400", "soon", ""])
def test_time_that_no_clock_counts_is_none(given: str) -> None:
    with pytest.raises(click.BadParameter):
        Seconds().convert(given, None, None)


def test_reports_are_written_beside_each_other_in_their_formats(tmp_path: Path) -> None:
    written = write_reports(matrix(), tmp_path, ("json", "markdown"))
    assert written == [tmp_path / "matrix.json", tmp_path / "matrix.md"]
    assert json.loads(written[0].read_bytes())["run"] == matrix().run


def test_the_page_has_what_the_run_has_met_and_the_text_needs_nothing_of_it(tmp_path: Path) -> None:
    run = write(tmp_path / "run", native=Said())
    [page] = write_reports(matrix(), run, ["html"])
    assert "calls of x86_64 that succeeded</bdi>: <strong>1</strong> of 369" in page.read_text()
    assert coverage_for(tmp_path / "nowhere", "text") is None
    assert told("report", run, "-f", "html").out.count('<section id="coverage">') == 1


def test_reports_that_cannot_be_written_are_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot be written"):
        write_reports(matrix(), tmp_path / "file", ("json",))


@pytest.mark.parametrize(("columns", "width"), [("72", 72), ("", 100), ("none", 100)])
def test_a_line_is_as_wide_as_the_terminal_and_100_columns_where_there_is_none(
    columns: str, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert terminal_width() == width
