from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def no_programs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Guests that are fakes are not asked to run the programs that ship."""
    monkeypatch.setattr("conformance.places.CASES", tmp_path / "cases")
