"""`conformance fuzz`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from conformance.cli.common import EXPECTATIONS_OPTION, REFERENCE_OPTION, TARGET_OPTION, read_expectations
from conformance.cli.targeting import TARGETS_OPTION, available, given_options
from conformance.run import targets as target_files
from conformance.run.errors import Exit, UserError
from conformance.run.naming import RESULTS
from conformance.text import one_line

if TYPE_CHECKING:
    from conformance.search.loop import Search

UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}


class Duration(click.ParamType):  # type: ignore[type-arg] # generic only in newer versions of click
    """`90`, `90s`, `5m`, `1h`; in seconds."""

    name = "time"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """See click."""
        found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", str(value), re.ASCII)
        if not found:
            self.fail(f"{value!r} is no duration; write 90s, 5m or 1h", param, ctx)
        return float(found[1]) * UNITS[found[2]]


@click.command("fuzz")
@TARGET_OPTION
@REFERENCE_OPTION
@click.option(
    "--chapter",
    "chapters",
    metavar="CHAPTER[,CHAPTER]...",
    default="",
    help="Only calls of these chapters [default: all].",
)
@click.option(
    "--call",
    "calls",
    metavar="CALL[,CALL]...",
    default="",
    help="Only programs with one of these calls, and what differs because of it; what else is in them is of the same "
    "chapters [default: all calls].",
)
@click.option(
    "--time", "seconds", type=Duration(), help="How long to search [default: 5m, unless --programs is given]."
)
@click.option("--programs", type=click.IntRange(min=1), metavar="N", help="How many programs to run.")
@click.option("--seed", type=int, help="For the same programs again [default: another one each time; it is printed].")
@click.option("--no-twin", is_flag=True, help="Do not hold the reference against itself: faster, less certain.")
@given_options
@TARGETS_OPTION
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where reproducers go [default: results/fuzz-TIME].",
)
@EXPECTATIONS_OPTION
@click.pass_context
def command(
    context: click.Context,
    names: tuple[str, ...],
    reference: str,
    chapters: str,
    calls: str,
    seconds: float | None,
    programs: int | None,
    seed: int | None,
    no_twin: bool,
    targets_file: Path | None,
    output: Path | None,
    expectations: Path | None,
) -> int:
    """Search for divergences: run generated programs on all targets in lock-step, and keep a reproducer of each.

    Programs are lists of system calls, written by Hypothesis from the typed descriptions in conformance/syscalls. The
    reference runs in two instances: where it differs from itself, the comparison is at fault, and the search fails.
    With no target but the reference, that is all that happens.

    \b
    conformance fuzz -t gvisor --time 10m          native against gVisor
    conformance fuzz -t lts --chapter files,mounts   only some chapters
    conformance fuzz -t gvisor --call sendmsg,ppoll  programs about these calls, after a change to them
    conformance fuzz -t native --programs 100000   native against itself
    conformance replay results/fuzz-…/FOLDER -t gvisor

    What an expectation is about whose case is `fuzz/SIGNATURE` (or a glob over signatures) is not searched for; its
    target, condition and day count as they do for cases.

    \b
    Exit status: 0 nothing new, 1 divergences, or a target died, 2 usage, 3 a target failed, 4 incomplete (programs were
    compared with nothing, as the reference died of them; or nothing was found, and differences are left that the time
    was too short to look into), 130 interrupted (what was found is kept).
    """
    from conformance.run.results import new_run_name  # noqa: PLC0415
    from conformance.search import search as searching  # noqa: PLC0415 - slow to import, and --help needs none of it
    from conformance.search.display import SearchDisplay, report  # noqa: PLC0415
    from conformance.search.planning import Asked, new_search, targets_of_lanes  # noqa: PLC0415
    from runners.base import RunnerError  # noqa: PLC0415
    from runners.registry import runner_for  # noqa: PLC0415

    found = available(context, targets_file)
    chosen = target_files.choose(found.targets, (*names, *found.added) or (reference,), reference)
    known = read_expectations(expectations)
    asked = Asked(chapters, calls, seconds, programs, seed, twin=not no_twin)
    plan = new_search(asked, chosen, reference, targets_file)
    directory = output or RESULTS / f"fuzz-{new_run_name()}"
    runners = {name: runner_for(each, bare=True) for name, each in targets_of_lanes(plan, chosen).items()}
    click.echo(f"seed {plan.seed}; reproducers go to {directory}", err=True)
    seen: list[Search] = []
    try:
        with SearchDisplay() as display:

            def progress(search: Search) -> None:
                seen[:] = [search]
                display(search)

            search = searching.search(plan, runners, known, directory, progress)
    except KeyboardInterrupt as stop:
        if seen:
            click.echo(report(seen[0]))
        click.echo(f"conformance: interrupted; what was found is in {directory}", err=True)
        return Exit.after(stop)
    except UserError:
        if seen:
            click.echo(report(seen[0]))
        raise
    except RunnerError as error:
        raise UserError(one_line(str(error))) from error
    click.echo(report(search))
    return searching.status_of(search)
