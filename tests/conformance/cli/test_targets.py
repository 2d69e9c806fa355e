"""`conformance targets`."""

from __future__ import annotations

from pathlib import Path

import pytest

import conformance.cli.targets as module
from conformance.model import Target
from conformance.run.errors import Exit
from runners.base import RunnerError
from runners.declaration import Declaration
from tests.conformance.cli.command import told
from tests.fakes import FakeRunner

TWO = "[target.native]\nrunner = 'local'\n[target.other]\nrunner = 'gvisor'\n"
ERRORS = [OSError(30, "Read-only file system", "/home/x"), RunnerError("the cache is full: make room")]


class Failing(FakeRunner):
    """Fails in one of the things that it is asked."""

    def __init__(self, asked: str, error: Exception) -> None:
        super().__init__(())
        self._asked, self._error = asked, error

    def missing(self) -> str | None:
        """See `Runner`."""
        if self._asked == "missing":
            raise self._error
        return None

    def describe(self) -> list[str]:
        """See `Runner`."""
        if self._asked == "describe":
            raise self._error
        return ["all is well"]


@pytest.mark.parametrize("error", ERRORS, ids=["os", "runner"])
@pytest.mark.parametrize("asked", ["missing", "describe"])
def test_a_target_that_fails_to_say_what_it_is_hides_no_other(
    asked: str, error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def runner(target: Target) -> FakeRunner:
        return Failing(asked if target.name == "native" else "", error)

    monkeypatch.setattr(module, "runner_for", runner)
    (tmp_path / "targets.toml").write_text(TWO)
    done = told("targets", "-v", "--targets", tmp_path / "targets.toml")
    assert (done.status, done.err) == (Exit.EXPECTED, "")
    assert str(error) in done.out
    assert "other:\n  all is well" in done.out


def test_a_home_that_cannot_be_written_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_CACHE_HOME", "CONFORMANCE_CACHE"):
        monkeypatch.setenv(name, "/proc/no-such-folder")
    done = told("targets", "-v")
    assert (done.status, done.err) == (Exit.EXPECTED, "")
    assert "native:\n  this kernel" in done.out


def test_a_runner_that_cannot_be_loaded_is_a_sentence_and_no_fault_of_the_suite(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken() -> dict[str, Declaration]:
        raise RunnerError("the runner x (y:z) cannot be loaded: ImportError('no')")

    monkeypatch.setattr("conformance.run.targets.declarations", broken)
    done = told("targets")
    assert (done.status, done.err) == (
        Exit.FAILED,
        "conformance: the runner x (y:z) cannot be loaded: ImportError('no')\n",
    )
