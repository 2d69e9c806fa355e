"""What is so for all tests."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.__main__ import GARBAGE
from conformance.syscalls.processes.prctl import PR_SET_CHILD_SUBREAPER, prctl

# Who runs the tests has a terminal, and pytest-xdist tells its workers how wide it is. What is tested is not to depend
# on that.
for name in ("COLUMNS", "LINES"):
    os.environ.pop(name, None)

gc.set_threshold(GARBAGE)  # as for the command, for the same reason: it took a third of the collection's time

LONG = tuple(
    str(Path(__file__).parent / name) for name in ("faults/", "integration/", "conformance/search/test_mutants.py")
)
"""What takes minutes: modules that wait for guests, and one that does not, and would be the slower beside others."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those first: workers are given a module at a time, and the last one that has work should have little left."""
    items.sort(
        key=lambda item: next((at for at, path in enumerate(LONG) if str(item.path).startswith(path)), len(LONG))
    )


@pytest.fixture(autouse=True, scope="module")
def orphans_are_nobody_s_children() -> Iterator[None]:
    """Whoever runs cases in this process adopts what they leave behind; for the tests after it, zombies would stay."""
    yield
    prctl(PR_SET_CHILD_SUBREAPER, 0)
