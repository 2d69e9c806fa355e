"""Keeping a program as a case: what all kernels say of it becomes its promise."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from conformance import places
from conformance.model import Target
from conformance.programs.program import Program, to_json
from conformance.run.errors import UsageError
from conformance.run.whole import write_whole
from conformance.search.replay import Replayed
from conformance.syscalls.machinery.table import chapters
from conformance.text import one_line


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
) -> tuple[list[Path], list[str]]:
    """Keep those programs, by their places, on which all agree: the files, and of each other one why not."""
    kept, refused = [], []
    for place, program in programs.items():
        try:
            kept.append(keep(program, done[place], corpus, *last_call(program)))
        except UsageError as error:
            refused.append(f"{one_line(Path(place).name)}: {error}" if len(programs) > 1 else str(error))
    return kept, refused


def keep(program: Program, replayed: Sequence[Replayed], corpus: Path, chapter: str, about: str) -> Path:
    """Put a program into the corpus of kept programs, with what all targets said as its promise.

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
    document = to_json(program)
    assert isinstance(document, dict)
    document["promise"] = list(reference.said)
    document["agreed"] = [f"{each.target} {each.release.partition('-')[0]}" for each in replayed]
    digest = hashlib.sha256(json.dumps(document["calls"]).encode()).hexdigest()[:8]
    words = re.sub(r"[^a-z0-9]+", "-", about.lower()).strip("-")[:60]
    path = corpus / chapter / f"{words}-{digest}.json"
    write_whole(path, (json.dumps(document, indent=1) + "\n").encode())
    return path


def last_call(program: Program) -> tuple[str, str]:
    """The chapter of a program's last call, which is what it is about, and the call's label."""
    label = program.steps[-1].label
    chapter = chapters()[label]
    return "processes" if chapter == "pseudo" else chapter, label
