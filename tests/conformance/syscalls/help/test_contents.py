from __future__ import annotations

import pytest

from conformance.syscalls.help.contents import in_runs


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "0 bytes: "),
        (b"xxx\0\0", r"5 bytes: b'x'*3 b'\x00'*2"),
        (b"aba", "3 bytes: b'a'*1 b'b'*1 b'a'*1"),
        (b"\xff" * 4096, r"4096 bytes: b'\xff'*4096"),
    ],
)
def test_contents_are_told_run_by_run(data: bytes, told: str) -> None:
    assert in_runs(data) == told
