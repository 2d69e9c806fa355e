"""What can be told of a target's machine at a glance, by a fresh guest that tells it and is thrown away."""

from __future__ import annotations

import time
from collections.abc import Mapping

import msgspec

from runners.base import Guest, Runner, RunnerError

MODULE = "conformance.guest.machine"
SECONDS = 30.0
"""How long it may take, before the guest's slowdown."""
MOST_BYTES = 1 << 20
MachineFacts = Mapping[str, list[str]]
"""Texts by what they are about."""


def glance(runner: Runner) -> MachineFacts:
    """What a guest says of its machine; nothing where it does not: the report does not hang on it."""
    try:
        with runner.open() as guest:
            return msgspec.json.decode(_said(guest), type=dict[str, list[str]])
    except (RunnerError, OSError, TimeoutError, msgspec.MsgspecError, ValueError):
        return {}


def _said(guest: Guest) -> bytes:
    """Raises TimeoutError, and ValueError when it says too much."""
    until = time.monotonic() + SECONDS * guest.about.slowdown
    found = b""
    with guest.spawn([*guest.inside.python, "-m", MODULE]) as channel:
        while data := channel.read(max(0.0, until - time.monotonic())):
            found += data
            if len(found) > MOST_BYTES:
                raise ValueError("it says more than there is to be said")
    return found
