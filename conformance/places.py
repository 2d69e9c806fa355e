"""Where the suite's own files lie: its packages side by side, in a checkout or where a wheel has been installed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
ROOT = PACKAGE.parent
"""Where the packages lie side by side: what a process needs on its path to import them."""
CASES = ROOT / "cases"
CALLS = ".calls"
"""What the names of files of programs end with."""
SHIPPED = (ROOT, PACKAGE)
"""Where files that ship are: at the top of a checkout, and inside the package where a wheel has been installed."""


def corpus_directory() -> Path | None:
    """The cases among which a program may be kept: a checkout's. None where the suite was installed from a wheel.

    What is installed is not for writing: it may be shared, and goes with the next update.
    """
    return CASES if (ROOT / "pyproject.toml").is_file() and CASES.is_dir() else None


def default_path(name: str) -> Path | None:
    """The file or folder of that name here, else the one that ships; None where there is neither."""
    return next((path for folder in (Path(), *SHIPPED) if (path := folder / name).exists()), None)


def sources(roots: Iterable[Path]) -> Iterator[Path]:
    """These files, and those below these folders, but for byte-code."""
    for root in roots:
        for path in root.rglob("*") if root.is_dir() else [root]:
            if path.is_file() and "__pycache__" not in path.parts:
                yield path


def cache_root() -> Path:
    """What is dear to make and kept between runs: `$CONFORMANCE_CACHE`, or the user's cache directory."""
    if given := os.environ.get("CONFORMANCE_CACHE"):
        return Path(given)
    import platformdirs  # noqa: PLC0415 - guests lack it, and need no cache

    return platformdirs.user_cache_path("syscall-conformance")
