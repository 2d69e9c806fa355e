"""What nothing reaches, and why, where there is a reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from conformance.coverage.facts import Coverage, Documented
from conformance.syscalls.machinery.table import grammar, stubs

UNSEEN = "no errno that a program can see"
NOT_DESCRIBED = "not described"
NOT_IN_TABLE = "no call of this machine"
NEWER = "newer than the kernel"
NOT_MADE = "the call is not made"
REFUSED = "only refused"


class Lacking(NamedTuple):
    """A fact that was not met; `reason` is "" where none is known."""

    call: str
    what: str
    """The errno, the flag, the operation's label; "" where it is the call itself."""
    reason: str
    argument: str = ""
    """Of a flag."""


def missing_calls(coverage: Coverage) -> Iterator[Lacking]:
    """The calls of the kernel's table that never succeeded."""
    for call in sorted(coverage.table - coverage.met.calls):
        yield Lacking(call, "", reason_of(coverage, call))


def missing_pairs(coverage: Coverage) -> Iterator[Lacking]:
    """The documented errnos that no call failed with."""
    for each in coverage.documented:
        if each.pair not in coverage.met.pairs:
            yield Lacking(each.call, each.errno, _reason_of_pair(coverage, each))


def missing_flags(coverage: Coverage) -> Iterator[Lacking]:
    """The flags that the descriptions have and no call that succeeded."""
    for each in sorted(coverage.flags - coverage.met.flags):
        yield Lacking(each.call, each.name, _reason_of_use(coverage, each.call), each.argument)


def missing_operations(coverage: Coverage) -> Iterator[Lacking]:
    """The operations that the descriptions have and that never succeeded."""
    for label in sorted(coverage.operations - coverage.met.operations):
        call = grammar()[label].name
        yield Lacking(call, label, _reason_of_use(coverage, call))


def reason_of(coverage: Coverage, call: str) -> str:
    """Why a call never succeeded: what the descriptions say of it, else what came of it."""
    if described := _described(coverage, call):
        return described
    refusals = sorted(each.name for each in coverage.met.pairs if each.call == call)
    return f"{REFUSED}: {', '.join(refusals)}" if refusals else ""


def _described(coverage: Coverage, call: str) -> str:
    if call not in coverage.table:
        return NOT_IN_TABLE
    stub = stubs().get(call)
    if stub is None:
        return NOT_DESCRIBED
    since = stub.facts.since
    if since and all(release(since) > release(each) for each in coverage.targets.values()):
        return f"{NEWER} ({since})"
    return stub.facts.never


def _reason_of_pair(coverage: Coverage, each: Documented) -> str:
    if each.pair is None:
        return UNSEEN
    if each.call in coverage.met.made:
        return ""
    return _described(coverage, each.call) or NOT_MADE


def _reason_of_use(coverage: Coverage, call: str) -> str:
    """Why no use of a call succeeded, if the call itself never did."""
    return "" if call in coverage.met.calls else reason_of(coverage, call) or NOT_MADE


def release(said: str) -> tuple[int, ...]:
    """The version of a kernel, as it is compared: major and minor."""
    return tuple(int(part) for part in re.findall(r"\d+", said)[:2])
