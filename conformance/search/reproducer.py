"""A divergence as a folder: the program, a C file that shows it, both traces side by side, and a text for an issue."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.resources import files
from pathlib import Path

from conformance.model import Json
from conformance.programs.execution import succeeded
from conformance.programs.harmful import touches
from conformance.programs.header import world_c
from conformance.programs.notation.model import File, Listing
from conformance.programs.notation.printing import print_file
from conformance.programs.program import NO_RESOURCE, Argument, Memory, ProgramCall, Ref, none_of, to_json
from conformance.programs.wire import Encoded, ProgramOutcome, State, number
from conformance.search.checks import check_c, string_c
from conformance.search.compare import SIGNALS
from conformance.search.finding import Finding
from conformance.search.issue import cut, headline, issue, side_by_side
from conformance.search.promised import promised
from conformance.syscalls.machinery.call import Pseudo
from conformance.syscalls.machinery.touches import MEMORY
from conformance.syscalls.pseudo import CLONE, CLONE3, DEEDS, SPAWN, URING
from conformance.syscalls.sockets.addresses import holds_address
from conformance.text import one_line

LONGEST_LINE = 110
"""Characters of a line of C, less its tabs."""
LONGEST_COMMENT = 70
OUTSIDE = ("exec_report",)
"""Calls for which a C file needs what lies outside of a program's own file system, from within."""
RT_SIGACTION, NOTED = 13, (signal.SIGBUS, signal.SIGSEGV)
"""A call before which a C file takes its own handlers of some signals away."""
CANNOT_TELL = "\tcannot_tell("
UNTOLD = "What differs cannot be told from within a program, though the calls are those that show it: exit status 3."
MANY_ZEROS = 16
"""How many zeros at the end of memory are worth a line of their own."""


def folder_name(finding: Finding) -> str:
    """A name that says what it is, for any file system."""
    said = f"{finding.signature.target}-{finding.signature}"
    return "".join(each if each.isalnum() or each in "-_." else "-" for each in said)[:120].strip("-")


def write(finding: Finding, into: Path, arguments: Sequence[str] = ()) -> Path:
    """Write the folder; its path. `arguments` are what replaying must be told beside targets. Raises OSError."""
    place = into / folder_name(finding)
    for count in range(2, 100):
        if not place.exists():
            break
        place = into / f"{folder_name(finding)}-{count}"
    place.mkdir(parents=True)
    (place / "program.json").write_text(json.dumps(document(finding), indent=1) + "\n", encoding="utf-8")
    (place / "program.calls").write_text(text(finding), encoding="utf-8")
    (place / "repro.c").write_text(repro_c(finding), encoding="utf-8")
    (place / "traces.txt").write_text(side_by_side(finding), encoding="utf-8")
    (place / "issue.md").write_text(issue(finding, place, program_c(finding), arguments), encoding="utf-8")
    return place


def text(finding: Finding) -> str:
    """The program as text, with what the reference did as what is promised."""
    name = re.sub(r"[^a-z0-9]+", "-", str(finding.signature).lower()).strip("-")
    name = name if name[:1].isalpha() else f"call-{name}"
    listing = Listing(name, promised(finding.program, finding.reference.errnos))
    return print_file(File(headline(finding), (listing,)))


def document(finding: Finding) -> Json:
    """What `program.json` has: the program, and what it showed when it was found."""
    program = to_json(finding.program)
    assert isinstance(program, dict)
    found = finding.difference
    program["found"] = {
        "signature": str(finding.signature),
        "cause": str(finding.signature.cause),
        "target": finding.signature.target,
        "reference": finding.reference_name,
        "releases": {finding.reference_name: finding.releases[0], finding.signature.target: finding.releases[1]},
        "made_by": {finding.reference_name: finding.made_by[0], finding.signature.target: finding.made_by[1]},
        "call": found.step,
        "field": found.field,
        "said": {finding.reference_name: found.reference, finding.signature.target: found.target},
    }
    return program


# -- C

_ENDS = ProgramOutcome(State.DONE)


def repro_c(finding: Finding) -> str:
    """A C file that makes the calls, prints them, and exits with 1 where the target diverges from the reference."""
    use = "cc repro.c && ./a.out: exit status 0 as on the reference, 1 where it diverges. x86-64 only."
    body = program_c(finding)
    if CANNOT_TELL in body:
        use = f"{use}\n   {UNTOLD}"
    about = f"{_comment(headline(finding))}\n\n   {use}"
    # A new program must find its loader, if it is not a static one.
    reaches_out = any(step.label in OUTSIDE for step in finding.program.steps)
    outcome = finding.reference.outcome
    probes = MEMORY in touches(finding.program)
    text = whole_c(body, about, "the reference", surroundings="tree.c.in", outcome=outcome, probes=probes)
    return text.replace("@CHROOT@", str(int(not reaches_out)))


def whole_c(
    body: str,
    about: str,
    who: str,
    *,
    surroundings: str,
    first: int = 0,
    outcome: ProgramOutcome = _ENDS,
    probes: bool = True,
) -> str:
    """A C file with a body that `calls_c` has made. `about` stands at its top, `who` is whom it is held against.

    `surroundings`: the template of what the calls are made in. `first`: the lowest fd that is free. `outcome`: how it
    is to end; with 1 where a call does not return or kills it, unless that call is to do so, by the same signal.
    `probes`: whether memory may be gone, so that it is asked for before it is read.
    """

    def template(name: str) -> str:
        return files("conformance.search").joinpath(name).read_text(encoding="utf-8")

    text = template("repro.c.in").replace("@WORLD@", world_c().rstrip())
    text = text.replace("@SURROUNDINGS@", template(surroundings).rstrip())
    code, address = outcome.fault or (0, 0)
    values = {"PROGRAM": body, "WHO": who, "FIRST": first, "CALLS": len(outcome.results)}
    values["PROBES"] = int(probes)
    values["BLOCKED"] = int(outcome.state is not State.BLOCKED)
    values["DIED"] = outcome.detail if outcome.state is State.DIED else 0
    values["FAULT"] = f"{code}, {address:#x}"
    for mark, value in values.items():
        text = text.replace(f"@{mark}@", str(value))
    return f"/* {about} */\n\n{text}"


def program_c(finding: Finding) -> str:
    """The body of the C function that makes the calls of a finding, and checks what the reference says."""

    def checks(at: int) -> Iterator[str]:
        if at < finding.difference.step:
            result = finding.reference.outcome.results[at][0]
            yield f"given(r{at} {'>= 0' if succeeded(result) else f'== {result}'});"
        if at == finding.difference.step:
            yield from check_c(finding)
        if at == len(finding.program.steps) - 1 and finding.difference.field == SIGNALS:
            for signal, count in finding.reference.outcome.signals:
                yield f'expect(caught[{signal}] == {count}, "{count} of signal {signal}");'

    return calls_c(finding.reference.encoded, checks)


def calls_c(encoded: Encoded, checks: Callable[[int], Iterable[str]]) -> str:
    """The body of the C function that makes calls; `checks` has the statements behind each of them."""
    program = encoded.program
    refs = enumerate(dict.fromkeys(program.refs()))
    needed = {ref: f"r{ref.step}" if ref.argument < 0 else f"m{at}" for at, ref in refs}
    out = []
    declared = sorted({*needed.values(), *(f"r{at}" for at in range(len(program.steps)))})
    out.append(f"\tlong {_wrapped(', '.join(declared))};\n")
    for ref, name in needed.items():
        if ref.argument >= 0:
            out.append(f"\t{name} = -1;")
    for at, step in enumerate(program.steps):
        out.append("")
        out += [f"\t{_wrapped(line)}" for line in _memory_c(step, encoded.addresses[at], encoded, at, needed)]
        if number(step.description) == RT_SIGACTION and step.args[0] in NOTED:
            out.append(f"\tgive_way({step.args[0]});")
        out.append(f"\t{_wrapped(_call_c(step, at, encoded.addresses[at], needed))}")
        for ref, name in needed.items():
            if ref.step == at and ref.argument >= 0:
                place = encoded.addresses[at][ref.argument] + ref.offset
                out.append(f"\tif (r{at} >= 0)\n\t\t{name} = get({place}, {ref.width});")
        out += [f"\t{_wrapped(line)}" for line in checks(at)]
    unused = [f"(void){name};" for name in declared]
    out.append("\t" + " ".join(unused))
    return "\n".join(out) + "\n"


def _memory_c(
    step: ProgramCall, places: tuple[int, ...], encoded: Encoded, at: int, names: dict[Ref, str]
) -> Iterator[str]:
    inner = dict(encoded.inner[at])
    for index, argument in enumerate(step.args):
        if isinstance(argument, Memory):
            kind = step.description.parameters[index].kind
            if holds_address(kind) and not argument.room:
                yield f"/* {_comment(cut(kind.show(argument.data.decode('latin-1')), LONGEST_LINE - 10))} */"
            yield from _fill_c(argument, places[index], (index,), inner, names)


def _fill_c(
    memory: Memory, place: int, path: tuple[int, ...], inner: dict[tuple[int, ...], int], names: dict[Ref, str]
) -> Iterator[str]:
    size = len(memory.data)
    if size and memory.room:
        yield f"poison({place}, {size});"
    elif size and not any(memory.data):
        yield f"memset((void *)(DATA + {place}), 0, {size});"
    elif size and len(set(memory.data)) == 1 and size > 64:
        yield f"memset((void *)(DATA + {place}), {memory.data[0]}, {size});"
    elif size:
        told = memory.data.rstrip(b"\0")
        if size - len(told) < MANY_ZEROS:
            told = memory.data
        else:
            yield f"memset((void *)(DATA + {place}), 0, {size});"
        yield f"fill({place}, {string_c(told)}, {len(told)});"
    for offset, width, part in memory.parts:
        if isinstance(part, Memory):
            yield from _fill_c(part, inner[*path, offset], (*path, offset), inner, names)
            yield f"set({place + offset}, {width}, DATA + {inner[*path, offset]});"
        elif isinstance(part, Ref):
            yield f"set({place + offset}, {width}, {_name(part, names, NO_RESOURCE)});"
        else:
            yield f"set({place + offset}, {width}, {_long(part)});"


def _name(ref: Ref, names: dict[Ref, str], none: int) -> str:
    """A resource, or what stands for one that is not there."""
    name = names[ref]
    if ref.argument >= 0 and none == NO_RESOURCE:
        return name
    return f"({name} < 0 ? {none} : {name})"


def _call_c(step: ProgramCall, at: int, places: tuple[int, ...], names: dict[Ref, str]) -> str:
    args = []
    for index, argument in enumerate(step.args):
        args.append(_argument_c(argument, step, index, places[index], names))
    shown = ", ".join(args)
    label = string_c(step.description.name.encode())
    if isinstance(step.description, Pseudo):
        return f"r{at} = said({label}, {_pseudo_c(step, args)});"
    return f"r{at} = said({label}, syscall({number(step.description)}{', ' + shown if shown else ''}));"


def _pseudo_c(step: ProgramCall, args: list[str]) -> str:
    description = step.description
    assert isinstance(description, Pseudo)
    if description.kind >= CLONE:
        return _clone_c(description.kind, args)
    name = {SPAWN: "spawn", URING: "uring"}.get(description.kind, step.label)
    if name in ("exec_report", "proc_self"):
        args[0] = f"(void *)({args[0]})"
    return f"{name}({', '.join(args)})"


def _clone_c(number: int, args: list[str]) -> str:
    """`clone_child(deed, clone(2)'s five registers, deed's two arguments)`."""
    new = number >= CLONE3
    deed = next(name for name, value in DEEDS.items() if value == number - (CLONE3 if new else CLONE))
    registers = [args[0], args[1], "0", "0"] if new else [args[0], "0", *args[1:3]]
    args = [*registers, *args[2 if new else 3 :]]
    args += ["0"] * (6 - len(args))
    return f"clone_child({', '.join([deed, str(int(new)), *args])})"


def _argument_c(argument: Argument, step: ProgramCall, index: int, place: int, names: dict[Ref, str]) -> str:
    if isinstance(argument, Memory):
        return f"DATA + {place}"
    if isinstance(argument, Ref):
        return _name(argument, names, none_of(step, index))
    kind = step.description.parameters[index].kind
    value = argument if argument < 1 << 63 else argument - (1 << 64)
    said = kind.to_c(value)
    number_c, _, comment = said.partition(" /* ")
    if value == -(1 << 63) or number_c.lstrip("-").isdigit():
        number_c = _long(value)
    return number_c + (f" /* {cut(comment.removesuffix(' */'), LONGEST_COMMENT)} */" if comment else "")


def _long(value: int) -> str:
    """A number as a C `long`."""
    value = value if value < 1 << 63 else value - (1 << 64)
    return "(-0x7fffffffffffffffL - 1)" if value == -(1 << 63) else f"{value}L"


_TOKEN = re.compile(r""""(?:[^"\\]|\\.)*"|/\*.*?\*/|[^"/]+|/""")
_LETTER = re.compile(r"\\[0-7]{3}|\\.|[^\\]")
_BREAK = "\0"


def _wrapped(line: str) -> str:
    """A line of C as several that fit: broken after a comma, or within a string, which C puts together again."""
    if len(line) <= LONGEST_LINE:
        return line
    atoms = "".join(map(_breakable, _TOKEN.findall(line))).split(_BREAK)
    found = [atoms[0]]
    for atom in atoms[1:]:
        if len(found[-1]) + len(atom.rstrip()) <= LONGEST_LINE - 8:
            found[-1] += atom
        else:
            found.append(atom)
    return "\n\t\t".join(each.rstrip() for each in found)


def _breakable(token: str) -> str:
    """A token of C with a mark wherever a line may end."""
    if token.startswith("/*"):
        return token
    if not token.startswith('"'):
        return token.replace(", ", f", {_BREAK}")
    chunks = [""]
    for letter in _LETTER.findall(token[1:-1]):
        if len(chunks[-1]) + len(letter) > LONGEST_LINE - 24:
            chunks.append("")
        chunks[-1] += letter
    return f'"{_BREAK}"'.join(chunks).join('""')


def _comment(text: str) -> str:
    """Text that ends no comment of C."""
    return one_line(text).replace("*/", "* /")
