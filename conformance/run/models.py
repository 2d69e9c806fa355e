"""Models whose calls an executor makes: found here, held against every target from here, and not in its guest."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import itertools
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from conformance import places
from conformance.guest.definitions import MODEL, MODELS, case_id, definition_hash, headline, models
from conformance.model import CaseInfo, CaseResult, Json, Outcome
from conformance.programs.cases import MACHINE, Given
from conformance.programs.efforts import effort_of
from conformance.protocol.lines import Trouble
from conformance.run.lane import LaneError
from conformance.run.selection import Selection

if TYPE_CHECKING:
    from conformance.programs.keeping import Effort, Run

OBSERVE = "observe"
"""The other fixture that such a property may ask for."""


@dataclass(frozen=True, slots=True)
class CaseModel:
    """A property that is a case."""

    info: CaseInfo
    needs: frozenset[str]
    _function: Callable[..., None] = field(repr=False)
    _arguments: Mapping[str, object] = field(repr=False)
    _effort: Effort = field(repr=False)

    def lacking(self, given: Given) -> str:
        """What keeps it from being tried there; "" where nothing does."""
        if missing := self.needs - {MACHINE} - set(given.has):
            return f"needs {', '.join(sorted(missing))}"
        return "" if given.machine == MACHINE else f"written for {MACHINE}"

    def skipped(self, why: str) -> CaseResult:
        """That it was not tried."""
        return CaseResult(self.info.id, self.info.hash, Outcome.SKIPPED, why)

    def result(self, run: Run) -> CaseResult:
        """What it comes to on a target that runs programs so. Raises LaneError."""
        from conformance.programs.keeping import Kernel, held  # noqa: PLC0415 - it imports Hypothesis

        observed: dict[str, Json] = {}
        fixtures = {MODEL: Kernel(run, self._effort), OBSERVE: observed.__setitem__}
        asked = {name: fixtures[name] for name in inspect.signature(self._function).parameters if name in fixtures}
        return held(self.info, partial(self._function, **asked, **self._arguments), observed, (LaneError,))


def selected_models(selection: Selection, effort: str) -> tuple[list[CaseModel], list[Trouble]]:
    """The properties that a selection takes, and what keeps others from being known."""
    found: list[CaseModel] = []
    troubles: list[Trouble] = []
    for path in sorted(places.CASES.rglob(MODELS)):
        module = path.relative_to(places.CASES).as_posix()
        if not selection.concerns(module) or not any(models(path).values()):
            continue
        try:
            found += [each for each in _in_module(path, effort) if selection.takes(each.info.id)]
        except (Exception, SystemExit) as error:  # a module of cases does what it likes when it is imported
            troubles.append(Trouble(f"{module} cannot be imported here: {type(error).__name__}: {error}", lost=module))
    return found, troubles


def _in_module(path: Path, effort: str) -> Iterator[CaseModel]:
    module = _imported(path)
    how = effort_of(effort)
    for name, is_model in models(path).items():
        if not is_model:
            continue
        function = getattr(module, name)
        needs = frozenset(need for mark in _marks(module, function, "needs") for need in mark.args)
        for suffix, arguments in _parameters(function):
            whole = f"{name}{suffix}"
            titles = headline(function.__doc__), headline(module.__doc__)
            info = CaseInfo(case_id(path, whole), definition_hash(path, whole), *titles)
            yield CaseModel(info, needs, function, arguments, how)


def _imported(path: Path) -> ModuleType:
    """A module of cases, whose assertions say what they compare, as they do under pytest."""
    name = ".".join(path.relative_to(places.CASES.parent).with_suffix("").parts)
    if found := sys.modules.get(name):
        return found
    from _pytest.assertion.rewrite import rewrite_asserts  # noqa: PLC0415 - slow, and rarely needed

    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    source = path.read_bytes()
    tree = ast.parse(source, str(path))
    rewrite_asserts(tree, source, str(path))
    sys.modules[name] = module
    try:
        exec(compile(tree, str(path), "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - as an import does
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _marks(module: ModuleType, function: Callable[..., None], name: str) -> Sequence[Any]:
    """The marks of pytest that a function has, and its module."""
    everywhere = getattr(module, "pytestmark", [])
    of_module = everywhere if isinstance(everywhere, list) else [everywhere]
    return [mark for each in (*of_module, *getattr(function, "pytestmark", ())) if (mark := _plain(each)).name == name]


def _plain(mark: Any) -> Any:
    return getattr(mark, "mark", mark)


def _parameters(function: Callable[..., None]) -> Iterator[tuple[str, Mapping[str, object]]]:
    """What pytest would call a function with, and what it would call that: `[stream]`. Each set must have an id."""
    sets: list[list[tuple[str, dict[str, object]]]] = []
    for each in getattr(function, "pytestmark", ()):
        if each.name != "parametrize":
            continue
        argument, values = each.args
        ids = each.kwargs["ids"]
        sets.append([(name, {argument: value}) for name, value in zip(ids, values, strict=True)])
    for chosen in itertools.product(*sets):
        name = "-".join(each[0] for each in chosen)
        yield f"[{name}]" if name else "", {key: value for _, some in chosen for key, value in some.items()}
