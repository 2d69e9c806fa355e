"""The examples do what they say, as far as that can be seen without waiting for a night."""

from __future__ import annotations

import configparser
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from conformance.run.targets import load
from tests.docs.pages import ROOT

EXAMPLES = ROOT / "examples"
WORKFLOWS = sorted([*(ROOT / ".github/workflows").glob("*.yml"), EXAMPLES / "gate/rebase.yml"])
FORMS = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml"))
PRETENDER = """#!/bin/sh
echo "$*" >>"$SAID"
case "$*" in
*"$FAILING"*) exit "$STATUS" ;;
esac
"""
"""Stands for `conformance`: it notes how it is called, and ends as it is told when it is called in one way."""


def gate(room: Path, failing: str, status: int, *arguments: str) -> tuple[int, list[str]]:
    """How the gate ends when one of its commands ends with a status, and what it called."""
    pretender = room / "conformance"
    pretender.write_text(PRETENDER, encoding="utf-8")
    pretender.chmod(0o755)
    told = {"PATH": f"{room}:{os.environ['PATH']}", "SAID": str(room / "said")}
    done = subprocess.run(
        [EXAMPLES / "gate/gate", *arguments],
        env={**os.environ, **told, "FAILING": failing, "STATUS": str(status)},
        cwd=room,
        timeout=60,
        check=False,
    )
    return done.returncode, (room / "said").read_text(encoding="utf-8").splitlines()


def test_custom_targets_are_a_file_that_the_suite_reads() -> None:
    targets = load(EXAMPLES / "custom-target/targets.toml")
    assert targets["next"].control == "lts"
    assert {target.runner for target in targets.values()} == {"local", "qemu", "gvisor"}


def test_gate_runs_both_kernels_and_ends_as_their_comparison_does(tmp_path: Path) -> None:
    status, said = gate(tmp_path, "diff", 1, "debian:6.1", "debian:6.12", "netlink")
    assert status == 1
    assert said == [
        "run -t lts --kernel lts=debian:6.1 -o results/old netlink",
        "run -t lts --kernel lts=debian:6.12 -o results/new netlink",
        "report new -f junit -o matrix.xml",
        "diff old new",
    ]


def test_gate_is_not_stopped_by_a_difference_from_this_machines_kernel(tmp_path: Path) -> None:
    status, said = gate(tmp_path, "run", 1, "debian:6.1", "debian:6.12")
    assert (status, said[-1]) == (0, "diff old new")


@pytest.mark.parametrize("failed", [2, 3, 4])
def test_gate_compares_nothing_with_a_run_that_cannot_be_used(failed: int, tmp_path: Path) -> None:
    status, said = gate(tmp_path, "results/new", failed, "debian:6.1", "debian:6.12")
    assert (status, len(said)) == (failed, 2)


def unit(name: str) -> configparser.ConfigParser:
    """A unit of systemd's."""
    found = configparser.ConfigParser(interpolation=None)
    found.optionxform = str  # type: ignore[method-assign,assignment] # keys of units have capital letters
    found.read(EXAMPLES / "nightly" / name, encoding="utf-8")
    return found


def test_timer_starts_the_service_that_stands_beside_it_every_night() -> None:
    timer, service = unit("conformance-nightly.timer"), unit("conformance-nightly.service")
    assert "Unit" not in timer["Timer"], "it starts the service of its own name"
    assert timer["Install"]["WantedBy"] == "timers.target"
    assert service["Service"]["Type"] == "oneshot"
    assert f"/var/lib/{service['Service']['StateDirectory']}/" in service["Service"]["ExecStart"]
    assert f"/var/cache/{service['Service']['CacheDirectory']}" in service["Service"]["Environment"]


@pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="systemd-analyze(1) is not installed: apt install systemd"
)
@pytest.mark.parametrize("expression", ["*-*-* 02:30"])
def test_timers_calendar_is_one_of_systemds(expression: str) -> None:
    assert unit("conformance-nightly.timer")["Timer"]["OnCalendar"] == expression
    subprocess.run(["systemd-analyze", "calendar", expression], check=True, capture_output=True, timeout=60)


def steps(path: Path) -> list[dict[str, Any]]:
    """The steps of all jobs of a workflow of GitHub's."""
    return [step for job in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_job_is_one_that_github_reads_and_a_shell_runs(path: Path) -> None:
    for step in steps(path):
        assert ("uses" in step) != ("run" in step)
        subprocess.run(["sh", "-n", "-c", step.get("run", "")], check=True, timeout=60)
    assert any(step.get("name", "").endswith("KVM where the runner has it") for step in steps(path))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_job_starts_nothing_of_ours_that_is_not_there(path: Path) -> None:
    started = [word for step in steps(path) for word in step.get("run", "").split() if word.startswith((".ci/", "./"))]
    assert [word for word in started if not (ROOT / word).exists()] == []


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.name)
def test_form_of_an_issue_has_what_github_asks_for(path: Path) -> None:
    form = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert form["name"]
    assert form["description"]
    assert all(each["attributes"]["label"] for each in form["body"])
    assert len({each["id"] for each in form["body"]}) == len(form["body"])


def test_hooks_before_a_commit_are_the_environments_own_programs() -> None:
    [local] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    assert [hook["entry"].split()[0] for hook in local["hooks"]] == ["ruff", "ruff", "mypy"]
    assert {hook["language"] for hook in local["hooks"]} == {"system"}
