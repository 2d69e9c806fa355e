from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings

from conformance.places import ROOT
from conformance.programs.notation.layout import WIDTH
from conformance.programs.notation.model import GAP, File, Listing, PromisedCall
from conformance.programs.notation.parse import parse_file, parse_program
from conformance.programs.notation.printing import print_file, print_program
from conformance.programs.program import MOST_MEMORY, Memory, Program, ProgramCall, Ref
from conformance.search.generate import Generator
from conformance.syscalls.files.opening import O_CREAT, O_RDWR
from tests.conformance.programs.notation.texts import printed
from tests.conformance.search.drawn import any_programs, likely

SHIPPED = sorted((ROOT / "cases").rglob("*.calls"))
DRAWN = 500


def comes_back(program: Program) -> None:
    """A program is printed, read and printed: the same program, and the same text."""
    text = print_program(program)
    read = parse_program(text)
    assert read == program
    assert print_program(read) == text
    assert max(map(len, text.splitlines())) <= WIDTH


@given(likely())
@settings(max_examples=200, deadline=None)
def test_what_a_search_may_draw_comes_back_as_it_was(program: Program) -> None:
    comes_back(program)


@given(any_programs())
@settings(max_examples=300, deadline=None)
def test_whatever_the_form_allows_comes_back_as_it_was(program: Program) -> None:
    comes_back(program)


@pytest.mark.parametrize("width", [1, 2, 4, 8])
def test_the_last_number_in_memory_that_is_as_large_as_can_be_comes_back(width: int) -> None:
    memory = Memory(bytes(MOST_MEMORY), room=True)
    steps = (ProgramCall("read", (0, memory, 0)), ProgramCall("dup", (Ref(0, 1, MOST_MEMORY - width, width),)))
    comes_back(Program(steps))


@pytest.mark.parametrize("seed", [1, 2])
def test_what_a_generator_makes_comes_back_as_it_was(seed: int) -> None:
    for _, program in Generator((), seed).batch(DRAWN):
        comes_back(program)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_file_that_ships_comes_back_with_promises_and_comments(path: Path) -> None:
    file = parse_file(path.read_text(), path.name)
    text = print_file(file)
    assert parse_file(text, path.name) == file
    assert print_file(parse_file(text, path.name)) == text


# -- how it looks


def test_a_program_reads_as_strace_shows_one() -> None:
    opened = ("openat_file", (-100, Memory(b"f0\0"), O_RDWR | O_CREAT, 0o644))
    text = printed(opened, ("read", (Ref(0), Memory(bytes(64), room=True), 64)), ("close", (Ref(0),)))
    assert text == 'r0 = openat(AT_FDCWD, "f0", O_RDWR|O_CREAT, 0644)\nread(r0, room(64), 64)\nclose(r0)\n'


def test_what_is_too_long_for_a_line_is_broken_at_its_arguments() -> None:
    name = Memory(bytes(range(1, 60)) + b"\0")
    text = printed(("renameat2", (-100, name, -100, name, 1)))
    lines = text.splitlines()
    assert lines[0] == "renameat2("
    assert lines[-1] == ")"
    assert all(line.startswith("    ") for line in lines[1:-1])
    assert lines[1] == "    AT_FDCWD,"


def test_a_remark_that_does_not_fit_beside_a_call_stands_above_it() -> None:
    step = PromisedCall(ProgramCall("close", (0,)), beside="so " * 40)
    text = print_file(File("", (Listing("closes", (step,)),)))
    assert text.splitlines()[1].startswith("    # so so")
    assert text.splitlines()[2] == "    close(0)"
    assert print_file(parse_file(text, "x.calls")).split() == text.split()


def test_empty_lines_between_comments_stay() -> None:
    step = PromisedCall(ProgramCall("close", (0,)), above=("one", GAP, "two"))
    text = print_file(File("Title", (Listing("closes", (step,), above=("three",)),)))
    assert text == '"Title"\n\n# three\ncloses:\n    # one\n\n    # two\n    close(0)\n'


@pytest.mark.parametrize(
    "promise",
    [
        "{nlmsg_type=RTM_NEWLINK} ... {nla_type=IFLA_MTU} {value32=1400}",
        "{nlmsg_type=RTM_NEWADDR} ... {nla_type=IFA_LOCAL, nla_len=8}",
        "{nlmsg_type=NLMSG_ERROR, nlmsg_flags=NLM_F_ACK_TLVS} {error=-19} ... {nla_type=NLMSGERR_ATTR_OFFS}",
        "{} {ifi_index >= 1}",
    ],
)
def test_numbers_of_structs_in_a_row_have_the_names_that_they_have_there(promise: str) -> None:
    text = f"x:\n    recvfrom_route(0, room(256), 256, 0, NULL, NULL) = ok, {promise}\n"
    assert print_file(parse_file(text, "x.calls")).split() == text.split()
