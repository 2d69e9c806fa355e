"""The tables that the suite ships: what the manual documents, and what others test."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from conformance.coverage.facts import Documented
from conformance.syscalls.machinery.table import chapters, numbers

TABLE = "x86_64"
"""The machine whose table `peers.tsv` has."""

OBSOLETE = "obsolete"
"""The chapter of calls that are only a number."""


@dataclass(frozen=True, slots=True)
class Peer:
    """What others test of a call."""

    call: str
    ltp_programs: int
    ltp_errnos: int
    gvisor_files: int
    gvisor_errnos: int


def lines(text: str) -> Iterator[list[str]]:
    """The cells of a table, line by line, without comments and the line of names."""
    rows = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
    next(rows)
    return rows


def shipped(name: str) -> str:
    """The text of a table that the suite ships."""
    return (files(__package__) / name).read_text(encoding="utf-8")


@cache
def documented() -> tuple[Documented, ...]:
    """Every line of the table of documented errnos, by call and errno."""
    return tuple(
        Documented(call, errno, tuple(pages.split(","))) for call, errno, pages in lines(shipped("errnos.tsv"))
    )


@cache
def peers() -> dict[str, Peer]:
    """What others test of each call of the kernel's table, by the call's name."""
    found = {}
    for _, call, _, programs, _, ltp, files_of_gvisor, gvisor in lines(shipped("peers.tsv")):
        found[call] = Peer(call, *map(int, (programs, ltp, files_of_gvisor, gvisor)))
    return found


def table_of(machines: Iterable[str]) -> frozenset[str]:
    """The calls that the kernel's tables have for some machines: what is described of machines other than x86-64.

    A number without a meaning, which every kernel answers with ENOSYS, is none.
    """
    found: set[str] = set()
    for machine in machines:
        found |= peers().keys() if machine == TABLE else numbers(machine).keys() - _obsolete()
    return frozenset(found)


def _obsolete() -> set[str]:
    return {call for call, chapter in chapters().items() if chapter == OBSOLETE}
