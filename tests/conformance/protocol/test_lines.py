"""That a whole suite is understood, and that what is not a line costs nothing, is in the tests of both ends:
`tests/conformance/guest/test_serve.py`, `tests/conformance/run/test_session.py` and `test_records.py`."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import get_args

import msgspec
import pytest

from conformance.model import CaseInfo, Outcome, Target
from conformance.protocol.lines import (
    KINDS,
    Collecting,
    End,
    FactsLine,
    Header,
    Line,
    Plan,
    ResultLine,
    Start,
    Trouble,
    as_line,
    json_line,
    request,
    requested,
)
from conformance.run.records import MalformedLine, parse_line
from tests.builders import facts, passed, result, step

CASE = "a/test_b.py::test_c"
LINES: list[Line] = [
    Header(Target("lts", "qemu", options={"memory": 512}), "run"),
    Collecting("a/test_b.py"),
    FactsLine(replace(facts(), notes=["one", "two"])),
    Plan([CaseInfo(CASE, "0123", "title", "feature"), CaseInfo(f"{CASE}d", "")]),
    Start(CASE),
    ResultLine(passed(step("read", 3, None, {"a": ["b"]}, result=4, outs={"1": "a\xff\0\n"}))),
    ResultLine(result(Outcome.HANG, message="líne 1\nline 2\r", observations={"a": [None, 1.5, {"b": True}]})),
    Trouble("it is", fatal=True, lost="a/test_b.py"),
    End(),
]


def test_there_is_an_example_of_every_line() -> None:
    assert {type(each) for each in LINES} == set(get_args(Line)) == set(KINDS.values())
    assert all(KINDS[each.kind] is type(each) for each in LINES)


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.kind)
def test_a_line_that_a_guest_writes_is_one_line_that_the_host_reads_as_it_was(line: Line) -> None:
    written = as_line(line)
    assert written.count(b"\n") == 1
    assert parse_line(written) == line


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.kind)
def test_both_ends_write_the_same(line: Line) -> None:
    assert json.loads(as_line(line)) == json.loads(msgspec.json.encode(line))


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.kind)
def test_a_line_of_another_form_is_refused_in_one_sentence(line: Line) -> None:
    for name in {each.name for each in fields(line)} - {"kind"}:
        said = json_line({**json.loads(as_line(line)), name: [[5]]})
        with pytest.raises(MalformedLine, match=r"^[^\n]+$"):
            parse_line(said)


def test_what_is_asked_for_is_what_was_requested() -> None:
    cases = [CASE, f"{CASE}[a/b::c]", "é\n"]
    assert requested(request(cases)) == (cases, True)
    assert requested(request(cases, fresh=False)) == (cases, False)
    assert request(cases).count(b"\n") == 1


@pytest.mark.parametrize("text", ["\ud800", "a\udcffb", "\udfff\ud800"])
def test_a_lone_surrogate_does_not_make_a_line_unreadable(text: str) -> None:
    (value,) = json.loads(json_line([text]))
    assert value == "".join("?" if "\ud800" <= each <= "\udfff" else each for each in text)
    assert parse_line(json_line({"kind": "start", "case": text})) == Start(value)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), b"bytes", {1, 2}])
def test_what_is_not_json_is_refused(value: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        json_line({"o": value})
