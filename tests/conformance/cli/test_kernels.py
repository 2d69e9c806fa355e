"""`conformance kernels`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.run.errors import Exit
from runners.base import RunnerError
from runners.kernels import cached, images, microsoft
from runners.kernels.cached import Kept
from runners.kernels.kernel import Kernel
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


def test_kernels_that_are_kept_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cached, "kept", list)
    assert "no kernels in the cache: `conformance kernels fetch 6.12`" in told("kernels", "list").out
    kernel = Kernel(Path("/cache/bzImage"), "6.18.33.2-microsoft", "a file \x1b[2J")
    monkeypatch.setattr(cached, "kept", lambda: [Kept("wsl2:6.18.33.2-2", kernel, 45_000_000)])
    done = told("kernels", "list")
    assert done.status == Exit.EXPECTED
    words = done.out.splitlines()[-1].split()
    assert words[:6] == ["wsl2:6.18.33.2-2", "6.18.33.2-microsoft", "45", "MB", "a", "file"]
    assert "\x1b" not in done.out


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
    ],
)
def test_what_there_is_not_is_refused_before_anything_is_fetched(
    arguments: tuple[str, ...], status: Exit, words: str
) -> None:
    done = told("kernels", *arguments)
    assert (done.status, words in done.err) == (status, True), done.err
