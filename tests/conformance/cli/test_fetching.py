from __future__ import annotations

from collections.abc import Callable, Collection

import pytest

from conformance.cli.fetching import bring
from conformance.model import Target
from runners.base import Runner, RunnerError
from runners.registry import Careful
from tests.fakes import FakeRunner

TARGETS = [Target("native", "local"), Target("wsl2", "qemu")]


class Lacking(FakeRunner):
    """Lacks something that can be had, or cannot."""

    def __init__(self, lacks: str | Exception, brings: Exception | None = None) -> None:
        super().__init__([])
        self.lacks, self.brings = lacks, brings
        self.brought = 0

    def lacking(self) -> str:
        """See `Brings`."""
        if isinstance(self.lacks, Exception):
            raise self.lacks
        return self.lacks

    def bring(self, progress: Callable[[str, int, int | None], None]) -> None:
        """See `Brings`."""
        progress("downloading", 0, 150_000_000)
        self.brought += 1
        if self.brings:
            raise self.brings


def said(capsys: pytest.CaptureFixture[str], runner: Lacking, asked: Collection[str] = ()) -> list[str]:
    """What is said of two targets, of which the second has that runner."""
    runners: dict[str, Runner] = {"native": FakeRunner([]), "wsl2": Careful(runner)}
    bring(TARGETS, lambda target: runners[target.name], asked)
    out, err = capsys.readouterr()
    assert out == ""
    return err.splitlines()


def test_what_a_target_lacks_is_fetched_once_that_was_said(capsys: pytest.CaptureFixture[str]) -> None:
    runner = Lacking("a kernel, about 150 MB from a.example")
    assert said(capsys, runner) == [
        "conformance: wsl2: fetching a kernel, about 150 MB from a.example; --offline does not",
        "downloading (150 MB)",
    ]
    assert runner.brought == 1


def test_where_nothing_is_lacking_nothing_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    runner = Lacking("")
    assert (said(capsys, runner), runner.brought) == ([], 0)


@pytest.mark.parametrize(
    ("asked", "what"),
    [((), "the run goes on without it: what it lacks"), (("wsl2",), "what it lacks")],
)
def test_who_cannot_be_reached_is_one_sentence(
    asked: Collection[str], what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    runner = Lacking(RunnerError("a.example cannot be reached"))
    assert said(capsys, runner, asked) == [
        f"conformance: wsl2: {what} could not be fetched: a.example cannot be reached"
    ]
    assert runner.brought == 0


@pytest.mark.parametrize("error", [RunnerError("the disk is full"), OSError(28, "the disk is full")])
def test_a_download_that_fails_is_a_sentence_and_no_end_of_the_run(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "could not be fetched: the disk is full" in said(capsys, Lacking("a kernel", error))[-1]
