from __future__ import annotations

from conformance.syscalls.files.vectors import IovecArray, iovecs
from conformance.syscalls.machinery.choices import Blob
from conformance.syscalls.machinery.kinds import Names


def test_a_vector_tells_the_length_of_each_part() -> None:
    blob = iovecs(Blob(b"abc"), Blob(b""))
    assert (len(blob.data), [offset for offset, _, _ in blob.parts]) == (32, [0, 8, 16, 24])


def test_lengths_of_a_vector_are_compared_and_addresses_are_not() -> None:
    one, other = ((base.to_bytes(8, "little") + (5).to_bytes(8, "little")).decode("latin-1") for base in (4096, 8192))
    assert IovecArray().normal(one, Names()) == IovecArray().normal(other, Names()) == [5]
