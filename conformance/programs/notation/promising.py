"""The grammar of promises: what stands behind a call."""

from __future__ import annotations

import errno
import re
import signal
from collections.abc import Iterator

from conformance.conditions import tidied
from conformance.programs.notation.claims import Claimed, meant_by, memory_meant
from conformance.programs.notation.errors import meant
from conformance.programs.notation.fields import Field, fields
from conformance.programs.notation.meaning import PLAIN, Meaning
from conformance.programs.notation.promises import (
    Blocks,
    Bound,
    Compare,
    End,
    Exits,
    Fails,
    InRow,
    Killed,
    Promise,
    Returns,
    ReturnsResult,
    Succeeds,
    Written,
)
from conformance.programs.notation.tokens import END, NUMBER, TEXT, WORD, Token, text_of
from conformance.programs.notation.tree import Room
from conformance.programs.notation.values import ROWS, Cursor
from conformance.programs.program import Memory, ProgramCall
from conformance.syscalls.machinery.buffers import Struct

COMPARES = {each.value: each for each in Compare} | {"==": Compare.EQUAL}
ENDS = ("blocks", "killed", "exits")
ERRNOS = sorted(name for name in dir(errno) if re.fullmatch(r"E[A-Z0-9]+", name))
SIGNALS = sorted(each.name for each in signal.Signals)
CODES = {
    "SIGSEGV": ("SEGV_MAPERR", "SEGV_ACCERR", "SEGV_BNDERR", "SEGV_PKUERR"),
    "SIGBUS": ("BUS_ADRALN", "BUS_ADRERR", "BUS_OBJERR", "BUS_MCEERR_AR", "BUS_MCEERR_AO"),
    "SIGFPE": ("FPE_INTDIV", "FPE_INTOVF", "FPE_FLTDIV", "FPE_FLTOVF", "FPE_FLTUND", "FPE_FLTRES", "FPE_FLTINV"),
    "SIGILL": ("ILL_ILLOPC", "ILL_ILLOPN", "ILL_ILLADR", "ILL_ILLTRP", "ILL_PRVOPC", "ILL_PRVREG", "ILL_COPROC"),
    "SIGTRAP": ("TRAP_BRKPT", "TRAP_TRACE", "TRAP_BRANCH", "TRAP_HWBKPT"),
    "SIGSYS": ("SYS_SECCOMP", "SYS_USER_DISPATCH"),
}
"""What sigaction(2) says of each signal's si_code, beside what any signal may have."""
ANY_CODES = ("SI_USER", "SI_KERNEL", "SI_QUEUE", "SI_TIMER", "SI_MESGQ", "SI_ASYNCIO", "SI_SIGIO", "SI_TKILL")
WHAT = "`= 0`, `= ok`, `= -1 ENOENT`, `>= 1`, `blocks` or `killed by SIGSEGV`"


class Promising:
    """Reads the promises of one call."""

    def __init__(self, cursor: Cursor, meaning: Meaning, call: ProgramCall) -> None:
        self.cursor = cursor
        self.meaning = meaning
        self.call = call

    def promises(self) -> tuple[Promise, ...]:
        """All promises that stand behind the call. Raises NotationError."""
        cursor = self.cursor
        found: list[Promise] = []
        starts: list[Token] = []
        while cursor.sees(*COMPARES, *ENDS) and cursor.after.said != "(":
            start = cursor.now
            if found and not start.first:
                raise cursor.refuse(start, "another promise stands on a line of its own")
            starts.append(start)
            found.append(self._promise())
        for start, each in zip(starts, found, strict=True):
            if len(found) > 1 and not (each.condition or each.needs):
                raise cursor.refuse(start, "of several promises each has a condition such as `[kernel >= 6.6]`")
        if cursor.now.kind != END and not cursor.now.first:
            raise cursor.refuse(cursor.now, f"{WHAT} was expected behind a call, not {cursor.now}")
        return tuple(found)

    def _promise(self) -> Promise:
        cursor = self.cursor
        end = self._end()
        written = []
        while cursor.takes(","):
            written.append(self._written())
        missing: tuple[str, ...] | None = None
        condition = ""
        needs: tuple[str, ...] = ()
        if cursor.takes("or"):
            cursor.expect("missing", "behind `or`")
            missing = self._errnos() if cursor.now.kind == WORD and not cursor.now.first and self._is_errno() else ()
        if cursor.sees("["):
            condition = condition_of(cursor)
        if cursor.sees("needs"):
            needs = needs_of(cursor)
        return Promise(end, tuple(written), missing, condition, needs)

    def _end(self) -> End:
        cursor = self.cursor
        if cursor.takes("blocks"):
            return Blocks()
        if cursor.takes("exits"):
            cursor.expect("with", "behind `exits`")
            return Exits(cursor.number("a status", most=255))
        if cursor.takes("killed"):
            cursor.expect("by", "behind `killed`")
            return self._killed()
        compare = COMPARES[cursor.take().said]
        return self._equal() if compare is Compare.EQUAL else Returns(compare, self._result())

    def _equal(self) -> End:
        """What stands behind `=`."""
        cursor, token = self.cursor, self.cursor.now
        if cursor.takes("ok"):
            return Succeeds()
        if token.kind == NUMBER and token.said == "-1":
            cursor.take()
            if cursor.now.kind != WORD:
                raise cursor.refuse(cursor.now, f"an errno was expected behind -1, such as ENOENT, not {cursor.now}")
            return Fails(self._errnos())
        if token.kind == WORD and token.said[0].islower():
            cursor.take()
            if token.said not in self.meaning.results:
                near = meant(token.said, [*self.meaning.results, "ok"])
                raise cursor.refuse(token, f"no call before this one is `{token} = …`{near or '; `ok` is any success'}")
            return ReturnsResult(self.meaning.results[token.said])
        return Returns(Compare.EQUAL, self._result())

    def _result(self) -> int:
        token = self.cursor.now
        if token.kind not in (NUMBER, WORD):
            raise self.cursor.refuse(token, f"{WHAT} was expected, not {token}")
        value = self.meaning.number(self.cursor.numeral(), self.call.description.result)
        if -4095 <= value < 0:
            raise self.cursor.refuse(token, "a call that fails is `= -1` and an errno, such as `= -1 ENOENT`")
        return value

    def _is_errno(self) -> bool:
        return self.cursor.now.said[0] == "E"

    def _errnos(self) -> tuple[str, ...]:
        cursor, found = self.cursor, []
        while True:
            token = cursor.take()
            if token.said not in ERRNOS:
                raise cursor.refuse(token, f"there is no errno {token}{meant(token.said, ERRNOS) or ': see errno(3)'}")
            found.append(token.said)
            if not cursor.takes("|"):
                return tuple(found)

    def _killed(self) -> Killed:
        cursor = self.cursor
        token = cursor.take()
        if token.said not in SIGNALS:
            raise cursor.refuse(token, f"there is no signal {token}{meant(token.said, SIGNALS) or ': see signal(7)'}")
        if not cursor.takes("("):
            return Killed(token.said)
        code = cursor.take()
        known = (*CODES.get(token.said, ()), *ANY_CODES)
        if code.said not in known:
            near = meant(code.said, known) or ": see sigaction(2)"
            raise cursor.refuse(code, f"{token} has no si_code {code}{near}")
        cursor.expect(")", "behind an si_code")
        return Killed(token.said, code.said)

    # -- what is written

    def _written(self) -> Written:
        cursor, start = self.cursor, self.cursor.now
        name = ""
        if start.kind == WORD and cursor.after.said in ("=", "==", "."):
            name = cursor.take().said
            while cursor.takes("."):
                name += f".{cursor.take().said}"
            cursor.expect("=", "behind the name of what was written")
        if not cursor.sees("{", "..."):
            return self._bytes(start, name)
        of = self._meant(start, name, members=True)
        if of.struct is None:
            return Written(name, groups=tuple(self._groups(of.kind.structs)))
        cursor.expect("{", "behind what was written")
        return Written(name, self._comparisons((of.struct,)))

    def _groups(self, structs: tuple[type[Struct], ...]) -> Iterator[InRow]:
        """`{cmsg_len=20} ... {fd >= 0}`. Raises NotationError."""
        cursor = self.cursor
        while cursor.sees("{", "..."):
            later = cursor.takes("...")
            cursor.expect("{", "behind `...`")
            yield InRow(self._comparisons(structs), later)

    def _comparisons(self, structs: tuple[type[Struct], ...]) -> tuple[Bound, ...]:
        """Up to a closing bracket. Raises NotationError."""
        found: list[Bound] = []
        while not self.cursor.takes("}"):
            if found:
                self.cursor.expect(",", "or `}` behind a comparison")
            name = self.cursor.now.said
            struct = next((each for each in structs if name in fields(each)), structs[0])
            found.append(self._comparison(struct))
        return tuple(found)

    def _meant(self, start: Token, name: str, *, members: bool) -> Claimed:
        """The memory that is meant. Raises NotationError."""
        of = memory_meant(self.call, name, members=members)
        if of is not None:
            return of
        found = meant_by(self.call, name, members=members)
        parameters = self.call.description.parameters
        names = [each.name for each in parameters[: len(self.call.args)]]
        if name in names:
            raise self.cursor.refuse(start, f"{name} is no memory{' whose members are known' if members else ''} here")
        if name:
            what = meant(name, names) or f": it has {', '.join(names)}"
            raise self.cursor.refuse(start, f"{self.call.description.name} has no argument {name}{what}")
        what = f"of {' or '.join(parameters[at].name for at in found)}" if found else "and there is none here"
        raise self.cursor.refuse(start, f"which memory is not said: `name={{…}}` was expected, {what}")

    def _comparison(self, struct: type[Struct] | None) -> Bound:
        cursor = self.cursor
        path: list[str] = []
        inside = struct
        of: Field | None = None
        while of is None or cursor.takes("."):
            if cursor.now.kind != WORD:
                raise cursor.refuse(cursor.now, f"a member such as `size >= 48` was expected, not {cursor.now}")
            of = self.meaning.member(cursor.take(), inside)
            path.append(of.name)
            inside = of.inner
        sign = cursor.now
        if sign.said not in COMPARES:
            raise cursor.refuse(sign, f"`=`, `!=`, `>=`, `<=`, `>` or `<` was expected behind a member, not {sign}")
        cursor.take()
        compare = COMPARES[sign.said]
        if of.inner is not None:
            raise cursor.refuse(sign, f"{of.name} is a struct: one of its members was expected, such as `{of.name}.…`")
        token = cursor.now
        if of.is_array and token.kind == TEXT and compare in (Compare.EQUAL, Compare.UNEQUAL):
            return Bound(".".join(path), compare, text_of(cursor.take(), cursor.tokens))
        if of.is_array:
            raise cursor.refuse(token, f"{of.name} is an array, which `=` or `!=` and a text are held against")
        value = self.meaning.number(cursor.numeral(), of.kind)
        if not of.fits(value):
            raise cursor.refuse(token, f"{value} does not fit into the {of.size} bytes of {of.name}")
        return Bound(".".join(path), compare, value)

    def _bytes(self, start: Token, name: str) -> Written:
        self._meant(start, name, members=False)
        token = self.cursor.now
        begins = token.kind == TEXT or self.cursor.sees("[", *ROWS)
        value = self.cursor.memory(before_condition=True) if begins else None
        if value is None or isinstance(value, Room):
            raise self.cursor.refuse(token, "what was written was expected: `{member=5}`, a text or `[5]`")
        found = self.meaning.argument(value, PLAIN, None, ())
        if not isinstance(found, Memory) or found.parts or found.edge:
            raise self.cursor.refuse(token, "what was written has numbers and text in it, nothing else")
        return Written(name, (), found.data)


def condition_of(cursor: Cursor) -> str:
    """`[kernel >= 6.6]`, tidied. Raises NotationError."""
    start = cursor.take()
    while not cursor.sees("]"):
        if cursor.now.kind == END or cursor.now.line != start.line:
            raise cursor.refuse(start, "a condition such as `[kernel >= 6.6]` has a `]` on the same line")
        cursor.take()
    said = cursor.tokens.source[start.end : cursor.take().at]
    try:
        found = tidied(said)
    except ValueError as error:
        raise cursor.refuse(start, str(error)) from error
    if not found:
        raise cursor.refuse(start, "a condition such as `[kernel >= 6.6]` was expected")
    return found


def needs_of(cursor: Cursor) -> tuple[str, ...]:
    """`needs root, x86_64`. Raises NotationError."""
    cursor.take()
    found = []
    while True:
        if cursor.now.kind != WORD or cursor.now.first:
            raise cursor.refuse(cursor.now, f"what is needed was expected, such as `needs root`, not {cursor.now}")
        found.append(cursor.take().said)
        if not cursor.takes(","):
            return tuple(found)
