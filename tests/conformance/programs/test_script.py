from __future__ import annotations

from collections.abc import Iterator
from errno import EBADF, ENOENT

import pytest

from conformance.guest.programs import Executor, kernel
from conformance.programs.efforts import GATE
from conformance.programs.keeping import Kernel
from conformance.programs.program import Memory
from conformance.programs.script import LONGEST_LINE, MOST_CALLS, MOST_LINES, Script
from conformance.syscalls import Buffer
from conformance.syscalls.files.opening import O_CREAT, O_RDWR, close, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import SEEK_SET, lseek, pread64, pwrite64, read, write
from conformance.syscalls.files.status import Stat, fstat
from conformance.syscalls.files.vectors import Vector, readv, writev
from conformance.syscalls.processes.identity import getpid
from conformance.syscalls.signals import kill
from tests.conformance.search.native import needs_executor

pytestmark = needs_executor


@pytest.fixture(name="kernel", scope="module")
def kernel_here() -> Iterator[Kernel]:
    executor = Executor(1.0)
    yield kernel(executor, GATE)
    executor.close()


def test_answers_are_there_for_what_comes_behind_their_calls(kernel: Kernel) -> None:
    script, buffer, status, said = Script(), Buffer(8), Stat(), []
    fd = script.opens(openat, AT_FDCWD, b"new", O_RDWR | O_CREAT, 0o600)
    script.says(5, write, fd, b"hello", 5)
    first = script.call(read, fd, buffer, 8)
    script.then(lambda: said.append((first.said, bytes(buffer))))
    script.does(lseek, fd, 1, SEEK_SET)
    second = script.call(read, fd, buffer, 8)
    script.does(fstat, fd, status)
    script.then(lambda: said.append((second.said, buffer.take(4))))
    kernel.does(script)
    assert said == [((0, 0), b"\xaa" * 8), ((4, 0), b"ello")]
    assert (fd, status.st_size) == (0, 5)


def test_an_answer_is_not_there_before_the_script_was_run() -> None:
    answer = Script().call(getpid)
    with pytest.raises(AssertionError, match="not made yet"):
        _ = answer.result


def test_what_a_call_returns_is_passed_on_and_errnos_are_told_apart(kernel: Kernel) -> None:
    script = Script()
    opened = script.does(openat, AT_FDCWD, b"new", O_RDWR | O_CREAT, 0o600)
    script.says(1, write, opened.resource, b"x", 1)
    script.says(-ENOENT, openat, AT_FDCWD, b"absent", O_RDWR, 0)
    kernel.does(script)
    wrong = Script()
    wrong.says(-ENOENT, close, 40)
    with pytest.raises(AssertionError, match="close: EBADF, not ENOENT"):
        kernel.does(wrong)
    other = Script()
    other.says(1, close, 40)
    with pytest.raises(AssertionError, match="close: EBADF, not success"):
        kernel.does(other)


def test_a_new_fd_must_be_the_lowest_that_is_free(kernel: Kernel) -> None:
    script = Script()
    fds = [script.opens(openat, AT_FDCWD, b"new", O_RDWR | O_CREAT, 0o600) for _ in range(3)]
    script.closes(fds[1])
    again = script.opens(openat, AT_FDCWD, b"new", O_RDWR, 0)
    kernel.does(script)
    assert [*fds, again] == [0, 1, 2, 1]
    wrong = Script()
    wrong.takes_fd()
    wrong.opens(openat, AT_FDCWD, b"new", O_RDWR | O_CREAT, 0o600)
    with pytest.raises(AssertionError, match="openat: 0, not 1"):
        kernel.does(wrong)


def test_vectors_and_memory_that_is_pointed_to_are_filled(kernel: Kernel) -> None:
    script, parts = Script(), (Buffer(2), Buffer(3))
    fd = script.opens(openat, AT_FDCWD, b"new", O_RDWR | O_CREAT, 0o600)
    script.says(5, writev, fd, Vector(Buffer(b"he"), Buffer(b"llo")), 2)
    script.does(lseek, fd, 0, SEEK_SET)
    script.says(5, readv, fd, Vector(*parts), 2)
    kernel.does(script)
    assert [bytes(each) for each in parts] == [b"he", b"llo"]


def test_memory_of_many_calls_has_room_and_what_is_kept_stays(kernel: Kernel) -> None:
    script, buffer = Script(), Buffer(20_000)
    kept = script.keep(b"kept" * 1000)
    fd = script.opens(openat, AT_FDCWD, b"new", O_RDWR | O_CREAT, 0o600)
    for _ in range(10):
        script.says(20_000, pwrite64, fd, b"y" * 20_000, 20_000, 0)
    script.says(4000, pwrite64, fd, kept, 4000, 0)
    script.says(20_000, pread64, fd, buffer, 20_000, 0)
    kernel.does(script)
    assert bytes(buffer) == b"kept" * 1000 + b"y" * 16_000
    with pytest.raises(AssertionError, match="there is no room for its memory"):
        script.call(write, fd, b"x" * 65_000, 65_000)


def test_a_script_may_be_long_and_says_when_it_is_full(kernel: Kernel) -> None:
    script = Script()
    while not script.full:
        script.says(-EBADF, close, 50)
    assert MOST_CALLS > len(script.steps) > MOST_CALLS // 2
    kernel.does(script)


def test_a_failure_tells_the_last_calls_in_short_lines(kernel: Kernel) -> None:
    script = Script()
    fd = script.opens(openat, AT_FDCWD, b"new", O_RDWR | O_CREAT, 0o600)
    for _ in range(2 * MOST_LINES):
        script.does(write, fd, b"z" * 5000, 5000)
    script.says(0, close, 40)
    script.does(getpid)
    with pytest.raises(AssertionError) as raised:
        kernel.does(script)
    (note,) = raised.value.__notes__
    lines = note.splitlines()
    assert len(lines) == MOST_LINES + 2
    assert "more" not in lines[0]
    assert f"({MOST_LINES + 2} calls before these)" in lines[1]
    assert lines[-1].strip() == "close(40) = -1 EBADF"
    assert max(map(len, lines)) <= LONGEST_LINE + 10


def test_a_program_that_dies_is_a_failure(kernel: Kernel) -> None:
    script = Script()
    script.does(kill, script.does(getpid).resource, 9)
    with pytest.raises(AssertionError, match="did not return: killed by signal 9"):
        kernel.does(script)


def test_what_cannot_be_passed_is_refused() -> None:
    with pytest.raises(TypeError, match="nothing that a script can pass"):
        Script().call(close, "0")  # type: ignore[arg-type] # on purpose
    Script().call(write, 0, Memory(b"x"), 1)  # type: ignore[arg-type] # see `call`
