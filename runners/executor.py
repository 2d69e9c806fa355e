"""The executor's binary: the one that came along, or one made here with the C compiler."""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import subprocess
import sys
from pathlib import Path

from runners.base import RunnerError
from runners.cache import entry

SOURCE = Path(__file__).resolve().parent.parent / "conformance" / "differential" / "executor.c"
"""Its whole source."""
FLAGS = (
    *("-std=gnu11", "-O2", "-static", "-nostdlib", "-ffreestanding", "-fno-stack-protector", "-fno-pie", "-no-pie"),
    *("-fno-builtin", "-fno-asynchronous-unwind-tables", "-Wall", "-Wextra", "-Werror", "-s"),
)
"""For the compiler: static and without a libc, so that the same file runs in every guest and forks fast."""
COMPILE_SECONDS = 120.0


def executable() -> Path:
    """The executor for this machine. Raises RunnerError when none came along and none can be made."""
    shipped = SOURCE.with_name(f"executor-{platform.machine()}")
    if os.access(shipped, os.X_OK):
        return shipped
    command = [*shlex.split(os.environ.get("CC") or "cc"), *FLAGS]
    try:
        source = SOURCE.read_bytes()
    except OSError as error:
        raise RunnerError(f"the executor's source {SOURCE} cannot be read: {error.strerror}") from error
    key = hashlib.sha256(repr(command).encode() + source).hexdigest()[:16]
    return entry(f"executor/{key}", lambda into: _compile(command, into / "executor")) / "executor"


def _compile(command: list[str], to: Path) -> None:
    """Make the binary. Raises RunnerError."""
    try:
        done = subprocess.run(
            [*command, "-o", str(to), str(SOURCE)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=COMPILE_SECONDS,
            check=False,
        )
    except OSError as error:
        raise RunnerError(
            f"no C compiler: apt install gcc, or set CC; {command[0]} cannot be started ({error.strerror})"
        ) from error
    except subprocess.TimeoutExpired as error:
        raise RunnerError(f"{command[0]} did not compile the executor in {COMPILE_SECONDS:.0f} s") from error
    if done.returncode != 0 or not to.exists():
        raise RunnerError(f"{command[0]} cannot compile the executor: {_complaint(done.stdout)}")


def _complaint(output: str) -> str:
    """The last line of a compiler's output that is a message: below it, compilers draw carets."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return next((line for line in reversed(lines) if "error:" in line), lines[-1] if lines else "it did not say why")


def main() -> int:
    """Print where the executor is, for those who cannot import this package; or why there is none."""
    try:
        print(executable())
    except RunnerError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
