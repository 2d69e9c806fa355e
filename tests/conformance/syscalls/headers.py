"""Debian's newest headers of a released kernel, fetched once: for tests that hold tables and structs against them."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from runners.base import RunnerError
from runners.host.cache import cache_root, locked
from runners.kernels.debian import Suite, unpack

NEWEST = ("sid", "trixie-backports")
"""The suites of which one has the newest."""
PACKAGE = "linux-libc-dev"


def by_version(version: str) -> list[int]:
    """Something to order versions of kernels by."""
    return [int(number) for number in re.findall(r"\d+", version.partition("-")[0])]


@cache
def newest_headers() -> Path:
    """Where Debian's newest headers are, fetched once a version. Raises RunnerError."""
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
    return place / "usr"


def newest_options() -> tuple[str, ...]:
    """Options with which the compiler reads these headers and no others; skips where they cannot be had."""
    try:
        usr = newest_headers()
    except (RunnerError, OSError) as error:
        pytest.skip(f"Debian's newest {PACKAGE} cannot be fetched: {error}")
    places = (usr / "include/x86_64-linux-gnu", usr / "lib/linux/uapi/x86", usr / "include")
    return ("-nostdinc", *(f"-I{place}" for place in places if place.exists()))
