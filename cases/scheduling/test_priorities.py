"""Nice values and I/O priorities: their bounds, and who may change whose."""

from __future__ import annotations

from errno import EACCES, EINVAL, EPERM, ESRCH

import pytest

from conformance.syscalls import untraced
from conformance.syscalls.help.child import exit_status, fork_child, in_child
from conformance.syscalls.processes.credentials import setresuid
from conformance.syscalls.processes.identity import getpgrp, getpid
from conformance.syscalls.processes.limits import RLIMIT_NICE, Rlimit, setrlimit
from conformance.syscalls.scheduling import (
    PRIO_PGRP,
    PRIO_PROCESS,
    PRIO_USER,
    getpriority,
    ioprio_get,
    ioprio_set,
    setpriority,
)

USER = 65533
IOPRIO_WHO_PROCESS = 1
REALTIME, BEST_EFFORT, IDLE = 1 << 13, 2 << 13, 3 << 13


def niceness(who: int = 0, which: int = PRIO_PROCESS) -> int:
    """getpriority(2), whose result is 20 - nice ("C library/kernel differences")."""
    return 20 - getpriority(which, who)


@pytest.mark.needs("root")
def test_nice_value_stays_within_its_bounds() -> None:
    for wanted, got in ((5, 5), (100, 19), (-100, -20), (0, 0)):
        setpriority(PRIO_PROCESS, 0, wanted)
        assert niceness() == got
    gone = fork_child(lambda: 0)
    assert exit_status(gone) == 0
    getpriority.fails_with(ESRCH, PRIO_PROCESS, gone)
    setpriority.fails_with(EINVAL, 3, 0, 0)
    setpriority(PRIO_PGRP, getpgrp(), 7)
    assert (niceness(), niceness(0, PRIO_PGRP)) == (7, 7)


@pytest.mark.needs("root")
def test_user_may_become_nicer_but_not_go_back() -> None:
    """EACCES for what is one's own, EPERM for another's; RLIMIT_NICE could allow it."""
    parent = getpid()
    with untraced():  # zero already, but on a system that was set up otherwise
        setrlimit.result_of(RLIMIT_NICE, Rlimit())

    def user() -> None:
        setresuid(USER, USER, USER)
        setpriority(PRIO_PROCESS, 0, 10)
        setpriority.fails_with(EACCES, PRIO_PROCESS, 0, 9)
        assert niceness(USER, PRIO_USER) == 10
        setpriority.fails_with(EPERM, PRIO_PROCESS, parent, 10)

    assert in_child(user) == 0


@pytest.mark.needs("root")
def test_priority_of_input_and_output_is_a_class_and_a_level() -> None:
    ioprio_set(IOPRIO_WHO_PROCESS, 0, BEST_EFFORT | 7)
    assert ioprio_get(IOPRIO_WHO_PROCESS, 0) == BEST_EFFORT | 7
    assert in_child(lambda: ioprio_get(IOPRIO_WHO_PROCESS, 0) != BEST_EFFORT | 7) == 0
    ioprio_set.fails_with(EINVAL, IOPRIO_WHO_PROCESS, 0, 5 << 13)
    ioprio_get.fails_with(EINVAL, 9, 0)
    setresuid(USER, USER, USER)
    ioprio_set.fails_with(EPERM, IOPRIO_WHO_PROCESS, 0, REALTIME)
    ioprio_set(IOPRIO_WHO_PROCESS, 0, IDLE)
    assert ioprio_get(IOPRIO_WHO_PROCESS, 0) == IDLE
