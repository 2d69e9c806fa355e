"""Lists with a test a line and comments after `#`: what LTP's skip files and filter files of googletest share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from conformance.matrix.expectations.foreign.notes import lines_of
from conformance.model import Expectation

HEAD = "Written by `conformance expect --to`; what is known of {target}."


def commented(text: str, comment: Callable[[str], tuple[str, str]]) -> Iterator[tuple[int, str, list[str]]]:
    """The lines that are no comment, each with its number and the comment that it stands under.

    `comment` parts a line into what it says and its comment. A comment is about the lines right under it, until an
    empty line or the next comment.
    """
    notes: list[str] = []
    used = False
    for number, line in enumerate(text.splitlines(), 1):
        said, note = map(str.strip, comment(line))
        if not said:
            notes = [*([] if used else notes), note] if note else []
            used = False
        else:
            used = True
            yield number, said, [*notes, note] if note else notes


def written(
    entries: Sequence[Expectation], line: Callable[[str], str], fits: Callable[[str], bool]
) -> tuple[str, list[Expectation]]:
    """Such a list, and what cannot be written in it. `line`: that of a case."""
    left = [each for each in entries if not fits(each.case)]
    blocks = [f"# {HEAD.format(target=entries[0].target)}"] if entries else []
    for each in entries:
        if fits(each.case):
            blocks.append("\n".join([*(f"# {note}" for note in lines_of(each)), line(each.case)]))
    return "".join(f"{block}\n\n" for block in blocks).removesuffix("\n"), left
