"""`conformance replay`."""

from __future__ import annotations

from itertools import zip_longest
from pathlib import Path

import click

from conformance.cli.common import KERNEL_OPTION, kernels_of
from conformance.run import search as searching
from conformance.run import targets as target_files
from conformance.run.errors import Exit, UserError
from runners.base import RunnerError
from runners.registry import runner_for


@click.command("replay")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "-t", "--target", "names", multiple=True, metavar="TARGET", help="Where to run it; may be given several times."
)
@click.option(
    "--reference", default="native", show_default=True, metavar="TARGET", help="What the others are held against."
)
@KERNEL_OPTION
@click.option(
    "--targets", "targets_file", type=click.Path(path_type=Path, dir_okay=False), help="Another targets.toml."
)
def command(
    folder: Path, names: tuple[str, ...], reference: str, kernels: tuple[str, ...], targets_file: Path | None
) -> int:
    """Run a reproducer again: FOLDER is one that `conformance fuzz` wrote, or a program's JSON file.

    Prints what each target does, call by call; a call that differs from the reference is marked.

    \b
    Exit status: 0 all targets do what the reference does, 1 they diverge, 2 usage, 3 a target failed.
    """
    program = searching.read_program(folder)
    available = target_files.load(targets_file or target_files.default_path())
    chosen = target_files.choose(available, names or (reference,), reference)
    given = kernels_of(kernels, available)
    try:
        replayed = searching.replay(program, {each.name: runner_for(each, given.get(each.name)) for each in chosen})
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
    return Exit.UNEXPECTED if any(each.difference for each in replayed) else Exit.EXPECTED
