"""capabilities(7): what a privileged thread may do, and the bits that say how it keeps that."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.machinery.aliases import In, InOut, Out, Pid32, Zero
from conformance.syscalls.machinery.buffers import U32, Struct
from conformance.syscalls.machinery.call import syscall
from conformance.syscalls.machinery.choices import KERNEL_ADDRESS, Choices, Use, often, room
from conformance.syscalls.machinery.kinds import named
from conformance.syscalls.machinery.touches import NOTHING, PRIVILEGES, PROCESS

CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_KILL, CAP_SETUID, CAP_NET_BIND_SERVICE = 0, 1, 5, 7, 10
CAP_NET_ADMIN, CAP_NET_RAW, CAP_SYS_PTRACE, CAP_SYS_ADMIN = 12, 13, 19, 21
CAP_DAC_READ_SEARCH, CAP_FOWNER, CAP_FSETID, CAP_SETGID, CAP_SETPCAP, CAP_LINUX_IMMUTABLE = 2, 3, 4, 6, 8, 9
CAP_NET_BROADCAST, CAP_IPC_LOCK, CAP_IPC_OWNER, CAP_SYS_MODULE, CAP_SYS_RAWIO = 11, 14, 15, 0x10, 17
CAP_SYS_CHROOT, CAP_SYS_PACCT, CAP_SYS_BOOT, CAP_SYS_NICE, CAP_SYS_RESOURCE, CAP_SYS_TIME = 18, 20, 22, 23, 24, 25
CAP_SYS_TTY_CONFIG, CAP_MKNOD, CAP_LEASE, CAP_AUDIT_WRITE, CAP_AUDIT_CONTROL, CAP_SETFCAP = 26, 27, 28, 29, 30, 31
CAP_MAC_OVERRIDE, CAP_MAC_ADMIN, CAP_SYSLOG, CAP_WAKE_ALARM, CAP_BLOCK_SUSPEND = 0x20, 33, 34, 35, 36
CAP_AUDIT_READ, CAP_PERFMON, CAP_BPF, CAP_CHECKPOINT_RESTORE = 37, 38, 39, 40

SECBIT_NOROOT, SECBIT_NOROOT_LOCKED, SECBIT_NO_SETUID_FIXUP, SECBIT_KEEP_CAPS = 1, 2, 4, 16
SECBIT_NO_SETUID_FIXUP_LOCKED, SECBIT_KEEP_CAPS_LOCKED, SECBIT_NO_CAP_AMBIENT_RAISE = 8, 0x20, 0x40
SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED, SECBIT_EXEC_RESTRICT_FILE, SECBIT_EXEC_RESTRICT_FILE_LOCKED = 0x80, 0x100, 0x200
SECBIT_EXEC_DENY_INTERACTIVE, SECBIT_EXEC_DENY_INTERACTIVE_LOCKED = 0x400, 0x800

LINUX_CAPABILITY_VERSION_1, LINUX_CAPABILITY_VERSION_2 = 0x19980330, 0x20071026
LINUX_CAPABILITY_VERSION_3 = 0x20080522

Capabilities = Annotated[U32, Choices(0, 1, 1 << CAP_SETUID, 0xFF, 1 << CAP_SYS_ADMIN, 1 << 16, 0xFFFFFFFF)]
HighCapabilities = Annotated[U32, Choices(0, 1, 1 << 8, 0xFFFFFFFF)]

SECUREBITS = named(globals(), "SECBIT_")
CAPABILITIES = named(globals(), "CAP_")


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
