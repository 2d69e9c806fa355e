"""perf_event_open(2): counters of the hardware and of the kernel."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.machinery.aliases import Anything, Fd, In, Int, Pid
from conformance.syscalls.machinery.buffers import U32, U64, Struct
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import Choices
from conformance.syscalls.machinery.kinds import Flags, Renamed, named
from conformance.syscalls.machinery.touches import PROCESS

PERF_TYPE_HARDWARE, PERF_TYPE_SOFTWARE, PERF_TYPE_TRACEPOINT, PERF_TYPE_HW_CACHE, PERF_TYPE_RAW = 0, 1, 2, 3, 4
PERF_TYPE_BREAKPOINT = 5

PERF_COUNT_SW_CPU_CLOCK, PERF_COUNT_SW_TASK_CLOCK, PERF_COUNT_SW_PAGE_FAULTS = 0, 1, 2
PERF_COUNT_SW_CONTEXT_SWITCHES, PERF_COUNT_SW_CPU_MIGRATIONS, PERF_COUNT_SW_PAGE_FAULTS_MIN = 3, 4, 5
PERF_COUNT_SW_PAGE_FAULTS_MAJ, PERF_COUNT_SW_ALIGNMENT_FAULTS, PERF_COUNT_SW_EMULATION_FAULTS = 6, 7, 8
PERF_COUNT_SW_DUMMY, PERF_COUNT_SW_BPF_OUTPUT, PERF_COUNT_SW_CGROUP_SWITCHES = 9, 10, 11

PERF_SAMPLE_IP, PERF_SAMPLE_TID, PERF_SAMPLE_TIME, PERF_SAMPLE_ADDR, PERF_SAMPLE_READ = 1, 2, 4, 8, 0x10
PERF_SAMPLE_CALLCHAIN, PERF_SAMPLE_ID, PERF_SAMPLE_CPU, PERF_SAMPLE_PERIOD = 0x20, 0x40, 0x80, 0x100
PERF_SAMPLE_STREAM_ID, PERF_SAMPLE_RAW, PERF_SAMPLE_BRANCH_STACK, PERF_SAMPLE_REGS_USER = 0x200, 0x400, 0x800, 0x1000
PERF_SAMPLE_STACK_USER, PERF_SAMPLE_WEIGHT, PERF_SAMPLE_DATA_SRC = 0x2000, 0x4000, 0x8000
PERF_SAMPLE_IDENTIFIER, PERF_SAMPLE_TRANSACTION, PERF_SAMPLE_REGS_INTR = 0x10000, 0x20000, 0x40000
PERF_SAMPLE_PHYS_ADDR, PERF_SAMPLE_AUX, PERF_SAMPLE_CGROUP = 0x80000, 0x100000, 0x200000
PERF_SAMPLE_DATA_PAGE_SIZE, PERF_SAMPLE_CODE_PAGE_SIZE, PERF_SAMPLE_WEIGHT_STRUCT = 0x400000, 0x800000, 0x1000000

PERF_FORMAT_TOTAL_TIME_ENABLED, PERF_FORMAT_TOTAL_TIME_RUNNING, PERF_FORMAT_ID, PERF_FORMAT_GROUP = 1, 2, 4, 8
PERF_FORMAT_LOST = 0x10

PERF_FLAG_FD_NO_GROUP, PERF_FLAG_FD_OUTPUT, PERF_FLAG_PID_CGROUP, PERF_FLAG_FD_CLOEXEC = 1, 2, 4, 8

PERF_EVENT_IOC_ENABLE, PERF_EVENT_IOC_DISABLE = 0x2400, 0x2401


class PerfEvent(Struct):
    """`struct perf_event_attr`, first version (64 bytes)."""

    type_: Annotated[U32, Flags(named(globals(), "PERF_TYPE_"), bits=False), Choices(PERF_TYPE_SOFTWARE, 99)]
    size_: Annotated[U32, Choices(64, 0, 63, 72, 4097)]
    config: Annotated[U64, Flags(named(globals(), "PERF_COUNT_SW_"), bits=False), Choices(PERF_COUNT_SW_DUMMY, 99)]
    sample_period: Annotated[U64, Choices(0, 1)]
    sample_type: Annotated[U64, Flags(named(globals(), "PERF_SAMPLE_")), Choices(0, 1 << 40)]
    read_format: Annotated[U64, Flags(named(globals(), "PERF_FORMAT_")), Choices(0, 1 << 40)]
    flags: Annotated[U64, Choices(1, 3, 1 << 62)]
    wakeup_events: Annotated[U32, Choices(0)]
    bp_type: Annotated[U32, Choices(0)]
    bp_addr: Annotated[U64, Choices(0)]


PerfFlags = Annotated[int, Flags(named(globals(), "PERF_FLAG_"))]
Counter = Annotated[int, Renamed("perf")]
"""No fd for programs to go on with: what is counted differs from run to run."""


@syscall(
    x86_64=298, aarch64=241, since="2.6.31", never="loads code into the kernel, or reads counters of the whole machine"
)
def perf_event_open(attr: Anything, pid: Pid, cpu: Int, group: Fd, flags: PerfFlags) -> Fd: ...
@operation(
    perf_event_open,
    pid=0,
    cpu=-1,
    group=-1,
    touches=PROCESS,
    refused="nothing: a process may count what it does itself",
)
def perf_event_open_self(attr: In[PerfEvent], pid: Int, cpu: Int, group: Int, flags: PerfFlags) -> Counter: ...
