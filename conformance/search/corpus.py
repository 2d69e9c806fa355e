"""Keeping a program as a case: what all kernels say of it becomes its promise."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from conformance import places
from conformance.model import Target
from conformance.programs.notation.errors import NotationError
from conformance.programs.notation.model import File, Listing
from conformance.programs.notation.parse import parse_file
from conformance.programs.notation.printing import print_file
from conformance.programs.program import Program, to_json
from conformance.run.errors import UsageError
from conformance.run.whole import write_whole
from conformance.search.distill.files import area_of
from conformance.search.promised import promised
from conformance.search.replay import Replayed
from conformance.syscalls.machinery.table import chapters
from conformance.text import one_line

FILE = f"found{places.CALLS}"
"""Where the programs of an area are kept."""
TITLE = "Programs about {} that a search has found"


def refuse_imitations(targets: Sequence[Target]) -> None:
    """A promise of Linux takes kernels that keep it: raises UsageError for a target that imitates one."""
    for each in targets:
        if each.imitates:
            raise UsageError(
                f"--keep: {each.name} is no kernel but imitates one (runner {each.runner}), so that what it does is "
                "no promise of Linux; replay on real kernels only, such as -t lts -t wsl2"
            )


def corpus_for(targets: Sequence[Target]) -> Path:
    """Where programs are kept on which these targets agree. Raises UsageError where they may not be kept."""
    refuse_imitations(targets)
    corpus = places.corpus_directory()
    if corpus is None:
        raise UsageError("--keep: cases are kept in a checkout of the suite, and this is one that was installed")
    return corpus


def keep_all(
    programs: Mapping[str, Program], done: Mapping[str, Sequence[Replayed]], corpus: Path
) -> tuple[list[str], list[str]]:
    """Keep those programs, by their places, on which all agree: what they are now, and of each other one why not."""
    kept, refused = [], []
    for place, program in programs.items():
        try:
            kept.append(keep(program, done[place], corpus, *last_call(program)))
        except UsageError as error:
            refused.append(f"{one_line(Path(place).name)}: {error}" if len(programs) > 1 else str(error))
    return kept, refused


def keep(program: Program, replayed: Sequence[Replayed], cases: Path, chapter: str, about: str) -> str:
    """Put a program among the cases, with what all targets said as its promise; its file and name.

    Raises UsageError when they do not agree in everything, data too, or one of them does not agree with itself.
    """
    reference = replayed[0]
    for each in replayed:
        if each.lost:
            raise UsageError(f"not kept: {each.target} died of it, or did not come to run it")
        if not each.stable:
            raise UsageError(f"not kept: {each.target} says something else from run to run")
        if found := each.difference:
            raise UsageError(
                f"not kept: {one_line(f'{found.call}, {found.field}: {found.target} on {each.target}')}, "
                f"{one_line(f'{found.reference} on {reference.target}')}"
            )
    releases = [f"{each.target} {each.release.partition('-')[0]}" for each in replayed]
    agreed = f"agreed: {', '.join(releases)}"
    path = cases / area_of(chapter) / FILE
    file = _read(path) or File(TITLE.format(path.parent.name), ())
    there = next((each.name for each in file.programs if each.program == program), None)
    if there is None:
        there = _name(about, program, {each.name for each in file.programs})
        listing = Listing(there, promised(program, reference.said), above=(agreed,))
        write_whole(path, print_file(replace(file, programs=(*file.programs, listing))).encode())
    return f"{path}::{there}"


def _read(path: Path) -> File | None:
    """What has been kept there. Raises UsageError."""
    try:
        return parse_file(path.read_text(encoding="utf-8"), str(path))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, NotationError) as error:
        raise UsageError(f"not kept: {error}") from error


def _name(about: str, program: Program, taken: Collection[str]) -> str:
    """A name that no other program of the file has."""
    words = re.sub(r"[^a-z0-9]+", "-", about.lower()).strip("-")[:60].rstrip("-")
    if words not in taken:
        return words
    digest = hashlib.sha256(json.dumps(to_json(program)).encode()).hexdigest()
    return next(name for size in range(8, 65) if (name := f"{words}-{digest[:size]}") not in taken)


def last_call(program: Program) -> tuple[str, str]:
    """The chapter of a program's last call, which is what it is about, and the call's label."""
    label = program.steps[-1].label
    return chapters()[label], label
