"""From tokens to values as they are written: the grammar of what stands in a call."""

from __future__ import annotations

from conformance.programs.notation.errors import NotationError
from conformance.programs.notation.tokens import END, MARK, NUMBER, TEXT, WORD, Token, Tokens, number_of, text_of
from conformance.programs.notation.tree import (
    Block,
    Items,
    Members,
    Numeral,
    Patch,
    Put,
    Result,
    Room,
    SizeOfMemory,
    Term,
    Text,
    Value,
)
from conformance.programs.program import MOST_MEMORY, MOST_NESTED, WIDTHS

RESERVED = frozenset(
    ("room", "edge", "size", "put", "plain", "ok", "or", "missing", "needs", "blocks", "killed", "exits")
)
"""Words that name no result."""
ROWS = {f"u{8 * width}": width for width in WIDTHS}
MOST_PIECES = 1000
"""Pieces of one block of memory."""
VALUE = "a number, a constant, a result, a text, `room(64)`, `{member=…}` or `[…]`"
_DEEPEST = 4 * (MOST_NESTED + 2)
"""Brackets in brackets; memory may be nested less, which is said later."""


class Cursor:
    """Where in the tokens a reader is."""

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.now = tokens.tokens[0]
        """The next token."""
        self._at = 0
        self._depth = 0

    @property
    def after(self) -> Token:
        """The one behind it; at the end, the end."""
        return self.tokens.tokens[min(self._at + 1, len(self.tokens.tokens) - 1)]

    @property
    def before(self) -> Token:
        """The last one that was taken, or the first."""
        return self.tokens.tokens[max(self._at - 1, 0)]

    def take(self) -> Token:
        """The next token, which is done with."""
        token = self.now
        if token.kind != END:
            self._at += 1
            self.now = self.tokens.tokens[self._at]
        return token

    def sees(self, *said: str) -> bool:
        """Whether a mark or a word comes next."""
        return self.now.said in said and self.now.kind in (MARK, WORD)

    def takes(self, said: str) -> bool:
        """Whether that came next, which is done with then."""
        found = self.sees(said)
        if found:
            self.take()
        return found

    def expect(self, said: str, why: str) -> Token:
        """The next token, which must be this. Raises NotationError."""
        if not self.sees(said):
            raise self.refuse(self.now, f"`{said}` was expected {why}, not {self.now}")
        return self.take()

    def number(self, what: str, least: int = 0, most: int = MOST_MEMORY) -> int:
        """A plain number within bounds. Raises NotationError."""
        if self.now.kind != NUMBER:
            raise self.refuse(self.now, f"{what} was expected, a number, not {self.now}")
        token = self.take()
        value = number_of(token, self.tokens)
        if not least <= value <= most:
            raise self.refuse(token, f"{what} is a number from {least} to {most}, not {token}")
        return value

    def refuse(self, token: Token, message: str) -> NotationError:
        """What is wrong at a token."""
        return self.tokens.refuse(token, message)

    # -- values

    def values(self, close: str, what: str, places: list[Token] | None = None) -> tuple[Value, ...]:
        """Values up to a closing bracket, which is done with; `places` gets where each begins. Raises NotationError."""
        found: list[Value] = []
        if self.takes(close):
            return ()
        while True:
            if places is not None:
                places.append(self.now)
            found.append(self.value())
            if self.takes(close):
                return tuple(found)
            self.expect(",", f"or `{close}` behind {what}")

    def value(self) -> Value:
        """A value. Raises NotationError."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self.refuse(self.now, f"memory points to memory more than {MOST_NESTED} times in a row")
        found = self._value()
        self._depth -= 1
        return found

    def _value(self) -> Value:
        token = self.now
        if token.kind == TEXT or self.sees("[", "{", "room", "edge", *ROWS):
            return self.memory()
        if token.kind not in (NUMBER, WORD):
            raise self.refuse(token, f"{VALUE} was expected, not {token}")
        if token.kind == NUMBER or not token.said[0].islower():
            return self.numeral()
        if self.sees("size", "put") and self.after.said != ".":
            return self._put()
        return self.result()

    def _put(self) -> SizeOfMemory | Put:
        token = self.take()
        if token.said == "size":
            return SizeOfMemory(token)
        self.expect("(", "behind `put`")
        value = self.numeral()
        self.expect(")", "behind the number of `put`")
        return Put(token, value)

    def numeral(self) -> Numeral:
        """Numbers and constants with `|` between them. Raises NotationError."""
        start, terms = self.now, [self._term()]
        while self.takes("|"):
            terms.append(self._term())
        return Numeral(start, tuple(terms))

    def _term(self) -> Term:
        token = self.now
        if token.kind == NUMBER:
            return Term(self.take(), number_of(token, self.tokens))
        if token.kind != WORD:
            raise self.refuse(token, f"a number or a constant was expected, not {token}")
        self.take()
        more = self.number("how much more", most=1 << 62) if self.takes("+") else 0
        return Term(token, more, token.said)

    def result(self) -> Result:
        """What an earlier call made. Raises NotationError."""
        token = self.take()
        path: list[Token] = []
        while self.takes("."):
            if self.now.kind != WORD:
                raise self.refuse(self.now, f"an argument's or a member's name was expected, not {self.now}")
            path.append(self.take())
        if not path or not self.takes("["):
            return Result(token, tuple(path))
        element, offset, width = -1, -1, 4
        if self.takes("@"):
            offset = self.number("an offset in bytes", most=MOST_MEMORY - 1)
            self.expect(":", "and a width behind an offset")
            width = self._width()
        else:
            element = self.number("which one", most=MOST_MEMORY - 1)
            width = self._width() if self.takes(":") else 4
        self.expect("]", "at the end of a place in memory")
        return Result(token, tuple(path), element, offset, width)

    def _width(self) -> int:
        token = self.now
        width = self.number("a width in bytes")
        if width not in WIDTHS:
            raise self.refuse(token, f"a width is 1, 2, 4 or 8 bytes, not {token}")
        return width

    def memory(self, *, before_condition: bool = False) -> Block | Room:
        """Memory. `before_condition`: a `[` behind its first piece begins no numbers. Raises NotationError."""
        start = self.now
        edge = self.takes("edge")
        if self.takes("room"):
            size = -1
            if self.takes("("):
                size = self.number("a size in bytes")
                self.expect(")", "behind the size of room")
            return Room(start, size, self._patches(), edge)
        pieces: list[Text | Items | Members] = []
        while self.now.kind == TEXT or self.sees("[", "{", *ROWS):
            if before_condition and pieces and self.sees("["):
                break
            pieces.append(self._piece())
            if len(pieces) > MOST_PIECES:
                raise self.refuse(self.now, f"memory has at most {MOST_PIECES} pieces")
        if not pieces:
            raise self.refuse(self.now, f"a text, `room(64)`, `{{…}}` or `[…]` was expected, not {self.now}")
        return Block(start, tuple(pieces), self._patches(), edge)

    def _piece(self) -> Text | Items | Members:
        token = self.take()
        if token.kind == TEXT:
            data = text_of(token, self.tokens)
            if self.takes("*"):
                data *= self.number("how often", most=MOST_MEMORY)
                if len(data) > MOST_MEMORY:
                    raise self.refuse(token, f"a program has at most {MOST_MEMORY} bytes of memory")
            return Text(token, data, self.takes("..."))
        if token.said == "{":
            return Members(token, self._members())
        if token.said in ROWS:
            self.expect("[", f"behind `{token}`")
            return Items(token, ROWS[token.said], self.values("]", "a value"))
        return Items(token, 0, self.values("]", "a value"))

    def _members(self) -> tuple[tuple[Token, Value], ...]:
        found: list[tuple[Token, Value]] = []
        if self.takes("}"):
            return ()
        while True:
            name = self.now
            if name.kind != WORD:
                raise self.refuse(name, f"a member such as `name=5` was expected, not {name}")
            self.take()
            self.expect("=", "behind a member's name")
            found.append((name, self.value()))
            if self.takes("}"):
                return tuple(found)
            self.expect(",", "or `}` behind a member")

    def _patches(self) -> tuple[Patch, ...]:
        """`@{8:4=r0, 16:8="text"}`. Raises NotationError."""
        found: list[Patch] = []
        if not self.takes("@"):
            return ()
        self.expect("{", "behind `@`, as in `@{8:4=r0}`")
        while True:
            token = self.now
            offset = self.number("an offset in bytes")
            self.expect(":", "and a width behind an offset")
            width = self._width()
            self.expect("=", "and a value behind a place in memory")
            found.append(Patch(token, offset, width, self.value()))
            if self.takes("}"):
                return tuple(found)
            self.expect(",", "or `}` behind what is put into memory")
