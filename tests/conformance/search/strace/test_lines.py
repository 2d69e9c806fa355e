"""Lines of logs: whose calls they are, how they ended, and what is no call."""

from __future__ import annotations

import pytest

from conformance.search.strace.lines import LONGEST, Traced, read_log


@pytest.mark.parametrize(
    "line",
    [
        "close(3)                          = 0",
        "77 close(3) = 0",
        "[pid    77] close(3) = 0",
        "77 12:30:01.123456 close(3) = 0",
        "77 1795865612.514421 close(3) = 0",
        "77 close(3) = 0 <0.000010>",
    ],
)
def test_calls_are_read_however_lines_begin_and_end(line: str) -> None:
    assert read_log(line).calls == [Traced(1, "close", "3", 0)]


@pytest.mark.parametrize(
    ("said", "result", "errno"),
    [
        ("-1 ENOENT (No such file or directory)", -1, "ENOENT"),
        ("0x7f5682424000", 0x7F5682424000, ""),
        ("0x28800 (flags O_RDONLY|O_NONBLOCK)", 0x28800, ""),
        ("3<\\x2f>", 3, ""),
        ("-1", -1, ""),
        ("022", 0o22, ""),
        ("0", 0, ""),
    ],
)
def test_results_are_numbers_or_errnos(said: str, result: int, errno: str) -> None:
    (call,) = read_log(f"1 dup(3) = {said}").calls
    assert (call.result, call.errno, call.succeeded) == (result, errno, not errno)


def test_a_call_that_is_told_in_two_pieces_is_one_where_it_ends() -> None:
    log = read_log('1 read(3,  <unfinished ...>\n2 close(4) = 0\n1 <... read resumed>"\\x61", 10) = 1\n')
    assert log.calls == [Traced(3, "read", '3,"\\x61", 10', 1)]


def test_another_process_is_not_followed() -> None:
    log = read_log("1 close(3) = 0\n2 close(4) = 0\n1 close(5) = 0")
    assert [call.line for call in log.calls] == [1, 3]
    assert [(each.line, each.why) for each in log.left] == [(2, "another process or thread makes it")]


def test_a_process_gets_its_number_when_it_has_children() -> None:
    log = read_log("close(3) = 0\nstrace: Process 2 attached\n[pid 1] close(4) = 0\n[pid 2] close(5) = 0")
    assert [call.line for call in log.calls] == [1, 3]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("--- SIGCHLD {si_signo=SIGCHLD} ---", "a signal that was taken"),
        ("what is this", "no line of `strace"),
        ("read(3, 4) = what", "no line of `strace"),
        ("<... read resumed>) = 0", "does not have its beginning"),
        ("pause() = ? ERESTARTNOHAND (To be restarted)", "did not return"),
        ("x" * (LONGEST + 1), "more than"),
    ],
)
def test_what_is_no_call_that_ended_is_left_out(line: str, words: str) -> None:
    log = read_log(line)
    assert not log.calls
    (left,) = log.left
    assert words in left.why


def test_the_end_of_a_process_is_nothing_to_tell() -> None:
    log = read_log("1 exit_group(0) = ?\n1 +++ exited with 0 +++\n\n")
    assert [call.name for call in log.calls] == ["exit_group"]
    assert not log.left
