"""The files that ship with the suite, and that a file of the same name where one works stands in for."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
PLACES = (PACKAGE.parent, PACKAGE)
"""Where they are: at the top of a checkout, and inside the package where a wheel has been installed."""


def default_path(name: str) -> Path | None:
    """The file of that name here, else the one that ships; None where there is neither."""
    return next((path for folder in (Path(), *PLACES) if (path := folder / name).is_file()), None)
