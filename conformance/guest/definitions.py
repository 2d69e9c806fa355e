"""The identity of a case: its id, and a hash that changes when its definition does."""

from __future__ import annotations

import ast
import hashlib
import re
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.places import CALLS

if TYPE_CHECKING:
    from conformance.programs.listed import Listed

_IMPORT = re.compile(
    r"^[ \t]*((?:from[ \t]+(?:cases\b|\.)[^\n]*\bimport[ \t]*(?:\([^)]*\)|[^\n]*)|import[ \t][^\n]*\bcases\b[^\n]*))",
    re.MULTILINE,
)
"""A statement that may import something below the folder of cases. Parsing whole modules would take a guest seconds."""
_BLOCK = re.compile(r"^(?=[^\s)\]}#])", re.MULTILINE)


def below_cases(path: Path) -> str:
    """`netlink/test_uevents.py`: the path below `cases/`, whatever lies above; empty for that folder itself."""
    parts = path.parts
    return "/".join(parts[len(parts) - parts[::-1].index("cases") :] if "cases" in parts else parts[-1:])


def case_id(path: Path, name: str) -> str:
    """`netlink/test_uevents.py::test_listener[…]`."""
    return f"{below_cases(path)}::{name}"


@cache
def is_case(path: Path) -> bool:
    """Whether a test module belongs to a tree of cases: it lies somewhere below a folder of that name.

    A checkout of the suite that was named so is none.
    """
    tree = next((folder for folder in path.parents if folder.name == "cases"), None)
    return tree is not None and not (tree / "cases").is_dir()


@cache
def _definitions(path: Path) -> tuple[str, dict[str, str]]:
    """The module's text outside its tests, and the text of each test function with its decorators."""
    rest, tests, decorators = [], {}, ""
    for block in _BLOCK.split(path.read_text(encoding="utf-8")):
        if block.startswith("@"):
            decorators += block
        elif found := re.match(r"def (test_\w+)", block):
            tests[found[1]] = decorators + block
            decorators = ""
        else:
            rest.append(decorators + block)
            decorators = ""
    return "".join(rest), tests


def definition_hash(path: Path, name: str) -> str:
    """Of a test function and of everything that it is made of. 16 hexadecimal digits.

    That is what its module has besides tests, the modules below the folder of cases that it imports, and theirs. What
    is below `conformance` belongs to the suite, which has a version of its own. Of a program it is its text.
    """
    if path.suffix == CALLS:
        return program(path, name).hash
    return _hash(path, name.partition("[")[0])


@cache
def _hash(path: Path, function: str) -> str:
    rest, tests = _definitions(path)
    return hashlib.sha256((rest + tests.get(function, "")).encode() + _helping(path)).hexdigest()[:16]


@cache
def _helping(path: Path) -> bytes:
    """What the modules that a module imports have in them, each behind its name."""
    return b"".join(helper.name.encode() + b"\0" + _content(helper) for helper in _helpers(path))


MODEL = "kernel"
"""The fixture of a property whose calls an executor makes, and not the process that holds the model."""
MODELS = "test_*_model.py"
"""The modules in which the host of a guest looks for such properties."""
_PARAMETERS = re.compile(r"^def (test_\w+)\(([^)]*)\)", re.MULTILINE)
_MODEL = re.compile(rf"\b{MODEL}\b")


@cache
def models(path: Path) -> dict[str, bool]:
    """The tests of a module, by name, and whether each is such a property. Nothing is imported."""
    return {found[1]: bool(_MODEL.search(found[2])) for found in _PARAMETERS.finditer(path.read_text(encoding="utf-8"))}


def is_run_from_outside(path: Path, function: str) -> bool:
    """Whether a test is one that the host of a guest runs. Whatever else asks for the fixture, the guest runs itself,
    lest nobody does."""
    return path.match(MODELS) and models(path).get(function, False)


def all_of_models(path: Path) -> bool:
    """Whether a file is a module in which there are such properties, and no other tests."""
    if not path.match(MODELS) or not path.is_file():
        return False
    return bool(found := models(path)) and all(found.values())


@cache
def programs(path: Path) -> dict[str, Listed]:
    """The programs of a file, by name. Raises NotationError, OSError."""
    from conformance.programs.listed import listed  # noqa: PLC0415 - a served guest has no use for it

    return {each.name: each for each in listed(path)}


def program(path: Path, name: str) -> Listed:
    """A program of a file. Raises KeyError, NotationError, OSError."""
    return programs(path)[name]


@cache
def _content(path: Path) -> bytes:
    return path.read_bytes()


@cache
def _helpers(path: Path) -> list[Path]:
    """The modules below the folder of cases that a module imports, those that these import, and so on. In order."""
    found: set[Path] = set()
    more = [path]
    while more:
        news = _imported(more.pop()) - found - {path}
        found |= news
        more += news
    return sorted(found)


@cache
def _imported(path: Path) -> set[Path]:
    """The modules below the folder of cases that a module names in an import, with the packages that they are in."""
    if not is_case(path):
        return set()
    root = next(parent for parent in path.parents if parent.name == "cases")
    nodes: list[ast.stmt] = []
    for statement in _IMPORT.findall(path.read_text(encoding="utf-8", errors="replace")):
        with suppress(SyntaxError):  # a line of a text, or a module that cannot be imported anyway
            nodes += ast.parse(statement).body
    found: set[Path] = set()
    for node in nodes:
        for parts in _named(node, path, root):
            for end in range(len(parts) + 1):
                found |= _files(root, *parts[:end])
    return {each for each in found if each.is_relative_to(root)}


@cache
def _files(root: Path, *parts: str) -> frozenset[Path]:
    """The modules that a name below the folder of cases means."""
    place = root.joinpath(*parts)
    return frozenset(each for each in (place.with_suffix(".py"), place / "__init__.py") if each.is_file())


def _named(node: ast.AST, path: Path, root: Path) -> list[list[str]]:
    """What an import names, as paths below the folder of cases: a name may be a module's, or what is in one."""
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        package = path.parents[node.level - 1] if node.level else None
        if package is not None and root not in (package, *package.parents):
            return []
        above = [] if package is None else ["cases", *package.relative_to(root).parts]
        module = ".".join([*above, *([node.module] if node.module else [])])
        names = [module, *(f"{module}.{alias.name}" for alias in node.names)]
    else:
        return []
    return [name.split(".")[1:] for name in names if name.split(".")[0] == "cases"]


def described(path: Path, name: str) -> tuple[str, str, str]:
    """Of a case whose module was not imported here: the hash of its definition, its title and its feature's."""
    if path.suffix == CALLS:
        found = program(path, name)
        return found.hash, found.title, found.feature
    function = name.partition("[")[0]
    module = ast.parse(path.read_text(encoding="utf-8"))
    test = next((node for node in module.body if isinstance(node, ast.FunctionDef) and node.name == function), None)
    title = ast.get_docstring(test) if test else None
    return definition_hash(path, name), headline(title), headline(ast.get_docstring(module))


def headline(docstring: str | None) -> str:
    """The first line of a docstring."""
    return (docstring or "").strip().split("\n")[0]
