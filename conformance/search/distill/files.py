"""The files of what was distilled: one a call, in the area that its chapter belongs to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from conformance import places
from conformance.programs.listed import listed
from conformance.programs.notation.errors import NotationError
from conformance.programs.notation.model import File, Listing
from conformance.programs.notation.printing import print_file
from conformance.run.errors import UsageError
from conformance.run.whole import write_whole
from conformance.syscalls.machinery.table import chapters

AREAS = {"polling": "events", "obsolete": "system", "pseudo": "processes"}
"""The areas of cases whose chapters are called something else."""
DISTILLED = "Distilled:"
"""How the first comment of a file begins that `conformance distill` has written, and may write anew."""


def default_root() -> Path:
    """The cases of the checkout. Raises UsageError where the suite was installed from a wheel."""
    if not (places.ROOT / "pyproject.toml").is_file():
        raise UsageError("cases are kept in a checkout of the suite, and this is one that was installed: name a folder")
    return places.CASES


def area_of(chapter: str) -> str:
    """The area of cases that programs of a chapter of descriptions belong to."""
    return AREAS.get(chapter, chapter)


def path_of(call: str, root: Path) -> Path:
    """Where a call's file is below the cases."""
    return root / area_of(chapters()[call]) / f"call_{call}{places.CALLS}"


def title_of(call: str) -> str:
    """What a call's file is called."""
    return f"{call}(2): what Linux does, fact by fact"


def comment_of(call: str) -> tuple[str, ...]:
    """What a file says of itself."""
    return (
        f"{DISTILLED} `conformance distill {call}` writes this file, the smallest program for each fact of the call.",
        "Programs that are here and still do what they promise stay as they are: see docs/distilling.md.",
    )


@dataclass(frozen=True, slots=True)
class Already:
    """What a call's file has."""

    listings: tuple[Listing, ...] = ()
    unreadable: tuple[str, ...] = ()
    """The names of programs that cannot be read any more, since a description has changed."""


def read(call: str, root: Path) -> Already:
    """The programs that a call's file has; none where there is no such file. Raises UsageError."""
    path = path_of(call, root)
    try:
        text = path.read_text(encoding="utf-8")
        several = listed(path)
    except FileNotFoundError:
        return Already()
    except NotationError as error:
        raise UsageError(str(error)) from error
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    if not text.startswith(f"# {DISTILLED}"):
        raise UsageError(f"{path} is a file that somebody has written: rename it, so that this one can be {call}'s")
    found: list[Listing] = []
    lost: list[str] = []
    for each in several:
        try:
            found.append(each.listing())
        except NotationError:
            lost.append(each.name)
    return Already(tuple(found), tuple(lost))


def write(call: str, root: Path, listings: Iterable[Listing]) -> Path | None:
    """Write a call's file, its programs by name; where there are none there is no file, and None is returned."""
    path = path_of(call, root)
    those = tuple(sorted(listings, key=lambda each: each.name))
    if not those:
        path.unlink(missing_ok=True)
        return None
    write_whole(path, print_file(File(title_of(call), those, comment_of(call))).encode())
    return path
