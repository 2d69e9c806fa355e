"""Programs that are run to their end, and that do not outlive whoever started them, however that ends.

`subprocess.run` kills a program when a time limit or an exception comes, and nothing of what the program has started:
`apt-get` has children that download, `make` has compilers. And a host process that is killed kills nothing at all.
"""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from conformance.offspring import signal_group
from runners.host.workspace import DIE_WITH_PARENT, leash

GRACE = 5.0
"""Seconds that a program and its children have to end after SIGTERM."""


@contextmanager
def child(
    argv: Sequence[str],
    *,
    stdin: int | IO[bytes] | None = subprocess.DEVNULL,
    stdout: int = subprocess.PIPE,
    stderr: int = subprocess.PIPE,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """A program in a group of its own, which is ended with all that it started. Raises OSError.

    A janitor ends the group when this process is killed.
    """
    if shutil.which(argv[0], path=(env or os.environ).get("PATH")) is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), argv[0])  # else `setpriv` would say so
    with leash() as hold:
        started = subprocess.Popen(
            [*DIE_WITH_PARENT, *argv],
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            cwd=cwd,
            env=env,
            start_new_session=True,
        )
        try:
            hold(started.pid)
            yield started
        finally:
            end(started)
            hold(None)


def end_group(leader: subprocess.Popen[bytes]) -> None:
    """End a program that leads a group, and the group: asks first, so that what has a state on disk can leave it.

    A supervisor can take along what is not in the group. Afterwards the number may be another group's.
    """
    if leader.poll() is None:
        signal_group(leader.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            leader.wait(GRACE)
    signal_group(leader.pid, signal.SIGKILL)


def end(started: subprocess.Popen[bytes]) -> None:
    """End a program that leads a group, with the group, and let go of it."""
    end_group(started)
    started.wait()
    for stream in (started.stdin, started.stdout, started.stderr):
        if stream is not None:
            with suppress(OSError):
                stream.close()


def run(
    argv: Sequence[str],
    *,
    timeout: float | None = None,
    stdin: int | IO[bytes] | None = subprocess.DEVNULL,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end; what it said, as text. Raises OSError, and TimeoutExpired after `timeout` seconds."""
    with child(argv, stdin=stdin, cwd=cwd, env=env) as started:
        said, complained = started.communicate(timeout=timeout)
        return subprocess.CompletedProcess(
            list(argv), started.returncode, said.decode("utf-8", "replace"), complained.decode("utf-8", "replace")
        )
