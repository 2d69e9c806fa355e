"""Who may import whom, as the design has it, over the source of all modules."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

from conformance.guest.definitions import all_of_models
from runners.registry import SHIPPED, declarations

ROOT = Path(__file__).parents[1]
OWN = ("conformance", "cases", "runners", "reports")

ALLOWED: dict[str, tuple[str, ...]] = {
    "conformance": (),
    "conformance.model": ("conformance",),
    "conformance.text": (),
    "conformance.conditions": (),
    "conformance.offspring": (),
    "conformance.places": (),
    "conformance.protocol": ("conformance.model", "conformance.protocol"),
    "conformance.syscalls": ("conformance.model", "conformance.syscalls"),
    "conformance.guest": (
        *("conformance", "conformance.model", "conformance.offspring", "conformance.protocol"),
        *("conformance.syscalls", "conformance.guest", "conformance.places", "conformance.programs.listed"),
        *("conformance.programs.efforts", "conformance.programs.keeping"),
    ),
    "conformance.guest.programs": (
        *("conformance.conditions", "conformance.guest.definitions", "conformance.model", "conformance.places"),
        *("conformance.protocol", "conformance.syscalls", "conformance.programs"),
    ),
    "conformance.matrix": (
        *("conformance.conditions", "conformance.model", "conformance.text", "conformance.syscalls"),
        "conformance.matrix",
    ),
    "conformance.coverage": ("conformance.model", "conformance.text", "conformance.syscalls", "conformance.coverage"),
    "conformance.rebase": (
        *("conformance.matrix", "conformance.model", "conformance.rebase", "conformance.syscalls"),
        "conformance.text",
    ),
    "conformance.programs": (
        *("conformance.conditions", "conformance.model", "conformance.protocol", "conformance.syscalls"),
        *("conformance.places", "conformance.programs"),
    ),
    "conformance.search": (
        "conformance.conditions",
        *("conformance.model", "conformance.text", "conformance.syscalls", "conformance.matrix", "conformance.guest"),
        *("conformance.protocol", "conformance.programs", "conformance.search", "conformance.run"),
        *("conformance.places", "runners.base"),
    ),
    "conformance.search.distill": (
        *("conformance", "conformance.conditions", "conformance.coverage", "conformance.matrix", "conformance.model"),
        *("conformance.places", "conformance.programs", "conformance.run", "conformance.search"),
        *("conformance.syscalls", "conformance.text", "runners.base"),
    ),
    "conformance.mutate": (
        *("conformance.model", "conformance.text", "conformance.syscalls", "conformance.matrix", "conformance.mutate"),
        *("conformance.places", "conformance.programs", "conformance.protocol", "conformance.run", "runners.base"),
    ),
    "conformance.run": (
        *("conformance.model", "conformance.text", "conformance.syscalls", "conformance.matrix", "conformance.run"),
        *("conformance.protocol", "conformance.guest", "conformance.places", "runners.base"),
        *("conformance.coverage", "conformance.conditions", "conformance.programs"),
        *("runners.declaration", "runners.registry"),
    ),
    "conformance.cli": ("conformance", "runners", "reports"),
    "conformance.__main__": ("conformance.cli",),
    "cases": (
        *("conformance.syscalls", "cases", "conformance.programs.keeping", "conformance.programs.script"),
        "conformance.programs.program",
    ),
    "runners": (
        *("conformance.model", "conformance.text", "conformance.offspring", "conformance.places"),
        *("conformance.protocol", "conformance.syscalls", "runners"),
    ),
    "reports": ("conformance.model", "conformance.text", "conformance.coverage", "reports"),
}
"""What the modules of a part may import of our own packages. The longest name that fits a module is its part."""

GUEST_PACKAGES = {"pytest", "_pytest"}
"""What a guest has beside the standard library."""
GPL = "cases/ptrace/test_debugger.py"
"""The one module that may import python-ptrace, which is GPLv2."""


@cache
def modules() -> list[str]:
    """Every module of ours, as a path."""
    return sorted(
        path.relative_to(ROOT).as_posix()
        for package in OWN
        for path in (ROOT / package).rglob("*.py")
        if "__pycache__" not in path.parts
    )


def name_of(path: str) -> str:
    """The dotted name of a module."""
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def within(name: str, package: str) -> bool:
    """Whether a module is a package or lies in it."""
    return name == package or name.startswith(f"{package}.")


def part_of(name: str) -> str:
    """The part of the design that a module belongs to."""
    return max((part for part in ALLOWED if within(name, part)), key=len)


@cache
def parsed(path: str) -> ast.Module:
    """The source of a module."""
    return ast.parse((ROOT / path).read_text())


@cache
def imports(path: str, *, at_run_time: bool = False) -> frozenset[str]:
    """The modules that a module imports, wherever in it; `at_run_time`: not for type checkers alone."""
    return frozenset(_imports(path, at_run_time=at_run_time))


def _imports(path: str, *, at_run_time: bool) -> Iterator[str]:
    tree = parsed(path)
    for node in [*walk(tree)] if at_run_time else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute"
            assert node.module
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                file = ROOT / whole.replace(".", "/")
                yield whole if file.is_dir() or file.with_suffix(".py").exists() else node.module


def walk(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes but what is inside `if TYPE_CHECKING:`."""
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            for other in child.orelse:
                yield from walk(other)
        else:
            yield from walk(child)


def allows(part: str, imported: str) -> bool:
    """Whether a module of a part may import this one. `conformance` itself is the version alone."""
    permitted = ALLOWED[part]
    if part != "conformance.cli" and imported == "conformance":
        return "conformance" in permitted
    return any(within(imported, each) for each in permitted if each != "conformance" or part == "conformance.cli")


def own_imports(path: str) -> set[str]:
    """The imports of our own packages."""
    typing_only = path.startswith("cases/")  # the fixture's protocol is for the type checker alone
    return {name for name in imports(path, at_run_time=typing_only) if any(within(name, package) for package in OWN)}


def broken(names: Callable[[str], set[str]], *places: str) -> dict[str, set[str]]:
    """Modules with what breaks a rule in them: those below some places, or all."""
    found = {path: names(path) for path in modules() if not places or path.startswith(places)}
    assert len(found) > 5
    return {path: what for path, what in found.items() if what}


def test_a_module_imports_only_what_its_part_may() -> None:
    def forbidden(path: str) -> set[str]:
        part = part_of(name_of(path))
        return {name for name in own_imports(path) if not allows(part, name)}

    assert broken(forbidden) == {}


def test_a_case_knows_nothing_of_the_plugin_but_its_fixtures_type() -> None:
    def known(path: str) -> set[str]:
        for_checkers = imports(path) - imports(path, at_run_time=True)
        return {name for name in for_checkers if within(name, "conformance")} - {"conformance.guest.plugin"}

    assert broken(known, "cases/") == {}


def test_what_runs_in_a_guest_needs_no_package_that_a_guest_lacks() -> None:
    def foreign(path: str) -> set[str]:
        top = {name.partition(".")[0] for name in imports(path, at_run_time=True)}
        there = GUEST_PACKAGES | ({"ptrace"} if path == GPL else set())
        there |= {"hypothesis"} if all_of_models(ROOT / path) else set()  # which a guest does not import
        return top - set(sys.stdlib_module_names) - set(OWN) - there

    assert broken(foreign, "conformance/guest/", "cases/") == {}


def test_the_data_model_and_the_system_calls_need_nothing_but_the_standard_library() -> None:
    paths = [path for path in modules() if path.startswith("conformance/syscalls/") or path == "conformance/model.py"]
    top = {name.partition(".")[0] for path in paths for name in imports(path, at_run_time=True)}
    assert len(paths) > 10
    # Hypothesis is imported when a strategy is asked for: `Parameter.strategy`.
    assert top - set(sys.stdlib_module_names) - {"hypothesis"} == {"conformance"}


def test_only_its_own_cases_import_python_ptrace() -> None:
    tests = [path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("*.py")]
    everything = [*modules(), *(path for path in tests if "ptrace" in (ROOT / path).read_text())]
    assert {path for path in everything if any(within(name, "ptrace") for name in imports(path))} <= {GPL}


def test_every_part_of_the_design_that_is_there_is_covered() -> None:
    parts = {path.name for path in (ROOT / "conformance").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert {f"conformance.{name}" for name in parts} <= set(ALLOWED)
    assert {part_of(name_of(path)) for path in modules()} <= set(ALLOWED)


def test_the_arrows_are_told_apart() -> None:
    assert allows("runners", "conformance.model")
    assert not allows("runners", "conformance.run.records")
    assert not allows("reports", "runners.base")
    assert not allows("cases", "conformance.guest.plugin")
    assert not allows("conformance.matrix", "conformance.run")
    assert not allows("conformance.guest", "conformance.matrix.build")
    assert not allows("conformance.run", "runners.qemu.runner")
    assert part_of("conformance.guest.plugin") == "conformance.guest"


KEYS = {"conformance/run/results.py"}
"""Where a runner's name is the key of an earlier plan: `profile` was an effort."""


def test_a_runners_name_is_known_to_the_runner_and_to_nobody_else() -> None:
    """As a word of its own: what hangs on a runner is asked of its declaration."""

    def names(path: str) -> set[str]:
        words = {str(node.value) for node in ast.walk(parsed(path)) if isinstance(node, ast.Constant)}
        return set() if path in KEYS else words & set(declarations())

    assert broken(names, "conformance/", "reports/") == {}, "ask runners.registry.declarations()"


ENTRY = "runners/registry.py"
"""The registry's entry point, which lists the modules of the runners that ship."""
WINGS = {path.removesuffix("/runner") for path in (name.replace(".", "/") for name in SHIPPED)}
"""Where a runner has its own: a folder, or a module."""


UNLISTED = ("runners/lying.py",)
"""Runners that no target can have, and that the registry does not list."""


def named(source: str) -> list[str]:
    """The wings that a text names, as a path or as modules are named, and runners by a name that is no English word."""
    wings = [wing for wing in sorted(WINGS) if re.search(rf"\b{wing.replace('/', '[./]')}\b", source)]
    return wings + re.findall(r"\b(?:qemu|gvisor)\b", source, re.IGNORECASE)


def in_wing(path: str) -> bool:
    """Whether a file is a runner's own."""
    return any(path == f"{wing}.py" or path.startswith(f"{wing}/") for wing in WINGS)


SHELVES = [
    path for path in modules() if path.startswith("runners/") and not in_wing(path) and path not in (ENTRY, *UNLISTED)
]


def test_what_runners_share_names_none_of_them() -> None:
    assert {path: found for path in SHELVES if (found := named((ROOT / path).read_text()))} == {}


def test_no_text_outside_the_wings_names_a_runners_module() -> None:
    """Not in a comment either. What gVisor does, as a target, is another matter."""

    def wings(path: str) -> set[str]:
        return set() if path.startswith("runners/") else set(named((ROOT / path).read_text())) & WINGS

    assert broken(wings) == {}


def test_a_text_that_names_a_runner_is_seen() -> None:
    assert {"runners/local", "runners/qemu", "runners/profile", "runners/gvisor"} == WINGS
    assert len(SHELVES) > 10
    assert named("the other end is runners/qemu/multiplex.py") == ["runners/qemu", "qemu"]
    assert named("from runners.local import HostGuest") == ["runners/local"]
    assert named("a QEMU that is older") == ["QEMU"]
    assert named("a local profile") == []
