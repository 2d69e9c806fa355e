"""C programs of recorded traces: they compile, make the calls, and refuse to be what they cannot."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.model import CaseResult, Json, Outcome, Step
from conformance.search.straight import MOST_CALLS, Untellable, program_of, trace_c
from conformance.syscalls.files.caching import CachestatRange
from tests.builders import passed, result, step

needs_cc = pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")

AT_FDCWD, CREATE = -100, 0o102
SOCKADDR = b"\x02\x00\x00\x00\x7f\x00\x00\x01".decode("latin-1") + "\0" * 8
BOUND = SOCKADDR[:2] + "\x9c\x41" + SOCKADDR[4:]

FILE = [
    step("openat", AT_FDCWD, "file", CREATE, 0o600, result=7),
    step("write", 7, "hello", 5, result=5),
    step("lseek", 7, 0, 0, result=0),
    step("read", 7, None, 64, result=5, outs={"1": "hello"}),
    step("fstat", 7, None, result=0, outs={"1": {"st_size": 5}}),
    step("close", 7, result=0),
    step("close", 7, result=-1, errno=9),
    step("openat", AT_FDCWD, "absent", 0, 0, result=-1, errno=2),
    step("read", -1, None, 8, result=-1, errno=9),
]
PIPE = [
    step("pipe2", None, 0, result=0, outs={"0": "\x0b\0\0\0\x0c\0\0\0"}),
    step("write", 12, "x", 1, result=1),
    step("read", 11, None, 1, result=1, outs={"1": "x"}),
    step("fcntl", 12, 1, 0, result=0),
]
EPOLL = [
    step("epoll_create1", 0, result=5),
    step("eventfd2", 3, 0, result=6),
    step("epoll_ctl", 5, 1, 6, {"events": 1, "data": 42}, result=0),
    step("epoll_wait", 5, None, 4, 0, result=1, outs={"1": "\1\0\0\0\x2a" + "\0" * 43}),
]
MAPPING = [
    step("mmap", 0, 4096, 3, 0x22, -1, 0, result=0x7F0000001000),
    step("munmap", 0x7F0000001000, 4096, result=0),
]
PORT = [
    step("socket", 2, 1, 0, result=3),
    step("bind", 3, SOCKADDR, 16, result=0),
    step("getsockname", 3, None, "\x10\0\0\0", result=0, outs={"1": BOUND}),
    step("listen", 3, 1, result=0),
    step("socket", 2, 1, 0, result=4),
    step("connect", 4, BOUND, 16, result=0),
    step("getpid", result=4711),
    step("kill", 4711, 0, result=0),
]


def compiled(text: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """What the program says."""
    (tmp_path / "trace.c").write_text(text)
    made = subprocess.run(
        ["cc", "-o", tmp_path / "trace", tmp_path / "trace.c"], capture_output=True, text=True, timeout=60, check=False
    )
    assert (made.returncode, made.stderr) == (0, ""), made.stderr
    return subprocess.run([tmp_path / "trace"], capture_output=True, text=True, timeout=30, check=False)


@needs_cc
@pytest.mark.parametrize("steps", [FILE, PIPE, EPOLL, MAPPING, PORT], ids=["file", "pipe", "epoll", "mapping", "port"])
def test_a_program_makes_the_calls_and_prints_each_with_its_result(steps: list[Step], tmp_path: Path) -> None:
    done = compiled(trace_c(passed(*steps), "a/test_b.py::test_c on native (6.18)"), tmp_path)
    assert done.returncode == 0, done.stdout
    lines = done.stdout.splitlines()
    assert [line.partition(" = ")[0] for line in lines] == [each.call for each in steps]
    assert [line.endswith(" = -1 EBADF") for line in lines] == [each.errno == 9 for each in steps]


@needs_cc
def test_a_call_that_ends_otherwise_is_told_and_is_the_exit_status(tmp_path: Path) -> None:
    other = [*FILE[:2], replace(FILE[2], result=-1, errno=29), *FILE[3:]]
    done = compiled(trace_c(passed(*other), "it"), tmp_path)
    assert done.returncode == 1
    assert "lseek = 0\n  here it differs: the trace says ESPIPE\n" in done.stdout


@needs_cc
@pytest.mark.parametrize("name", ["*/ int main(void) { return 7; } /*", "a\nb", '"', "\\"])
def test_a_name_cannot_end_the_comment_at_the_top(name: str, tmp_path: Path) -> None:
    assert compiled(trace_c(passed(*PIPE), name), tmp_path).returncode == 0


def test_what_calls_have_made_is_taken_from_them() -> None:
    program = program_of(passed(*PIPE))
    assert [(ref.step, ref.argument, ref.offset, ref.width) for ref in program.refs()] == [
        (0, 0, 4, 4),
        (0, 0, 0, 4),
        (0, 0, 4, 4),
    ]
    assert [ref.step for ref in program_of(passed(*FILE)).refs()] == [0] * 6
    assert [ref.step for ref in program_of(passed(*MAPPING)).refs()] == [0]
    assert [ref.step for ref in program_of(passed(*PORT)).refs()] == [0, 0, 0, 4, 2, 6]


def test_a_struct_as_older_records_have_it_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CachestatRange, "former", {"start": "off"})
    of_old, today = (
        step("cachestat", -1, {name: 5, "len": 2}, None, 0, result=-1, errno=9) for name in ("start", "off")
    )
    assert program_of(passed(of_old)) == program_of(passed(today))


POINTER = "\x10\x20\x30\x40\x55\x55\0\0"
REFUSED: list[tuple[CaseResult, str]] = [
    (passed(), "has no call"),
    (replace(passed(*PIPE), truncated=True), "was cut"),
    (passed(*PIPE, Step("getpid", [], 5, process=1)), "of several processes"),
    (passed(step("clone", 17, 0, None, None, 0, result=77)), "clone is not repeated"),
    (passed(step("no_such_call", result=0)), "no_such_call is not described"),
    (passed(step("read", 9, None, 1, result=1, outs={"1": "x"})), r"the fd of read is a fd \(9\) that no call"),
    (passed(step("kill", 4711, 0, result=0)), r"the pid of kill is a pid \(4711\)"),
    (passed(step("munmap", 0x7F0000001000, 4096, result=0)), "is an address"),
    (passed(*PIPE, step("writev", 12, POINTER + "\5\0\0\0\0\0\0\0", 1, result=5)), "the address of further memory"),
    (passed(*PIPE, step("write", 12, "x…(5000 bytes)", 5000, result=5000)), "5000 bytes, more than are recorded"),
    (passed(*[step("getpid", result=5)] * (MOST_CALLS + 1)), "are a loop"),
    (passed(*PIPE, *[step("read", 11, None, 8000, result=-1, errno=11)] * 5), "bytes of memory"),
]


@pytest.mark.parametrize(("found", "why"), REFUSED, ids=[each[1][:30] for each in REFUSED])
def test_what_the_trace_does_not_tell_is_refused(found: CaseResult, why: str) -> None:
    with pytest.raises(Untellable, match=why):
        trace_c(found, "it")


@pytest.mark.parametrize("odd", [[1, [2]], {"no": "struct"}, [], "\u2026"])
def test_arguments_that_no_guest_should_send_are_refused_and_are_no_fault(odd: Json) -> None:
    with pytest.raises(Untellable, match="write"):
        trace_c(result(Outcome.PASSED, step("write", 1, odd, 1, result=1)), "it")
