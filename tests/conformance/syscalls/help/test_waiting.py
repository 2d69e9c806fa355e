from __future__ import annotations

import os

from conformance.syscalls.help.waiting import ready
from conformance.syscalls.machinery.call import recording
from conformance.syscalls.polling.poll import POLLHUP, POLLIN, POLLOUT
from tests.conformance.syscalls.machinery.test_call import Listener


def test_what_an_fd_is_ready_for_is_told_and_not_traced() -> None:
    listener = Listener()
    reading, writing = os.pipe()
    try:
        with recording(listener):
            assert ready(reading, timeout=0) == 0
            assert ready(writing, POLLOUT) == POLLOUT
            os.write(writing, b"x")
            assert ready(reading) == POLLIN
    finally:
        os.close(writing)
    assert ready(reading) == POLLIN | POLLHUP
    os.close(reading)
    assert not listener.calls
