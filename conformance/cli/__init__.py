"""The `conformance` command, a module a subcommand. No logic of its own."""

from __future__ import annotations

import errno
import gc
import importlib
import sys
from collections.abc import Sequence

import click

from conformance import __version__
from conformance.cli.former import by_their_new_names
from conformance.cli.process import end_tidily, guard_streams, unforeseen
from conformance.run.errors import Exit, UserError

COMMANDS = {
    "run": "Run cases on all targets, or those given with -t, side by side, compare, and print the matrix",
    "show": "Show one case of a run: verdicts, causes, messages, both traces with the first difference marked",
    "report": "Compare the records of a run anew and render the matrix",
    "survey": "List what kernels show, hold the lists against each other, and print what differs, entry by entry",
    "coverage": "Count what a run has met of the kernel: calls, documented errnos, flags, operations",
    "mutate": "Plant faults under the suite, and count how many it catches: how sharp it is, and where it is blunt",
    "diff": "Compare what two kernels did: what has become worse, what has changed, what is better",
    "rebase": "Say what users will notice when their kernel becomes another: what is lost, changed, gained, and why",
    "targets": "List the targets, with whether each can run here and, if not, the one thing that is missing",
    "doctor": "Say what this machine lacks, and which package brings it",
    "schema": "Print the JSON Schema of `conformance report -f json`",
    "kernels": "Find, fetch and build kernel images",
    "expect": "Accept what differs in a run, move a baseline on, drop what is dead, or exchange lists with others",
    "fuzz": "Search for divergences: run generated programs on all targets in lock-step, and keep a reproducer of each",
    "distill": "Search for what Linux does, and write down for each fact of a call the smallest program that shows it",
    "exec": "Run a command in a fresh guest of a target: its streams are this command's, and so is its exit status",
    "shell": "Open a shell in a fresh guest of a target, at this terminal; Python where the guest has no shell",
    "trace": "Record the system calls of a command on this machine, for `conformance replay --strace`",
    "replay": "Run programs on targets: reproducers, what somebody has written, or the calls in a log of strace(1)",
}
"""The subcommands, each with the first sentence of its help: importing them all to list them takes long."""

RARELY = (50_000, 50, 50)
"""How often cyclic garbage is looked for. Records and programs are made by the ten thousand, and stay: looking through
them again and again took a quarter of a command's time."""
EPILOGUE = """\b
Exit statuses:
  0    everything is as expected
  1    unexpected differences, or a regression
  2    the command line or a configuration file is wrong
  3    a target or the harness failed
  4    incomplete: evidence is lost, some cases were not run
  129, 130, 143  ended by SIGHUP, SIGINT, SIGTERM; what a run has is kept
A reader that goes away (`| head`) changes no status.
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

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """See click. What COMMANDS says is enough for a list."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """See click. With the command's module there, it is up to the command to end tidily."""
        name, command, rest = super().resolve_command(ctx, args)
        end_tidily()
        return name, command, by_their_new_names(name, rest)


@click.group(cls=LazyGroup, epilog=EPILOGUE, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def cli() -> None:
    """Run the same system call tests on several kernels and emulations, and see where they differ.

    \b
    conformance run                       everything in targets.toml, as a matrix
    conformance run -t wsl2 netlink       one target against the reference, one area
    conformance fuzz -t gvisor --time 5m  a search: generated programs, a reproducer of each divergence
    conformance show CASE                 one case: both traces, the first difference marked
    conformance report LATEST -f html     the matrix of an earlier run, in any format
    conformance doctor --install          what this machine lacks
    """


def main() -> int:
    """Run the command line of this process; the exit status."""
    gc.set_threshold(*RARELY)
    guard_streams()
    status = answer(sys.argv[1:])
    gc.freeze()  # nobody needs what is freed at the end, and to look through all of a run for it takes time
    return status


def answer(arguments: Sequence[str]) -> int:
    """Run a command line; the exit status. Errors are one sentence, exit statuses are documented."""
    try:
        status = int(cli.main(list(arguments), "conformance", standalone_mode=False) or Exit.EXPECTED)
        sys.stdout.flush()
        return status
    except (click.exceptions.Abort, KeyboardInterrupt) as stop:
        # click makes an Abort of every KeyboardInterrupt.
        click.echo("conformance: interrupted", err=True)
        return Exit.after(stop.__cause__ or stop)
    except click.ClickException as error:
        error.show()
        return Exit.USAGE
    except UserError as error:
        click.echo(f"conformance: {error}", err=True)
        return error.status
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
            name = str(error.filename or "a name")
            click.echo(f"conformance: {name[:40]}… is too long for the name of a file; give another", err=True)
            return Exit.USAGE
        click.echo(f"conformance: {str(error) if is_runners(error) else unforeseen(error)}", err=True)
        return Exit.FAILED


def is_runners(error: Exception) -> bool:
    """Whether it is a sentence of a runner's (see `runners.base.RunnerError`), such as of one that cannot be loaded."""
    base = sys.modules.get("runners.base")
    return base is not None and isinstance(error, base.RunnerError)
