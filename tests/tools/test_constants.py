from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conformance.syscalls.headers import newest
from tools.constants import BEFORE, NO_ARGUMENTS, TABLE, Constant, is_wanted, names_of, of_header, table
from tools.headers import Headers

needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="there is no gcc: apt install gcc libc6-dev")


@pytest.fixture
def headers(tmp_path: Path) -> Headers:
    """Headers with those that others use, which are empty."""
    for name in BEFORE:
        (tmp_path / "include" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "include" / name).touch()
    return Headers("1.0", tmp_path)


def defined(headers: Headers, source: str) -> dict[str, int]:
    """The constants of a header."""
    (headers.usr / "include/linux/x.h").write_text(source)
    return {each.name: each.value for each in of_header("linux/x.h", headers, "/nonexistent", ())}


@needs_gcc
def test_macros_and_enumerators_are_worth_what_the_compiler_says(headers: Headers) -> None:
    source = """
        #define A_ONE 1
        #define A_SHIFTED (A_ONE << 4)
        #define A_ZERO 0
        #define A_LARGE 0x8000000000000000ULL
        enum a_kind { A_FIRST, A_SECOND = A_SHIFTED, A_THIRD };
        enum { A_MINUS = -1 };
    """
    macros = {"A_ONE": 1, "A_SHIFTED": 16, "A_ZERO": 0, "A_LARGE": -(1 << 63)}
    assert defined(headers, source) == macros | {"A_FIRST": 0, "A_SECOND": 16, "A_THIRD": 17, "A_MINUS": -1}


@needs_gcc
def test_what_is_no_number_is_left_out(headers: Headers) -> None:
    source = """
        #ifndef _X_H
        #define _X_H
        #define A_TEXT "a"
        #define A_FUNCTION(x) (x)
        #define A_STRUCT struct a
        #define A_UNKNOWN B_NOWHERE
        #define A_TYPED _IO(struct b)
        #define A_NOTHING
        #define a_small 1
        #define __A_HIDDEN 1
        #define A_NUMBER 5
        #endif
    """
    assert defined(headers, source) == {"A_NUMBER": 5}


@needs_gcc
def test_a_constant_is_of_the_header_that_defines_it(headers: Headers) -> None:
    (headers.usr / "include/linux/y.h").write_text("#define B_ONE 1\n")
    (headers.usr / "include/linux/x.h").write_text('#include "y.h"\n#define A_ONE B_ONE\n')
    found = sorted(of_header("linux/x.h", headers, "/nonexistent", ()))
    assert found == [Constant("linux/x.h", "A_ONE", 1), Constant("linux/y.h", "B_ONE", 1)]
    assert [*of_header("linux/x.h", headers, "/nonexistent", {"B_ONE"})] == [Constant("linux/x.h", "A_ONE", 1)]


def test_names_stand_below_the_mark_of_their_file() -> None:
    source = '# 1 "/u/linux/a.h" 1\n#define A 1\n# 1 "/elsewhere/b.h"\n#define B 1\nenum { C };\n'
    assert [*names_of(source, [Path("/u")])] == [("linux/a.h", "A")]


def test_what_an_architecture_has_is_taken_unless_it_is_no_argument() -> None:
    assert is_wanted("linux/fcntl.h")
    assert is_wanted("asm/prctl.h")
    assert not is_wanted("linux/limits.h")
    assert not any(map(is_wanted, NO_ARGUMENTS))


@needs_gcc
def test_the_table_is_what_the_headers_of_its_version_say() -> None:
    headers = newest()
    written = TABLE.read_text()
    if f" {headers.version}," not in written:
        pytest.skip(f"the archive has {headers.version} by now: run `python -m tools.constants`")
    assert table(headers) == written
