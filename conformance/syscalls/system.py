"""The machine as a whole: its names, reboot(2), modules, swap, the kernel's log, what reaches the hardware.

What programs give to calls that would act on the machine is refused by every kernel before it does anything.
"""

from __future__ import annotations

import ctypes
from typing import Annotated

from conformance.syscalls.machinery.aliases import (
    AlwaysZero,
    Anything,
    Bits,
    Fd,
    InBytes,
    InOut,
    Int,
    Out,
    OutBytes,
    OutInt,
    Path,
    Size,
    Unused,
    Zero,
)
from conformance.syscalls.machinery.buffers import U32, Layout, Struct
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import BAD_POINTERS, KERNEL_ADDRESS, Blob, Choices, often, rarely, room
from conformance.syscalls.machinery.kinds import AddressKind, Flags, Masked, named
from conformance.syscalls.machinery.touches import FILES, IPC, NOTHING, PROCESS
from conformance.syscalls.machinery.world import UNMAPPED

UTS_FIELD = 65
"""Bytes of each of the six members of `struct utsname`."""

SYSLOG_CLOSE, SYSLOG_OPEN, SYSLOG_READ, SYSLOG_READ_ALL, SYSLOG_CONSOLE_LEVEL = 0, 1, 2, 3, 8
SWAP_FLAG_PREFER, SWAP_FLAG_DISCARD, SWAP_FLAG_DISCARD_ONCE, SWAP_FLAG_DISCARD_PAGES = 0x8000, 0x10000, 0x20000, 0x40000

KEXEC_ARCH_DEFAULT, KEXEC_FILE_UNLOAD, KEXEC_ON_CRASH, KEXEC_FILE_ON_CRASH, KEXEC_PRESERVE_CONTEXT = 0, 1, 1, 2, 2
KEXEC_FILE_NO_INITRAMFS, KEXEC_UPDATE_ELFCOREHDR, KEXEC_CRASH_HOTPLUG_SUPPORT, KEXEC_FILE_DEBUG = 4, 4, 8, 8
KEXEC_FILE_NO_CMA, KEXEC_FILE_FORCE_DTB, KEXEC_ARCH_386, KEXEC_ARCH_68K = 0x10, 0x20, 0x30000, 0x40000
KEXEC_ARCH_MIPS, KEXEC_ARCH_MIPS_LE, KEXEC_ARCH_PARISC, KEXEC_ARCH_PPC = 0x80000, 0xA0000, 0xF0000, 0x140000
KEXEC_ARCH_PPC64, KEXEC_ARCH_S390, KEXEC_ARCH_ARM, KEXEC_ARCH_SH = 0x150000, 0x160000, 0x280000, 0x2A0000
KEXEC_ARCH_IA_64, KEXEC_ARCH_X86_64, KEXEC_ARCH_AARCH64, KEXEC_ARCH_RISCV = 0x320000, 0x3E0000, 0xB70000, 0xF30000
KEXEC_ARCH_LOONGARCH = 0x1020000
MODULE_INIT_IGNORE_MODVERSIONS, MODULE_INIT_IGNORE_VERMAGIC, MODULE_INIT_COMPRESSED_FILE = 1, 2, 4

LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2 = 0xFEE1DEAD, 672274793
LINUX_REBOOT_CMD_RESTART, LINUX_REBOOT_MAGIC2A, LINUX_REBOOT_MAGIC2B = 0x1234567, 0x5121996, 0x16041998
LINUX_REBOOT_MAGIC2C, LINUX_REBOOT_CMD_POWER_OFF, LINUX_REBOOT_CMD_KEXEC = 0x20112000, 0x4321FEDC, 0x45584543
LINUX_REBOOT_CMD_RESTART2, LINUX_REBOOT_CMD_HALT, LINUX_REBOOT_CMD_SW_SUSPEND = 0xA1B2C3D4, 0xCDEF0123, 0xD000FCE2

LINUX_REBOOT_CMD_CAD_OFF, LINUX_REBOOT_CMD_CAD_ON = 0, 0x89ABCDEF

LDT_ENTRIES, LDT_ENTRY_SIZE = 8192, 8
USER_DESC_SEG_32BIT, USER_DESC_READ_EXEC_ONLY, USER_DESC_LIMIT_IN_PAGES = 1, 8, 16
USER_DESC_SEG_NOT_PRESENT, USER_DESC_USEABLE = 32, 64

UtsName = Annotated["ctypes.Array[ctypes.c_char]", Layout(ctypes.c_char * UTS_FIELD)]
MachinesName = Annotated["ctypes.Array[ctypes.c_char]", Layout(ctypes.c_char * UTS_FIELD), Masked()]


class Utsname(Struct):
    """`struct new_utsname`: all but the first are the machine's, unless a program has set them."""

    sysname: UtsName
    nodename: MachinesName
    release: MachinesName
    version: MachinesName
    machine: MachinesName
    domainname: MachinesName


OutNames = Annotated[
    Out[Utsname],
    Choices(often(room(Utsname.size())), room(64, edge=True), rarely(*BAD_POINTERS)),
]
HostName = Annotated[
    InBytes,
    Choices(Blob(b"renamed"), rarely(Blob(b""), Blob(b"n" * 64), Blob(b"n" * 65), *BAD_POINTERS)),
]
NameSize = Annotated[int, Choices(7, rarely(0, 64, 65, -1))]
UserDescFlags = Annotated[U32, Flags(named(globals(), "USER_DESC_"))]
REBOOT_MAGICS = named(globals(), "LINUX_REBOOT_MAGIC")
RebootMagic = Annotated[int, Flags(REBOOT_MAGICS, bits=False), Choices(LINUX_REBOOT_MAGIC2, 0)]
RebootCommand = Annotated[int, Flags(named(globals(), "LINUX_REBOOT_CMD_"), bits=False), Choices(0, -1)]
"""What is to be done, which the magic numbers before it keep from being done."""
KexecFlags = Annotated[int, Flags(named(globals(), "KEXEC_ON", "KEXEC_PRES", "KEXEC_UPD", "KEXEC_CRASH", "KEXEC_ARCH"))]
KexecFileFlags = Annotated[int, Flags(named(globals(), "KEXEC_FILE_"))]
ModuleFlags = Annotated[int, Flags(named(globals(), "MODULE_INIT_"))]
DeleteFlags = Annotated[int, Choices(0, 0o4000, 0o1000, -1)]
"""O_NONBLOCK and O_TRUNC are those that it knows."""
SwapFlags = Annotated[int, Flags(named(globals(), "SWAP_FLAG_"), bits=False), Choices(0, 1 << 19, -1)]
SyslogAction = Annotated[int, Flags(named(globals(), "SYSLOG_"), bits=False), Choices(99)]
NoBuffer = Annotated[int, AddressKind()]
AddressKindOfName = Annotated[int, AddressKind()]
NotSwapped = Annotated[Path, Choices(b"absent", b"f0", b"d0", b"", b"f0/x", *BAD_POINTERS)]
"""Files of a program's tree, where no memory is swapped to."""
Image = Annotated[InBytes, Choices(Blob(b"\x7fELF"), Blob(b""), *BAD_POINTERS)]
ModuleParameters = Annotated[Path, Choices(b"", b"x=1", *BAD_POINTERS)]
PortLevel = Annotated[int, Choices(0, 4, -1)]
"""What it is, and numbers that are no level: 3 is not asked for."""
NoPort = Annotated[int, Choices(0, 65536, 1 << 40, -1)]
NoPorts = Annotated[int, Choices(1, 0, 65537, -1)]
"""Ports that are given up, and those that are none."""
OutTable = Annotated[OutBytes, Choices(room(64), room(0), *BAD_POINTERS)]
OutSysinfo = Annotated[Out[Struct], Masked(), Choices(often(room(112), room(64, edge=True)), rarely(*BAD_POINTERS))]


class UserDesc(Struct):
    """`struct user_desc`: a segment. Its flags are bit-fields; `contents` has the second and the third bit."""

    entry_number: Annotated[U32, Choices(12, 13, 14, 11, 15, 0, 6, -1)]
    base_addr: Annotated[U32, Choices(0)]
    limit: Annotated[U32, Choices(0)]
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
def syslog(type: SyslogAction, buf: OutInt, size: Int) -> Int: ...
@operation(syslog, type=(SYSLOG_CLOSE, SYSLOG_OPEN, 11, 99, -1), touches=NOTHING, refused="nothing to do, or no action")
def syslog_nothing(type: SyslogAction, buf: AlwaysZero, size: Unused) -> Zero: ...
@operation(
    syslog,
    type=(SYSLOG_READ, SYSLOG_READ_ALL),
    buf=(0, UNMAPPED),
    size=(0, -1),
    touches=NOTHING,
    refused="no memory, or less than none",
)
def syslog_read(type: SyslogAction, buf: NoBuffer, size: Int) -> Zero: ...
@operation(syslog, type=SYSLOG_CONSOLE_LEVEL, size=(0, 9, -1), touches=NOTHING, refused="a level that is none")
def syslog_level(type: SyslogAction, buf: AlwaysZero, size: Int) -> Zero: ...
@syscall(x86_64=169, aarch64=142, never="ends the machine")
def reboot(magic: Bits, magic2: RebootMagic, command: RebootCommand, arg: Anything) -> Zero: ...
@operation(
    reboot,
    magic=(LINUX_REBOOT_MAGIC1 ^ 1, 0, 1, -1),
    touches=NOTHING,
    refused="another number than the first one that is asked for (reboot(2))",
)
def reboot_refused(magic: Bits, magic2: RebootMagic, command: RebootCommand, arg: AlwaysZero) -> Zero: ...
@syscall(x86_64=246, aarch64=104, since="2.6.13", never="ends the machine")
def kexec_load(entry: Int, count: Size, segments: InBytes, flags: KexecFlags) -> Zero: ...
@operation(kexec_load, count=(17, -1), touches=NOTHING, refused="more than KEXEC_SEGMENT_MAX segments")
def kexec_load_refused(entry: AlwaysZero, count: Int, segments: AlwaysZero, flags: KexecFlags) -> Zero: ...
@syscall(x86_64=320, aarch64=294, since="3.17", never="ends the machine")
def kexec_file_load(kernel: Fd, initrd: Fd, length: Size, cmdline: Path, flags: KexecFileFlags) -> Zero: ...
@operation(kexec_file_load, kernel=(-1, 63), flags=(0, 4, 8, 16, 32, 1 << 30), touches=NOTHING, refused="no file")
def kexec_file_load_refused(
    kernel: Fd, initrd: AlwaysZero, length: AlwaysZero, cmdline: AlwaysZero, flags: KexecFileFlags
) -> Zero: ...
@syscall(x86_64=175, aarch64=105, never="changes the kernel")
def init_module(image: InBytes, size: Size, parameters: Path) -> Zero: ...
@operation(init_module, size=(0, 1), touches=NOTHING, refused="less than the head of an ELF file")
def init_module_refused(image: Image, size: Int, parameters: ModuleParameters) -> Zero: ...
@syscall(x86_64=313, aarch64=273, since="3.8", never="changes the kernel")
def finit_module(fd: Fd, parameters: Path, flags: ModuleFlags) -> Zero: ...
@operation(finit_module, fd=(-1, 63), touches=NOTHING, refused="no file")
def finit_module_refused(fd: Fd, parameters: ModuleParameters, flags: ModuleFlags) -> Zero: ...
@syscall(x86_64=176, aarch64=106, never="changes the kernel")
def delete_module(name: Path, flags: Bits) -> Zero: ...
@operation(delete_module, name=(0, UNMAPPED, KERNEL_ADDRESS), touches=NOTHING, refused="no name")
def delete_module_refused(name: AddressKindOfName, flags: DeleteFlags) -> Zero: ...
@syscall(x86_64=167, aarch64=224, never="belongs to the whole machine")
def swapon(path: Path, flags: SwapFlags) -> Zero: ...
@operation(swapon, flags=(1 << 19, 1 << 30, -1), touches=FILES, refused="flags that there are not")
def swapon_flags(path: NotSwapped, flags: SwapFlags) -> Zero: ...
@operation(swapon, path=(0, UNMAPPED, KERNEL_ADDRESS), touches=NOTHING, refused="no name")
def swapon_refused(path: AddressKindOfName, flags: SwapFlags) -> Zero: ...
@syscall(x86_64=168, aarch64=225, touches=FILES)
def swapoff(path: NotSwapped) -> Zero: ...
@syscall(x86_64=153, aarch64=58, never="does nothing but block, or hangs up a terminal that is not there")
def vhangup() -> Zero: ...
@syscall(x86_64=172, touches=PROCESS)
def iopl(level: PortLevel) -> Zero: ...
@syscall(x86_64=173, touches=PROCESS)
def ioperm(start: NoPort, count: NoPorts, on: AlwaysZero) -> Zero: ...
@syscall(x86_64=154, narrow=True, never="reaches the hardware")
def modify_ldt(function: Int, pointer: Anything, size: Size) -> Int: ...
@operation(modify_ldt, function=(0, 2, 3, 99, -1), touches=PROCESS, refused="nothing: it reads, or is no function")
def modify_ldt_read(function: Int, pointer: OutTable, size: Size) -> Int: ...
@operation(modify_ldt, function=(1, 0x11), size=(0, 15, 17), touches=PROCESS, refused="another size than an entry has")
def modify_ldt_write(function: Int, pointer: OutTable, size: Int) -> Int: ...
@syscall(x86_64=211, touches=PROCESS)
def get_thread_area(info: InOut[UserDesc]) -> Zero: ...
@syscall(x86_64=205, never="reaches the hardware")
def set_thread_area(info: Anything) -> Zero: ...
@operation(set_thread_area, info=(0, UNMAPPED, KERNEL_ADDRESS), touches=PROCESS, refused="no memory")
def set_thread_area_refused(info: AddressKindOfName) -> Zero: ...
@syscall(x86_64=335, since="6.11", touches=PROCESS)
def uretprobe() -> Zero: ...
@syscall(x86_64=336, since="6.18", touches=PROCESS)
def uprobe() -> Zero: ...
