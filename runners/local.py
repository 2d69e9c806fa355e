"""The runner `local`: this kernel, this interpreter."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from conformance.model import Answers
from conformance.places import ROOT, cache_root
from runners.base import About, Death, Ending, Inside, cases_directory
from runners.declaration import Declaration
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

    def __init__(self, about: About, prefix: Sequence[str] = ()) -> None:
        self.about = about
        self.inside = Inside((sys.executable,), str(cases_directory()), lambda: (str(executable()),))
        self._prefix = tuple(prefix)
        self._stack = ExitStack()
        self._room = self._stack.enter_context(workspace("local"))
        self._log = self._stack.enter_context(Log())
        self._channels: list[ProcessChannel] = []
        self._group = self._stack.enter_context(memory_limit(MEMORY_MIB, "local"))
        if self._group:
            (self._room / "memory.cgroup").write_text(f"{self._group.path}\n", encoding="utf-8")

    def spawn(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> ProcessChannel:
        """See `Guest`."""
        given = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        # Byte-code, pytest's rewritten cases among it, is kept: compiling is most of a start. Not beside the sources.
        bytecode = str(cache_root() / "bytecode")
        given |= {"TMPDIR": str(self._room), "PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": bytecode, **(env or {})}
        command = [*self._prefix, *argv]
        if self._group and tuple(argv[:1]) == self.inside.python:  # executors see to their own limits
            command = self._group.entering(command)
        self._channels.append(self._stack.enter_context(ProcessChannel(command, given, self._log.writer)))
        return self._channels[-1]

    def log(self) -> str:
        """See `Guest`."""
        return self._log.text()

    def death(self) -> Death | None:
        """See `Guest`. This machine is alive as long as we are."""
        if self._group and self._group.exceeded() and any(channel.ended for channel in self._channels):
            return Death(Ending.LIMIT, f"it took more than {MEMORY_MIB} MiB of memory")
        return None

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
        return HostGuest(About("local"))


DECLARATION = Declaration("local", Answers.HOST, lambda target, way: LocalRunner())
