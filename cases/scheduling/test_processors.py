"""Processors: affinity, getcpu(2), barriers between threads, and restartable sequences."""

from __future__ import annotations

from errno import EBUSY, EINVAL, ENOSYS, EPERM, ESRCH

import pytest

from conformance.syscalls import Buffer, missing, untraced
from conformance.syscalls.help.child import exit_status, fork_child, in_child
from conformance.syscalls.help.code import RET, call, exit_code, function, if_zero, store_result
from conformance.syscalls.processes.creating import vfork
from conformance.syscalls.processes.credentials import setresuid
from conformance.syscalls.processes.identity import getpid
from conformance.syscalls.processes.threads import membarrier, rseq
from conformance.syscalls.scheduling import getcpu, sched_getaffinity, sched_setaffinity

USER = 65533
MASK_SIZE = 128
"""Bytes: 1024 processors."""
QUERY, GLOBAL, PRIVATE_EXPEDITED, REGISTER_PRIVATE_EXPEDITED = 0, 1, 8, 16
RSEQ_SIZE, UNREGISTER, SIGNATURE = 32, 1, 0x53053053


def allowed() -> int:
    """The mask of this process as a number. Not traced: machines differ."""
    mask = Buffer(bytes(MASK_SIZE))
    with untraced():
        count = sched_getaffinity(0, MASK_SIZE, mask)
        assert 0 < count <= MASK_SIZE
        assert count % 8 == 0
    return int.from_bytes(mask.take(count), "little")


def mask_of(number: int) -> bytes:
    """A mask as sched_setaffinity(2) takes it."""
    return number.to_bytes(MASK_SIZE, "little")


def test_process_runs_where_its_mask_says() -> None:
    before, cpu = allowed(), Buffer(4)
    last = before.bit_length() - 1
    with untraced():  # the processors are this machine's
        sched_setaffinity(0, MASK_SIZE, mask_of(1 << last | 1 << 1023))
        getcpu(cpu, None, 0)
    assert allowed() == 1 << last
    assert cpu.int_at(0) == last
    assert in_child(lambda: allowed() != 1 << last) == 0
    with untraced():
        sched_setaffinity(0, MASK_SIZE, mask_of(before))
    assert allowed() == before


@pytest.mark.needs("root")
def test_mask_without_a_processor_is_einval_and_another_users_process_eperm() -> None:
    sched_setaffinity.fails_with(EINVAL, 0, MASK_SIZE, bytes(MASK_SIZE))
    sched_getaffinity.fails_with(EINVAL, 0, 4, Buffer(4))
    sched_getaffinity.fails_with(EINVAL, 0, 12, Buffer(12))
    gone = fork_child(lambda: 0)
    assert exit_status(gone) == 0
    sched_getaffinity.fails_with(ESRCH, gone, MASK_SIZE, Buffer(MASK_SIZE))
    parent = getpid()

    def stranger() -> None:
        setresuid(USER, USER, USER)
        sched_setaffinity.fails_with(EPERM, parent, MASK_SIZE, mask_of(1))

    assert in_child(stranger) == 0


def test_expedited_barrier_must_be_registered_for() -> None:
    """membarrier(2): MEMBARRIER_CMD_PRIVATE_EXPEDITED (Linux 4.14)."""
    with untraced():  # which commands there are
        commands = membarrier(QUERY, 0, 0)
    assert commands & GLOBAL
    if not commands & PRIVATE_EXPEDITED:
        missing("MEMBARRIER_CMD_PRIVATE_EXPEDITED")
    membarrier.fails_with(EPERM, PRIVATE_EXPEDITED, 0, 0)
    assert membarrier(REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0
    assert membarrier(PRIVATE_EXPEDITED, 0, 0) == 0
    membarrier.fails_with(EINVAL, 1 << 30, 0, 0)
    membarrier.fails_with(EINVAL, QUERY, 2, 0)


@pytest.mark.needs("x86_64")
def test_area_of_restartable_sequences_is_registered_once() -> None:
    """rseq(2) (Linux 4.18), in a vfork(2)'s child: it shares this memory, but not the C library's registration."""
    area = Buffer(b"\xff" * (2 * RSEQ_SIZE))
    address = area.address + -area.address % RSEQ_SIZE
    arguments = (
        (address + 8, RSEQ_SIZE, 0, SIGNATURE),
        (address, RSEQ_SIZE - 1, 0, SIGNATURE),
        (address, RSEQ_SIZE, UNREGISTER, SIGNATURE),
        (address, RSEQ_SIZE, 0, SIGNATURE),
        (address, RSEQ_SIZE, 0, SIGNATURE),
        (address, RSEQ_SIZE, UNREGISTER, SIGNATURE + 1),
        (address, RSEQ_SIZE, UNREGISTER, SIGNATURE),
    )
    results = Buffer(8 * len(arguments))
    calls = [call(rseq, *each) + store_result(results.address + 8 * at) for at, each in enumerate(arguments)]
    assert function(call(vfork) + if_zero(b"".join(calls) + exit_code(0)) + RET)() > 0
    errors = [-results.int_at(8 * at, 8, signed=True) for at in range(len(arguments))]
    if errors[0] == ENOSYS:
        missing("rseq")
    assert errors == [EINVAL, EINVAL, EINVAL, 0, EBUSY, EPERM, 0]
