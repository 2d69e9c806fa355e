"""A debugger at work: python-ptrace's PtraceDebugger traces a small program.

Its own calls go through the C library, past the stubs, and so are in no trace: what it saw is asserted. It is
imported by the test functions alone, since it is slow to import.
"""

from __future__ import annotations

import signal
from errno import EBADF

import pytest

from conformance.syscalls.files.attributes import umask
from conformance.syscalls.files.opening import close
from conformance.syscalls.help.child import fork_child
from conformance.syscalls.help.code import ENTRY, NOP, call, exit_code
from conformance.syscalls.help.programs import new_program
from conformance.syscalls.processes.executing import execve
from conformance.syscalls.ptrace import PTRACE_TRACEME, ptrace

pytestmark = pytest.mark.needs("x86_64")

ABSENT_FD = 999


def launch_traced(code: bytes) -> int:
    """Start `code` as a tracee, without waiting for its first stop, which is the debugger's to see; the pid."""
    path = new_program(b"program", code)

    def child() -> None:
        ptrace(PTRACE_TRACEME, 0)
        execve(path, None, None)

    return fork_child(child)


def test_debugger_sees_each_call_its_arguments_and_the_end() -> None:
    # It has no annotations, and is imported here for the reason above.
    from ptrace.debugger import ProcessExit, PtraceDebugger  # type: ignore[import-untyped] # noqa: PLC0415
    from ptrace.func_call import FunctionCallOptions  # type: ignore[import-untyped] # noqa: PLC0415

    pid = launch_traced(call(umask, 0o70) + call(close, ABSENT_FD) + exit_code(9))
    debugger = PtraceDebugger()
    process = debugger.addProcess(pid, is_attached=True)
    options, seen = FunctionCallOptions(), []
    with pytest.raises(ProcessExit) as end:
        while True:
            process.syscall()
            debugger.waitSyscall()
            made = process.syscall_state.event(options)
            seen.append((made.name, made.arguments[0].value, made.result))
    assert end.value.exitcode == 9
    assert seen == [
        ("umask", 0o70, None),
        ("umask", 0o70, 0o022),
        ("close", ABSENT_FD, None),
        ("close", ABSENT_FD, -EBADF),
        ("exit_group", 9, None),
    ]


def test_debugger_stops_at_a_breakpoint_and_goes_on() -> None:
    from ptrace.debugger import ProcessExit, PtraceDebugger  # noqa: PLC0415 - see above

    pid = launch_traced(NOP + call(umask, 0o70) + exit_code(10))
    debugger = PtraceDebugger()
    process = debugger.addProcess(pid, is_attached=True)
    breakpoint = process.createBreakpoint(ENTRY + 1)
    process.cont()
    debugger.waitSignals(signal.SIGTRAP)
    assert process.getInstrPointer() == ENTRY + 2
    breakpoint.desinstall(set_ip=True)
    assert process.getreg("rip") == ENTRY + 1
    process.cont()
    end = process.waitEvent()
    assert isinstance(end, ProcessExit)
    assert end.exitcode == 10
