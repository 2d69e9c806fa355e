"""`conformance replay`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from conformance.cli.common import (
    REFERENCE_OPTION,
    TARGET_OPTION,
)
from conformance.cli.targeting import TARGETS_OPTION, available, given_options
from conformance.run import targets as target_files
from conformance.run.errors import Exit, UsageError, UserError
from conformance.text import one_line, plural

if TYPE_CHECKING:
    from conformance.search.replay import Replayed


@click.command("replay")
@click.argument("folders", nargs=-1, metavar="[FOLDER]...", type=click.Path(path_type=Path))
@TARGET_OPTION
@REFERENCE_OPTION
@given_options
@TARGETS_OPTION
@click.option(
    "--keep", is_flag=True, help="Make cases of those on which all targets agree: they go to cases/AREA/found.calls."
)
@click.option(
    "--strace",
    "logs",
    multiple=True,
    metavar="LOG",
    type=click.Path(path_type=Path),
    help="Make programs of the calls in a log of `strace -f -xx`, too; what of it is left out is listed at the end.",
)
@click.pass_context
def command(
    context: click.Context,
    folders: tuple[Path, ...],
    names: tuple[str, ...],
    reference: str,
    targets_file: Path | None,
    keep: bool,
    logs: tuple[Path, ...],
) -> int:
    """Run programs on targets: reproducers, what somebody has written, or the calls in a log of strace(1).

    FOLDER is one that `conformance fuzz` wrote, all of a search, a program's JSON file, or a file of programs that
    somebody has written, whose name ends with `.calls`.

    Prints what each target does, call by call; a call that differs from the reference is marked, and so is what Linux
    promises of it and is not kept. With several programs a summary is at the end. All programs share one set of guests.
    With --keep, a program on which the reference and all targets (real kernels, such as lts and wsl2) agree in
    everything becomes a case, which every matrix run then runs everywhere.

    With --strace, the first process of a log of strace(1) is followed: what it does becomes programs, each of some
    lines of the log, as far as it can be said in a program's own tree of files. Nothing of the log is executed.

    \b
    conformance replay results/fuzz-…/FOLDER -t gvisor      one reproducer
    conformance replay results/fuzz-… -t gvisor             all that a search has found
    conformance replay mine.calls -t gvisor                 programs as text: see the documentation of the notation
    conformance replay --strace tar.log -t gvisor           the calls of `strace -f -xx -o tar.log tar …`
    conformance replay FOLDER -t lts -t wsl2 --keep         a case of it, if the kernels agree

    \b
    Exit status: 0 all targets do what the reference does and Linux promises, 1 they do not, or differ from run to run,
    2 usage, 3 a target failed, 4 incomplete (the reference itself died of a program); of several programs the gravest
    counts.
    """
    from conformance.programs.notation.model import unpromised  # noqa: PLC0415 - slow to import, as is what follows
    from conformance.search import corpus as keeping  # noqa: PLC0415 - slow to import, and --help needs none of it
    from conformance.search import replay as replaying  # noqa: PLC0415
    from conformance.search.replay_display import lines, summary  # noqa: PLC0415
    from conformance.search.strace.left import told as told_of_left  # noqa: PLC0415
    from conformance.search.strace.reading import programs_of_log  # noqa: PLC0415
    from runners.base import RunnerError  # noqa: PLC0415
    from runners.registry import runner_for  # noqa: PLC0415

    if not folders and not logs:
        raise UsageError("nothing to replay: give folders that `conformance fuzz` wrote, or a log with --strace")
    programs = replaying.programs_at(folders) if folders else {}
    read = {log: programs_of_log(log) for log in logs}
    for each in read.values():
        programs |= {place: unpromised(program) for place, program in each.programs.items()}
    found = available(context, targets_file)
    chosen = target_files.choose(found.targets, (*names, *found.added) or (reference,), reference)
    corpus = keeping.corpus_for(chosen) if keep else None
    done: dict[str, list[Replayed]] = {}
    several = len(programs) > 1

    def told(replayed: list[Replayed]) -> None:
        place = list(programs)[len(done)]
        done[place] = replayed
        for line in lines(replayed, place if several else ""):
            click.echo(line)

    try:
        runners = {each.name: runner_for(each, bare=True) for each in chosen}
        replaying.replay(list(programs.values()), runners, told)
    except RunnerError as error:
        raise UserError(one_line(str(error))) from error
    finally:
        if several and done:
            click.echo("\n".join(summary(done)))
        for log, each in read.items() if done else ():
            click.echo(f"{one_line(str(log))}: {each.said} of {plural(each.calls, 'call')} said; left out:")
            for line in told_of_left(each.left):
                click.echo(f"  {line}")
    if corpus is None:
        return replaying.gravest(done.values())
    kept, refused = keeping.keep_all({place: each.program for place, each in programs.items()}, done, corpus)
    for place in kept:
        click.echo(f"kept as {place}")
    for why in refused:
        click.echo(f"conformance: {why}", err=True)
    return Exit.USAGE if refused else Exit.EXPECTED
