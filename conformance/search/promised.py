"""What targets did with a program, as what Linux promises of it."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence

from conformance.programs.notation.model import PromisedCall
from conformance.programs.notation.promises import Blocks, End, Exits, Fails, Killed, Promise, Succeeds
from conformance.programs.notation.promising import ANY_CODES, CODES
from conformance.programs.program import Program, ProgramCall
from conformance.syscalls.machinery.call import Operation
from conformance.syscalls.machinery.table import chapters

_KILLED = re.compile(r"killed by signal (\d+)(?: \((.*)\))?")


def promised(program: Program, said: Sequence[str]) -> tuple[PromisedCall, ...]:
    """A program with what all have said of its calls: `0` or an errno's name each, and how it ended."""
    ends = list(map(end_of, said))
    return tuple(
        PromisedCall(call, promises=(_promise(call, ends[at]),) if at < len(ends) else ())
        for at, call in enumerate(program.steps)
    )


def _promise(call: ProgramCall, end: End) -> Promise:
    """Operations, and all about sockets, are what a kernel may lack by itself."""
    lackable = isinstance(call.description, Operation) or chapters()[call.label] == "sockets"
    return Promise(end, missing=() if lackable and isinstance(end, Succeeds) else None)


def end_of(said: str) -> End:
    """What a call, or the program in it, came to: `0`, an errno's name, or how a program ended, in words."""
    if said == "0":
        return Succeeds()
    if killed := _KILLED.fullmatch(said):
        name = signal.Signals(int(killed[1])).name
        return Killed(name, killed[2] if killed[2] in (*CODES.get(name, ()), *ANY_CODES) else "")
    what, _, detail = said.rpartition(" ")
    if what == "exited with":
        return Exits(int(detail))
    return Blocks() if said == "blocked" else Fails((said,))
