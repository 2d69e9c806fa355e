"""Long lists as observations."""

from __future__ import annotations

from collections.abc import Iterable
from errno import errorcode
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.guest.plugin import Observe

MOST_BYTES = 200 * 1024
"""What a trace has room for (`conformance.guest.tape`), less a tenth."""
AROUND = 24
"""Bytes that an observation takes beside its name and its value."""


def observe_all(entries: Iterable[tuple[str, str]], observe: Observe) -> None:
    """Observe each entry by its name. A list that is too long is a fault of the case, and never cut."""
    found = dict(entries)
    size = sum(len(name.encode()) + len(value) + AROUND for name, value in found.items())
    assert size <= MOST_BYTES, f"{len(found)} entries, {size} bytes: this branch is to be divided"
    for name, value in found.items():
        observe(name, value)


def outcome(error: int) -> str:
    """What an observation says of a call: `succeeds`, or its errno's name."""
    return errorcode.get(error, f"errno {error}") if error else "succeeds"
