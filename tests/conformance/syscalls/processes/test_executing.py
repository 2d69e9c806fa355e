from __future__ import annotations

import struct

from conformance.syscalls.machinery.buffers import memory_at
from conformance.syscalls.processes.executing import Strings


def test_strings_are_an_array_of_pointers_that_ends_with_null() -> None:
    array = Strings(b"one", b"two").array
    one, two, end = struct.unpack("=3Q", bytes(array))
    assert (memory_at(one, 4), memory_at(two, 4), end) == (b"one\0", b"two\0", 0)


def test_strings_live_as_long_as_the_array_that_points_to_them() -> None:
    assert [bytes(each) for each in Strings(b"one", b"two").array.memory] == [b"one\0", b"two\0"]
