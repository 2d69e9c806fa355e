"""What shows an option of a kernel's configuration: a table in the tree, `options.toml`, each row with its source."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import translate
from functools import cache, cached_property
from pathlib import Path

import msgspec

PLACE = Path(__file__).with_name("options.toml")
WILD = "*?["


class _Shown:
    """What facts show by their signs."""

    shows: Sequence[str]

    @cached_property
    def _patterns(self) -> list[tuple[int, re.Pattern[str]]]:
        found = [(sum(each not in WILD for each in glob), re.compile(translate(glob))) for glob in self.shows]
        return sorted(found, key=lambda each: each[0], reverse=True)

    def closeness(self, signs: Iterable[str]) -> int:
        """How many characters of a sign are this row's own words, in the glob that says most; 0 where none fits."""
        told = list(signs)
        return next((size for size, pattern in self._patterns if any(map(pattern.match, told))), 0)


@dataclass(frozen=True)
class OptionSigns(_Shown):
    """An option, what it is to users, and the signs of what it brings."""

    name: str
    """Without `CONFIG_`."""
    means: str
    """What it is to those who use it."""
    shows: Sequence[str]
    """Globs over the signs of facts (see `facts.RebaseFact.signs`)."""
    source: str
    """Where it is said that the option brings this: a file of Linux, a page of the manual."""
    tied: Sequence[str] = field(default_factory=list)
    """Options that come and go with it, and mean nothing to users by themselves."""


@dataclass(frozen=True)
class CitedChange(_Shown):
    """Something that a release did otherwise than those before it, whatever the configuration."""

    since: str
    """`6.2`."""
    means: str
    shows: Sequence[str]
    source: str
    without: str = ""
    """The option that undoes it; "" where there is none."""


@dataclass(frozen=True)
class OptionTable:
    """The rows."""

    option: list[OptionSigns]
    change: list[CitedChange] = field(default_factory=list)

    def row(self, name: str) -> OptionSigns | None:
        """What the table has of an option, its own row or the one that it is tied to."""
        return self._by_name.get(name)

    @cached_property
    def _by_name(self) -> dict[str, OptionSigns]:
        tied = {name: row for row in self.option for name in row.tied}
        return {**tied, **{row.name: row for row in self.option}}


@cache
def table() -> OptionTable:
    """The table that ships."""
    return read(PLACE.read_text(encoding="utf-8"))


def read(text: str) -> OptionTable:
    """A table of this form. Raises msgspec.ValidationError, tomllib.TOMLDecodeError."""
    return msgspec.convert(tomllib.loads(text), OptionTable)
