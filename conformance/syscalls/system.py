"""The machine as a whole: its names, reboot(2), modules, swap, the kernel's log, what reaches the hardware."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.machinery.aliases import Anything, Bits, Fd, InBytes, Int, Out, OutInt, Path, Size, Zero
from conformance.syscalls.machinery.buffers import U32, Struct
from conformance.syscalls.machinery.call import syscall
from conformance.syscalls.machinery.choices import BAD_POINTERS, Blob, Choices, often, rarely, room
from conformance.syscalls.machinery.kinds import Flags, Masked, named
from conformance.syscalls.machinery.touches import IPC, NOTHING

UTS_FIELD = 65
"""Bytes of each of the six members of `struct utsname`."""

LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2 = 0xFEE1DEAD, 672274793
LINUX_REBOOT_CMD_CAD_OFF, LINUX_REBOOT_CMD_CAD_ON = 0, 0x89ABCDEF

LDT_ENTRIES, LDT_ENTRY_SIZE = 8192, 8
USER_DESC_SEG_32BIT, USER_DESC_READ_EXEC_ONLY, USER_DESC_LIMIT_IN_PAGES = 1, 8, 16
USER_DESC_SEG_NOT_PRESENT, USER_DESC_USEABLE = 32, 64

OutNames = Annotated[
    Out[Struct],
    Masked(),
    Choices(often(room(6 * UTS_FIELD)), room(64, edge=True), rarely(*BAD_POINTERS)),
]
HostName = Annotated[
    InBytes,
    Choices(Blob(b"renamed"), rarely(Blob(b""), Blob(b"n" * 64), Blob(b"n" * 65), *BAD_POINTERS)),
]
NameSize = Annotated[int, Choices(7, rarely(0, 64, 65, -1))]
UserDescFlags = Annotated[U32, Flags(named(globals(), "USER_DESC_"))]
OutSysinfo = Annotated[Out[Struct], Masked(), Choices(often(room(112), room(64, edge=True)), rarely(*BAD_POINTERS))]


class UserDesc(Struct):
    """`struct user_desc`: a segment. Its flags are bit-fields; `contents` has the second and the third bit."""

    entry_number: U32
    base_addr: U32
    limit: U32
    flags: UserDescFlags


@syscall(x86_64=63, aarch64=160, touches=NOTHING)
def uname(buf: OutNames) -> Zero: ...
@syscall(x86_64=170, aarch64=161, touches=IPC)
def sethostname(name: HostName, size: NameSize) -> Zero: ...
@syscall(x86_64=171, aarch64=162, touches=IPC)
def setdomainname(name: HostName, size: NameSize) -> Zero: ...
@syscall(x86_64=99, aarch64=179, touches=NOTHING)
def sysinfo(info: OutSysinfo) -> Zero: ...
@syscall(x86_64=103, aarch64=116, never="belongs to the whole machine")
def syslog(type: Int, buf: OutInt, size: Int) -> Int: ...
@syscall(x86_64=169, aarch64=142, never="ends the machine")
def reboot(magic: Bits, magic2: Bits, command: Bits, arg: Anything) -> Zero: ...
@syscall(x86_64=246, aarch64=104, since="2.6.13", never="ends the machine")
def kexec_load(entry: Int, count: Size, segments: InBytes, flags: Bits) -> Zero: ...
@syscall(x86_64=320, aarch64=294, since="3.17", never="ends the machine")
def kexec_file_load(kernel: Fd, initrd: Fd, length: Size, cmdline: Path, flags: Bits) -> Zero: ...
@syscall(x86_64=175, aarch64=105, never="changes the kernel")
def init_module(image: InBytes, size: Size, parameters: Path) -> Zero: ...
@syscall(x86_64=313, aarch64=273, since="3.8", never="changes the kernel")
def finit_module(fd: Fd, parameters: Path, flags: Bits) -> Zero: ...
@syscall(x86_64=176, aarch64=106, never="changes the kernel")
def delete_module(name: Path, flags: Bits) -> Zero: ...
@syscall(x86_64=167, aarch64=224, never="belongs to the whole machine")
def swapon(path: Path, flags: Bits) -> Zero: ...
@syscall(x86_64=168, aarch64=225, never="belongs to the whole machine")
def swapoff(path: Path) -> Zero: ...
@syscall(x86_64=153, aarch64=58, never="does nothing but block, or hangs up a terminal that is not there")
def vhangup() -> Zero: ...
@syscall(x86_64=172, never="reaches the hardware")
def iopl(level: Int) -> Zero: ...
@syscall(x86_64=173, never="reaches the hardware")
def ioperm(start: Int, count: Int, on: Int) -> Zero: ...
@syscall(x86_64=154, narrow=True, never="reaches the hardware")
def modify_ldt(function: Int, pointer: Anything, size: Size) -> Int: ...
@syscall(x86_64=211, never="reaches the hardware")
def get_thread_area(info: Anything) -> Zero: ...
@syscall(x86_64=205, never="reaches the hardware")
def set_thread_area(info: Anything) -> Zero: ...
@syscall(x86_64=335, since="6.11", never="takes the executor's registers or stack away")
def uretprobe() -> Zero: ...
@syscall(x86_64=336, since="6.18", never="takes the executor's registers or stack away")
def uprobe() -> Zero: ...
