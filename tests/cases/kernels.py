"""Kernels that do something else than this one, for cases to be run on: what a call does is put in its place."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from tests.suite import SOURCES, environment, read

NO_OTHER_PLUGINS = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
"""Their imports take longer than a module of cases does."""

PLUGIN = """
import os, struct
from errno import *
from conformance.syscalls.machinery.buffers import memory_at, write_memory
from conformance.syscalls.machinery.call import Syscall
from conformance.syscalls.sockets.options import setsockopt

enter = Syscall._enter
SOL_SOCKET, SO_SNDBUFFORCE, SIOCINQ, F_SETPIPE_SZ, POLLOUT = 1, 32, 0x541B, 1031, 4
{setup}

def instead(call, args):
    made = lambda: enter(call, args)
{body}
    return made()

Syscall._enter = instead
"""


@dataclass(frozen=True)
class Kernel:
    """Another kernel, as Python: what it does with `call.name` and `args`; `made()` is what this one does."""

    cases: str
    body: str
    setup: str = ""


def run_on(
    kernel: Kernel, where: Path, *options: str, surroundings: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a module of cases on such a kernel, with further options and variables of the environment."""
    text = PLUGIN.replace("{setup}", kernel.setup).replace("{body}", kernel.body.removeprefix("\n"))
    (where / "another_kernel.py").write_text(text)
    command = [sys.executable, "-m", "pytest", kernel.cases, "-q", "-p", "no:cacheprovider", "-p", "another_kernel"]
    return subprocess.run(
        [*command, *options],
        cwd=SOURCES,
        env={**environment(), "PYTHONPATH": os.pathsep.join([str(where), str(SOURCES)]), **(surroundings or {})},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@dataclass(frozen=True)
class Seen:
    """Which cases of a module did not pass on a kernel, and which should not have."""

    cases: frozenset[str]
    about: frozenset[str]
    output: str


@dataclass(frozen=True)
class Fault:
    """What a kernel does wrong, and which cases of its module see it, as globs of their functions."""

    kernel: Kernel
    seen_by: tuple[str, ...]

    def seen(self, where: Path) -> Seen:
        """Run the cases there. A glob that means none of them is a mistake."""
        record = where / "record"
        options = ("-p", "conformance.guest.plugin", "--conformance-record", str(record))
        done = run_on(self.kernel, where, *options, surroundings=NO_OTHER_PLUGINS)
        outcomes = {case.partition("::")[2]: result.outcome for case, result in read(record).results.items()}
        about = {glob: {case for case in outcomes if fnmatchcase(case, glob)} for glob in self.seen_by}
        assert all(about.values()), done.stdout + done.stderr
        red = frozenset(case for case, outcome in outcomes.items() if outcome != "passed")
        return Seen(red, frozenset().union(*about.values()), done.stdout[-3000:])
