"""`conformance replay`."""

from __future__ import annotations

from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

import click

from conformance import places
from conformance.cli.common import (
    REFERENCE_OPTION,
    TARGET_OPTION,
)
from conformance.cli.targeting import TARGETS_OPTION, available, given_options
from conformance.run import targets as target_files
from conformance.run.errors import Exit, UsageError, UserError
from conformance.text import one_line, plural

if TYPE_CHECKING:
    from conformance.programs.program import Program
    from conformance.search.replay import Replayed


@click.command("replay")
@click.argument("folders", nargs=-1, required=True, metavar="FOLDER...", type=click.Path(path_type=Path))
@TARGET_OPTION
@REFERENCE_OPTION
@given_options
@TARGETS_OPTION
@click.option("--keep", is_flag=True, help="Make cases below cases/programs/ of those on which all targets agree.")
@click.pass_context
def command(
    context: click.Context,
    folders: tuple[Path, ...],
    names: tuple[str, ...],
    reference: str,
    targets_file: Path | None,
    keep: bool,
) -> int:
    """Run reproducers again: FOLDER is one that `conformance fuzz` wrote, a program's JSON file, or all of a search.

    Prints what each target does, call by call; a call that differs from the reference is marked, and with several
    programs a summary is at the end. All programs share one set of guests. With --keep, a program on which the
    reference and all targets (real kernels, such as lts and wsl2) agree in everything becomes a case, which every
    matrix run then runs everywhere.

    \b
    conformance replay results/fuzz-…/FOLDER -t gvisor      one reproducer
    conformance replay results/fuzz-… -t gvisor             all that a search has found
    conformance replay FOLDER -t lts -t wsl2 --keep         a case of it, if the kernels agree

    \b
    Exit status: 0 all targets do what the reference does, 1 they diverge, or differ from run to run, 2 usage, 3 a
    target failed, 4 incomplete (the reference itself died of a program); of several programs the gravest counts.
    """
    from conformance.search import corpus as keeping  # noqa: PLC0415 - slow to import, and --help needs none of it
    from conformance.search import replay as replaying  # noqa: PLC0415
    from runners.base import RunnerError  # noqa: PLC0415
    from runners.registry import runner_for  # noqa: PLC0415

    programs = replaying.programs_at(folders)
    found = available(context, targets_file)
    chosen = target_files.choose(found.targets, (*names, *found.added) or (reference,), reference)
    corpus = places.corpus_directory()
    if keep:
        keeping.refuse_imitations(chosen)
        if corpus is None:
            raise UsageError("--keep: cases are kept in a checkout of the suite, and this is one that was installed")
    done: dict[str, list[Replayed]] = {}
    several = len(programs) > 1
    waiting = iter(programs)

    def told(replayed: list[Replayed]) -> None:
        place = next(waiting)
        done[place] = replayed
        if several:
            click.echo(f"== {one_line(place)}")
        _print(replayed)

    try:
        runners = {each.name: runner_for(each, bare=True) for each in chosen}
        replaying.replay(list(programs.values()), runners, told)
    except RunnerError as error:
        raise UserError(one_line(str(error))) from error
    finally:
        if several and done:
            click.echo(_summary(done))
    if corpus is not None and keep:
        return _keep(programs, done, corpus)
    return max((replaying.status_of_replay(each) for each in done.values()), key=replaying.GRAVITY.index)


def _print(replayed: list[Replayed]) -> None:
    """What each target did, a line a call."""
    first = replayed[0]
    for each in replayed:
        unsteady = "" if each.stable else ": differs from run to run"
        click.echo(f"{each.target} ({one_line(each.release)}){unsteady}")
        for mine, theirs in zip_longest(each.lines, first.lines):
            click.echo(f"  {'*' if mine != theirs and each.difference else ' '} {one_line(mine or '')}")
        if found := each.difference:
            click.echo(
                f"    {one_line(f'{found.call}: {found.field}: {found.target}, the reference {found.reference}')}"
            )


def _summary(done: dict[str, list[Replayed]]) -> str:
    """A line a program: what the targets came to."""
    lines = [f"{plural(len(done), 'program')}:"]
    for place, replayed in done.items():
        said = [f"{each.target} {_word(each, at == 0)}" for at, each in enumerate(replayed)]
        lines.append(f"  {one_line(Path(place).name)}: {', '.join(said)}")
    return "\n".join(lines)


def _word(each: Replayed, is_reference: bool) -> str:
    if not each.stable:
        return "differs from run to run"
    if each.lost and is_reference:
        return "died of it"
    return "diverges" if each.difference else "ran" if is_reference else "agrees"


def _keep(programs: dict[str, Program], done: dict[str, list[Replayed]], corpus: Path) -> Exit:
    """Keep those on which all agree. Raises UsageError for one that is not kept, after all others were looked at."""
    from conformance.search import corpus as keeping  # noqa: PLC0415 - see above

    refused = []
    for place, program in programs.items():
        try:
            kept = keeping.keep(program, done[place], corpus, *keeping.last_call(program))
            click.echo(f"kept as {kept}")
        except UsageError as error:
            refused.append(f"{one_line(Path(place).name)}: {error}" if len(programs) > 1 else str(error))
    for each in refused[:-1]:
        click.echo(f"conformance: {each}", err=True)
    if refused:
        raise UsageError(refused[-1])
    return Exit.EXPECTED
