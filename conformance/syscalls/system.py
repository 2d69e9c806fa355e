"""The machine as a whole: names, modules, reboot, the kernel's log."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.machinery.buffers import Buffer, Struct
from conformance.syscalls.machinery.call import syscall
from conformance.syscalls.machinery.choices import BAD_POINTERS, Blob, room
from conformance.syscalls.machinery.kinds import (
    Any_,
    Bits,
    ChosenMemory,
    Fd,
    InBytes,
    Int,
    MaskedMemory,
    Number,
    OutInt,
    Path,
    Size,
    Zero,
)

LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2 = 0xFEE1DEAD, 672274793
LINUX_REBOOT_CMD_CAD_OFF, LINUX_REBOOT_CMD_CAD_ON = 0, 0x89ABCDEF
UTS_FIELD = 65
"""Bytes of each of the six members of `struct utsname`."""


OutNames = Annotated[Buffer | Struct | int | None, MaskedMemory(out=True, reads=False, choices=(*(room(6 * UTS_FIELD),) * 4, room(64, edge=True)))]
InName = Annotated[bytes | Buffer | int | None, ChosenMemory(*(Blob(b"renamed"),) * 4, Blob(b""), Blob(b"n" * 64), Blob(b"n" * 65), *BAD_POINTERS)]
NameSize = Annotated[int, Number(7, 7, 7, 0, 64, 65, -1)]
OutSysinfo = Annotated[Buffer | Struct | int | None, MaskedMemory(out=True, reads=False, choices=(room(112), room(112), room(64, edge=True)))]


@syscall
def uname(buf: OutNames) -> Zero: ...
@syscall
def sethostname(name: InName, size: NameSize) -> Zero: ...
@syscall
def setdomainname(name: InName, size: NameSize) -> Zero: ...
@syscall
def sysinfo(info: OutSysinfo) -> Zero: ...
@syscall
def syslog(type: Int, buf: OutInt, size: Int) -> Int: ...
@syscall
def reboot(magic: Bits, magic2: Bits, command: Bits, arg: Any_) -> Zero: ...
@syscall
def init_module(image: InBytes, size: Size, parameters: Path) -> Zero: ...
@syscall
def finit_module(fd: Fd, parameters: Path, flags: Bits) -> Zero: ...
@syscall
def delete_module(name: Path, flags: Bits) -> Zero: ...
@syscall
def kexec_load(entry: Int, count: Size, segments: InBytes, flags: Bits) -> Zero: ...
@syscall
def kexec_file_load(kernel: Fd, initrd: Fd, length: Size, cmdline: Path, flags: Bits) -> Zero: ...
@syscall
def vhangup() -> Zero: ...
@syscall
def iopl(level: Int) -> Zero: ...
@syscall
def ioperm(start: Int, count: Int, on: Int) -> Zero: ...
@syscall
def modify_ldt(function: Int, pointer: Any_, size: Size) -> Int: ...
@syscall
def get_thread_area(info: Any_) -> Zero: ...
@syscall
def set_thread_area(info: Any_) -> Zero: ...
@syscall
def uretprobe() -> Zero: ...
@syscall
def uprobe() -> Zero: ...
