"""How long does a matrix take? Per target: guest start to first case, cases per second; then the whole run's wall time.

    python -m benchmarks.matrix [-t TARGET]… [PATH…]

Targets are measured one after the other, each alone on the machine; `cold` boots the guest, `warm` resumes the one
that the cold run left behind (only kernels in QEMU differ). The whole run is `conformance run` as a user types it,
twice: after a change of the suite, when guests must boot, and without one.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import click
from tabulate import tabulate

from conformance.model import Answers, Target
from conformance.places import cache_root
from conformance.protocol.lines import Start
from conformance.run.selection import Selection
from conformance.run.session import Died, Session
from conformance.run.targets import default_path, load
from runners.base import RunnerError
from runners.registry import runner_for


@click.command()
@click.option("-t", "--target", "names", multiple=True, help="Only these targets [default: all].")
@click.argument("paths", nargs=-1)
def main(names: tuple[str, ...], paths: tuple[str, ...]) -> None:
    """Measure, and print two tables."""
    targets = [each for each in load(default_path()).values() if not names or each.name in names]
    selection = Selection(paths)
    forget_guests()
    rows = []
    for target in targets:
        ways = ("cold", "warm") if target.answers is Answers.KERNEL else ("",)
        rows += [measured(target, way, selection) for way in ways]
    click.echo(tabulate(rows, headers=("target", "guest", "start to first case, s", "cases", "cases per second")))
    forget_guests()
    walls = [(way, round(whole_run(names, paths), 1)) for way in ("cold", "warm")]
    click.echo("\n" + tabulate(walls, headers=("conformance run", "wall time, s")))


def forget_guests() -> None:
    """Drop every guest that was remembered, so that the next one boots."""
    shutil.rmtree(cache_root() / "snapshots", ignore_errors=True)


def measured(target: Target, way: str, selection: Selection) -> tuple[str, str, str, int, str]:
    """A row of the first table."""
    runner = runner_for(target)
    if lacking := runner.missing():
        return (target.name, lacking, "", 0, "")
    begin = time.monotonic()
    first = done = 0.0
    count = 0
    try:
        with Session(runner, selection) as session:
            for line in session.run([info.id for info in session.cases]):
                if isinstance(line, Start):
                    first = first or time.monotonic()
                    count += 1
            done = time.monotonic()
    except (RunnerError, Died) as error:
        return (target.name, str(error)[:80], "", count, "")
    return (target.name, way, f"{first - begin:.1f}", count, f"{count / (done - first):.1f}")


def whole_run(names: Sequence[str], paths: Sequence[str]) -> float:
    """Seconds that `conformance run` takes, whatever it finds."""
    with tempfile.TemporaryDirectory() as folder:
        chosen = [word for name in names for word in ("-t", name)]
        command = [sys.executable, "-m", "conformance", "run", "-o", str(Path(folder) / "run"), *chosen, *paths]
        begin = time.monotonic()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
        return time.monotonic() - begin


if __name__ == "__main__":
    main()
