"""`conformance expect`."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click

from conformance.cli.common import known_expectations
from conformance.matrix.expectations.foreign.formats import Format
from conformance.model import Cause, ExpectationKind, Verdict
from conformance.run.errors import UsageError
from conformance.run.expecting import Run, accepted, exported, imported, like, on_to, pruned
from conformance.run.known import FOLDER, Known, is_old, load, write
from conformance.run.naming import results_directory
from conformance.run.whole import write_whole
from conformance.text import one_line, plural, printable


@click.command("expect")
@click.argument("results", required=False)
@click.option("-t", "--target", "names", multiple=True, metavar="TARGET", help="Only what is of this target.")
@click.option("-k", "pattern", default="*", metavar="GLOB", help="Only cases whose id matches.")
@click.option(
    "--cause",
    "causes",
    multiple=True,
    type=click.Choice([each.value for each in Cause]),
    help="Only differences that have this cause.",
)
@click.option("--reason", help="Why they are accepted, in your words: they are explained.")
@click.option("--baseline", is_flag=True, help="Take down what the run shows, unexplained. The default.")
@click.option("--link", default="", help="Where it is said why.")
@click.option(
    "--when",
    "--condition",
    "when",
    metavar="COND",
    help="Only while this holds, for example 'kernel < 6.6' [default: what the target's file says on top; of a "
    "baseline, else the versions of the run].",
)
@click.option("--expires", default="", metavar="DATE", help="Only until this day (YYYY-MM-DD).")
@click.option("--moved", is_flag=True, help="Move the baseline on to the versions of this run.")
@click.option("--prune", is_flag=True, help="Drop the expectations that this run does not meet.")
@click.option(
    "--from", "source", type=click.Path(path_type=Path, dir_okay=False), help="Take over a list that others keep."
)
@click.option("--to", "sink", type=click.Path(path_type=Path, dir_okay=False), help="Write a list as others keep it.")
@click.option(
    "--format",
    "form",
    type=click.Choice([each.value for each in Format]),
    help="Of that list [default: by its name: .skip, .filter, .yaml, .toml].",
)
@click.option("--environment", metavar="NAME", help="What that list calls the target [default: the target's name].")
@click.option(
    "--verdict",
    type=click.Choice([each.value for each in Verdict]),
    default=Verdict.FAILS.value,
    show_default=True,
    help="Of what that list says none of.",
)
@click.option(
    "--expectations",
    "--file",
    "path",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="The folder, or a target's file [default: expectations/ here; if there is none, one begun with the suite's].",
)
def command(
    results: str | None,
    names: tuple[str, ...],
    pattern: str,
    causes: tuple[str, ...],
    reason: str | None,
    baseline: bool,
    link: str,
    when: str | None,
    expires: str,
    moved: bool,
    prune: bool,
    source: Path | None,
    sink: Path | None,
    form: str | None,
    environment: str | None,
    verdict: str,
    path: Path | None,
) -> None:
    """Accept what differs in a run, move a baseline on, drop what is dead, or exchange lists with others.

    RESULTS is the directory of a run, its name, or LATEST. There are two kinds of expectation: what is explained has a
    human's --reason; a baseline was taken down as it was seen, and holds for the versions only that it was seen with.
    Cases that say the same are accepted together, a whole module as MODULE::*. What is accepted replaces expectations
    that it refutes, and a reason replaces the baseline that it explains.

    \b
    conformance expect LATEST -t gvisor                   all that differs, as a baseline
    conformance expect LATEST -k 'netlink/*' --reason 'no netlink but route' --link https://…
    conformance expect LATEST -t lts --when 'kernel < 6.6' --reason 'new in Linux 6.6'
    conformance expect LATEST -k 'time/*' --reason 'until the rebase' --expires 2030-12-31
    conformance expect LATEST -t gvisor --moved           a new runsc: its baseline instead of the old one's
    conformance expect LATEST --prune                     drop what the run does not meet

    \b
    conformance expect --from expectations.toml           the one file of old: a file a target of it
    conformance expect --from known.skip -t gvisor        LTP's skip file; also gtest, qa-reports
    conformance expect --to known.filter -t gvisor        what is known, as a filter of googletest

    \b
    Exit status: 0 written, 2 usage: what a file of expectations may not say is refused, and nothing is written.
    """
    if (results is None) is not bool(source or sink):
        wrong = "leave RESULTS out, since no run is asked about" if results else "RESULTS is missing"
        raise UsageError(f"{wrong}; `conformance expect --help` has examples")
    _only_one(
        {"--reason": reason is not None, "--baseline": baseline, "--moved": moved, "--prune": prune}
        | {"--from": bool(source), "--to": bool(sink)}
    )
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    if sink:
        _export(sink, form, names, path)
        return
    before, known = _places(path, source)
    if source:
        known, unread = imported(known, source, form, names, environment or "", Verdict(verdict), today)
        for each in unread:
            click.echo(f"  not taken over, {source}:{each.line}: {one_line(each.name)}: {each.why}")
    else:
        run = Run.of(results_directory(results or ""), names)
        if moved:
            known, lines = on_to(run, known, today)
            for line in lines:
                click.echo(printable(line))
        elif prune:
            known = pruned(run, known)
        else:
            known = accepted(
                run, known, like(reason, link, when or "", expires, today), pattern, causes, always=when == ""
            )
    _write(known, before, "dead" if prune else "left to accept")


def _only_one(given: Mapping[str, bool]) -> None:
    """Raises UsageError for options that each ask for something else."""
    chosen = [name for name, is_given in given.items() if is_given]
    if len(chosen) > 1:
        raise UsageError(f"{' and '.join(chosen)} exclude each other: give one of them")


def _places(path: Path | None, source: Path | None) -> tuple[Known, Known]:
    """What is known, and the same as it is about to be written: here, unless a place is named."""
    if path is not None:
        known = load(path) if path.exists() else Known(path)
        return known, known
    if source is not None and not FOLDER.is_dir() and is_old(source):
        return Known(FOLDER), Known(FOLDER)  # it had everything; what ships is not to be mixed in
    known = known_expectations(None) or Known(FOLDER)
    return known, known if known.old else replace(known, path=FOLDER, paths={} if known.path != FOLDER else known.paths)


def _export(sink: Path, form: str | None, names: Sequence[str], path: Path | None) -> None:
    text, count, left = exported(known_expectations(path) or Known(FOLDER), sink, form, names)
    write_whole(sink, text.encode())
    click.echo(f"{sink}: {plural(count, 'expectation')} written")
    for each in left:
        click.echo(f"  not written, since the format has no way to: {one_line(each.case)}")


def _write(known: Known, before: Known, what: str) -> None:
    """Write what has changed, and say how many are explained."""
    if known.texts() == before.texts():
        click.echo(f"{known.path}: nothing was written, since nothing is {what}; {_told(known)}")
        return
    write(known, before)
    click.echo(f"{known.path}: {_told(known)} now, {_told(before)} before")


def _told(known: Known) -> str:
    counts = known.counts()
    return f"{counts[ExpectationKind.EXPLAINED]} explained and {counts[ExpectationKind.BASELINE]} baseline"
