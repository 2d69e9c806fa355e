"""`conformance show`."""

from __future__ import annotations

from pathlib import Path

import click

from conformance.cli.common import EXPECTATIONS_OPTION, FULL_OPTION, read_expectations, terminal_width
from conformance.model import Matrix
from conformance.run.errors import UsageError
from conformance.run.naming import find_case, results_directory
from conformance.run.results import matrix_of
from conformance.run.whole import write_whole


@click.command("show")
@click.argument("case")
@click.argument("run", default="LATEST")
@click.option(
    "-t",
    "--target",
    "names",
    multiple=True,
    metavar="TARGET",
    help="Only on this target [default: all that depart from the reference].",
)
@click.option("--c", "as_c", is_flag=True, help="Print a C program that makes the calls of the trace, of one target.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="A file for --c [default: standard output]."
)
@FULL_OPTION
@EXPECTATIONS_OPTION
def command(
    case: str,
    run: str,
    names: tuple[str, ...],
    as_c: bool,
    output: Path | None,
    full: bool,
    expectations: Path | None,
) -> None:
    """Show one case of a run: verdicts, causes, messages, both traces with the first difference marked.

    CASE is a case's id or a part of it that no other case has; RUN a results directory, the name of a run below
    results/, or LATEST, PREVIOUS, LATEST~2 …

    \b
    conformance show test_pair_shares_one_pool               of the newest run
    conformance show test_open.py::test_absent PREVIOUS      of the one before
    conformance show uevents.py::test_filter -t gvisor       one target
    conformance show test_absent --c -o absent.c && cc absent.c && ./a.out
    """
    from reports.case import render  # noqa: PLC0415 - renderers are slow to import

    directory = results_directory(run)
    matrix = matrix_of(directory, read_expectations(expectations))
    comparison = find_case(matrix, case)
    _check(matrix, names)
    if not as_c:
        if output:
            raise UsageError("-o is where --c goes: give --c as well, or leave out -o")
        click.echo(render(matrix, comparison, names, terminal_width(), full=full), nl=False)
        return
    if len(names) > 1:
        raise UsageError("--c makes one program: name one target with -t, or none for the reference's trace")
    from conformance.search.straight import case_c  # noqa: PLC0415 - slow to import

    program = case_c(directory, comparison.case, names[0] if names else matrix.reference)
    if output:
        write_whole(output, program.encode())
    else:
        click.echo(program, nl=False)


def _check(matrix: Matrix, names: tuple[str, ...]) -> None:
    known = [column.target.name for column in matrix.columns]
    for name in names:
        if name not in known:
            raise UsageError(f"there is no target {name} in the run {matrix.run}; it has {', '.join(known)}")
