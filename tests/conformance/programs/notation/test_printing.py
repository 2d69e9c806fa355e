from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings

from conformance.places import ROOT
from conformance.programs.notation.layout import WIDTH
from conformance.programs.notation.model import GAP, File, Listing, Step
from conformance.programs.notation.parse import parse_file, parse_program
from conformance.programs.notation.printing import print_file, print_program
from conformance.programs.notation.promises import Fails, Promise, Succeeds
from conformance.programs.program import Memory, Program, ProgramCall, Ref, from_json
from conformance.search.generate import Generator
from conformance.syscalls.files.opening import O_CREAT, O_RDWR
from tests.conformance.search.drawn import any_programs, likely

KEPT = sorted((ROOT / "cases/programs").glob("*/*.json"))
DRAWN = 500
SIZE = 4096


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


@pytest.mark.parametrize("seed", [1, 2])
def test_what_a_generator_makes_comes_back_as_it_was(seed: int) -> None:
    for _, program in Generator((), seed).batch(DRAWN):
        comes_back(program)


def kept_listing(path: Path) -> Listing:
    """A kept program and its promises, as a file in the notation has them."""
    document = json.loads(path.read_text(encoding="utf-8"))
    promises = [Promise(Succeeds() if each == "0" else Fails((each,))) for each in document["promise"]]
    program = from_json(document)
    steps = [Step(call, promises=(each,)) for call, each in zip(program.steps, promises, strict=True)]
    return Listing(path.stem, tuple(steps))


def test_every_kept_program_comes_back_with_its_promises() -> None:
    assert len(KEPT) > 100
    file = File("Programs that were kept", tuple(map(kept_listing, KEPT)))
    text = print_file(file)
    assert parse_file(text, "kept.calls") == file
    assert print_file(parse_file(text, "kept.calls")) == text
    assert max(map(len, text.splitlines())) <= WIDTH


# -- how it looks


def printed(*calls: tuple[str, tuple[object, ...]]) -> str:
    """A program's text."""
    return print_program(Program(tuple(ProgramCall(label, args) for label, args in calls)))  # type: ignore[arg-type] # ints, and what stands for memory


def test_a_program_reads_as_strace_shows_one() -> None:
    opened = ("openat_file", (-100, Memory(b"f0\0"), O_RDWR | O_CREAT, 0o644))
    text = printed(opened, ("read", (Ref(0), Memory(bytes(64), room=True), 64)), ("close", (Ref(0),)))
    assert text == 'r0 = openat(AT_FDCWD, "f0", O_RDWR|O_CREAT, 0644)\nread(r0, room(64), 64)\nclose(r0)\n'


def test_what_a_call_has_written_is_named_by_the_argument_and_its_place() -> None:
    text = printed(("pipe2", (Memory(bytes(8), room=True), 0)), ("close", (Ref(0, 0, 4, 4),)))
    assert text == "r0 = pipe2(room(8), 0)\nclose(r0.fds[1])\n"


def test_a_struct_is_told_by_those_of_its_members_that_are_not_zero() -> None:
    text = printed(("sched_setattr", (0, Memory(SIZE.to_bytes(4, "little") + bytes(44)), 0)))
    assert text == "sched_setattr(0, {size=4096}, 0)\n"


def test_memory_that_memory_points_to_stands_in_it() -> None:
    vectors = Memory(bytes(16), ((0, 8, Memory(b"hello")), (8, 8, 5)))
    assert printed(("writev", (1, vectors, 1))) == 'writev(1, [{iov_base="hello", iov_len=size}], 1)\n'


def test_an_address_of_a_socket_is_told_by_its_family() -> None:
    address = Memory(b"\2\0\x13\x88\x7f\0\0\1" + bytes(8))
    text = "bind(0, {sin_family=AF_INET, sin_port=5000, sin_addr=INADDR_LOOPBACK}, 16)\n"
    assert printed(("bind_inet", (0, address, 16))) == text
    assert printed(("bind_inet", (0, Memory(address.data[:8]), 8))) == "bind_inet(0, u64[0x100007f88130002], 8)\n"


def test_a_message_is_told_with_all_that_it_points_to() -> None:
    vectors = Memory(bytes(16), ((0, 8, Memory(b"hello")), (8, 8, 5)))
    message = Memory(bytes(24) + b"\1" + bytes(31), ((16, 8, vectors),))
    text = 'sendmsg(0, {iov=[{iov_base="hello", iov_len=size}], iovlen=1}, 0)\n'
    assert printed(("sendmsg", (0, message, 0))) == text


def test_an_argument_of_an_operation_is_spelled_as_the_call_s_own() -> None:
    text = "getsockopt(0, SOL_SOCKET, SO_TYPE, room(4), [4])\n"
    assert printed(("getsockopt_number", (0, 1, 3, Memory(bytes(4), room=True), Memory(b"\4\0\0\0")))) == text


def test_a_number_that_is_put_into_memory_is_told_from_one_that_is_there() -> None:
    there, put = Memory(b"\x05\0\0\0"), Memory(bytes(4), ((0, 4, 5),))
    assert printed(("getsockname", (0, 0, there))) == "getsockname(0, NULL, [5])\n"
    assert printed(("getsockname", (0, 0, put))) == "getsockname(0, NULL, [put(5)])\n"


def test_a_path_has_its_zero_byte_unsaid_and_one_without_it_ends_in_dots() -> None:
    assert printed(("unlink", (Memory(b"f0\0"),))) == 'unlink("f0")\n'
    assert printed(("unlink", (Memory(b"f0", edge=True),))) == 'unlink(edge "f0"...)\n'


def test_what_is_repeated_is_said_once() -> None:
    assert printed(("unlink", (Memory(b"d0/" * 1400 + b"\0"),))) == 'unlink("d0/"*1400)\n'


def test_a_call_that_only_its_description_tells_from_its_operation_says_so() -> None:
    args = (-100, Memory(b"f0\0"), O_RDWR, 0)
    assert printed(("openat", args)).startswith("plain openat(")
    assert printed(("openat_file", args)).startswith("openat(")
    assert printed(("socket_tcp_client", (1, 1, 0))).startswith("socket_tcp_client(")


def test_what_is_too_long_for_a_line_is_broken_at_its_arguments() -> None:
    name = Memory(bytes(range(1, 60)) + b"\0")
    text = printed(("renameat2", (-100, name, -100, name, 1)))
    lines = text.splitlines()
    assert lines[0] == "renameat2("
    assert lines[-1] == ")"
    assert all(line.startswith("    ") for line in lines[1:-1])
    assert lines[1] == "    AT_FDCWD,"


def test_a_remark_that_does_not_fit_beside_a_call_stands_above_it() -> None:
    step = Step(ProgramCall("close", (0,)), beside="so " * 40)
    text = print_file(File("", (Listing("closes", (step,)),)))
    assert text.splitlines()[1].startswith("    # so so")
    assert text.splitlines()[2] == "    close(0)"
    assert print_file(parse_file(text, "x.calls")) == text


def test_empty_lines_between_comments_stay() -> None:
    step = Step(ProgramCall("close", (0,)), above=("one", GAP, "two"))
    text = print_file(File("Title", (Listing("closes", (step,), above=("three",)),)))
    assert text == '"Title"\n\n# three\ncloses:\n    # one\n\n    # two\n    close(0)\n'
