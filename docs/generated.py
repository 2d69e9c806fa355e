"""What is made from the code: the directives `commands`, `schema` and `arrows`.

`commands` is what every command says with `--help`, `schema` the tables of the JSON that `conformance report -f json`
writes, `arrows` who may import whom.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import click

from conformance import model
from conformance.cli import cli
from reports.json_report import schema
from tests.test_architecture import ALLOWED

REFERENCE = "#/$defs/"
"""What a reference to a type begins with."""
NUMBERS = {"minimum": "at least", "exclusiveMinimum": "more than", "maximum": "at most"}


# -- commands


def commands(group: click.Group = cli, name: str = "conformance") -> Iterator[str]:
    """The lines of a Markdown page: a section a command."""
    context = click.Context(group, info_name=name)
    for each in group.list_commands(context):
        command = group.get_command(context, each)
        assert command is not None
        yield from section(command, context, each)
        if isinstance(command, click.Group):
            yield from commands(command, f"{name} {each}")


def section(command: click.Command, parent: click.Context, name: str) -> Iterator[str]:
    """One command: how it is called, what it does, its options."""
    context = click.Context(command, parent=parent, info_name=name)
    yield from (f"## {context.command_path}", "")
    yield from ("```text", " ".join([context.command_path, *command.collect_usage_pieces(context)]), "```", "")
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        verbatim = paragraph.startswith("\b\n")
        yield from ("```text", paragraph[2:], "```", "") if verbatim else (paragraph, "")
    options = [
        record
        for each in command.params
        if isinstance(each, click.Option) and (record := each.get_help_record(context))
    ]
    if options:
        yield from ("| option | meaning |", "| --- | --- |")
        yield from (f"| `{in_cell(option)}` | {in_cell(said)} |" for option, said in options)
        yield ""


def in_cell(text: str) -> str:
    """A text in a table."""
    return text.replace("|", "\\|")


# -- the schema


def tables() -> Iterator[str]:
    """The lines of a Markdown page: a section a type, a row a key."""
    explained = docstrings()
    for name, definition in schema()["$defs"].items():
        yield f"({anchor(name)})="
        yield f"## {name}"
        yield ""
        if said := definition.get("description"):
            yield from (inspect.cleandoc(said), "")
        if words := definition.get("enum"):
            yield from (f"One of {', '.join(f'`{word}`' for word in words)}.", "")
            yield from (f"- `{word}`: {explained[name, word]}" for word in words if (name, word) in explained)
            yield ""
        if keys := definition.get("properties"):
            yield from ("| key | type | meaning |", "| --- | --- | --- |")
            for key, value in keys.items():
                said = value.get("description") or explained.get((name, key), "")
                yield f"| `{key}` | {kind(value)} | {in_cell(said)} |"
            yield ""


def docstrings() -> dict[tuple[str, str], str]:
    """What the data model says below its fields and words, by class and field or word, on one line."""
    found = {}
    for node in ast.parse(inspect.getsource(model)).body:
        for field, said in pairwise(node.body) if isinstance(node, ast.ClassDef) else ():
            if isinstance(field, ast.AnnAssign | ast.Assign) and isinstance(said, ast.Expr):
                named = ast.unparse(field.target) if isinstance(field, ast.AnnAssign) else ast.literal_eval(field.value)
                found[node.name, named] = " ".join(str(ast.literal_eval(said.value)).split())
    return found


def kind(value: dict[str, Any]) -> str:
    """A JSON type in words; a type of the schema's own is a link to its table."""
    if reference := value.get("$ref"):
        name = reference.removeprefix(REFERENCE)
        return f"[{name}](#{anchor(name)})"
    if several := value.get("anyOf"):
        return " or ".join(map(kind, several))
    if "const" in value:
        return f"always `{value['const']}`"
    return plain(value.get("type", "anything"), value)


def plain(name: str, value: dict[str, Any]) -> str:
    """A type of JSON's own, in words."""
    match name:
        case "array":
            return f"list of {kind(value.get('items', {}))}"
        case "object":
            return f"object: {kind(value.get('additionalProperties') or {})} by name"
        case "null":
            return "`null`"
    return ", ".join([name, *(f"{word} {value[key]}" for key, word in NUMBERS.items() if key in value)])


def anchor(name: str) -> str:
    """Where the table of a type stands."""
    return f"schema-{name.lower()}"


# -- the arrows


def arrows() -> Iterator[str]:
    """The lines of a Markdown table: a part a row, and what it may import of the suite's own packages."""
    yield from ("| part | may import, of the suite's own |", "| --- | --- |")
    for part, permitted in ALLOWED.items():
        others = ", ".join(f"`{each}`" for each in permitted if each != part)
        yield f"| `{part}` | {others or 'nothing'} |"


# -- directives


def setup(app: Any) -> dict[str, bool]:
    """See Sphinx."""
    from docutils.nodes import Node  # noqa: PLC0415 - the texts are tested where Sphinx is not installed
    from sphinx.util.docutils import SphinxDirective  # noqa: PLC0415

    def directive(lines: Callable[[], Iterator[str]]) -> type[SphinxDirective]:
        class Made(SphinxDirective):
            def run(self) -> list[Node]:
                return self.parse_text_to_nodes("\n".join(lines()), allow_section_headings=True)

        return Made

    app.add_directive("commands", directive(commands))
    app.add_directive("schema", directive(tables))
    app.add_directive("arrows", directive(arrows))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
