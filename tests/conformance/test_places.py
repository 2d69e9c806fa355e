from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from conformance import places as module
from tests.suite import SOURCES

NAMES = ("targets.toml", "expectations")


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Where one works, the top of a checkout, and the package; empty."""
    found = [tmp_path / name for name in ("here", "checkout", "package")]
    for each in found:
        each.mkdir()
    monkeypatch.chdir(found[0])
    monkeypatch.setattr(module, "SHIPPED", tuple(found[1:]))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_file_here_comes_before_a_checkouts_and_that_before_a_packages(places: list[Path], name: str) -> None:
    assert module.default_path(name) is None
    for place in reversed(places):
        (place / name).touch()
        found = module.default_path(name)
        assert found is not None
        assert found.resolve() == place / name


@pytest.mark.parametrize("name", NAMES)
def test_the_suite_ships_it_and_has_it_once(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert module.default_path(name) == SOURCES / name
    listed = subprocess.run(["git", "ls-files"], cwd=SOURCES, capture_output=True, text=True, check=False).stdout
    assert not [line for line in listed.splitlines() if line.startswith(f"conformance/{name}")]
