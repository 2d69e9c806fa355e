"""The survey as a selection of cases: which branches there are, which of them are meant, what a number is called."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from conformance.run.errors import UsageError
from conformance.run.selection import Selection

AREA = "survey"
"""The folder of cases that the survey is."""
ENTRIES = "entries"
"""The function whose parameters are branches by themselves."""
WAYS = ("numbers-syscall", "numbers-x32", "numbers-that-could-harm-syscall")
"""Branches whose entries are numbers of the table of x86-64."""


def branch_name(case: str) -> str:
    """What a case is called as a branch: `proc-sys-net`, `numbers-syscall`, `families`."""
    function, _, parameter = case.partition("::")[2].removeprefix("test_").partition("[")
    parts = () if function == ENTRIES else (function.replace("_", "-"),)
    return "-".join((*parts, *filter(None, (parameter.removesuffix("]"),))))


def branches(cases: Iterable[str]) -> list[str]:
    """The names of all branches, in order."""
    return [branch_name(case) for case in cases]


def chosen(cases: Sequence[str], wanted: Sequence[str]) -> Selection:
    """The cases of some branches and of those below them (`proc-sys`: `proc-sys-net`, too); all where none is named.

    Raises UsageError.
    """
    if not wanted:
        return Selection((AREA,))
    found: list[str] = []
    for branch in wanted:
        below = [case for case in cases if f"{branch_name(case)}-".startswith(f"{branch}-")]
        if not below:
            raise UsageError(f"there is no branch {branch}; the branches are {', '.join(branches(cases))}")
        found += below
    return Selection((AREA,), cases=tuple(dict.fromkeys(found)))


def called() -> Callable[[str, str], str]:
    """What an entry is called besides its name: of a number, the call's name."""
    from conformance.syscalls.machinery.table import numbers  # noqa: PLC0415 - imports all descriptions

    names = {f"{number:03}": name for name, number in numbers("x86_64").items()}
    return lambda branch, entry: names.get(entry, "") if branch in WAYS else ""
