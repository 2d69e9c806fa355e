"""How many programs of 8 calls a second does a target run, held against how often it can fork, exit and wait in C?

    python -m benchmarks.search [TARGET]…

The programs are the search's own, drawn with a fixed seed and cut to exactly 8 calls, in two kinds: *harmless* ones of
the chapters files, polling and sockets, which run to their end without waiting for anything and share a process; and
*whole*, the mix as a search draws it, with what waits, blocks, dies and wants namespaces of its own.

Alone: one target after the other. In lock-step: with the reference, which for the reference itself is a second
instance of it, and then all at once; each program's outcomes are compared as the search does. Latency: one program,
from its being handed over to its outcome. Everything is measured several times, and the best is kept: a machine that
has other work to do only ever makes things slower.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, field

import click
from tabulate import tabulate

from conformance.programs.execution import Execution
from conformance.programs.harmful import touches
from conformance.programs.program import Program
from conformance.programs.wire import Encoded, State, encode
from conformance.run.lane import Lane
from conformance.run.targets import default_path, load
from conformance.search.generate import Generator
from conformance.search.glance import differences_of
from conformance.search.loop import BATCH_SECONDS, IN_FLIGHT, LARGEST_BATCH, SMALLEST_BATCH
from conformance.syscalls.machinery.touches import PROCESS
from runners.base import RunnerError
from runners.registry import runner_for

REFERENCE = "native"
TWIN = "native again"
CALLS = 8
PROGRAMS = 1500
SEED = 8
CHAPTERS = {"harmless": ("files", "polling", "sockets"), "whole": ()}
AIMS = {REFERENCE: 2.0}
OTHER_AIM = 1.0
"""Programs in lock-step, harmless ones, for each bare fork."""
FORKS, MOST_FORKS = 100, 100_000
LATENCIES = 40
WAITS = 0.001
"""Seconds. A program that takes longer on the reference, with its clean-up, once of three times, has waited."""
IN_A_ROW = 5
"""How often a program is run to find that out: what one leaves is cleaned up before the next."""


@dataclass(slots=True)
class Best:
    """The best of several measurements of one target."""

    forks: float = 0.0
    """A second."""
    latency: float = float("inf")
    rates: dict[tuple[str, str], float] = field(default_factory=dict)
    """Programs a second, by kind and way."""
    apart: dict[str, float] = field(default_factory=dict)
    """The share of programs that differ from the reference, by kind."""

    def keep(self, kind: str, way: str, rate: float) -> None:
        """Take in a measurement."""
        self.rates[kind, way] = max(rate, self.rates.get((kind, way), 0.0))

    def shown(self, kind: str, way: str) -> str:
        """Programs a second, and for each fork."""
        rate = self.rates.get((kind, way), 0.0)
        return f"{rate:.0f} ({rate / self.forks:.2f}x)" if rate else ""


# -- programs


def drawn(kind: str, reference: Lane) -> list[Encoded]:
    """Programs of a kind. Those of the whole mix vary what was new on the reference, as in a search."""
    generator = Generator(CHAPTERS[kind], SEED)
    found: list[Encoded] = []
    while len(found) < PROGRAMS:
        batch = [(raw, cut(program)) for raw, program in generator.batch(200)]
        encoded = [encode(program) for _, program in batch]
        outcomes = reference.run([each.data for each in encoded])
        for (raw, program), each, outcome in zip(batch, encoded, outcomes, strict=True):
            said = Execution.read(each, outcome)
            generator.learn(raw, said)
            if len(program.steps) == CALLS and (kind == "whole" or is_harmless(said, reference)):
                found.append(each)
    return found[:PROGRAMS]


def is_harmless(run: Execution, reference: Lane) -> bool:
    """Whether it shares a process, runs to its end and does not wait.

    There are calls that sleep for as long as an argument says, and others whose clean-up waits for the kernel (closing
    an inotify instance that has watched something takes 10 ms, mostly): what they cost says nothing of us.
    """
    if run.outcome.state is not State.DONE or run.outcome.signals or touches(run.program) & PROCESS:
        return False
    for _ in range(3):
        begin = time.perf_counter()
        reference.run([run.encoded.data] * IN_A_ROW)
        if time.perf_counter() - begin > WAITS * IN_A_ROW:
            return False
    return True


def cut(program: Program) -> Program:
    """The first calls of a program."""
    return program.without(set(range(CALLS, len(program.steps))))


# -- measurements


def rate(lanes: Sequence[Lane], programs: Sequence[Encoded], seconds: float) -> tuple[float, list[int]]:
    """Programs a second on all lanes at once, the first being the reference; how many differ from it, by lane."""
    apart = [0] * len(lanes)
    done = at = 0
    flying: list[tuple[list[Encoded], list[Future[list[bytes]]]]] = []
    size = SMALLEST_BATCH
    per_program = [0.0] * len(lanes)
    before = [(lane.busy, lane.ran) for lane in lanes]
    begin = time.perf_counter()
    while flying or time.perf_counter() - begin < seconds:
        while len(flying) < IN_FLIGHT and time.perf_counter() - begin < seconds:
            batch = [programs[(at + index) % len(programs)] for index in range(size)]
            at += size
            data = [each.data for each in batch]
            flying.append((batch, [lane.submit(data) for lane in lanes]))
        batch, futures = flying.pop(0)
        outcomes = [future.result() for future in futures]
        for lane in range(1, len(lanes)):
            apart[lane] += compared(batch, outcomes[0], outcomes[lane])
        done += len(batch)
        per_program = [(lane.busy - busy) / (lane.ran - ran) for lane, (busy, ran) in zip(lanes, before, strict=True)]
        size = max(SMALLEST_BATCH, min(LARGEST_BATCH, round(BATCH_SECONDS / max(*per_program, 1e-6))))
    return done / (time.perf_counter() - begin), [round(100 * each / done) for each in apart]


def compared(batch: Sequence[Encoded], reference: Sequence[bytes], target: Sequence[bytes]) -> int:
    """How many outcomes differ. Equal bytes are equal outcomes; others have to be read."""
    return sum(
        theirs != ours and next(differences_of(each, ours, theirs), None) is not None
        for each, ours, theirs in zip(batch, reference, target, strict=True)
    )


def forks(lane: Lane, seconds: float) -> float:
    """Forks a second, over a time as long as the programs get: the rate of a few hundred varies by a half."""
    count = min(MOST_FORKS, max(FORKS, round(seconds * FORKS / lane.forks(FORKS))))
    return count / lane.forks(count)


def latency(lane: Lane, programs: Sequence[Encoded]) -> float:
    """Milliseconds that a batch of one program takes, in the median."""
    taken = []
    for each in programs[:LATENCIES]:
        begin = time.perf_counter()
        lane.run([each.data])
        taken.append(time.perf_counter() - begin)
    return 1000 * statistics.median(taken)


def measure(lanes: dict[str, Lane], seconds: float, repeats: int, say: Callable[[str], None]) -> dict[str, Best]:
    """Everything, by target."""
    best = {name: Best() for name in lanes}
    reference = lanes[REFERENCE]
    others = {name: lane for name, lane in lanes.items() if lane is not reference}
    programs = {kind: drawn(kind, reference) for kind in CHAPTERS}
    for turn in range(repeats):
        for name, lane in lanes.items():
            say(f"turn {turn + 1} of {repeats}: {name}")
            best[name].forks = max(best[name].forks, forks(lane, seconds))
            best[name].latency = min(best[name].latency, latency(lane, programs["harmless"]))
            for kind, some in programs.items():
                best[name].keep(kind, "alone", rate([lane], some, seconds)[0])
        for name, lane in others.items():
            for kind, some in programs.items():
                found, apart = rate([reference, lane], some, seconds)
                best[name].keep(kind, "lock-step", found)
                best[name].apart[kind] = apart[1]
        for kind, some in programs.items():
            found, _ = rate([reference, *others.values()], some, seconds)
            for each in best.values():
                each.keep(kind, "all at once", found)
    return best


# -- the table


def row(name: str, best: Best) -> list[str]:
    """One target's."""
    aim = AIMS.get(name, OTHER_AIM)
    reached = best.rates.get(("harmless", "lock-step"), 0.0) / best.forks
    return [
        name,
        f"{best.forks:.0f}",
        best.shown("harmless", "alone"),
        best.shown("harmless", "lock-step"),
        f"{aim:.0f}x {'reached' if reached >= aim else 'MISSED'}",
        best.shown("whole", "alone"),
        best.shown("whole", "lock-step"),
        f"{best.latency:.1f}",
        " / ".join(f"{best.apart.get(kind, 0.0):.0f}%" for kind in CHAPTERS),
    ]


HEADERS = (
    *("target", "forks/s", "harmless alone", "harmless in lock-step", "aim"),
    *("whole alone", "whole in lock-step", "latency, ms", "differ"),
)


@click.command()
@click.argument("names", nargs=-1, metavar="[TARGET]...")
@click.option("--seconds", default=3.0, show_default=True, help="How long each measurement takes.")
@click.option("--repeats", default=3, show_default=True, help="How often everything is measured.")
def main(names: tuple[str, ...], seconds: float, repeats: int) -> None:
    """Measure, and print a table: programs a second, and in brackets for each bare fork of the same target."""
    targets = [each for each in load(default_path()).values() if each.name != REFERENCE]
    available = load(default_path())
    runners = {REFERENCE: runner_for(available[REFERENCE]), TWIN: runner_for(available[REFERENCE])}
    runners |= {each.name: runner_for(each, bare=True) for each in targets if not names or each.name in names}
    with ExitStack() as stack:
        lanes = {}
        for name, runner in runners.items():
            if lacking := runner.missing():
                click.echo(f"{name}: {lacking}", err=True)
            else:
                lanes[name] = stack.enter_context(Lane(name, runner))
        try:
            for lane in lanes.values():
                lane.ready()
        except RunnerError as error:
            raise click.ClickException(str(error)) from error
        best = measure(lanes, seconds, repeats, lambda said: click.echo(said, err=True))
    best[REFERENCE].rates |= {key: found for key, found in best[TWIN].rates.items() if key[1] == "lock-step"}
    best[REFERENCE].apart = best[TWIN].apart
    click.echo(tabulate([row(name, best[name]) for name in lanes if name != TWIN], headers=HEADERS))
    everything = best[REFERENCE].rates
    together = ", ".join(f"{everything[kind, 'all at once']:.0f} {kind}" for kind in CHAPTERS)
    click.echo(f"\nall {len(lanes)} lanes at once: {together} programs a second")


if __name__ == "__main__":
    main()
