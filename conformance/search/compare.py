"""Two outcomes of one program: where they first differ, and what makes two differences the same one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.matrix.causes import NOT_THERE, gives_up_privileges
from conformance.matrix.normalise import normal_value
from conformance.model import Cause, Json, Step
from conformance.programs.execution import Execution, code_of, place_of, succeeded
from conformance.programs.program import Program, ProgramCall
from conformance.programs.wire import ProgramOutcome, State
from conformance.syscalls.machinery.buffers import POISON
from conformance.syscalls.machinery.call import Operation, Parameter, Pseudo, Syscall, errno_name
from conformance.syscalls.machinery.chains import THERE
from conformance.syscalls.machinery.inside import inside
from conformance.syscalls.machinery.kinds import UNWRITTEN, Flags, Kind, Names
from conformance.syscalls.machinery.memory import Pointer
from conformance.syscalls.machinery.show import kind_of_result
from conformance.syscalls.machinery.table import describe

STATE, ERRNO, RESULT, SIGNALS, FAULT = "state", "errno", "result", "signals", "fault"
"""What may differ, beside a member of an output buffer, whose name is its argument's and its own."""
_NOT_THERE = frozenset(map(errno_name, NOT_THERE))


@dataclass(frozen=True, slots=True)
class ProgramDifference:
    """The first difference of a target from the reference."""

    step: int
    call: str
    """Its label."""
    field: str
    reference: str
    target: str

    @property
    def coarse(self) -> tuple[str, str, str, str]:
        """What makes two differences of different programs probably the same one."""
        if self.field in (STATE, ERRNO):
            return (self.call, self.field, self.reference, self.target)
        return (self.call, self.field, "", "")

    @property
    def goes_on(self) -> bool:
        """Whether the programs' states are the same in spite of it: only what was reported differs."""
        return self.field not in (STATE, ERRNO, RESULT)


@dataclass(frozen=True, slots=True)
class NormalCall:
    """One call in comparable form."""

    errno: int
    result: Json
    outs: dict[str, Json]


def normal_steps(execution: Execution) -> list[NormalCall]:
    """Every call in the normal form of its kinds; names are given out over the whole program."""
    names = Names()
    found = []
    for step, seen in zip(execution.program.steps, execution.steps, strict=False):
        parameters = step.description.parameters
        made = _made(step, seen)
        for value, parameter in zip(seen.args, made.parameters, strict=False):
            normal_value(value, parameter, names)  # names what appears for the first time
        result: Json = -1
        if not seen.errno:
            result = kind_of_result(made).normal_result(seen.result, seen.args, names)
        outs: dict[str, Json] = {}
        for path, value in seen.outs.items():
            parameter = made.parameters[int(path.partition(".")[0])]
            if path.isdigit() or _is_masked(parameter.kind):  # with what masked memory points to
                whole_name = memory_name(path, parameters)
                members = flat(whole_name, normal_value(value, parameter, names))
                for name, raw in flat(whole_name, value).items():
                    if name != whole_name and _is_unwritten(raw):
                        members.pop(name, None)  # as where nothing at all was written
                outs |= members
            else:
                name, kind = inside(made.parameters[int(path.partition(".")[0])], path)
                outs |= flat(name, kind.normal(value, names))
        found.append(NormalCall(seen.errno, result, outs))
    return found


def _is_unwritten(member: Json) -> bool:
    """Whether a member of a struct is as memory is that was made ready for a call."""
    if isinstance(member, str):
        return bool(member) and not member.strip(chr(POISON))
    return isinstance(member, int) and member in UNWRITTEN


def _made(step: ProgramCall, seen: Step) -> Syscall[Any]:
    """The description that fits a call as it was made: one in general may turn out to have been an operation."""
    if isinstance(step.description, Operation | Pseudo):
        return step.description
    found = describe(seen.call, seen.args)
    return found if found and len(found.parameters) >= len(step.args) else step.description


def _is_masked(kind: Kind) -> bool:
    return isinstance(kind, Pointer) and kind.masked


def memory_name(path: str, parameters: tuple[Parameter, ...]) -> str:
    """What memory is called that is part of an outcome: an argument's, or what that points to."""
    return inside(parameters[int(path.partition(".")[0])], path)[0]


def flat(name: str, value: Any) -> dict[str, Json]:
    """A struct's members by their dotted names."""
    if not isinstance(value, dict):
        return {name: value}
    found: dict[str, Json] = {}
    for member, each in value.items():
        found |= flat(f"{name}.{member}", each)
    return found


def differences(reference: Execution, target: Execution) -> Iterator[ProgramDifference]:
    """How a target differs from the reference, call by call, up to where their states may have parted."""
    program = reference.program
    ours, theirs = normal_steps(target), normal_steps(reference)
    told = False
    for at, (here, there) in enumerate(zip(ours, theirs, strict=False)):
        if here == there:
            continue
        for each in _of_step(at, program.steps[at].label, there, here):
            if told and each.field == RESULT and kind_of_result(program.steps[at].description).named:
                return  # what was reported before may have got the name that this has on the other side
            yield each
            told = True
            if not each.goes_on:
                return
    if len(ours) != len(theirs):
        at = min(len(ours), len(theirs))
        if State.LOST in (reference.outcome.state, target.outcome.state):
            at = len(program.steps) - 1  # which call it was is not known: the last one, once the program is small
        said = [_at_step(each, at) for each in (reference, target)]
        yield ProgramDifference(at, program.steps[at].label, STATE, *said)
        return
    last = min(len(ours), len(program.steps) - 1)
    one, other = reference.outcome, target.outcome
    faults = one.fault is not None and other.fault is not None
    if (one.state, one.detail) != (other.state, other.detail) or (faults and code_of(one) != code_of(other)):
        yield ProgramDifference(last, program.steps[last].label, STATE, reference.ending, target.ending)
    elif faults and place_of(one) != place_of(other):
        yield ProgramDifference(last, program.steps[last].label, FAULT, place_of(one), place_of(other))
    elif one.signals != other.signals:
        yield ProgramDifference(last, program.steps[last].label, SIGNALS, _caught(one), _caught(other))


def _at_step(execution: Execution, at: int) -> str:
    """What happened at a call that only one side completed."""
    if len(execution.outcome.results) <= at:
        return execution.ending
    result = execution.outcome.results[at][0]
    return "success" if succeeded(result) else errno_name(-result)


def _caught(outcome: ProgramOutcome) -> str:
    return ", ".join(f"{count} of signal {signal}" for signal, count in outcome.signals) or "none"


def _of_step(at: int, label: str, reference: NormalCall, target: NormalCall) -> Iterator[ProgramDifference]:
    if reference.errno != target.errno:
        said = [errno_name(each.errno) if each.errno else "success" for each in (reference, target)]
        yield ProgramDifference(at, label, ERRNO, *said)
    elif reference.result != target.result:
        yield ProgramDifference(at, label, RESULT, _short(reference.result), _short(target.result))
    else:
        ours, theirs = reference.outs, target.outs
        differing = [name for name in dict.fromkeys([*ours, *theirs]) if ours.get(name) != theirs.get(name)]
        lacking = [name for name in differing if THERE in (ours.get(name), theirs.get(name))]
        for name in differing:
            if not _follows(name, lacking):
                yield ProgramDifference(at, label, name, _short(ours.get(name)), _short(theirs.get(name)))


def _follows(name: str, lacking: Sequence[str]) -> bool:
    """Whether a difference is that a record is not there on one side, told again: its members, and the order of all."""
    order = name.removesuffix(".order") if name.endswith(".order") else None
    return any(name.startswith(f"{each}.") or (order and each.startswith(f"{order}.")) for each in lacking)


def _short(value: Json) -> str:
    said = repr(value)
    return said if len(said) <= 120 else said[:117] + "..."


# -- signatures


@dataclass(frozen=True, slots=True, order=True)
class Signature:
    """What makes two divergences the same one: call, field, what was seen, cause, decisive flags, target."""

    call: str
    field: str
    seen: str
    flags: str
    cause: Cause
    target: str

    def __str__(self) -> str:
        return "/".join(part for part in (self.call, self.field, self.seen, self.flags) if part)


def signature(program: Program, found: ProgramDifference, target: str) -> Signature:
    """The signature of a difference of a program that has been made as small as can be."""
    seen = f"{found.reference} - {found.target}" if found.field in (STATE, ERRNO) else ""
    flags = " ".join(flags_of(program.steps[found.step]))
    return Signature(found.call, found.field, seen, flags, cause_of(found, program.steps[: found.step]), target)


def flags_of(step: ProgramCall) -> tuple[str, ...]:
    """The flags that a call was given, other than the plainest."""
    return tuple(
        parameter.kind.show(argument)
        for argument, parameter in zip(step.args, step.description.parameters, strict=False)
        if isinstance(argument, int) and isinstance(parameter.kind, Flags) and argument != parameter.choices[0]
    )


def options_of(step: ProgramCall) -> tuple[int, ...]:
    """Which of several options, operations or protocols a call was given: each is a thing of its own."""
    return tuple(
        argument
        for argument, parameter in zip(step.args, step.description.parameters, strict=False)
        if isinstance(argument, int) and isinstance(parameter.kind, Flags) and not parameter.kind.bits
    )


def cause_of(found: ProgramDifference, before: Sequence[ProgramCall] = ()) -> Cause:
    """Why a target differs, as far as the two results tell, and the steps of the program that came before.

    A program has all privileges, and is refused for want of them only when it has given some up.
    """
    if "ENOSYS" in (found.reference, found.target):
        return Cause.ABSENT
    if found.field != ERRNO:
        return Cause.SEMANTIC
    if found.target in _NOT_THERE and found.reference not in _NOT_THERE:
        return Cause.ABSENT
    if found.reference == "success":
        refused = found.target in ("EPERM", "EACCES")
        gave_up = any(gives_up_privileges(step.description.name) for step in before)
        return Cause.POLICY if refused and gave_up else Cause.SEMANTIC
    return Cause.SEMANTIC if found.target == "success" else Cause.ORDER
