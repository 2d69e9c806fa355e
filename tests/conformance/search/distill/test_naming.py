"""Names of programs."""

from __future__ import annotations

import pytest

from conformance.programs.notation.parse import parse_program
from conformance.search.distill.facts import ACCEPTED, Fact, Goal, Sort
from conformance.search.distill.naming import kebab, name_of
from tests.conformance.search.distill.native_lane import NOWHERE, OPEN

FILE_GONE = f'unlink("f0")\n{OPEN}'


@pytest.mark.parametrize(
    ("goal", "said", "text", "name"),
    [
        (Goal("openat", Sort.CALL), ACCEPTED, OPEN, "succeeds"),
        (Goal("fcntl", Sort.OPERATION, ("fcntl_dupfd",)), ACCEPTED, OPEN, "dupfd-succeeds"),
        (Goal("openat", Sort.ERRNO, ("ENOENT",)), "ENOENT", NOWHERE, "enoent-of-path"),
        (Goal("openat", Sort.ERRNO, ("ENOENT",)), "ENOENT", FILE_GONE, "enoent-after-unlink"),
        (Goal("openat", Sort.FLAG, ("flags", "O_TMPFILE")), ACCEPTED, OPEN, "o-tmpfile-is-accepted"),
        (Goal("openat", Sort.FLAG, ("flags", "O_TMPFILE")), "EINVAL", OPEN, "o-tmpfile-is-einval"),
        (Goal("openat", Sort.BIT, ("flags",)), ACCEPTED, OPEN, "unknown-bit-of-flags-is-accepted"),
        (Goal("fcntl", Sort.ARGUMENT, ("fcntl_dupfd", "arg", "EMFILE")), "EMFILE", OPEN, "dupfd-emfile-of-arg"),
        (Goal("lseek", Sort.DESCRIPTOR, ("lseek", "fd", "pipe r")), "ESPIPE", OPEN, "pipe-r-as-fd-is-espipe"),
        (
            Goal("socket", Sort.SOCKET, ("AF_INET", "SOCK_RAW", "minus-1")),
            "EINVAL",
            OPEN,
            "af-inet-sock-raw-minus-1-is-einval",
        ),
        (
            Goal("getsockopt", Sort.OPTION, ("SOL_SOCKET", "SO_TYPE", "of-1-byte")),
            ACCEPTED,
            OPEN,
            "sol-socket-so-type-of-1-byte-is-accepted",
        ),
    ],
)
def test_a_name_says_the_fact(goal: Goal, said: str, text: str, name: str) -> None:
    assert name_of(Fact(goal, said), parse_program(text)) == name


def test_the_argument_is_named_where_two_have_a_flag_of_that_name() -> None:
    goal = Goal("fanotify_init", Sort.FLAG, ("flags", "FAN_CLOEXEC"))
    assert name_of(Fact(goal, ACCEPTED), parse_program(OPEN)) == "fan-cloexec-is-accepted"


def test_a_name_begins_with_a_letter() -> None:
    assert kebab("46-SOCK_STREAM-0") == "n46-sock-stream-0"
    assert kebab("a__b--C") == "a-b-c"
