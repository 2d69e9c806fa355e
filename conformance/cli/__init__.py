"""The `conformance` command, a module a subcommand. No logic of its own."""

from __future__ import annotations

import importlib
import sys

import click

from conformance import __version__
from conformance.run.errors import Exit, UserError

COMMANDS = ("run", "report", "diff", "targets", "doctor", "schema", "kernels", "expect", "fuzz", "replay")

EPILOGUE = """\b
Exit statuses:
  0    everything is as expected
  1    unexpected differences, or a regression
  2    the command line or a configuration file is wrong
  3    a target or the harness failed
  4    incomplete: some cases were not run
  130  interrupted
"""


class LazyGroup(click.Group):
    """Imports a subcommand's module when it is asked for, so that `--help` answers at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """See click."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """See click."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"conformance.cli.{cmd_name}")
        return module.command  # type: ignore[no-any-return] # every module of COMMANDS has one


@click.group(cls=LazyGroup, epilog=EPILOGUE, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def cli() -> None:
    """Run the same system call tests on several kernels and emulations, and see where they differ.

    \b
    conformance run                       everything in targets.toml, as a matrix
    conformance run -t wsl2 netlink       one target against the reference, one area
    conformance fuzz -t gvisor --time 5m  generated programs, and a reproducer of each divergence
    conformance report results/LATEST     the matrix of an earlier run, in any format
    conformance doctor --install          what this machine lacks
    """


def main() -> None:
    """The entry point: errors are one sentence, exit statuses are documented."""
    try:
        status = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        status = Exit.INTERRUPTED
    except click.ClickException as error:
        error.show()
        status = Exit.USAGE
    except UserError as error:
        click.echo(f"conformance: {error}", err=True)
        status = error.status
    except KeyboardInterrupt:
        click.echo("conformance: interrupted", err=True)
        status = Exit.INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        status = Exit.EXPECTED
    sys.exit(int(status or 0))
