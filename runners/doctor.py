"""What the runners need of a machine, and which Debian package brings it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from runners.base import RunnerError
from runners.declaration import Part, program
from runners.host import children
from runners.kernels.debian import Suite
from runners.registry import declarations

SHARED = (Part("setpriv", "util-linux", "guests that die with the host process", program("setpriv")),)
"""What more than one of them needs."""


@dataclass(frozen=True, slots=True)
class Found:
    """A part, with whether this machine has it."""

    part: Part
    present: bool


def examine() -> list[Found]:
    """Every part, with whether it is there."""
    parts = [*SHARED, *(part for declaration in declarations().values() for part in declaration.parts)]
    return [Found(part, part.present()) for part in parts]


def install(tell: Callable[[str], None]) -> None:
    """Install what is missing, with apt. Raises RunnerError."""
    lacking = [found.part for found in examine() if not found.present]
    if not lacking:
        return
    if os.geteuid() != 0:
        raise RunnerError("installing packages needs root; run `sudo conformance doctor --install`")
    packages = sorted({part.package for part in lacking if not part.suite})
    if packages:
        _apt(tell, "update", "-qq")
        _apt(tell, "install", "-y", "-qq", "--no-install-recommends", *packages)
    for part in lacking:
        if part.suite and not part.present():
            _install_from(part, tell)


def _install_from(part: Part, tell: Callable[[str], None]) -> None:
    """A newer package, of another suite. Where there is no network, what is there stays."""
    suite = Suite(part.suite)
    with tempfile.TemporaryDirectory() as folder:
        try:
            suite.update()
            deb = suite.download(part.package, Path(folder))
        except RunnerError as error:
            tell(f"{part.package} stays as it is: {error}")
            return
        _apt(tell, "install", "-y", "-qq", "--no-install-recommends", str(deb))


def _apt(tell: Callable[[str], None], *arguments: str) -> None:
    tell(f"apt-get {' '.join(arguments)}")
    try:
        done = children.run(["apt-get", *arguments], env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
    except OSError as error:
        raise RunnerError(f"apt-get could not be run: {error.strerror}; install the packages by hand") from error
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise RunnerError(f"apt-get {arguments[0]} failed: {last}")
