"""`conformance exec`."""

from __future__ import annotations

from pathlib import Path

import click

from conformance.cli.targeting import TARGETS_OPTION, given_to_one, the_one
from conformance.run.errors import UserError
from conformance.run.inside import run_inside
from conformance.text import one_line
from runners.base import RunnerError
from runners.registry import runner_for


@click.command("exec")
@click.argument("name", metavar="TARGET")
@click.argument("command_line", nargs=-1, required=True, metavar="-- COMMAND...", type=click.UNPROCESSED)
@given_to_one
@TARGETS_OPTION
@click.option("--cold", is_flag=True, help="Boot the guest instead of resuming one that was remembered.")
@click.pass_context
def command(
    context: click.Context, name: str, command_line: tuple[str, ...], targets_file: Path | None, cold: bool
) -> int:
    """Run a command in a fresh guest of a target: its streams are this command's, and so is its exit status.

    On `native` and on profiles the guest is this machine, with its files; any other guest has its own, with little in
    it but a shell, Python and the suite, and is thrown away afterwards.

    \b
    conformance exec lts -- uname -r
    conformance exec wsl2 --kernel bzImage -- cat /proc/config.gz | zcat
    conformance exec gvisor -- python3 -c 'import os; print(os.uname())'
    conformance exec lts -- sh -c 'dmesg | tail'

    Ctrl-C goes to the command; a second one ends the guest.

    \b
    Exit status: the command's; 128 and the number of the signal that ended it; 127 there is no such command, 126 it
    cannot be started; 2 usage, 3 there is no guest, or the guest died.
    """
    try:
        done = run_inside(runner_for(the_one(context, targets_file, name), cold=cold), command_line)
    except RunnerError as error:
        raise UserError(one_line(str(error))) from error
    if done.message:
        click.echo(f"conformance: {one_line(done.message)}", err=True)
    return done.status
