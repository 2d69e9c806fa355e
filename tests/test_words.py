"""One word, one meaning: over the source of all modules, and what the command line says of itself."""

from __future__ import annotations

import ast
import importlib
import re
from collections import defaultdict

import click
import pytest

from conformance.cli import COMMANDS, cli
from conformance.cli.former import FORMER
from tests.test_architecture import OWN, ROOT, modules


def classes(path: str) -> list[str]:
    """The names of all classes of a module, wherever in it."""
    return [each.name for each in ast.walk(ast.parse((ROOT / path).read_text())) if isinstance(each, ast.ClassDef)]


@pytest.mark.parametrize("package", OWN)
def test_no_two_classes_of_a_package_have_one_name(package: str) -> None:
    found: dict[str, list[str]] = defaultdict(list)
    for path in modules():
        if path.startswith(f"{package}/"):
            for name in classes(path):
                found[name].append(path)
    assert found
    assert {name: paths for name, paths in found.items() if len(paths) > 1} == {}


# -- words that were given up

GIVEN_UP = {
    r"\bclass Row\b": ("class Row:", "a case held against the reference is a `Comparison`, a row what is drawn"),
    r"\bmatrix\.rows\b|\brows=": ("matrix.rows", "the cases of a matrix are its `comparisons`"),
    r"\bselection\.(timeout|profile|effort|repeat)\b": ("plan.selection.profile", "how cases are run is a `Conduct`"),
    r"guest[./]profiles\b|conformance-profile=": ("from conformance.guest.profiles", "how hard cases try is an effort"),
    r"table import .*\bareas\b|\bplan\.areas\b": ("plan.areas", "a folder of descriptions is a chapter"),
    r"\bFuzz\b|\bsearch[./]fuzz\b": ("from conformance.search.fuzz import Fuzz", "it is the `Search`"),
    r"\blockstep\b": ("benchmarks/lockstep.py", "it is the search, whose programs are run in lock-step"),
}
"""What is written so no more, as a pattern: an example of it, and what it is now."""


@pytest.mark.parametrize("pattern", GIVEN_UP, ids=[now for _, now in GIVEN_UP.values()])
def test_words_that_were_given_up_do_not_come_back(pattern: str) -> None:
    example, now = GIVEN_UP[pattern]
    assert re.search(pattern, example)
    places = [*map(ROOT.joinpath, modules()), *(ROOT / "benchmarks").glob("*.py")]
    assert len(places) > 100
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in places
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(pattern, f"{path.relative_to(ROOT)}: {line}")
    ]
    assert found == [], now


def help_of(command: str) -> str:
    """What a command says of itself."""
    parsed: click.Command = importlib.import_module(f"conformance.cli.{command}").command
    return parsed.get_help(click.Context(parsed, info_name=command))


@pytest.mark.parametrize("command", sorted(FORMER))
def test_the_help_of_a_command_has_its_options_by_their_names_of_today_alone(command: str) -> None:
    words = set(re.findall(r"--[a-z-]+", help_of(command)))
    assert set(FORMER[command].values()) <= words
    assert not FORMER[command].keys() & words


OF_CASES = {"coverage"}
"""Whose `--area` is a folder of cases, as the word has it."""


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_no_help_says_profile_of_an_effort_or_area_of_a_chapter(command: str) -> None:
    said = help_of(command) if command else cli.get_help(click.Context(cli, info_name="conformance"))
    assert "--profile" not in said
    assert ("--area" in said) is (command in OF_CASES)
    assert command not in ("fuzz", "replay") or not re.search(r"\bareas?\b", said)


def test_the_fuzz_command_says_that_it_is_the_search() -> None:
    assert "search" in COMMANDS["fuzz"].lower()
    assert "search" in help_of("fuzz").splitlines()[2].lower()


def test_commands_that_show_options_in_the_documents_use_the_names_of_today() -> None:
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    assert len(documents) > 5
    former = {(command, option) for command, options in FORMER.items() for option in options}
    shown = [
        (path.name, line.strip())
        for path in documents
        for line in path.read_text().splitlines()
        for command, option in former
        if re.search(rf"conformance {command}\b[^`]* {option}\b", line)
    ]
    assert shown == []
