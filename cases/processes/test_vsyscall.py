"""The vsyscall page: three calls at fixed addresses, which programs with a libc from before 2013 make."""

from __future__ import annotations

import signal
import struct
from errno import EAGAIN, EPIPE
from typing import TYPE_CHECKING

import pytest

from conformance.syscalls import Buffer, missing, untraced
from conformance.syscalls.files.opening import O_CLOEXEC, O_NONBLOCK, O_RDONLY
from conformance.syscalls.files.reading import SEEK_END, lseek, read
from conformance.syscalls.help.child import in_child
from conformance.syscalls.help.code import RET, function, load
from conformance.syscalls.help.paths import open_present

if TYPE_CHECKING:
    from conformance.guest.plugin import Observe

pytestmark = pytest.mark.needs("root", "disposable", "x86_64")

PAGE = 0xFFFFFFFFFF600000
TIME = PAGE + 0x400
"""Where time(2) is called (arch/x86/entry/vsyscall/vsyscall_emu_64.S)."""
LOG_BYTES = 8192
CALL_TIME = b"\x31\xff\x48\xb8" + struct.pack("<Q", TIME) + b"\xff\xd0" + RET
"""xor edi, edi; mov rax, TIME; call rax; ret"""


def said_since(fd: int) -> bytes:
    """What has come to the kernel's log since its end was sought."""
    found, room = b"", Buffer(LOG_BYTES)
    with untraced():
        while True:
            count, error = read.result_of(fd, room, LOG_BYTES)
            if error == EAGAIN:
                return found
            if error != EPIPE:  # what was overwritten meanwhile is passed over
                found += room.take(count)


def test_page_is_called_or_the_log_says_that_it_is_closed(observe: Observe) -> None:
    """Executed; or closed by the command line or by configuration (`vsyscall=none`), which the log tells of each
    program that comes there; or not there at all (`CONFIG_X86_VSYSCALL_EMULATION`), and then nobody tells."""
    log = open_present(b"/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    lseek(log, 0, SEEK_END)

    def time_from_the_page() -> int:
        return 0 if function(CALL_TIME)() > 0 else 1

    status = in_child(time_from_the_page)
    if status == 0:
        observe("the page is", "executed")
        reading = in_child(lambda: function(load(PAGE) + RET)() and 0)
        observe("and", "read" if reading == 0 else "not read")
        return
    assert status == -signal.SIGSEGV
    if b"vsyscall" not in said_since(log):
        missing("vsyscall")
    observe("the page is", "closed")
