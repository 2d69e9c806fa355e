"""What a program is called that shows a fact: the same with every seed."""

from __future__ import annotations

import re

from conformance.coverage.described import flags_of
from conformance.programs.program import Program
from conformance.search.distill.facts import ACCEPTED, Fact, Goal, Sort
from conformance.search.distill.gathering import odd
from conformance.search.distill.trials import is_apart
from conformance.syscalls.machinery.table import grammar

LONGEST = 80


def name_of(fact: Fact, program: Program) -> str:
    """A name in kebab-case."""
    goal, said = fact
    outcome = "is-accepted" if said == ACCEPTED else f"is-{said}"
    match goal.sort:
        case Sort.CALL:
            words = ["succeeds"]
        case Sort.OPERATION:
            words = [_short(goal.call, goal.about[0]), "succeeds"]
        case Sort.ERRNO:
            words = [_operation(goal.call, program), said, _because(program)]
        case Sort.SOCKET:
            words = [*goal.about, outcome]
        case Sort.OPTION:
            words = [*goal.about, outcome]
        case Sort.FLAG:
            words = [_of_which(goal), goal.about[1], outcome]
        case Sort.BIT:
            words = ["unknown-bit-of", goal.about[0], outcome]
        case Sort.ARGUMENT:
            words = [_short(goal.call, goal.about[0]), said, "of", goal.about[1]]
        case Sort.DESCRIPTOR:
            words = [_short(goal.call, goal.about[0]), goal.about[2], "as", goal.about[1], outcome]
    return kebab("-".join(words))


def kebab(said: str) -> str:
    """Small letters, digits and `-`; it begins with a letter."""
    words = re.sub(r"[^a-z0-9]+", "-", said.lower()).strip("-")[:LONGEST].strip("-")
    return words if words[:1].isalpha() else f"n{words}"


def _short(call: str, label: str) -> str:
    """What an operation is called beside its call."""
    return "" if label == call else label.removeprefix(f"{call}_")


def _operation(call: str, program: Program) -> str:
    label = program.steps[-1].label
    return _short(call, label) if is_apart(label) else ""


def _because(program: Program) -> str:
    """Of what an errno comes, as far as it can be told in a word or two."""
    if names := odd(program.steps[-1]):
        return "of-" + "-and-".join(names[:2])
    used = {ref.step for ref in Program(program.steps[-1:]).refs()}
    others = [step.label for at, step in enumerate(program.steps[:-1]) if at not in used]
    return f"after-{others[-1]}" if others else ""


def _of_which(goal: Goal) -> str:
    """The argument, where several have a flag of the name."""
    argument, name = goal.about
    those = {
        flag.argument
        for each in grammar().values()
        if each.name == goal.call
        for flag in flags_of(each)
        if flag.name == name
    }
    return argument if len(those) > 1 else ""
