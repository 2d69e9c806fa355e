"""What a foreign list says of a test beside its name, as text: a comment, a note.

What a human wrote there is the reason. What else an expectation has is a line each, `key: value`, so that a list that
we wrote is read again as it was.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from conformance.matrix.expectations.entries import RAW, check
from conformance.model import Cause, Expectation, ExpectationKind, Verdict

KEYS = ("kind", "verdict", "cause", "link", "when", "since", "expires", "message", "reason")
_LINE = re.compile(rf"({'|'.join(KEYS)}): (.*)")
_ADDRESS = re.compile(r"https?://\S+")
_Word = TypeVar("_Word", Verdict, Cause, ExpectationKind)


@dataclass(frozen=True, slots=True)
class Item:
    """One test of a foreign list."""

    name: str
    """A test's name, or a glob over names."""
    line: int
    notes: Sequence[str] = ()
    said: dict[str, str] = field(default_factory=dict)
    """What the format itself says, by an expectation's key."""


@dataclass(frozen=True, slots=True)
class Unread:
    """What a foreign list says that is no expectation: it is told, and never dropped in silence."""

    line: int
    name: str
    why: str


class ForeignError(ValueError):
    """A foreign list is malformed. `line`: where."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line = line


def lines_of(each: Expectation, without: Sequence[str] = ()) -> list[str]:
    """What an expectation says, a line each; `without` what the format has a place of its own for."""
    values = {key: str(getattr(each, key) or "") for key in KEYS}
    if each.kind is ExpectationKind.EXPLAINED:
        del values["kind"]
    told = [f"{key}: {_quoted(value)}" for key, value in values.items() if value and key not in ("reason", *without)]
    reason = each.reason
    plain = reason == _quoted(reason) and not _LINE.match(reason) and not _ADDRESS.search(reason)
    return ([reason if plain else f"reason: {_quoted(reason)}"] if reason else []) + told


def expectation(item: Item, target: str, verdict: Verdict, day: str, source: str) -> Expectation:
    """The expectation that an item is. `verdict`, `day`: where it says none. Raises ForeignError.

    What comes without a human's words is a baseline, and says where it stood.
    """
    said, words = dict(item.said), []
    for note in item.notes:
        if found := _LINE.fullmatch(note):
            said[found[1]] = _unquoted(found[2])
        elif note:
            words.append(note)
    text = " ".join(words)
    if "link" not in said and (address := _ADDRESS.search(text)):
        said["link"] = address[0].rstrip(".,;)")
        text = text.replace(address[0], "").strip(" :;,()")
    reason = said.get("reason", text)
    explained = bool(reason) and not RAW.search(reason)
    kind = _one_of(
        ExpectationKind,
        "kind",
        said.get("kind") or (ExpectationKind.EXPLAINED if explained else ExpectationKind.BASELINE),
        item,
    )
    seen = "" if kind is ExpectationKind.EXPLAINED else reason or ("" if "kind" in said else f"listed in {source}")
    each = Expectation(
        case=item.name,
        target=target,
        verdict=_one_of(Verdict, "verdict", said.get("verdict") or verdict, item),
        reason=reason if kind is ExpectationKind.EXPLAINED else "",
        link=said.get("link", ""),
        when=said.get("when", ""),
        cause=_one_of(Cause, "cause", said["cause"], item) if said.get("cause") else None,
        since=said.get("since", day),
        expires=said.get("expires", ""),
        message=said.get("message", seen),
        kind=kind,
    )
    try:
        check(each)
    except ValueError as error:
        raise ForeignError(item.line, f"{item.name}: {error}") from error
    return each


def _one_of(kind: type[_Word], key: str, value: str, item: Item) -> _Word:
    try:
        return kind(value)
    except ValueError:
        raise ForeignError(item.line, f"{key}: {value!r} is none of {', '.join(kind)}") from None


def _quoted(text: str) -> str:
    """A text as it stands on a line; as JSON where that would not be the same text again."""
    plain = text.isprintable() and text == text.strip() and not text.startswith('"')
    return text if plain else json.dumps(text)


def _unquoted(text: str) -> str:
    if not text.startswith('"'):
        return text
    try:
        return str(json.loads(text))
    except ValueError:
        return text
