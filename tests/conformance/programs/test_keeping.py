"""Models know what Linux promises: they see a fault, and leave to the kernel what is the kernel's to choose."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from errno import EAGAIN
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis.database import InMemoryExampleDatabase

from cases.ipc.test_pipes_model import Pipes
from conformance.guest.programs import Executor
from conformance.model import CaseResult, Outcome
from conformance.mutate.mutants import Mutant, mutants_of
from conformance.offspring import parent, processes
from conformance.programs import efforts, keeping
from conformance.programs.efforts import GATE, NIGHTLY, begin, settings_of
from conformance.programs.keeping import Effort, Kernel, Run
from conformance.programs.script import Reply, Script, ScriptError
from conformance.run.lane import Lane
from conformance.run.models import CaseModel, selected_models
from conformance.run.selection import Selection
from conformance.syscalls.files.descriptors import F_SETPIPE_SZ
from conformance.syscalls.machinery.buffers import Buffer, Struct
from conformance.syscalls.namespaces import CLONE_NEWNET, setns
from conformance.syscalls.polling.poll import POLLOUT, Pollfd
from conformance.syscalls.pseudo import ExecReport
from conformance.syscalls.sockets.options import SO_SNDBUFFORCE, SOL_SOCKET, setsockopt
from runners.lying import Control, liars
from tests.conformance.search.native import needs_executor
from tests.executors import needs_lies

pytestmark = needs_executor
SIOCINQ = 0x541B
STREAMS = "sockets/test_streams_model.py"
PIPES = "ipc/test_pipes_model.py"
MAPPINGS = "memory/test_mapping_model.py"
DESCRIPTORS = "processes/test_descriptors_model.py"
DGRAM = f"{STREAMS}::test_pair_does_what_its_model_says[dgram]"


@pytest.fixture
def executor() -> Iterator[Executor]:
    started = Executor(1.0)
    yield started
    started.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found is not made smaller, which takes seconds."""
    monkeypatch.setattr(Kernel, "_make_smaller", lambda *_, **__: None)


def models(where: str) -> list[CaseModel]:
    """Those of a module, or one."""
    found, troubles = selected_models(Selection((where,)), GATE)
    assert found, troubles
    return found


Patch = Callable[[pytest.MonkeyPatch, Executor], None]
"""Has scripts call something else, or a kernel choose something else."""
FEW = 8
"""Examples that show most faults."""


def first_failed(models: Sequence[CaseModel], run: Run) -> CaseResult:
    """The first result that is no pass, or the last that is one: all examples are tried where a few show nothing."""
    few = [replace(each, _effort=Effort(settings(each._effort.settings, max_examples=FEW))) for each in models]
    for each in (*few, *models):
        found = each.result(run)
        if found.outcome is not Outcome.PASSED:
            break
    return found


# -- lies of a script's answers

Lie = Callable[[tuple[Any, ...], Reply, dict[str, Buffer | Struct]], tuple[int, int] | None]
"""What a kernel says instead, of a call's arguments and its answer; it may also change what was written."""


def tell(monkeypatch: pytest.MonkeyPatch, name: str, lie: Lie) -> None:
    """Have a kernel lie about the calls of a name."""
    heard = Script._heard

    def instead(self: Script, called: Any, found: Any) -> None:
        heard(self, called, found)
        step = self.steps[called.answer.at]
        if step.description.name == name and (said := lie(step.args, called.answer, dict(called.outs))):
            called.answer._said = said

    monkeypatch.setattr(Script, "_heard", instead)


def counts_too_much(args: tuple[Any, ...], answer: Reply, outs: dict[str, Buffer | Struct]) -> None:
    if args[1] == SIOCINQ and (count := int.from_bytes(bytes(outs["2"]), "little")):
        _write(outs["2"], struct.pack("=i", count + 1))


def is_never_writable(args: tuple[Any, ...], answer: Reply, outs: dict[str, Buffer | Struct]) -> tuple[int, int]:
    state = outs["0"]
    assert isinstance(state, Pollfd)
    state.revents &= ~POLLOUT
    return (1 if state.revents else 0), 0


def is_always_writable(args: tuple[Any, ...], answer: Reply, outs: dict[str, Buffer | Struct]) -> tuple[int, int]:
    state = outs["0"]
    assert isinstance(state, Pollfd)
    state.revents |= POLLOUT & state.events
    return (1 if state.revents else 0), 0


def has_no_room(*_: object) -> tuple[int, int]:
    return -1, EAGAIN


def has_room_without_end(args: tuple[Any, ...], answer: Reply, _: object) -> tuple[int, int] | None:
    return (args[2], 0) if answer.error == EAGAIN else None


def gives_a_smaller_pipe(args: tuple[Any, ...], answer: Reply, _: object) -> tuple[int, int] | None:
    return (answer.result // 2, 0) if args[1] == F_SETPIPE_SZ and not answer.error else None


def leaves_an_fd_open(_: tuple[Any, ...], __: Reply, outs: dict[str, Buffer | Struct]) -> None:
    report = outs["0"]
    assert isinstance(report, ExecReport)
    report.open_fds |= report.open_fds + 1  # the lowest that is not


def loses_a_byte(args: tuple[Any, ...], answer: Reply, _: object) -> tuple[int, int] | None:
    return (answer.result - 1, 0) if answer.result > 1 else None


def reads_what_was_there(args: tuple[Any, ...], _: Reply, outs: dict[str, Buffer | Struct]) -> None:
    _write(outs["0"], b"?")


def mixes_files_up(_: tuple[Any, ...], __: Reply, outs: dict[str, Buffer | Struct]) -> None:
    report = outs["0"]
    assert isinstance(report, ExecReport)
    report.positions = report.positions >> 8


FAULTS: dict[str, tuple[str, str, Lie]] = {
    "counts_too_much": (STREAMS, "ioctl", counts_too_much),
    "is_never_writable": (STREAMS, "poll", is_never_writable),
    "is_always_writable": (STREAMS, "poll", is_always_writable),
    "has_no_room": (STREAMS, "sendto", has_no_room),
    "has_room_without_end": (STREAMS, "sendto", has_room_without_end),
    "gives_a_smaller_pipe": (PIPES, "fcntl", gives_a_smaller_pipe),
    "loses_a_byte": (f"{PIPES}::test_writes_up_to_pipe_buf_do_not_mix", "read", loses_a_byte),
    "reads_what_was_there": (MAPPINGS, "load_bytes", reads_what_was_there),
    "leaves_an_fd_open": (DESCRIPTORS, "exec_report", leaves_an_fd_open),
    "mixes_files_up": (DESCRIPTORS, "exec_report", mixes_files_up),
}
"""What Linux promises not to do."""


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("name", FAULTS)
def test_a_model_sees_a_kernel_that_breaks_a_promise(
    executor: Executor, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    where, call, lie = FAULTS[name]
    tell(monkeypatch, call, lie)
    found = first_failed(models(where), executor.run)
    assert found.outcome is Outcome.FAILED, found


def _write(memory: Buffer | Struct, data: bytes) -> None:
    ctypes.memmove(memory.address, data, len(data))


def stays_with(process: int) -> Patch:
    """No other process has its turn: what it is to do is done to the memory of this one, which sees it."""

    def plant(monkeypatch: pytest.MonkeyPatch, _: Executor) -> None:
        call = Script.call

        def instead(self: Script, stub: Any, *args: Any) -> Reply:
            return call(self, stub, *((process,) if stub.name == "turn_to" and args != (process,) else args))

        monkeypatch.setattr(Script, "call", instead)

    return plant


def cuts_writes_in_two(monkeypatch: pytest.MonkeyPatch, _: Executor) -> None:
    call = Script.call

    def instead(self: Script, stub: Any, *args: Any) -> Reply:
        if stub.name == "spawn_writer":
            fd, letter, *sizes, end = struct.unpack(f"={len(args[1]) // 2}H", args[1])
            halves = [half for size in sizes for half in (size // 2, size - size // 2) if half]
            args = (args[0], struct.pack(f"={3 + len(halves)}H", fd, letter, *halves, end))
        return call(self, stub, *args)

    monkeypatch.setattr(Script, "call", instead)


PATCHES: dict[str, tuple[str, Patch]] = {
    "shares_the_memory_of_a_child": (MAPPINGS, stays_with(1)),
    "shares_the_memory_of_a_parent": (MAPPINGS, stays_with(0)),
    "cuts_writes_in_two": (f"{PIPES}::test_writes_up_to_pipe_buf_do_not_mix", cuts_writes_in_two),
}
"""Promises that more than one call is about."""


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("name", PATCHES)
def test_a_model_sees_what_several_calls_come_to(
    executor: Executor, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    where, plant = PATCHES[name]
    plant(monkeypatch, executor)
    found = first_failed(models(where) * 5, executor.run)  # when two processes write is chance
    assert found.outcome is Outcome.FAILED, found


# -- what a kernel may choose


def forced(size: int) -> Patch:
    """Sockets with buffers of another size."""

    def choose(monkeypatch: pytest.MonkeyPatch, _: Executor) -> None:
        call = Script.call

        def instead(self: Script, stub: Any, *args: Any) -> Reply:
            answer = call(self, stub, *args)
            if stub.name == "socketpair":
                for fd in range(2):
                    call(self, setsockopt, fd, SOL_SOCKET, SO_SNDBUFFORCE, struct.pack("=i", size), 4)
            return answer

        monkeypatch.setattr(Script, "call", instead)

    return choose


def below(pid: int) -> list[int]:
    """A process, and all that come of it."""
    return [pid, *(each for child in processes() if parent(child) == pid for each in below(child))]


def short_queues(_: pytest.MonkeyPatch, executor: Executor) -> None:
    """Room for three datagrams."""
    model = models(DGRAM)[0]
    model.result(executor.run)  # it has its namespaces now
    assert executor._started
    theirs = {Path(f"/proc/{pid}/ns/net").readlink(): pid for pid in below(executor._started.pid)}
    theirs.pop(Path("/proc/self/ns/net").readlink(), None)  # this machine keeps what it has
    assert theirs
    for pid in theirs.values():
        child = os.fork()
        if child == 0:
            status = 1
            try:
                setns(os.open(f"/proc/{pid}/ns/net", os.O_RDONLY), CLONE_NEWNET)
                Path("/proc/sys/net/unix/max_dgram_qlen").write_text("3", encoding="ascii")
                status = 0
            finally:
                os._exit(status)
        assert os.waitpid(child, 0)[1] == 0


def larger_pipes(monkeypatch: pytest.MonkeyPatch, _: Executor) -> None:
    call = Script.call

    def instead(self: Script, stub: Any, *args: Any) -> Reply:
        if stub.name == "fcntl" and args[1] == F_SETPIPE_SZ:
            args = (*args[:2], max(2 * args[2], 8192))
        return call(self, stub, *args)

    monkeypatch.setattr(Script, "call", instead)


CHOICES: dict[str, tuple[str, Patch]] = {
    "small_buffers": (STREAMS, forced(16384)),
    "large_buffers": (STREAMS, forced(3 << 20)),
    "short_queues": (DGRAM, short_queues),
    "larger_pipes": (PIPES, larger_pipes),
}
"""What Linux may do, and does not promise."""


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("name", CHOICES)
def test_a_model_leaves_to_the_kernel_what_linux_does_not_promise(
    executor: Executor, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    where, choose = CHOICES[name]
    choose(monkeypatch, executor)
    for each in models(where):
        found = each.result(executor.run)
        assert found.outcome is Outcome.PASSED, found.message


# -- lies of a kernel behind a shim

PLANTED = {
    f"{PIPES}::test_pipe_does_what_its_model_says": (
        *("write: nothing done", "read: off by one", "read: cut by a byte, buf", "writev: refused"),
        *("pipe2: flag dropped, O_NONBLOCK", "ioctl: output untouched, arg", "dup: off by one"),
    ),
    "files/test_tree_model.py::test_tree_is_what_was_done_to_it": (
        *("rename: nothing done", "link: nothing done", "unlink: nothing done", "ftruncate: nothing done"),
        *(
            "openat: flag dropped, O_APPEND",
            "openat: flag dropped, O_TRUNC",
            "openat: flag dropped, O_EXCL",
            "getdents64: cut by a byte, buf",
        ),
        *("lstat: member zeroed, buf.st_nlink", "pread64: off by one", "lseek: nothing done"),
    ),
    "ipc/test_queues_model.py::test_queue_of_types_does_what_its_model_says": (
        *("msgsnd: nothing done", "msgrcv: flag dropped, MSG_NOERROR", "msgctl: member zeroed, buf.qnum"),
    ),
    "ipc/test_queues_model.py::test_queue_of_priorities_does_what_its_model_says": (
        *("mq_timedsend: nothing done", "mq_timedreceive: off by one", "mq_open: flag dropped, O_NONBLOCK"),
    ),
    f"{STREAMS}::test_pair_does_what_its_model_says[stream]": (
        *("read: cut by a byte, buf", "shutdown: nothing done", "sendto: flag dropped, MSG_NOSIGNAL"),
    ),
    f"{STREAMS}::test_pair_does_what_its_model_says[seqpacket]": (
        *("recvfrom: flag dropped, MSG_PEEK", "recvmsg: flag dropped, MSG_TRUNC", "write: nothing done"),
    ),
    DGRAM: ("sendto: nothing done", "read: off by one"),
    "events/test_epoll_model.py::test_epoll_tells_what_poll_does": (
        *("epoll_ctl: nothing done", "epoll_wait: off by one", "epoll_ctl: flag dropped, EPOLLET of event.events"),
    ),
    "signals/test_masks_model.py::test_pending_signals_are_what_the_model_says": (
        *("rt_sigprocmask: nothing done", "rt_sigqueueinfo: nothing done", "rt_sigpending: cut by a byte, pending"),
        *("rt_sigtimedwait: off by one", "signalfd4: nothing done"),
    ),
    "files/test_locks_model.py::test_locks_are_whose_they_are": (
        *("fcntl_setlk: nothing done", "fcntl_setlk_ofd: another errno", "fcntl_getlk: member zeroed, arg.l_pid"),
        *("flock: flag dropped, LOCK_UN", "close: nothing done"),
    ),
    f"{MAPPINGS}::test_memory_is_what_was_mapped_and_written": (
        *("mmap_file: nothing done", "mmap: flag dropped, MAP_PRIVATE", "mprotect: flag dropped, PROT_READ"),
        *("mremap: nothing done", "madvise: nothing done", "munmap: nothing done"),
    ),
    f"{DESCRIPTORS}::test_table_has_what_its_model_says": (
        *("openat: flag dropped, O_CLOEXEC", "dup2: nothing done", "dup3: flag dropped, O_CLOEXEC"),
        *("close_range: flag dropped, CLOSE_RANGE_CLOEXEC", "fcntl_dupfd: off by one"),
    ),
    "time/test_timers_model.py::test_timers_tell_what_the_model_says": (
        *("timerfd_settime: flag dropped, TFD_TIMER_ABSTIME", "timer_settime: cut by a byte, old"),
        *("read: off by one", "timer_getoverrun: off by one", "timer_delete: nothing done"),
    ),
    "time/test_timers_model.py::test_interval_timer_tells_what_the_model_says": (
        *("setitimer: nothing done", "getitimer: output untouched, current", "alarm: off by one"),
    ),
}
"""Faults of calls as `conformance mutate` names them, by the property that is to see them."""


@pytest.fixture(scope="module")
def liar() -> Iterator[tuple[Lane, Control]]:
    needs_lies()
    with liars(1) as [(runner, control)], Lane("liar", runner) as lane:
        lane.ready()
        yield lane, control


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(("case", "fault"), [(case, fault) for case, faults in PLANTED.items() for fault in faults])
def test_a_model_sees_a_fault_of_a_call(liar: tuple[Lane, Control], case: str, fault: str) -> None:
    (model,), (lane, control) = models(case), liar
    (mutant,) = [
        each for each in mutants_of(fault.partition(":")[0]) if isinstance(each, Mutant) and str(each) == fault
    ]
    control.tell(mutant.rules)
    try:
        found, lies = first_failed([model], lane.run), control.lies
    finally:
        control.tell("")
    assert lies
    assert found.outcome is Outcome.FAILED, found


@pytest.mark.parametrize("case", PLANTED)
def test_a_model_is_kept_by_this_kernel(executor: Executor, case: str) -> None:
    (model,) = models(case)
    found = model.result(executor.run)
    assert found.outcome is Outcome.PASSED, found.message


def test_what_a_model_sees_is_made_small(executor: Executor, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(monkeypatch, "fcntl", gives_a_smaller_pipe)
    (model,) = models(f"{PIPES}::test_pipe_does_what_its_model_says")
    said = model.result(executor.run).message
    assert "state.teardown()" in said
    assert said.count("state.") <= 6, said


def test_standard_output_has_nothing_of_how_an_example_was_made_smaller(
    executor: Executor, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(monkeypatch, "fcntl", gives_a_smaller_pipe)
    monkeypatch.setitem(efforts.SHRINKING_SECONDS, GATE, 0.0)  # or Hypothesis says nothing
    (model,) = models(f"{PIPES}::test_pipe_does_what_its_model_says")
    assert model.result(executor.run).outcome is Outcome.FAILED
    assert capsys.readouterr() == ("", "")


def test_more_examples_are_others_and_the_same_seed_writes_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "MOST_EXAMPLES", 5)
    monkeypatch.setattr(Kernel, "_failure", lambda *_: None)

    def written(seed: int) -> list[bytes]:
        programs: list[bytes] = []

        def run(batch: Sequence[bytes], _: float) -> list[bytes]:
            programs.extend(batch)
            return [b""] * len(batch)

        of_effort = settings_of(NIGHTLY)
        how = settings(of_effort, max_examples=15, database=None, phases=[Phase.generate])
        Kernel(run, Effort(how, partial(begin, NIGHTLY), seed)).keeps(Pipes, True)
        return programs

    one = written(5)
    assert len(one) == 15
    assert len(set(one)) > 10
    assert written(5) == one
    assert written(77) != one


def test_what_failed_once_is_tried_first(executor: Executor, monkeypatch: pytest.MonkeyPatch) -> None:
    how = settings(settings_of(NIGHTLY), max_examples=20, database=InMemoryExampleDatabase())
    ran: list[int] = []

    def run(batch: Sequence[bytes], patience: float) -> list[bytes]:
        ran.append(len(batch))
        return executor.run(batch, patience)

    kernel = Kernel(run, Effort(how, partial(begin, NIGHTLY), 5))
    kernel.keeps(Pipes, True)
    assert ran == [20]
    tell(monkeypatch, "fcntl", gives_a_smaller_pipe)
    with pytest.raises(AssertionError):
        kernel.keeps(Pipes, True)
    ran.clear()
    with pytest.raises(AssertionError):
        Kernel(run, Effort(how, partial(begin, NIGHTLY), 6)).keeps(Pipes, True)
    assert ran
    assert set(ran) == {1}, "no batch of new examples"


def test_a_model_of_which_no_example_was_written_has_not_been_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Kernel, "_try", lambda *_, **__: None)
    kernel = Kernel(lambda batch, _: [b""] * len(batch), Effort(settings_of(GATE)))
    with pytest.raises(ScriptError, match="no example was written"):
        kernel.keeps(Pipes, True)
