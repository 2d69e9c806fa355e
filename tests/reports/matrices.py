"""A small matrix with a bit of everything, and with what a hostile guest would say."""

from __future__ import annotations

from dataclasses import replace

from conformance.matrix.build import build
from conformance.matrix.expectations.applying import apply
from conformance.model import CaseInfo, Expectation, Json, Matrix, Outcome, Verdict
from tests.builders import facts, passed, record, result, step

HOSTILE = "</script><script>alert(1)</script>&\x1b[31m|`*"
CASE = "area/test_feature.py::test_one[a]"
INFO = [
    CaseInfo(CASE, "0" * 16, "What one does.", "Feature: a feature of the kernel."),
    CaseInfo("area/test_feature.py::test_two", "1" * 16, "", "Feature: a feature of the kernel."),
    CaseInfo("other/test_more.py::test_three", "2" * 16),
]


def matrix() -> Matrix:
    """Three cases; the reference, a target that fails, lacks and differs, and one that could not be started."""
    read, short = step("read", 3, None, 4, result=4), step("read", 3, None, 4, result=1)
    ones = [replace(passed(read), case=info.id) for info in INFO]
    others = [
        result(Outcome.FAILED, short, step("close", 3), case=INFO[0].id, message=f"E   assert 1 == 4 {HOSTILE}"),
        result(Outcome.MISSING, case=INFO[1].id, message="a feature"),
        result(Outcome.PASSED, short, case=INFO[2].id, observations={"name": HOSTILE}),
    ]
    found = build(
        [
            record("native", *ones, cases=INFO),
            record("other", *others, cases=INFO, facts_of=replace(facts(), notes=[HOSTILE])),
            record("absent", cases=[], failed="it is not installed: apt install it"),
        ],
        "native",
    )
    return apply(found, [Expectation(INFO[1].id, "other", Verdict.MISSING, "known for long", "https://example.org/1")])


def with_deep_observations() -> Matrix:
    """The matrix of which one target has observed lists and structs without end."""
    lists: Json = 1
    structs: Json = 1
    for _ in range(100_000):
        lists, structs = [lists], {"a": structs}
    first, *others = matrix().comparisons
    trace = replace(first.traces["other"], observations={"lists": lists, "structs": structs})
    return replace(matrix(), comparisons=[replace(first, traces={**first.traces, "other": trace}), *others])
