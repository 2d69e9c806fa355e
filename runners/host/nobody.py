"""Programs that are given what may be hostile: they run as nobody in particular, and get no privileges back."""

from __future__ import annotations

import errno
import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from runners.declaration import which
from runners.host import children
from runners.host.workspace import DIE_WITH_PARENT

USER = "nobody"
INPUT = "/dev/stdin"
"""How a program names the file that it is given to read."""
CPU_SECONDS = 300
MEMORY_BYTES = 2 << 30


def unprivileged(program: str, groups: str = "--clear-groups") -> list[str]:
    """The prefix of a command that is to run as nobody in particular, and dies with us.

    As ourselves without root, and where the program lies where nobody else may go. `groups` is setpriv's option.
    """
    if os.geteuid() != 0 or not _is_everybodys(program):
        return [*DIE_WITH_PARENT]
    try:
        user = pwd.getpwnam(USER)
    except KeyError:
        return [*DIE_WITH_PARENT]
    # Becoming another user forgets that we are to die with the parent, so that is asked for afterwards (prctl(2)).
    return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", groups, "--no-new-privs", *DIE_WITH_PARENT]


def _is_everybodys(program: str) -> bool:
    """Whether any user may start it."""
    found = shutil.which(program)
    if found is None:
        return False
    path = Path(found).resolve()
    return all(each.stat().st_mode & stat.S_IXOTH for each in (path, *path.parents))


def everybodys(path: Path, room: Path) -> Path:
    """A file that everybody may read who is given it: itself, or a copy in our room. Raises OSError."""
    if path.stat().st_mode & stat.S_IROTH:
        return path
    if path.parent != room:
        path = Path(shutil.copyfile(path, room / f"copy-of-{path.name}"))
    path.chmod(0o644)
    return path


@contextmanager
def reading(argv: Sequence[str], file: Path, room: Path) -> Iterator[IO[bytes]]:
    """What a program says of a file that may be hostile; the file's name in `argv` is `INPUT`, `room` a folder of ours.

    It can write nothing but what it says, and takes bounded time and memory: where it takes more, what it says ends
    early. Raises OSError, and CalledProcessError when the program fails, or what it says is not read to its end.
    """
    program = which(argv[0])
    if program is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), argv[0])
    limits = (f"--cpu={CPU_SECONDS}", f"--as={MEMORY_BYTES}", "--fsize=0", "--core=0")
    command = [*unprivileged(program), "prlimit", *limits, "--", program, *argv[1:]]
    with (
        everybodys(file, room).open("rb") as given,
        children.child(command, stdin=given, stderr=subprocess.DEVNULL, cwd=Path("/")) as started,
    ):
        assert started.stdout is not None
        yield started.stdout
        started.stdout.close()
        if started.wait():
            raise subprocess.CalledProcessError(started.returncode, argv)
