"""From programs and their promises to text: the same text always."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile

from conformance.programs.notation.calls import kinds_of, name_of
from conformance.programs.notation.claims import memory_meant
from conformance.programs.notation.comments import NOTHING, without_gaps_around
from conformance.programs.notation.fields import fields
from conformance.programs.notation.layout import STEP, WIDTH, Doc, Fill, Group, flat, join, laid
from conformance.programs.notation.meaning import PLAIN
from conformance.programs.notation.model import GAP, File, Listing, PromisedCall, used_results
from conformance.programs.notation.promises import (
    Blocks,
    Bound,
    Compare,
    End,
    Exits,
    Fails,
    Killed,
    Promise,
    Returns,
    ReturnsResult,
    Succeeds,
    Written,
)
from conformance.programs.notation.spelling import Spelling, number_doc
from conformance.programs.notation.texts import text_doc
from conformance.programs.notation.tokens import text_spelled
from conformance.programs.program import Argument, Memory, Program, ProgramCall
from conformance.syscalls.machinery.buffers import Struct
from conformance.syscalls.machinery.kinds import Kind

_INDENT = " " * STEP
LONG = 1024
"""Bytes of a record of which the length is not known."""


def print_file(file: File) -> str:
    """A file of programs as text, in lines of at most 120 columns but for what people say in it."""
    parts = []
    head = [*_comments(without_gaps_around(file.above), "")]
    if file.title:
        head.append(text_spelled_utf8(file.title) + _remark(file.beside))
    if head:
        parts.append("\n".join(head))
    parts += [print_listing(each) for each in file.programs]
    if below := [*_comments(without_gaps_around(file.below), "")]:
        parts.append("\n".join(below))
    return "\n\n".join(parts) + "\n" if parts else ""


def print_program(program: Program) -> str:
    """The calls of a program as text, a line each unless one is too long."""
    return "".join(f"{line}\n" for line in _calls(tuple(map(PromisedCall, program.steps)), ""))


def print_listing(listing: Listing) -> str:
    """A program with its name, its promises and what is said of it."""
    lines = [*_comments(without_gaps_around(listing.above), "")]
    needs = f" needs {', '.join(listing.needs)}" if listing.needs else ""
    condition = f" [{listing.condition}]" if listing.condition else ""
    lines.append(f"{listing.name}:{needs}{condition}{_remark(listing.beside)}")
    lines += _calls(listing.steps, _INDENT)
    below = listing.below[1:] if listing.below[:1] == (GAP,) else listing.below
    if below:
        lines += [*([""] if below != listing.below else []), *_comments(without_gaps_around(below), _INDENT)]
    return "\n".join(lines)


def text_spelled_utf8(title: str) -> str:
    """A title as a text: what is not ASCII stays as it is."""
    out = "".join(each if ord(each) > 127 else text_spelled(each.encode())[1:-1] for each in title)
    return f'"{out}"'


def _remark(said: str) -> str:
    return f"  # {said}".rstrip() if said else ""


def _comments(said: Sequence[str], indent: str) -> Iterator[str]:
    for each in said:
        yield "" if each == GAP else f"{indent}#" if each == NOTHING else f"{indent}# {each}".rstrip()


# -- calls


def _calls(steps: tuple[PromisedCall, ...], indent: str) -> Iterator[str]:
    names = {at: each.result or f"r{at}" for at, each in enumerate(steps)}
    used = used_results(steps)
    spelling = Spelling([each.call for each in steps], names)
    for at, step in enumerate(steps):
        named = step.result or at in used
        said = _call(step.call, spelling, f"{names[at]} = " if named else "")
        lines = list(_with_promises(said, step, names, indent))
        above = step.above if at else without_gaps_around(step.above)
        remark = _remark(step.beside)
        if remark and len(lines[-1]) + len(remark) > WIDTH:
            above, remark = (*above, step.beside), ""
        yield from _comments(above, indent)
        yield from lines[:-1]
        yield lines[-1] + remark


def _call(call: ProgramCall, spelling: Spelling, head: str) -> Group:
    args: list[Doc] = []
    before: list[Argument] = []
    for value, each, kind in zip(call.args, call.description.parameters, kinds_of(call.label), strict=False):
        args.append(spelling.argument(value, kind, each.struct, before))
        before.append(value)
    return Group(f"{head}{name_of(call)}(", tuple(args), ")")


def _with_promises(said: Group, step: PromisedCall, names: Mapping[int, str], indent: str) -> Iterator[str]:
    """A call and its promises, as lines; the first promise is behind the call if it fits there."""
    promises = [_promise(each, step.call, names) for each in step.promises]
    column = len(indent)
    first = promises[0] if promises else ""
    behind = 1 + len(flat(first)) if promises else 0
    text = laid(said, column, behind=behind if column + behind < WIDTH // 2 else 0)
    whole = f"{indent}{text}"
    end = len(whole.rpartition("\n")[2])
    if promises and end + behind <= WIDTH:
        whole += f" {flat(promises.pop(0))}"
    yield from whole.split("\n")
    for each in promises:
        yield from f"{indent}{_INDENT}{laid(each, column + STEP)}".split("\n")


# -- promises


def _promise(promise: Promise, call: ProgramCall, names: Mapping[int, str]) -> Doc:
    items: list[Doc] = [_end(promise.end, call, names), *(_written(each, call) for each in promise.written)]
    items = [*(join(each, ",") for each in items[:-1]), items[-1]]
    if promise.missing is not None:
        items.append("or missing" + (f" {'|'.join(promise.missing)}" if promise.missing else ""))
    if promise.condition:
        items.append(f"[{promise.condition}]")
    if promise.needs:
        items.append(f"needs {', '.join(promise.needs)}")
    return Fill(tuple(items), " ") if len(items) > 1 else items[0]


def _end(end: End, call: ProgramCall, names: Mapping[int, str]) -> Doc:
    said: Doc
    match end:
        case Returns():
            said = join(f"{end.compare} ", number_doc(end.value, call.description.result))
        case ReturnsResult():
            said = f"= {names[end.step]}"
        case Succeeds():
            said = "= ok"
        case Fails():
            said = f"= -1 {'|'.join(end.errnos)}"
        case Blocks():
            said = "blocks"
        case Killed():
            said = f"killed by {end.signal}" + (f" ({end.code})" if end.code else "")
        case Exits():
            said = f"exits with {end.status}"
    return said


def _written(written: Written, call: ProgramCall) -> Doc:
    name = f"{written.argument}=" if written.argument else ""
    if written.data is not None:
        pieces = Spelling((), {}).argument(Memory(written.data), PLAIN, None, ())
        return join(name, pieces)
    memory = memory_meant(call, written.argument, members=True)
    assert memory is not None, "what is promised of no memory is refused when it is read"
    if not written.groups:
        structs = (memory.struct,) if memory.struct else ()
        return join(name, _comparisons(written.members, structs))
    likely = tuple(dict.fromkeys(_behind(written.groups[0].members, memory.kind)))
    groups = [
        join("... " if each.later else "", _comparisons(each.members, _meant(each.members, likely)))
        for each in written.groups
    ]
    return join(name, Fill(tuple(groups), " "))


def _meant(of: tuple[Bound, ...], structs: Sequence[type[Struct]]) -> tuple[type[Struct], ...]:
    """The structs that comparisons may be of, the likeliest first: what a number is called depends on others."""
    able = (struct for struct in structs if of and all(each.member in fields(struct) for each in of))
    return (*(struct.told_by(_as_told(of, struct)) for struct in able), *structs)


def _as_told(of: tuple[Bound, ...], struct: type[Struct]) -> bytes:
    """A struct of which some members are known."""
    data = bytearray(struct.size())
    for each in of:
        place = fields(struct).get(each.member)
        if place is not None and isinstance(each.value, int) and not place.is_array:
            number = each.value & (1 << 8 * place.size) - 1
            data[place.offset : place.offset + place.size] = number.to_bytes(place.size, place.order)
    return bytes(data)


def _behind(first: tuple[Bound, ...], kind: Kind) -> Iterator[type[Struct]]:
    """The structs of memory in a row, those first that follow upon one of which this is known."""
    head = kind.structs[0]
    length, *_ = fields(head)
    data = _as_told((*first, Bound(length, Compare.EQUAL, LONG)), head) + bytes(LONG)
    for piece in takewhile(lambda each: each.at < LONG, kind.pieces(data)):
        if piece.struct is not None:
            yield piece.struct
    yield from kind.structs


def _comparisons(of: tuple[Bound, ...], structs: tuple[type[Struct], ...]) -> Group:
    items = []
    for each in of:
        first = each.member.partition(".")[0]
        struct = next((one for one in structs if first in fields(one)), None)
        items.append(_comparison(each, struct))
    return Group("{", tuple(items), "}")


def _comparison(of: Bound, struct: type[Struct] | None) -> Doc:
    sign = of.compare if of.compare is Compare.EQUAL else f" {of.compare} "
    if isinstance(of.value, bytes):
        pieces = text_doc(of.value)
        return join(f"{of.member}{sign}", pieces[0] if len(pieces) == 1 else text_spelled(of.value))
    kind = PLAIN
    for name in of.member.split("."):
        if struct is not None:
            found = fields(struct)[name]
            kind, struct = found.kind, found.inner
    return join(f"{of.member}{sign}", number_doc(of.value, kind))
