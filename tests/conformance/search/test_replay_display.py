from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.search.compare import ProgramDifference
from conformance.search.replay import Replayed
from conformance.search.replay_display import lines, summary

NATIVE = Replayed("native", "6.18.1", ["open() = -1 ENOENT", "getpid() = 5"], ["ENOENT", "0"], None, stable=True)
APART = ProgramDifference(0, "open", "errno", "ENOENT", "EACCES")
GVISOR = Replayed("gvisor", "4.4\x1b", ["open() = -1 EACCES", "getpid() = 5"], ["EACCES", "0"], APART, stable=True)


def test_calls_that_differ_from_the_reference_are_marked_and_the_first_difference_is_told() -> None:
    assert list(lines([NATIVE, GVISOR])) == [
        "native (6.18.1)",
        "    open() = -1 ENOENT",
        "    getpid() = 5",
        "gvisor (4.4\ufffd)",
        "  * open() = -1 EACCES",
        "    getpid() = 5",
        "    open: errno: EACCES, the reference ENOENT",
    ]


def test_calls_that_a_target_did_not_come_to_are_empty_lines() -> None:
    short = replace(GVISOR, lines=["open() = -1 EACCES"])
    assert list(lines([NATIVE, short]))[-3:-1] == ["  * open() = -1 EACCES", "  * "]


def test_what_differs_from_run_to_run_is_said_and_whose_program_it_is() -> None:
    told = list(lines([replace(NATIVE, stable=False)], "a/b\x1b"))
    assert told[:2] == ["== a/b\ufffd", "native (6.18.1): differs from run to run"]


@pytest.mark.parametrize(
    ("reference", "target", "told"),
    [
        (NATIVE, replace(GVISOR, difference=None), "native ran, gvisor agrees"),
        (NATIVE, GVISOR, "native ran, gvisor diverges"),
        (NATIVE, replace(GVISOR, stable=False), "native ran, gvisor differs from run to run"),
        (replace(NATIVE, lost=True), GVISOR, "native died of it, gvisor diverges"),
    ],
)
def test_a_summary_has_a_line_a_program(reference: Replayed, target: Replayed, told: str) -> None:
    done = {"/x/one": [reference, target], "/x/two": [reference, target]}
    assert list(summary(done)) == ["2 programs:", f"  one: {told}", f"  two: {told}"]
