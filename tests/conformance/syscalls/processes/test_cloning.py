from __future__ import annotations

import errno
import signal

import pytest

from conformance.programs.harmful import touches
from conformance.programs.program import Argument, Memory, Ref
from conformance.programs.wire import State
from conformance.search.bind import complete, plain_call
from conformance.syscalls.machinery.call import Pseudo
from conformance.syscalls.machinery.inside import of_member
from conformance.syscalls.machinery.kinds import Names
from conformance.syscalls.machinery.table import grammar
from conformance.syscalls.machinery.touches import CHILDREN, IPC, PLACE
from conformance.syscalls.processes import cloning
from conformance.syscalls.processes.cloning import FlagsAndSignal
from conformance.syscalls.processes.creating import CLONE_PARENT, CLONE_PTRACE, CLONE_UNTRACED, CloneArgs
from conformance.syscalls.processes.sharing import CLONE_FS, CLONE_VM
from conformance.syscalls.pseudo import CLONE, CLONE3, DEEDS
from tests.conformance.search.native import needs_executor, program, run
from tests.executors import room

CLONING = sorted(label for label, each in grammar().items() if each.__module__ == cloning.__name__)


def results(*steps: tuple[str, *tuple[Argument, ...]]) -> list[int]:
    """What the calls of a program return."""
    ((_, outcome),) = run([program(*steps)])
    assert outcome.state is State.DONE
    return [result for result, _ in outcome.results]


@needs_executor
@pytest.mark.parametrize("label", CLONING)
def test_the_plainest_child_is_made(label: str) -> None:
    ((_, outcome),) = run([complete((plain_call(label),))])
    made = outcome.results[-1][0]
    if made == -errno.EPERM:
        pytest.skip("a namespace takes root")
    assert made > 0


def test_each_deed_has_a_call_of_its_own() -> None:
    numbers = {each.kind for each in map(grammar().get, CLONING) if isinstance(each, Pseudo)}
    assert numbers >= set(range(CLONE, CLONE + len(DEEDS)))
    assert max(numbers) < CLONE3 + len(DEEDS)


@needs_executor
def test_no_flags_are_offered_that_the_executor_refuses() -> None:
    away = CLONE_PARENT | CLONE_PTRACE | CLONE_UNTRACED
    flags = {
        choice for label in CLONING for choice in grammar()[label].parameters[0].choices if isinstance(choice, int)
    }
    assert len(flags) > 30
    assert not [each for each in flags if each & away and each > 0 and not each >> 32]
    assert results(("clone_pause", CLONE_PARENT | signal.SIGCHLD, 0, 0)) == [-errno.EOPNOTSUPP]


def test_the_signal_of_the_end_is_told_by_its_name() -> None:
    kind = grammar()["clone_pause"].parameters[0].kind
    assert isinstance(kind, FlagsAndSignal)
    told = {each: kind.spell(each) for each in (CLONE_FS | signal.SIGCHLD, signal.SIGUSR1, CLONE_VM, 0, 1 << 40, 255)}
    assert list(told.values()) == ["CLONE_FS|SIGCHLD", "SIGUSR1", "CLONE_VM", "0", "0x10000000000", "255"]


@needs_executor
def test_child_changes_what_it_shares_and_nothing_else() -> None:
    for flags, mask in ((0, 0o022), (CLONE_FS, 0o777)):
        assert results(("clone_umask", flags | signal.SIGCHLD, 0, 0, 0o777), ("umask", 0))[1] == mask


def test_tids_and_pidfds_in_the_memory_of_clone3_are_compared_as_what_they_are() -> None:
    names, told = Names(), "\x07\0\0\0"
    for member, name in (("pidfd", "fd#1"), ("child_tid", "pid#1"), ("parent_tid", "pid#1")):
        content = of_member(CloneArgs, member)[0].content
        assert content is not None
        assert (content.normal(told, names), content.normal("", names)) == (name, "")


def test_what_a_child_may_change_is_kept_apart() -> None:
    assert CHILDREN in touches(program(("clone_pause", 17, 0, 0)))
    assert PLACE in touches(program(("clone_chdir", 17, 0, 0, Memory(b"d0\0"))))
    assert IPC in touches(program(("clone_hostname", 17, 0, 0, Memory(b"child"), 5)))


@needs_executor
def test_child_is_waited_for_by_its_number() -> None:
    child, waited = results(("clone_exit", signal.SIGCHLD, 0, 0, 3), ("wait4", Ref(0), room(4), 0, 0))
    assert child == waited
