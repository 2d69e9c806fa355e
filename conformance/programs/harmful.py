"""What a program must not do, and how its arguments are kept from it: what is known of each call is in its description.

The executor drops the capabilities that the worst of these calls need (clock, modules, raw I/O, devices), so this is
the second fence, and the one that keeps outcomes predictable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

from conformance.programs.program import Argument, Memory, Program, ProgramCall, Ref
from conformance.syscalls.machinery.call import Operation, Parameter
from conformance.syscalls.machinery.table import grammar, operations
from conformance.syscalls.machinery.taming import Instead, Tame
from conformance.syscalls.machinery.touches import (
    CHILDREN,
    CONNECTIONS,
    EVERYTHING,
    IPC,
    MOUNTS,
    NETWORK,
    NOTHING,
    PROCESS,
    SOCKETS,
    Touches,
)
from conformance.syscalls.machinery.world import ARENA, ARENA_PAGES, DATA, PAGE
from conformance.syscalls.memory.mapping import MAP_FIXED

APART = IPC | NETWORK | MOUNTS | CHILDREN
"""What is only had in a process of one's own."""


def touches(program: Program) -> Touches:
    """What a program touches: it must be given what keeps that from the next one."""
    found = NOTHING
    for step in program.steps:
        found |= touched_by(step)
    if CONNECTIONS in found and not all(step.description.facts.spares_networks for step in program.steps):
        found |= NETWORK
    return reduced(found)


def reduced(found: Touches) -> Touches:
    """What calls touch together, of what each does: no network without a socket, nothing apart without a process."""
    if SOCKETS not in found:
        found &= ~NETWORK
    found &= ~(SOCKETS | CONNECTIONS)
    return found | PROCESS if found & APART else found


def touched_by(step: ProgramCall) -> Touches:
    """What one call touches, with these arguments. One whose arguments are not its description's may do anything."""
    description = step.description
    found = description.facts.touches
    if isinstance(description, Operation):
        if not description.matches(step.args):
            return EVERYTHING | SOCKETS
    else:
        for each in operations().get(description.name, ()):
            if each.may_match(step.args, Ref):
                found |= each.facts.touches
    for at, parameter in enumerate(description.parameters):
        for mark in parameter.touches:
            if at >= len(step.args) or not mark.spares(step.args[at]):
                found |= mark.what
    if EVERYTHING in found:
        found |= SOCKETS
    return found | MOUNTS if any(map(_leaves_the_tree, step.args)) else found


def _leaves_the_tree(argument: Argument) -> bool:
    """Whether an argument, or what it points to, may name the directories above a program's own, which it would share
    with others."""
    return isinstance(argument, Memory) and (
        argument.data.startswith((b"/", b"..")) or any(_leaves_the_tree(part) for _, _, part in argument.parts)
    )


def is_allowed(label: str) -> bool:
    """Whether a call may be generated at all."""
    return not grammar()[label].facts.never


def _may_be_made(step: ProgramCall) -> bool:
    """Whether a call may be made as it stands: one that is allowed for being refused, with nothing else."""
    description = step.description
    if isinstance(description, Operation) and description.facts.refused:
        by_name = {each.name: value for each, value in zip(description.parameters, step.args, strict=False)}
        return all(by_name.get(name) in allowed for name, allowed in description.given.items())
    return is_allowed(step.label)


def neutralised(program: Program) -> Program:
    """The program without what it must not do: calls that are never made dropped, the others' arguments put right."""
    kept = program.without({at for at, step in enumerate(program.steps) if not _may_be_made(step)})
    return Program(tuple(_tamed(step) for step in kept.steps))


def is_tame(program: Program) -> bool:
    """Whether a program does nothing that it must not do."""
    return neutralised(program) == program


def offence(program: Program) -> str:
    """What a program does that none may do, as half a sentence; "" where it does nothing of the kind."""
    for at, step in enumerate(program.steps):
        if why := step.description.facts.never:
            return f"call {at}, {step.label}, is one that no program makes: it {why}"
    return "" if is_tame(program) else "a call of it reaches for what is not a program's own: memory, processes or keys"


def _tamed(step: ProgramCall) -> ProgramCall:
    args = list(step.args)
    for at, tame in _tamers(step.label):
        if at < len(args) and isinstance(value := args[at], int):
            args[at] = tame(value)
    return ProgramCall(step.label, tuple(args))


@cache
def _tamers(label: str) -> tuple[tuple[int, Callable[[int], int]], ...]:
    """What is to be done to which arguments of a call."""
    return tuple((at, tame) for at, each in enumerate(grammar()[label].parameters) for tame in _of(each))


def _of(parameter: Parameter) -> Iterator[Callable[[int], int]]:
    if (parameter.kind.family or "").partition(":")[0] == "pid":
        yield _not_init
    for mark in parameter.tame:
        if isinstance(mark, Tame):
            yield _HOW[mark]
        else:
            yield _instead(mark)


def _instead(mark: Instead) -> Callable[[int], int]:
    return lambda value: mark.values.get(value, value)


def _not_init(pid: int) -> int:
    return 0 if pid == 1 else pid  # 1 is the executor itself


def _somebody(pid: int) -> int:
    # -1 is everybody, another negative number a group that may be anybody's, 1 is init; the kernel takes 32 bits.
    return pid if 2 <= pid & 0xFFFFFFFF < 1 << 31 else 0


def _in_arena(address: int) -> int:
    return address if ARENA <= address < ARENA + ARENA_PAGES * PAGE else ARENA + address % PAGE


def _in_arena_or_anywhere(address: int) -> int:
    return _in_arena(address) if address else 0


def _own(address: int) -> int:
    return address if DATA <= address < DATA + (1 << 32) else ARENA


def _short(length: int) -> int:
    return ARENA_PAGES * PAGE if ARENA_PAGES * PAGE < length % (1 << 64) < 1 << 63 else length


_HOW: dict[Tame, Callable[[int], int]] = {
    Tame.IN_ARENA: _in_arena,
    Tame.IN_ARENA_OR_ANYWHERE: _in_arena_or_anywhere,
    Tame.OWN: _own,
    Tame.SHORT: _short,
    Tame.FIXED: lambda flags: flags | MAP_FIXED,
    Tame.SOMEBODY: _somebody,
    Tame.ONESELF: lambda _: 0,
}
