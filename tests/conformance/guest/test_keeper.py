"""A keeper that lasts: what one case does to it, or in it, no other case notices."""

from __future__ import annotations

import os
import resource
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest

from conformance.guest import isolation as module
from conformance.guest import keeper as keeping
from conformance.guest.isolation import Isolation, Lasting
from conformance.guest.keeper import Ending
from conformance.guest.tape import Tape
from conformance.model import Json
from conformance.syscalls.machinery.call import untraced
from conformance.syscalls.mounts.mount import MS_REMOUNT, mount, umount2
from conformance.syscalls.processes.identity import getpid
from conformance.syscalls.scheduling import PRIO_PROCESS, PRIO_USER, setpriority
from conformance.syscalls.signals import kill
from tests.conformance.guest.test_isolation import (
    DEADLINE,
    block_everything,
    daemonize,
    deny_write,
    die_of,
    fork_and_forget,
    ignore_and_wait,
    in_process,
    make_a_mess,
    raise_error,
    starve,
    surroundings,
)
from tests.processes import eventually, marked, new_mark

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="namespaces take root")
MARK = new_mark()
LOOK = "look"


def look() -> dict[str, Json]:
    """What a case finds, in a keeper that sees to others, too."""
    return {
        **surroundings(),
        "pids": [*sorted(int(path.name) for path in Path("/proc").glob("[0-9]*"))],
        "stack": [*resource.getrlimit(resource.RLIMIT_STACK)],
        "group": os.getpgid(0) == os.getpid(),
        "proc": [line for line in Path("/proc/self/mounts").read_text().splitlines() if " /proc " in line],
        "name": Path("/proc/sys/kernel/hostname").read_text(),
    }


def kill_everybody() -> None:
    if os.fork() == 0:
        ignore_and_wait()
    os.kill(-1, signal.SIGKILL)
    os.wait()


def remount_proc() -> None:
    mount(b"none", b"/proc", None, MS_REMOUNT, b"hidepid=2")


def unmount_proc() -> None:
    while True:
        try:
            umount2(b"/proc", 2)
        except OSError:
            return


def name_the_machine() -> None:
    Path("/proc/sys/kernel/hostname").write_text("another")


def name_init_unseen() -> None:
    with untraced():
        if (pid := os.fork()) == 0:
            kill(1, 0)
            os._exit(0)
        os.waitpid(pid, 0)


CASES: dict[str, Callable[[], object]] = {
    "nothing": lambda: None,
    "kills its group": partial(os.killpg, 0, signal.SIGKILL),
    "dies of a fault": partial(die_of, signal.SIGSEGV),
    "waits for no child": fork_and_forget,
    "installs a seccomp filter": deny_write,
    "blocks and ignores all signals": block_everything,
    "leaves files that nobody may read": make_a_mess,
    "leaves a file": Path("left").touch,
    "lowers its limits and priority": starve,
    "raises": raise_error,
    "exits": partial(os._exit, 3),
    "closes all fds": partial(os.closerange, 0, 4096),
    "leaves processes": partial(daemonize, MARK),
    "hangs": ignore_and_wait,
    "kills everybody": kill_everybody,
    "changes the options of proc": remount_proc,
    "unmounts proc": unmount_proc,
    "names the machine": name_the_machine,
    "names init": partial(kill, 1, 0),
    "names init where nobody sees it": name_init_unseen,
    "names all of its user's": partial(setpriority, PRIO_USER, 0, 3),
    "names itself": partial(setpriority, PRIO_PROCESS, 0, 3),
    "asks for its own PID": getpid,
}
GOES_ON = {
    *("nothing", "dies of a fault", "kills its group", "installs a seccomp filter"),
    *("blocks and ignores all signals", "leaves files that nobody may read", "lowers its limits and priority"),
    *("raises", "exits", "closes all fds", "kills everybody", "changes the options of proc", "unmounts proc"),
    *("leaves a file", "names the machine", "names itself", "asks for its own PID"),
}
"""After which the keeper is as it was."""
LEFT_TO_CHANCE = {"waits for no child"}
"""Where it hangs on who is faster."""
ENDINGS = {
    "kills its group": Ending(signal=9),
    "dies of a fault": Ending(signal=11),
    "installs a seccomp filter": Ending(status=5),
    "raises": Ending(status=1),
    "exits": Ending(status=3),
    "hangs": Ending(timed_out=True),
}
"""Where it is none of a case that is well."""


@pytest.fixture
def tape() -> Iterator[Tape]:
    made = Tape()
    yield made
    made.close()


@pytest.fixture
def lasting(tape: Tape, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lasting]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def perform(asked: Sequence[str]) -> None:
        if asked[0] == LOOK:
            tape.writer().write({"seen": look()})
        else:
            CASES[asked[0]]()

    lasts = Lasting(Isolation(), perform)
    assert lasts.keeps(frozenset())
    yield lasts
    lasts.end()
    assert list(tmp_path.glob("conformance-*")) == []


def keeper(lasting: Lasting) -> int:
    """Its PID; 0: there is none."""
    return lasting._keeper.pid if lasting._keeper else 0


def seen(lasting: Lasting, tape: Tape) -> Json:
    """What a case finds."""
    tape.clear()
    assert lasting.run([LOOK], deadline=DEADLINE) == Ending()
    (line,) = tape.lines()
    return line["seen"]


@pytest.mark.parametrize("case", CASES)
def test_the_next_case_does_not_notice_that_one(lasting: Lasting, tape: Tape, case: str) -> None:
    before = seen(lasting, tape)
    first = keeper(lasting)
    assert first
    assert lasting.run([case], deadline=0.5 if case == "hangs" else DEADLINE) == ENDINGS.get(case, Ending())
    assert marked(MARK) == []
    assert keeper(lasting) == (first if case in GOES_ON else 0) or case in LEFT_TO_CHANCE
    assert seen(lasting, tape) == before


def test_a_case_has_the_same_pids_whichever_it_is(lasting: Lasting, tape: Tape) -> None:
    found = seen(lasting, tape)
    assert isinstance(found, dict)
    assert found["pids"] == [1, 2]
    for _ in range(3):
        lasting.run(["waits for no child"], deadline=DEADLINE)
    assert seen(lasting, tape) == found


@pytest.mark.parametrize("call", ["mount", "umount2"])
def test_where_a_case_has_no_file_system_of_its_own_the_next_finds_no_file(
    lasting: Lasting, tape: Tape, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    usual = getattr(keeping, call)

    def refuses(*args: object) -> int:
        if call == "umount2" or args[2] == b"tmpfs":
            raise OSError(1, "no")
        return int(usual(*args))

    monkeypatch.setattr(keeping, call, refuses)
    assert lasting.run(["leaves a file"], deadline=DEADLINE) == Ending()
    assert not keeper(lasting)
    found = seen(lasting, tape)
    assert isinstance(found, dict)
    assert found["files"] == []


def test_a_case_may_share_a_namespace_and_the_next_may_not(lasting: Lasting, tape: Tape) -> None:
    before = seen(lasting, tape)
    shared = lasting.run(["nothing"], deadline=DEADLINE, shares=frozenset({"net"}))
    assert (shared, seen(lasting, tape)) == (Ending(), before)
    assert not lasting.keeps(frozenset({"pid"}))
    assert not lasting.keeps(frozenset({"mnt"}))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_keeper_that_is_no_more_is_replaced(
    lasting: Lasting, tape: Tape, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    monkeypatch.setattr(module, "GRACE", 0.2)
    before = seen(lasting, tape)
    os.kill(keeper(lasting), number)
    ending = Ending(signal=9) if number == signal.SIGKILL else Ending(timed_out=True)
    assert lasting.run(["nothing"], deadline=0.3) == ending
    assert seen(lasting, tape) == before


def test_an_interrupt_ends_the_case_and_its_keeper(lasting: Lasting) -> None:
    def watch() -> None:
        with pytest.raises(KeyboardInterrupt):
            lasting.run(["hangs"], deadline=DEADLINE)
        assert not keeper(lasting)
        with pytest.raises(ChildProcessError):
            os.waitpid(-1, 0)

    watcher = in_process(watch)
    time.sleep(0.5)
    os.kill(watcher, signal.SIGINT)
    assert os.waitstatus_to_exitcode(os.waitpid(watcher, 0)[1]) == 0


def test_no_keeper_outlives_who_began_it(lasting: Lasting, tmp_path: Path) -> None:
    watcher = in_process(lambda: void(lasting))
    said = tmp_path / "keeper"
    assert eventually(said.exists)
    pid = int(said.read_text())
    os.kill(watcher, signal.SIGKILL)
    os.waitpid(watcher, 0)
    assert eventually(lambda: not Path(f"/proc/{pid}").exists())
    for left in tmp_path.glob("conformance-*"):
        left.rmdir()


def void(lasting: Lasting) -> None:
    """Begin a keeper, say which, and wait."""
    lasting.run(["nothing"], deadline=DEADLINE)
    place = Path(tempfile.gettempdir())
    (place / "part").write_text(str(keeper(lasting)))
    (place / "part").rename(place / "keeper")
    time.sleep(DEADLINE)
