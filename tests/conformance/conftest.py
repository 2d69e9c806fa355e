from __future__ import annotations

import pytest

from conformance.run.programs import NO_PROGRAMS


@pytest.fixture
def no_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guests that are fakes are not asked to run the programs that ship."""
    monkeypatch.setattr("conformance.run.orchestrate.selected", lambda *_: NO_PROGRAMS)
