"""`conformance shell`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from conformance.cli.targeting import TARGETS_OPTION, given_to_one, the_one
from conformance.run.errors import UsageError, UserError
from conformance.run.inside import run_inside
from conformance.text import one_line
from runners.base import RunnerError
from runners.registry import runner_for


@click.command("shell")
@click.argument("name", metavar="TARGET")
@given_to_one
@TARGETS_OPTION
@click.option("--cold", is_flag=True, help="Boot the guest instead of resuming one that was remembered.")
@click.pass_context
def command(context: click.Context, name: str, targets_file: Path | None, cold: bool) -> int:
    """Open a shell in a fresh guest of a target, at this terminal; Python where the guest has no shell.

    The guest is thrown away when the shell ends; on `native` and on profiles it is this machine.

    \b
    conformance shell lts
    conformance shell wsl2 --kernel arch/x86/boot/bzImage

    \b
    Exit status: the shell's; 2 usage, 3 there is no guest, or the guest died.
    """
    if not os.isatty(0):
        raise UsageError(f"a shell takes a terminal; for a script there is `conformance exec {name} -- COMMAND...`")
    try:
        done = run_inside(runner_for(the_one(context, targets_file, name), cold=cold), (), terminal=True)
    except RunnerError as error:
        raise UserError(one_line(str(error))) from error
    if done.message:
        click.echo(f"conformance: {one_line(done.message)}", err=True)
    return done.status
