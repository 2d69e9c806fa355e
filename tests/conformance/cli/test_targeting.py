from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from conformance.cli.targeting import Available, available, given_options, given_to_one, the_one
from conformance.model import Target
from conformance.run.errors import UsageError

TARGETS = """
[target.native]
runner = "local"
[target.lts]
runner = "qemu"
kernel = "debian:6.1"
[target.gvisor]
runner = "gvisor"
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder with a file of targets, and a build of runsc."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CONFORMANCE_WSL2_KERNEL", raising=False)
    (tmp_path / "targets.toml").write_text(TARGETS)
    (tmp_path / "runsc").write_text("#!/bin/sh\n")
    (tmp_path / "runsc").chmod(0o755)


def ran(command: click.Command, *arguments: str) -> Any:
    """What a command returns. Raises what it raises."""
    done = CliRunner().invoke(command, arguments, standalone_mode=False)
    if done.exception:
        raise done.exception
    return done.return_value


@click.command()
@given_options
@click.pass_context
def several(context: click.Context) -> Available:
    """A command that has several targets."""
    return available(context, None)


@click.command()
@given_to_one
@click.argument("name")
@click.pass_context
def one(context: click.Context, name: str) -> Target:
    """A command that has one."""
    return the_one(context, None, name)


def test_without_options_the_targets_are_those_of_the_file() -> None:
    found = ran(several)
    assert (list(found.targets), found.added, found.given) == (["native", "lts", "gvisor"], (), ())


def test_what_is_given_to_a_target_is_known_to_it_and_whose_it_is() -> None:
    found = ran(several, "--kernel", "lts=debian:6.12")
    assert found.targets["lts"].given == {"kernel": "debian:6.12"}
    assert (found.added, found.given) == ((), ("lts",))


def test_a_build_that_is_named_is_a_target_of_its_own(tmp_path: Path) -> None:
    found = ran(several, "--runsc", "old=./runsc")
    assert list(found.targets) == ["native", "lts", "gvisor", "old"]
    assert found.targets["old"].given == {"binary": str(tmp_path.resolve() / "runsc")}
    assert (found.added, found.given) == (("old",), ("old",))


@pytest.mark.parametrize("given", ["debian:6.12", "lts=debian:6.12"])
def test_a_command_with_one_target_needs_no_name_before_what_is_given(given: str) -> None:
    target = ran(one, "lts", "--kernel", given)
    assert (target.name, target.given) == ("lts", {"kernel": "debian:6.12"})


def test_a_target_that_there_is_not_is_told_with_those_that_there_are() -> None:
    with pytest.raises(UsageError, match=r"wsl3.*native, lts, gvisor"):
        ran(one, "wsl3")


@pytest.mark.parametrize("word", ["nonsense", "native=debian:6.1", "nobody=debian:6.1"])
def test_what_cannot_be_given_to_a_target_is_refused(word: str) -> None:
    with pytest.raises(UsageError, match="--kernel"):
        ran(several, "--kernel", word)
