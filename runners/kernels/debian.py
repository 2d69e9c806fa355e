"""Packages from the machine's Debian mirror, found and unpacked without touching the machine's own apt or dpkg state.

A private apt state directory lists one suite at a time of the same mirror, so a series that the machine's own sources
do not carry (5.10, 6.12, the newest) can be had as well.
"""

from __future__ import annotations

import errno
import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from conformance.places import cache_root
from runners.base import RunnerError, sentence
from runners.host import children
from runners.host.cache import locked

SUITES = ("bookworm", "bullseye", "bookworm-backports", "trixie", "trixie-backports", "sid")
"""Where to look, in this order. Each suite's security archive, if it has one, is asked with it."""
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
TIMEOUT = 600.0


def mirror(archive: str = "debian") -> str:
    """The archive of that name (`debian`, `debian-security`) that this machine's apt uses, or Debian's own."""
    places = [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]
    for place in places:
        if place.is_file():
            lines = [
                line
                for line in place.read_text(errors="replace", encoding="utf-8").splitlines()
                if not line.startswith("#")
            ]
            if found := re.search(rf"\bhttps?://\S+/{archive}(?=[\s/])", "\n".join([*lines, ""])):
                return found[0]
    return f"http://deb.debian.org/{archive}"


class Suite:
    """One suite of the mirror, in an apt state of its own."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.root = cache_root() / "apt" / name

    def _apt(self, *argv: str, folder: Path | None = None) -> str:
        """Run an apt tool on the private state, in `folder` if given."""
        options = {
            "Dir::State": self.root / "state",
            "Dir::State::status": self.root / "status",
            "Dir::Cache": self.root / "cache",
            "Dir::Etc::sourcelist": self.root / "sources.list",
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::Etc::preferencesparts": "/dev/null",
            "APT::Sandbox::User": "root",
            "APT::Get::List-Cleanup": "0",
            "Acquire::Languages": "none",
            "APT::Update::Error-Mode": "any",
        }
        given = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
        try:
            done = children.run(
                [argv[0], *given, *argv[1:]], timeout=TIMEOUT, cwd=folder, env={**os.environ, "LC_ALL": "C"}
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise RunnerError(
                f"{argv[0]} could not be run: {error}; kernels come from Debian's archive by apt"
            ) from error
        if done.returncode:
            full = os.strerror(errno.ENOSPC)
            if full in done.stderr:
                raise RunnerError(
                    f"{' '.join(argv[:2])} failed for Debian {self.name}: "
                    f"{sentence(OSError(errno.ENOSPC, full, str(self.root)))}"
                )
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise RunnerError(f"{' '.join(argv[:2])} failed for Debian {self.name}: {last}; is the mirror reachable?")
        return done.stdout

    def update(self) -> None:
        """Fetch the suite's package lists. Raises RunnerError."""
        try:
            self._update()
        except OSError as error:
            raise RunnerError(f"the package lists of Debian {self.name} cannot be kept: {sentence(error)}") from error

    def _update(self) -> None:
        for folder in ("state/lists/partial", "cache/archives/partial"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        (self.root / "status").touch()
        lines = [f"deb [signed-by={KEYRING}] {mirror()} {self.name} main\n"]
        if self.name in ("bullseye", "bookworm", "trixie"):
            lines.append(f"deb [signed-by={KEYRING}] {mirror('debian-security')} {self.name}-security main\n")
        (self.root / "sources.list").write_text("".join(lines), encoding="utf-8")
        with locked(self.root / "lock"):
            self._apt("apt-get", "update")

    def packages(self, pattern: str) -> list[str]:
        """The names of all packages that match a regular expression, whole."""
        names = self._apt("apt-cache", "pkgnames").split()
        return [name for name in names if re.fullmatch(pattern, name)]

    def version(self, package: str) -> str:
        """The version that would be installed. Raises RunnerError when there is none."""
        found = re.search(r"Candidate: (\S+)", self._apt("apt-cache", "policy", package))
        if not found or found[1] == "(none)":
            raise RunnerError(f"Debian {self.name} has no package {package}")
        return found[1]

    def sizes(self, packages: Sequence[str]) -> dict[str, int]:
        """How large the files of packages are that would be installed, in bytes. Raises RunnerError."""
        if not packages:
            return {}
        found = dict.fromkeys(packages, 0)
        for stanza in self._apt("apt-cache", "show", "--no-all-versions", *packages).split("\n\n"):
            fields = dict(line.split(": ", 1) for line in stanza.splitlines() if re.match(r"(Package|Size): ", line))
            if fields.get("Package") in found:
                found[fields["Package"]] = int(fields.get("Size", 0))
        return found

    def download(self, package: str, into: Path) -> Path:
        """Fetch a package's file into a directory. Raises RunnerError."""
        self._apt("apt-get", "download", package, folder=into)
        found = next(iter(into.glob(f"{package}_*.deb")), None)
        if found is None:
            raise RunnerError(f"apt-get brought no {package} for Debian {self.name}; is the mirror whole?")
        return found


def unpack(deb: Path, into: Path, members: Sequence[str] = ()) -> None:
    """Unpack a package's files (only those below `members`, if any are given) without installing it."""
    try:
        with children.child(["dpkg-deb", "--fsys-tarfile", str(deb)], stderr=subprocess.DEVNULL) as source:
            done = children.run(["tar", "-x", "-C", str(into), "--no-same-owner", *members], stdin=source.stdout)
            assert source.stdout is not None
            source.stdout.close()
            failed = source.wait()
    except OSError as error:
        raise RunnerError(f"{deb.name} could not be unpacked: {error}; run `conformance doctor --install`") from error
    if done.returncode or failed:
        raise RunnerError(f"{deb.name} could not be unpacked: {done.stderr.strip() or 'dpkg-deb failed'}")
