"""Programs as cases: the files below `cases/` whose names end with `.calls`, found without being parsed."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.places import CALLS
from conformance.programs.harmful import offence
from conformance.programs.notation.errors import NotationError
from conformance.programs.notation.model import Listing
from conformance.programs.notation.parse import parse_file
from conformance.programs.notation.tokens import TEXT, Token, Tokens, text_of

_NAME = re.compile(r"^([a-z][a-z0-9-]*)[ \t]*:", re.MULTILINE)
"""The line that a program begins with. Nothing else has a word and a colon at the beginning of its line."""
_FOLLOWS = re.compile(r"(?:\n(?:#[^\n]*)?)+\Z")
"""Empty lines and comments behind a program: they are the next one's, or nobody's."""
_TITLE = re.compile(r'(?:\s|#[^\n]*\n)*("(?:[^"\\\n]|\\[^\n])*")')


@dataclass(frozen=True, slots=True)
class Listed:
    """A program of a file, as its text."""

    path: Path
    name: str
    text: str
    line: int
    """Where it begins in its file, from 1."""
    feature: str
    """The title of the file."""

    @property
    def hash(self) -> str:
        """Of its definition: its text. 16 hexadecimal digits."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:16]

    @property
    def title(self) -> str:
        """Its name, as words."""
        return self.name.replace("-", " ")

    def listing(self) -> Listing:
        """What the text says. Raises NotationError, also where the program reaches for what is not its own."""
        (found,) = parse_file("\n" * (self.line - 1) + self.text, str(self.path)).programs
        return checked(found, self)


def checked(listing: Listing, of: Listed) -> Listing:
    """A listing that does nothing that no program may do. Raises NotationError."""
    if what := offence(listing.program):
        raise NotationError(str(of.path), of.line, 1, f"{of.name}: {what}")
    return listing


def listed(path: Path) -> list[Listed]:
    """The programs of a file, in order. Raises NotationError, OSError."""
    return _found(path, _read(path))


def parsed(path: Path, text: str, programs: Sequence[Listed]) -> dict[str, Listing]:
    """What all programs of a file say, by name. Raises NotationError."""
    found = {each.name: each for each in parse_file(text, str(path)).programs}
    return {each.name: checked(found[each.name], each) for each in programs}


def listings(
    path: Path,
    wanted: Callable[[Listed], bool] = lambda _: True,
    parse: Callable[[Path, str, Sequence[Listed]], dict[str, Listing]] = parsed,
) -> list[tuple[Listed, Listing]]:
    """Those programs of a file that are wanted, with what they say. Raises NotationError, OSError.

    A file of which nothing is wanted is not parsed.
    """
    text = _read(path)
    everything = _found(path, text)
    found = list(filter(wanted, everything))
    if everything and not found:
        return []
    said = parse(path, text, everything)
    return [(each, said[each.name]) for each in found]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise NotationError(str(path), 1, 1, f"it is no UTF-8: {error.reason}") from error


def _found(path: Path, text: str) -> list[Listed]:
    feature, starts = _title(text, path), list(_NAME.finditer(text))
    ends = [*(each.start() for each in starts[1:]), *([len(text)] if starts else [])]
    found, line, before = [], 1, 0
    for start, end in zip(starts, ends, strict=True):
        line += text.count("\n", before, start.start())
        before = start.start()
        found.append(Listed(path, start[1], _FOLLOWS.sub("\n", text[before:end]), line, feature))
    for name, times in Counter(each.name for each in found).items():
        if times > 1:
            again = [each.line for each in found if each.name == name]
            raise NotationError(str(path), again[1], 1, f"the program {name} is there twice: in line {again[0]} too")
    return found


def files(cases: Path) -> Iterable[Path]:
    """The files of programs below a folder, in order."""
    return sorted(each for each in cases.rglob(f"*{CALLS}") if each.is_file())


def _title(text: str, path: Path) -> str:
    found = _TITLE.match(text)
    if found is None:
        return ""
    token = Token(TEXT, found[1], found.start(1), text.count("\n", 0, found.start(1)) + 1, 1, True)
    return text_of(token, Tokens(str(path), text)).decode("utf-8", "replace")
