"""The command as a process of its own: slower than in this one, and with everything that a shell does to it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

from tests.suite import SOURCES

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What ends it."""

WAITING = """
import signal, sys, time
import click
import conformance.cli as whole

@click.command()
def command():
    try:
        print("ready", flush=True)
        time.sleep(60)
    except KeyboardInterrupt:
        print("tidied up", flush=True)
        time.sleep({pause})
        raise
whole.LazyGroup.get_command = lambda *_: command
sys.argv[1:] = ["wait"]
from conformance.__main__ import main
main()
"""
"""The command with a subcommand that waits, and takes some seconds to tidy up."""

FAULTY = """
import sys
import click
import conformance.cli as whole

@click.command()
def command():
    {fault}
whole.LazyGroup.get_command = lambda *_: command
sys.argv[1:] = ["fault"]
from conformance.__main__ import main
main()
"""


def environment(**more: str) -> dict[str, str]:
    """Ours, in which the suite can be imported from anywhere."""
    return {**os.environ, "PYTHONPATH": str(SOURCES), **more}


def command(*arguments: str | Path) -> list[str]:
    """The command as a list."""
    return [sys.executable, "-m", "conformance", *map(str, arguments)]


def told(
    *arguments: str | Path, stdout: int | BinaryIO | None = None, stderr: int | BinaryIO = subprocess.PIPE
) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        command(*arguments), env=environment(), stdout=stdout, stderr=stderr, text=True, timeout=60, check=False
    )


def script(text: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a script to its end."""
    return subprocess.run(
        [sys.executable, "-c", text], env=environment(**more), capture_output=True, text=True, timeout=60, check=False
    )
