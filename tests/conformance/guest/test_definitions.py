from __future__ import annotations

from pathlib import Path

import pytest

from conformance.guest import definitions
from conformance.guest.definitions import case_id, definition_hash, described, is_case

MODULE = '''"""Feature: it is
about this.
"""

from __future__ import annotations

LIMIT = 5


def helper() -> int:
    return LIMIT


@pytest.mark.parametrize(
    "value",
    [
        1,
        2,
    ],
)
@pytest.mark.deadline(5)
def test_one(value: int) -> None:
    """The first.

    With more to say.
    """
    text = """
    indented
    """
    assert helper() == value


# A comment.
@pytest.mark.needs("root")
def test_two() -> None:
    assert helper()

    assert LIMIT


def test_three(
    observe: object,
) -> None: ...
'''
TESTS = ("test_one", "test_two", "test_three")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path


def hashes(directory: Path, text: str) -> dict[str, str]:
    """The hash of each test in a module of that text."""
    path = directory / f"test_{len(list(directory.iterdir()))}.py"
    path.write_text(text)
    return {name: definition_hash(path, name) for name in TESTS}


def changed(directory: Path, old: str, new: str) -> set[str]:
    """Which tests are others when `old` is replaced in the module."""
    assert old in MODULE
    before, after = hashes(directory, MODULE), hashes(directory, MODULE.replace(old, new))
    return {name for name in TESTS if before[name] != after[name]}


def test_a_hash_is_16_digits_and_every_test_has_its_own(directory: Path) -> None:
    found = hashes(directory, MODULE)
    assert len(set(found.values())) == 3
    assert all(len(each) == 16 and int(each, 16) >= 0 for each in found.values())


def test_the_same_text_has_the_same_hash_wherever_it_lies(directory: Path) -> None:
    assert hashes(directory, MODULE) == hashes(directory, MODULE)


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("assert helper() == value", "assert helper() != value", "test_one"),
        ("        2,\n", "        3,\n", "test_one"),
        ("deadline(5)", "deadline(6)", "test_one"),
        ("    indented\n", "    other\n", "test_one"),
        ("    assert LIMIT\n", "    assert not LIMIT\n", "test_two"),
        ('needs("root")', 'needs("disposable")', "test_two"),
        ("    observe: object,\n", "", "test_three"),
    ],
)
def test_a_change_in_a_test_changes_the_hash_of_that_one_only(directory: Path, old: str, new: str, name: str) -> None:
    assert changed(directory, old, new) == {name}


@pytest.mark.parametrize(
    ("old", "new"), [("LIMIT = 5", "LIMIT = 6"), ("return LIMIT", "return 1"), ("about this.", "about that.")]
)
def test_a_change_in_what_tests_share_changes_the_hash_of_all(directory: Path, old: str, new: str) -> None:
    assert changed(directory, old, new) == set(TESTS)


def test_a_new_test_changes_no_other(directory: Path) -> None:
    before = hashes(directory, MODULE)
    after = hashes(directory, MODULE + "\n\ndef test_four() -> None:\n    assert 4\n")
    # The blank lines before the new test belong to the one above it.
    assert {name for name in TESTS if before[name] != after[name]} <= {"test_three"}
    assert before["test_one"] == after["test_one"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/conformance/cases/netlink/test_uevents.py", "netlink/test_uevents.py::test_x[1]"),
        ("cases/netlink/test_uevents.py", "netlink/test_uevents.py::test_x[1]"),
        ("/home/cases/work/cases/a/b/test_c.py", "a/b/test_c.py::test_x[1]"),
        ("/elsewhere/test_c.py", "test_c.py::test_x[1]"),
    ],
)
def test_the_id_of_a_case_is_its_path_below_cases(path: str, expected: str) -> None:
    assert case_id(Path(path), "test_x[1]") == expected


def test_a_module_of_cases_lies_below_a_folder_of_that_name() -> None:
    assert is_case(Path("/x/cases/area/test_a.py"))
    assert not is_case(Path("/x/tests/test_a.py"))
    assert not is_case(Path("/x/tests/cases"))


def test_a_checkout_that_is_named_cases_has_tests_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "cases/cases/area").mkdir(parents=True)
    assert is_case(tmp_path / "cases/cases/area/test_a.py")
    assert not is_case(tmp_path / "cases/tests/area/test_a.py")


def test_a_case_can_be_described_without_importing_it(directory: Path) -> None:
    path = directory / "test_x.py"
    path.write_text(MODULE)
    assert described(path, "test_one[1]") == (definition_hash(path, "test_one"), "The first.", "Feature: it is")
    assert described(path, "test_two") == (definition_hash(path, "test_two"), "", "Feature: it is")


# What a case is made of besides


def tree(directory: Path, **changed: str) -> Path:
    """A folder of cases, with modules that import each other; the one that has the test."""
    modules = {
        "__init__": "",
        "one/__init__": "",
        "one/_a": "from cases.two._b import value\n",
        "one/_sibling": "A = 1\n",
        "one/_function": "F = 1\n",
        "one/_relative": "from . import _far\nfrom ..two import _d\n",
        "one/_far": "X = 1\n",
        "one/_unused": "U = 1\n",
        "one/test_x": TEST,
        "two/__init__": "",
        "two/_b": "import cases.two._c\nfrom cases.one import _a\nvalue = 1\n",
        "two/_c": "C = 1\n",
        "two/_d": "D = 1\n",
        "one/test_y": "Y = 1\n",
    }
    root = directory / f"tree{len(list(directory.iterdir()))}" / "cases"
    for name, text in (modules | changed).items():
        path = root / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for name in ("p", "q"):
        (root / "one" / "x").mkdir(exist_ok=True)
        (root / "one" / "x" / f"{name}.json").write_text(changed.get(f"{name}.json", "{}"))
    return root / "one" / "test_x.py"


TEST = """from cases.one import (
    _relative,  # far
    _sibling,
)
from cases.one._a import (
    value,
)
import os, json

def test_it(name):
    from cases.one import _function
"""


@pytest.mark.parametrize(
    "module", ["one/_a", "one/_sibling", "one/_function", "one/_relative", "one/_far", "two/_b", "two/_c", "two/_d"]
)
def test_a_change_in_a_module_that_a_case_is_made_of_changes_its_hash(directory: Path, module: str) -> None:
    before = tree(directory)
    text = (before.parents[1] / f"{module}.py").read_text()
    after = tree(directory, **{module: text + "MORE = 1\n"})
    assert definition_hash(before, "test_it[x/p]") != definition_hash(after, "test_it[x/p]")
    assert described(after, "test_it[x/p]")[0] == definition_hash(after, "test_it[x/p]")


@pytest.mark.parametrize("module", ["one/_unused", "one/test_y"])
def test_a_change_elsewhere_does_not(directory: Path, module: str) -> None:
    before, after = tree(directory), tree(directory, **{module: "MORE = 1\n"})
    assert definition_hash(before, "test_it[x/p]") == definition_hash(after, "test_it[x/p]")


def test_a_program_s_hash_is_of_its_text(directory: Path) -> None:
    path = directory / "cases" / "one" / "x.calls"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("a:\n    getpid()\n\nb:\n    getuid()\n")
    hashes = [definition_hash(path, name) for name in ("a", "b")]
    assert described(path, "a") == (hashes[0], "a", "")
    definitions.programs.cache_clear()
    path.write_text("a:\n    getpid()\n\nb:\n    getgid()\n")
    assert definition_hash(path, "a") == hashes[0]
    assert definition_hash(path, "b") != hashes[1]


def test_a_helper_that_is_no_python_counts_as_its_text(directory: Path) -> None:
    before, after = (
        tree(directory, **{"one/_sibling": "from cases (\n"}),
        tree(directory, **{"one/_sibling": "def (\n"}),
    )
    assert definition_hash(before, "test_it") != definition_hash(after, "test_it")


def test_helpers_of_the_shipped_cases_are_found() -> None:
    cases = Path(__file__).parents[3] / "cases"
    assert cases / "cgroups" / "_groups.py" in definitions._helpers(cases / "cgroups" / "test_groups.py")
