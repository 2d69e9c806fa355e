"""What is in a file or in memory, told to whoever reads why a case failed."""

from __future__ import annotations

from itertools import groupby


def in_runs(data: bytes) -> str:
    """So many bytes, run by run: `5 bytes: b'x'*3 b'\\x00'*2`."""
    runs = [(bytes([byte]), len([*run])) for byte, run in groupby(data)]
    return f"{len(data)} bytes: " + " ".join(f"{byte!r}*{length}" for byte, length in runs)
