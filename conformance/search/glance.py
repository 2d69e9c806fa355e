"""A first look at two outcomes as they arrive, in bytes.

Most of those that differ say the same, but for a time or the number of a device, or part in an errno. Both can be seen
without taking them apart; decoding and naming everything that is in two outcomes takes some hundred times as long as
the programs took to run. What is not plain at first sight is left to `compare.differences`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cache
from typing import Any

from conformance.programs.execution import Execution, succeeded
from conformance.programs.wire import FAULT, HEAD_OF_OUTCOME, HEADER, RESULT, Encoded, Observed, extent_of, whole
from conformance.protocol.executor import ProtocolError
from conformance.search.compare import ERRNO, ProgramDifference, differences, flat
from conformance.syscalls.machinery.buffers import Struct
from conformance.syscalls.machinery.call import Parameter, Syscall, errno_name, see
from conformance.syscalls.machinery.inside import of_member
from conformance.syscalls.machinery.kinds import MASK, Kind, Masked
from conformance.syscalls.machinery.memory import Pointer
from conformance.syscalls.machinery.show import kind_of_result


class _NotPlain(Exception):
    """It takes a closer look."""


def differences_of(encoded: Encoded, reference: bytes, target: bytes) -> Iterator[ProgramDifference]:
    """As `compare.differences`, of two outcomes as bytes. Raises ProtocolError for what is none."""
    try:
        found = _glance(encoded, reference, target)
    except (_NotPlain, ProtocolError, IndexError, struct.error):
        yield from differences(Execution.read(encoded, reference), Execution.read(encoded, target))
        return
    if found is not None:
        yield found


def _glance(encoded: Encoded, reference: bytes, target: bytes) -> ProgramDifference | None:
    """The difference in an errno in which they part, None for no difference. Raises as `extent_of`, and _NotPlain.

    Up to where they part, two plain outcomes have everything at the same place.
    """
    (_, _, completed, signals), (_, _, there, others) = map(HEAD_OF_OUTCOME.unpack_from, (reference, target))
    at = HEADER + 2 * signals
    if signals != others:
        raise _NotPlain
    pairs, steps = _Pairs(), encoded.program.steps
    for index in range(min(completed, there)):
        start, observed = at, encoded.observed[index]
        at += RESULT.size
        if reference[start:at] != target[start:at]:
            results = [RESULT.unpack_from(each, start)[0] for each in (reference, target)]
            if all(map(succeeded, results)):
                raise _NotPlain
            pairs.hold(encoded, reference, target, index)
            said = ["success" if succeeded(each) else errno_name(-each) for each in results]
            return ProgramDifference(index, steps[index].label, ERRNO, *said)
        for each in observed:
            begin, at = extent_of(reference, at, each)
            if reference[begin - 2 : at] == target[begin - 2 : at]:
                continue
            if reference[begin - 2 : begin] != target[begin - 2 : begin]:
                raise _NotPlain
            parameter = steps[index].description.parameters[each.argument]
            _compare(parameter, each, reference[begin:at], target[begin:at], pairs)
    head = slice(HEADER + 2 * signals)
    if reference[head] != target[head] or reference[at:] != target[at:] or len(reference) - at not in (0, FAULT.size):
        raise _NotPlain
    pairs.hold(encoded, reference, target, completed)
    return None


def _compare(parameter: Parameter, observed: Observed, one: bytes, other: bytes, pairs: _Pairs) -> None:
    """Whether two unequal buffers mean the same, member by member. Raises _NotPlain where they may not."""
    if isinstance(parameter.kind, Pointer) and parameter.kind.masked and parameter.struct is None:
        return
    shape = _shape(parameter)
    if shape is None or observed.path != str(observed.argument) or not len(one) <= shape.size <= observed.size:
        raise _NotPlain
    apart, hidden = set(), False
    for here, there, name, kind in zip(shape.values(one), shape.values(other), shape.names, shape.kinds, strict=True):
        if here == there:
            continue
        if not (kind and kind.alike(here, there, pairs)):
            apart.add(name)
        hidden |= shape.depends and isinstance(kind, Masked)  # what it says of other members is compared
    if (apart or hidden) and not shape.says_nothing_by(apart, one, other):
        raise _NotPlain


class _Pairs:
    """Values that stand for each other on the two sides, by family."""

    def __init__(self) -> None:
        self._there: dict[str, dict[int, int]] = {}
        self._back: dict[str, dict[int, int]] = {}

    def are_one(self, family: str, one: int, other: int) -> bool:
        """Whether neither has stood for something else."""
        there, back = self._there.setdefault(family, {}), self._back.setdefault(family, {})
        return there.setdefault(one, other) == other and back.setdefault(other, one) == one

    def hold(self, encoded: Encoded, reference: bytes, target: bytes, calls: int) -> None:
        """Check that what is equal on both sides in the first calls stands for nothing else. Raises _NotPlain."""
        if not self._there:
            return
        at = HEADER + 2 * HEAD_OF_OUTCOME.unpack_from(reference)[-1]
        for step, observed in zip(encoded.program.steps[:calls], encoded.observed, strict=False):
            description = step.description
            if not _named(description).isdisjoint(self._there):
                raise _NotPlain
            at += RESULT.size
            for each in observed:
                begin, at = extent_of(reference, at, each)
                shape = _shape(description.parameters[each.argument])
                if shape is not None and shape.named and at - begin <= shape.size:
                    self._hold_members(shape, reference[begin:at], target[begin:at])

    def _hold_members(self, shape: _Shape, one: bytes, other: bytes) -> None:
        ours, theirs = shape.values(one), shape.values(other)
        for at, family in shape.named:
            if family in self._there and ours[at] == theirs[at] and not self.are_one(family, ours[at], ours[at]):
                raise _NotPlain


# -- what is known of calls


class _Shape:
    """The members of a struct and of those within it, and the kinds of those that are numbers and may differ."""

    def __init__(self, of: type[Struct]) -> None:
        self.size = of.size()
        self.names: list[str] = []
        self.kinds: list[Kind | None] = []
        self._of = of
        self.depends = of.comparable.__func__ is not Struct.comparable.__func__  # type: ignore[attr-defined] # a method
        """Whether some members tell what others can be compared by."""
        layout, at = "<", 0
        for name, offset, code, kind in _places(of):
            layout += f"{offset - at}x{code}"
            at = offset + struct.calcsize(code)
            self.names.append(name)
            self.kinds.append(kind)
        self._layout = struct.Struct(layout + f"{self.size - at}x")
        self.named = [(at, kind.named[0]) for at, kind in enumerate(self.kinds) if kind is not None and kind.named]

    def values(self, content: bytes) -> tuple[Any, ...]:
        """Of memory that holds a struct; of no more than is known up to the last byte that is not poison."""
        return self._layout.unpack(whole(content, self.size))

    def says_nothing_by(self, names: set[str], one: bytes, other: bytes) -> bool:
        """Whether members cannot be compared, for what other members say (`Struct.comparable`), on both sides."""
        here, there = map(self._comparable, (one, other))
        return here == there and here.isdisjoint(names)

    def _comparable(self, content: bytes) -> set[str]:
        seen: Any = see(self._of.parse(whole(content, self.size)))
        return {name for name, value in flat("", self._of.comparable(seen)).items() if value != MASK}


def _places(of: type[Struct], start: int = 0, within: str = "") -> Iterator[tuple[str, int, str, Kind | None]]:
    """What a struct holds: name, offset, format in the words of `struct`, and kind if it is a number. The name is
    `compare.flat`'s; arrays are bytes."""
    for name in of.members:
        field: Any = getattr(of, name)
        kind, inner = of_member(of, name)
        code = _CODES.get(field.size) if isinstance(getattr(of(), name), int) else None
        if inner is not None:
            yield from _places(inner, start + field.offset, f"{within}.{name}")
        elif code:
            yield f"{within}.{name}", start + field.offset, code if _is_signed(of, name) else code.upper(), kind
        elif not isinstance(kind, Masked):
            yield f"{within}.{name}", start + field.offset, f"{field.size}s", None


_CODES = {1: "b", 2: "h", 4: "i", 8: "q"}
"""Of numbers of so many bytes, in the words of `struct`."""


def _is_signed(of: type[Struct], name: str) -> bool:
    probe = of()
    setattr(probe, name, -1)
    return bool(getattr(probe, name) < 0)


def _is_compared_by_struct(kind: Kind) -> bool:
    """Whether nothing but the struct that memory is says what its content means."""
    if not isinstance(kind, Pointer) or type(kind).normal is not Pointer.normal:
        return False
    return kind.holds is None or type(kind.holds).normal is Kind.normal


@cache
def _shape(parameter: Parameter) -> _Shape | None:
    """What an argument's memory is compared by; None where it takes more than a look at members."""
    if parameter.struct is None or not parameter.struct.members or not _is_compared_by_struct(parameter.kind):
        return None
    return _Shape(parameter.struct)


@cache
def _named(description: Syscall[Any]) -> frozenset[str]:
    """The families of which a call may show a value, other than in the structs that are compared member by member."""
    return frozenset(family for kind in _kinds(description) for family in kind.named)


def _kinds(description: Syscall[Any]) -> Iterator[Kind]:
    yield kind_of_result(description)
    for parameter in description.parameters:
        yield parameter.kind
        if parameter.struct is not None and not (_shape(parameter) and _is_only_written(parameter.kind)):
            yield from _members(parameter.struct)


def _is_only_written(kind: Kind) -> bool:
    """Whether the memory says nothing before the call."""
    return isinstance(kind, Pointer) and not kind.reads


def _members(of: type[Struct]) -> Iterator[Kind]:
    for notes in of.members.values():
        for note in notes:
            if isinstance(note, Kind):
                yield note
            elif isinstance(note, type) and issubclass(note, Struct):
                yield from _members(note)
