from __future__ import annotations

import pytest

from conformance.matrix.expectations.files import ExpectationError
from conformance.matrix.expectations.single import is_single, parse_single
from conformance.model import Cause, Expectation, ExpectationKind, Verdict

TABLE = '[[expectation]]\ncase = "a/*"\ntarget = "wsl1"\nverdict = "missing"\nreason = "so"\n'


def test_the_file_of_old_is_read_by_target() -> None:
    text = TABLE + 'condition = "kernel < 6"\ncause = "absent"\nlink = "l"\n' + TABLE.replace("wsl1", "gvisor")
    gvisor, wsl1 = parse_single(text, "expectations.toml")
    assert (gvisor.target, wsl1.target) == ("gvisor", "wsl1")
    assert list(wsl1.entries) == [
        Expectation("a/*", "wsl1", Verdict.MISSING, "so", "l", when="kernel < 6", cause=Cause.ABSENT)
    ]


def test_a_reason_that_is_what_a_case_said_is_the_message_of_a_baseline() -> None:
    ((each,),) = (file.entries for file in parse_single(TABLE.replace('"so"', '"runsc: assert"'), "x"))
    assert each.kind is ExpectationKind.EXPLAINED
    said = "runsc 20240729: AssertionError: epoll_ctl: success (0), not EINVAL"
    ((each,),) = (file.entries for file in parse_single(TABLE.replace('"so"', f'"{said}"'), "x"))
    assert (each.kind, each.reason, each.message) == (ExpectationKind.BASELINE, "", said)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (TABLE + "[[expectation]\n", "line 6"),
        ('[[expectation]]\ncase = "a/*"\n', "missing required field `target` - at `$[0]`"),
        (TABLE + TABLE.replace("missing", "wrong"), "Invalid enum value 'wrong' - at `$[1].verdict`"),
        (TABLE + TABLE + 'condition = "kernel => 6"\n', "expectation 2: when: 'kernel => 6' is not a condition"),
        (TABLE.replace("wsl1", "wsl*"), "expectation 1: target: 'wsl*' is no target's name"),
        (TABLE + 'expire = "2026-01-01"\n', "unknown field `expire` - at `$[0]`"),
        (TABLE + "[[explained]]\n", "explained is not known here; a table is called [[expectation]]"),
    ],
)
def test_a_malformed_file_of_old_is_told_with_its_name_and_what_is_wrong(text: str, told: str) -> None:
    assert is_single(text)
    with pytest.raises(ExpectationError) as found:
        parse_single(text, "expectations.toml")
    assert str(found.value).startswith("expectations.toml: ")
    assert told in str(found.value)
