"""Writing a record, a line at a time, as things happen."""

from __future__ import annotations

import os
from typing import IO

from conformance.protocol.lines import Line, as_line


class RecordWriter:
    """Appends lines to a file, or to an fd that is named `fd:N`. Every line is written at once and whole."""

    def __init__(self, target: str) -> None:
        descriptor = int(target[3:]) if target.startswith("fd:") else None
        if descriptor is None:
            descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
        self._file: IO[bytes] = os.fdopen(descriptor, "wb", buffering=0)

    def write(self, line: Line | str) -> None:
        """Append a line, or the text of one, which ends as a line does."""
        data = memoryview(line.encode() if isinstance(line, str) else as_line(line))
        while data:
            data = data[self._file.write(data) or 0 :]

    def close(self) -> None:
        """No more lines."""
        self._file.close()
