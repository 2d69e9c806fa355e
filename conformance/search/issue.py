"""A divergence in words: a headline, both traces, and a text that can be filed with those who make the target."""

from __future__ import annotations

import ast
import errno
import os
import re
import shlex
import signal
import textwrap
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from conformance.model import Json
from conformance.programs.execution import Execution, ending
from conformance.programs.program import Memory
from conformance.programs.wire import ProgramOutcome, State
from conformance.search.compare import ERRNO, FAULT, RESULT, SIGNALS, STATE, ProgramDifference, memory_name
from conformance.search.finding import Finding
from conformance.syscalls.machinery.buffers import Struct
from conformance.syscalls.machinery.show import kind_of_result, show_value
from conformance.syscalls.sockets.addresses import address_shown
from conformance.text import code_span, one_line

WIDTH = 78
"""Columns of each side of the traces."""
LINE = 110
"""Columns of a line of the text."""
VALUE = 44
"""Columns of one side's value in a sentence."""
VALUE_IN_HEADLINE = 30
"""The same in a headline, which is one line."""
LONGEST_BYTES = 24
"""How many bytes of memory are shown whole in a trace's line."""
_BYTES = re.compile(r"""b'(?:[^'\\]|\\.)*'|b"(?:[^"\\]|\\.)*\"""")

Quote = Callable[[str], str]
"""How a value is told from the words around it."""


# -- what differs


def headline(finding: Finding, quote: Quote = str) -> str:
    """The divergence in a line."""
    reference, target = sides(finding)
    return (
        f"{_subject(finding, str)} {_did(finding, target, quote, short=True)} on {finding.signature.target}, "
        f"and {_did(finding, reference, quote, short=True)} on {finding.reference_name}"
    )


def _subject(finding: Finding, quote: Quote) -> str:
    """What the sentence is about: a call, or what it leaves in one of its arguments."""
    found = finding.difference
    name = quote(finding.program.steps[found.step].description.name)
    if found.field in (STATE, ERRNO, RESULT, SIGNALS):
        return f"{name}:" if quote is str else name
    return f"{name}: {quote(found.field)}"


def _did(finding: Finding, said: str, quote: Quote, *, short: bool = False) -> str:
    """A verb for what one side said; `short`: without what its errno means, and values cut more."""
    said = cut(said, VALUE_IN_HEADLINE) if short else said
    field = finding.difference.field
    if field == RESULT:
        return f"returns {quote(said)}"
    if field == SIGNALS:
        return f"has caught {quote(said)}"
    if field not in (STATE, ERRNO):
        return f"is {quote(said)}"
    if said == "success":
        return "succeeds"
    if (number := getattr(errno, said, None)) is not None:
        return f"fails with {quote(said)}" + ("" if short else f" ({os.strerror(number)})")
    return {"blocked": "blocks", "done": "ends", ending(ProgramOutcome(State.LOST)): "takes the whole guest along"}.get(
        said, f"is {_with_signal(said)}" if said.startswith("killed") else f"ends as {quote(said)}"
    )


def _with_signal(said: str) -> str:
    """`killed by signal 11 (SIGSEGV)`, and whatever else has numbers of signals in it."""

    def named(found: re.Match[str]) -> str:
        try:
            name = signal.Signals(int(found[1])).name
        except ValueError:
            return found[0]
        return f"signal {found[1]} ({name}, {found[2]})" if found[2] else f"signal {found[1]} ({name})"

    return re.sub(r"signal (\d+)(?: \(([^)]*)\))?", named, said)


def sides(finding: Finding) -> tuple[str, str]:
    """What the reference and the target said of what differs, as text of its kind, short enough for a sentence."""
    found = finding.difference
    if found.field in (STATE, ERRNO, FAULT):
        return found.reference, found.target
    if found.field == SIGNALS:
        return _with_signal(found.reference), _with_signal(found.target)
    raw = [_raw(found, execution) for execution in (finding.reference, finding.target)]
    one, other = (_shown(finding, each) for each in raw)
    if all(isinstance(each, str) for each in raw) and max(len(one), len(other)) > VALUE:
        one, other = _apart(*(str(each).encode("latin-1", "replace") for each in raw))
    shown = cut(one, VALUE), cut(other, VALUE)
    if shown[0] == shown[1]:  # the difference is in the normal form, such as which of two fds it is
        return cut(one_line(found.reference), VALUE), cut(one_line(found.target), VALUE)
    return shown


def _raw(found: ProgramDifference, execution: Execution) -> Json:
    """What a side has where the difference is, as it was seen."""
    steps = execution.steps
    if found.step >= len(steps):
        return None
    if found.field == RESULT:
        return steps[found.step].result
    parameters = execution.program.steps[found.step].description.parameters
    for path, value in steps[found.step].outs.items():
        name = memory_name(path, parameters)
        if found.field == name:
            return value
        if found.field.startswith(f"{name}."):
            return _member(value, found.field.removeprefix(f"{name}.").split("."))
    return None


def _member(value: Any, names: Sequence[str]) -> Json:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value  # type: ignore[no-any-return] # a part of a JSON value


def _shown(finding: Finding, value: Json) -> str:
    """A value as its kind shows it."""
    found, description = finding.difference, finding.program.steps[finding.difference.step].description
    if value is None:
        return "nothing"
    if found.field == RESULT:
        return kind_of_result(description).show(value)
    first, _, rest = found.field.partition(".")
    parameter = next((each for each in description.parameters if each.name == first), None)
    return show_value(value, parameter, rest)


def _apart(reference: bytes, target: bytes) -> tuple[str, str]:
    """Two memories that are too long: from where they differ on, with their lengths."""
    pairs = enumerate(zip(reference, target, strict=False))
    at = next((at for at, (one, other) in pairs if one != other), min(len(reference), len(target)))
    one, other = (f"{each[at : at + 8]!r} from byte {at} of {len(each)} on" for each in (reference, target))
    return one, other


def cut(text: str, width: int) -> str:
    """Text that fits: what is too long loses its middle, and says how much that was."""
    if len(text) <= width:
        return text
    left_out = f"…({len(text)} characters)…"
    room = max(width - len(left_out), 2)
    return f"{text[: room - room // 3]}{left_out}{text[len(text) - room // 3 :]}"


# -- traces


def short_line(line: str, width: int = LINE) -> str:
    """A line of a trace that fits: long memory by its beginning, end and length; then the line's middle."""
    return cut(_BYTES.sub(_short_bytes, one_line(line)), width)


def _short_bytes(found: re.Match[str]) -> str:
    try:
        data = ast.literal_eval(found[0])
    except (ValueError, SyntaxError):
        return found[0]
    if not isinstance(data, bytes) or len(data) <= LONGEST_BYTES:
        return found[0]
    return f"{data[:12]!r}…{data[-4:]!r} ({len(data)} bytes)"


def side_by_side(finding: Finding) -> str:
    """Both traces, call by call; the call that differs is marked. What did not fit there is whole below."""
    ours, theirs = finding.reference.lines, finding.target.lines
    names = [
        f"{finding.reference_name} ({one_line(finding.releases[0])})",
        f"{finding.signature.target} ({one_line(finding.releases[1])})",
    ]
    text = [f"  {names[0]:{WIDTH}}  {names[1]}", ""]
    whole = []
    for at, pair in enumerate(zip_longest(ours, theirs, fillvalue="")):
        mark = "*" if at == finding.difference.step else " "
        left, right = (short_line(each, WIDTH) for each in pair)
        text.append(f"{mark} {left:{WIDTH}}  {right}".rstrip())
        if (left, right) != pair:
            whole += ["", *(f"{name}: {one_line(each)}" for name, each in zip(names, pair, strict=True))]
    return "\n".join([*text, "", headline(finding), *whole, ""])


def marked(finding: Finding) -> str:
    """Both traces in one, as a diff: lines of the reference with `-`, of the target with `+`, of both with a blank."""
    ours, theirs = finding.reference.lines, finding.target.lines
    text = []
    for at, (left, right) in enumerate(zip_longest(ours, theirs)):
        if left == right:
            text.append(f"  {short_line(left)}")
        else:
            text += [f"{sign} {short_line(each)}" for sign, each in (("-", left), ("+", right)) if each is not None]
        text += [f"      {short_line(each)}" for each in _pointed_to(finding, at)]
    return "\n".join(text)


def _pointed_to(finding: Finding, at: int) -> Iterator[str]:
    """What a call's structs point to, a line each: `message.name: AF_INET 127.0.0.1:80`."""
    step = finding.program.steps[at] if at < len(finding.program.steps) else None
    for argument, parameter in zip(step.args, step.description.parameters, strict=False) if step else ():
        for offset, _, part in argument.parts if isinstance(argument, Memory) else ():
            if isinstance(part, Memory):
                yield f"{parameter.name}{_place(parameter.struct, offset)}: {_content(part)}"


def _place(struct: type[Struct] | None, offset: int) -> str:
    """Where a pointer is: a struct's member, or so many bytes from the beginning."""
    names = (name for name in struct.members if getattr(struct, name).offset == offset) if struct else iter(())
    return next((f".{name}" for name in names), f" + {offset}")


def _content(memory: Memory) -> str:
    """Memory that is pointed to: an address of a socket, further pointers, or its bytes."""
    inner = [_content(part) for _, _, part in memory.parts if isinstance(part, Memory)]
    if inner:
        return f"[{', '.join(inner)}]"
    if memory.room:
        return f"room for {len(memory.data)} bytes"
    return address_shown(memory.data) or repr(memory.data)


# -- the text


def issue(finding: Finding, place: Path, program_c: str, arguments: Sequence[str] = ()) -> str:
    """A text that can be filed with those who make the target.

    `place` is the reproducer's folder. `arguments` are what `conformance` was told beside targets: `--kernel` …
    """
    reference, target = sides(finding)
    mine, theirs = finding.signature.target, finding.reference_name
    does, is_to = (_did(finding, said, code_span) for said in (target, reference))
    again = theirs if mine == f"{theirs} again" else mine  # the reference's second instance is no target of its own
    command = ["conformance", "replay", str(place), "-t", again]
    command += [] if theirs == "native" else ["--reference", theirs]
    sentence = f"{_subject(finding, code_span)} {does} on {mine}, and {is_to} on {theirs}."
    how = (
        "Each side was run at least three times, in a process of its own, on an empty tmpfs, and said the same each "
        f"time. Lines with `-` are {theirs}'s, with `+` {mine}'s:"
    )
    return f"""# {headline(finding, code_span)}

{_paragraph(sentence)}

| | | made with | kernel |
| --- | --- | --- | --- |
| target | {mine} | {_cell(finding.made_by[1])} | {_cell(finding.releases[1])} |
| reference | {theirs} | {_cell(finding.made_by[0])} | {_cell(finding.releases[0])} |

{_paragraph(how)}

```diff
{marked(finding)}
```

To see it, `cc repro.c && ./a.out` exits with 0 where the result is the reference's, and with 1 where it diverges. Or:

```sh
{shlex.join([*command, *arguments])}
```

```c
{program_c.rstrip()}
```
"""


def _paragraph(text: str) -> str:
    return textwrap.fill(text, LINE, break_long_words=False, break_on_hyphens=False)


def _cell(text: str) -> str:
    """A table's cell with what a guest said of itself: a bar would end it, even in a code span."""
    return code_span(text.replace("|", "/")) if text.strip() else "not known"
