from __future__ import annotations

import errno
import os
import signal
import subprocess
from pathlib import Path

import pytest

from conformance.syscalls.files.opening import close
from conformance.syscalls.files.reading import write
from conformance.syscalls.help import code
from conformance.syscalls.machinery.buffers import Buffer, memory_at
from conformance.syscalls.memory.mapping import mmap
from conformance.syscalls.processes.creating import fork
from conformance.syscalls.processes.credentials import getuid
from conformance.syscalls.processes.identity import getpid
from conformance.syscalls.processes.waiting import wait4

pytestmark = pytest.mark.skipif(os.uname().machine != "x86_64", reason="machine code for x86-64")


def run(tmp_path: Path, program: bytes, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run it as an executable of its own."""
    path = tmp_path / "program"
    path.write_bytes(code.elf(program, data))
    path.chmod(0o755)
    return subprocess.run([path], capture_output=True, timeout=30, check=False)


@pytest.mark.parametrize("status", [0, 1, 77])
def test_a_program_exits_with_its_status(tmp_path: Path, status: int) -> None:
    assert run(tmp_path, code.exit_code(status)).returncode == status


def test_a_program_has_its_data_where_it_was_promised(tmp_path: Path) -> None:
    program = code.call(write, 1, code.DATA, 5) + code.EXIT_WITH_RESULT
    done = run(tmp_path, program, b"hello")
    assert (done.stdout, done.returncode) == (b"hello", 5)


def test_what_follows_the_data_is_zero_and_writable(tmp_path: Path) -> None:
    scratch = code.DATA + 64
    program = code.set_word(scratch, 3) + code.increment(scratch) + code.load(scratch) + code.EXIT_WITH_RESULT
    assert run(tmp_path, program, b"x").returncode == 4
    assert run(tmp_path, code.load(code.DATA + 8) + code.EXIT_WITH_RESULT, b"x").returncode == 0


def test_an_error_can_be_the_exit_status(tmp_path: Path) -> None:
    assert run(tmp_path, code.call(close, -1) + code.EXIT_WITH_ERRNO).returncode == errno.EBADF


def test_the_result_of_a_call_can_be_the_argument_of_the_next(tmp_path: Path) -> None:
    assert run(tmp_path, code.raise_signal(signal.SIGUSR1) + code.exit_code(0)).returncode == -signal.SIGUSR1


@pytest.mark.parametrize(
    ("program", "number"),
    [(code.UNDEFINED, signal.SIGILL), (code.INT3, signal.SIGTRAP), (code.load(8), signal.SIGSEGV)],
)
def test_instructions_that_trap_do(tmp_path: Path, program: bytes, number: signal.Signals) -> None:
    assert run(tmp_path, program).returncode == -number


def test_only_the_child_of_a_fork_runs_its_part(tmp_path: Path) -> None:
    written = code.call(write, 1, code.DATA, 1)
    waiting = code.call(wait4, -1, 0, 0, 0)
    program = code.call(fork) + code.if_zero(written + code.exit_code(0)) + waiting + written + code.exit_code(0)
    assert run(tmp_path, program, b"x").stdout == b"xx"


def test_code_that_would_run_into_the_data_is_refused() -> None:
    code.elf(code.NOP * (code.DATA - code.ENTRY))
    with pytest.raises(ValueError, match="leave no room for data"):
        code.elf(code.NOP * (code.DATA - code.ENTRY + 1))


def test_a_function_runs_in_this_process_and_returns_rax() -> None:
    assert code.function(code.call(getpid) + code.RET)() == os.getpid()


def test_a_function_stores_and_loads_words() -> None:
    memory = Buffer(bytes(16))
    assert code.function(code.set_word(memory.address, -5) + code.load(memory.address) + code.RET)() == -5
    assert memory.int_at(0, 8, signed=True) == -5
    code.function(code.call(getuid) + code.store_result(memory.address + 8) + code.RET)()
    assert memory.int_at(8, 8) == os.getuid()


def test_six_arguments_arrive_in_order(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 4096 + b"second page")
    fd = os.open(path, os.O_RDONLY)
    address = code.function(code.call(mmap, 0, 4096, 1, 2, fd, 4096) + code.RET)()
    assert memory_at(address, 11) == b"second page"
    os.close(fd)


def test_what_a_handler_is_given_of_the_interrupted_program_is_saved() -> None:
    source, saved = Buffer(bytes(range(64))), Buffer(bytes(64))
    as_third_argument = b"\x48\xba" + source.address.to_bytes(8, "little")  # movabs rdx, address
    code.function(as_third_argument + code.save_context(saved.address, 40) + code.RET)()
    assert bytes(saved) == bytes(range(40)) + bytes(24)
