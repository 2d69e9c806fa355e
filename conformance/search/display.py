"""A search while it goes on, and what it came to."""

from __future__ import annotations

from collections import Counter

from rich.markup import escape
from rich.table import Table
from tabulate import tabulate

from conformance.programs.harmful import is_allowed
from conformance.run.display import LiveDisplay
from conformance.search.generate import Reached
from conformance.search.issue import sides
from conformance.search.loop import Search, Tally
from conformance.search.search import died, lost
from conformance.syscalls.machinery.call import Pseudo
from conformance.syscalls.machinery.table import grammar
from conformance.text import one_line, plural

LISTED = 400
"""How many divergences are listed at the end; the rest is in the folder."""


class SearchDisplay(LiveDisplay):
    """Shows how a search goes. Call it with the search."""

    def __call__(self, search: Search) -> None:
        self._show(lambda: self._table(search), lambda: self._line(search))

    def _line(self, search: Search) -> str:
        tally = search.tally
        return (
            f"[{tally.seconds:.0f} s] {plural(tally.programs, 'program')}, {tally.programs / tally.seconds:.0f}/s; "
            f"{plural(len(tally.findings), 'divergence')}, {len(tally.flakes)} flaky; {met(search)}"
        )

    def _table(self, search: Search) -> Table:
        table = Table(box=None, padding=(0, 1), title=self._line(search), title_justify="left")
        for name in ("target", "kernel", "programs", "per second", "divergences", "deaths"):
            table.add_column(name)
        for lane in search.lanes:
            found = sum(1 for each in search.tally.findings if each.signature.target == lane.name)
            rate = f"{lane.ran / lane.busy:.0f}" if lane.busy else ""
            release = escape(one_line(lane.release))
            table.add_row(lane.name, release, str(lane.ran), rate, str(found), str(lane.deaths or ""))
        return table


def met(search: Search) -> str:
    """The coverage in words."""
    done, able = described(search.coverage)
    return f"{done} of {able} calls succeeded, {len(search.coverage.pairs)} (call, errno) pairs"


def report(search: Search) -> str:
    """What a search came to, as text."""
    tally = search.tally
    rows = [
        [
            lane.name,
            one_line(lane.release),
            lane.ran,
            f"{lane.ran / lane.busy:.0f}" if lane.busy else "",
            lane.deaths or "",
        ]
        for lane in search.lanes
    ]
    parts = [f"incomplete: {each}" for each in lost(search)]
    parts.append(tabulate(rows, ["target", "kernel", "programs", "per second", "deaths"], disable_numparse=True))
    endings = ", ".join(f"{count} {state.name.lower()}" for state, count in tally.states.most_common())
    rate = tally.programs / max(tally.seconds, 0.001)
    parts.append(
        f"{plural(tally.programs, 'program')} in {tally.seconds:.0f} s ({rate:.0f}/s): {endings}\n"
        f"{met(search)}; {plural(tally.executions, 'execution')} to confirm and minimise"
    )
    if tally.left:
        parts.append(f"{plural(tally.left, 'difference')} left, which the time was too short to pursue")
    if tally.beside:
        parts.append(f"{plural(tally.beside, 'difference')} in other calls than those of --call left alone")
    if tally.holes:
        lines = [
            f"  {one_line(f'{each.signature}: {each.difference.reference} - {each.difference.target}')}"
            for each in tally.holes
        ]
        counted = plural(len(lines), "difference")
        parts.append("\n".join([f"{counted} of the reference from itself: the comparison is at fault", *lines]))
    if deaths := died(search):
        parts.append("\n".join(["died, and did not again", *(f"  {one_line(each)[:200]}" for each in deaths)]))
    if tally.flakes:
        lines = [f"  {count} {one_line(what)}"[:200] for count, what in flaky(tally)[:20]]
        parts.append("\n".join([f"{len(tally.flakes)} flaky", *lines]))
    if tally.findings:
        found = sorted(tally.findings, key=lambda each: each.signature)
        cells = [
            [
                each.signature.target,
                each.difference.call,
                each.difference.field,
                *(one_line(said)[:28] for said in sides(each)),
                str(each.signature.cause),
                each.signature.flags[:30],
            ]
            for each in found[:LISTED]
        ]
        heads = ["target", "call", "field", "reference", "there", "cause", "flags"]
        parts.append(f"{plural(len(found), 'divergence')}\n{tabulate(cells, heads, disable_numparse=True)}")
    else:
        parts.append("no divergence")
    return "\n\n".join(parts)


def described(coverage: Reached) -> tuple[int, int]:
    """How many calls of the kernel have succeeded, of how many that may be generated."""
    able = {each.name for label, each in grammar().items() if is_allowed(label) and not isinstance(each, Pseudo)}
    return len(coverage.calls & able), len(able)


def flaky(tally: Tally) -> list[tuple[int, str]]:
    """What did not repeat, counted: the most frequent first."""
    counted = Counter(
        f"{each.target}: {each.difference.call}, {each.difference.field}: {each.why}" for each in tally.flakes
    )
    return [(count, what) for what, count in counted.most_common()]
