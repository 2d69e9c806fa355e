"""What a runner says of itself: its name, its options, what it needs on a machine, what answers in its guests.

A runner is a module that has a `DECLARATION`. Those that ship are listed in `runners.registry`; any other that is
installed names its declaration in the entry point group `conformance.runners`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from conformance.model import Answers, Target
from runners.base import Runner

PROGRAMS = "/usr/sbin:/sbin"
"""Where Debian has programs that a user's PATH may lack."""


@dataclass(frozen=True, slots=True)
class Flag:
    """An option of the command line that gives an option of a runner to one target: `--kernel TARGET=IMAGE`."""

    name: str
    """`--kernel`."""
    metavar: str
    """What comes behind the target's name and `=`."""
    help: str
    help_for_one: str
    """The same for a command that has one target."""
    example: str
    """What may come behind `=`."""
    adds: bool = False
    """Whether the target may be a new one, so that builds of one thing stand side by side."""


def as_given(value: str) -> str:
    """What is right as it stands."""
    return value


@dataclass(frozen=True, slots=True)
class Option:
    """What a runner takes from a target's table."""

    says: str
    """What it is, with its unit; `a text` and `a whole number` are its types."""
    least: int | None = None
    """For a whole number: the smallest that makes sense. None: it is a text."""
    most: int = 1 << 30
    required: bool = False
    flag: Flag | None = None
    is_words: bool = False
    """Whether a text is words, so that one with a slash is no path."""
    wrong: Callable[[str], str] = lambda _: ""
    """What is wrong with a text, and what to do: `has …; leave it out`; nothing when it is as it should be."""
    whole: Callable[[str], str] = as_given
    """A value of the command line as it is understood in any directory. Raises ValueError with what is wrong: `is not
    there; …`."""
    from_environment: Callable[[str], str | None] = lambda _: None
    """What a variable of the environment puts in the place of a value of the target's table."""

    @property
    def type(self) -> type[str] | type[int]:
        """As TOML has it."""
        return str if self.least is None else int


MEMORY = Option("a whole number of MiB", least=256)


def program(*names: str) -> Callable[[], bool]:
    """Whether this machine has all of these programs, for a `Part`."""
    return lambda: all(which(name) for name in names)


def which(name: str) -> str | None:
    """Where a program is, for root or not; None where it is not."""
    return shutil.which(name, path=os.environ.get("PATH", "") + f":{PROGRAMS}")


@dataclass(frozen=True, slots=True)
class Part:
    """Something that a runner needs of a machine, and the Debian package that brings it."""

    name: str
    package: str
    purpose: str
    present: Callable[[], bool]
    suite: str = ""
    """The suite of Debian that has it, where the machine's own has not."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a command wants its guests, whatever their runner."""

    cold: bool = False
    """Boot every guest, instead of resuming one that was remembered."""
    bare: bool = False
    """Only the executor is going to be started in them: a guest that takes time may do without everything else."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """A runner, by what it says of itself."""

    name: str
    """What a target's table says for it."""
    answers: Answers
    runner: Callable[[Target, Way], Runner]
    """Opens guests of a target. Raises ValueError for an option that is missing or makes no sense."""
    options: Mapping[str, Option] = field(default_factory=lambda: MappingProxyType({}))
    parts: Sequence[Part] = ()


def text(target: Target, key: str) -> str:
    """An option that the runner cannot do without. Raises ValueError."""
    found = target.taken.get(key)
    if found is None:
        raise ValueError(f"the target {target.name} has no {key}")
    return str(found)


def number(target: Target, key: str, usual: int) -> int:
    """A whole number, or the usual one. Raises ValueError."""
    return int(target.taken.get(key, usual))
