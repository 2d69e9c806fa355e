from __future__ import annotations

import pytest

from conformance.cli import exec as module
from conformance.model import Target
from conformance.run.errors import Exit
from conformance.run.inside import Ended
from runners.base import Runner, RunnerError
from tests.conformance.cli.command import told
from tests.fakes import FakeRunner

DONE = Ended(0)


class Machine:
    """What was asked for, in the place of a guest."""

    def __init__(self, ended: Ended | Exception) -> None:
        self.asked: list[tuple[Target, bool]] = []
        self.argv: tuple[str, ...] = ()
        self._ended = ended

    def runner_for(self, target: Target, *, cold: bool = False) -> Runner:
        """In the place of the registry's."""
        self.asked.append((target, cold))
        return FakeRunner(())

    def run_inside(self, runner: Runner, argv: tuple[str, ...]) -> Ended:
        """In the place of a real one."""
        self.argv = argv
        if isinstance(self._ended, Exception):
            raise self._ended
        return self._ended


def machine(monkeypatch: pytest.MonkeyPatch, ended: Ended | Exception = DONE) -> Machine:
    found = Machine(ended)
    monkeypatch.setattr(module, "runner_for", found.runner_for)
    monkeypatch.setattr(module, "run_inside", found.run_inside)
    return found


def test_what_stands_behind_two_dashes_is_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    found = machine(monkeypatch, Ended(42))
    assert told("exec", "lts", "--cold", "--", "uname", "-r", "--kernel").status == 42
    assert found.argv == ("uname", "-r", "--kernel")
    ((target, cold),) = found.asked
    assert (target.name, target.given, cold) == ("lts", {}, True)


@pytest.mark.parametrize("given", ["debian:6.12", "lts=debian:6.12"])
def test_a_kernel_needs_no_target_before_it(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    found = machine(monkeypatch)
    assert told("exec", "lts", "--kernel", given, "--", "true").status == 0
    assert found.asked[0][0].taken == {"kernel": "debian:6.12"}


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("native", "--kernel", "debian:6.1", "--", "true"), "native is no target of the runner qemu"),
        (("nobody", "--", "true"), "there is no target nobody"),
        (("lts",), "Missing argument"),
    ],
)
def test_what_cannot_be_understood_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], word: str
) -> None:
    found = machine(monkeypatch)
    done = told("exec", *arguments)
    assert done.status == Exit.USAGE
    assert word in done.err
    assert found.asked == []


def test_a_guest_that_there_is_not_is_the_harness(monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, RunnerError("it has\ngone"))
    done = told("exec", "lts", "--", "true")
    assert (done.status, done.err.splitlines()) == (Exit.FAILED, ["conformance: it has gone"])


def test_why_a_command_was_not_started_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, Ended(127, "there is no x in the guest"))
    done = told("exec", "lts", "--", "x")
    assert (done.status, done.err.splitlines()) == (127, ["conformance: there is no x in the guest"])
