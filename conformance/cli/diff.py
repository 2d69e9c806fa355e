"""`conformance diff`."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import click

from conformance.cli.common import EXPECTATIONS_OPTION, read_expectations


@click.command("diff")
@click.argument("before", metavar="RUN[:TARGET]")
@click.argument("after", metavar="RUN[:TARGET]")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option(
    "--pair",
    "pairs",
    multiple=True,
    metavar="OLD=NEW",
    help="Compare this target of the first run with that one of the second; may be given several times, and then "
    "nothing else is compared.",
)
@click.option(
    "--common",
    is_flag=True,
    help="Only the targets and the cases that both runs have. Without it, what only one has is lost evidence.",
)
@click.option(
    "--flaky",
    type=click.Choice(["fail", "warn"]),
    help="Whether cases that do not agree with themselves make exit status 1. Without it, only those do that crash "
    "or hang in some attempt.",
)
@click.option("--full", is_flag=True, help="All of it, with both calls where two traces differ, however long.")
@EXPECTATIONS_OPTION
def command(
    before: str,
    after: str,
    paths: tuple[str, ...],
    pairs: tuple[str, ...],
    common: bool,
    flaky: str | None,
    full: bool,
    expectations: Path | None,
) -> int:
    """Compare what two kernels did: what has become worse, what has changed, what is better.

    RUN is a results directory, the name of a run below results/, or LATEST. Targets of the same name are compared, and
    the only two others, or those that RUN:TARGET or --pair name. Both runs may be the same. PATH is an area, a module
    or a case: only those are compared.

    \b
    conformance diff old new                   two runs, before a rebase and after it
    conformance diff LATEST:k61 LATEST:k612    two kernels of one run
    conformance diff old new --pair lts=next   two targets of other names
    conformance diff old new netlink           one area

    What the kernels did is compared, call by call; the references of the runs say which side is right, and why. A
    change is accepted by an expectation that holds for the newer kernel and not for the older one (conformance expect
    --when 'kernel >= 6.2').

    \b
    Exit status, the gravest first:
      2  usage: there is no such run or target, or nothing to compare it with
      4  lost evidence, said first: a target that did not start, cases that only one run has, were not run or were
         redefined, or nothing that could be compared. Regressions are listed all the same.
      1  a regression, or a change that nobody has accepted
      0  everything is as before, better, or accepted
    """
    from conformance.run.comparing import compare_runs  # noqa: PLC0415 - slow to import
    from conformance.run.diff_display import report  # noqa: PLC0415 - slow to import

    known = read_expectations(expectations)
    found = compare_runs(before, after, known, paths=paths, pairs=pairs, common=common, traces=full)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() or "COLUMNS" in os.environ else None
    for line in report(found.diffs, found.lost, found.notes, full=full, width=width):
        click.echo(line)
    return found.status(flaky)
