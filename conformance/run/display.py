"""Live progress: a row a target on a terminal, a line now and then elsewhere, and at once what a person must hear."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Self

from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from conformance.model import Outcome
from conformance.run.ledger import Progress, Stage
from conformance.text import one_line, plural

QUIET_SECONDS = 15.0
"""How often a line is printed where there is no terminal."""
TICK_SECONDS = 0.5
"""How often a terminal is drawn on, at most, by those that are told of every batch."""
ROOM_FOR_BAR = 100
"""Columns from which on a terminal has room for a bar a target."""
ROOM_FOR_FAILURES = 60
BAR_WIDTH = 24
LONGEST_EVENT = 500
"""Characters of what has happened; the record has all of it."""


class LiveDisplay:
    """What is drawn anew on a terminal, and said now and then elsewhere. A context manager."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._live = Live(console=self._console, transient=True, auto_refresh=False)
        self._said = time.monotonic()

    def _show(self, drawn: Callable[[], RenderableType], line: Callable[[], str]) -> None:
        """Draw on a terminal, or say a line elsewhere, if it is time for that."""
        wait = TICK_SECONDS if self._console.is_terminal else QUIET_SECONDS
        if time.monotonic() - self._said < wait:
            return
        self._said = time.monotonic()
        if self._console.is_terminal:
            self._live.update(drawn(), refresh=True)
        else:
            self._console.print(line(), markup=False, highlight=False, soft_wrap=True)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._live.stop()


class Display(LiveDisplay):
    """Shows how far each target is. Call it with the targets' progress."""

    def __init__(self) -> None:
        super().__init__()
        self._started = self._said
        self._told: dict[str, int] = {}
        self._failed: set[str] = set()

    def __call__(self, progress: Sequence[Progress]) -> None:
        for event in self._events(progress):
            self._say(self._wrapped(event))
        if self._console.is_terminal:
            self._live.update(self._table(progress), refresh=True)
        elif time.monotonic() - self._said > QUIET_SECONDS:
            self._said = time.monotonic()
            parts = [*map(_short, progress), *_left(progress)]
            self._say(self._filled(f"[{self._said - self._started:.0f} s]", parts))

    def _say(self, lines: Sequence[str]) -> None:
        """Lines that fit, as they are."""
        for line in lines:
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _events(self, progress: Sequence[Progress]) -> Iterator[str]:
        """What has happened since the last call that nobody should learn at the end only."""
        for each in progress:
            seen = self._told.get(each.target, 0)
            new = each.told[seen:]  # its thread may append meanwhile
            self._told[each.target] = seen + len(new)
            yield from (one_line(f"{each.target}: {event}") for event in new)
            if each.stage is Stage.FAILED and each.target not in self._failed:
                self._failed.add(each.target)
                after = f" after {plural(each.done, 'case')}" if each.done else ""
                yield one_line(f"{each.target}: failed{after}: {each.message or 'see below'}")

    def _wrapped(self, event: str) -> list[str]:
        """An event in lines that fit, all but the first indented."""
        text = Text(event if len(event) <= LONGEST_EVENT else f"{event[:LONGEST_EVENT]} …")
        first, *rest = text.wrap(self._console, max(self._console.width - 2, 1))
        return [first.plain.rstrip(), *(f"  {line.plain.rstrip()}" for line in rest)]

    def _filled(self, begin: str, parts: Sequence[str]) -> list[str]:
        """Parts behind `begin`, broken only between parts."""
        lines = [begin]
        for part in parts:
            joined = f"{lines[-1]} {part}"
            if len(joined) <= self._console.width:
                lines[-1] = joined
            else:
                lines.append(f"    {part}")
        return lines

    def _table(self, progress: Sequence[Progress]) -> Table:
        """Only the last column gives way where a terminal is narrow."""
        width = self._console.width
        table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, width=width)
        table.add_column(
            "target", no_wrap=True, min_width=max(map(len, ["target", *(each.target for each in progress)]))
        )
        if width >= ROOM_FOR_BAR:
            table.add_column("", width=BAR_WIDTH)
        counts = [_count(each) for each in progress]
        table.add_column("cases", no_wrap=True, min_width=max(map(len, ["cases", *counts])))
        if width >= ROOM_FOR_FAILURES:
            table.add_column("not passed", no_wrap=True, min_width=len("not passed"))
            table.add_column("left", no_wrap=True, min_width=len("59 min"))
        table.add_column("now", no_wrap=True, overflow="ellipsis", ratio=1)
        now_is = time.monotonic()
        for each, count in zip(progress, counts, strict=True):
            bar = ProgressBar(total=each.total or None, completed=each.done, width=BAR_WIDTH, pulse=not each.total)
            other = sum(count for outcome, count in each.outcomes.items() if outcome is not Outcome.PASSED)
            now = each.running if each.stage in (Stage.RUNNING, Stage.CONFIRMING) else each.message or each.stage
            table.add_row(
                each.target,
                *([bar] if width >= ROOM_FOR_BAR else []),
                count,
                *([str(other), _duration(each.left(now_is))] if width >= ROOM_FOR_FAILURES else []),
                Text(one_line(now)),
            )
        return table


def _count(each: Progress) -> str:
    return f"{each.done}/{each.total or '?'}"


def _short(each: Progress) -> str:
    """How far a target is, in a few characters."""
    if each.stage is Stage.RUNNING:
        return f"{each.target} {_count(each)}"
    return f"{each.target} {each.stage}" + (f" {_count(each)}" if each.stage is Stage.CONFIRMING else "")


def _left(progress: Sequence[Progress]) -> list[str]:
    """How long the slowest target will still take, as far as one is known."""
    now = time.monotonic()
    known = [left for each in progress if (left := each.left(now)) is not None]
    return [f"({_duration(max(known))} left)"] if known else []


def _duration(seconds: float | None) -> str:
    """In whole seconds, or minutes where there are two of them."""
    if seconds is None:
        return ""
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s"
