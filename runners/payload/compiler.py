"""Compiling the executor. The standard library alone: building a wheel runs this file where nothing is installed."""

from __future__ import annotations

import errno
import hashlib
import os
import platform
import shlex
import shutil
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

FLAGS = (
    *("-std=gnu11", "-O2", "-static", "-nostdlib", "-ffreestanding", "-fno-stack-protector", "-fno-pie", "-no-pie"),
    *("-fno-builtin", "-fno-asynchronous-unwind-tables", "-Wall", "-Wextra", "-Werror", "-s"),
)
"""For the compiler: static and without a libc, so that the same file runs in every guest and forks fast."""
COMPILE_SECONDS = 120.0
MAIN = "executor.c"
"""The source that the compiler is given; it includes the others of its folder."""
_SOURCES = (".c", ".h")


class CompilerError(Exception):
    """There is no compiler, or it does not take the source. One sentence."""


def command(flags: Sequence[str] = FLAGS) -> list[str]:
    """The compiler, `$CC` or `cc`, with its flags."""
    return [*shlex.split(os.environ.get("CC") or "cc"), *flags]


def source(folder: Path) -> bytes:
    """All that the binary is made of: names and contents of the C files in a folder. Raises OSError."""
    parts = sorted(path for path in folder.iterdir() if path.suffix in _SOURCES)
    return b"".join(f"{path.name} {path.stat().st_size}\n".encode() + path.read_bytes() for path in parts)


def ready_made(whole_source: bytes) -> str:
    """The name of a binary that came along beside its source: it is for one machine, and for no other source."""
    return f"executor-{platform.machine()}-{hashlib.sha256(repr(FLAGS).encode() + whole_source).hexdigest()[:16]}"


def compile_executor(with_command: Sequence[str], folder: Path, to: Path, prefix: Sequence[str] = ()) -> None:
    """Make the binary from a folder. Raises CompilerError. `prefix`: a command that starts the compiler."""
    compile_file(with_command, folder / MAIN, to, "the executor", prefix)


def compile_file(with_command: Sequence[str], file: Path, to: Path, what: str, prefix: Sequence[str] = ()) -> None:
    """Make a binary of one file. Raises CompilerError, which calls it `what`."""
    name = with_command[0]
    try:
        if shutil.which(name) is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)  # else the prefix would say so
        status, said = _run([*prefix, *with_command, "-o", str(to), str(file)])
    except OSError as error:
        raise CompilerError(
            f"no C compiler: apt install gcc, or set CC; {name} cannot be started ({error.strerror})"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise CompilerError(f"{name} did not compile {what} in {COMPILE_SECONDS:.0f} s") from error
    if status != 0 or not to.exists():
        raise CompilerError(f"{name} cannot compile {what}: {_complaint(said)}")


def _run(command: Sequence[str]) -> tuple[int, str]:
    """The exit status of a program, and what it said; with all that it started, it ends when an exception comes."""
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    ) as started:
        try:
            said, _ = started.communicate(timeout=COMPILE_SECONDS)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(started.pid, signal.SIGKILL)
        return started.returncode, said


def _complaint(output: str) -> str:
    """The last line of a compiler's output that is a message: below it, compilers draw carets."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return next((line for line in reversed(lines) if "error:" in line), lines[-1] if lines else "it did not say why")
