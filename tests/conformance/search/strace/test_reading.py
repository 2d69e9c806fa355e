"""Logs from files, which anybody may have written."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conformance.programs.harmful import is_tame
from conformance.programs.program import from_json, to_json
from conformance.run.errors import UsageError
from conformance.search.strace import reading
from conformance.search.strace.left import told
from conformance.search.strace.reading import programs_of_log
from tests.conformance.search.strace.logs import CAT, LOGS

PIECES = (
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    '"',
    "...",
    ", ",
    "=",
    "=> ",
    "|",
    "*",
    "~[",
    "\\x",
    "-1",
    "3",
    "0x7f5682424000",
    "099",
    "_",
    " or ",
    "\n",
)
EDIT = st.tuples(st.integers(0, 2000), st.integers(0, 40), st.sampled_from(PIECES) | st.text(max_size=3))


def written(folder: Path, log: str) -> Path:
    """A log in a file."""
    path = folder / "x.log"
    path.write_bytes(log.encode("utf-8", "surrogatepass"))
    return path


def test_a_log_comes_to_programs_by_file_and_lines(tmp_path: Path) -> None:
    path = written(tmp_path, CAT)
    read = programs_of_log(path)
    assert list(read.programs) == [f"{path}:2-17"]
    assert (read.said, read.calls, len(read.left)) == (12, 17, 5)


def test_logs_that_cannot_be_read_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        programs_of_log(tmp_path)
    with pytest.raises(UsageError, match=r"no call that a program can make; record it with `strace -f -xx -o x\.log`"):
        programs_of_log(written(tmp_path, "\x7fELF\n\n"))
    monkeypatch.setattr(reading, "MOST_CALLS", 5)
    with pytest.raises(UsageError, match="has 17 calls, and 5 are read"):
        programs_of_log(written(tmp_path, CAT))
    monkeypatch.setattr(reading, "MOST_BYTES", 1 << 20)
    with pytest.raises(UsageError, match="has more than 1 MiB"):
        programs_of_log(written(tmp_path, "x" * ((1 << 20) + 1)))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(log=st.sampled_from(LOGS), edits=st.lists(EDIT, min_size=1, max_size=8))
def test_no_log_does_harm(log: str, edits: list[tuple[int, int, str]], tmp_path: Path) -> None:
    for at, length, put in edits:
        log = log[:at] + put + log[at + length :]
    try:
        read = programs_of_log(written(tmp_path, log))
    except UsageError:
        return
    assert all("\n" not in line for line in told(read.left))
    for program in read.programs.values():
        assert from_json(to_json(program)) == program
        assert is_tame(program)
