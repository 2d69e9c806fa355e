"""Policies: sched_setscheduler(2) and sched_setattr(2), their priorities, and who may have them."""

from __future__ import annotations

from errno import E2BIG, EFAULT, EINVAL, EPERM, ESRCH

import pytest

from conformance.syscalls import Buffer, untraced
from conformance.syscalls.help.child import exit_status, fork_child, in_child
from conformance.syscalls.machinery.world import PAGE
from conformance.syscalls.processes.credentials import setresuid
from conformance.syscalls.processes.identity import getpid
from conformance.syscalls.processes.limits import RLIMIT_NICE, RLIMIT_RTPRIO, Rlimit, setrlimit
from conformance.syscalls.scheduling import (
    SCHED_BATCH,
    SCHED_DEADLINE,
    SCHED_FIFO,
    SCHED_IDLE,
    SCHED_OTHER,
    SCHED_RESET_ON_FORK,
    SCHED_RR,
    SchedAttr,
    SchedParam,
    sched_get_priority_max,
    sched_get_priority_min,
    sched_getattr,
    sched_getparam,
    sched_getscheduler,
    sched_rr_get_interval,
    sched_setattr,
    sched_setparam,
    sched_setscheduler,
)
from conformance.syscalls.time.clocks import Timespec

USER = 65533
UNKNOWN_POLICY = 4
VERSION_0 = 48
"""Bytes of `struct sched_attr` at first."""


def become_user() -> None:
    """A user who may have no realtime priority."""
    with untraced():  # zero already, but on a system that was set up otherwise
        setrlimit.result_of(RLIMIT_RTPRIO, Rlimit())
        setrlimit.result_of(RLIMIT_NICE, Rlimit())
    setresuid(USER, USER, USER)


def test_priorities_belong_to_realtime_policies() -> None:
    for policy, lowest, highest in (
        (SCHED_FIFO, 1, 99),
        (SCHED_RR, 1, 99),
        (SCHED_OTHER, 0, 0),
        (SCHED_BATCH, 0, 0),
        (SCHED_IDLE, 0, 0),
        (SCHED_DEADLINE, 0, 0),
    ):
        assert (sched_get_priority_min(policy), sched_get_priority_max(policy)) == (lowest, highest)
    sched_get_priority_max.fails_with(EINVAL, UNKNOWN_POLICY)
    for policy, priority in ((SCHED_OTHER, 1), (SCHED_FIFO, 0), (SCHED_FIFO, 100), (UNKNOWN_POLICY, 0)):
        sched_setscheduler.fails_with(EINVAL, 0, policy, SchedParam(priority=priority))
    sched_setscheduler.fails_with(EINVAL, 0, SCHED_OTHER, None)
    sched_setparam.fails_with(EINVAL, 0, SchedParam(priority=1))
    sched_getscheduler.fails_with(EINVAL, -1)


@pytest.mark.needs("root")
def test_realtime_policy_is_for_the_privileged() -> None:
    """And not for children, with SCHED_RESET_ON_FORK."""
    policy = SCHED_FIFO | SCHED_RESET_ON_FORK
    sched_setscheduler.or_missing("SCHED_FIFO", EINVAL, 0, policy, SchedParam(priority=3))
    assert sched_getscheduler(getpid()) == SCHED_FIFO | SCHED_RESET_ON_FORK
    param, interval = SchedParam(), Timespec(tv_sec=7)
    sched_getparam(0, param)
    sched_rr_get_interval(0, interval)
    assert (param.priority, interval.tv_sec, interval.tv_nsec) == (3, 0, 0)
    assert in_child(lambda: sched_getscheduler(0)) == SCHED_OTHER
    become_user()
    sched_setscheduler.fails_with(EPERM, 0, SCHED_FIFO | SCHED_RESET_ON_FORK, SchedParam(priority=4))
    sched_setscheduler.fails_with(EPERM, 0, SCHED_OTHER, SchedParam())
    sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, SchedParam(priority=2))
    sched_setscheduler(0, SCHED_OTHER | SCHED_RESET_ON_FORK, SchedParam())
    sched_setscheduler.fails_with(EPERM, 0, SCHED_FIFO | SCHED_RESET_ON_FORK, SchedParam(priority=1))


@pytest.mark.needs("root")
def test_process_must_be_there_and_ones_own() -> None:
    gone = fork_child(lambda: 0)
    assert exit_status(gone) == 0
    sched_getscheduler.fails_with(ESRCH, gone)
    sched_setscheduler.fails_with(ESRCH, gone, SCHED_OTHER, SchedParam())
    sched_setscheduler.or_missing("SCHED_BATCH", EINVAL, 0, SCHED_BATCH, SchedParam())
    assert in_child(lambda: sched_getscheduler(0)) == SCHED_BATCH
    parent = getpid()

    def stranger() -> None:
        become_user()
        assert sched_getscheduler(parent) == SCHED_BATCH
        sched_setscheduler.fails_with(EPERM, parent, SCHED_OTHER, SchedParam())

    assert in_child(stranger) == 0


def test_attributes_may_be_longer_if_their_tail_is_zero() -> None:
    """sched_setattr(2)."""
    attr = SchedAttr(size_=VERSION_0, policy=SCHED_BATCH, nice=5)
    sched_setattr(0, attr, 0)
    found = SchedAttr()
    with untraced():  # since Linux 6.12 `runtime` tells the time slice, whatever the policy
        sched_getattr(0, found, VERSION_0, 0)
    assert (found.size_, found.policy, found.nice, found.flags) == (VERSION_0, SCHED_BATCH, 5, 0)
    longer = SchedAttr(size_=256, policy=SCHED_OTHER, nice=6)
    sched_setattr(0, Buffer(bytes(longer).ljust(256, b"\0")), 0)
    assert sched_getscheduler(0) == SCHED_OTHER
    sched_setattr.fails_with(EINVAL, 0, attr, 1)
    sched_setattr.fails_with(EINVAL, 0, SchedAttr(size_=VERSION_0, flags=1 << 40), 0)
    sched_getattr.fails_with(EINVAL, 0, found, VERSION_0 - 1, 0)
    unordered = SchedAttr(size_=VERSION_0, policy=SCHED_DEADLINE, runtime=20 * 10**6, deadline=10**7, period=10**7)
    sched_setattr.fails_with(EINVAL, 0, unordered, 0)  # runtime <= deadline <= period (sched(7))


@pytest.mark.parametrize(
    ("size", "last"), [(256, 1), (VERSION_0 - 1, 0), (PAGE + 1, 0)], ids=["tail", "short", "more-than-a-page"]
)
def test_attributes_that_do_not_fit_are_e2big_and_tell_the_size_that_the_kernel_knows(size: int, last: int) -> None:
    """sched_setattr(2), `sched_copy_attr` in kernel/sched/syscalls.c; asterinas/asterinas#2575."""
    data = bytes(SchedAttr(size_=size, policy=SCHED_BATCH, nice=5)).ljust(max(size, VERSION_0), b"\0")[:-1]
    data += bytes([last])
    attr = Buffer(data)
    sched_setattr.fails_with(E2BIG, 0, attr, 0)
    assert VERSION_0 <= attr.int_at(0) < 256
    assert attr.take(size, 4) == data[4:]
    assert sched_getscheduler(0) == SCHED_OTHER


def test_attributes_must_be_somewhere() -> None:
    """A null pointer is EINVAL, one that is none EFAULT (asterinas/asterinas#2575)."""
    sched_setattr.fails_with(EINVAL, 0, None, 0)
    sched_setattr.fails_with(EFAULT, 0, 8, 0)
    sched_getattr.fails_with(EINVAL, 0, None, VERSION_0, 0)
    sched_getattr.fails_with(EFAULT, 0, 8, VERSION_0, 0)
