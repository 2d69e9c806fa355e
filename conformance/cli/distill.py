"""`conformance distill`."""

from __future__ import annotations

import secrets
from pathlib import Path

import click

from conformance.cli.common import TARGET_OPTION
from conformance.cli.targeting import TARGETS_OPTION, available, given_options
from conformance.run import targets as target_files
from conformance.run.errors import Exit, UsageError, UserError
from conformance.text import one_line

USUAL_SECONDS = 60.0


@click.command("distill")
@click.argument("calls", nargs=-1, metavar="[CALL]...")
@TARGET_OPTION
@click.option(
    "--reference", default="native", show_default=True, metavar="TARGET", help="Where facts are searched for."
)
@click.option(
    "--seconds",
    type=click.FloatRange(0, 86_400),
    default=USUAL_SECONDS,
    show_default=True,
    help="How long to search for what no plain question has answered.",
)
@click.option("--hold", is_flag=True, help="Find nothing new: only hold what is there against the targets.")
@click.option("--seed", type=int, help="For the same search again [default: another one each time; it is printed].")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the files go, and where those are looked for that stay as they are [default: cases/ of the checkout].",
)
@given_options
@TARGETS_OPTION
@click.pass_context
def command(
    context: click.Context,
    calls: tuple[str, ...],
    names: tuple[str, ...],
    reference: str,
    seconds: float,
    hold: bool,
    seed: int | None,
    output: Path | None,
    targets_file: Path | None,
) -> int:
    """Search for what Linux does, and write down for each fact of a call the smallest program that shows it.

    A fact is that a call succeeds, fails with an errno that the manual has, accepts or refuses a flag, carries out an
    operation, takes an option, a kind of socket or a kind of fd. CALL is a system call's name; without one, all calls
    that programs may make are distilled.

    First plain questions are asked, each choice of each argument and each kind of fd by itself, each path and each
    limit that is in the way; then programs are drawn, about the calls of which something is not known yet. What shows a
    fact is made small, and kept if it does the same in three processes of its own and beside others. A file a call is
    written, call_CALL.calls in the area that the call belongs to. Programs that are in it already and still do what
    they promise stay as they are, so that another seed adds what is missing and changes nothing else.

    With -t, other kernels are asked too: where they disagree, a promise gets the condition on which it holds. A target
    that only imitates Linux promises nothing, but what differs there from run to run is left out.

    \b
    conformance distill                                 all calls, on this machine
    conformance distill openat renameat2 --seconds 300    these, with a longer search
    conformance distill --hold -t lts -t gvisor         what is there, held against other targets
    conformance distill epoll_ctl -o /var/tmp/facts     to look at, beside the cases

    \b
    Exit status: 0 done, 1 programs that were there were dropped (they do not keep what they promise, differ from run to
    run, or say what other targets do not), 2 usage, 3 a target failed, 130 interrupted (nothing was written).
    """
    from conformance.run.lane import LaneError  # noqa: PLC0415
    from conformance.search.distill import distilling  # noqa: PLC0415 - slow to import, and --help needs none of it
    from conformance.search.distill.comparing import Other  # noqa: PLC0415
    from conformance.search.distill.display import DistillDisplay, report  # noqa: PLC0415
    from conformance.search.distill.files import default_root  # noqa: PLC0415
    from runners.base import RunnerError  # noqa: PLC0415
    from runners.registry import runner_for  # noqa: PLC0415

    found = available(context, targets_file)
    chosen = target_files.choose(found.targets, (*names, *found.added) or (reference,), reference)
    try:
        plan = distilling.DistillPlan(
            distilling.calls_of(calls),
            secrets.randbelow(1 << 32) if seed is None else seed,
            seconds,
            output or default_root(),
            find=not hold,
        )
    except ValueError as error:
        raise UsageError(str(error)) from error
    click.echo(f"seed {plan.seed}; files go to {plan.output}", err=True)
    try:
        first, *others = [Other(each.name, runner_for(each, bare=True), each.imitates) for each in chosen]
        with DistillDisplay() as display:
            done = distilling.distill_on(plan, first.runner, display, others)
    except (RunnerError, LaneError) as error:
        raise UserError(one_line(str(error))) from error
    click.echo(report(done))
    return Exit.UNEXPECTED if done.dropped or done.lost else Exit.EXPECTED
