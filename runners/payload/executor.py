"""The executor's binary: the one that came along, or one made here with the C compiler."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

from conformance.places import PACKAGE
from runners.base import RunnerError
from runners.host.cache import entry
from runners.host.workspace import DIE_WITH_PARENT
from runners.payload.compiler import CompilerError, command, compile_executor, ready_made, source

FOLDER = PACKAGE / "programs" / "executor"
"""Its whole source."""


def executable() -> Path:
    """The executor for this machine. Raises RunnerError when none came along and none can be made.

    One that came along, in a wheel (see `runners/payload/wheel.py`), is named after its source: a checkout whose
    source has changed since does not take it.
    """
    try:
        whole = source(FOLDER)
    except OSError as error:
        raise RunnerError(f"the executor's source in {FOLDER} cannot be read: {error.strerror}") from error
    shipped = FOLDER / ready_made(whole)
    if os.access(shipped, os.X_OK):
        return shipped
    compiler = command()
    key = hashlib.sha256(repr(compiler).encode() + whole).hexdigest()[:16]

    def make(into: Path) -> None:
        try:
            compile_executor(compiler, FOLDER, into / "executor", DIE_WITH_PARENT)
        except CompilerError as error:
            raise RunnerError(str(error)) from error

    return entry(f"executor/{key}", make) / "executor"


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
