"""What people say in a file beside its programs."""

from __future__ import annotations

from conformance.programs.notation.model import GAP
from conformance.programs.notation.tokens import Token, Tokens

NOTHING = " "
"""A comment of nothing, which is no empty line."""


class Comments:
    """The comments of a text, handed out from its beginning to its end."""

    def __init__(self, tokens: Tokens) -> None:
        self._waiting = list(reversed(tokens.comments))
        self._line = 0
        """Of what was last handed out, or looked at."""

    def before(self, token: Token) -> tuple[str, ...]:
        """Those before a token, and empty lines between them and before it."""
        found = []
        while self._waiting and self._waiting[-1].at < token.at:
            comment = self._waiting.pop()
            found += self._gap(comment)
            found.append(_said(comment))
        return (*found, *self._gap(token))

    def inside(self, token: Token) -> tuple[str, ...]:
        """Those within what ends with a token."""
        return tuple(each for each in self.before(token) if each != GAP)

    def beside(self, token: Token) -> str:
        """The one behind a token, on its line."""
        if self._waiting and self._waiting[-1].line == token.line:
            return _said(self._waiting.pop())
        return ""

    def indented(self, token: Token) -> tuple[str, ...]:
        """Those before a token that belong to what stands further in above them."""
        found = []
        while self._waiting and self._waiting[-1].at < token.at and self._waiting[-1].column > 1:
            comment = self._waiting.pop()
            found += self._gap(comment)
            found.append(_said(comment))
        return tuple(found)

    def _gap(self, token: Token) -> list[str]:
        apart = self._line and token.line > self._line + 1
        self._line = token.line
        return [GAP] if apart else []


def _said(comment: Token) -> str:
    """The text of a comment."""
    return comment.said.rstrip()[1:].removeprefix(" ") or NOTHING


def without_gaps_around(comments: tuple[str, ...]) -> tuple[str, ...]:
    """Comments without empty lines before the first and behind the last."""
    found = list(comments)
    while found[:1] == [GAP]:
        del found[0]
    while found[-1:] == [GAP]:
        found.pop()
    return tuple(found)
