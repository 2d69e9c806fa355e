"""What searches and replays on this machine alone need: targets, and programs in folders."""

from __future__ import annotations

import json
from pathlib import Path

from conformance.model import Json
from conformance.programs.program import Program, to_json
from conformance.run.errors import Exit
from conformance.syscalls.files.opening import O_RDWR
from tests.conformance.cli.command import Answered, is_one_sentence
from tests.executors import program, text

ABSENT = program(("open", text("absent"), O_RDWR, 0o644), ("getpid",))
TARGETS = """
[target.native]
runner = "local"
[target.again]
runner = "local"
[target.wsl2]
runner = "qemu"
kernel = "debian:trixie"
"""
"""This machine twice, and a target that needs a kernel."""


def targets_in(folder: Path) -> Path:
    """A file with these targets."""
    path = folder / "targets.toml"
    path.write_text(TARGETS)
    return path


def written(folder: Path, made: Program = ABSENT, **members: Json) -> Path:
    """A folder with a program in it."""
    folder.mkdir(exist_ok=True)
    document = to_json(made)
    assert isinstance(document, dict)
    (folder / "program.json").write_text(json.dumps({**document, **members}))
    return folder


def refuses(done: Answered, status: Exit, *words: str) -> None:
    """It ended with that status and one sentence that has these words in it."""
    assert done.status == status, done
    assert is_one_sentence(done.err), done.err
    assert all(word in done.err for word in words), done.err
