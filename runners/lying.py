"""This machine behind a kernel that lies: the executor runs behind a shim, which is told what to lie about.

`conformance/mutate/shim/shim.c` says how it does that, and what it can be told.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path

from conformance.places import PACKAGE
from conformance.protocol import executor as protocol
from conformance.syscalls.machinery.call import ABSENT_NUMBER, MARKS
from runners.base import About, RunnerError
from runners.host import children
from runners.host.cache import entry
from runners.host.process import ProcessChannel
from runners.host.workspace import DIE_WITH_PARENT, workspace
from runners.local import HostGuest, LocalRunner
from runners.payload.compiler import CompilerError, command, compile_file
from runners.payload.executor import executable

SOURCE = PACKAGE / "mutate" / "shim" / "shim.c"
FLAGS = ("-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror")
PAGE = 4096
CALL = 4
"""The instruction of a program that makes a call: see `conformance.programs.wire`."""
_HEAD = struct.Struct("<II")
APART = (
    *(shutil.which("unshare") or "/usr/bin/unshare", "--mount", "--uts", "--ipc", "--net", "--cgroup", "--pid"),
    *("--fork", "--kill-child", "--mount-proc", "--"),
    shutil.which("setsid") or "/usr/bin/setsid",
    *(
        shutil.which("setpriv") or "/usr/bin/setpriv",
        "--bounding-set=-sys_boot,-sys_module,-sys_pacct,-sys_rawio,-sys_time",
    ),
)
"""Prefix of a command that can do nothing to the machine that root cannot do from namespaces of its own: a case that
gives up its privileges, and tries what nobody but root may do, may still have them. It has a session of its own, as a
signal to a process group reaches whoever is in it, in other namespaces too (kill(2))."""
FIXED = (shutil.which("setarch") or "/usr/bin/setarch", "-R")
"""Prefix of a command that has everything where it always is."""
SECONDS = 30.0
"""How long it may take to find out where calls are made."""


class Control:
    """The page by which a shim is told its lies. A context manager."""

    def __init__(self, path: Path) -> None:
        """`path`: of a file that is made, and removed at the end."""
        self.path = path
        path.write_bytes(bytes(PAGE))
        with path.open("r+b") as file:
            self._page = mmap.mmap(file.fileno(), PAGE)

    def tell(self, rules: str) -> None:
        """From now on this is the lie; "": none. No program may be running."""
        text = rules.encode() + b"\0"
        assert len(text) <= PAGE - _HEAD.size, f"{len(text)} bytes of rules do not fit on a page"
        turn, _ = _HEAD.unpack_from(self._page)
        self._page[_HEAD.size : _HEAD.size + len(text)] = text
        self._page[: _HEAD.size] = _HEAD.pack(turn + 1, 0)

    @property
    def lies(self) -> int:
        """How often something has not been as it is told or done by the kernel, since the last `tell`."""
        return int(_HEAD.unpack_from(self._page)[1])

    def __enter__(self) -> Control:
        return self

    def __exit__(self, *_: object) -> None:
        self._page.close()
        with suppress(FileNotFoundError):
            self.path.unlink()


class LyingGuest(HostGuest):
    """This machine, but for what a page says to programs of the executor and to cases in Python.

    The suite makes its calls by syscall(2) of the C library, whose place is the same in each process as long as the
    kernel does not choose another for each (personality(2), ADDR_NO_RANDOMIZE). It runs in namespaces of its own: what
    keeps a case apart is made of calls, too, and one that a case makes may be a lie.
    """

    def __init__(self, control: Path) -> None:
        """Raises RunnerError."""
        binary = str(executable())
        super().__init__(About("lying"))
        self.inside = replace(self.inside, find_executor=lambda: (binary,))
        self._control = str(control)

    def spawn(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> ProcessChannel:
        """See `Guest`."""
        if tuple(argv[:1]) != tuple(self.inside.python):
            return super().spawn([str(shim()), where(argv[0]), self._control, "--", *argv], env)
        prefix = [str(shim()), where_in_python(argv[0]), self._control, "marked", "--", *APART, *FIXED]
        return super().spawn([*prefix, *argv], {MARKS: "1", **(env or {})})


class LyingRunner(LocalRunner):
    """Opens guests that are this machine, but for what a page says."""

    def __init__(self, control: Path) -> None:
        """`control`: the file of a `Control`."""
        self._control = control

    def missing(self) -> str | None:
        """See `Runner`."""
        if os.geteuid() != 0:
            return "lying takes root: a filter that programs cannot see is installed without PR_SET_NO_NEW_PRIVS"
        if os.uname().machine != "x86_64":
            return "lying takes x86_64: the shim knows no other registers"
        return None

    def open(self) -> LyingGuest:
        """See `Runner`. Raises RunnerError."""
        return LyingGuest(self._control)


def shim() -> Path:
    """The shim, compiled. Raises RunnerError."""
    compiler = command(FLAGS)
    key = hashlib.sha256(repr(compiler).encode() + SOURCE.read_bytes()).hexdigest()[:16]

    def make(into: Path) -> None:
        try:
            compile_file(compiler, SOURCE, into / "shim", "the shim", DIE_WITH_PARENT)
        except CompilerError as error:
            raise RunnerError(str(error)) from error

    return entry(f"shim/{key}", make) / "shim"


@cache
def where(binary: str) -> str:
    """Where in an executor the calls of programs are made. Raises RunnerError."""
    call = struct.pack("<BHB", CALL, ABSENT_NUMBER, 0) + bytes([0xFF, 0, 0])
    body = struct.pack("<HHH", 1, 0, 0) + call
    return _found([binary], protocol.run_frame(1, 1.0, [struct.pack("<I", len(body)) + body]))


@cache
def where_in_python(python: str) -> str:
    """Where in an interpreter the suite makes its calls. Raises RunnerError."""
    return _found([*FIXED, python, "-c", f"import ctypes; ctypes.CDLL(None).syscall({ABSENT_NUMBER})"], b"")


def _found(command: Sequence[str], request: bytes) -> str:
    try:
        with children.child([str(shim()), "where", "--", *command], stdin=subprocess.PIPE) as started:
            return hex(int(started.communicate(request, SECONDS)[1], 16))
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise RunnerError(f"where {command[0]} makes calls cannot be found out: {error}") from error


@contextmanager
def liars(count: int) -> Iterator[list[tuple[LyingRunner, Control]]]:
    """So many of these machines, each with the page that tells it what to lie about. Raises RunnerError."""
    with ExitStack() as stack:
        room = stack.enter_context(workspace("lying"))
        controls = [stack.enter_context(Control(room / f"control-{at}")) for at in range(count)]
        yield [(LyingRunner(each.path), each) for each in controls]
