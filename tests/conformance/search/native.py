"""Running programs on this kernel, by the real executor."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence

import pytest

from conformance.programs.program import Argument, Program, ProgramCall
from conformance.programs.wire import Encoded, ProgramOutcome, decode, encode
from conformance.protocol import executor as protocol
from runners.base import RunnerError
from runners.payload.executor import executable

DEADLINE = 2.0
"""Seconds that a call may take."""


def lacking() -> str:
    """Why no program can be run here; empty where they can."""
    if os.geteuid() != 0:
        return "namespaces take root"
    try:
        executable()
    except RunnerError as error:
        return str(error)
    return ""


needs_executor = pytest.mark.skipif(bool(lacking()), reason=lacking() or "-")


def program(*steps: tuple[str, *tuple[Argument, ...]]) -> Program:
    """A program of labels and arguments."""
    return Program(tuple(ProgramCall(label, tuple(args)) for label, *args in steps))


def run(
    programs: Sequence[Program], deadline: float = DEADLINE, *, own: bool = True
) -> list[tuple[Encoded, ProgramOutcome]]:
    """What programs do; each in a process of its own (`own`), or sharing one where they can."""
    return run_encoded([encode(each, own=own) for each in programs], deadline)


def run_encoded(encoded: Sequence[Encoded], deadline: float = DEADLINE) -> list[tuple[Encoded, ProgramOutcome]]:
    """What programs do that have been encoded, by an executor that has run no others."""
    request = protocol.run_frame(5, deadline, [each.data for each in encoded])
    said = subprocess.run([str(executable())], input=request, stdout=subprocess.PIPE, check=False, timeout=60).stdout
    frames = {}
    while said:
        magic, kind, size = protocol.FRAME.unpack_from(said)
        assert magic == protocol.MAGIC
        frames[kind] = said[protocol.FRAME.size : protocol.FRAME.size + size]
        said = said[protocol.FRAME.size + size :]
    sequence, outcomes = protocol.split_results(frames[protocol.RESULTS])
    assert sequence == 5
    return [(each, decode(outcome, each)) for each, outcome in zip(encoded, outcomes, strict=True)]


def run_one(made: Program, deadline: float = DEADLINE) -> tuple[Encoded, ProgramOutcome]:
    """What a program does."""
    return run([made], deadline)[0]
