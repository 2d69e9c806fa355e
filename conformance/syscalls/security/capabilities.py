"""capabilities(7): what a privileged thread may do, and the bits that say how it keeps that."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.machinery.aliases import In, InOut, Out, Pid32, Zero
from conformance.syscalls.machinery.buffers import U32, Struct
from conformance.syscalls.machinery.call import syscall
from conformance.syscalls.machinery.choices import KERNEL_ADDRESS, Choices, Use, often, room
from conformance.syscalls.machinery.touches import NOTHING, PRIVILEGES, PROCESS

CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_KILL, CAP_SETUID, CAP_NET_BIND_SERVICE = 0, 1, 5, 7, 10
CAP_NET_ADMIN, CAP_NET_RAW, CAP_SYS_PTRACE, CAP_SYS_ADMIN = 12, 13, 19, 21

SECBIT_NOROOT, SECBIT_NOROOT_LOCKED, SECBIT_NO_SETUID_FIXUP, SECBIT_KEEP_CAPS = 1, 2, 4, 16

LINUX_CAPABILITY_VERSION_1, LINUX_CAPABILITY_VERSION_2 = 0x19980330, 0x20071026
LINUX_CAPABILITY_VERSION_3 = 0x20080522

Capabilities = Annotated[U32, Choices(0, 1, 1 << CAP_SETUID, 0xFF, 1 << CAP_SYS_ADMIN, 1 << 16, 0xFFFFFFFF)]
HighCapabilities = Annotated[U32, Choices(0, 1, 1 << 8, 0xFFFFFFFF)]


class CapHeader(Struct):
    """`struct __user_cap_header_struct`."""

    version: Annotated[
        U32,
        Choices(LINUX_CAPABILITY_VERSION_3, LINUX_CAPABILITY_VERSION_2, LINUX_CAPABILITY_VERSION_1, 0),
    ]
    pid: Annotated[Pid32, Choices(0, Use("pid"), Use("pid", 1), Use("pid:child"), -1, 1, 0x7FFFFFFE)]


class CapData(Struct):
    """Two `struct __user_cap_data_struct`, low and high half of each set."""

    effective: Capabilities
    permitted: Capabilities
    inheritable: Capabilities
    effective_high: HighCapabilities
    permitted_high: HighCapabilities
    inheritable_high: HighCapabilities


OutCapData = Annotated[Out[Struct], Choices(often(room(24)), 0, KERNEL_ADDRESS)]


@syscall(x86_64=125, aarch64=90, touches=NOTHING)
def capget(header: InOut[CapHeader], data: OutCapData) -> Zero: ...
@syscall(x86_64=126, aarch64=91, touches=PROCESS | PRIVILEGES)
def capset(header: InOut[CapHeader], data: In[CapData]) -> Zero: ...
