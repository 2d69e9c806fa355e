"""The runner that the page about runners has the reader write: it is found, and keeps the contract of guests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.model import Answers, Target
from runners.base import Runner
from runners.declaration import Declaration, Way
from runners.registry import GROUP
from tests.contract import GuestContract
from tests.docs.pages import ROOT, files, module
from tests.reports.browser import lacking

PAGE = "docs/how-to/add-a-runner.md"
MODULE = "conformance_bubblewrap.py"
LINES = 80
CAP_SYS_RESOURCE = 24


def declaration() -> Declaration:
    """What the page's module declares."""
    found = module(PAGE, MODULE).DECLARATION
    assert isinstance(found, Declaration)
    return found


def runner(**options: str | int) -> Runner:
    """Of a target with these options; without bubblewrap, there is nothing to test."""
    declared = declaration()
    found = declared.runner(Target("sandbox", declared.name, options=options, answers=declared.answers), Way())
    if why := found.missing():
        lacking(why)
    return found


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """The page's files, as pip would have installed them: what it adds is a folder with the entry points."""
    written = files(PAGE)
    for name, text in written.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    entry = f'[project.entry-points."{GROUP}"]\nbubblewrap = "conformance_bubblewrap:DECLARATION"\n'
    assert entry in written["pyproject.toml"]
    installed = tmp_path / "conformance_bubblewrap-1.dist-info"
    installed.mkdir()
    named = "Metadata-Version: 2.1\nName: conformance-bubblewrap\nVersion: 1\n"
    (installed / "METADATA").write_text(named, encoding="utf-8")
    entry = f"[{GROUP}]\nbubblewrap = conformance_bubblewrap:DECLARATION\n"
    (installed / "entry_points.txt").write_text(entry, encoding="utf-8")
    return tmp_path


def done(package: Path, *arguments: str) -> str:
    """What a module of Python's says where the package is installed."""
    environment = {**os.environ, "PYTHONPATH": f"{package}:{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"}
    asked = [sys.executable, "-m", *arguments]
    ended = subprocess.run(
        asked, cwd=package, env=environment, capture_output=True, encoding="utf-8", timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_the_runner_is_short_and_says_that_this_kernel_answers() -> None:
    assert len(files(PAGE)[MODULE].splitlines()) < LINES
    assert declaration().answers is Answers.HOST


def test_the_runner_is_found_where_its_package_is_installed(package: Path) -> None:
    assert "sandbox   bubblewrap" in done(package, "conformance", "targets")


def test_its_guests_keep_the_contract(package: Path) -> None:
    runner()
    promises = [name for name in vars(GuestContract) if name.startswith("test_")]
    said = done(package, "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", "test_bubblewrap.py")
    assert f"{len(promises)} passed" in said


def test_a_guest_lacks_what_its_target_says() -> None:
    with runner(without="CAP_SYS_RESOURCE").open() as guest:
        assert guest.about.notes == ("without CAP_SYS_RESOURCE",)
        with guest.spawn(["/bin/grep", "CapEff", "/proc/self/status"]) as channel:
            [_, capabilities] = channel.read(60).split()
    assert not int(capabilities, 16) >> CAP_SYS_RESOURCE & 1
