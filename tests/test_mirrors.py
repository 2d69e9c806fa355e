"""Where a module's tests are looked for: those of `conformance/run/gate.py` in `tests/conformance/run/test_gate.py`."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.test_architecture import ROOT, modules

DECISIONS = (ast.If, ast.IfExp, ast.BoolOp, ast.Match, ast.For, ast.While, ast.Try)
"""What a function has whose outcome depends on something. Pages of descriptions, constants, data classes have none."""


def decides(source: str) -> bool:
    """Whether a module has logic to test: a function that branches, loops, leaves something out or takes errors."""
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    return any(
        isinstance(node, DECISIONS) or (isinstance(node, ast.comprehension) and bool(node.ifs))
        for function in functions
        for node in ast.walk(function)
    )


def mirror(path: str) -> str:
    """Where a module's tests are, below `tests`. A package's own are named as it is."""
    module = Path(path)
    if module.stem == "__init__":
        module = module.parent
    return str(module.with_name(f"test_{module.stem.strip('_')}.py"))


CANDIDATES = [path for path in modules() if not path.startswith("cases/")]
"""Cases have tests of their own kind: see `tests/cases`."""


def has_tests(path: str) -> bool:
    """Whether a module's tests are where they are looked for."""
    place = ROOT / "tests" / mirror(path)
    return place.exists() and "\ndef test_" in place.read_text()


def test_a_module_that_decides_anything_has_tests_where_they_are_looked_for() -> None:
    assert len(CANDIDATES) > 300
    assert {
        path: mirror(path) for path in CANDIDATES if not has_tests(path) and decides((ROOT / path).read_text())
    } == {}


@pytest.mark.parametrize(
    "source",
    [
        "X = 1 if Y else 2",
        "def f(x: int) -> int: ...",
        "def f(x: int) -> int:\n    return g(x) + 1",
        "class A:\n    x: int = 0\n    def __init__(self) -> None:\n        self.x = 1",
        "def f() -> list[int]:\n    return [each for each in range(3)]",
    ],
)
def test_declarations_need_no_tests(source: str) -> None:
    assert not decides(source)


@pytest.mark.parametrize(
    "body",
    [
        "if x: y()",
        "return 1 if x else 2",
        "return x or 2",
        "return [each for each in x if each]",
        "for each in x: y()",
        "while x(): pass",
        "try: y()\n    except OSError: pass",
    ],
)
def test_what_depends_on_something_does(body: str) -> None:
    assert decides(f"class A:\n  def f(self, x):\n    {body}")


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("conformance/run/gate.py", "conformance/run/test_gate.py"),
        ("conformance/__main__.py", "conformance/test_main.py"),
        ("conformance/cli/__init__.py", "conformance/test_cli.py"),
        ("runners/local.py", "runners/test_local.py"),
    ],
)
def test_tests_lie_below_tests_as_their_module_lies(path: str, place: str) -> None:
    assert mirror(path) == place
