"""What the runners need of a machine, and which Debian package brings it."""

from __future__ import annotations

import ctypes.util
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from runners.base import RunnerError
from runners.gvisor import platforms
from runners.host import children
from runners.kernels.debian import Suite

BACKPORTS = "bookworm-backports"
"""Where Debian 12 has a runsc with the platform systrap."""


@dataclass(frozen=True, slots=True)
class Part:
    """Something that a runner needs."""

    name: str
    package: str
    purpose: str
    present: bool


def examine() -> list[Part]:
    """Every part, with whether it is there."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"

    def program(name: str, package: str, purpose: str) -> Part:
        return Part(name, package, purpose, shutil.which(name, path=path) is not None)

    return [
        program("qemu-system-x86_64", "qemu-system-x86", "targets that boot a kernel"),
        program("modprobe", "kmod", "modules of distribution kernels in guests"),
        program("setpriv", "util-linux", "guests that die with the host process"),
        program("runsc", "runsc", "the target gvisor"),
        Part(
            "runsc with systrap",
            "runsc",
            f"gVisor's current platform (Debian 12: from {BACKPORTS})",
            bool(shutil.which("runsc")) and "systrap" in platforms(),
        ),
        Part("libseccomp", "libseccomp2", "the target wsl1", ctypes.util.find_library("seccomp") is not None),
        program("gcc", "gcc", "building a kernel with WSL2's configuration"),
    ]


def install(tell: Callable[[str], None]) -> None:
    """Install what is missing, with apt. Raises RunnerError."""
    lacking = [part for part in examine() if not part.present]
    if not lacking:
        return
    if os.geteuid() != 0:
        raise RunnerError("installing packages needs root; run `sudo conformance doctor --install`")
    packages = sorted({part.package for part in lacking if part.name != "runsc with systrap"})
    if packages:
        _apt(tell, "update", "-qq")
        _apt(tell, "install", "-y", "-qq", "--no-install-recommends", *packages)
    if "systrap" not in platforms():
        _install_newer_runsc(tell)


def _install_newer_runsc(tell: Callable[[str], None]) -> None:
    """Debian 12's own runsc is of 2022; its backports have one with systrap. Without network the old one stays."""
    suite = Suite(BACKPORTS)
    with tempfile.TemporaryDirectory() as folder:
        try:
            suite.update()
            deb = suite.download("runsc", Path(folder))
        except RunnerError as error:
            tell(f"runsc stays as it is: {error}")
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
