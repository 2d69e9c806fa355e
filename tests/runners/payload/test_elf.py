from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from elftools.common.exceptions import ELFError

from runners.payload.elf import closure, locate, needed, system_directories

PYTHON = Path(sys.executable).resolve()
needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="there is no gcc: apt install gcc libc6-dev")


def compiled(source: str, to: Path, *options: str) -> Path:
    """What gcc makes of a source text."""
    subprocess.run(["gcc", "-x", "c", "-", "-o", str(to), *options], input=source, text=True, check=True)
    return to


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A program that needs a library beside it, which needs another one in a folder of its own."""
    (tmp_path / "deep").mkdir()
    compiled("int two(void) { return 2; }", tmp_path / "deep" / "libtwo.so", "-shared")
    compiled(
        "int two(void); int one(void) { return two(); }",
        tmp_path / "libone.so",
        *("-shared", "-L", f"{tmp_path}/deep", "-ltwo", "-Wl,-rpath,$ORIGIN/deep", "-Wl,--no-as-needed"),
    )
    return compiled(
        "int one(void); int main(void) { return one(); }",
        tmp_path / "program",
        *("-L", str(tmp_path), "-lone", "-Wl,-rpath,$ORIGIN", f"-Wl,-rpath-link,{tmp_path}/deep"),
    )


def by_loader(path: Path) -> set[Path]:
    """What the loader itself would load."""
    said = subprocess.run(["ldd", str(path)], capture_output=True, text=True, check=True).stdout
    return {Path(each).resolve() for each in re.findall(r"(/\S+) \(0x", said)}


@pytest.mark.parametrize("name", ["true", "sh", "python"])
def test_a_programs_libraries_are_those_that_the_loader_finds(name: str) -> None:
    path = PYTHON if name == "python" else Path(shutil.which(name) or "")
    assert {each.resolve() for each in closure([path])} == by_loader(path)


@needs_gcc
def test_libraries_are_found_by_the_search_path_of_whoever_needs_them(program: Path) -> None:
    found = closure([program])
    assert {each.resolve() for each in found} == by_loader(program)
    assert {program.parent / "libone.so", program.parent / "deep" / "libtwo.so"} <= {each.resolve() for each in found}


@needs_gcc
def test_a_static_program_needs_nothing(tmp_path: Path) -> None:
    static = compiled("void _start(void) { for (;;); }", tmp_path / "static", "-static", "-nostdlib")
    assert needed(static) == (None, [], [])
    assert closure([static]) == set()


@needs_gcc
def test_a_library_that_is_nowhere_is_told_by_name(program: Path) -> None:
    (program.parent / "deep" / "libtwo.so").unlink()
    with pytest.raises(FileNotFoundError, match=r"the shared library libtwo\.so is on none of the loader's paths"):
        closure([program])


def test_files_that_are_not_elf_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "script").write_text("#!/bin/sh\n")
    (tmp_path / "empty").write_text("")
    assert closure([tmp_path / "script", tmp_path / "empty"]) == set()
    with pytest.raises(ELFError):
        needed(tmp_path / "script")


@pytest.mark.parametrize("size", [4, 16, 63, 64, 100, 1000, -1000])
def test_a_file_that_is_only_the_beginning_of_elf_is_passed_over(tmp_path: Path, size: int) -> None:
    (tmp_path / "cut").write_bytes(PYTHON.read_bytes()[:size])
    assert closure([tmp_path / "cut"]) == set()


def test_libraries_that_need_one_another_are_no_endless_loop() -> None:
    libc = locate("libc.so.6", [])
    assert closure([libc, libc]) == closure([libc])


def test_own_directories_come_before_the_systems(tmp_path: Path) -> None:
    (tmp_path / "libc.so.6").write_text("mine")
    assert locate("libc.so.6", [str(tmp_path)]) == tmp_path / "libc.so.6"
    assert str(locate("libc.so.6", []).parent) in system_directories()
