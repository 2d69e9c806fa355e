"""Files and processes that must not outlive the host process, however it ends.

`atexit` and context managers do not run on `kill -9`. So a *janitor* process holds the reading end of a pipe whose
other end only the host has; when the host ends, the pipe does, and the janitor removes the directory.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from runners.base import RunnerError

_JANITOR = """
cat >/dev/null
for pid in $(cat "$1"/*.pid 2>/dev/null); do kill -9 "$pid" 2>/dev/null; done
cat "$1"/*.cgroup 2>/dev/null | while read -r group; do
    for again in 1 2 3 4 5 6 7 8 9 10; do
        for pid in $(cat "$group/cgroup.procs" 2>/dev/null); do kill -9 "$pid" 2>/dev/null; done
        [ ! -d "$group" ] || rmdir "$group" 2>/dev/null && break
        sleep 0.2
    done
done
rm -rf "$1"
"""
_LEASH = 'while read -r line; do group=$line; done; [ -z "$group" ] || kill -s KILL -- "-$group"'

DIE_WITH_PARENT = ("setpriv", "--pdeathsig", "KILL", "--")
"""Prefix of a command that must not outlive the thread that started it (prctl(2), PR_SET_PDEATHSIG)."""


@contextmanager
def workspace(prefix: str) -> Iterator[Path]:
    """A temporary directory that is removed even if this process is killed.

    A file `NAME.pid` in it names a process that is killed first, `NAME.cgroup` (a line) a control group that is emptied
    and removed. Raises RunnerError when there is no place for it.
    """
    try:
        path = Path(tempfile.mkdtemp(prefix=f"conformance-{prefix}-"))
    except OSError as error:
        raise RunnerError(
            f"no temporary directory can be made below {os.environ.get('TMPDIR') or 'the usual places'}: "
            f"{error.strerror or error}; point TMPDIR at a place that can be written"
        ) from error
    with _janitor(_JANITOR, str(path)):
        try:
            yield path
        finally:  # before the janitor looks
            shutil.rmtree(path, ignore_errors=True)


@contextmanager
def leash() -> Iterator[Callable[[int | None], None]]:
    """A function that takes a process group, which is killed when this process ends; None: it has ended by itself."""
    with _janitor(_LEASH) as janitor:

        def hold(group: int | None) -> None:
            with suppress(OSError):
                os.write(janitor.stdin.fileno(), f"{group or ''}\n".encode())  # type: ignore[union-attr] # it is a pipe

        yield hold


@contextmanager
def _janitor(script: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A shell that begins its work when this process ends, or leaves the context."""
    janitor = subprocess.Popen(
        ["/bin/sh", "-c", script, "janitor", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield janitor
    finally:
        with suppress(OSError):
            janitor.stdin.close()  # type: ignore[union-attr] # it is a pipe
        janitor.wait()
