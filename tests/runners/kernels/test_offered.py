from __future__ import annotations

from pathlib import Path

import pytest

from runners.base import RunnerError
from runners.kernels import feed
from runners.kernels.debian import SUITES
from runners.kernels.feed import Feed
from runners.kernels.microsoft import BYTES
from runners.kernels.offered import Offer, offered, order
from tests.programs import put

NAMES = {
    "bookworm": ("image-6.1.0-9", "image-6.1.0-56", "image-6.12.107+deb12"),
    "trixie": ("image-6.12.118+deb13",),
    "trixie-backports": ("image-7.2.9", "base-7.2.9", "modules-7.2.9", "image-7.1.3", "binary-7.1.3"),
    "sid": ("image-7.2.13",),
}
"""What the mirror here has. 7.2.9 comes in parts, and 7.1.3 without its modules."""
STANZA = r"Package: %s\nSize: 1000000\nDescription: x\n\n"
SIZE = f"for each; do case $each in linux-*) printf '{STANZA}' $each;; esac; done"


@pytest.fixture(autouse=True)
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An apt that knows these packages, of a million bytes each; and no feed."""
    monkeypatch.setenv("CONFORMANCE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(Feed, "versions", lambda _: ["6.6.87.2-1", "6.18.33.2-2", "6.18.40.1-1"])
    cases = "".join(
        rf"*/apt/{suite}/*pkgnames) printf 'linux-%s-cloud-amd64\n' {' '.join(has)};;" for suite, has in NAMES.items()
    )
    apt_cache = f'case "$*" in *" show "*) {SIZE};; {cases} esac'
    put(monkeypatch, tmp_path / "bin", {"apt-get": "exit 0", "apt-cache": apt_cache})


def test_the_newest_of_each_series_is_offered_by_the_suite_that_it_comes_from() -> None:
    asked: list[str] = []
    found = offered(asking=asked.append)
    assert found.unasked == []
    assert found.offers == [
        Offer("debian:6.1", "6.1.0-56-cloud-amd64", 1_000_000, "Debian bookworm"),
        Offer("debian:6.12", "6.12.107+deb12-cloud-amd64", 1_000_000, "Debian bookworm"),
        Offer("debian:7.2", "7.2.9-cloud-amd64", 2_000_000, "Debian trixie-backports"),
        Offer("debian:newest", "7.2.13-cloud-amd64", 1_000_000, "Debian sid"),
        *(
            Offer(f"wsl2:{version}", version[:-2], BYTES, "the feed of pkgs.dev.azure.com")
            for version in ("6.6.87.2-1", "6.18.33.2-2", "6.18.40.1-1")
        ),
    ]
    assert asked == [*(f"Debian {name}" for name in SUITES), "the feed of pkgs.dev.azure.com"]


@pytest.mark.parametrize(
    ("series", "names"),
    [
        ("6.12", ["debian:6.12.107+deb12", "debian:6.12.118+deb13"]),
        ("6.1", ["debian:6.1.0-9", "debian:6.1.0-56"]),
        ("7.1", []),
        ("6.18", ["wsl2:6.18.33.2-2", "wsl2:6.18.40.1-1"]),
    ],
)
def test_of_a_series_every_kernel_is_offered(series: str, names: list[str]) -> None:
    assert [each.name for each in offered(series).offers] == names


def test_who_cannot_be_reached_is_told_and_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: Feed) -> list[str]:
        raise RunnerError("x cannot be reached")

    monkeypatch.setattr(Feed, "versions", fails)
    found = offered("6.1")
    assert (len(found.offers), found.unasked) == (2, ["x cannot be reached"])


def test_an_address_of_a_feed_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setenv(feed.VARIABLE, "nonsense")
    monkeypatch.setattr("runners.kernels.offered.SUITES", ())
    found = offered()
    assert (found.offers, len(found.unasked)) == ([], 1)
    assert "nonsense" in found.unasked[0]


def test_versions_are_numbers_and_the_newest_of_all_comes_last() -> None:
    names = ["debian:newest", "wsl2:6.1", "debian:6.12.9+deb12", "debian:6.12.107+deb12", "debian:6.2"]
    assert sorted(names, key=order) == [
        *("debian:6.2", "debian:6.12.9+deb12", "debian:6.12.107+deb12", "debian:newest", "wsl2:6.1")
    ]
