"""Profiles: what an emulation of a kernel lacks, as a file says it.

A profile is a TOML file:

    title = "..."
    [uname]                     # what uname(2) says; a field that is missing stays this kernel's
    [constants]                 # numbers that conditions compare with, of names that the suite does not describe
    [numbers]                   # of system calls that neither the suite nor libseccomp knows
    [[rule]]                    # calls that fail
    syscalls = ["socket"]
    when = [{arg = 0, op = "eq", value = "AF_PACKET"}]      # all must hold; without `when` the call always fails
    errno = "EAFNOSUPPORT"      # or `returns = 0`: the call does nothing and reports success
    source = "..."
    confidence = "documented"   # or "reported" or "assumed"
    [[file]]                    # files that read differently, or that open(2) does not find
    paths = ["/proc/version"]   # `*` stands for any text without a slash
    text = "..."                # or `errno = "ENOENT"`
    source = "..."
    confidence = "..."
    [[not_emulated]]            # what is known to differ and stays as it is
    what = "..."
    why = "..."
    source = "..."

Conditions on an argument: `eq` (its low 32 bits, which is what the kernel reads of an int), `ne`, `lt` and `ge` (all
64 bits, unsigned), `has` (these bits are set), `masked_eq` (with `mask`), `string` (it points to this text), `socket`
(it is the fd of a socket of this address family and, if there is a `protocol`, of that). `value` may be a list: any of
them, except for `ne` and `socket`.

Conditions on numbers are decided by the filter (`runners.profile.filter`), inside the kernel. What takes a look into
the process (`uname`, files, `string`, `socket`) is a user notification (seccomp_unotify(2)), which
`runners.profile.notify` answers.
"""

from __future__ import annotations

import errno
import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypedDict, TypeVar

from runners.base import RunnerError

Confidence = Literal["documented", "reported", "assumed"]
Op = Literal["eq", "ne", "lt", "ge", "has", "masked_eq", "string", "socket"]

CONFIDENCES: tuple[Confidence, ...] = ("documented", "reported", "assumed")
OPS: tuple[Op, ...] = ("eq", "ne", "lt", "ge", "has", "masked_eq", "string", "socket")
LOOKING = ("string", "socket")
"""Conditions that only a supervisor can decide, since they take a look into the process."""
UNAME_FIELDS = ("sysname", "release", "version", "machine")
OPENERS = {"open": 0, "openat": 1}
"""The calls that a `[[file]]` speaks about, and which of their arguments is the path."""

NO_FILES = "--no-files"
"""What the launcher is told where a profile's files are out of reach."""
ALL_BITS = 2**64 - 1
INT_BITS = 2**32 - 1


class ProfileError(RunnerError):
    """A profile that cannot be used. One sentence: the file, the table and key, what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Holds when argument number `arg` (from 0) compares to any of `values` as `op` says."""

    arg: int
    op: Op
    values: tuple[int, ...] = ()
    mask: int = ALL_BITS
    strings: tuple[str, ...] = ()
    protocol: int | None = None
    """Of a `socket`, whose family is the one value; None: any."""

    def holds(self, argument: int) -> bool:
        """Whether it holds for this number, an unsigned 64-bit one. Not for what takes a look into the process."""
        match self.op:
            case "ne":
                return argument != self.values[0]
            case "lt":
                return any(argument < value for value in self.values)
            case "ge":
                return any(argument >= value for value in self.values)
            case "has":
                return any(argument & value == value for value in self.values)
            case _:
                return any(argument & self.mask == value for value in self.values)


@dataclass(frozen=True, slots=True)
class Rule:
    """Calls that do not reach the kernel, and the errno that they fail with; 0 for a success that does nothing."""

    syscalls: tuple[str, ...]
    errno: int
    source: str
    confidence: Confidence
    when: tuple[Condition, ...] = ()
    note: str = ""

    @property
    def looks_into_process(self) -> bool:
        """Whether only a supervisor can decide it."""
        return any(condition.op in LOOKING for condition in self.when)


@dataclass(frozen=True, slots=True)
class File:
    """Files whose opening for reading gives `text`, or that cannot be opened at all (`errno`)."""

    paths: tuple[str, ...]
    source: str
    confidence: Confidence
    text: str | None = None
    errno: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class NotEmulated:
    """A known difference that the profile leaves alone."""

    what: str
    why: str
    source: str


@dataclass(frozen=True, slots=True)
class Profile:
    """The declared limits of an emulation."""

    title: str
    rules: tuple[Rule, ...]
    uname: Mapping[str, str] = field(default_factory=dict)
    files: tuple[File, ...] = ()
    not_emulated: tuple[NotEmulated, ...] = ()
    numbers: Mapping[str, int] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    """Which versions of the emulation it speaks of, by what they are versions of: `{"build": "19041"}`."""

    def number(self, syscall: str) -> int | None:
        """The number of a call on this machine; None if this architecture never had it. Raises KeyError."""
        from conformance.syscalls.machinery.table import numbers  # noqa: PLC0415 - imports all descriptions

        described = numbers(os.uname().machine)
        if syscall in described:
            return described[syscall]
        import pyseccomp  # type: ignore[import-untyped] # noqa: PLC0415 # no types; it looks for its library

        found: int = pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, syscall)
        if found >= 0:
            return found
        if found == _UNKNOWN:
            return self.numbers[syscall]
        return None

    @property
    def notified(self) -> frozenset[str]:
        """The calls that a supervisor must answer."""
        names = {name for rule in self.rules if rule.looks_into_process for name in rule.syscalls}
        if self.uname:
            names.add("uname")
        if self.files:
            names |= OPENERS.keys()
        return frozenset(names)


def load(path: Path) -> Profile:
    """Read and check a profile. Raises ProfileError."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ProfileError(f"the profile {path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ProfileError(f"the profile {path} is not TOML: {error}") from None
    return _Reader(path, content).profile()


def glob(pattern: str) -> str:
    """A regular expression for a path in which `*` stands for any text without a slash."""
    return "[^/]*".join(re.escape(part) for part in pattern.split("*"))


_UNKNOWN = -1  # __NR_SCMP_ERROR; other negative numbers stand for calls of other architectures

_T = TypeVar("_T")
_REQUIRED = object()


class _Table:
    """One table of the file; asks for keys, checks their types, and knows how to say where it stands."""

    def __init__(self, path: Path, place: str, content: object) -> None:
        self._path = path
        self._place = place
        if not isinstance(content, dict):
            raise self.error("is not a table")
        self._content: dict[str, object] = content

    def error(self, what: str) -> ProfileError:
        place = f": {self._place}" if self._place else ""
        return ProfileError(f"{self._path}{place} {what}")

    def get(self, key: str, kind: type[_T], default: object = _REQUIRED) -> _T:
        value = self._content.get(key, default)
        if value is _REQUIRED:
            raise self.error(f"lacks the key '{key}'")
        if value is not default and (not isinstance(value, kind) or value == ""):
            raise self.error(f"has a '{key}' that is not {_KINDS[kind]}")
        return value  # type: ignore[return-value] # it is of that kind, or the default that the caller chose

    def tables(self, key: str, place: str) -> Iterator[_Table]:
        for position, content in enumerate(self.get(key, list, []), 1):
            yield _Table(self._path, f"{self._place}, {place} {position}".removeprefix(", "), content)

    def strings(self, key: str) -> tuple[str, ...]:
        found = self.get(key, list)
        if not found or not all(isinstance(item, str) and item for item in found):
            raise self.error(f"has a '{key}' that is not a list of texts")
        return tuple(found)

    def one_of(self, key: str, choices: Sequence[_T]) -> _T:
        value = self.get(key, str)
        for choice in choices:
            if choice == value:
                return choice
        raise self.error(f"has the {key} '{value}', which is none of {', '.join(map(str, choices))}")

    def errno(self, key: str = "errno") -> int:
        name = self.get(key, str)
        number = getattr(errno, name, None)
        if not isinstance(number, int):
            raise self.error(f"has the {key} '{name}', which no errno is called")
        return number

    def only(self, *keys: str) -> None:
        for key in self._content:
            if key not in keys:
                raise self.error(f"has the key '{key}', which means nothing here")

    def __contains__(self, key: str) -> bool:
        return key in self._content


_KINDS: dict[type, str] = {str: "a text", int: "a whole number", list: "a list", dict: "a table"}


class _Reader:
    """Turns the content of one file into a profile."""

    def __init__(self, path: Path, content: object) -> None:
        self._top = _Table(path, "", content)
        self._top.only("title", "versions", "uname", "constants", "numbers", "rule", "file", "not_emulated")
        self._constants = self._integers("constants")
        self._numbers = self._integers("numbers")

    def profile(self) -> Profile:
        read = Profile(
            title=self._top.get("title", str),
            rules=tuple(self._rule(table) for table in self._top.tables("rule", "rule")),
            uname=self._uname(),
            files=tuple(self._file(table) for table in self._top.tables("file", "file")),
            not_emulated=tuple(self._not_emulated(table) for table in self._top.tables("not_emulated", "not_emulated")),
            numbers=self._numbers,
            versions=self._versions(),
        )
        for rule, table in zip(read.rules, self._top.tables("rule", "rule"), strict=True):
            for name in rule.syscalls:
                try:
                    read.number(name)
                except KeyError:
                    raise table.error(
                        f"names the system call '{name}', which neither the suite nor libseccomp knows: "
                        "correct it, or add its number to [numbers]"
                    ) from None
        return read

    def _integers(self, key: str) -> dict[str, int]:
        found = self._top.get(key, dict, {})
        for name, value in found.items():
            if type(value) is not int:
                raise self._top.error(f"has a {name} under [{key}] that is not a whole number")
        return found

    def _versions(self) -> dict[str, str]:
        found = self._top.get("versions", dict, {})
        for name, value in found.items():
            if not isinstance(value, str) or not re.fullmatch(r"\d+(\.\d+)*", value, re.ASCII):
                raise self._top.error(f'has a {name} under [versions] that is no version: write {name} = "19041"')
        return found

    def _uname(self) -> dict[str, str]:
        found = self._top.get("uname", dict, {})
        for name, value in found.items():
            if name not in UNAME_FIELDS:
                raise self._top.error(f"has '{name}' under [uname], which is none of {', '.join(UNAME_FIELDS)}")
            if not isinstance(value, str) or len(value.encode()) > 64:
                raise self._top.error(f"has a {name} under [uname] that is not a text of at most 64 bytes")
        return found

    def _rule(self, table: _Table) -> Rule:
        table.only("syscalls", "when", "errno", "returns", "source", "confidence", "note")
        if ("errno" in table) == ("returns" in table):
            raise table.error("needs either an 'errno' or 'returns = 0'")
        if table.get("returns", int, 0) != 0:
            raise table.error("has a 'returns' other than 0, which a filter cannot give")
        when = tuple(self._condition(condition) for condition in table.tables("when", "condition"))
        twice = [condition.arg for condition in when]
        if len(set(twice)) != len(twice):
            raise table.error("tests an argument twice, which a filter cannot: join the two with 'masked_eq'")
        return Rule(
            syscalls=table.strings("syscalls"),
            errno=table.errno() if "errno" in table else 0,
            when=when,
            **_provenance(table),
        )

    def _condition(self, table: _Table) -> Condition:
        table.only("arg", "op", "value", "mask", "protocol")
        arg = table.get("arg", int)
        if arg not in range(6):
            raise table.error("has an 'arg' that is not from 0 to 5")
        op = table.one_of("op", OPS)
        if "value" not in table:
            raise table.error("lacks the key 'value'")
        found = table.get("value", object)
        values: list[object] = found if isinstance(found, list) else [found]
        if op in ("ne", "socket") and len(values) != 1:
            raise table.error(f"has a list for '{op}', which takes one value")
        if "protocol" in table and op != "socket":
            raise table.error("has a 'protocol', which only 'socket' takes")
        if ("mask" in table) != (op == "masked_eq"):
            raise table.error("needs a 'mask' for 'masked_eq', and only for that")
        if op == "string":
            strings = tuple(value for value in values if isinstance(value, str))
            if len(strings) != len(values):
                raise table.error("has a 'value' that is not a text")
            return Condition(arg, op, strings=strings)
        numbers = tuple(self._constant(table, value) for value in values)
        if op == "socket":
            protocol = self._constant(table, table.get("protocol", object)) if "protocol" in table else None
            return Condition(arg, op, numbers, protocol=protocol)
        if op == "eq":
            return Condition(arg, op, numbers, mask=INT_BITS)
        mask = self._constant(table, table.get("mask", object)) if op == "masked_eq" else ALL_BITS
        return Condition(arg, op, numbers, mask=mask)

    def _constant(self, table: _Table, value: object) -> int:
        if isinstance(value, str):
            from conformance.syscalls.machinery.table import constants  # noqa: PLC0415 - as in `Profile.number`

            value = self._constants.get(value, constants().get(value, value))
        if type(value) is not int or not 0 <= value <= ALL_BITS:
            raise table.error(
                f"compares with {value!r}, which is neither a number nor a name that is described or under [constants]"
            )
        return value

    def _file(self, table: _Table) -> File:
        table.only("paths", "text", "errno", "source", "confidence", "note")
        if ("errno" in table) == ("text" in table):
            raise table.error("needs either a 'text' or an 'errno'")
        paths = table.strings("paths")
        if not all(path.startswith("/") for path in paths):
            raise table.error("has a path that does not begin with a slash")
        return File(
            paths=paths,
            text=table.get("text", str) if "text" in table else None,
            errno=table.errno() if "errno" in table else 0,
            **_provenance(table),
        )

    def _not_emulated(self, table: _Table) -> NotEmulated:
        table.only("what", "why", "source")
        return NotEmulated(table.get("what", str), table.get("why", str), table.get("source", str))


class _Provenance(TypedDict):
    """Where a statement comes from, as keyword arguments."""

    source: str
    confidence: Confidence
    note: str


def _provenance(table: _Table) -> _Provenance:
    return _Provenance(
        source=table.get("source", str),
        confidence=table.one_of("confidence", CONFIDENCES),
        note=table.get("note", str, ""),
    )
