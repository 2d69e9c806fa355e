"""`conformance doctor`."""

from __future__ import annotations

import click
from tabulate import tabulate

from conformance.run.errors import Exit, UserError
from runners import doctor
from runners.base import RunnerError


@click.command("doctor")
@click.option("--install", is_flag=True, help="Install what is missing with apt (needs root).")
def command(install: bool) -> int:
    """Say what this machine lacks, and which package brings it. Exits 3 when something is missing."""
    if install:
        try:
            doctor.install(lambda line: click.echo(line, err=True))
        except RunnerError as error:
            raise UserError(str(error)) from error
    found = doctor.examine()
    rows = [
        (part.name, "yes" if each.present else "no", part.package, part.purpose)
        for each in found
        for part in [each.part]
    ]
    click.echo(tabulate(rows, headers=("part", "there", "package", "for")))
    return Exit.EXPECTED if all(each.present for each in found) else Exit.FAILED
