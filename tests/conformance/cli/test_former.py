"""Options by the names that they had before."""

from __future__ import annotations

import importlib
from pathlib import Path

import click
import pytest

from conformance.cli import COMMANDS
from conformance.cli.former import FORMER, by_their_new_names
from conformance.run.errors import Exit
from tests.conformance.cli.command import told


def options(command: str) -> set[str]:
    """All spellings that a command's parser knows."""
    parsed: click.Command = importlib.import_module(f"conformance.cli.{command}").command
    return {option for parameter in parsed.params for option in parameter.opts}


@pytest.mark.parametrize("command", sorted(FORMER))
def test_the_new_names_are_options_of_the_command_and_the_former_are_not(command: str) -> None:
    assert command in COMMANDS
    assert set(FORMER[command].values()) <= options(command)
    assert not FORMER[command].keys() & options(command)


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (["--profile", "dev", "netlink"], ["--effort", "dev", "netlink"]),
        (["--profile=dev", "netlink"], ["--effort=dev", "netlink"]),
        (["--effort", "dev"], ["--effort", "dev"]),
        (["-t", "lts", "--", "--profile"], ["-t", "lts", "--", "--profile"]),
        (["--profiles"], ["--profiles"]),
    ],
)
def test_an_option_by_its_former_name_is_read_as_what_it_is_called_now(
    given: list[str], read: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert by_their_new_names("run", given) == read
    said = "note: --profile is --effort now, and will not be known by its old name\n"
    assert capsys.readouterr().err == (said if given != read else "")


def test_another_commands_option_of_that_name_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert by_their_new_names("fuzz", ["--profile", "dev"]) == ["--profile", "dev"]
    assert by_their_new_names(None, ["--profile"]) == ["--profile"]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("arguments", "said", "wrong"),
    [
        (
            ("run", "--profile", "weekly"),
            "--profile is --effort now",
            "'weekly' is not one of 'gate', 'nightly', 'dev'",
        ),
        (("fuzz", "--area=fils", "--time", "1s"), "--area is --chapter now", "there is no chapter fils"),
    ],
    ids=["run", "fuzz"],
)
def test_a_command_takes_its_former_options_and_says_so(
    arguments: tuple[str, ...], said: str, wrong: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = told(*arguments)
    assert done.status == Exit.USAGE
    assert said in done.err
    assert wrong in done.err
