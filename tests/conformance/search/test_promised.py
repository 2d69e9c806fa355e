from __future__ import annotations

import pytest

from conformance.programs.notation.promises import Blocks, End, Exits, Fails, Killed, Promise, Succeeds
from conformance.search.promised import end_of, promised
from tests.executors import program


@pytest.mark.parametrize(
    ("what", "end"),
    [
        ("0", Succeeds()),
        ("EACCES", Fails(("EACCES",))),
        ("blocked", Blocks()),
        ("killed by signal 11", Killed("SIGSEGV")),
        ("killed by signal 11 (SEGV_ACCERR)", Killed("SIGSEGV", "SEGV_ACCERR")),
        ("killed by signal 7 (SI_KERNEL)", Killed("SIGBUS", "SI_KERNEL")),
        ("killed by signal 11 (9)", Killed("SIGSEGV")),
        ("exited with 3", Exits(3)),
    ],
)
def test_what_a_call_came_to_is_its_promise(what: str, end: End) -> None:
    assert end_of(what) == end
    steps = promised(program(("getpid",), ("close", 41), ("getuid",)), ["0", what])
    assert [[each.end for each in step.promises] for step in steps] == [[Succeeds()], [end], []]


def test_what_a_kernel_may_lack_by_itself_may_be_missing() -> None:
    steps = promised(program(("socket", 2, 1, 0), ("ioctl_getflags", 3, 0x80086601, 0), ("getpid",)), ["0"] * 3)
    assert [step.promises for step in steps] == [
        (Promise(Succeeds(), missing=()),),
        (Promise(Succeeds(), missing=()),),
        (Promise(Succeeds()),),
    ]
    (step,) = promised(program(("socket", 2, 1, 0)), ["EINVAL"])
    assert step.promises == (Promise(Fails(("EINVAL",))),)
