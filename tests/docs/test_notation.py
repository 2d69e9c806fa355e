"""What the page on the notation shows is what the notation is."""

from __future__ import annotations

import json
import re

import pytest

from conformance.programs.notation.errors import NotationError
from conformance.programs.notation.parse import parse_file
from conformance.programs.notation.printing import print_file
from tests.docs.pages import ROOT, Block, blocks

PAGE = "docs/notation.md"
EXAMPLES = [block for block in blocks(PAGE) if block.language == "text"]
GRAMMAR = json.loads((ROOT / "docs/calls.tmLanguage.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("block", EXAMPLES, ids=lambda block: f"line {block.line}")
def test_an_example_is_read_and_printed_as_it_stands(block: Block) -> None:
    assert print_file(parse_file(block.text, PAGE)) == block.text


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 4


def test_the_error_on_the_page_is_the_one_that_is_told() -> None:
    text = '"Title"\n\nx:\n    creat(O_CREATE)\n'
    with pytest.raises(NotationError) as caught:
        parse_file(text, "paths.calls")
    assert str(caught.value) in " ".join((ROOT / PAGE).read_text(encoding="utf-8").split()).replace("`", "")


def rules(grammar: object) -> list[str]:
    """The regular expressions of an editor's grammar."""
    if isinstance(grammar, list):
        return [each for part in grammar for each in rules(part)]
    if isinstance(grammar, dict):
        own = [value for key, value in grammar.items() if key in ("match", "begin", "end")]
        return [*own, *(each for part in grammar.values() for each in rules(part))]
    return []


def test_every_letter_of_the_examples_is_known_to_the_editors_grammar() -> None:
    known = re.compile("|".join(f"(?:{each})" for each in rules(GRAMMAR) if each != '"'))
    texts = re.compile(r'"(?:[^"\\]|\\.)*"')
    for block in EXAMPLES:
        for line in block.text.splitlines():
            rest = known.sub("", texts.sub("", line))
            assert re.fullmatch(r"[\s(){}\[\],.*@:+]*", rest), rest


def test_the_editors_grammar_colours_a_call_and_its_promise() -> None:
    repository = GRAMMAR["repository"]
    call = re.search(repository["call"]["match"], "    fd = plain openat(AT_FDCWD)")
    assert call is not None
    assert call.groups() == ("plain", "openat")
    name = re.search(repository["name"]["match"], "a-name: needs root")
    assert name is not None
    assert name[1] == "a-name"
