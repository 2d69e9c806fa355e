"""The runner `local`: this kernel, this interpreter."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from conformance.places import ROOT
from runners.base import Death, cases_directory
from runners.host.cache import cache_root
from runners.host.cgroup import memory_limit
from runners.host.log import Log
from runners.host.process import ProcessChannel
from runners.host.workspace import workspace
from runners.payload.executor import executable

PASSED_ON = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH")
"""Variables of our own environment that a local guest gets; everything else is set by hand, equal on all targets."""


MEMORY_MIB = 1024
"""What the suite and its cases may take together, where there is a control group for that. A case is stopped before:
only one that takes memory faster than anybody looks comes so far."""


class HostGuest:
    """Processes of this machine, behind a command prefix."""

    label = ""
    disposable = False
    slowdown = 1.0

    def __init__(self, made_by: str, notes: Sequence[str] = (), prefix: Sequence[str] = ()) -> None:
        self.made_by = made_by
        self.notes = tuple(notes)
        self.python: Sequence[str] = (sys.executable,)
        self.cases = str(cases_directory())
        self._prefix = tuple(prefix)
        self._stack = ExitStack()
        self._room = self._stack.enter_context(workspace("local"))
        self._log = self._stack.enter_context(Log())
        self._channels: list[ProcessChannel] = []
        self._group = self._stack.enter_context(memory_limit(MEMORY_MIB, "local"))
        if self._group:
            (self._room / "memory.cgroup").write_text(f"{self._group.path}\n", encoding="utf-8")

    @property
    def executor(self) -> Sequence[str]:
        """See `Guest`."""
        return (str(executable()),)

    def spawn(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> ProcessChannel:
        """See `Guest`."""
        given = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        # Byte-code, pytest's rewritten cases among it, is kept: compiling is most of a start. Not beside the sources.
        bytecode = str(cache_root() / "bytecode")
        given |= {"TMPDIR": str(self._room), "PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": bytecode, **(env or {})}
        command = [*self._prefix, *argv]
        if self._group and argv[: len(self.python)] == list(self.python):  # executors see to their own limits
            command = self._group.entering(command)
        self._channels.append(self._stack.enter_context(ProcessChannel(command, given, self._log.writer)))
        return self._channels[-1]

    def ready(self) -> None:
        """See `Guest`. Starts are fast enough."""

    def log(self) -> str:
        """See `Guest`."""
        return self._log.text()

    def death(self) -> Death | None:
        """See `Guest`. This machine is alive as long as we are."""
        if self._group and self._group.exceeded() and any(channel.ended for channel in self._channels):
            return Death.LIMIT
        return None

    def cause(self) -> str:
        """See `Guest`."""
        return f"it took more than {MEMORY_MIB} MiB of memory" if self.death() else ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()


class LocalRunner:
    """Opens guests that are nothing but this machine."""

    def missing(self) -> str | None:
        """See `Runner`."""
        return None

    def describe(self) -> list[str]:
        """See `Runner`."""
        return [f"this kernel, {os.uname().release}"]

    def open(self) -> HostGuest:
        """See `Runner`."""
        return HostGuest(made_by="local")
