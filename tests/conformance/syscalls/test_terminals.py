from __future__ import annotations

import pytest

from conformance.programs.harmful import is_tame, neutralised, touches
from conformance.programs.notation.parse import parse_file
from conformance.programs.program import Memory, Program, Ref
from conformance.search.bind import complete, makers, plain_call
from conformance.syscalls import terminals
from conformance.syscalls.files.ioctls import TIOCGPTPEER, TIOCSETD
from conformance.syscalls.machinery.choices import Blob
from conformance.syscalls.machinery.table import grammar
from conformance.syscalls.machinery.touches import PROCESS
from conformance.syscalls.terminals import ioctl_setd
from tests.conformance.search.native import needs_executor, program, run

OF_TERMINALS = sorted(label for label, each in grammar().items() if each.__module__ == terminals.__name__)


def of(calls: str) -> Program:
    """A program as text."""
    return parse_file(f'"Terminals"\n\na-program:\n{calls}\n', "a.calls").of("a-program").program


@needs_executor
@pytest.mark.parametrize("label", sorted(set(OF_TERMINALS) - {"ioctl_notty"}))
def test_the_plainest_request_is_granted(label: str) -> None:
    before = (*grammar()[label].facts.after, ())[0]
    ((_, outcome),) = run([complete(tuple(map(plain_call, (*before, label))))])
    assert outcome.results[-1][0] >= 0
    assert len(outcome.results) > 1, "there is a terminal first"


def test_terminals_come_from_the_executor() -> None:
    assert [makers(family)[0] for family in ("fd:pty:master", "fd:pty:slave")] == ["pty_master", "pty_slave"]


def test_no_line_discipline_is_asked_for_that_would_be_loaded() -> None:
    asked = {choice.data for choice in ioctl_setd.parameters[2].choices if isinstance(choice, Blob)}
    known = {int.from_bytes(each, "little", signed=True) for each in asked}
    assert known == {0, 64, -1}
    anything = program(("pty_master", 0, 0), ("ioctl", Ref(0), TIOCSETD, Memory(b"\1\0\0\0")))
    assert not is_tame(anything)
    assert neutralised(anything).steps[1].args[1] != TIOCSETD


def test_a_session_that_gets_a_terminal_has_a_process_to_itself() -> None:
    pair = "    m = pty_master(0, 0)\n    s = pty_slave(m, O_RDWR)\n"
    assert PROCESS not in touches(of(f"{pair}    ioctl(s, TCGETS, room)"))
    for request in ("s, TIOCSCTTY, 0", "s, TIOCNOTTY, 0", 's, TIOCSTI, "a"', "m, TIOCGPTPEER, O_RDWR"):
        assert PROCESS in touches(of(f"{pair}    ioctl({request})"))
    assert PROCESS in touches(program(("pty_master", 0, 0), ("ioctl", Ref(0), TIOCGPTPEER, 0)))
