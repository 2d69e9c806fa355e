"""What an earlier run has said that would be said again, and so is taken over instead of being run.

A result holds as long as its case is defined as it was, and the target is what it was: its definition, what it is seen
to be from inside, the suite in it, and, unless it has a kernel of its own, this machine.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path

from conformance.model import Answers, CaseInfo, CaseResult, Facts, Outcome, Record, Target
from conformance.places import PACKAGE, ROOT, sources
from conformance.run.naming import results_directory
from conformance.run.results import RunPlan, planned, read_plan, read_record
from conformance.text import plural

SUITE = ("programs", "syscalls", "guest", "protocol", "run", "offspring.py", "model.py", "conditions.py")
"""Of this package: what decides how a case is run, and what is written down of it."""


@dataclass(frozen=True, slots=True)
class Taking:
    """What a target may take over of an earlier run."""

    run: str
    record: Record | None
    why: str = ""
    """Why it takes nothing, whatever it is now; "" where that hangs on what it is."""

    def over(self, facts: Facts | None, cases: Sequence[CaseInfo]) -> tuple[list[CaseResult], str]:
        """The results that hold for what a target is now, every attempt, and what is to be said of that."""
        why = self.why or (_changed(self.record.facts, facts) if self.record else "")
        if why or self.record is None:
            return [], f"everything is run: {why}"
        found = [info.id for info in cases if _holds(info, self.record)]
        taken = [_marked(each, self.run) for case in found for each in self.record.results[case]]
        return taken, f"{len(found)} of {plural(len(cases), 'case')} are taken over from {self.run}"


def takings(plan: RunPlan) -> Mapping[str, Taking]:
    """What each target of a run may take over of the one that its plan names; none where it names none.

    Raises UserError when that run cannot be read.
    """
    if not plan.since:
        return {}
    directory = results_directory(plan.since)
    then = read_plan(directory)
    found = {}
    for target in plan.targets:
        record = read_record(directory, then, target) if target.name in {each.name for each in then.targets} else None
        why = _whole(then, plan)
        if record is None:
            why = f"{then.run} has nothing of {target.name}"
        elif record.target != target:
            why = f"{target.name} is defined otherwise than in {then.run}"
        elif file := _written_since(target, planned(then)):
            why = f"{file}, of which {target.name} is made, was written after {then.run} had begun"
        elif target.answers is not Answers.KERNEL and then.host != plan.host:
            why = f"this machine is {plan.host}, and that of {then.run} was {then.host or 'not written down'}"
        found[target.name] = Taking(then.run, record, why)
    return found


def _written_since(target: Target, began: float | None) -> str:
    """A file that a target is made of, such as a kernel or a runsc, that may be another than it was: what it says of
    itself need not have changed with it. Its ctime counts, which nobody can set. "" where there is none."""
    for value in target.taken.values():
        with suppress(OSError, ValueError):  # it is no file
            if isinstance(value, str) and Path(value).stat().st_ctime >= (began or 0):
                return value
    return ""


def _whole(then: RunPlan, now: RunPlan) -> str:
    """Why nothing of a run can be taken over, by any target."""
    if then.suite != now.suite:
        return f"the suite is another than that of {then.run}"
    if (then.conduct.effort, then.conduct.timeout) != (now.conduct.effort, now.conduct.timeout):
        return f"effort or time limit are others than those of {then.run}"
    return ""


def _changed(then: Facts | None, now: Facts | None) -> str:
    """What of a target is not as it was, as half a sentence."""
    if then is None or now is None:
        return "it is not known what the target was, or is"
    for each in fields(Facts):
        was, found = getattr(then, each.name), getattr(now, each.name)
        if was != found:
            return f"its {each.name.replace('_', ' ')} was {was}, and is {found}"
    return ""


def _holds(info: CaseInfo, record: Record) -> bool:
    """Whether a case has been run as it is defined now, and has told something each time."""
    results = record.results.get(info.id, ())
    return bool(results) and all(each.hash == info.hash and each.outcome is not Outcome.ERROR for each in results)


def _marked(result: CaseResult, run: str) -> CaseResult:
    return result if result.taken else replace(result, taken=run)


def host() -> str:
    """What this machine is, as uname(2) says it."""
    name = os.uname()
    return f"{name.sysname} {name.release} {name.version} {name.machine}"


@cache
def suite() -> str:
    """Of what runs cases, and what guests are made with: its digest, 16 hexadecimal digits."""
    seen = hashlib.sha256()
    for path in sorted(sources([*(PACKAGE / name for name in SUITE), ROOT / "runners"])):
        seen.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    return seen.hexdigest()[:16]
