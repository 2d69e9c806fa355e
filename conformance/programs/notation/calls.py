"""Which description a call in a text is of: what its arguments say, unless it is named itself."""

from __future__ import annotations

from functools import cache
from typing import Any

from conformance.programs.notation.errors import NotationError
from conformance.programs.notation.meaning import Meaning
from conformance.programs.notation.tree import Numeral, Value
from conformance.programs.program import ProgramCall
from conformance.syscalls.machinery.call import Syscall, word
from conformance.syscalls.machinery.kinds import Flags, Kind
from conformance.syscalls.machinery.table import describe, grammar, operations, stubs

PLAIN_CALL = "plain"
"""Says that a call is as its own description has it, though one of its operations would fit."""


def name_of(call: ProgramCall) -> str:
    """How a call is named in a text."""
    description = call.description
    found = describe(description.name, call.args)
    if found is description:
        return description.name
    return f"{PLAIN_CALL} {call.label}" if call.label in stubs() else call.label


def label_of(name: str, args: tuple[Value, ...], meaning: Meaning) -> str:
    """The label of a call that is named so, with such arguments."""
    for each in operations().get(name, ()) if name in stubs() else ():
        if _matches(each.given, each, args, meaning):
            return each.__name__
    return name


def _matches(given: Any, operation: Syscall[Any], args: tuple[Value, ...], meaning: Meaning) -> bool:
    places = {each.name: at for at, each in enumerate(operation.parameters)}
    for name, allowed in given.items():
        at = places[name]
        value = args[at] if at < len(args) else None
        if not isinstance(value, Numeral):
            return False
        try:
            if word(meaning.number(value, kinds_of(operation.__name__)[at])) not in map(word, allowed):
                return False
        except NotationError:
            return False
    return True


@cache
def kinds_of(label: str) -> tuple[Kind, ...]:
    """What each argument of a call is. Of which an operation says nothing is what the call's own description says."""
    description = grammar()[label]
    own = stubs()[description.name].parameters if description.name in stubs() else description.parameters
    found = []
    for at, each in enumerate(description.parameters):
        other = own[at].kind if at < len(own) else each.kind
        found.append(other if type(each.kind) is Kind and isinstance(other, Flags) else each.kind)
    return tuple(found)
