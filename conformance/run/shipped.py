"""The files that ship with the suite, and that a file of the same name where one works stands in for."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent
PLACES = (PACKAGE.parent, PACKAGE)
"""Where they are: at the top of a checkout, and inside the package where a wheel has been installed."""
CORPUS = Path("cases", "programs")


def corpus_directory() -> Path | None:
    """Where a program that is kept becomes a case: in a checkout. None where the suite was installed from a wheel.

    What is installed is not for writing: it may be shared, and goes with the next update.
    """
    checkout = PACKAGE.parent
    return checkout / CORPUS if (checkout / "pyproject.toml").is_file() and (checkout / CORPUS).is_dir() else None


def default_path(name: str) -> Path | None:
    """The file of that name here, else the one that ships; None where there is neither."""
    return next((path for folder in (Path(), *PLACES) if (path := folder / name).is_file()), None)
