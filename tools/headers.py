"""Debian's newest headers of a released kernel, fetched once, and the compiler's options for them."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from conformance.places import cache_root
from runners.host.cache import locked
from runners.kernels.debian import Suite, unpack

NEWEST = ("sid", "trixie-backports")
"""The suites of which one has the newest."""
PACKAGE = "linux-libc-dev"


class Headers(NamedTuple):
    """The headers of a version of the package."""

    version: str
    usr: Path
    """What the package has below `/usr`."""

    @property
    def places(self) -> tuple[Path, ...]:
        """Where the compiler is to look, for x86-64."""
        places = (
            self.usr / "include/x86_64-linux-gnu",
            self.usr / "lib/linux/uapi/x86",
            self.usr / "include",
        )
        return tuple(each for each in places if each.exists())

    @property
    def options(self) -> tuple[str, ...]:
        """Options with which the compiler reads these headers and no others."""
        return ("-nostdinc", *(f"-I{each}" for each in self.places))


def by_version(version: str) -> list[int]:
    """Something to order versions of kernels by."""
    return [int(number) for number in re.findall(r"\d+", version.partition("-")[0])]


@cache
def newest_headers() -> Headers:
    """Debian's newest headers, fetched once a version. Raises RunnerError, OSError."""
    suites = {}
    for name in NEWEST:
        suite = Suite(name)
        suite.update()
        suites[suite.version(PACKAGE)] = suite
    version = max(suites, key=by_version)
    place = cache_root() / "headers" / re.sub(r"\W", "-", version)
    with locked(cache_root() / "headers.lock"):
        if not (place / "usr").exists():
            place.mkdir(parents=True, exist_ok=True)
            deb = suites[version].download(PACKAGE, place)
            unpack(deb, place, ("./usr/include", "./usr/lib/linux"))
            deb.unlink()
    return Headers(version, place / "usr")
