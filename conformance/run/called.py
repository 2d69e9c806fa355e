"""Which cases make a system call: from what was seen of them, or else from their source."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import msgspec

from conformance.places import ROOT
from conformance.programs.listed import files, listed, listings
from conformance.programs.notation.errors import NotationError
from conformance.run.errors import UsageError
from conformance.run.reading import remembered
from conformance.syscalls.machinery.table import grammar

MOST_RUNS = 10
"""How many of the newest runs are looked through: reading a whole one takes about a second."""


@dataclass(frozen=True, slots=True)
class Calling:
    """The cases that make some calls."""

    seen: list[str]
    """Ids of cases that made one of them on some target, in the newest run that has the case."""
    by_source: list[str]
    """Functions and programs in no record that name one of them, or use something that does: `files/test_x.py::…`."""
    runs: list[str]
    """The runs that were looked through, the newest first."""


class _Call(msgspec.Struct):
    call: str


class _Result(msgspec.Struct):
    case: str
    steps: list[_Call] = []


class _Line(msgspec.Struct):
    kind: str
    result: _Result | None = None


def calling(calls: Sequence[str], runs: Sequence[Path], cases: Path) -> Calling:
    """The cases below `cases` that make any of these calls. `runs`: results directories, the newest first.

    Raises UsageError for a name that is no call's.
    """
    wanted = _names(calls)
    made: dict[str, set[str]] = {}
    read = []
    for run in runs[:MOST_RUNS]:
        newer = dict(made)
        for case, call in _steps(run):
            if case not in newer:
                made.setdefault(case, set()).update(call)
        if len(made) > len(newer):
            read.append(run.name)
    functions = {case.partition("[")[0] for case in made}
    by_source = [name for name, used in uses(cases).items() if name not in functions and not used.isdisjoint(wanted)]
    return Calling([case for case in made if not made[case].isdisjoint(wanted)], by_source, read)


def _names(calls: Sequence[str]) -> set[str]:
    known = {label: each.name for label, each in grammar().items()}
    names = {*known.values()}
    found = set()
    for call in calls:
        name = call if call in names else known.get(call)
        if name is None:
            near = difflib.get_close_matches(call, names, 3)
            raise UsageError(
                f"--call: there is no system call {call} in the suite's descriptions"
                + (f"; did you mean {' or '.join(near)}?" if near else "")
            )
        found.add(name)
    return found


def _steps(run: Path) -> Iterator[tuple[str, set[str]]]:
    """Every result of a run's records, with the calls that it made. What cannot be read is passed over."""
    decoder = msgspec.json.Decoder(_Line)
    for path in sorted(run.glob("*.jsonl")):
        try:
            with path.open("rb") as stream:
                for data in stream:
                    try:
                        line = decoder.decode(data)
                    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
                        continue
                    if line.result is not None:
                        yield line.result.case, {step.call for step in line.result.steps}
        except OSError:
            continue


# -- by the source


@dataclass(slots=True)
class _Module:
    """A module's definitions by name: what each uses, and where a name comes from that is imported."""

    defined: dict[str, set[str]] = field(default_factory=dict)
    imported: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By name here: the module, and the name there (empty: the module itself)."""
    stubs: dict[str, str] = field(default_factory=dict)
    """Names of stubs that are defined here, with the names of their calls."""


def functions(cases: Path) -> set[str]:
    """The test functions that there are (`files/test_open.py::test_modes`), and the programs, as far as they can be
    read."""
    found = {
        f"{path.relative_to(cases).as_posix()}::{name}"
        for path in cases.rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)\(", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    for path in files(cases):
        with suppress(NotationError, OSError):
            found |= {f"{path.relative_to(cases).as_posix()}::{each.name}" for each in listed(path)}
    return found


def uses(cases: Path) -> dict[str, set[str]]:
    """By test function (`files/test_open.py::test_modes`), the calls that it or what it uses names; by program, too."""
    found = {}
    for path in sorted(cases.rglob("test_*.py")):
        name = ".".join(("cases", *path.relative_to(cases).with_suffix("").parts))
        for test in _module(name, cases.parent).defined:
            if test.startswith(("test_", "Test")):
                found[f"{path.relative_to(cases).as_posix()}::{test}"] = _closure(name, test, cases.parent)
    return found | _used_by_programs(cases)


def _used_by_programs(cases: Path) -> dict[str, set[str]]:
    """By program, the calls that it makes. Those of a file that cannot be read are left out."""
    found = {}
    for path in files(cases):
        with suppress(NotationError, OSError):
            for each, listing in listings(path, parse=remembered):
                made = {step.call.description.name for step in listing.steps}
                found[f"{path.relative_to(cases).as_posix()}::{each.name}"] = made
    return found


def _closure(module: str, name: str, root: Path) -> set[str]:
    """The calls that a definition may lead to."""
    calls: set[str] = set()
    queue, known = [(module, name)], set()
    while queue:
        here = queue.pop()
        if here in known:
            continue
        known.add(here)
        at, wanted = here
        found = _module(at, root)
        if wanted in found.stubs:
            calls.add(found.stubs[wanted])
        elif wanted in found.imported:
            queue.append(found.imported[wanted])
        else:
            queue += [(at, used) for used in found.defined.get(wanted, ())]
    return calls


@cache
def _module(name: str, root: Path) -> _Module:
    """A module of ours below `root`; an empty one for any other."""
    found = _Module()
    base = root if name.partition(".")[0] == "cases" else ROOT
    path = base.joinpath(*name.split(".")).with_suffix(".py")
    if name.partition(".")[0] not in ("cases", "conformance") or not path.is_file():
        return found
    labels = {label: each.name for label, each in grammar().items()}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                found.imported[alias.asname or alias.name] = (node.module, alias.name)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            if any(_is_description(each) for each in node.decorator_list):
                found.stubs[node.name] = labels.get(node.name, node.name)
            else:
                found.defined[node.name] = set(_names_in(node))
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name):
                    found.defined[target.id] = set(_names_in(node)) - {target.id}
    return found


def _is_description(decorator: ast.expr) -> bool:
    inner = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(inner, ast.Name) and inner.id in ("syscall", "operation", "pseudo")


def _names_in(node: ast.AST) -> Iterable[str]:
    """Every name that is used, and those of parameters, which are fixtures."""
    for each in ast.walk(node):
        if isinstance(each, ast.Name):
            yield each.id
        elif isinstance(each, ast.arg):
            yield each.arg
