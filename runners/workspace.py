"""Files and processes that must not outlive the host process, however it ends.

`atexit` and context managers do not run on `kill -9`. So a *janitor* process holds the reading end of a pipe whose
other end only the host has; when the host ends, the pipe does, and the janitor removes the directory.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_JANITOR = 'cat >/dev/null; for pid in $(cat "$1"/*.pid 2>/dev/null); do kill -9 "$pid" 2>/dev/null; done; rm -rf "$1"'

DIE_WITH_PARENT = ("setpriv", "--pdeathsig", "KILL", "--")
"""Prefix of a command that must not outlive the thread that started it (prctl(2), PR_SET_PDEATHSIG)."""


@contextmanager
def workspace(prefix: str) -> Iterator[Path]:
    """A temporary directory that is removed even if this process is killed.

    A file `NAME.pid` in it names a process that is killed first.
    """
    path = Path(tempfile.mkdtemp(prefix=f"conformance-{prefix}-"))
    janitor = subprocess.Popen(
        ["/bin/sh", "-c", _JANITOR, "janitor", str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        with suppress(OSError):
            janitor.stdin.close()  # type: ignore[union-attr] # it is a pipe
        janitor.wait()
