"""From the text of a file to its programs and their promises."""

from __future__ import annotations

import re
from dataclasses import replace

from conformance.programs.notation.calls import PLAIN_CALL, kinds_of, label_of
from conformance.programs.notation.comments import Comments, without_gaps_around
from conformance.programs.notation.errors import NotationError, meant
from conformance.programs.notation.meaning import Meaning
from conformance.programs.notation.model import File, Listing, PromisedCall, used_results
from conformance.programs.notation.promising import Promising, condition_of, needs_of
from conformance.programs.notation.tokens import END, TEXT, WORD, Token, Tokens, text_of, tokens_of
from conformance.programs.notation.values import RESERVED, ROWS, Cursor
from conformance.programs.program import (
    MOST_CALLS,
    MOST_MEMORY,
    MOST_PIECES,
    Argument,
    Program,
    ProgramCall,
    bytes_of,
    pieces_of,
)
from conformance.syscalls.machinery.table import grammar

_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_RESULT = re.compile(r"[a-z][a-z0-9_]*")
_BY_PLACE = re.compile(r"r(0|[1-9][0-9]*)")


def parse_file(text: str, name: str) -> File:
    """The programs of a text; `name` is the file's, for errors. Raises NotationError."""
    return _Parser(tokens_of(text, name)).file()


def parse_program(text: str, name: str = "program") -> Program:
    """The program of a text that has its calls and nothing else. Raises NotationError."""
    parser = _Parser(tokens_of(text, name))
    steps = parser.steps()
    return Program(tuple(step.call for step in steps))


class _Parser:
    """The grammar of files."""

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.cursor = Cursor(tokens)
        self.comments = Comments(tokens)

    def refuse(self, token: Token, message: str) -> NotationError:
        """What is wrong at a token."""
        return self.tokens.refuse(token, message)

    def file(self) -> File:
        """A whole file. Raises NotationError."""
        cursor, title, beside = self.cursor, "", ""
        above: tuple[str, ...] = ()
        if cursor.now.kind == TEXT:
            above = without_gaps_around(self.comments.before(cursor.now))
            token = cursor.take()
            title = self._title(token)
            beside = self.comments.beside(token)
        programs: list[Listing] = []
        places: dict[str, Token] = {}
        while cursor.now.kind != END:
            start = cursor.now
            listing = self._listing()
            if listing.name in places:
                raise self.refuse(
                    start, f"the program {listing.name} is there twice: it is in line {places[listing.name].line} too"
                )
            places[listing.name] = start
            programs.append(listing)
        return File(title, tuple(programs), above, beside, without_gaps_around(self.comments.before(cursor.now)))

    def _title(self, token: Token) -> str:
        try:
            return text_of(token, self.tokens).decode()
        except UnicodeDecodeError:
            raise self.refuse(token, "the title is no UTF-8") from None

    def _listing(self) -> Listing:
        cursor, token = self.cursor, self.cursor.now
        if token.kind != WORD or cursor.after.said != ":":
            what = "a call of it stands further in" if token.column > 1 else f"not {token}"
            raise self.refuse(token, f"a program's name was expected, such as `reads-nothing:`, {what}")
        if not _NAME.fullmatch(token.said):
            raise self.refuse(token, f"{token} is no name of a program: small letters, digits and `-` were expected")
        if token.column > 1:
            raise self.refuse(token, f"the name of a program begins its line: {token} stands too far in")
        above = without_gaps_around(self.comments.before(cursor.take()))
        end = cursor.take()
        condition = ""
        needs: tuple[str, ...] = ()
        while cursor.sees("[", "needs") and not cursor.now.first:
            if cursor.sees("["):
                condition = condition_of(cursor)
            else:
                needs = needs_of(cursor)
            end = cursor.before
        beside = self.comments.beside(end)
        if not cursor.now.first and cursor.now.kind != END:
            raise self.refuse(
                cursor.now, f"a call stands on a line of its own below the name of its program, not {cursor.now} here"
            )
        steps = self.steps()
        if not steps:
            raise self.refuse(token, f"the program {token} has no call")
        below = self.comments.indented(cursor.now)
        return Listing(token.said, steps, condition, needs, above, beside, below)

    def steps(self) -> tuple[PromisedCall, ...]:
        """Calls, up to the name of another program or the end. Raises NotationError."""
        found: list[PromisedCall] = []
        calls: list[ProgramCall] = []
        results: dict[str, int] = {}
        memory, cursor = 0, self.cursor
        while cursor.now.kind != END and cursor.after.said != ":":
            start = cursor.now
            if not start.first:
                raise self.refuse(start, f"a call begins on a line of its own, and {start} does not")
            if len(calls) == MOST_CALLS:
                raise self.refuse(start, f"a program has at most {MOST_CALLS} calls")
            above = self.comments.before(start) if found else without_gaps_around(self.comments.before(start))
            step, places = self._step(calls, results)
            memory += sum(map(bytes_of, step.call.args))
            if memory > MOST_MEMORY:
                raise self.refuse(
                    start, f"the program has {memory} bytes of memory, and there is room for {MOST_MEMORY}"
                )
            inside = self.comments.inside(cursor.before)
            beside = self.comments.beside(cursor.before)
            found.append(PromisedCall(step.call, step.result, step.promises, (*above, *inside), beside))
            calls.append(step.call)
            results.update(dict.fromkeys(places, len(calls) - 1))
        used = used_results(found)
        return tuple(
            replace(each, result="") if each.result == f"r{at}" and at in used else each
            for at, each in enumerate(found)
        )

    def _step(self, calls: list[ProgramCall], results: dict[str, int]) -> tuple[PromisedCall, tuple[str, ...]]:
        """A call, and the names of its result."""
        cursor, own = self.cursor, f"r{len(calls)}"
        name = ""
        if cursor.now.kind == WORD and cursor.after.said == "=":
            token = cursor.take()
            cursor.take()
            name = token.said
            self._may_be_named(token, own, results)
        call, meaning = self._call(calls, results)
        promises = Promising(cursor, meaning, call).promises()
        return PromisedCall(call, name, promises), (name,) if name else ()

    def _may_be_named(self, token: Token, own: str, results: dict[str, int]) -> None:
        if not _RESULT.fullmatch(token.said) or token.said in RESERVED or token.said in ROWS:
            raise self.refuse(token, f"{token} is no name of a result: `{own}` or a word in small letters was expected")
        if token.said in results:
            raise self.refuse(token, f"{token} is the result of an earlier call already; `{own}` is free")
        if _BY_PLACE.fullmatch(token.said) and token.said != own:
            raise self.refuse(token, f"the result of this call is {own}, not {token}: calls are counted from 0")

    def _call(self, calls: list[ProgramCall], results: dict[str, int]) -> tuple[ProgramCall, Meaning]:
        cursor = self.cursor
        plain = cursor.sees(PLAIN_CALL) and cursor.after.kind == WORD
        if plain:
            cursor.take()
        token = cursor.now
        if token.kind != WORD:
            raise self.refuse(token, f"a call such as `close(r0)` was expected, not {token}")
        if token.said not in grammar():
            near = meant(token.said, grammar()) or "; syscalls(2) has those that there are"
            raise self.refuse(token, f"there is no call {token}{near}")
        cursor.take()
        cursor.expect("(", f"behind {token}, which is a call,")
        places: list[Token] = []
        values = cursor.values(")", "an argument", places)
        meaning = Meaning(self.tokens, calls, results)
        label = token.said if plain else label_of(token.said, values, meaning)
        parameters = grammar()[label].parameters
        if len(values) > len(parameters):
            names = ", ".join(each.name for each in parameters)
            raise self.refuse(
                places[len(parameters)], f"{token} takes {len(parameters)} arguments ({names}), not {len(values)}"
            )
        args: list[Argument] = []
        for value, each, kind in zip(values, parameters, kinds_of(label), strict=False):
            args.append(meaning.argument(value, kind, each.struct, args))
        if sum(map(pieces_of, args)) > MOST_PIECES:
            raise self.refuse(token, f"the arguments of {token} have more than {MOST_PIECES} parts")
        return ProgramCall(label, tuple(args)), meaning
