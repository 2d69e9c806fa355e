"""Options that had another name before: they work for one more release, and say what they are called now."""

from __future__ import annotations

from collections.abc import Sequence

import click

FORMER = {
    "run": {"--profile": "--effort"},
    "fuzz": {"--area": "--chapter"},
}
"""By command, what options of before are called now."""


def by_their_new_names(command: str | None, arguments: Sequence[str]) -> list[str]:
    """The arguments of a command, its options by the names of today. Says on standard error which had another name."""
    former, found = FORMER.get(command or "", {}), list(arguments)
    for at, word in enumerate(found[: found.index("--")] if "--" in found else found):
        option, separator, value = word.partition("=")
        if name := former.get(option):
            found[at] = f"{name}{separator}{value}"
            click.echo(f"note: {option} is {name} now, and will not be known by its old name", err=True)
    return found
