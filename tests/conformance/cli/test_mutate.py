"""`conformance mutate`: what its command line says, and how it ends."""

from __future__ import annotations

import json

import pytest

from conformance.run.errors import Exit
from tests.conformance.cli.command import is_one_sentence, told
from tests.executors import needs_lies


def test_a_score_is_told_and_the_status_is_0() -> None:
    needs_lies()
    done = told("mutate", "--call", "fork", "--programs", "-j", "1")
    assert (done.status, done.out.split("\n")[0].split()) == (
        Exit.EXPECTED,
        ["chapter", "faults", "caught", "%", "survived", "not", "exercised"],
    )
    assert "4 faults not exercised:\n  fork: refused; another errno; nothing done; off by one\n" in done.out


@pytest.mark.parametrize(("percent", "status"), [("0", Exit.EXPECTED), ("1", Exit.UNEXPECTED)])
def test_less_than_was_asked_for_is_status_1(percent: str, status: Exit) -> None:
    needs_lies()  # no program may make it
    assert told("mutate", "--call", "fork", "--programs", "--at-least", percent).status == status


def test_nothing_that_could_be_measured_is_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    needs_lies()
    monkeypatch.setattr("conformance.mutate.conduct.mutants_of", lambda _: [])
    done = told("mutate", "--call", "umask", "--programs", "--at-least", "85")
    assert done.status == Exit.INCOMPLETE
    assert is_one_sentence(done.err)


def test_json_has_every_fault() -> None:
    needs_lies()
    data = json.loads(told("mutate", "--call", "umask", "--programs", "-f", "json").out)
    assert data["percent"] == 100
    assert [each["end"] for each in data["faults"]] == ["caught", "caught", "caught"]
    assert [each["fault"] for each in data["left_out"]] == ["another errno"]


@pytest.mark.parametrize("arguments", [("nowhere",), ("--call", "nothing"), ("sockets", "--call", "umask")])
def test_what_is_not_there_is_a_usage_error(arguments: tuple[str, ...]) -> None:
    done = told("mutate", *arguments)
    assert done.status == Exit.USAGE
    assert is_one_sentence(done.err)


def test_who_may_not_lie_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    done = told("mutate", "--call", "umask")
    assert (done.status, done.out) == (Exit.FAILED, "")
    assert is_one_sentence(done.err)
    assert "lying takes root" in done.err
