"""This machine against itself, by every case there is."""

from __future__ import annotations

from pathlib import Path

from tests.integration.command import TWO_LOCAL
from tests.integration.twice import says_the_same


def test_machine_against_itself_is_all_the_same(tmp_path: Path) -> None:
    says_the_same(tmp_path, TWO_LOCAL)
