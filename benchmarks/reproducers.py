"""How many reproducers of a search show what they say: on the reference, and on the target that diverged?

    python -m benchmarks.reproducers RESULTS/fuzz-… [--most 300] [--seed 1]

Each `repro.c` is compiled here as its first lines say, but for `-static`, as a guest need not have this machine's
libraries. It is run in a guest of the target, where it must exit with 1, and on the reference, where it must exit with
0, in a process of its own with a time limit; all of one target in one guest, one after the other. A reproducer counts
where both hold.
"""

from __future__ import annotations

import json
import random
import struct
import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import click
from tabulate import tabulate

from conformance.run.targets import default_path, load
from runners.base import Channel
from runners.registry import runner_for

DRIVER = """
import os, struct, subprocess, sys, tempfile
os.chdir(tempfile.mkdtemp())
while head := sys.stdin.buffer.read(4):
    with open("repro", "wb") as file:
        file.write(sys.stdin.buffer.read(struct.unpack("<I", head)[0]))
    os.chmod("repro", 0o700)
    try:
        done = subprocess.run(["./repro"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=60, start_new_session=True)
        status, said = done.returncode, done.stdout
    except subprocess.TimeoutExpired:
        status, said = 255, b"does not end"
    said = said[-2000:]
    sys.stdout.buffer.write(struct.pack("<iI", status, len(said)) + said)
    sys.stdout.buffer.flush()
    os.unlink("repro")
"""
"""What runs programs in a guest: it is told their size and bytes, and says their status and what they printed."""
SECONDS = 90.0


@dataclass(frozen=True, slots=True)
class Reproducer:
    """A folder of a search, and its program."""

    folder: Path
    target: str
    reference: str
    binary: bytes


class Driver:
    """Runs programs in one guest."""

    def __init__(self, channel: Channel) -> None:
        self._channel, self._pending = channel, b""

    def run(self, binary: bytes) -> tuple[int, str]:
        """The exit status of a program, and what it printed."""
        self._channel.write(struct.pack("<I", len(binary)) + binary)
        status, size = struct.unpack("<iI", self._read(8))
        return status, self._read(size).decode("utf-8", "replace")

    def _read(self, size: int) -> bytes:
        while len(self._pending) < size:
            data = self._channel.read(SECONDS)
            if not data:
                raise click.ClickException("the guest has gone")
            self._pending += data
        found, self._pending = self._pending[:size], self._pending[size:]
        return found


def compiled(folder: Path) -> Reproducer | str:
    """A folder's program, or what the compiler says."""
    with tempfile.TemporaryDirectory() as room:
        to = Path(room, "repro")
        argv = ["cc", "-static", "-o", str(to), str(folder / "repro.c")]
        done = subprocess.run(argv, capture_output=True, encoding="utf-8", errors="replace", timeout=120, check=False)
        if done.returncode or done.stderr:
            return f"{folder.name}: {done.stderr[:200]}"
        found = json.loads((folder / "program.json").read_text(encoding="utf-8"))["found"]
        return Reproducer(folder, found["target"], found["reference"], to.read_bytes())


def wrong(each: Reproducer, drivers: dict[str, Driver]) -> list[list[str]]:
    """What does not hold of a reproducer: where, what it ended with, and the last that it printed."""
    found = []
    for name, wanted in ((each.reference, 0), (each.target, 1)):
        status, said = drivers[name].run(each.binary)
        if status != wanted:
            found.append([each.folder.name[:90], name, str(status), " / ".join(said.splitlines()[-2:])[:80]])
    return found


@click.command()
@click.argument("results", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--most", default=1000, show_default=True, help="How many reproducers are tried, drawn at random.")
@click.option("--seed", default=1, show_default=True)
def main(results: Path, most: int, seed: int) -> None:
    """Compile and run, and print what does not reproduce."""
    folders = sorted(path.parent for path in results.glob("*/repro.c"))
    some: Sequence[Path] = random.Random(seed).sample(folders, min(most, len(folders)))  # noqa: S311 - repeatable
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(compiled, some))
    good = [each for each in made if isinstance(each, Reproducer)]
    rows = [[each, "", "", ""] for each in made if isinstance(each, str)]
    targets = load(default_path())
    with ExitStack() as stack:
        drivers = {}
        for name in {name for each in good for name in (each.target, each.reference)}:
            runner = runner_for(targets[name])
            guest = stack.enter_context(runner.open())
            channel = stack.enter_context(guest.spawn([*guest.inside.python, "-c", DRIVER]))
            drivers[name] = Driver(channel)
        for at, each in enumerate(good):
            rows += wrong(each, drivers)
            click.echo(f"\r{at + 1} of {len(good)}, {len(rows)} wrong", err=True, nl=False)
    failed = len({row[0] for row in rows})
    click.echo()
    click.echo(tabulate(rows, headers=["reproducer", "where", "status", "printed"], disable_numparse=True))
    click.echo(f"{len(some) - failed} of {len(some)} reproduce ({100 - 100 * failed / max(len(some), 1):.1f} %)")


if __name__ == "__main__":
    main()
