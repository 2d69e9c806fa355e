"""The documentation as text: pages, their code blocks, the commands in them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "examples").rglob("*.md"),
        *(ROOT / "changes").glob("*.md"),
        *(ROOT / ".github").rglob("*.md"),
    )
)
SCRIPT = "sh"
"""The language of code blocks whose lines are commands. In others, those are that have a prompt."""
FENCE = re.compile(r"^(?P<fence>`{3,})(?P<language>[^\n`]*)\n(?P<text>.*?)^(?P=fence)$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^(?:.*&& )?(?:[A-Z_]+=\S+ )*(?:\./bootstrap |\S*bin/)?conformance (?=\S)")
"""What a line begins with that is a command of ours."""
PROMPT = "$ "
ENDS = ("|", "||", ">", ">>", "<", "&&", ";", "&")


@dataclass(frozen=True)
class Block:
    """A code block of a page."""

    page: str
    line: int
    language: str
    text: str


def text(page: str) -> str:
    """A page."""
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str) -> Iterator[Block]:
    """The code blocks of a page."""
    whole = text(page)
    for found in FENCE.finditer(whole):
        line = whole.count("\n", 0, found.start()) + 2
        yield Block(page, line, found["language"].strip(), found["text"])


def commands(block: Block) -> Iterator[tuple[int, list[str]]]:
    """The command lines of ours in a block, without the program's name: the line that each begins in, and its words."""
    for number, line in joined(block.text):
        asked = block.language == SCRIPT or line.startswith(PROMPT)
        if asked and (found := command(line.removeprefix(PROMPT))):
            yield block.line + number, found


def command(line: str) -> list[str]:
    """The words of a command line that is one of ours, without the program's name; nothing of another."""
    found = COMMAND.match(line)
    return words(line[found.end() :]) if found else []


def joined(script: str) -> Iterator[tuple[int, str]]:
    """The lines of a script, one that a backslash continues as one."""
    begun, number = "", 0
    for at, line in enumerate(script.splitlines()):
        number = number if begun else at
        if line.endswith("\\"):
            begun += line[:-1]
        else:
            yield number, begun + line
            begun = ""


def words(line: str) -> list[str]:
    """The words of one command as a shell has them, up to a comment or whatever ends it."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    lexer.commenters = "#" if re.search(r"\s#", line) else ""
    found = list(lexer)
    end = next((at for at, word in enumerate(found) if word in ENDS), len(found))
    return found[:end]


def files(page: str) -> dict[str, str]:
    """The files that a page has the reader write: code blocks whose first line is a comment with a path."""
    found = {}
    for block in blocks(page):
        first, _, _ = block.text.partition("\n")
        if named := re.fullmatch(r"# (\S+/\S+\.\w+|[\w-]+\.(?:py|toml))", first):
            found[named[1]] = block.text
    return found


def module(page: str, path: str) -> ModuleType:
    """A Python file that a page has the reader write, imported."""
    found = ModuleType(Path(path).stem)
    found.__file__ = f"{page}:{path}"
    exec(compile(files(page)[path], found.__file__, "exec"), vars(found))
    return found
