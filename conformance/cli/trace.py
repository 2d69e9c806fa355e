"""`conformance trace`."""

from __future__ import annotations

from pathlib import Path

import click

from conformance.text import one_line


@click.command("trace")
@click.argument("command_line", nargs=-1, required=True, metavar="-- COMMAND...", type=click.UNPROCESSED)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="The log; the command's name and `.strace` if not given."
)
@click.option("-f", "--force", is_flag=True, help="Write over a log that is there.")
def command(command_line: tuple[str, ...], output: Path | None, force: bool) -> int:
    """Record the system calls of a command on this machine, for `conformance replay --strace`.

    The command runs here, as you are, under strace(1): its streams are this command's, and so is its exit status. What
    is recorded is what `strace -f -xx -v -s 4096` writes. A program that serves until it is stopped is stopped as ever,
    with a Ctrl-C.

    \b
    conformance trace -- tar cf /dev/null /etc/hostname
    conformance replay --strace tar.strace -t gvisor
    conformance trace -o server.log -- python3 -m http.server 8000

    \b
    Exit status: the command's; 128 and the number of the signal that ended it; 127 there is no such command; 2 usage;
    3 there is no strace here, or the log cannot be written.
    """
    from conformance.search.strace.recording import log_for, record  # noqa: PLC0415 - --help needs none of it

    log = log_for(command_line, output, force=force)
    status = record(command_line, log)
    if log.exists():
        said = one_line(str(log))
        click.echo(f"conformance: {said}: next, `conformance replay --strace {said} -t TARGET`", err=True)
    return status
