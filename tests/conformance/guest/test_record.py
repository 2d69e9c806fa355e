from __future__ import annotations

import os
from pathlib import Path

import pytest

from conformance.guest.record import RecordWriter
from conformance.model import CaseInfo, Outcome
from conformance.protocol.lines import End, Line, Plan, ResultLine, Start
from conformance.run.records import parse_line
from tests.builders import passed, result, step


def test_lines_are_written_so_that_the_host_reads_them(tmp_path: Path) -> None:
    lines: list[Line] = [
        Plan([CaseInfo("a/test_b.py::test_c", "0123", "title", "feature")]),
        Start("a/test_b.py::test_c"),
        ResultLine(passed(step("read", 3, None, 9, result=4, outs={"1": "a\xff\0\n"}))),
        ResultLine(result(Outcome.HANG, message="líne 1\nline 2\r", observations={"a": [None, 1.5, {"b": True}]})),
        End(),
    ]
    writer = RecordWriter(str(tmp_path / "record"))
    for each in lines:
        writer.write(each)
    writer.close()
    assert [parse_line(each) for each in (tmp_path / "record").read_bytes().splitlines()] == lines


def test_every_line_is_written_at_once(tmp_path: Path) -> None:
    writer = RecordWriter(str(tmp_path / "record"))
    for count in range(1, 4):
        writer.write(End())
        assert (tmp_path / "record").read_bytes() == b'{"kind": "end"}\n' * count


def test_a_record_goes_to_an_inherited_fd() -> None:
    reader, writer = os.pipe()
    record = RecordWriter(f"fd:{writer}")
    record.write(End())
    record.close()
    assert os.read(reader, 100) == b'{"kind": "end"}\n'
    os.close(reader)


def test_an_earlier_record_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "record").write_text("old" * 1000)
    RecordWriter(str(tmp_path / "record")).write(End())
    assert (tmp_path / "record").read_text() == '{"kind": "end"}\n'


def test_a_full_disk_is_an_error() -> None:
    with pytest.raises(OSError, match="No space left"):
        RecordWriter("/dev/full").write(End())
