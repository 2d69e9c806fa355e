"""`conformance mutate`."""

from __future__ import annotations

import os

import click

from conformance.run.errors import Exit, UserError


@click.command("mutate")
@click.argument("chapters", nargs=-1, metavar="[CHAPTER]...")
@click.option(
    "--call",
    "calls",
    multiple=True,
    metavar="NAME",
    help="Only this call with its operations, or this operation; may be given several times [default: all of CHAPTER].",
)
@click.option(
    "--at-least",
    type=click.FloatRange(0, 100),
    default=0.0,
    metavar="PERCENT",
    help="Exit with 1 where less of the faults is caught [default: 0].",
)
@click.option("--programs", "only_programs", is_flag=True, help="Ask programs alone: quicker, and catches less.")
@click.option(
    "-j",
    "jobs",
    type=click.IntRange(1, 64),
    default=None,
    metavar="N",
    help="How many machines lie side by side [default: as many as there are cores].",
)
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to print it; JSON has every fault, with the case that caught it.",
)
def command(
    chapters: tuple[str, ...], calls: tuple[str, ...], at_least: float, only_programs: bool, jobs: int | None, form: str
) -> int:
    """Plant faults under the suite, and count how many it catches: how sharp it is, and where it is blunt.

    CHAPTER is one of the descriptions of system calls, such as `files`, `sockets` or `memory`; all where none is named.
    Each call in it, and each of its operations, gets every fault that its description has room for: refused though it
    succeeds; refused with another errno; answered with success though nothing is done; a result that is one more; each
    flag dropped; what it writes not written, cut by a byte, or with one member zeroed.

    A fault lies on this machine: programs (the cases in *.calls files) run behind a shim that traces them and changes
    one call. It is caught when a program that makes the call breaks a promise or does not do what it does without the
    fault, twice in a row, as the matrix compares it. Programs that are not the same twice without a fault do not count.

    What is not caught is named: `survived`, where programs have met the fault and nothing came of it, and `not
    exercised`, where nothing in any program would be another, such as a flag that none passes. Both count. What Linux
    itself could show is no fault, and left out.

    It takes root, since a filter that programs cannot see does, and x86_64; some minutes for everything.

    \b
    conformance mutate                          everything
    conformance mutate sockets --at-least 85    one chapter, and a status for a script
    conformance mutate --call statx             one call, with its operations
    conformance mutate -f json | jq '.faults[] | select(.end == "survived")'

    \b
    Exit status:
      0  it was measured, and at least PERCENT was caught
      1  less was caught
      2  usage: there is no such chapter or call
      3  this machine cannot lie, or the harness failed
      4  nothing was measured: there is no fault that could be planted
    """
    from conformance.mutate.conduct import measure, planned  # noqa: PLC0415 - slow to import
    from conformance.mutate.display import MutateDisplay, as_data, percent, report  # noqa: PLC0415 - see above
    from conformance.mutate.naming import labels_of  # noqa: PLC0415 - see above
    from conformance.run.programs import selected  # noqa: PLC0415 - see above
    from conformance.run.selection import Selection  # noqa: PLC0415 - see above
    from runners.lying import liars  # noqa: PLC0415 - see above

    found = selected(Selection())
    if found.troubles:
        raise UserError("; ".join(each.message for each in found.troubles))
    what = planned(labels_of(chapters, calls), list(found.by_id.values()))
    with liars(jobs or len(os.sched_getaffinity(0))) as machines, MutateDisplay() as display:
        if lacking := machines[0][0].missing():
            raise UserError(lacking)
        measure(what, machines, display, in_python=not only_programs)
    if form == "json":
        import msgspec  # noqa: PLC0415 - not for --help

        click.echo(msgspec.json.format(msgspec.json.encode(as_data(what))))
    else:
        click.echo(report(what))
    if not what.fates:
        click.echo("conformance: nothing was measured: there is no fault that could be planted", err=True)
        return Exit.INCOMPLETE
    return Exit.UNEXPECTED if percent([*what.fates.values()]) < at_least else Exit.EXPECTED
