"""The file of one target, `expectations/TARGET.toml`: what its entries share said once on top, then an entry a table.

[shared]                      # what all entries inherit, unless they say otherwise
link = "https://…"
[shared.baseline]             # what those of one kind inherit
when = "runsc == 20240729"

[[explained]]                 # case, verdict and reason; cause, link, when, since, expires
[[baseline]]                  # case and verdict; message, cause, link, when, since, expires
"""

from __future__ import annotations

import datetime
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeVar

from conformance.matrix.expectations.entries import check, is_name
from conformance.model import Cause, Expectation, ExpectationKind, Verdict

SHARED = ("verdict", "cause", "link", "when", "since", "expires")
"""Keys that entries can have in common, in the order in which they are written."""
OWN = {ExpectationKind.EXPLAINED: "reason", ExpectationKind.BASELINE: "message"}
"""The key that only entries of a kind have."""
KEYS = {kind: ("case", "verdict", "cause", own, *SHARED[2:]) for kind, own in OWN.items()}
"""Keys of an entry, in the order in which they are written."""
FOREIGN = {
    "target": "the file is about one target; name it on top, or let the file be called TARGET.toml",
    "condition": "it is called `when`",
    "reason": "a baseline has none, since nobody has looked at it: make it [[explained]], or call it `message`",
    "message": "an [[explained]] entry says why, in `reason`; what a run showed belongs to a [[baseline]]",
}
"""Keys that somebody might think an entry has, and what would be right."""
_AS_JSON = json.JSONEncoder(ensure_ascii=False).encode


class ExpectationError(ValueError):
    """A file of expectations is malformed; says where, and what would be right."""


@dataclass(frozen=True, slots=True)
class TargetFile:
    """What is expected of one target."""

    target: str
    entries: Sequence[Expectation] = ()
    """With what they inherit."""
    shared: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """What entries inherit: of all kinds under "", then by kind."""
    head: str = ""
    """The comment on top, which is kept when the file is written anew."""

    def inherited(self, kind: ExpectationKind) -> dict[str, str]:
        """What an entry of a kind has that says nothing of its own."""
        return {**self.shared.get("", {}), **self.shared.get(kind, {})}

    def of(self, kind: ExpectationKind) -> list[Expectation]:
        """The entries of a kind."""
        return [each for each in self.entries if each.kind is kind]

    def sharing(self, kind: ExpectationKind, **values: str) -> TargetFile:
        """The file with other values for what entries of a kind have in common; the entries stay as they are."""
        return replace(self, shared={**self.shared, kind: {**self.shared.get(kind, {}), **values}})


# -- reading


def parse(text: str, target: str, name: str) -> TargetFile:
    """The file of a target, from its text. `target`: whom it is about where it does not say so itself.

    Raises ExpectationError, which begins with `name` and the line.
    """
    try:
        return _Reader(text, name).file(target)
    except tomllib.TOMLDecodeError as error:
        what, _, where = str(error).removesuffix(")").partition(" (at ")
        found = re.match(r"line (\d+)", where)
        line = found[1] if found else text.rstrip("\n").count("\n") + 1
        raise ExpectationError(f"{name}:{line}: {what}") from error
    except RecursionError as error:
        raise ExpectationError(f"{name}:1: it is nested too deep: entries are tables of texts") from error


class _Reader:
    """Reads one text."""

    def __init__(self, text: str, name: str) -> None:
        self._name, self._lines = name, text.split("\n")
        self._data = tomllib.loads(text)
        self._headers = {kind: self._found(rf"[ \t]*\[\[[ \t]*{kind}[ \t]*\]\]") for kind in ExpectationKind}

    def file(self, target: str) -> TargetFile:
        """Raises ExpectationError."""
        for key in sorted(self._data.keys() - {"target", "shared", *ExpectationKind}):
            raise self._wrong(self._key(key), f"{key} is not known here; {_what_there_is(key)}")
        target = self._text("target", self._data.get("target", target), 1)
        if self._data and not is_name(target):
            raise self._wrong(
                self._key("target"), f'{target!r} is no target\'s name: say on top whom it is about, target = "gvisor"'
            )
        shared = self._shared()
        file = TargetFile(target, (), shared, _head(self._lines))
        entries: list[Expectation] = []
        seen: dict[tuple[str, str, str], int] = {}
        for kind in ExpectationKind:
            tables = self._data.get(kind, [])
            if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
                raise self._wrong(self._key(kind), f"{kind} is no table; an entry begins with [[{kind}]]")
            for number, table in enumerate(tables):
                line = self._header(kind, number)
                each = self._entry(table, kind, file, line)
                if (said := seen.setdefault((each.case, kind, each.when), line)) != line:
                    raise self._wrong(line, f"{each.case} stands in line {said} already: leave one of the two")
                entries.append(each)
        return replace(file, entries=tuple(entries))

    def _shared(self) -> dict[str, dict[str, str]]:
        table = self._data.get("shared", {})
        if not isinstance(table, dict):
            raise self._wrong(self._key("shared"), "shared is no table; begin it with [shared]")
        nested: dict[str, object] = {kind: table[kind] for kind in ExpectationKind if kind in table}
        tables = {"": {key: value for key, value in table.items() if key not in nested}, **nested}
        found: dict[str, dict[str, str]] = {}
        for kind, each in tables.items():
            header = f"shared.{kind}" if kind else "shared"
            line = self._table(header)
            if not isinstance(each, dict):
                raise self._wrong(line, f"{header} is no table; begin it with [{header}]")
            for key in sorted(each.keys() - set(SHARED)):
                raise self._wrong(
                    self._key(key, line), f"{key} cannot be shared; what can is {', '.join(SHARED)}, {_kinds()}"
                )
            found[kind] = {key: self._text(key, value, line) for key, value in each.items()}
            self._checked(found[kind], ExpectationKind.BASELINE, "shared", line)
        return {kind: each for kind, each in found.items() if each}

    def _entry(self, table: Mapping[str, object], kind: ExpectationKind, file: TargetFile, line: int) -> Expectation:
        for key in sorted(table.keys() - set(KEYS[kind])):
            why = FOREIGN.get(key, f"{kind} entries have {', '.join(KEYS[kind])}")
            raise self._wrong(self._key(key, line), f"{key} is no key of [[{kind}]]: {why}")
        said = {key: self._text(key, value, line) for key, value in table.items()}
        values = {**file.inherited(kind), **said}
        for key, example in (("case", "netlink/test_audit.py::*"), ("verdict", "missing")):
            if not values.get(key):
                raise self._wrong(line, f'{key} is missing: an entry has `{key} = "{example}"`')
        if kind is ExpectationKind.EXPLAINED and "reason" not in values:
            raise self._wrong(
                line, "reason is missing: an explained entry says why; what nobody has looked at is a [[baseline]]"
            )
        return self._checked(values, kind, file.target, line)

    def _checked(self, values: Mapping[str, str], kind: ExpectationKind, target: str, line: int) -> Expectation:
        """An expectation of these values; what shared ones lack is made up, since they are checked alone, too."""
        verdict = self._one_of(Verdict, "verdict", values.get("verdict", Verdict.FAILS), line)
        cause = self._one_of(Cause, "cause", values["cause"], line) if values.get("cause") else None
        texts = {key: value for key, value in values.items() if key not in ("verdict", "cause")}
        each = Expectation(**{"case": "*", **texts}, target=target, verdict=verdict, cause=cause, kind=kind)
        try:
            check(each)
        except ValueError as error:
            raise self._wrong(self._key(str(error).partition(":")[0], line), str(error)) from error
        return each

    def _one_of(self, kind: type[_Word], key: str, value: str, line: int) -> _Word:
        try:
            return kind(value)
        except ValueError:
            words = ", ".join(kind)
            raise self._wrong(self._key(key, line), f"{key}: {value!r} is none of {words}") from None

    def _text(self, key: str, value: object, line: int) -> str:
        if isinstance(value, datetime.date):
            return value.isoformat()
        if not isinstance(value, str):
            raise self._wrong(self._key(key, line), f"{key}: {value!r} is no text; put it in quotes")
        return value

    # -- where

    def _wrong(self, line: int, what: str) -> ExpectationError:
        return ExpectationError(f"{self._name}:{line}: {what}")

    def _header(self, kind: ExpectationKind, number: int) -> int:
        """The line in which an entry begins; that of the key where the entries are written in one array."""
        found = self._headers[kind]
        return found[number] if number < len(found) else self._key(kind)

    def _table(self, header: str) -> int:
        return next(iter(self._found(rf"[ \t]*\[[ \t]*{re.escape(header)}[ \t]*\]")), 1)

    def _found(self, pattern: str) -> list[int]:
        """The lines that begin so."""
        begins = re.compile(pattern).match
        return [at for at, line in enumerate(self._lines, 1) if "[" in line and begins(line)]

    def _key(self, key: str, begin: int = 1) -> int:
        """The line of a key in the table that begins in a line; that line itself where the table has no such key."""
        for at, line in enumerate(self._lines[begin - 1 :], begin):
            if at > begin and begin > 1 and re.match(r"\s*\[", line):
                break
            if re.match(rf"""\s*(\[+\s*)?["']?{re.escape(key)}["']?\s*[=\].]""", line):
                return at
        return begin


_Word = TypeVar("_Word", bound=StrEnum)


def _what_there_is(key: str) -> str:
    if key in SHARED:
        return f"what all entries share stands in [shared], {_kinds()}"
    if key == "expectation":
        return (
            "that is the form of old, and `conformance expect --from FILE` makes [[explained]] and [[baseline]] of it"
        )
    return "there are target, [shared], [[explained]] and [[baseline]]"


def _kinds() -> str:
    return " or ".join(f"[shared.{kind}]" for kind in ExpectationKind)


def _head(lines: Sequence[str]) -> str:
    """The comment with which a file begins."""
    count = next((at for at, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return "".join(f"{line}\n" for line in lines[:count])


# -- writing


def dump(file: TargetFile, *, named: bool = False) -> str:
    """The text of a file, sorted. `named`: it says whom it is about, since its name does not."""
    blocks = [file.head.rstrip("\n")] if file.head else []
    if named:
        blocks.append(f"target = {_quoted(file.target)}")
    for kind in ("", *ExpectationKind):
        if values := file.shared.get(kind):
            header = f"[shared.{kind}]" if kind else "[shared]"
            blocks.append("\n".join([header, *(f"{key} = {_quoted(values[key])}" for key in SHARED if key in values)]))
    for kind in ExpectationKind:
        inherited = file.inherited(kind)
        blocks += [_table(each, inherited) for each in sorted(file.of(kind), key=lambda each: (each.case, each.when))]
    return "".join(f"{block}\n\n" for block in blocks).removesuffix("\n")


def _table(each: Expectation, inherited: Mapping[str, str]) -> str:
    """An entry without what it inherits."""
    values = {key: str(getattr(each, key) or "") for key in KEYS[each.kind]}
    lines = [f"{key} = {_quoted(value)}" for key, value in values.items() if value != inherited.get(key, "")]
    return "\n".join([f"[[{each.kind}]]", *lines])


def _quoted(text: str) -> str:
    """A basic string of TOML: as JSON has it, but without surrogates, and with DEL escaped."""
    return _AS_JSON(text).replace("\x7f", "\\u007f")


def with_common(file: TargetFile) -> TargetFile:
    """The file with what all entries of a kind say stood once on top; the entries stay as they are."""
    for kind in ExpectationKind:
        entries = file.of(kind)
        for key in ("link", "when", "since") if len(entries) > 1 else ():
            values = {getattr(each, key) for each in entries}
            if len(values) == 1 and (value := values.pop()):
                file = file.sharing(kind, **{key: value})
    return file
