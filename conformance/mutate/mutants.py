"""Faults of a system call, derived from its description."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from errno import EDOM, EIO
from typing import Any

from conformance.model import Step
from conformance.mutate.equivalent import (
    why_equivalent,
    why_idle,
    why_never_refused,
    why_never_succeeding,
    why_padding,
)
from conformance.syscalls.machinery.buffers import Struct
from conformance.syscalls.machinery.call import Operation, Parameter, Pseudo, Syscall
from conformance.syscalls.machinery.inside import of_member
from conformance.syscalls.machinery.kinds import Flags, Kind
from conformance.syscalls.machinery.memory import FdPair, MemoryOr, Pointer
from conformance.syscalls.machinery.table import chapters, grammar, stubs

MACHINE = "x86_64"
"""What the shim is for."""
UNKNOWN_SIZE = 48
"""Bytes of memory of which the description does not say how long it is: what is behind may be another argument's."""
PLAIN_ERRNO, OTHER_ERRNO = EIO, EDOM
"""What a call is refused with that succeeds; and one that is refused, which is never with this."""
_ALL = (1 << 64) - 1


class Fault(StrEnum):
    """What kind of fault it is."""

    REFUSED = "refused"
    ERRNO = "another errno"
    NOTHING = "nothing done"
    RESULT = "off by one"
    FLAG = "flag dropped"
    UNTOUCHED = "output untouched"
    MEMBER = "member zeroed"
    CUT = "cut by a byte"


@dataclass(frozen=True, slots=True)
class Mutant:
    """A call with a fault."""

    label: str
    """Of the call, with all of its operations; or of one operation."""
    fault: Fault
    what: str
    """Which flag, which memory, which member; "" where there is but one such fault of a call."""
    rules: str
    """How the shim does it, the number of the call before all."""
    argument: int = -1
    """Which one it is about; -1: the result."""
    member: tuple[str, ...] = ()
    """The way to what is dropped or zeroed, in memory."""
    bits: int = 0
    """Of the flag."""

    @property
    def chapter(self) -> str:
        """The one that the call is described in."""
        return chapters()[self.label]

    def __str__(self) -> str:
        return f"{self.label}: {self.fault}{f', {self.what}' if self.what else ''}"

    def is_of(self, label: str) -> bool:
        """Whether it is a fault of what is called so: the operation, or any of the call's."""
        description = grammar()[label]
        return label == self.label or (description.name == self.label and not isinstance(description, Pseudo))

    def may_show(self, step: Step | None) -> bool:
        """Whether a call, as it is made without the fault, is one that could be another with it; None: it does not
        return."""
        if self.fault is Fault.NOTHING:
            return True
        if step is None:
            return self.fault is Fault.FLAG
        if self.fault is Fault.FLAG:
            return self._has_flag(step)
        if self.fault is Fault.ERRNO:
            return step.errno != 0
        return step.errno == 0 and (self.argument < 0 or str(self.argument) in step.outs)

    def _has_flag(self, step: Step) -> bool:
        seen = step.args[self.argument] if self.argument < len(step.args) else None
        for name in self.member:
            if not isinstance(seen, dict):  # memory that is no whole struct: what is in there is not known by name
                return seen is not None
            seen = seen.get(name)
        return isinstance(seen, int) and seen & self.bits == self.bits


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A fault that is none: Linux itself could show the same."""

    mutant: Mutant
    why: str


def mutants_of(label: str) -> Iterator[Mutant | LeftOut]:
    """All faults of a call or an operation; none of what is no call of the machine."""
    description = grammar()[label]
    if isinstance(description, Pseudo) or MACHINE not in description.facts.numbers:
        return
    start = _start(description)
    never = why_never_succeeding(description)
    yield _kept_or_not(Mutant(label, Fault.REFUSED, "", f"{start} errno 0 {PLAIN_ERRNO}"), never)
    other = Mutant(label, Fault.ERRNO, "", f"{start} errno -1 {OTHER_ERRNO}")
    yield _kept_or_not(other, why_never_refused(description.name))
    yield Mutant(label, Fault.NOTHING, "", f"{start} skip 0")
    more = Mutant(label, Fault.RESULT, "", f"{start} result add 1")
    yield _kept_or_not(more, never or why_equivalent(description.result))
    for at, parameter in enumerate(description.parameters):
        yield from _of_flags(label, start, at, parameter)
        if parameter.kind.out and (_struct(parameter) or not isinstance(parameter.kind, MemoryOr)):
            yield from _of_output(label, start, at, parameter)


def _kept_or_not(mutant: Mutant, why: str) -> Mutant | LeftOut:
    return LeftOut(mutant, why) if why else mutant


def _start(description: Syscall[Any]) -> str:
    """What a shim's rules begin with: which calls they are about."""
    words = [str(description.facts.numbers[MACHINE])]
    if isinstance(description, Operation):
        names = [parameter.name for parameter in description.parameters]
        for name, values in description.given.items():
            words.append(f"if {names.index(name)} {','.join(str(each & 0xFFFF_FFFF) for each in values)}")
    return " ".join(words)


def _of_flags(label: str, start: str, at: int, parameter: Parameter) -> Iterator[Mutant | LeftOut]:
    """Each flag dropped that an argument may have, or a member of a struct that it points to.

    What an operation says of its flags no more than its call does is the call's.
    """
    if isinstance(parameter.kind, Flags) and not _is_the_calls(label, at, parameter.kind):
        for name, bits in _bits(parameter.kind):
            rules = f"{start} arg {at} and {~bits & _ALL:#x}"
            yield _kept_or_not(Mutant(label, Fault.FLAG, name, rules, at, (), bits), why_idle(label, name))
    struct = _struct(parameter)
    if struct is None or not parameter.kind.reads:
        return
    for leaf in _leaves(struct):
        if isinstance(leaf.kind, Flags) and leaf.size <= 8:
            for name, bits in _bits(leaf.kind):
                rules = f"{start} in {at} {leaf.offset} {leaf.size} and {~bits & (1 << 8 * leaf.size) - 1:#x}"
                what = f"{name} of {parameter.name}.{'.'.join(leaf.path)}"
                yield _kept_or_not(Mutant(label, Fault.FLAG, what, rules, at, leaf.path, bits), why_idle(label, name))


def _bits(kind: Flags) -> Iterator[tuple[str, int]]:
    """Flags by name, each bit once.

    Of what is made of several bits (`O_SYNC`), the one that is no other flag's is its own; where there is no such bit,
    or there are several, it is one of several values (`MAP_HUGE_2MB`), or others together.
    """
    values = [(name, value) for name, value in kind.names.items() if value > 0] if kind.bits else []
    single = {value: name for name, value in reversed(values) if _is_bit(value)}
    yield from ((name, value) for value, name in reversed(single.items()))
    others = sum(single)
    for name, value in values:
        own = value & ~others
        if own != value and _is_bit(own):
            others |= own
            yield name, own


def _is_the_calls(label: str, at: int, kind: Flags) -> bool:
    description = grammar()[label]
    own = stubs()[description.name].parameters if isinstance(description, Operation) else ()
    other = own[at].kind if at < len(own) else None
    return isinstance(other, Flags) and other.names == kind.names


def _is_bit(value: int) -> bool:
    return value.bit_count() == 1


def _of_output(label: str, start: str, at: int, parameter: Parameter) -> Iterator[Mutant | LeftOut]:
    struct, size, name = _struct(parameter), _size(parameter), parameter.name
    yield Mutant(label, Fault.UNTOUCHED, name, f"{start} keep {at} {size}", at)
    masked = isinstance(parameter.kind, Pointer) and parameter.kind.masked
    cut = Mutant(label, Fault.CUT, name, f"{start} cut {at} {size}", at)
    yield _kept_or_not(cut, why_equivalent(parameter.kind.content or Kind()) if masked else "")
    for leaf in _leaves(struct) if struct else ():
        rules = f"{start} zero {at} {leaf.offset} {leaf.size}"
        zeroed = Mutant(label, Fault.MEMBER, f"{name}.{'.'.join(leaf.path)}", rules, at, leaf.path)
        yield _kept_or_not(zeroed, why_padding(leaf.path[-1]))


def _struct(parameter: Parameter) -> type[Struct] | None:
    struct = parameter.struct if parameter.struct is not None else parameter.kind.layout
    return struct if struct is not None and struct.members else None


def _size(parameter: Parameter) -> int:
    """How much of memory a call writes; 0: as much as it returns."""
    if isinstance(parameter.kind, Pointer) and parameter.kind.counted:
        return 0
    if struct := _struct(parameter):
        return struct.size()
    return 8 if isinstance(parameter.kind, Pointer) and isinstance(parameter.kind.holds, FdPair) else UNKNOWN_SIZE


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A member that is no struct, of a struct or of one within."""

    path: tuple[str, ...]
    offset: int
    size: int
    kind: Kind


def _leaves(struct: type[Struct], before: tuple[str, ...] = (), start: int = 0) -> Iterator[_Leaf]:
    for name in struct.members:
        field: Any = getattr(struct, name)
        kind, inner = of_member(struct, name)
        if inner is not None:
            yield from _leaves(inner, (*before, name), start + field.offset)
        else:
            yield _Leaf((*before, name), start + field.offset, field.size, kind)
