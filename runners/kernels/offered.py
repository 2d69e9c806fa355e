"""What kernels can be had, by the names by which targets can have them: of Debian's archive, and of a feed for WSL2."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from runners.base import RunnerError
from runners.kernels import feed, images, microsoft
from runners.kernels.debian import SUITES, Suite
from runners.kernels.download import host


@dataclass(frozen=True, slots=True)
class Offer:
    """A kernel that can be had."""

    name: str
    """As `--kernel` takes it."""
    release: str
    """As far as it is known before it is here: `6.12.117+deb12-cloud-amd64`, `6.18.33.2`."""
    bytes: int
    """What is downloaded for it."""
    where: str
    """Who has it."""


@dataclass(frozen=True, slots=True)
class Offered:
    """What can be had, and of whom nobody could ask it, as sentences."""

    offers: list[Offer]
    unasked: list[str]


def offered(series: str = "", asking: Callable[[str], None] = lambda _: None) -> Offered:
    """All that can be had, oldest first: one of each series of Debian's, or all of a series; WSL2's likewise.

    `asking` is told who is asked.
    """
    found: dict[str, Offer] = {}
    unasked = []
    for where, ask in (*((f"Debian {name}", _debian(name)) for name in SUITES), (_feed(), _wsl2)):
        asking(where)
        try:
            for each in ask(series):
                found.setdefault(each.name, each)  # the first suite that has it is the one that it comes from
        except RunnerError as error:
            unasked.append(str(error))
    return Offered(sorted(found.values(), key=lambda each: order(each.name)), unasked)


def order(name: str) -> tuple[str, bool, list[int]]:
    """How names of kernels are sorted: by source, then by version, `newest` last."""
    source, _, version = name.partition(":")
    return source, version == images.NEWEST, images.by_version(version)


def _feed() -> str:
    return f"the feed of {host(feed.given().index)}"


def _debian(name: str) -> Callable[[str], Iterator[Offer]]:
    def ask(series: str) -> Iterator[Offer]:
        suite = Suite(name)
        suite.update()
        kernels = images.debian_kernels(suite, series or images.NEWEST)
        named = {images.debian_name(each, whole=bool(series)): each for each, parts in kernels.items() if parts}
        if name == images.NEWEST_SUITE and named and not series:
            named[f"debian:{images.NEWEST}"] = max(named.values(), key=images.by_version)
        sizes = suite.sizes([part for each in named.values() for part in kernels[each]])
        for called, package in named.items():
            size = sum(sizes[part] for part in kernels[package])
            yield Offer(called, package.removeprefix("linux-image-"), size, f"Debian {name}")

    return ask


def _wsl2(series: str) -> Iterator[Offer]:
    for version in feed.given().versions():
        if feed.fits(version, series):
            yield Offer(f"{images.WSL2}:{version}", version.partition("-")[0], microsoft.BYTES, _feed())
