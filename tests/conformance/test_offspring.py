from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.offspring import descendants, parent, processes, signal_all, signal_group
from tests.processes import eventually, marked, new_mark
from tests.suite import environment

ENDS = """
import os, signal, sys, time
from conformance.offspring import end_descendants
from conformance.syscalls.processes.prctl import PR_SET_CHILD_SUBREAPER, PR_SET_NAME, prctl

prctl(PR_SET_CHILD_SUBREAPER, 1)
spared = os.fork()
if spared == 0:
    os.fork()
    time.sleep(1000)
if os.fork() == 0:
    prctl(PR_SET_NAME, sys.argv[1].encode())
{body}
    time.sleep(1000)
time.sleep(0.2)
end_descendants(frozenset([spared]))
print(*(os.waitpid(spared, os.WNOHANG)), flush=True)
sys.stdin.read()
end_descendants()
"""
BODIES = {
    "waits": "    pass",
    "ignores what it can": "    for each in (1, 2, 3, 15): signal.signal(each, signal.SIG_IGN)",
    "has orphans in sessions of their own": """
    if os.fork() == 0:
        os.setsid()
        if os.fork(): os._exit(0)
""",
    "is stopped": "    os.kill(os.getpid(), signal.SIGSTOP)",
    "forks faster than it is killed": """
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        if os.fork() == 0:
            time.sleep(0.02)
            os._exit(0)
""",
    "has ended": "    os._exit(0)",
}


@pytest.fixture
def mark() -> Iterator[str]:
    """What a tree of processes is known by; whatever is left of it at the end is killed."""
    made = new_mark()
    yield made
    while left := marked(made):
        signal_all(left, signal.SIGKILL)


@pytest.mark.parametrize("body", BODIES)
def test_whatever_is_below_a_process_ends_but_what_is_spared(mark: str, body: str) -> None:
    program = ENDS.format(body=BODIES[body])
    with subprocess.Popen(
        [sys.executable, "-c", program, mark],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(),
        text=True,
    ) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == "0 0\n"
        assert marked(mark) == []
        assert len(descendants(started.pid)) == 2
        started.communicate(timeout=60)
        assert started.returncode == 0
    assert descendants(started.pid) == []


def is_dead(pid: int) -> bool:
    """Whether a process has ended; who has adopted it may not have waited for it yet (proc_pid_stat(5))."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in ("Z", "X")
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_children_are_below_their_parents_in_order() -> None:
    with subprocess.Popen(["sh", "-c", "sh -c 'sleep 1000; :' & wait; :"], start_new_session=True) as shell:
        assert eventually(lambda: len(descendants(shell.pid)) == 2)
        child, grandchild = descendants(shell.pid)
        assert [parent(grandchild), parent(child), parent(shell.pid)] == [child, shell.pid, os.getpid()]
        assert {shell.pid, child, grandchild} <= set(processes())
        assert descendants(shell.pid, frozenset([child])) == []
        signal_group(shell.pid, signal.SIGKILL)
    assert eventually(lambda: is_dead(grandchild))


def test_a_process_that_has_gone_has_no_parent_and_hears_nothing() -> None:
    gone = subprocess.Popen(["true"], start_new_session=True)
    gone.wait()
    assert parent(gone.pid) == 0
    signal_all([gone.pid], signal.SIGKILL)
    signal_group(gone.pid, signal.SIGKILL)


def test_where_there_is_nothing_nothing_is_done() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from conformance import offspring as o; o.processes = None; o.end_descendants()"],
        env=environment(),
        check=False,
    )
    assert done.returncode == 0
