"""A log of `strace -f -xx`, line by line: the calls of one process, and what else there was."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from conformance.search.strace.left import Left

LONGEST = 1 << 15
"""Characters of a line that is read."""

_START = re.compile(
    r"\s*(?:\[pid\s+([0-9]{1,10})\]\s*|([0-9]{1,10})\s+)?(?:[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?\s+|[0-9]+\.[0-9]+\s+)?"
)
_CALL = re.compile(r"([a-z_][a-z0-9_]*)\((.*)\)\s+= (.+)")
_BEGUN = re.compile(r"[a-z_][a-z0-9_]*\(.*")
_UNFINISHED = "<unfinished ...>"
_RESUMED = re.compile(r"<\.\.\. ([a-z_][a-z0-9_]*) resumed>\s?(.*)")
_ATTACHED = re.compile(r"strace: Process ([0-9]{1,10}) attached")
_RESULT = re.compile(r"(0x[0-9a-f]{1,16}|0[0-7]{0,20}|-?[1-9][0-9]{0,19})\b(?: ([A-Z][A-Z0-9]*)\b)?")


@dataclass(frozen=True, slots=True)
class Traced:
    """A call of the log."""

    line: int
    """Where it ends, from 1."""
    name: str
    args: str
    result: int | None
    """None: it did not return."""
    errno: str = ""
    """Its name; empty where the call succeeded."""

    @property
    def succeeded(self) -> bool:
        """Whether it returned, with success."""
        return self.result is not None and not self.errno


@dataclass(slots=True)
class Log:
    """What a log has."""

    calls: list[Traced] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)


def read_log(text: str) -> Log:
    """The calls of the first process of a log, in the order in which they ended; no text is refused."""
    reader = _LogReader()
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > LONGEST:
            reader.leave(number, f"the line has more than {LONGEST} characters")
        elif line.strip():
            reader.take(number, line)
    return reader.log


@dataclass(slots=True)
class _LogReader:
    """What is known as lines are read."""

    log: Log = field(default_factory=Log)
    begun: dict[str, str] = field(default_factory=dict)
    """The beginnings of calls that have not ended, by process."""
    children: set[str] = field(default_factory=set)
    followed: str | None = None

    def leave(self, number: int, why: str, call: str = "") -> None:
        """List a line as left out."""
        self.log.left.append(Left(number, call, why))

    def take(self, number: int, line: str) -> None:
        """Take a line in."""
        if match := _ATTACHED.search(line):
            self.children.add(match[1])
            return
        start = _START.match(line)
        pid, rest = ((start[1] or start[2] or ""), line[start.end() :].rstrip()) if start else ("", line)
        if rest.startswith("+++"):
            return
        if rest.startswith("---"):
            if self._follows(pid):
                self.leave(number, "a signal that was taken")
        elif _UNFINISHED in rest and _BEGUN.fullmatch(rest):
            self._follows(pid)
            self.begun[pid] = rest.partition(_UNFINISHED)[0].rstrip()
        elif (match := _RESUMED.fullmatch(rest)) and pid not in self.begun:
            self.leave(number, "the log does not have its beginning", match[1])
        else:
            self._ended(number, pid, self.begun.pop(pid) + match[2] if match else rest)

    def _ended(self, number: int, pid: str, said: str) -> None:
        call = _traced(number, said)
        if call is None:
            self.leave(number, "this is no line of `strace -f -xx`")
        elif not self._follows(pid):
            self.leave(number, "another process or thread makes it")
        elif call.result is None and not call.name.startswith("exit"):
            self.leave(number, "it did not return", call.name)
        else:
            self.log.calls.append(call)

    def _follows(self, pid: str) -> bool:
        """Whether a line is of the first process, which may have no number until it has children."""
        if self.followed is None:
            self.followed = pid
        return pid == self.followed or (not self.followed and pid not in self.children)


def _traced(number: int, said: str) -> Traced | None:
    """The call of a line without its beginning."""
    match = _CALL.fullmatch(said)
    if match is None:
        return None
    name, args, result = match.groups()
    if result.startswith("?"):
        return Traced(number, name, args, None)
    value = _RESULT.match(result)
    if value is None:
        return None
    octal = value[1].startswith("0") and not value[1].startswith("0x")
    found = int(value[1], 8 if octal else 0)
    return Traced(number, name, args, found, (value[2] or "") if found == -1 else "")
