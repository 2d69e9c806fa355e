from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from conformance.syscalls.processes.prctl import PR_GET_NO_NEW_PRIVS, prctl
from conformance.syscalls.security.seccomp import SECCOMP_FILTER_FLAG_NEW_LISTENER
from runners.profile import install as module
from runners.profile.filter import compile_filter
from runners.profile.install import SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, install
from tests.mounts import needs_root
from tests.runners.profile.test_format import profile, rule

WELL = 7
"""A status that no test of these has by accident."""


@pytest.fixture
def program(tmp_path: Path) -> bytes:
    """A filter that takes away getpriority(2)."""
    return compile_filter(profile(tmp_path, rule('syscalls = ["getpriority"]\nerrno = "ENOSYS"')))


def in_child(body: Callable[[], int]) -> int:
    """What `body` returns in a process of its own; 255 when it raises."""
    pid = os.fork()
    if pid == 0:
        status = 255
        try:
            status = body()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def priority() -> int:
    """The errno of the call that the filter takes away."""
    try:
        os.getpriority(os.PRIO_PROCESS, 0)
    except OSError as error:
        return error.errno or 0
    return 0


def test_the_process_and_what_it_starts_are_under_the_filter(program: bytes) -> None:
    def body() -> int:
        assert install(program, listen=False) is None
        return WELL if priority() == in_child(priority) == errno.ENOSYS else 1

    assert in_child(body) == WELL


@needs_root
def test_root_gives_nothing_up_and_others_what_set_user_id_programs_could_gain(program: bytes) -> None:
    def body(uid: int) -> int:
        os.setuid(uid)
        install(program, listen=False)
        return prctl(PR_GET_NO_NEW_PRIVS)

    assert in_child(lambda: body(0)) == 0
    assert in_child(lambda: body(65534)) == 1


def test_whoever_listens_has_an_fd_to_answer_on(program: bytes) -> None:
    def body() -> int:
        fd = install(program, listen=True)
        assert fd is not None
        return WELL if str(Path(f"/proc/self/fd/{fd}").readlink()) == "anon_inode:seccomp notify" else 1

    assert in_child(body) == WELL


def test_a_kernel_that_does_not_know_the_newer_flag_is_asked_without(
    program: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before Linux 5.19."""
    asked: list[int] = []

    class Older:
        """A seccomp(2) without SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV."""

        @staticmethod
        def result_of(_: int, flags: int, __: object) -> tuple[int, int]:
            asked.append(flags)
            return (0, errno.EINVAL) if flags & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV else (9, 0)

    monkeypatch.setattr(module, "seccomp", Older)
    assert install(program, listen=True) == 9
    assert asked == [
        SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
        SECCOMP_FILTER_FLAG_NEW_LISTENER,
    ]


def test_a_program_that_is_none_is_refused() -> None:
    def body() -> int:
        with pytest.raises(OSError, match="Invalid argument"):
            install(bytes(8), listen=False)
        return WELL

    assert in_child(body) == WELL
