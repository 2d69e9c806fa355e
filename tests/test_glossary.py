"""The glossary: every word once, and every name in code that it gives is there."""

from __future__ import annotations

import importlib
import inspect
import re
from dataclasses import fields, is_dataclass

import pytest

from conformance import model
from tests.test_architecture import ROOT

TERM = re.compile(r"^\| ([a-z][^|]*) \| ([A-Z][^|]*[.…]) \|(?: `([\w.]+)`)? \|$")
"""A line of a table: the word, a sentence or two, the name in code."""


def lines() -> list[str]:
    """The lines of all tables but their heads."""
    text = (ROOT / "docs" / "glossary.md").read_text().splitlines()
    return [line for line in text if line.startswith("|") and not line.startswith(("| word |", "| --- |"))]


def terms() -> dict[str, str]:
    """The words, each with its name in code, or nothing."""
    return {found[1]: found[3] or "" for found in map(TERM.match, lines()) if found}


def is_there(name: str) -> bool:
    """Whether a dotted name is a module, or leads to something in one: a class, a function, a field."""
    parts = name.split(".")
    for count in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:count]))
        except ModuleNotFoundError:
            continue
        for part in parts[count:]:
            if not hasattr(found, part) and not (is_dataclass(found) and part in {each.name for each in fields(found)}):
                return False
            found = getattr(found, part, None)
        return True
    return False


def test_every_line_is_a_word_with_a_sentence_and_maybe_a_name() -> None:
    assert [line for line in lines() if not TERM.match(line)] == []
    assert len(lines()) > 40


def test_every_word_is_there_once() -> None:
    words = [line.split("|")[1].strip() for line in lines()]
    assert sorted(words) == sorted(set(words))


def test_no_name_in_code_stands_for_two_words() -> None:
    names = [name for name in terms().values() if name]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("word", [word for word, name in terms().items() if name])
def test_what_stands_for_a_word_in_code_is_there(word: str) -> None:
    assert is_there(terms()[word]), terms()[word]


def test_every_public_class_of_the_model_is_a_word() -> None:
    classes = {
        f"{model.__name__}.{name}"
        for name, each in inspect.getmembers(model, inspect.isclass)
        if each.__module__ == model.__name__ and not name.startswith("_")
    }
    assert len(classes) > 10
    assert classes - set(terms().values()) == set()


def test_a_name_that_is_not_there_is_noticed() -> None:
    assert is_there("conformance.model.Cell.verdict")
    assert is_there("conformance.search.reproducer")
    assert not is_there("conformance.model.Row")
    assert not is_there("conformance.model.Cell.status")
    assert not is_there("conformance.search.fuzz")
    assert not is_there("nowhere.at.all")
