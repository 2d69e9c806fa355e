"""Which cases a run takes. A guest that is remembered collects all of them all the same, so that it fits every run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from conformance.places import CALLS

if TYPE_CHECKING:
    from _pytest.mark.expression import Expression


@dataclass(frozen=True, slots=True)
class Selection:
    """Which cases to run."""

    paths: tuple[str, ...] = ()
    """Areas, modules or cases, below the folder of cases; empty: all."""
    expression: str = ""
    """As in pytest's -k: names with `and`, `or` and `not`."""
    cases: tuple[str, ...] | None = None
    """Only these, of what the others leave: ids, functions with all their parameter sets, modules. None: all."""

    def check(self) -> None:
        """Raises SyntaxError when the expression is malformed."""
        if self.expression.strip():
            _compiled(self.expression)

    def takes(self, case: str) -> bool:
        """Whether a case is selected. Raises SyntaxError when the expression is malformed."""
        if self.paths and _set(self.paths).isdisjoint(_above(case)):
            return False
        if self.cases is not None and _set(self.cases).isdisjoint(_names(case)):
            return False
        if not self.expression.strip():
            return True
        words = [word.lower() for word in re.split(r"/|::", case)]
        return _compiled(self.expression).evaluate(lambda name, /, **_: any(name.lower() in word for word in words))

    def has_all(self, module: str) -> bool:
        """Whether all cases of a module, or of a glob over modules, are selected."""
        everything = self.cases is None and not self.expression.strip()
        return everything and (not self.paths or not _set(self.paths).isdisjoint(_above(module)))

    def places(self) -> list[str]:
        """Areas and modules in which all cases are that can be selected, none below another; empty: anywhere."""
        named = self.paths or self.cases or ()
        found = {path.partition("::")[0].rstrip("/") for path in named}
        if not found.isdisjoint(("", ".")):
            return []
        return sorted(each for each in found if found.isdisjoint(_above(each) - {each}))

    def concerns(self, module: str) -> bool:
        """Whether cases of a module, or of an area, could be selected: which ones it has is not known."""
        return not self.paths or not _set(self.paths).isdisjoint(_above(module)) or module in _parents(self.paths)


def is_program(case: str) -> bool:
    """Whether a case, or what has cases, is programs as text: by its name."""
    return case.partition("::")[0].endswith(CALLS)


_ENDS = re.compile(r"/|::|\[")


@cache
def _set(cases: tuple[str, ...]) -> frozenset[str]:
    return frozenset(cases)


@cache
def _parents(paths: tuple[str, ...]) -> frozenset[str]:
    """Modules and areas in which some of the paths are."""
    return frozenset(each for path in paths for each in _above(path.partition("::")[0]))


def _names(case: str) -> tuple[str, str, str]:
    """A case, its function, its module."""
    return case, case.partition("[")[0], case.partition("::")[0]


@cache
def _compiled(expression: str) -> Expression:
    from _pytest.mark.expression import Expression  # noqa: PLC0415 - half of pytest, and most commands select nothing

    try:
        return Expression.compile(expression)
    except (RecursionError, MemoryError) as error:
        raise SyntaxError("it is nested too deep") from error


def _above(case: str) -> set[str]:
    """The paths that a case is, or lies below, or is a parameter set of."""
    return {"", ".", case, *(case[: end.start()] for end in _ENDS.finditer(case))}
