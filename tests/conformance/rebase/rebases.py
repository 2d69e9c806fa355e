"""Two kernels that were made up: what they did in a few cases, as what has moved between them."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.matrix.build import build
from conformance.matrix.history import Diff, Side, compare
from conformance.model import CaseResult, Json, Outcome, Record
from tests.builders import record, result, step

QUEUE = "ipc/test_mqueue.py::test_queue"
FILES = "survey/test_modules.py::test_modules_of_file_systems"
ENTRIES = "survey/test_entries.py::test_entries[proc]"
NUMBERS = "survey/test_calls.py::test_numbers[syscall]"

Results = Sequence[CaseResult]


def did(
    case: str, call: str, *args: Json, errno: int = 0, outcome: Outcome = Outcome.PASSED, says: str = ""
) -> CaseResult:
    """A case of one call."""
    return result(outcome, step(call, *args, result=-1 if errno else 3, errno=errno), case=case, message=says)


def lacks(case: str, call: str, *args: Json, errno: int, says: str) -> CaseResult:
    """A case that says that something is missing."""
    return did(case, call, *args, errno=errno, outcome=Outcome.MISSING, says=says)


def lists(case: str, **observations: Json) -> CaseResult:
    """A case that lists something; an underscore in a name stands for a blank or a slash that it begins with."""
    return result(case=case, observations=dict(observations))


def kernel(name: str, *results: CaseResult, release: str = "6.18.15", failed: str | None = None) -> Record:
    """What one of the two said."""
    return record(name, *results, release=release, runner="qemu", failed=failed)


def between(before: Results, after: Results, releases: tuple[str, str] = ("6.18.15", "6.18.15")) -> Diff:
    """What has moved from the one to the other, in one run."""
    return of(kernel("from", *before, release=releases[0]), kernel("to", *after, release=releases[1]))


def of(before: Record, after: Record) -> Diff:
    """The same of two records."""
    matrix = build([before, after], "from")
    return compare(Side("from", matrix, before), Side("to", matrix, after))
