"""What the C file of a reproducer checks: that the call which differs does what the reference did."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from conformance.programs.execution import Execution, succeeded
from conformance.programs.wire import Observed, whole
from conformance.search.compare import ERRNO, FAULT, RESULT, SIGNALS, STATE, memory_name
from conformance.search.exactly import Excerpt, exact_bytes, is_exact_result
from conformance.search.finding import Finding
from conformance.syscalls.machinery.buffers import POISON, Struct
from conformance.syscalls.machinery.call import Parameter, errno_name
from conformance.syscalls.machinery.inside import PLAIN, of_member
from conformance.syscalls.machinery.kinds import FileDescriptor, Kind, OfCode, Renamed
from conformance.syscalls.machinery.show import kind_of_result
from conformance.syscalls.machinery.world import DATA, FILES


@dataclass(frozen=True, slots=True)
class Check:
    """A condition on what a call did."""

    condition: str
    """In C."""
    what: str
    """What the reference says, where it does not hold."""
    holds: Callable[[Execution], bool]
    """Whether it does of what was seen of a side."""

    def __str__(self) -> str:
        return f'expect({self.condition}, "{self.what}");'


def check_c(finding: Finding) -> Iterator[str]:
    """What the reference gives at the call that differs, as checks; where none can tell the two sides apart, that."""
    found, at = finding.difference, finding.difference.step
    if at >= len(finding.reference.outcome.results):
        yield f'expect(0, "{finding.reference.ending}");'
        return
    if found.field in (STATE, ERRNO):
        result = finding.reference.outcome.results[at][0]
        if succeeded(result):
            yield f'expect(r{at} >= 0, "success");'
        else:
            yield f'expect(r{at} == {result}, "{errno_name(-result)}");'
    elif found.field not in (SIGNALS, FAULT):
        told = [*(_result_checks(finding) if found.field == RESULT else _memory_checks(finding))]
        if all(each.holds(finding.target) for each in told):
            yield f"cannot_tell({string_c(found.field.encode())});"
        yield from map(str, told)


def _result_checks(finding: Finding) -> Iterator[Check]:
    """That a number is the reference's, if that is the same each time; else what else it is, and what it is not."""
    at = finding.difference.step
    ours, theirs = (each.outcome.results[at][0] for each in (finding.reference, finding.target))
    if _is_told_by_number(finding.reference, at):
        yield Check(f"r{at} == {ours}L", str(ours), lambda seen: seen.outcome.results[at][0] == ours)
        return
    yield from _same_result(finding, ours)
    if _is_told_by_number(finding.target, at):
        yield Check(f"r{at} != {theirs}L", f"another than {theirs}", lambda seen: seen.outcome.results[at][0] != theirs)


def _is_told_by_number(execution: Execution, at: int) -> bool:
    """Whether a result is the same number each time: an fd is, as the table of fds is empty, and a pid is not."""
    result = execution.outcome.results[at][0]
    if isinstance(kind_of_result(execution.program.steps[at].description), FileDescriptor) and result < FILES:
        return True
    return is_exact_result(execution, at)


def _same_result(finding: Finding, result: int) -> Iterator[Check]:
    """Which earlier result, or argument, of its family the reference's is equal to."""
    at = finding.difference.step
    families = set(kind_of_result(finding.program.steps[at].description).named)
    for before, step in enumerate(finding.program.steps[:at]):
        for argument, parameter in zip(step.args, step.description.parameters, strict=False):
            if isinstance(argument, int) and argument >= 0 and families.intersection(parameter.kind.named):
                yield _equal(at, result, argument, f"{argument}L", f"the {argument} of r{before}")
        if families.intersection(kind_of_result(step.description).named):
            other = finding.reference.outcome.results[before][0]
            if succeeded(other):
                yield _equal(at, result, other, f"r{before}", f"r{before}", before)


def _equal(at: int, result: int, other: int, said: str, what: str, before: int | None = None) -> Check:
    """That a result is equal to another number, or to that of the call `before`, as the reference's is; or is not."""
    same = result == other
    operator, told = ("==", "the same as") if same else ("!=", "another than")

    def holds(seen: Execution) -> bool:
        value = other if before is None else seen.outcome.results[before][0]
        return (seen.outcome.results[at][0] == value) is same

    return Check(f"r{at} {operator} {said}", f"{told} {what}", holds)


def _memory_checks(finding: Finding) -> Iterator[Check]:
    """What of memory is the reference's, as far as it is the same each time; else what it is not."""
    at, field = finding.difference.step, finding.difference.field
    parameters = finding.program.steps[at].description.parameters
    for observed in finding.reference.encoded.observed[at]:
        name = memory_name(observed.path, parameters)
        if field != name and not field.startswith(f"{name}."):
            continue
        parameter, member = parameters[observed.argument], field.removeprefix(name).lstrip(".")
        outer = observed.path.isdigit()
        kind = _kind_of_member(parameter, member) if outer else PLAIN
        struct = parameter.struct if outer else None
        told: list[Check] = []
        if isinstance(kind, Renamed):
            told += _same_member(finding, observed, kind, _span(finding.reference, at, observed, struct, member))
        ours, theirs = (
            exact_bytes(each, at, observed, field, _span(each, at, observed, struct, member))
            for each in (finding.reference, finding.target)
        )
        if ours and not isinstance(kind, OfCode):
            told.append(_has(at, observed, ours, field))
        if theirs and not isinstance(kind, OfCode) and all(each.holds(finding.target) for each in told):
            told.append(_has_not(at, observed, theirs, field))
        yield from told


def _span(execution: Execution, at: int, observed: Observed, struct: type[Struct] | None, member: str) -> range:
    """Where in memory what differs is: a member of a struct, or all that was written and a byte behind it."""
    start, size = member_place(struct, member) if member and struct is not None else (0, 0)
    if size and start + size <= observed.size:
        return range(start, start + size)
    return range(min(observed.size, len(_content(execution, at, observed)) + 1))


def _has(at: int, observed: Observed, excerpts: tuple[Excerpt, ...], field: str) -> Check:
    return Check(
        _excerpts_c(observed, excerpts), f"other bytes in {field}", lambda seen: _is_there(seen, at, observed, excerpts)
    )


def _has_not(at: int, observed: Observed, excerpts: tuple[Excerpt, ...], field: str) -> Check:
    """That memory is not as the target has it, whatever it is."""

    def holds(seen: Execution) -> bool:
        return not _is_there(seen, at, observed, excerpts)

    first, *others = excerpts
    if not others and _is_unwritten(first.data):
        place = DATA + observed.offset + first.start
        return Check(f"!unwritten({place:#x}, {len(first.data)})", f"something in {field}", holds)
    said = _excerpts_c(observed, excerpts)
    return Check(f"!({said})" if others else f"!{said}", f"other bytes in {field}", holds)


def _excerpts_c(observed: Observed, excerpts: tuple[Excerpt, ...]) -> str:
    return " && ".join(
        f"holds({DATA + observed.offset + each.start:#x}, {string_c(each.data)}, {len(each.data)})" for each in excerpts
    )


def _is_there(execution: Execution, at: int, observed: Observed, excerpts: tuple[Excerpt, ...]) -> bool:
    data = _at(execution, at, observed)
    return all(data[each.start : each.start + len(each.data)] == each.data for each in excerpts)


def _content(execution: Execution, step: int, observed: Observed) -> bytes:
    """What a call has written to some memory; nothing, where it was not completed."""
    for each, content in zip(execution.encoded.observed[step], execution.outcome.results[step][1], strict=True):
        if each == observed:
            return content
    return b""


def _at(execution: Execution, step: int, observed: Observed) -> bytes:
    """All that memory holds behind a call; poison where nothing was written."""
    return whole(_content(execution, step, observed), observed.size)


def _is_unwritten(piece: bytes) -> bool:
    return not piece.strip(bytes([POISON]))


def _kind_of_member(parameter: Parameter, member: str) -> Kind:
    kind, struct = parameter.kind, parameter.struct
    for name in member.split(".") if member else ():
        kind, struct = of_member(struct, name)
    return kind


def _same_member(finding: Finding, observed: Observed, kind: Renamed, span: range) -> Iterator[Check]:
    """Which values of its family, in what earlier calls have written, a member is equal to."""
    at = finding.difference.step
    piece = _at(finding.reference, at, observed)[span.start : span.stop]
    if _is_unwritten(piece):
        return
    for before in range(at):
        for other in finding.reference.encoded.observed[before]:
            parameter = finding.program.steps[before].description.parameters[other.argument]
            data = _at(finding.reference, before, other)
            for start, size in _members_of(parameter.struct, kind.named):
                theirs = data[start : start + size]
                if size == len(piece) == len(theirs) and not _is_unwritten(theirs):
                    yield _same_bytes(at, observed, span, before, other, range(start, start + size), theirs == piece)


def _same_bytes(
    at: int, observed: Observed, span: range, before: int, other: Observed, place: range, same: bool
) -> Check:
    here, there = DATA + observed.offset + span.start, DATA + other.offset + place.start

    def holds(seen: Execution) -> bool:
        one = _at(seen, at, observed)[span.start : span.stop]
        return (one == _at(seen, before, other)[place.start : place.stop]) is same

    return Check(
        f"{'' if same else '!'}(memcmp((void *){here:#x}, (void *){there:#x}, {len(span)}) == 0)",
        f"{'the same as' if same else 'another than'} after r{before}",
        holds,
    )


def _members_of(struct: type[Struct] | None, families: tuple[str, ...], start: int = 0) -> Iterator[tuple[int, int]]:
    """Where a struct has members whose values have names of these families."""
    for name in struct.members if struct else ():
        kind, inner = of_member(struct, name)
        field = getattr(struct, name)
        if inner is not None:
            yield from _members_of(inner, families, start + field.offset)
        elif isinstance(kind, Renamed) and kind.named == families:
            yield start + field.offset, field.size


def member_place(struct: type, path: str) -> tuple[int, int]:
    """Offset and size of a struct's member, given by its dotted name."""
    start, size, inside = 0, 0, struct
    for name in path.split("."):
        member = getattr(inside, name, None)
        if member is None:
            break
        start, size = start + member.offset, member.size
        inside = dict(inside._fields_).get(name, inside)  # type: ignore[attr-defined] # ctypes
    return start, size


def string_c(data: bytes) -> str:
    """Bytes as a C string; numbers in octal, which cannot run into what follows."""
    plain = (32 <= each < 127 and each not in b'"\\?' for each in data)
    return '"' + "".join(chr(each) if ok else f"\\{each:03o}" for each, ok in zip(data, plain, strict=True)) + '"'
