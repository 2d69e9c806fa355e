"""The identity of a case: its id, and a hash that changes when its definition does."""

from __future__ import annotations

import ast
import hashlib
import re
from functools import cache
from pathlib import Path

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


def definition_hash(path: Path, function: str) -> str:
    """Of a test function and of everything in its module that is not a test. 16 hexadecimal digits."""
    rest, tests = _definitions(path)
    text = rest + tests.get(function, "")
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def described(path: Path, name: str) -> tuple[str, str, str]:
    """Of a case whose module was not imported here: the hash of its definition, its title and its feature's."""
    function = name.partition("[")[0]
    module = ast.parse(path.read_text(encoding="utf-8"))
    found = next((node for node in module.body if isinstance(node, ast.FunctionDef) and node.name == function), None)
    title = ast.get_docstring(found) if found else None
    return definition_hash(path, function), headline(title), headline(ast.get_docstring(module))


def headline(docstring: str | None) -> str:
    """The first line of a docstring."""
    return (docstring or "").strip().split("\n")[0]
