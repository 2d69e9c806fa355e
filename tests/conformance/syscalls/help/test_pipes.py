from __future__ import annotations

import os

import pytest

from conformance.syscalls.files.opening import O_CLOEXEC, O_NONBLOCK
from conformance.syscalls.help.pipes import new_pipe
from conformance.syscalls.machinery.call import recording
from tests.conformance.syscalls.machinery.test_call import Listener


def test_what_is_written_to_the_second_end_is_read_from_the_first() -> None:
    reader, writer = new_pipe()
    os.write(writer, b"hello")
    assert os.read(reader, 8) == b"hello"
    assert (os.get_inheritable(reader), os.get_blocking(reader)) == (True, True)
    os.close(reader)
    os.close(writer)


@pytest.mark.parametrize("end", [0, 1])
def test_both_ends_have_the_flags_and_the_call_is_traced(end: int) -> None:
    listener = Listener()
    with recording(listener):
        ends = new_pipe(O_CLOEXEC | O_NONBLOCK)
    assert (os.get_inheritable(ends[end]), os.get_blocking(ends[end])) == (False, False)
    assert [name for name, *_ in listener.calls] == ["pipe2"]
    for each in ends:
        os.close(each)
