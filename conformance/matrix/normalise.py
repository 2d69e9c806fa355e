"""What of a result can be compared: every value in the normal form of its kind.

Records keep what was seen; this is applied when two of them are compared, so that a better rule also reads old records.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from conformance.model import CaseResult, Json, Outcome, Step
from conformance.syscalls.machinery.buffers import Struct
from conformance.syscalls.machinery.call import Parameter
from conformance.syscalls.machinery.inside import holds, of_member
from conformance.syscalls.machinery.kinds import Names, Seen
from conformance.syscalls.machinery.show import TOO_DEEP, kind_of_result
from conformance.syscalls.machinery.table import describe


@dataclass(frozen=True, slots=True)
class NormalStep:
    """One call, in comparable form, by level."""

    call: str
    errno: int
    args: tuple[Seen, ...]
    result: Seen
    outs: tuple[tuple[str, Seen], ...]
    process: int


@dataclass(frozen=True, slots=True)
class Normal:
    """A result in comparable form. Two attempts agree when these are equal."""

    outcome: Outcome
    steps: tuple[NormalStep, ...]
    observations: tuple[tuple[str, str], ...]
    """By name, in order; each as text with sorted keys, since it may be nested."""


def normalise(result: CaseResult) -> Normal:
    """The comparable form of a result. Unknown calls, and values that no kind expects, are compared as they are."""
    names = Names()
    return Normal(
        result.outcome,
        tuple(_step(step, names) for step in result.steps),
        tuple((name, _text(value)) for name, value in sorted(result.observations.items())),
    )


def _step(step: Step, names: Names) -> NormalStep:
    stub = describe(step.call, step.args, step.label)
    parameters = stub.parameters if stub else ()
    args = [
        normal_value(value, parameters[at] if at < len(parameters) else None, names)
        for at, value in enumerate(step.args)
    ]
    outs = [(at, _normal_out(at, value, parameters, names)) for at, value in sorted(step.outs.items())]
    result = kind_of_result(stub).normal_result(step.result, step.args, names) if not step.errno else -1
    return NormalStep(
        step.call,
        step.errno,
        tuple(map(_frozen, args)),
        _frozen(result),
        tuple((a, _frozen(v)) for a, v in outs),
        step.process,
    )


def _normal_out(path: str, seen: Json, parameters: Sequence[Parameter], names: Names) -> Seen:
    """What was written to an argument's memory, or to what that points to."""
    first = path.partition(".")[0]
    parameter = parameters[int(first)] if first.isdecimal() and int(first) < len(parameters) else None
    if parameter is None or path == first:
        return normal_value(seen, parameter, names)
    steps = path.split(".")
    return holds(parameter, path).normal(seen, names) if all(each.isdecimal() for each in steps) else seen


def normal_value(seen: Json, parameter: Parameter | None, names: Names) -> Seen:
    """One argument or output, member by member where it is a struct."""
    value: Any = seen
    if parameter is None:
        return value  # type: ignore[no-any-return] # as it is
    if isinstance(value, dict) and parameter.struct is not None:
        return _members(value, parameter.struct, names)
    return parameter.kind.normal(value, names)


def _members(seen: dict[str, Any], struct: type[Struct], names: Names) -> Seen:
    """A struct, member by member, those that are structs themselves too."""
    found: dict[str, Seen] = {}
    for name, member in struct.comparable(struct.renewed(seen)).items():
        kind, inner = of_member(struct, name)
        nested = isinstance(member, dict) and inner is not None
        found[name] = _members(member, inner, names) if nested and inner else kind.normal(member, names)
    return found


def _frozen(value: Any) -> Any:
    """A hashable, comparable form of a JSON value."""
    return _text(value) if isinstance(value, dict | list) else value


def _text(value: Any) -> str:
    """With sorted keys. What only a hostile guest would send is not looked at."""
    try:
        return repr(_sorted(value))
    except RecursionError:
        return TOO_DEEP


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(each) for each in value] if isinstance(value, list) else value
