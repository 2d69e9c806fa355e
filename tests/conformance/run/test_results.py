"""Runs as they lie on disk: plans, and the directories that hold them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from conformance.model import Target
from conformance.run.conduct import Conduct
from conformance.run.errors import UsageError, UserError
from conformance.run.results import PLAN_FILE, PLAN_SCHEMA, RunPlan, new_run_name, read_plan, read_records
from conformance.run.selection import Selection


def plan_of(*names: str) -> RunPlan:
    """A run of targets, the first of which is the reference."""
    return RunPlan("20260101T000000Z", names[0], [Target(name, "fake") for name in names], Selection())


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    plan = RunPlan(
        "run",
        "native",
        [Target("native", "local"), Target("wsl2", "qemu", "title", "lts", {"kernel": "wsl2"}, {"kernel": "/boot/it"})],
        Selection(("netlink",), "not slow", ("netlink/test_uevents.py::test_one",)),
        Conduct(7.5, "nightly", 3),
    )
    plan.write(tmp_path / "results" / "run")
    assert read_plan(tmp_path / "results" / "run") == plan


def test_a_plan_of_before_knows_the_kernels_that_were_given_in_it(tmp_path: Path) -> None:
    earlier = {"run": "run", "reference": "lts", "selection": {}, "kernels": {"lts": "debian:6.12"}, "schema": 1}
    targets = [{"name": name, "runner": "qemu", "options": {"kernel": "wsl2"}} for name in ("lts", "wsl2")]
    (tmp_path / PLAN_FILE).write_text(json.dumps({**earlier, "targets": targets}))
    plan = read_plan(tmp_path)
    assert [each.taken for each in plan.targets] == [{"kernel": "debian:6.12"}, {"kernel": "wsl2"}]


FIRST = """
{
  "run": "20260101T000000Z",
  "reference": "wsl2",
  "targets": [{"name": "wsl2", "runner": "qemu", "title": "", "control": null, "options": {"kernel": "wsl2"}}],
  "selection": {
    "paths": ["netlink"],
    "expression": "not slow",
    "timeout": 7.5,
    "profile": "nightly",
    "cases": null,
    "repeat": 3
  },
  "kernels": {"wsl2": "/boot/bzImage"},
  "absent": [],
  "arguments": ["--profile", "nightly", "--timeout", "7.5", "--cold"],
  "schema": 1
}
"""


def test_a_plan_of_the_first_schema_is_read(tmp_path: Path) -> None:
    (tmp_path / PLAN_FILE).write_text(FIRST)
    assert read_plan(tmp_path) == RunPlan(
        "20260101T000000Z",
        "wsl2",
        [Target("wsl2", "qemu", options={"kernel": "wsl2"}, given={"kernel": "/boot/bzImage"})],
        Selection(("netlink",), "not slow"),
        Conduct(timeout=7.5, effort="nightly", repeat=3),
        arguments=["--effort", "nightly", "--timeout", "7.5", "--cold"],
    )


@pytest.mark.parametrize(
    "text",
    [
        *["", "{", "[]", "5", '{"run": "x"}', '{"run": 5, "schema": 1}', '{"schema": 1, "selection": 5}'],
        FIRST.replace('"timeout": 7.5', '"timeout": "long"'),
        FIRST.replace('"arguments": [', '"arguments": [5, '),
    ],
)
def test_a_damaged_plan_is_one_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / PLAN_FILE).write_text(text)
    with pytest.raises(UsageError, match=r"run\.json is damaged: .*; start the run anew"):
        read_plan(tmp_path)


def test_a_directory_without_a_plan_is_no_results_directory(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"is no results directory: run\.json cannot be read: No such file"):
        read_plan(tmp_path)


def test_results_of_a_newer_schema_are_refused(tmp_path: Path) -> None:
    (tmp_path / PLAN_FILE).write_text(f'{{"schema": {PLAN_SCHEMA + 1}, "anything": "else"}}')
    with pytest.raises(UsageError, match=f"has schema {PLAN_SCHEMA + 1}, .*: update the suite"):
        read_plan(tmp_path)


def test_a_results_directory_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written: Not a directory"):
        plan_of("native").write(tmp_path / "file" / "run")


def test_a_target_without_a_record_was_never_started(tmp_path: Path) -> None:
    plan = plan_of("native", "lts")
    assert [each.failed for each in read_records(tmp_path, plan)] == ["it was never started"] * 2


def test_names_of_runs_sort_by_time() -> None:
    assert re.fullmatch(r"\d{8}T\d{6}Z", new_run_name())
