"""Entries: what a kernel shows below /proc, /sys and /dev: types, modes, errnos of open and read, keys, columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cases.survey._lists import observe_all
from cases.survey._walk import Branch, walk

if TYPE_CHECKING:
    from conformance.guest.plugin import Observe

pytestmark = pytest.mark.needs("root")

BRANCHES = {
    "proc-self": Branch("/proc/self", 4),
    "proc-thread": Branch("/proc/thread-self", 4),
    "proc-sys-kernel": Branch("/proc/sys/kernel", 6),
    "proc-sys-fs": Branch("/proc/sys/fs", 6),
    "proc-sys-vm": Branch("/proc/sys/vm", 6),
    "proc-sys-net": Branch("/proc/sys/net", 6),
    "proc-sys": Branch("/proc/sys", 6),
    "proc-net": Branch("/proc/net", 4),
    "proc": Branch("/proc", 4),
    "sys-kernel": Branch("/sys/kernel", 3),
    "sys-devices-system": Branch("/sys/devices/system", 3),
    "sys": Branch("/sys", 4),
    "dev": Branch("/dev", 2),
}
"""Each to the depth that is told apart there: four levels below /sys, and below /proc as deep as it goes."""
ROOTS = frozenset(branch.root for branch in BRANCHES.values())


@pytest.mark.shares("net")
@pytest.mark.parametrize("branch", BRANCHES)
def test_entries(branch: str, observe: Observe) -> None:
    """What is there and what is not; what is the machine's is left out.

    Some settings of the network are in the first namespace alone.
    """
    observe_all(walk(BRANCHES[branch], ROOTS), observe)
