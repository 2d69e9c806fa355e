"""Which bytes of an outcome are compared as they are, and which may be others: the kernel's choice, the time.

How each kind of value is compared, `normal_steps` knows. It is asked by trying: a byte that may be another one, and the
normal form is the same, is not compared as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from conformance.model import Json
from conformance.programs.execution import Execution
from conformance.programs.wire import Observed, whole
from conformance.search.compare import normal_steps
from conformance.syscalls.machinery.buffers import POISON

FLIPS = (0x01, 0x80, 0x02, 0x40)
"""How bytes are changed to see whether that matters; all of them do where a byte is compared as it is."""
OTHERS = (1, -1, 2, 1 << 12, 1 << 20)
"""The same for results: how much is added."""
_NAME, _NAMELESS = re.compile(r"[a-z_:]+#\d+"), re.compile(r"[a-z_:]+#")


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Bytes in a row."""

    start: int
    data: bytes


def exact_bytes(execution: Execution, step: int, observed: Observed, field: str, span: range) -> tuple[Excerpt, ...]:
    """What of some memory is compared as it is where one field of a call's outcome is compared, in a span of it."""
    place = execution.encoded.observed[step].index(observed)
    content = execution.outcome.results[step][1][place]
    data = whole(content, observed.size)
    normal = _field(execution, step, field)
    if isinstance(normal, str) and _NAMELESS.fullmatch(normal):
        return ()  # a value that has a name, whichever it is
    if normal is not None and normal == _plain(data, content, span, normal):
        return _excerpts(data, span)

    def matters(part: range, flip: int) -> bool:
        changed = bytearray(data)
        for at in part:
            changed[at] ^= flip
        return _field(_with_content(execution, step, place, bytes(changed)), step, field) != normal

    return _excerpts(data, list(_exact(span, matters)))


def is_exact_result(execution: Execution, step: int) -> bool:
    """Whether the result of a call that has succeeded is compared as it is."""
    result, buffers = execution.outcome.results[step]
    normal = _result(execution, step)
    if normal == result:
        return True
    others = (result + each for each in OTHERS if result + each >= 0)
    return all(_result(_with(execution, step, (each, buffers)), step) != normal for each in others)


def _plain(data: bytes, content: bytes, span: range, like: Json) -> Json:
    """What memory says if it is taken as it is, in the form of a value."""
    piece = data[span.start : span.stop]
    if isinstance(like, int):
        return int.from_bytes(piece, "little", signed=like < 0) if len(piece) in (1, 2, 4, 8) else None
    return content.decode("latin-1")


def _exact(part: range, matters: Callable[[range, int], bool]) -> Iterator[int]:
    """The bytes of a part that matter, by halving it."""
    if not part or not matters(part, FLIPS[0]):
        return
    if len(part) > 1:
        middle = part.start + len(part) // 2
        yield from _exact(range(part.start, middle), matters)
        yield from _exact(range(middle, part.stop), matters)
    elif all(matters(part, flip) for flip in FLIPS[1:]):
        yield part.start


def _excerpts(data: bytes, places: range | list[int]) -> tuple[Excerpt, ...]:
    found: list[Excerpt] = []
    for at in places:
        if found and found[-1].start + len(found[-1].data) == at:
            found[-1] = Excerpt(found[-1].start, found[-1].data + data[at : at + 1])
        else:
            found.append(Excerpt(at, data[at : at + 1]))
    return tuple(found)


def _with_content(execution: Execution, step: int, place: int, data: bytes) -> Execution:
    result, buffers = execution.outcome.results[step]
    content = data.rstrip(bytes([POISON]))
    return _with(execution, step, (result, (*buffers[:place], content, *buffers[place + 1 :])))


def _with(execution: Execution, step: int, seen: tuple[int, tuple[bytes, ...]]) -> Execution:
    """What would have been seen if a call had done something else."""
    results = execution.outcome.results
    changed = (*results[:step], seen, *results[step + 1 :])
    return Execution(execution.encoded, replace(execution.outcome, results=changed))


def _field(execution: Execution, step: int, field: str) -> Json:
    return _nameless(normal_steps(execution)[step].outs.get(field))


def _result(execution: Execution, step: int) -> Json:
    return _nameless(normal_steps(execution)[step].result)


def _nameless(normal: Json) -> Json:
    """A normal form in which all values of a family that have names have the same one."""
    if isinstance(normal, str):
        return normal.rstrip("0123456789") if _NAME.fullmatch(normal) else normal
    if isinstance(normal, list):
        return [_nameless(each) for each in normal]
    if isinstance(normal, dict):
        return {name: _nameless(each) for name, each in normal.items()}
    return normal
