"""Where kept programs lie: a folder an area, a JSON file each."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent


def kept(area: str) -> list[str]:
    """The names of an area's programs."""
    return sorted(path.stem for path in (HERE / area).glob("*.json"))


def path_of(area: str, name: str) -> str:
    """Where a program lies."""
    return str(HERE / area / f"{name}.json")
