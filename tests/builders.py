"""Small values for tests of the engine: records, results, facts."""

from __future__ import annotations

from conformance.model import CaseInfo, CaseResult, Facts, Json, Outcome, Record, Step, Target
from runners.registry import declared

CASE = "area/test_feature.py::test_check"
"""The case that tests speak of when they need just one."""


def step(call: str, *args: Json, result: int = 0, errno: int = 0, outs: dict[str, Json] | None = None) -> Step:
    """A call of the case itself."""
    return Step(call, list(args), result, errno, outs or {})


def result(
    outcome: Outcome = Outcome.PASSED,
    *steps: Step,
    case: str = CASE,
    message: str = "",
    observations: dict[str, Json] | None = None,
) -> CaseResult:
    """One attempt at a case."""
    return CaseResult(case, "0123456789abcdef", outcome, message, steps=list(steps), observations=observations or {})


def passed(*steps: Step) -> CaseResult:
    """An attempt that passed."""
    return result(Outcome.PASSED, *steps)


def facts(release: str = "6.1.0", **changed: object) -> Facts:
    """A guest, as it is usually."""
    usual: dict[str, object] = {
        "release": release,
        "version": "#1 SMP",
        "machine": "x86_64",
        "cpus": 2,
        "uid": 0,
        "capabilities": 2**41 - 1,
        "scratch": "tmpfs",
        "python": "3.11.2",
        "suite": "0.1.0",
        "isolation": ["ipc", "mnt", "net", "pid", "uts"],
    }
    return Facts(**{**usual, **changed})  # type: ignore[arg-type] # the fields' own types


def record(
    name: str,
    *results: CaseResult,
    release: str = "6.1.0",
    runner: str = "local",
    control: str | None = None,
    cases: list[CaseInfo] | None = None,
    failed: str | None = None,
    facts_of: Facts | None = None,
) -> Record:
    """What a target said: all attempts, in order. Its cases are those of the results unless they are given."""
    by_case: dict[str, list[CaseResult]] = {}
    for each in results:
        by_case.setdefault(each.case, []).append(each)
    known = [CaseInfo(case, found[0].hash) for case, found in by_case.items()] if cases is None else cases
    guest = None if failed and not results else facts_of or facts(release)
    return Record(
        declared(Target(name, runner, control=control)),
        "20260101T000000Z",
        guest,
        known,
        by_case,
        [],
        failed is None,
        failed,
    )
