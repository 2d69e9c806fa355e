"""`conformance kernels`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.run.errors import Exit
from runners.base import RunnerError
from runners.kernels import images
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
        (("boil", "wsl2"), Exit.USAGE, "boil"),
    ],
)
def test_what_there_is_not_is_refused_before_anything_is_fetched(
    arguments: tuple[str, ...], status: Exit, words: str
) -> None:
    done = told("kernels", *arguments)
    assert (done.status, words in done.err) == (status, True), done.err
