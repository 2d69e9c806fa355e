"""Live progress: a row a target on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from conformance.model import Outcome
from conformance.run.worker import Progress, Stage

QUIET_SECONDS = 15.0
"""How often a line is printed where there is no terminal."""


class LiveDisplay:
    """What is drawn anew on a terminal, and said now and then elsewhere. A context manager."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._live = Live(console=self._console, transient=True, auto_refresh=False)
        self._said = time.monotonic()

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

    def __call__(self, progress: Sequence[Progress]) -> None:
        if self._console.is_terminal:
            self._live.update(self._table(progress), refresh=True)
        elif time.monotonic() - self._said > QUIET_SECONDS:
            self._said = time.monotonic()
            parts = [f"{each.target} {each.done}/{each.total or '?'} {each.stage}" for each in progress]
            self._console.print(f"[{self._said - self._started:.0f} s] " + ", ".join(parts), markup=False)

    def _table(self, progress: Sequence[Progress]) -> Table:
        table = Table(box=None, padding=(0, 1))
        for name in ("target", "", "cases", "not passed", "now"):
            table.add_column(name)
        for each in progress:
            other = sum(count for outcome, count in each.outcomes.items() if outcome is not Outcome.PASSED)
            now = each.running if each.stage in (Stage.RUNNING, Stage.CONFIRMING) else each.message or each.stage
            bar = ProgressBar(total=each.total or None, completed=each.done, width=24, pulse=not each.total)
            table.add_row(each.target, bar, f"{each.done}/{each.total or '?'}", str(other), Text(now[:70]))
        return table
