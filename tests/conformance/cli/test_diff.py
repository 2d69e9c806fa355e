"""`conformance diff`: what its command line says, and how it ends; what is compared is in `run/test_comparing.py`."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.model import Outcome
from conformance.run.errors import Exit
from tests.builders import result
from tests.conformance.cli.command import Answered, told
from tests.conformance.run.runs import FIRST, Said, many, said, with_first, write


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder that has expectations of nothing."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "expectations.toml").touch()


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A run of `lts` beside this machine, in which everything passes."""
    return write(tmp_path / "old", native=Said(), lts=Said())


def diff(*arguments: str | Path) -> Answered:
    """Compare."""
    return told("diff", *arguments)


def test_a_run_beside_itself_is_as_before(old: Path) -> None:
    done = diff(old, old)
    assert (done.status, done.err) == (Exit.EXPECTED, "")
    assert done.out.splitlines() == ["native (6.1.0): 8 as before", "lts (6.1.0): 8 as before"]


def test_lost_evidence_is_graver_than_a_regression(old: Path, tmp_path: Path) -> None:
    new = write(tmp_path / "new", native=Said(), lts=Said(with_first(*said(Outcome.FAILED)[:1])))
    assert diff(old, new).status == Exit.UNEXPECTED
    less = write(tmp_path / "less", native=Said(), lts=Said(with_first(*said(Outcome.FAILED)[:1])[:-1]))
    done = diff(old, less)
    assert done.status == Exit.INCOMPLETE
    assert done.out.startswith("lost evidence (")
    assert f"regression: lts {FIRST}" in done.out


def test_what_only_one_run_has_can_be_left_out(old: Path, tmp_path: Path) -> None:
    less = write(tmp_path / "less", native=Said())
    assert diff(old, less).status == Exit.INCOMPLETE
    assert diff(old, less, "--common").status == Exit.EXPECTED


def test_targets_of_other_names_can_be_paired(old: Path, tmp_path: Path) -> None:
    new = write(tmp_path / "new", native=Said(), next=Said(said(read=1)))
    done = diff(old, new, "--pair", "lts=next")
    assert (done.status, done.out.splitlines()[0]) == (Exit.UNEXPECTED, "lts → next (6.1.0): 0 as before, 8 changed")


def test_only_some_areas_can_be_compared(old: Path, tmp_path: Path) -> None:
    new = write(tmp_path / "new", native=Said(), lts=Said(said()[:4]))
    assert diff(old, new, "cases/files").status == diff(old, new, "files").status == Exit.EXPECTED
    assert diff(old, new, "netlink").status == Exit.INCOMPLETE


def test_what_does_not_agree_with_itself_is_a_gate_that_can_be_chosen(old: Path, tmp_path: Path) -> None:
    new = write(tmp_path / "new", native=Said(), lts=Said(with_first(said()[0], result(Outcome.CRASH), said()[0])))
    assert diff(old, new).status == Exit.UNEXPECTED
    assert diff(old, new, "--flaky=warn").status == Exit.EXPECTED
    assert diff(old, new, "--flaky=fail").status == Exit.UNEXPECTED


def test_a_change_that_is_expected_of_the_newer_kernel_is_accepted(old: Path, tmp_path: Path) -> None:
    new = write(tmp_path / "new", native=Said(), lts=Said(with_first(*said(Outcome.FAILED)[:1]), release="6.12.1"))
    known = tmp_path / "lts.toml"
    known.write_text(
        f'[[explained]]\ncase = "{FIRST}"\nverdict = "fails"\nreason = "restricted"\nwhen = "kernel >= 6.2"\n'
    )
    assert diff(old, new).status == Exit.UNEXPECTED
    assert diff(old, new, "--expectations", known).status == Exit.EXPECTED


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("no-such",), "no results at no-such"),
        (("{old}:wsl3",), "has no target wsl3"),
        (("{old}", "--pair", "a"), "OLD=NEW"),
    ],
)
def test_what_cannot_be_compared_is_a_sentence(arguments: tuple[str, ...], words: str, old: Path) -> None:
    done = diff(old, *(each.format(old=old) for each in arguments))
    assert (done.status, words in done.err) == (Exit.USAGE, True), done


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_lines_fit_the_terminal(columns: int, old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    other = Said([*many(Outcome.FAILED).results, *said(read=1)])
    new = write(tmp_path / "new", native=Said(), lts=other)
    lines = diff(old, new, "--full").out.splitlines()
    assert len(lines) > 60
    assert max(map(len, lines)) <= columns
