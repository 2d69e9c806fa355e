"""`conformance coverage`."""

from __future__ import annotations

import click

from conformance.run.naming import results_directory


@click.command("coverage")
@click.argument("results")
@click.option(
    "-t",
    "--target",
    "names",
    multiple=True,
    metavar="TARGET",
    help="Only what this target has met; may be given several times [default: all of the run, together].",
)
@click.option("--area", default="", metavar="AREA", help="Only the cases of this folder [default: all].")
@click.option("--missing", is_flag=True, help="Also list what nothing reaches, with a reason where there is one.")
@click.option(
    "-f",
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to print it.",
)
def command(results: str, names: tuple[str, ...], area: str, missing: bool, form: str) -> int:
    """Count what a run has met of the kernel: calls, documented errnos, flags, operations.

    RESULTS is a results directory, the name of a run below results/, or LATEST, PREVIOUS, LATEST~2 …

    Traces count, and nothing else: a call is met when it succeeded in a case that passed or failed, an errno when the
    call failed with it, a flag or an operation when a call that has it succeeded. They are held against the kernel's
    table, the errnos that the manual documents and the descriptions, and stand beside the figures of LTP and of
    gVisor's own tests.

    In the table of areas, `of` is what the manual documents of the calls that the area makes, `others` the errnos that
    no page documents, and LTP and gVisor the errnos that those assert of the same calls.

    \b
    conformance coverage LATEST                       sums, and a row an area
    conformance coverage LATEST -t native --missing   what nothing reaches on native, and why
    conformance coverage LATEST --area netlink        one area
    conformance coverage LATEST -f json | jq .met     the facts themselves

    \b
    Exit status:
      2  usage: there is no such run, target or area
      4  lost evidence, said on standard error: a target that did not start, cases that were not run. What there is is
         counted all the same.
      0  everything was counted, however little it is
    """
    from conformance.coverage.display import as_data, report  # noqa: PLC0415 - slow to import
    from conformance.run.covering import covered  # noqa: PLC0415 - slow to import

    found = covered(results_directory(results), names, area)
    for each in found.lost:
        click.echo(f"lost evidence: {each}", err=True)
    if form == "json":
        import msgspec  # noqa: PLC0415 - not for --help

        click.echo(msgspec.json.format(msgspec.json.encode(as_data(found.coverage, missing=missing))))
    else:
        click.echo(report(found.coverage, missing=missing))
    return found.status
