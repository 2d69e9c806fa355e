from __future__ import annotations

import importlib.util
import marshal
import py_compile
import sys
from pathlib import Path

import pytest

from runners.payload import layers
from tests.suite import run_cases


def test_a_guest_gets_what_its_packages_require_and_nothing_else() -> None:
    names = {each.name.lower().replace("_", "-") for each in layers.distributions()}
    assert {"pytest", "pluggy", "iniconfig", "packaging", "python-ptrace"} <= names
    assert not names & {"hypothesis", "msgspec", "click", "rich", "pytest-xdist", "jinja2", "syscall-conformance"}


def test_the_interpreter_is_the_one_behind_the_virtual_environment() -> None:
    assert layers.interpreter().is_file()
    assert not layers.interpreter().is_symlink()
    assert layers.interpreter().samefile(sys.executable)
    assert layers.python_command()[0] == str(layers.interpreter())


def test_the_suite_in_a_guest_has_neither_runners_nor_reports() -> None:
    sources = [name for _, name in layers._sources()]
    assert {"conformance/model.py", "conformance/guest/init.py", "conformance/syscalls/files/opening.py"} <= set(
        sources
    )
    assert any(path.startswith("cases/") for path in sources)
    heads = {tuple(path.split("/")[:2]) for path in sources if path.startswith("conformance/")}
    packages = {"protocol", "syscalls", "guest", "programs"}
    assert {name for _, name in heads} == {"__init__.py", "model.py", "offspring.py", "places.py", *packages}
    assert not [path for path in sources if "__pycache__" in path]


@pytest.mark.parametrize(
    "path",
    ["test/test_os.py", "idlelib/run.py", "lib-dynload/_ssl.cpython-311.so", "json/tests/x.py", "a/__pycache__/b.pyc"],
)
def test_parts_of_the_library_that_no_case_needs_stay_here(path: str) -> None:
    assert layers.UNUSED.search(path)


@pytest.mark.parametrize(
    "path",
    ["unittest/case.py", "json/__init__.py", "lib-dynload/_ctypes.cpython-311.so", "lib-dynload/mmap.so", "testing.py"],
)
def test_the_other_parts_come_along(path: str) -> None:
    assert not layers.UNUSED.search(path)


def test_a_module_is_copied_as_byte_code_under_a_name_that_python_imports(tmp_path: Path) -> None:
    source = tmp_path / "module.py"
    source.write_text("VALUE = 5\n")
    layers._copy_bytecode(source, tmp_path / "there" / "module.pyc")
    spec = importlib.util.spec_from_file_location("module", tmp_path / "there" / "module.pyc")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.VALUE == 5


def test_a_template_that_is_no_python_is_left_behind(tmp_path: Path) -> None:
    source = tmp_path / "template.py"
    source.write_text("class {{ name }}: pass\n")
    layers._copy_bytecode(source, tmp_path / "template.pyc")
    assert not (tmp_path / "template.pyc").exists()


def test_byte_code_is_told_where_its_source_lies_in_the_guest(tmp_path: Path) -> None:
    source = tmp_path / "case.py"
    source.write_text("def test():\n    def inner(): pass\n    return inner\n")
    py_compile.compile(str(source), cfile=str(tmp_path / "case.pyc"))
    before = (tmp_path / "case.pyc").read_bytes()
    layers._relocate(tmp_path / "case.pyc", str(tmp_path), "/conformance")
    after = (tmp_path / "case.pyc").read_bytes()
    assert before[:16] == after[:16]
    assert str(tmp_path).encode() not in after
    module = marshal.loads(after[16:])
    (function,) = (each for each in module.co_consts if hasattr(each, "co_filename"))
    (inner,) = (each for each in function.co_consts if hasattr(each, "co_filename"))
    assert {module.co_filename, function.co_filename, inner.co_filename} == {"/conformance/case.py"}


def test_a_file_goes_to_the_same_place_with_links_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "libx.so.1.2").write_text("library")
    (tmp_path / "real" / "libx.so").symlink_to("libx.so.1.2")
    (tmp_path / "link").symlink_to("real")
    tree = tmp_path / "tree"
    layers._copy_file(tmp_path / "link" / "libx.so", tree)
    copy = tree / (tmp_path / "real" / "libx.so").relative_to("/")
    assert copy.read_text() == "library"
    assert not copy.is_symlink()


def test_programs_are_those_that_this_machine_has() -> None:
    found = {path.name for path in layers.programs()}
    assert {"true", "sh", "cat", "sleep"} <= found <= set(layers.PROGRAMS)


def test_a_program_is_the_one_that_a_guest_finds_and_not_a_users_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sleep").symlink_to("/bin/sleep")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    [found] = [path for path in layers.programs() if path.name == "sleep"]
    assert str(found.parent) in layers.PYTHON_ENVIRONMENT["PATH"].split(":")


BAD: dict[str, str | bytes] = {
    "test_no_python": "def (:\n",
    "test_no_text": b'X = "\xff"\n',
    "test_ends_it": "import os\nos._exit(1)\n",
    "test_never_ends": "while True: pass\n",
    "test_absent": "import nonsense\n",
}


@pytest.mark.parametrize("name", BAD)
def test_modules_of_cases_are_compiled_without_importing_them(tmp_path: Path, name: str) -> None:
    area = tmp_path / "cases" / "area"
    area.mkdir(parents=True)
    text = BAD[name]
    (area / f"{name}.py").write_bytes(text if isinstance(text, bytes) else text.encode())
    (area / "test_good.py").write_text("def test_good(): assert 1 == 2\n")
    (area / "_helper.py").write_text("X = 1\n")
    layers._compile_cases(tmp_path / "cases")
    made = {path.name.partition(".")[0] for path in (area / "__pycache__").iterdir()}
    assert {"test_good", "_helper"} <= made
    assert (name in made) is not name.startswith("test_no")


def test_pytest_takes_the_byte_code_that_was_made_for_it(tmp_path: Path) -> None:
    module = tmp_path / "cases" / "area" / "test_good.py"
    module.parent.mkdir(parents=True)
    module.write_text("def test_good(): assert 1 == 2\n")
    layers._compile_cases(tmp_path / "cases")
    (made,) = (module.parent / "__pycache__").iterdir()
    before = made.read_bytes()
    done = run_cases(tmp_path / "cases", "-p", "no:conformance", "--import-mode=importlib", "-vv", "--debug=log")
    assert "1 failed" in done.stdout
    assert made.read_bytes() == before
    assert "found cached rewritten pyc" in (tmp_path / "log").read_text()
