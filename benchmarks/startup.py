"""How long does the command take before it does anything?

    python -m benchmarks.startup [--against CHECKOUT] [--times N]

Each command is run alternately from this checkout and, if there is one, from another (`git worktree add CHECKOUT
COMMIT`), so that what else the machine does meets both alike, and with byte-code, as an installed suite has it.
Medians; `report` and `diff` are of a run of one module.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import click
from tabulate import tabulate

HERE = Path(__file__).resolve().parent.parent
COMMANDS = ("--help", "run --help", "report --help", "diff --help", "report RUN", "diff RUN RUN")


@click.command()
@click.option("--against", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Another checkout.")
@click.option("--times", default=15, show_default=True, help="How often each command is run.")
def main(against: Path | None, times: int) -> None:
    """Measure, and print a table."""
    checkouts = [*([against.resolve()] if against else []), HERE]
    with tempfile.TemporaryDirectory() as folder:
        run = str(Path(folder) / "run")
        started(checkouts[0], ["run", "-t", "native", "-o", run, "files/test_open.py"])
        rows = [row(command, checkouts, run, times) for command in COMMANDS]
    heads = [f"{name}, ms" for checkout in checkouts for name in (checkout.name, f"{checkout.name}, processor")]
    click.echo(tabulate(rows, headers=("conformance", *heads), floatfmt=".0f"))


def row(command: str, checkouts: Sequence[Path], run: str, times: int) -> list[str | float]:
    """Wall time and the processor's, in milliseconds, of a command in each checkout."""
    words = [run if word == "RUN" else word for word in command.split()]
    found: dict[Path, list[tuple[float, float]]] = {checkout: [] for checkout in checkouts}
    for _ in range(times):
        for checkout in checkouts:
            found[checkout].append(started(checkout, words))
    return [
        command,
        *(statistics.median(each[at] for each in found[checkout]) * 1000 for checkout in checkouts for at in (0, 1)),
    ]


def started(checkout: Path, words: Sequence[str]) -> tuple[float, float]:
    """Run a command of a checkout; seconds by the clock, and of the processor's time."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "conformance", *words],
        cwd=checkout,
        env={**kept, "PYTHONPATH": str(checkout)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return time.monotonic() - begin, used


if __name__ == "__main__":
    main()
