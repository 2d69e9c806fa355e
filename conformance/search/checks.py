"""What the C file of a reproducer checks: that the call which differs does what the reference did."""

from __future__ import annotations

from collections.abc import Iterator

from conformance.programs.execution import Execution, succeeded
from conformance.programs.wire import Observed, whole
from conformance.search.compare import ERRNO, RESULT, SIGNALS, STATE
from conformance.search.finding import Finding
from conformance.syscalls.machinery.buffers import POISON, Struct
from conformance.syscalls.machinery.call import Parameter, errno_name
from conformance.syscalls.machinery.inside import of_member
from conformance.syscalls.machinery.kinds import FileDescriptor, Kind, Masked, Renamed
from conformance.syscalls.machinery.show import kind_of_result
from conformance.syscalls.machinery.world import DATA, FILES


def check_c(finding: Finding) -> Iterator[str]:
    """What the reference gives at the call that differs, as a check."""
    found, at = finding.difference, finding.difference.step
    if at >= len(finding.reference.outcome.results):
        yield f'expect(0, "{finding.reference.ending}");'
        return
    result, buffers = finding.reference.outcome.results[at]
    if found.field in (STATE, ERRNO):
        if succeeded(result):
            yield f'expect(r{at} >= 0, "success");'
        else:
            yield f'expect(r{at} == {result}, "{errno_name(-result)}");'
    elif found.field == RESULT:
        kind = kind_of_result(finding.program.steps[at].description)
        if _is_told_by_number(kind, result):
            yield f'expect(r{at} == {result}L, "{result}");'
        else:
            yield from _same_one(finding, result)
            other = finding.target.outcome.results[at][0]
            if _is_told_by_number(kind, other):
                yield f'expect(r{at} != {other}L, "another than {other}");'
    elif found.field != SIGNALS:
        for observed, content in zip(finding.reference.encoded.observed[at], buffers, strict=True):
            yield from _buffer_c(finding, observed, content)


def _is_told_by_number(kind: Kind, result: int) -> bool:
    """Whether a result is the same number each time: an fd is, as the table of fds is empty, and a pid is not."""
    if not isinstance(kind, Renamed):
        return True
    return result < FILES if isinstance(kind, FileDescriptor) else result in kind.keep


def _same_one(finding: Finding, result: int) -> Iterator[str]:
    """Which earlier result the reference's is equal to."""
    at = finding.difference.step
    for before, (other, _) in enumerate(finding.reference.outcome.results[:at]):
        same = "==" if other == result else "!="
        yield f'expect(r{at} {same} r{before}, "{"the same as" if other == result else "another than"} r{before}");'


def _buffer_c(finding: Finding, observed: Observed, content: bytes) -> Iterator[str]:
    """Check the bytes of the member that differs, or the whole buffer."""
    at, field = finding.difference.step, finding.difference.field
    step = finding.program.steps[at]
    parameter = step.description.parameters[observed.argument]
    first, _, member = field.partition(".")
    if observed.path != str(observed.argument):
        if field != f"{parameter.name}.{observed.path.partition('.')[2]}":
            return
        member = ""
    elif first != parameter.name:
        return
    data = whole(content, observed.size)
    start, size = 0, len(content)
    if member and parameter.struct is not None:
        start, size = member_place(parameter.struct, member)
    elif not member and len(content) < observed.size:
        size = min(observed.size, len(content) + 1)  # and nothing behind it
    piece = data[start : start + size]
    place = DATA + observed.offset + start
    there = _at(finding.target, at, observed)[start : start + size]
    kind = _kind_of_member(parameter, member)
    if isinstance(kind, Renamed) and not _is_unwritten(piece):
        yield from _same_member(finding, kind, place, piece)
        if _is_unwritten(there):
            yield f'expect(!unwritten({place:#x}, {size}), "something in {field}");'
        elif int.from_bytes(there, "little", signed=True) in kind.keep or not any(there):
            yield f'expect(!holds({place:#x}, {string_c(there)}, {size}), "other bytes in {field}");'
    elif isinstance(kind, Masked) and _is_unwritten(there):
        yield f'expect(!unwritten({place:#x}, {size}), "something in {field}");'
    else:
        yield f'expect(holds({place:#x}, {string_c(piece)}, {size}), "other bytes in {field}");'


def _at(execution: Execution, step: int, observed: Observed) -> bytes:
    """All that memory holds behind a call; poison where nothing was written."""
    for each, content in zip(execution.encoded.observed[step], execution.outcome.results[step][1], strict=True):
        if each == observed:
            return whole(content, observed.size)
    return whole(b"", observed.size)


def _is_unwritten(piece: bytes) -> bool:
    return not piece.strip(bytes([POISON]))


def _kind_of_member(parameter: Parameter, member: str) -> Kind:
    kind, struct = parameter.kind, parameter.struct
    for name in member.split(".") if member else ():
        kind, struct = of_member(struct, name)
    return kind


def _same_member(finding: Finding, kind: Renamed, place: int, piece: bytes) -> Iterator[str]:
    """Which values of its family, in what earlier calls have written, a member is equal to."""
    at = finding.difference.step
    for before in range(at):
        for observed in finding.reference.encoded.observed[before]:
            parameter = finding.program.steps[before].description.parameters[observed.argument]
            data = _at(finding.reference, before, observed)
            for start, size in _members_of(parameter.struct, kind.named):
                other = data[start : start + size]
                if size == len(piece) == len(other) and not _is_unwritten(other):
                    same = "" if other == piece else "!"
                    where = DATA + observed.offset + start
                    what = "the same as" if other == piece else "another than"
                    yield (
                        f"expect({same}(memcmp((void *){place:#x}, (void *){where:#x}, {size}) == 0), "
                        f'"{what} after r{before}");'
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
