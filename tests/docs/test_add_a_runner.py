"""The runner that the page about runners has the reader write: it keeps the contract of guests, and is found."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.model import Target
from runners.base import Guest
from runners.declaration import Declaration, Way
from runners.registry import GROUP
from tests.docs.pages import ROOT, files, module
from tests.integration import test_guests
from tests.reports.browser import lacking

PAGE = "docs/how-to/add-a-runner.md"
MODULE = "conformance_bubblewrap.py"
LINES = 80


@pytest.fixture(scope="module")
def declaration() -> Declaration:
    """What the page's module declares."""
    found = module(PAGE, MODULE).DECLARATION
    assert isinstance(found, Declaration)
    return found


@pytest.fixture(scope="module")
def guest(declaration: Declaration) -> Iterator[Guest]:
    """A guest of the page's runner, for the contract."""
    target = Target("sandbox", declaration.name, options={"without": "CAP_SYS_RESOURCE"}, answers=declaration.answers)
    runner = declaration.runner(target, Way())
    if why := runner.missing():
        lacking(why)
    with runner.open() as opened:
        yield opened


CONTRACT = {
    name: test
    for name, test in vars(test_guests).items()
    if name.startswith("test_")
    and list(inspect.signature(test).parameters) == ["guest"]
    and not hasattr(test, "pytestmark")
}
"""The tests that every runner's guests pass."""
globals().update(CONTRACT)


def test_the_contract_has_something_to_say() -> None:
    assert len(CONTRACT) > 8


def test_the_module_is_short() -> None:
    assert len(files(PAGE)[MODULE].splitlines()) < LINES


def test_guest_lacks_what_its_target_says(guest: Guest) -> None:
    with guest.spawn(["/bin/grep", "CapEff", "/proc/self/status"]) as channel:
        [_, capabilities] = channel.read(60).split()
    assert not int(capabilities, 16) & 1 << 24
    assert guest.about.notes == ("without CAP_SYS_RESOURCE",)


def test_the_runner_is_found_where_its_package_is_installed(declaration: Declaration, tmp_path: Path) -> None:
    """As pip would install it, whose part is a folder with the entry points in it."""
    written = files(PAGE)
    (tmp_path / MODULE).write_text(written[MODULE], encoding="utf-8")
    (tmp_path / "targets.toml").write_text(written["targets.toml"], encoding="utf-8")
    assert (
        f'[project.entry-points."{GROUP}"]\nbubblewrap = "conformance_bubblewrap:DECLARATION"'
        in written["pyproject.toml"]
    )
    installed = tmp_path / "conformance_bubblewrap-1.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: conformance-bubblewrap\nVersion: 1\n", encoding="utf-8"
    )
    (installed / "entry_points.txt").write_text(
        f"[{GROUP}]\nbubblewrap = conformance_bubblewrap:DECLARATION\n", encoding="utf-8"
    )
    done = subprocess.run(
        [sys.executable, "-m", "conformance", "targets"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    assert "sandbox   bubblewrap" in done.stdout
