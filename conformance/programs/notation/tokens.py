"""A text as tokens, each with its place."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from conformance.programs.notation.errors import NotationError

TEXT, NUMBER, WORD, MARK, END = "text", "number", "word", "mark", "end"
"""Kinds of tokens. A word is a name: of a call, a constant, a result, a program."""
SPACE, COMMENT = "space", "comment"
"""What else is in a text."""
SMALLEST, LARGEST = -(1 << 63), (1 << 64) - 1

_TOKEN = re.compile(
    r"""
    (?P<space>[ \t\r\n]+)
  | (?P<comment>\#[^\n]*)
  | (?P<text>"(?:[^"\\\n]|\\[^\n])*")
  | (?P<number>-?[0-9][0-9A-Za-z_]*)
  | (?P<word>[a-z][a-z0-9]*(?:-[a-z0-9]+)+|[A-Za-z_][A-Za-z0-9_]*)
  | (?P<mark>\.\.\.|>=|<=|==|!=|[(){}\[\]=,|+*@:.<>])
    """,
    re.VERBOSE,
)
_NUMBER = re.compile(r"-?(?:0x[0-9a-fA-F]+|[1-9][0-9]*|0[0-7]*)")
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|0(?![0-7])|[^x0])|\\.")
_ESCAPES = {"n": b"\n", "t": b"\t", "r": b"\r", "\\": b"\\", '"': b'"', "0": b"\0"}
_WRITTEN = {value[0]: f"\\{letter}" for letter, value in _ESCAPES.items()}


class Token(NamedTuple):
    """A piece of text that has a meaning."""

    kind: str
    said: str
    at: int
    """Where it begins in the text, in characters from 0."""
    line: int
    column: int
    first: bool
    """Whether it is the first on its line."""

    @property
    def end(self) -> int:
        """Where it ends in the text."""
        return self.at + len(self.said)

    def __str__(self) -> str:
        return "the end" if self.kind == END else self.said if len(self.said) <= 40 else f"{self.said[:37]}..."


@dataclass(frozen=True, slots=True)
class Tokens:
    """All tokens of a text, and its comments."""

    file: str
    source: str
    tokens: list[Token] = field(default_factory=list)
    comments: list[Token] = field(default_factory=list)

    def refuse(self, token: Token, message: str) -> NotationError:
        """What is wrong at a token."""
        return NotationError(self.file, token.line, token.column, message)


def tokens_of(source: str, file: str) -> Tokens:
    """The tokens of a text; the last one is its end. Raises NotationError."""
    found = Tokens(file, source)
    at, line, start, first, size = 0, 1, 0, True, len(source)
    while at < size:
        match = _TOKEN.match(source, at)
        if match is None:
            raise found.refuse(Token(END, source[at], at, line, at - start + 1, first), _unknown(source[at]))
        kind, said = match.lastgroup or "", match[0]
        if kind == SPACE:
            if breaks := said.count("\n"):
                line, start, first = line + breaks, at + said.rindex("\n") + 1, True
        else:
            token = Token(kind, said, at, line, at - start + 1, first)
            if kind == COMMENT:
                found.comments.append(token)
            else:
                found.tokens.append(token)
                first = False
                if kind == NUMBER:
                    number_of(token, found)
        at = match.end()
    found.tokens.append(Token(END, "", at, line, at - start + 1, first))
    return found


def _unknown(said: str) -> str:
    if said == '"':
        return 'a text has no end: a `"` on the same line was expected'
    return f"{said!r} means nothing here; what is not ASCII belongs into a text or a comment"


def number_of(token: Token, tokens: Tokens) -> int:
    """The value of a number. Raises NotationError."""
    if not _NUMBER.fullmatch(token.said):
        raise tokens.refuse(token, f"{token} is no number: decimal, 0x and hexadecimal, 0 and octal are")
    sign, digits = (-1, token.said[1:]) if token.said[0] == "-" else (1, token.said)
    base = 16 if digits.startswith("0x") else 8 if digits.startswith("0") else 10
    if len(digits) > 24:  # Python refuses to read very long ones
        raise tokens.refuse(token, f"{token} has more than 64 bits")
    value = sign * int(digits, base)
    if not SMALLEST <= value <= LARGEST:
        raise tokens.refuse(token, f"{token} has more than 64 bits")
    return value


def text_of(token: Token, tokens: Tokens) -> bytes:
    """The bytes of a text. Raises NotationError."""
    inside = token.said[1:-1]
    if "\\" not in inside:
        return inside.encode("utf-8", "surrogateescape")
    found, at = bytearray(), 0
    for match in _ESCAPE.finditer(inside):
        found += inside[at : match.start()].encode("utf-8", "surrogateescape")
        at = match.end()
        escape = match[1] or ""
        if escape.startswith("x") and len(escape) == 3:
            found.append(int(escape[1:], 16))
        elif escape in _ESCAPES:
            found += _ESCAPES[escape]
        else:
            place = Token(TEXT, match[0], token.at, token.line, token.column + 1 + match.start(), False)
            raise tokens.refuse(place, f'{match[0]} is no escape: \\n \\t \\r \\" \\\\ \\0 and \\x1f are')
    return bytes(found + inside[at:].encode("utf-8", "surrogateescape"))


def text_spelled(data: bytes) -> str:
    """Bytes as a text that `text_of` reads."""
    out = []
    for at, each in enumerate(data):
        if each == 0:
            octal = data[at + 1 : at + 2].isdigit()
            out.append("\\x00" if octal else "\\0")
        elif each in _WRITTEN:
            out.append(_WRITTEN[each])
        else:
            out.append(chr(each) if 32 <= each < 127 else f"\\x{each:02x}")
    return '"' + "".join(out) + '"'
