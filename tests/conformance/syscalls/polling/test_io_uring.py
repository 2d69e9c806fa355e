from __future__ import annotations

from conformance.syscalls.machinery.memory import Pointer
from conformance.syscalls.polling.io_uring import io_uring_setup


def test_the_fd_that_a_program_passes_is_no_resource_that_it_gets() -> None:
    params = io_uring_setup.parameters[1]
    assert isinstance(params.kind, Pointer)
    assert params.kind.out
    assert not list(params.kind.resources(params.struct))
