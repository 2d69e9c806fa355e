"""A kernel that lies, asked by the suite's own calls: each rule changes what it says it changes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.protocol.executor import HELLO, Frames
from runners.base import RunnerError
from runners.lying import PAGE, Control, LyingRunner, liars, where, where_in_python
from runners.payload.executor import executable
from tests.executors import needs_lies

READ, WRITE, DUP, GETPID, FCNTL, UMASK = 0, 1, 32, 39, 72, 95
ASK = """
import ctypes, errno, json, os, sys
raw = ctypes.CDLL(None, use_errno=True).syscall
def call(number, *arguments):
    ctypes.set_errno(0)
    result = raw(number, *map(ctypes.c_long, arguments))
    return -ctypes.get_errno() if result == -1 else result
def address(buffer):
    return ctypes.addressof(buffer)
def mark():
    call(0x7fff)
"""

WRITING = f"""
there, ends = ctypes.create_string_buffer(b"abc"), os.pipe()
call({WRITE}, ends[1], address(there), 3)
[os.read(ends[0], 3).decode(), there.value.decode()]
"""


@pytest.fixture
def lying() -> Iterator[tuple[LyingRunner, Control]]:
    """This machine, and the page that tells it what to lie about."""
    needs_lies()
    with liars(1) as (each,):
        yield each


def answer(lying: tuple[LyingRunner, Control], rules: str, script: str) -> object:
    """What a script finds out, by `call`, on a machine that lies so: the value of its last line."""
    runner, control = lying
    control.tell(rules)
    *lines, last = script.strip().splitlines()
    with runner.open() as guest:
        program = "\n".join([ASK, "mark()", *lines, f"print(json.dumps({last}))"])
        found = b""
        with guest.spawn([sys.executable, "-c", program]) as channel:
            while data := channel.read(30):
                found += data
            assert channel.wait(30) == 0, guest.log()
    return json.loads(found)


@pytest.mark.parametrize(
    ("rules", "script", "truth", "lie"),
    [
        (f"{GETPID} result add 1", f"call({GETPID}) - os.getpid()", 0, 1),
        (f"{GETPID} errno 0 5", f"call({GETPID}) == os.getpid() or call({GETPID})", True, -5),
        (f"{DUP} errno -1 33", f"call({DUP}, -1)", -9, -33),
        (f"{DUP} errno 9 33", f"call({DUP}, -1)", -9, -33),
        (f"{UMASK} skip 0", f"call({UMASK}, 0o22)\ncall({UMASK}, 0o77)\nos.umask(0)", 0o77, 0o22),
        (f"{UMASK} arg 0 and 0x3f", f"call({UMASK}, 0o777)\nos.umask(0)", 0o777, 0o77),
        (f"{UMASK} stale", f"[call({UMASK}, 1), call({UMASK}, 2), call({UMASK}, 3)][1:]", [1, 2], [18, 1]),
        (
            f"{WRITE} in 1 1 1 set 0x58",
            WRITING,
            ["abc", "abc"],
            ["aXc", "abc"],
        ),
    ],
)
def test_a_rule_is_a_lie_and_no_rule_is_none(
    rules: str, script: str, truth: object, lie: object, lying: tuple[LyingRunner, Control]
) -> None:
    start = "os.umask(0o22)\n"
    assert answer(lying, "", start + script) == truth
    assert lying[1].lies == 0
    assert answer(lying, rules, start + script) == lie
    assert lying[1].lies > 0


READING = f"""
ends = os.pipe()
os.write(ends[1], b"abcd")
there = ctypes.create_string_buffer(b"........", 8)
result = call({READ}, ends[0], address(there), 8)
[result, there.raw.decode()]
"""


@pytest.mark.parametrize(
    ("rules", "there"),
    [
        ("keep 1 0", "........"),
        ("keep 1 2", "..cd...."),
        ("cut 1 0", "abc....."),
        ("cut 1 2", "a.cd...."),
        ("zero 1 1 2", "a\0\0d...."),
        ("zero 1 3 5", "abc\0...."),
        ("out 1 0 1 set 0x58", "Xbcd...."),
    ],
)
def test_what_a_call_has_written_is_changed_and_nothing_else(
    rules: str, there: str, lying: tuple[LyingRunner, Control]
) -> None:
    assert answer(lying, f"{READ} {rules}", READING) == [4, there]


def test_a_condition_is_on_the_lower_half_of_an_argument_and_holds_for_any_of_its_values(
    lying: tuple[LyingRunner, Control],
) -> None:
    asked = f"[call({FCNTL}, 0, command) < 0 for command in (1, 3, 1 << 32 | 1, 1033)]"
    assert answer(lying, f"{FCNTL} if 1 1,1033 errno 0 5", asked) == [True, False, True, True]


def test_the_lie_may_be_another_one_from_call_to_call(lying: tuple[LyingRunner, Control]) -> None:
    runner, control = lying
    asked = f"{ASK}\nmark()\nfor _ in sys.stdin:\n    print(call({GETPID}) - os.getpid(), flush=True)"
    with runner.open() as guest, guest.spawn([sys.executable, "-c", asked]) as channel:
        for rules, said in ((f"{GETPID} result add 1", b"1\n"), (f"{GETPID} result add 7", b"7\n"), ("", b"0\n")):
            control.tell(rules)
            channel.write(b"\n")
            assert channel.read(30) == said


FAMILY = f"""
import threading
def forked():
    ends = os.pipe()
    if os.fork() == 0:
        os.write(ends[1], b"%d" % (call({GETPID}) - os.getpid()))
        os._exit(0)
    os.wait()
    return int(os.read(ends[0], 9))
def begun():
    found = []
    thread = threading.Thread(target=lambda: found.append(call({GETPID}) - os.getpid()))
    thread.start()
    thread.join()
    return found[0]
"""


def test_only_those_are_lied_to_that_a_case_is_or_has_started(lying: tuple[LyingRunner, Control]) -> None:
    runner, control = lying
    control.tell(f"{GETPID} result add 1")
    asked = f"{ASK}{FAMILY}\nfound = [forked(), begun()]\nif os.fork() == 0:\n    mark()\n    os._exit(forked() != 1)"
    asked += f"\nprint(*found, os.wait()[1], call({GETPID}) - os.getpid())\nmark()\nprint(forked(), begun())"
    with runner.open() as guest, guest.spawn([sys.executable, "-c", asked]) as channel:
        assert channel.wait(30) == 0, guest.log()
        assert channel.read(30) == b"0 0 0 0\n1 1\n"


def test_what_a_case_does_to_its_machine_it_does_to_one_of_its_own(lying: tuple[LyingRunner, Control]) -> None:
    here = os.uname().nodename
    asked = "[os.uname().nodename, os.getpid() < 10, os.getpgrp() == os.getsid(0) == os.getpid()]"
    assert answer(lying, "", f"import socket\nsocket.sethostname('lied')\n{asked}") == ["lied", True, True]
    assert os.uname().nodename == here


@pytest.mark.parametrize(
    "rules", ["x", "1 lie", "1 arg 6 set 0", "1 arg 0 div 2", "1 in 0 0 9 set 1", "1 if 0 ,", "1 keep 0 4097", "1 if 0"]
)
def test_rules_that_make_no_sense_end_it(rules: str, lying: tuple[LyingRunner, Control]) -> None:
    runner, control = lying
    control.tell(rules)
    with runner.open() as guest, guest.spawn([sys.executable, "-c", ""]) as channel:
        assert channel.wait(30) == 125
        assert "is not understood" in guest.log()


def test_rules_that_do_not_fit_are_not_told(tmp_path: Path) -> None:
    with Control(tmp_path / "control") as control, pytest.raises(AssertionError, match="do not fit on a page"):
        control.tell("1" * PAGE)
    assert not (tmp_path / "control").exists()


def test_an_executor_lies_about_its_programs_and_not_about_its_own_calls(lying: tuple[LyingRunner, Control]) -> None:
    runner, control = lying
    control.tell("-1 errno 0 5")
    frames = Frames()
    with runner.open() as guest, guest.spawn(list(guest.inside.executor)) as channel:
        while (frame := frames.next()) is None:
            frames.add(channel.read(30))
    assert frame[0] == HELLO
    assert control.lies == 0


def test_calls_are_made_at_one_place(lying: tuple[LyingRunner, Control]) -> None:
    binary = str(executable())
    assert where(binary) == where.__wrapped__(binary)
    assert where_in_python(sys.executable) == where_in_python.__wrapped__(sys.executable)
    assert where(binary) != where_in_python(sys.executable)


def test_what_makes_no_call_has_no_place(lying: tuple[LyingRunner, Control]) -> None:
    with pytest.raises(RunnerError, match="where /bin/true makes calls cannot be found out"):
        where("/bin/true")


@pytest.mark.parametrize(("uid", "machine", "lacking"), [(1000, "x86_64", "takes root"), (0, "aarch64", "x86_64")])
def test_what_it_takes_is_said(uid: int, machine: str, lacking: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Name:
        release = "6.1"

    Name.machine = machine  # type: ignore[attr-defined] # as uname(2) says it
    monkeypatch.setattr("os.geteuid", lambda: uid)
    monkeypatch.setattr("os.uname", Name)
    assert lacking in (LyingRunner(Path("control")).missing() or "")
