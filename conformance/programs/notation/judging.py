"""Whether what a target did keeps what Linux promises: pure, of one call or of a whole program."""

from __future__ import annotations

import errno as errnos
import operator
import signal
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import takewhile
from typing import Any

from conformance.conditions import holds
from conformance.model import Json
from conformance.programs.execution import Execution, code_of
from conformance.programs.notation.claims import Claimed, memory_meant
from conformance.programs.notation.fields import Field, fields
from conformance.programs.notation.model import Listing
from conformance.programs.notation.promises import (
    Blocks,
    Bound,
    Compare,
    Exits,
    Fails,
    InRow,
    Killed,
    Promise,
    Returns,
    ReturnsResult,
    Succeeds,
    Written,
)
from conformance.programs.program import ProgramCall
from conformance.programs.wire import State
from conformance.syscalls.machinery.buffers import POISON, Struct
from conformance.syscalls.machinery.call import errno_name
from conformance.syscalls.machinery.chains import members_of

NOT_THERE = (
    *("ENOSYS", "EAFNOSUPPORT", "ENOPROTOOPT", "ENOTSUP", "ENOTTY", "EPFNOSUPPORT", "EPROTONOSUPPORT"),
    "ESOCKTNOSUPPORT",
)
"""The errnos that say that a feature is not there, where a promise says `or missing` and no more."""
POISONED = bytes([POISON])
_COMPARE: dict[Compare, Callable[[Any, Any], bool]] = {
    Compare.EQUAL: operator.eq,
    Compare.UNEQUAL: operator.ne,
    Compare.LEAST: operator.ge,
    Compare.MOST: operator.le,
    Compare.MORE: operator.gt,
    Compare.LESS: operator.lt,
}


class Keeping(StrEnum):
    """What became of a promise."""

    KEPT = "kept"
    BROKEN = "broken"
    MISSING = "missing"
    """The feature is not there, and the promise allows that; or the call itself is not there (ENOSYS)."""
    NOT_MADE = "not made"
    """Nothing is promised of such a kernel, or of a program that was run so."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of a promise, and why."""

    kept: Keeping
    why: str = ""
    """What was promised and what was done; "" where it was kept."""


@dataclass(frozen=True, slots=True)
class Happened:
    """What came of one call on one target."""

    call: ProgramCall
    result: int = 0
    """-1 where it failed."""
    errno: int = 0
    written: Mapping[str, Json] = field(default_factory=dict)
    """By argument, or by the way to what its memory points to, as records have it."""
    before: tuple[int, ...] = ()
    """The results of the calls before it."""
    ended: State | None = None
    """How the program ended in the call; None where the call returned. `LOST` stands for one that was not reached."""
    detail: int = 0
    """The signal or the status that it ended with."""
    code: str = ""
    """The signal's si_code by name; "" where it is not known: of faults of a program's own it is."""

    def __str__(self) -> str:
        match self.ended:
            case None:
                return f"-1 {errno_name(self.errno)}" if self.errno else str(self.result)
            case State.BLOCKED:
                return "it blocked"
            case State.DIED:
                return f"it was killed by {_signal_name(self.detail)}" + (f" ({self.code})" if self.code else "")
            case State.EXITED:
                return f"it exited with {self.detail}"
        return "it was not reached"


def happened(execution: Execution, at: int) -> Happened:
    """What came of a call of a program that was run."""
    call, steps, outcome = execution.program.steps[at], execution.steps, execution.outcome
    before = tuple(step.result for step in steps[:at])
    if at < len(steps):
        step = steps[at]
        return Happened(call, step.result, step.errno, step.outs, before)
    ended = outcome.state if at == len(steps) and outcome.state is not State.DONE else State.LOST
    code = code_of(outcome) if ended is State.DIED else ""
    return Happened(call, before=before, ended=ended, detail=outcome.detail, code=code)


def judge(
    promise: Promise, done: Happened, versions: Mapping[str, str] | None = None, has: Collection[str] | None = None
) -> Judgement:
    """Whether what happened keeps a promise.

    `versions` are those that conditions name: without them every condition is taken to hold. `has`: what the program
    was run with, such as `root`; None: everything.
    """
    if not _is_made(promise.condition, promise.needs, versions, has):
        return Judgement(Keeping.NOT_MADE)
    if _is_missing(promise, done):
        return Judgement(Keeping.MISSING, f"{done.call.description.name}: {errno_name(done.errno)}")
    if wanted := _other_end(promise, done):
        return Judgement(Keeping.BROKEN, f"{done}, and Linux promises {wanted}")
    for each in promise.written:
        if why := _other_memory(each, done):
            return Judgement(Keeping.BROKEN, why)
    return Judgement(Keeping.KEPT)


def judged(
    listing: Listing,
    execution: Execution,
    versions: Mapping[str, str] | None = None,
    has: Collection[str] | None = None,
) -> tuple[Judgement, ...]:
    """What became of the promises of each call: of several the gravest."""
    found = []
    made = _is_made(listing.condition, listing.needs, versions, has)
    for at, step in enumerate(listing.steps):
        done = happened(execution, at)
        each = [judge(promise, done, versions, has) for promise in step.promises] if made else []
        found.append(max(each, key=lambda one: _GRAVITY.index(one.kept), default=Judgement(Keeping.NOT_MADE)))
    return tuple(found)


_GRAVITY = (Keeping.NOT_MADE, Keeping.KEPT, Keeping.MISSING, Keeping.BROKEN)


def _is_made(
    condition: str, needs: tuple[str, ...], versions: Mapping[str, str] | None, has: Collection[str] | None
) -> bool:
    return (versions is None or holds(condition, versions)) and (has is None or set(needs) <= set(has))


def _is_missing(promise: Promise, done: Happened) -> bool:
    """Whether a call failed as it does where there is no such feature, and not as was promised."""
    if done.ended is not None or (isinstance(promise.end, Fails) and _is_one_of(done.errno, promise.end.errnos)):
        return False
    if done.errno == errnos.ENOSYS:
        return True
    return promise.missing is not None and _is_one_of(done.errno, promise.missing or NOT_THERE)


def _is_one_of(error: int, names: tuple[str, ...]) -> bool:
    return any(getattr(errnos, name) == error for name in names)


def _signal_name(number: int) -> str:
    known = {int(each): each.name for each in signal.Signals}
    return known.get(number, f"signal {number}")


def _other_end(promise: Promise, done: Happened) -> str:
    """What was promised; "" where that is how the call ended."""
    end, returned = promise.end, done.ended is None
    succeeded = returned and not done.errno
    match end:
        case Succeeds():
            so, said = succeeded, "success"
        case Returns():
            so = succeeded and _COMPARE[end.compare](done.result, end.value)
            said = f"{end.value}" if end.compare is Compare.EQUAL else f"{end.compare} {end.value}"
        case ReturnsResult():
            so = succeeded and end.step < len(done.before) and done.before[end.step] == done.result
            said = f"the result of call {end.step}"
        case Fails():
            so, said = returned and _is_one_of(done.errno, end.errnos), f"-1 {' or '.join(end.errnos)}"
        case Blocks():
            so, said = done.ended is State.BLOCKED, "that it blocks"
        case Exits():
            so, said = (done.ended, done.detail) == (State.EXITED, end.status), f"an exit with {end.status}"
        case Killed():
            so = done.ended is State.DIED and _signal_name(done.detail) == end.signal
            so = so and (not end.code or done.code in ("", end.code))
            said = f"{end.signal} ({end.code})" if end.code else end.signal
    return "" if so else said


def _other_memory(promised: Written, done: Happened) -> str:
    """What is not as promised in memory; "" where it is."""
    of = memory_meant(done.call, promised.argument, members=promised.data is None)
    assert of is not None, "what is promised of no memory is refused when it is read"
    name = of.name
    if of.path not in done.written:
        return f"nothing was written to {name}"
    said = done.written[of.path]
    if promised.data is not None:
        found = said.encode("latin-1", "replace") if isinstance(said, str) else None
        return "" if found == promised.data else f"{name} has {found!r}, and Linux promises {promised.data!r}"
    for each in promised.members:
        value, member = _member_of(said, each, of.struct)
        if not _is_so(value, each, member):
            return f"{name}.{each.member} is {value!r}, and Linux promises {each.compare} {each.value!r}"
    if promised.groups and isinstance(said, str):
        return _other_structs(promised.groups, said.encode("latin-1", "replace"), of)
    return ""


def _other_structs(groups: tuple[InRow, ...], data: bytes, of: Claimed) -> str:
    """Which of the structs in a row is not as promised; "" where all are."""
    there = [
        (piece.struct, members_of(data[piece.at : piece.at + piece.size].ljust(piece.size, POISONED), piece.struct))
        for piece in takewhile(lambda each: each.at < len(data), of.kind.pieces(data))
        if piece.struct is not None
    ]
    at = 0
    for count, group in enumerate(groups, 1):
        if at >= len(there):
            return f"{of.name} ends before what Linux promises as number {count}"
        why = _other_group(group, *there[at])
        while why and group.later and at + 1 < len(there):
            at += 1
            why = _other_group(group, *there[at])
        if why:
            return f"{of.name}, number {count} of what Linux promises there: {why}"
        at += 1
    return ""


def _other_group(group: InRow, struct: type[Struct], said: Json) -> str:
    """What of a struct is not as promised; "" where all is."""
    for each in group.members:
        value, member = _member_of(said, each, struct)
        if not _is_so(value, each, member):
            shown = "not there" if member is None else repr(value)
            return f"{each.member} is {shown}, and Linux promises {each.compare} {each.value!r}"
    return ""


def _member_of(said: Json, of: Bound, struct: type[Struct] | None) -> tuple[Json, Field | None]:
    """A member as it was written, and what is known of it."""
    found = None
    for name in of.member.split("."):
        found = fields(struct).get(name) if struct is not None else None
        inside = said if isinstance(said, dict) else {}
        said = inside.get(name, inside.get(f"{name}_"))  # Python has taken some names, such as `size`
        struct = found.inner if found else None
    return said, found


def _is_so(value: Json, of: Bound, known: Field | None) -> bool:
    compare = _COMPARE[of.compare]
    if isinstance(of.value, bytes):
        return isinstance(value, str) and compare(value.encode("latin-1", "replace").rstrip(b"\0"), of.value)
    if not isinstance(value, int) or known is None:
        return False
    size = known.size
    return compare(value, known.number_in((of.value & (1 << 8 * size) - 1).to_bytes(size, known.order)))
