"""How much of what is known to differ a search finds: the rules of a profile are the truth.

    python -m benchmarks.recall [--profile wsl1] [--programs 20000] [--seed 1]

A rule can be reached when a program makes a call that it answers, with a result that the kernel below does not give
anyway. Recall is the share of those rules that some divergence is explained by; precision is the share of divergences
that some rule explains.
"""

from __future__ import annotations

import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import click

from conformance.programs.execution import Execution, succeeded
from conformance.programs.program import Memory
from conformance.run.lane import Lane
from conformance.search.compare import ERRNO, STATE, ProgramDifference
from conformance.search.finding import Finding
from conformance.search.generate import Generator, Raw
from conformance.search.issue import side_by_side
from conformance.search.loop import Search
from conformance.syscalls.machinery.call import errno_name
from runners.local import LocalRunner
from runners.profile.format import Condition, Rule, load
from runners.profile.runner import ProfileRunner, profile_path

MASK = (1 << 64) - 1


def applies(rule: Rule, run: Execution, at: int) -> bool:
    """Whether a rule answers a call of a program, as far as its arguments tell."""
    step = run.program.steps[at]
    if step.description.name not in rule.syscalls:
        return False
    return all(_holds(each, run, at) for each in rule.when)


def _holds(condition: Condition, run: Execution, at: int) -> bool:
    step = run.program.steps[at]
    if condition.op == "socket":
        return _is_socket(condition, run, at)
    if condition.arg >= len(step.args):
        return condition.op != "string" and condition.holds(0)
    argument = step.args[condition.arg]
    if condition.op == "string":
        return isinstance(argument, Memory) and argument.data.split(b"\0")[0].decode("latin-1") in condition.strings
    if isinstance(argument, Memory):
        return condition.op in ("ne", "ge") and condition.holds(1 << 45)
    seen = run.passed(at, condition.arg)
    return isinstance(seen, int) and condition.holds(seen & MASK)


def _is_socket(condition: Condition, run: Execution, at: int) -> bool:
    """Whether the fd is that of a socket of a family and protocol, made by an earlier call of the program."""
    fd, results = run.passed(at, 0), run.outcome.results
    for before in range(at - 1, -1, -1):
        step = run.program.steps[before]
        if step.description.name == "socket" and before < len(results) and results[before][0] == fd:
            family, protocol = step.args[0], step.args[2] if len(step.args) > 2 else 0
            return family == condition.values[0] and condition.protocol in (None, protocol)
    return False


def said(rule: Rule) -> str:
    """What a call that the rule answers ends with."""
    return errno_name(rule.errno) if rule.errno else "success"


class Watching(Generator):
    """Notes which rules the programs reach, before the first of them has led a program astray."""

    def __init__(self, rules: Sequence[Rule], seed: int) -> None:
        super().__init__((), seed)
        self.rules = rules
        self.reached: dict[int, int] = defaultdict(int)

    def learn(self, raw: Raw, execution: Execution) -> None:
        """See `Generator`."""
        super().learn(raw, execution)
        for at, (result, _) in enumerate(execution.outcome.results):
            found = next((n for n, rule in enumerate(self.rules) if applies(rule, execution, at)), None)
            if found is not None:
                given = "success" if succeeded(result) else errno_name(-result)
                if given != said(self.rules[found]):
                    self.reached[found] += 1
                return


def explains(rule: Rule, finding: Finding) -> bool:
    """Whether a divergence is what a rule brings about: at its call, or (a success that does nothing) after it."""
    found: ProgramDifference = finding.difference
    if applies(rule, finding.reference, found.step):
        return found.target == said(rule) or found.field not in (ERRNO, STATE)
    return not rule.errno and any(applies(rule, finding.reference, at) for at in range(found.step))


@click.command()
@click.option("--profile", default="wsl1", show_default=True)
@click.option("--programs", default=20000, show_default=True)
@click.option("--seed", default=1, show_default=True)
def main(profile: str, programs: int, seed: int) -> None:
    """Search a profile for its own rules, and print recall and precision."""
    rules = load(profile_path(profile)).rules
    generator = Watching(rules, seed)
    with Lane("native", LocalRunner()) as native, Lane(profile, ProfileRunner(profile, bare=True)) as target:
        native.ready()
        target.ready()
        search = Search(generator, native, None, [target], lambda _: None)
        search.run(seconds=None, programs=programs, progress=lambda _: None)
    findings = search.tally.findings
    hit = {at for at, rule in enumerate(rules) for each in findings if explains(rule, each)}
    reached = set(generator.reached)
    print(
        f"{programs} programs, {search.tally.seconds:.0f} s, {len(findings)} divergences, "
        f"{len(search.tally.flakes)} flaky"
    )
    print(f"rules: {len(rules)}, reached {len(reached)}, found {len(hit & reached)}")
    print(f"recall {len(hit & reached) / max(1, len(reached)):.3f}")
    explained = [each for each in findings if any(explains(rule, each) for rule in rules)]
    print(f"precision {len(explained) / max(1, len(findings)):.3f}")
    for at in sorted(reached - hit):
        print(
            "not found:", " ".join(rules[at].syscalls[:4]), rules[at].when, said(rules[at]), f"x{generator.reached[at]}"
        )
    with tempfile.TemporaryDirectory() as room:
        for each in findings:
            if each not in explained:
                Path(room, "x").write_text(side_by_side(each), encoding="utf-8")
                print("not explained:", each.signature, each.difference.reference, each.difference.target)
                print(side_by_side(each))


if __name__ == "__main__":
    sys.exit(main())
