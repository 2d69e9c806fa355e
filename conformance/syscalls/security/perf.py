"""perf_event_open(2): counters of the hardware and of the kernel."""

from __future__ import annotations

from conformance.syscalls.machinery.aliases import Anything, Bits, Fd, Int, Pid
from conformance.syscalls.machinery.buffers import U32, U64, Struct
from conformance.syscalls.machinery.call import syscall

PERF_TYPE_SOFTWARE = 1
PERF_COUNT_SW_PAGE_FAULTS, PERF_COUNT_SW_DUMMY = 2, 9

PERF_EVENT_IOC_ENABLE, PERF_EVENT_IOC_DISABLE = 0x2400, 0x2401


class PerfEvent(Struct):
    """`struct perf_event_attr`, first version (64 bytes)."""

    type_: U32
    size_: U32
    config: U64
    sample_period: U64
    sample_type: U64
    read_format: U64
    flags: U64
    wakeup_events: U32
    bp_type: U32
    bp_addr: U64


@syscall(
    x86_64=298, aarch64=241, since="2.6.31", never="loads code into the kernel, or reads counters of the whole machine"
)
def perf_event_open(attr: Anything, pid: Pid, cpu: Int, group: Fd, flags: Bits) -> Fd: ...
