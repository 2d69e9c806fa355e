"""`conformance replay`."""

from __future__ import annotations

from itertools import zip_longest
from pathlib import Path

import click

from conformance.cli.common import (
    KERNEL_OPTION,
    REFERENCE_OPTION,
    TARGET_OPTION,
    TARGETS_OPTION,
    kernels_of,
)
from conformance.run import search as searching
from conformance.run import targets as target_files
from conformance.run.errors import Exit, UserError
from runners.base import RunnerError
from runners.registry import runner_for

CORPUS = Path(__file__).resolve().parents[2] / "cases" / "programs"


@click.command("replay")
@click.argument("folder", type=click.Path(path_type=Path))
@TARGET_OPTION
@REFERENCE_OPTION
@KERNEL_OPTION
@TARGETS_OPTION
@click.option("--keep", is_flag=True, help="Make it a case below cases/programs/, if all targets agree.")
def command(
    folder: Path,
    names: tuple[str, ...],
    reference: str,
    kernels: tuple[str, ...],
    targets_file: Path | None,
    keep: bool,
) -> int:
    """Run a reproducer again: FOLDER is one that `conformance fuzz` wrote, or a program's JSON file.

    Prints what each target does, call by call; a call that differs from the reference is marked. With --keep, a
    program on which the reference and all targets (real kernels, such as lts and wsl2) agree becomes a case, which
    every matrix run then runs everywhere.

    \b
    Exit status: 0 all targets do what the reference does, 1 they diverge, 2 usage, 3 a target failed.
    """
    program = searching.read_program(folder)
    available = target_files.load(targets_file or target_files.default_path())
    chosen = target_files.choose(available, names or (reference,), reference)
    given = kernels_of(kernels, available)
    try:
        replayed = searching.replay(
            program, {each.name: runner_for(each, given.get(each.name), bare=True) for each in chosen}
        )
    except RunnerError as error:
        raise UserError(str(error)) from error
    first = replayed[0]
    for each in replayed:
        click.echo(f"{each.target} ({each.release}){'' if each.stable else ': differs from run to run'}")
        for mine, theirs in zip_longest(each.lines, first.lines):
            click.echo(f"  {'*' if mine != theirs and each.difference else ' '} {mine or ''}")
        if each.difference:
            found = each.difference
            click.echo(f"    {found.call}: {found.field}: {found.target}, the reference {found.reference}")
    if keep:
        area, about = searching.last_call(program)
        click.echo(f"kept as {searching.keep(program, replayed, CORPUS, area, about)}")
        return Exit.EXPECTED
    return Exit.UNEXPECTED if any(each.difference for each in replayed) else Exit.EXPECTED
