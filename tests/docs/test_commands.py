"""Command lines in the documentation are those of the real command: an option that does not exist fails here."""

from __future__ import annotations

import re

import click
import pytest

from conformance.cli import COMMANDS, cli
from tests.docs.pages import PAGES, ROOT, Block, blocks, command, commands

FILES = (
    *("examples/gate/gate", "examples/custom-target/targets.toml", "examples/nightly/conformance-nightly.service"),
    *(".github/workflows/nightly.yml",),
)
"""Files in which commands stand, beside pages."""
INVENTED = {"docs/how-to/add-a-report-format.md": {"csv": "json"}}
"""What a page has the reader add, and something that is there for it."""
INSIDE = re.compile(rf"(?:^|[\s/])(conformance (?:{'|'.join(COMMANDS)})\b.*)", re.MULTILINE)


def check(words: list[str]) -> None:
    """Parse a command line, and run nothing. Raises click.UsageError."""
    group: click.Group = cli
    context = click.Context(group, info_name="conformance")
    while True:
        if words[0].startswith("-"):
            group.make_parser(context).parse_args(list(words))
            return
        command = group.get_command(context, words[0])
        if command is None:
            raise click.UsageError(f"there is no command {words[0]}")
        if not isinstance(command, click.Group):
            break
        group, context, words = command, click.Context(command, parent=context), words[1:]
    if not {"--help", "-h"} & set(words):
        command.make_context(words[0], list(words[1:]), parent=context)


def told(words: list[str]) -> str:
    """What is wrong with a command line, or nothing."""
    try:
        check(words)
    except click.UsageError as error:
        return error.format_message()
    return ""


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_is_one_that_the_suite_takes(page: str) -> None:
    wrong = [
        f"{page}:{line}: conformance {' '.join(words)}: {said}"
        for block in blocks(page)
        for line, words in commands(block)
        if (said := told([INVENTED.get(page, {}).get(word, word) for word in words]))
    ]
    assert wrong == []


@pytest.mark.parametrize("page", [page for page in PAGES if not page.startswith(("changes/", "CHANGELOG"))])
def test_every_command_in_a_sentence_is_one_that_the_suite_has(page: str) -> None:
    """There it may be shortened (`conformance run …`), so that only its name and the names of its options count.

    What has changed speaks of names that were given up.
    """
    said = re.findall(r"(?<!`)`conformance ([a-z]+[^`\n]*)`(?!`)", (ROOT / page).read_text(encoding="utf-8"))
    assert [each for each in said if unknown(each)] == []


def unknown(said: str) -> list[str]:
    """The words of a command in a sentence that the suite does not have."""
    name, *rest = said.partition(" -- ")[0].split()
    context = click.Context(cli)
    found = cli.get_command(context, name)
    if isinstance(found, click.Group) and rest:
        found = found.get_command(context, rest[0])
    if found is None:
        return [name]
    options = {option for each in found.params for option in each.opts} | {"--help"}
    return [word for word in rest if word.startswith("-") and word.partition("=")[0] not in options]


@pytest.mark.parametrize("name", FILES)
def test_every_command_of_an_example_or_a_job_is_one_that_the_suite_takes(name: str) -> None:
    script = (ROOT / name).read_text(encoding="utf-8")
    found = [command(line.replace("$(date +%%F)", "DAY").removesuffix("'")) for line in INSIDE.findall(script)]
    assert found, "no command of ours in it"
    assert [said for words in found if (said := told(words))] == []


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("conformance run --colour", "No such option"),
        ("conformance walk", "there is no command walk"),
        ("conformance run --repeat none", "not a valid integer"),
        ("conformance kernels build lts", "is not"),
        ("conformance show", "Missing argument"),
        ("apt install make && ./bootstrap conformance kernels build", "Missing argument"),
    ],
)
def test_a_command_that_is_wrong_is_seen(line: str, wrong: str) -> None:
    assert wrong in told(command(line))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("conformance run -t wsl2 netlink    # one area", ["run", "-t", "wsl2", "netlink"]),
        ("conformance report LATEST -f json | jq .", ["report", "LATEST", "-f", "json"]),
        ("conformance run -k 'a and b' -t lts", ["run", "-k", "a and b", "-t", "lts"]),
        ("cd / && conformance run; echo done", ["run"]),
        ("COLUMNS=80 conformance run > out.txt", ["run"]),
        ("conformance-env/bin/conformance doctor --install", ["doctor", "--install"]),
    ],
)
def test_a_command_is_found_in_its_line(line: str, words: list[str]) -> None:
    assert command(line) == words


def test_a_command_of_several_lines_is_one_and_needs_a_prompt_among_output() -> None:
    block = Block("page.md", 7, "text", "conformance said\n$ conformance run \\\n    -t lts\nall is well\n")
    assert [*commands(block)] == [(8, ["run", "-t", "lts"])]
