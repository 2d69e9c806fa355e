"""How whoever asks names a run, by its directory or by how new it is, and a case of it."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from conformance.model import Comparison, Matrix
from conformance.run.errors import UsageError, UserError
from conformance.run.results import PLAN_FILE, planned, read_plan
from conformance.text import one_line, plural

RESULTS = Path("results")
"""Where runs go unless they are told otherwise, and where they are looked for by name."""
SHOWN = 12
"""How many cases are named where a name is that of several."""


def runs(folder: Path) -> list[Path]:
    """The results directories in a folder, the newest run first, whatever they are called. Searches are none."""
    ages: dict[Path, tuple[float, float]] = {}
    for path in folder.glob(f"*/{PLAN_FILE}"):
        with suppress(UserError, OSError):
            written = path.stat().st_mtime
            ages[path.parent] = (planned(read_plan(path.parent)) or written, written)
    return sorted(ages, key=lambda each: ages[each], reverse=True)


def results_directory(name: str) -> Path:
    """A results directory by path, by the run's name below `results/`, or by how new it is.

    `LATEST` is the newest run, `PREVIOUS` or `LATEST~1` the one before it, and so on; `results/LATEST` is the same.
    Raises UsageError.
    """
    path = Path(name)
    with suppress(OSError):  # a name that no file can have
        if path.is_dir():
            return path
        if (RESULTS / name).is_dir():
            return RESULTS / name
    if (back := _runs_back(path.name)) is not None:
        folder = RESULTS if path.parent == Path() else path.parent
        found = runs(folder)
        if back < len(found):
            return found[back]
        have = plural(len(found), "run") if found else "no run"
        raise UsageError(f"there is no {path.name}: {folder} has {have}; name another, or make one: `conformance run`")
    raise UsageError(f"there are no results at {name}; give the directory that `conformance run` named, or LATEST")


def _runs_back(name: str) -> int | None:
    """How many runs before the newest a name means."""
    if name == "PREVIOUS":
        return 1
    found = re.fullmatch(r"LATEST(?:~(\d{1,6}))?", name, re.ASCII)
    return int(found[1] or 0) if found else None


def find_case(matrix: Matrix, case: str) -> Comparison:
    """The case that a user means: by its id, else by how it ends, else by a part of it. Raises UsageError."""
    comparisons = matrix.comparisons
    for means in (
        lambda comparison: comparison.case == case,
        lambda comparison: comparison.case.endswith(case),
        lambda comparison: case in comparison.case,
    ):
        found = [comparison for comparison in comparisons if means(comparison)]
        if len(found) == 1:
            return found[0]
        if found:
            names = "\n".join(f"  {one_line(comparison.case)}" for comparison in found[:SHOWN])
            more = f"\n  … and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
            raise UsageError(
                f"{one_line(case)} may be any of {plural(len(found), 'case')}; write more of it:\n{names}{more}"
            )
    raise UsageError(
        f"there is no case {one_line(case)} in the run {matrix.run}, which has {plural(len(comparisons), 'case')}"
    )
