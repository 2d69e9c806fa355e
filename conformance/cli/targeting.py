"""The options of all commands that open guests: which file of targets, and what is given to one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from conformance.model import Target
from conformance.run import targets as target_files
from runners.declaration import Flag

GIVEN = "conformance.given"
F = TypeVar("F", bound=Callable[..., Any])
TARGETS_OPTION = click.option(
    "--targets", "targets_file", type=click.Path(path_type=Path, dir_okay=False), help="Another targets.toml."
)


def given_options(command: F) -> F:
    """The options by which runners let a target be given another kernel, another build (see `Flag`)."""
    for flag, _, _ in reversed(target_files.flags()):
        command = _option(flag, f"{'NAME' if flag.adds else 'TARGET'}={flag.metavar}", flag.help)(command)
    return command


def given_to_one(command: F) -> F:
    """As `given_options`, of a command that has one target: what is given needs no name before it."""
    for flag, _, _ in reversed(target_files.flags()):
        command = _option(flag, flag.metavar, flag.help_for_one)(command)
    return command


def _option(flag: Flag, metavar: str, help: str) -> Callable[[F], F]:
    """A flag as an option of click, whose words `available` finds in the context."""
    return click.option(
        flag.name,
        name_of(flag),
        multiple=True,
        metavar=metavar,
        help=help,
        callback=_remember(flag),
        expose_value=False,
    )


def the_one(context: click.Context, targets_file: Path | None, name: str) -> Target:
    """The target of such a command, with what it is given. Raises UsageError."""
    for at, (flag, words) in enumerate(context.meta.get(GIVEN, [])):
        named = tuple(word if word.startswith(f"{name}=") else f"{name}={word}" for word in words)
        context.meta[GIVEN][at] = (flag, named)
    (found, *_) = target_files.choose(available(context, targets_file).targets, [name], name)
    return found


def name_of(flag: Flag) -> str:
    """What click calls the option."""
    return flag.name.lstrip("-").replace("-", "_")


def _remember(flag: Flag) -> Callable[[click.Context, click.Parameter, tuple[str, ...]], None]:
    def remember(context: click.Context, parameter: click.Parameter, words: tuple[str, ...]) -> None:
        context.meta.setdefault(GIVEN, []).append((flag, words))

    return remember


@dataclass(frozen=True, slots=True)
class Available:
    """The targets of a file, with what the command line gives them."""

    targets: dict[str, Target]
    added: tuple[str, ...]
    """Those that it gives something by a flag that may add a target: whoever names a build wants it run."""
    given: tuple[str, ...]
    """All that it gives something."""


def available(context: click.Context, targets_file: Path | None) -> Available:
    """What there is to choose from. Raises UsageError."""
    found = target_files.load(targets_file or target_files.default_path())
    added: list[str] = []
    given: list[str] = []
    for flag, words in context.meta.get(GIVEN, []):
        found = target_files.with_given(found, flag, words)
        names = [word.partition("=")[0] for word in words]
        given += names
        added += names if flag.adds else []
    return Available(found, tuple(added), tuple(given))
