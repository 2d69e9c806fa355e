"""The runners that there are, and which one a target has."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from importlib.metadata import entry_points

from conformance.model import Target
from runners.base import Brings, Guest, Runner, RunnerError, sentence
from runners.declaration import Declaration, Way

SHIPPED = ("runners.local", "runners.qemu.runner", "runners.profile.runner", "runners.gvisor")
"""The modules that declare the runners of the suite."""
HOST = "local"
"""The runner that needs nothing but this machine."""
GROUP = "conformance.runners"
"""The entry points by which any other package that is installed declares its own."""


@cache
def declarations() -> Mapping[str, Declaration]:
    """All runners by name. Raises RunnerError for one that cannot be loaded, or whose name another one has."""
    found: dict[str, Declaration] = {}
    for name in SHIPPED:
        declared: Declaration = importlib.import_module(name).DECLARATION
        found[declared.name] = declared
    for point in entry_points(group=GROUP):
        try:
            declared = point.load()
        except Exception as error:
            raise RunnerError(f"the runner {point.name} ({point.value}) cannot be loaded: {error!r}") from error
        if not isinstance(declared, Declaration):
            raise RunnerError(f"the runner {point.name} ({point.value}) is no runners.declaration.Declaration")
        if declared.name in found:
            raise RunnerError(f"there are two runners {declared.name}: {point.value} must be called something else")
        found[declared.name] = declared
    return found


def declared(target: Target) -> Target:
    """The target with what its runner says of it; as it is where nobody knows its runner."""
    declaration = declarations().get(target.runner)
    return replace(target, answers=declaration.answers) if declaration else target


class Careful:
    """A runner whose errors are sentences: what this machine cannot do is one target's trouble, and no other's.

    A read-only home, a full cache and a small TMPDIR are met in many places, and in some that nobody has thought of.
    """

    def __init__(self, runner: Runner) -> None:
        self.runner = runner

    def missing(self) -> str | None:
        """See `Runner`."""
        try:
            return self.runner.missing()
        except RunnerError as error:
            return str(error)
        except OSError as error:
            return sentence(error)

    def lacking(self) -> str:
        """See `Brings`."""
        try:
            return self.runner.lacking() if isinstance(self.runner, Brings) else ""
        except OSError as error:
            raise RunnerError(sentence(error)) from error

    def bring(self, progress: Callable[[str, int, int | None], None]) -> None:
        """See `Brings`."""
        try:
            if isinstance(self.runner, Brings):
                self.runner.bring(progress)
        except OSError as error:
            raise RunnerError(sentence(error)) from error

    def open(self) -> Guest:
        """See `Runner`."""
        try:
            return self.runner.open()
        except OSError as error:
            raise RunnerError(f"a guest could not be started: {sentence(error)}") from error

    def describe(self) -> list[str]:
        """See `Runner`."""
        try:
            return self.runner.describe()
        except RunnerError as error:
            return [str(error)]
        except OSError as error:
            return [sentence(error)]


def runner_for(target: Target, *, cold: bool = False, bare: bool = False) -> Runner:
    """The runner of a target, which opens guests as a command wants them (see `Way`). Raises ValueError."""
    declaration = declarations().get(target.runner)
    if declaration is None:
        raise ValueError(f"there is no runner {target.runner}")
    return Careful(declaration.runner(target, Way(cold=cold, bare=bare)))
