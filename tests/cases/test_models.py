"""Models know what Linux promises: they see a fault, and leave to the kernel what is the kernel's to choose."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cases.kernels import Kernel, run_on

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="buffers beyond the limit of users")

STREAMS = "cases/sockets/test_streams_model.py"
PIPES = "cases/ipc/test_pipes_model.py"


FAULTS = {
    "counts_too_much": Kernel(
        STREAMS,
        """
    if call.name == "ioctl" and args[1] == SIOCINQ:
        answer = made()
        if count := args[2].int_at(0): write_memory(args[2].address, (count + 1).to_bytes(4, "little"))
        return answer""",
    ),
    "is_never_writable": Kernel(
        STREAMS,
        """
    if call.name == "poll":
        answer = made()
        args[0].revents &= ~POLLOUT
        return answer""",
    ),
    "is_always_writable": Kernel(
        STREAMS,
        """
    if call.name == "poll":
        answer = made()
        args[0].revents |= POLLOUT & args[0].events
        return answer""",
    ),
    "has_no_room": Kernel(STREAMS, '    if call.name == "sendto": return -1, EAGAIN'),
    "has_room_without_end": Kernel(
        STREAMS,
        """
    if call.name == "sendto":
        result, error = made()
        return (args[2], 0) if error == EAGAIN else (result, error)""",
    ),
    "gives_a_smaller_pipe": Kernel(
        PIPES,
        """
    if call.name == "fcntl" and args[1] == F_SETPIPE_SZ:
        result, error = made()
        return (result, error) if error else (result // 2, 0)""",
    ),
}
"""What Linux promises not to do."""

CHOICES = {
    "small_buffers": Kernel(
        STREAMS,
        """
    if call.name == "socketpair":
        answer = made()
        for at in (0, 4):
            setting = (16384).to_bytes(4, "little")
            enter(setsockopt, (args[3].int_at(at), SOL_SOCKET, SO_SNDBUFFORCE, setting, 4))
        return answer""",
    ),
    "large_buffers": Kernel(
        STREAMS,
        """
    if call.name == "socketpair":
        answer = made()
        for at in (0, 4):
            setting = (3 << 20).to_bytes(4, "little")
            enter(setsockopt, (args[3].int_at(at), SOL_SOCKET, SO_SNDBUFFORCE, setting, 4))
        return answer""",
    ),
    "short_queues": Kernel(
        STREAMS,
        """
    if call.name == "socketpair":
        with open("/proc/sys/net/unix/max_dgram_qlen", "w") as setting: setting.write("3")""",
    ),
    "larger_pipes": Kernel(
        PIPES,
        """
    if call.name == "fcntl" and args[1] == F_SETPIPE_SZ:
        larger = (*args[:2], max(2 * args[2], 8192))
        return enter(call, larger)""",
    ),
}
"""What Linux may do, and does not promise."""


@pytest.mark.parametrize("name", FAULTS)
def test_a_model_sees_a_kernel_that_breaks_a_promise(tmp_path: Path, name: str) -> None:
    done = run_on(FAULTS[name], tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "AssertionError" in done.stdout or "assert " in done.stdout


@needs_root
@pytest.mark.parametrize("name", CHOICES)
def test_a_model_leaves_to_the_kernel_what_linux_does_not_promise(tmp_path: Path, name: str) -> None:
    done = run_on(CHOICES[name], tmp_path)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
