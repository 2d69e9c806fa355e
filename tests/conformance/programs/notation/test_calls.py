from __future__ import annotations

from conformance.programs.notation.calls import kinds_of, name_of
from conformance.programs.notation.parse import parse_program
from conformance.programs.program import Memory, ProgramCall, Ref
from conformance.syscalls.files.opening import O_RDWR
from conformance.syscalls.machinery.kinds import Flags
from conformance.syscalls.machinery.memory import Pointer
from conformance.syscalls.machinery.table import grammar
from tests.conformance.programs.notation.texts import printed


def test_a_call_that_only_its_description_tells_from_its_operation_says_so() -> None:
    args = (-100, Memory(b"f0\0"), O_RDWR, 0)
    assert printed(("openat", args)).startswith("plain openat(")
    assert printed(("openat_file", args)).startswith("openat(")
    assert printed(("socket_tcp_client", (1, 1, 0))).startswith("socket_tcp_client(")


def test_an_argument_of_an_operation_is_spelled_as_the_call_s_own() -> None:
    text = "getsockopt(0, SOL_SOCKET, SO_TYPE, room(4), [4])\n"
    assert printed(("getsockopt_number", (0, 1, 3, Memory(bytes(4), room=True), Memory(b"\4\0\0\0")))) == text


def test_a_call_is_of_the_operation_that_its_arguments_say() -> None:
    text = "fcntl(0, F_GETFD, 0)\nfcntl(0, 77, 0)\nplain fcntl(0, F_GETFD, 0)"
    assert [step.label for step in parse_program(text).steps] == ["fcntl_getfd", "fcntl", "fcntl"]


def test_a_result_where_an_operation_wants_a_number_says_nothing_of_it() -> None:
    assert name_of(ProgramCall("fcntl", (0, Ref(0), 0))) == "fcntl"
    assert [step.label for step in parse_program("r0 = getpid()\nfcntl(0, r0, 0)").steps] == ["getpid", "fcntl"]


def test_an_operation_says_what_its_own_arguments_are() -> None:
    assert isinstance(kinds_of("getsockopt_number")[1], Flags)
    assert isinstance(kinds_of("getsockopt_number")[3], Pointer)


def test_every_description_has_a_name_by_which_it_is_found() -> None:
    assert len(grammar()) > 700
    for label, call in grammar().items():
        firsts = (each.choices[0] for each in call.parameters)
        made = ProgramCall(label, tuple(each if isinstance(each, int) else 0 for each in firsts))
        (read,) = parse_program(printed((made.label, made.args))).steps
        assert read == made
