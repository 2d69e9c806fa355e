"""`conformance kernels`."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.run.errors import Exit
from runners.base import RunnerError
from runners.kernels import cached, images, microsoft, offered, pruning
from runners.kernels.cached import Kept
from runners.kernels.kernel import Kernel
from runners.kernels.offered import Offer, Offered
from tests.conformance.cli.command import is_one_sentence, told


def test_what_was_fetched_is_told_with_where_it_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "debian", lambda series: Kernel(Path("/cache/vmlinuz"), f"{series}.9-cloud", "a test"))
    done = told("kernels", "fetch", "6.12")
    assert (done.status, done.out) == (Exit.EXPECTED, "6.12.9-cloud: /cache/vmlinuz (a test)\n")


def test_what_was_built_is_told_with_where_it_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    def build(progress: Callable[[str, int], None]) -> Path:
        progress("compiling", 17)
        return Path("/cache/bzImage")

    monkeypatch.setattr(images, "build_wsl2", build)
    done = told("kernels", "build", "wsl2")
    assert (done.status, done.out.splitlines()[-1]) == (Exit.EXPECTED, "wsl2: /cache/bzImage")


def test_wsl2s_kernel_is_fetched_by_its_version_or_taken_from_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def brings(kind: str) -> Callable[..., tuple[str, Kernel]]:
        def bring(*given: object) -> tuple[str, Kernel]:
            *words, progress = given
            assert callable(progress)
            for stage, done, total in (
                ("downloading", 0, 150_000_000),
                ("downloading", 9, 150_000_000),
                ("more", 0, None),
            ):
                progress(stage, done, total)
            return "6.18.33.2-2", Kernel(Path("/cache/bzImage"), "6.18.33.2-microsoft", f"{kind} of {words}")

        return bring

    monkeypatch.setattr(microsoft, "fetch", brings("the package"))
    monkeypatch.setattr(microsoft, "take_from", brings("the file"))
    for arguments, origin in (
        (("wsl2",), "the package of ['']"),
        (("wsl2:6.18",), "the package of ['6.18']"),
        (("wsl2:6.18", "--from", "x.msi"), "the file of [PosixPath('x.msi'), '6.18']"),
    ):
        done = told("kernels", "fetch", *arguments)
        assert (done.status, done.out) == (
            Exit.EXPECTED,
            f"wsl2:6.18.33.2-2: /cache/bzImage (6.18.33.2-microsoft, from {origin})\n",
        )
        assert done.err == "downloading (150 MB)\nmore\n"


def kernel(release: str, origin: str = "a test") -> Kernel:
    return Kernel(Path("/cache/bzImage"), release, origin)


@pytest.fixture
def some(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache with three kernels, and three that can be had; of one more nobody could be asked."""
    kept = [
        Kept("debian:6.12", kernel("6.12.107+deb12-cloud-amd64"), 47_000_000),
        Kept("debian:newest", kernel("7.2.13+deb14-cloud-amd64"), 53_000_000),
        Kept("wsl2:6.18.33.2-2", kernel("6.18.33.2-microsoft", "a file \x1b[2J, sha256 12"), 45_000_000),
    ]

    def asked(series: str, asking: Callable[[str], None]) -> Offered:
        asking("Debian bookworm")
        found = [
            Offer("debian:6.1", "6.1.0-56-cloud-amd64", 27_000_000, "Debian bookworm"),
            Offer("debian:6.12", "6.12.117+deb12-cloud-amd64", 34_000_000, "Debian bookworm"),
            Offer("wsl2:6.18.40.1-1", "6.18.40.1", 150_000_000, "a feed"),
        ]
        return Offered([each for each in found if series in each.name], ["a.example cannot be reached: \x1b[2J"])

    monkeypatch.setattr(cached, "kept", lambda: kept)
    monkeypatch.setattr(offered, "offered", asked)


@pytest.mark.usefixtures("some")
def test_what_can_be_had_is_listed_with_what_is_kept() -> None:
    done = told("kernels", "list")
    assert done.status == Exit.EXPECTED
    assert [re.split(" {2,}", line) for line in done.out.splitlines()[2:] if not line.startswith(" ")] == [
        ["debian:6.1", "6.1.0-56-cloud-amd64", "-", "27 MB", "Debian bookworm"],
        [
            *("debian:6.12", "6.12.107+deb12-cloud-amd64", "47 MB", "34 MB"),
            "Debian bookworm, which has 6.12.117+deb12 by now",
        ],
        ["debian:newest", "7.2.13+deb14-cloud-amd64", "53 MB", "-", "a test"],
        ["wsl2:6.18.33.2-2", "6.18.33.2-microsoft", "45 MB", "-", "a file \N{REPLACEMENT CHARACTER}[2J"],
        ["wsl2:6.18.40.1-1", "6.18.40.1", "-", "150 MB", "a feed"],
    ]
    assert (
        done.err == "asking Debian bookworm\nconformance: a.example cannot be reached: \N{REPLACEMENT CHARACTER}[2J\n"
    )


@pytest.mark.usefixtures("some")
@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (("6.12",), ["debian:6.12"]),
        (("6.18",), ["wsl2:6.18.33.2-2", "wsl2:6.18.40.1-1"]),
        (("7.2",), ["debian:newest"]),
        (("--cached",), ["debian:6.12", "debian:newest", "wsl2:6.18.33.2-2"]),
        (("--cached", "6.18"), ["wsl2:6.18.33.2-2"]),
    ],
)
def test_a_series_is_listed_alone(arguments: tuple[str, ...], names: list[str]) -> None:
    done = told("kernels", "list", *arguments)
    assert [line.split()[0] for line in done.out.splitlines()[2:]] == names
    assert ("asking" in done.err) is ("--cached" not in arguments)


@pytest.mark.usefixtures("some")
def test_where_there_is_none_that_is_said() -> None:
    assert told("kernels", "list", "5.4").out == "There is no such kernel.\n"
    assert (
        "no such kernels in the cache: `conformance kernels fetch 6.12`"
        in told("kernels", "list", "--cached", "5.4").out
    )


@pytest.fixture
def targets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A targets file that has one of two kernels of the cache."""
    monkeypatch.setenv("CONFORMANCE_CACHE", str(tmp_path / "cache"))
    for name in ("debian-6.1", "debian-6.12"):
        (tmp_path / "cache/kernels" / name).mkdir(parents=True)
        (tmp_path / "cache/kernels" / name / "vmlinuz").write_bytes(b"x" * 2_000_000)
    path = tmp_path / "targets.toml"
    path.write_text('[target.native]\nrunner = "local"\n[target.a]\nrunner = "qemu"\nkernel = "debian:6.1"\n')
    return path


def test_what_no_target_has_is_removed_once_and_said(targets: Path) -> None:
    folder = targets.parent / "cache/kernels"
    done = told("kernels", "prune", "--dry-run", "--targets", str(targets))
    assert (done.status, done.out) == (Exit.EXPECTED, "debian:6.12: 2 MB\n2 MB would be free by that\n")
    assert (folder / "debian-6.12").is_dir()
    done = told("kernels", "prune", "--targets", str(targets))
    assert (done.status, done.out) == (Exit.EXPECTED, "debian:6.12: 2 MB\n2 MB are free by that\n")
    assert [path.name for path in folder.iterdir() if path.is_dir()] == ["debian-6.1"]
    assert told("kernels", "prune", "--targets", str(targets)).out.startswith("There is nothing in the cache")


def test_what_cannot_be_removed_ends_it_with_a_sentence(targets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: object) -> bool:
        raise RunnerError("debian:6.12 could not be removed; run as who owns it")

    monkeypatch.setattr(pruning, "remove", fails)
    done = told("kernels", "prune", "--targets", str(targets))
    assert done.status == Exit.FAILED
    assert is_one_sentence(done.err.strip()), done.err


@pytest.mark.parametrize(("name", "arguments"), [("debian", ("fetch", "6.12")), ("build_wsl2", ("build", "wsl2"))])
def test_what_cannot_be_had_is_one_sentence(
    name: str, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: object) -> None:
        raise RunnerError("there is no network; try again")

    monkeypatch.setattr(images, name, fails)
    done = told("kernels", *arguments)
    assert done.status == Exit.FAILED
    assert is_one_sentence(done.err.strip().splitlines()[-1]), done.err


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("build", "lts"), Exit.USAGE, "wsl2"),
        (("fetch",), Exit.USAGE, "SERIES"),
        (("fetch", "six"), Exit.FAILED, "debian:six names no kernel series"),
        (("fetch", "6.1", "--from", "x.msi"), Exit.USAGE, "--from is for WSL2's kernel"),
        (("fetch", "wsl2", "--from", "/absent.msi"), Exit.FAILED, "there is no file /absent.msi"),
        (("boil", "wsl2"), Exit.USAGE, "boil"),
        (("list", "six"), Exit.USAGE, "six is no series of kernels"),
    ],
)
def test_what_there_is_not_is_refused_before_anything_is_fetched(
    arguments: tuple[str, ...], status: Exit, words: str
) -> None:
    done = told("kernels", *arguments)
    assert (done.status, words in done.err) == (status, True), done.err


@pytest.mark.usefixtures("some")
def test_what_is_kept_is_told_with_its_digest_where_that_alone_is_listed() -> None:
    assert ", sha256 12" in told("kernels", "list", "--cached").out
