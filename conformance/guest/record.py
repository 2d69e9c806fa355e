"""Writing a record, a line at a time, as things happen."""

from __future__ import annotations

import json
import os
from dataclasses import is_dataclass
from typing import IO, Any


def as_line(value: object) -> bytes:
    """A JSON value as a line that every reader takes: a lone surrogate, which is no character, becomes `?`.

    Raises ValueError for a number that is none (NaN), TypeError for what is not JSON.
    """
    return json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace") + b"\n"


def plain(value: Any) -> Any:
    """A dataclass as a dict, and those in its lists too. What else it has is not copied, as `asdict` would."""
    if is_dataclass(value):
        return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
    return [plain(each) for each in value] if isinstance(value, list) and value and is_dataclass(value[0]) else value


class RecordWriter:
    """Appends JSON lines to a file, or to an fd that is named `fd:N`. Every line is written at once and whole."""

    def __init__(self, target: str) -> None:
        descriptor = int(target[3:]) if target.startswith("fd:") else None
        if descriptor is None:
            descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
        self._file: IO[bytes] = os.fdopen(descriptor, "wb", buffering=0)

    def write(self, line: Any) -> None:
        """Append a dataclass of `model.Line`, the dict that it would become, or the text of that."""
        data = memoryview(f"{line}\n".encode() if isinstance(line, str) else as_line(plain(line)))
        while data:
            data = data[self._file.write(data) or 0 :]

    def close(self) -> None:
        """No more lines."""
        self._file.close()
