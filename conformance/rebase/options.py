"""Two configurations: which options were lost or gained, became modules, or have another value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

ABSENT = ""
"""What an option is that a configuration does not mention: Kconfig does not know it, or has hidden it."""
OFF = ("n", ABSENT)
SWITCHES = ("y", "m", *OFF)
TOOLS = re.compile(
    r"(CC|GCC|CLANG|RUSTC?|AS|LD|LLD|PAHOLE|BINDGEN|TOOLS|ARCH_(HAS|SUPPORTS|USES|WANTS?)|HAVE)_.*|.*_VERSION(_TEXT)?|"
    r"LOCALVERSION(_AUTO)?|BUILD_SALT"
)
"""Options that tell of the compiler, of what a processor's code can do, or of a name: nobody chooses them."""


class OptionMove(StrEnum):
    """How an option has moved."""

    LOST = "lost"
    MODULE = "became a module"
    BUILT_IN = "is built in"
    """What was a module."""
    GAINED = "gained"
    VALUE = "has another value"


@dataclass(frozen=True, slots=True)
class Shift:
    """An option that differs between two configurations."""

    name: str
    before: str
    """`y`, `m`, `n`, a value, or ABSENT."""
    after: str

    @property
    def move(self) -> OptionMove:
        """How it has moved."""
        if {self.before, self.after} - set(SWITCHES):
            return OptionMove.VALUE
        if self.after in OFF:
            return OptionMove.LOST
        if self.before in OFF:
            return OptionMove.GAINED
        return OptionMove.MODULE if self.after == "m" else OptionMove.BUILT_IN

    @property
    def unmentioned(self) -> bool:
        """Whether the newer configuration has no word on an option that the older one had on: Kconfig dropped it by
        itself, since its name has changed, or what it depends on is off."""
        return self.after == ABSENT and self.before not in OFF

    def __str__(self) -> str:
        return f"CONFIG_{self.name}={self.before or 'n'} → {self.after or 'n'}"


def shifts(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, Shift]:
    """The options that differ, by name, without what only tells of the tools that a kernel was built with."""
    found = (Shift(name, before.get(name, ABSENT), after.get(name, ABSENT)) for name in sorted({*before, *after}))
    return {
        each.name: each
        for each in found
        if each.before != each.after
        and not (each.before in OFF and each.after in OFF)
        and not TOOLS.fullmatch(each.name)
    }
