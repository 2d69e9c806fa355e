"""The arguments of a call as strace(1) writes them, read into what programs as text are made of."""

from __future__ import annotations

import re
import signal
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import TypeAlias

from conformance.programs.notation.errors import NotationError
from conformance.programs.notation.tokens import END, NUMBER, TEXT, WORD, Token, Tokens, number_of, text_of, tokens_of
from conformance.programs.notation.tree import Numeral, Term
from conformance.search.strace.left import Unsaid
from conformance.syscalls.machinery.table import constants

DEEPEST = 12
"""Brackets in brackets."""
MOST_PARTS = 2000
"""Of all arguments of a call, about."""
_OUTSIDE = re.compile(r'("[^"]*")|(/\*[^*]*\*/)|((?<=\w)<[^<>"]*>)|(=>)|(~\[)|(&&|[&?!]|<<)')
_EXTRA = {
    "MAP_DENYWRITE": 0x800,
    "RLIM64_INFINITY": (1 << 64) - 1,
    "RLIM_INFINITY": (1 << 64) - 1,
    "F_OK": 0,
    "SOL_IP": 0,
    "SOL_IPV6": 41,
    "SOL_TCP": 6,
    "SOL_UDP": 17,
    "SIG_ERR": (1 << 64) - 1,
    "SA_RESTORER": 0x04000000,
}
"""TreeNames that strace has and no description does."""
_REAL_TIME = re.compile(r"SIGRT(?:MIN|_([0-9]{1,2}))")
INVERSE = "NOT_IN"
BECOMES = "BECOMES"


@dataclass(frozen=True, slots=True)
class SaidText:
    """Bytes; `cut`: and more that the log does not have."""

    at: Token
    data: bytes
    cut: bool


@dataclass(frozen=True, slots=True)
class SaidRow:
    """Values in brackets."""

    at: Token
    items: tuple[Said, ...]
    cut: bool


@dataclass(frozen=True, slots=True)
class SaidStruct:
    """Members, or at least some of them."""

    at: Token
    items: tuple[tuple[Token, Said], ...]
    cut: bool


Said: TypeAlias = "Numeral | SaidText | SaidRow | SaidStruct"


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a call was given."""

    tokens: Tokens
    values: tuple[Said, ...]


def arguments(text: str) -> Arguments:
    """The arguments between a call's brackets. Raises Unsaid."""
    if '\\"' in text:
        raise Unsaid("its texts are not in hexadecimal: `strace -xx` makes them so")
    if sum(map(text.count, '|,[{(<*"')) > MOST_PARTS:
        raise Unsaid(f"its arguments have more than {MOST_PARTS} parts")
    try:
        tokens = tokens_of(_OUTSIDE.sub(_plainer, text), "log")
        return Arguments(tokens, _ArgumentReader(tokens).all())
    except NotationError as error:
        raise Unsaid(f"its arguments cannot be read: {error.message}") from error


def _plainer(match: re.Match[str]) -> str:
    text, comment, _path, becomes, inverse, _other = match.groups()
    if text:
        return match[0]
    if becomes:
        return f" {BECOMES} "
    if inverse:
        return f"{INVERSE}["
    return " " if comment else ""


class _ArgumentReader:
    """The grammar of arguments."""

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self._at = 0
        self._depth = 0

    @property
    def now(self) -> Token:
        """The next token."""
        return self.tokens.tokens[self._at]

    @property
    def after(self) -> Token:
        """The one behind it."""
        return self.tokens.tokens[min(self._at + 1, len(self.tokens.tokens) - 1)]

    def take(self) -> Token:
        """The next token, which is done with."""
        token = self.now
        if token.kind != END:
            self._at += 1
        return token

    def takes(self, said: str) -> bool:
        """Whether that comes next, which is done with then."""
        found = self.now.said == said and self.now.kind != TEXT
        if found:
            self.take()
        return found

    def expect(self, said: str) -> None:
        """What must come next. Raises NotationError."""
        if not self.takes(said):
            raise self.tokens.refuse(self.now, f"`{said}` was expected, not {self.now}")

    def all(self) -> tuple[Said, ...]:
        """All arguments. Raises NotationError."""
        found: list[Said] = []
        while self.now.kind != END:
            if found:
                self.expect(",")
            found.append(self.value())
        return tuple(found)

    def value(self) -> Said:
        """A value, as it was before the call. Raises NotationError."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise self.tokens.refuse(self.now, "it has too many brackets in brackets")
        found = self._value()
        if self.takes(BECOMES):
            self._value()
        self._depth -= 1
        return found

    def _value(self) -> Said:
        token = self.now
        if token.kind == TEXT or token.said == "@":
            abstract = b"\0" if self.takes("@") else b""
            token = self.take()
            if token.kind != TEXT:
                raise self.tokens.refuse(token, f"a text was expected, not {token}")
            return SaidText(token, abstract + text_of(token, self.tokens), self.takes("..."))
        if self.takes("["):
            return self._row(token)
        if self.takes("{"):
            return self._struct(token)
        if self.takes(INVERSE):
            self.expect("[")
            return numeral(token, ~self._signals() & (1 << 64) - 1)
        return self._numeral()

    def _row(self, token: Token) -> Said:
        if self.now.kind == WORD and (self.after.kind == WORD or self.after.said == "]") and _signal(self.now):
            return SaidRow(token, (numeral(token, self._signals()),), False)
        found: list[Said] = []
        while not self.takes("]"):
            if self.takes("..."):
                self.expect("]")
                return SaidRow(token, tuple(found), True)
            if found and not self.takes(","):
                raise self.tokens.refuse(self.now, "it has a set of fds")
            if self.takes("..."):
                self.expect("]")
                return SaidRow(token, tuple(found), True)
            found.append(self.value())
            if self.takes(BECOMES):
                self.value()
        return SaidRow(token, tuple(found), False)

    def _signals(self) -> int:
        """A set of signals, up to its bracket."""
        found = 0
        while not self.takes("]"):
            token = self.take()
            number = _signal(token)
            if not number:
                raise self.tokens.refuse(token, f"{token} is no signal")
            found |= 1 << number - 1
        return found

    def _struct(self, token: Token) -> SaidStruct:
        found: list[tuple[Token, Said]] = []
        if self.now.said.startswith("WIF"):  # wait(2): what a status means, which is not needed
            while self.now.kind != END and self.now.said != "}":
                self.take()
        while not self.takes("}"):
            if found:
                self.expect(",")
            if self.takes("..."):
                self.expect("}")
                return SaidStruct(token, tuple(found), True)
            found.append(self._member())
        return SaidStruct(token, tuple(found), False)

    def _member(self) -> tuple[Token, Said]:
        if self.now.said == "inet_pton":
            self.take()
            self.expect("(")
            self._numeral()
            self.expect(",")
            address = self.take()
            self.expect(",")
            name = self.take()
            self.expect(")")
            try:
                packed = IPv6Address(text_of(address, self.tokens).decode("latin-1")).packed
            except AddressValueError:
                raise self.tokens.refuse(address, f"{address} is no address") from None
            return name, SaidText(address, packed, False)
        name = self.take()
        if name.kind != WORD:
            raise self.tokens.refuse(name, f"a member was expected, not {name}")
        self.expect("=")
        return name, self.value()

    def _numeral(self) -> Numeral:
        start, terms = self.now, [self._term()]
        while self.takes("|"):
            terms.append(self._term())
        return Numeral(start, tuple(terms))

    def _term(self) -> Term:
        token = self.take()
        if token.kind == NUMBER:
            number = number_of(token, self.tokens)
            while self.takes("*"):
                number *= number_of(self.take(), self.tokens)
            return Term(token, number)
        if token.kind != WORD:
            raise self.tokens.refuse(token, f"a value was expected, not {token}")
        while self.takes("or"):  # one number has several names
            other = self.take()
            token = token if token.said in constants() else other
        if self.takes("("):
            return Term(token, self._function(token))
        if match := _REAL_TIME.fullmatch(token.said):
            return Term(token, 32 + int(match[1] or 0))
        if token.said in _EXTRA:
            return Term(token, _EXTRA[token.said])
        return Term(token, 0, token.said)

    def _function(self, name: Token) -> int:
        token = self.take()
        if name.said in ("htons", "htonl") and token.kind == NUMBER:
            self.expect(")")
            return number_of(token, self.tokens)
        if name.said == "inet_addr" and token.kind == TEXT:
            self.expect(")")
            try:
                return int(IPv4Address(text_of(token, self.tokens).decode("latin-1")))
            except AddressValueError:
                raise self.tokens.refuse(token, f"{token} is no address") from None
        if name.said == "makedev" and token.kind == NUMBER:
            self.expect(",")
            minor = number_of(self.take(), self.tokens)
            self.expect(")")
            return number_of(token, self.tokens) << 8 | minor
        raise self.tokens.refuse(name, f"{name}(…) is nothing that a program has")


def _signal(token: Token) -> int:
    """The number of a signal by its name in a set; 0: it is none."""
    name = token.said
    if match := re.fullmatch(r"RT_([0-9]{1,2})", name):
        return 32 + int(match[1]) if int(match[1]) <= 32 else 0
    if name == "RTMIN":
        return 32
    found = signal.Signals.__members__.get(f"SIG{name}")
    return int(found) if found is not None else 0


def number_in(value: Said) -> int:
    """A plain number; -1 for anything else."""
    plain = isinstance(value, Numeral) and len(value.terms) == 1 and not value.terms[0].name
    return value.terms[0].number if isinstance(value, Numeral) and plain else -1


def number_at(values: tuple[Said, ...], argument: int, offset: int, width: int) -> int | None:
    """A number of the row that an argument is, by its place in memory; None where there is none."""
    value = values[argument] if argument < len(values) else None
    if isinstance(value, SaidRow) and offset % width == 0 and offset // width < len(value.items):
        return number_in(value.items[offset // width])
    return None


def numeral(at: Token, value: int) -> Numeral:
    """A number that stands in the place of what a log has."""
    return Numeral(at, (Term(at, value),))
