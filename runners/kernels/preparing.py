"""Programs that prepare a kernel: depmod, tar."""

from __future__ import annotations

from runners.base import RunnerError
from runners.host import children


def run(*command: str) -> None:
    """Run a program that prepares a kernel. Raises RunnerError with the last thing that it said."""
    try:
        done = children.run(command)
    except OSError as error:
        raise RunnerError(
            f"{command[0]} could not be run: {error.strerror}; run `conformance doctor --install`"
        ) from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise RunnerError(f"{command[0]} failed: {last}")
