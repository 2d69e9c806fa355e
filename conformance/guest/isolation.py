"""Running a case so that nothing of it remains: a forked child, fresh namespaces, a scratch file system, a deadline.

Three processes take part. The *watcher* is pytest. It forks a *keeper* (`conformance.guest.keeper`), which is PID 1 of
a new PID namespace where there is one, makes surroundings and forks the *case*. When the case's deadline passes, or the
keeper has nothing more to do, the keeper ends and takes every stray process with it.

A keeper that has a PID namespace lasts (`Lasting`): it sees to one case after another, until one leaves a process or
makes a call that reaches its keeper.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache, partial

from conformance.guest.keeper import NAMESPACES, NOT_MADE, Ending, Keeper, enter
from conformance.guest.limits import Kills
from conformance.offspring import end_descendants, parent, processes
from conformance.syscalls.namespaces import CLONE_NEWPID, setns, unshare
from conformance.syscalls.processes.creating import clone
from conformance.syscalls.processes.prctl import PR_SET_CHILD_SUBREAPER, prctl

GRACE = 5.0
"""Seconds beyond the deadline that the keeper has for clearing up before it is killed itself."""
LONGEST_ANSWER = 4096
"""Bytes of what a keeper answers: what a pipe takes at once (pipe(7))."""
_libc = ctypes.PyDLL(None, use_errno=True)
"""Keeps the interpreter's lock, which a child cannot get back where there are threads."""


class Isolation:
    """What this machine allows, found out by trying once."""

    def __init__(self, *, alone: bool = False) -> None:
        """`alone`: this machine runs nothing but our cases, so whatever is killed for want of memory is theirs."""
        self.namespaces = frozenset(_allowed_namespaces())
        self.alone = alone
        self.kills = Kills()

    def run(
        self,
        case: Callable[[], None],
        *,
        deadline: float,
        shares: frozenset[str] = frozenset(),
        starves_itself: bool = False,
    ) -> Ending:
        """Run `case` in surroundings of its own; `shares` names namespaces that it keeps in common with us.

        `starves_itself`: that the kernel ends a process of the case for want of memory is what the case is about.
        `deadline` is in seconds. Always returns; whatever the case left behind is gone by then.
        """
        fresh = self.namespaces - shares
        spared: frozenset[int] = frozenset()
        if "pid" not in fresh:
            spared = frozenset(_children())
            with contextlib.suppress(OSError):
                prctl(PR_SET_CHILD_SUBREAPER, 1)  # what a case leaves behind comes to us if its keeper is killed
        before = self.kills.seen()
        with _scratch(fresh) as scratch:
            answers, answering = os.pipe()
            try:

                def keep() -> None:
                    ending, clean = Keeper(fresh, scratch).see_to(case, fresh, deadline)
                    if "pid" not in fresh:
                        end_descendants()
                    os.write(answering, _answer(ending, clean))

                keeper = _forked(keep, fresh)
                os.close(answering)
                ending, _ = _end_of(keeper, answers, deadline + GRACE)
                return self.judged(ending, before, starves_itself=starves_itself)
            finally:
                os.close(answers)
                if "pid" not in fresh:
                    end_descendants(spared)  # a keeper that was killed could not do it

    def judged(self, ending: Ending, before: tuple[int, int], *, starves_itself: bool) -> Ending:
        """An ending as it is, unless it may be due to the machine's having no memory left; `before` as `Kills.seen`."""
        ours, anywhere = (now > then for now, then in zip(self.kills.seen(), before, strict=True))
        # What a case makes of the end of its child is no verdict either, if the child is surely its own.
        others = self.alone and not starves_itself
        if not ending.trouble and (ours or (anywhere and (others or ending.signal == signal.SIGKILL))):
            return Ending(trouble="the kernel ended a process of it because memory ran out")
        return ending


@dataclass(slots=True)
class _Begun:
    pid: int
    asking: int
    answers: int
    scratch: contextlib.ExitStack


class Lasting:
    """A keeper that sees to many cases, which it must know when it begins: a case is asked for in words."""

    def __init__(self, isolation: Isolation, perform: Callable[[Sequence[str]], None]) -> None:
        """`perform` runs, in the process of the case, what is asked for."""
        self.isolation = isolation
        self._perform = perform
        self._keeper: _Begun | None = None

    def keeps(self, shares: frozenset[str]) -> bool:
        """Whether a case that shares these namespaces can be one of many: its processes end, and its files are gone."""
        return {"pid", "mnt"} <= self.isolation.namespaces - shares

    def run(
        self,
        asked: Sequence[str],
        *,
        deadline: float,
        shares: frozenset[str] = frozenset(),
        starves_itself: bool = False,
    ) -> Ending:
        """As `Isolation.run`, for what is asked for."""
        fresh = self.isolation.namespaces - shares
        before = self.isolation.kills.seen()
        keeper = self._keeper or self._begun()
        with contextlib.suppress(BrokenPipeError):  # it was killed since
            os.write(keeper.asking, json.dumps([asked, sorted(fresh), deadline]).encode() + b"\n")
        said = None
        try:
            said = _watch(keeper.pid, keeper.answers, deadline + GRACE)
        finally:
            gone = self.end() if not said or not said[1] else Ending()
        return self.isolation.judged(said[0] if said else gone, before, starves_itself=starves_itself)

    def end(self) -> Ending:
        """Have no keeper, until there is another case; how the one that there was has ended."""
        keeper, self._keeper = self._keeper, None
        if not keeper:
            return Ending()
        with contextlib.suppress(ProcessLookupError):
            os.kill(keeper.pid, signal.SIGKILL)
        ended = _gone(keeper.pid)
        os.close(keeper.asking)
        os.close(keeper.answers)
        keeper.scratch.close()
        return ended

    def _begun(self) -> _Begun:
        """A keeper, and the pipes that lead to it."""
        questions, asking = os.pipe()
        answers, answering = os.pipe()
        scratch = contextlib.ExitStack()
        namespaces = self.isolation.namespaces
        place = scratch.enter_context(_scratch(namespaces))

        def keep() -> None:
            os.close(asking)
            os.close(answers)
            keeper = Keeper(namespaces, place)
            with open(questions, "rb") as lines:
                for line in lines:
                    asked, fresh, deadline = json.loads(line)
                    ending, clean = keeper.see_to(partial(self._perform, asked), fresh, deadline)
                    os.write(answering, _answer(ending, clean))
                    if not clean:
                        return  # at once: what is left of the case may keep who watches from its turn

        pid = _forked(keep, namespaces)
        os.close(questions)
        os.close(answering)
        self._keeper = _Begun(pid, asking, answers, scratch)
        return self._keeper


def _answer(ending: Ending, clean: bool) -> bytes:
    """What a keeper says when a case has ended."""
    return json.dumps([asdict(ending), clean]).encode() + b"\n"


@contextlib.contextmanager
def _scratch(fresh: frozenset[str]) -> Iterator[str]:
    """A directory for cases to be in, over which their file system is mounted where that can be."""
    scratch = tempfile.mkdtemp(prefix="conformance-")
    try:
        yield scratch
    finally:
        if "mnt" not in fresh:
            _unlock(scratch)
        shutil.rmtree(scratch, ignore_errors=True)


def _forked(keep: Callable[[], None], fresh: frozenset[str]) -> int:
    """The PID of a keeper, which lives as `keep` says."""
    keeper = _fork_into_pid_namespace() if "pid" in fresh else os.fork()
    if keeper == 0:
        try:
            keep()
        except BaseException as error:  # without an answer, the watcher is told nothing
            os.write(2, f"isolation: {type(error).__name__}: {error}\n".encode())
            os._exit(1)
        finally:
            if "pid" not in fresh:
                end_descendants()
            os._exit(0)
    return keeper


def _end_of(keeper: int, answers: int, limit: float) -> tuple[Ending, bool]:
    """How a case has ended, and its keeper with it, which is waited for."""
    said = None
    try:
        said = _watch(keeper, answers, limit)
    finally:
        gone = _gone(keeper)
    return said or (gone, False)


def _watch(keeper: int, answers: int, limit: float) -> tuple[Ending, bool] | None:
    """What a keeper answers, an ending and whether it is as it was before; None: it has not answered within `limit`
    seconds, or has gone, and was not waited for."""
    poll = select.poll()
    poll.register(answers, select.POLLIN)
    in_time = None
    try:
        in_time = poll.poll(limit * 1000)
    finally:
        if not in_time:  # it is late, or we are interrupted
            os.kill(keeper, signal.SIGKILL)
    said = os.read(answers, LONGEST_ANSWER) if in_time else b""
    if not said:
        return (Ending(timed_out=True), False) if not in_time else None
    ending, clean = json.loads(said)
    return Ending(**ending), clean


def _gone(keeper: int) -> Ending:
    """How a case has ended whose keeper has gone without an answer, which is let go of."""
    _, status = os.waitpid(keeper, 0)
    return Ending(signal=os.WTERMSIG(status)) if os.WIFSIGNALED(status) else Ending(trouble=NOT_MADE)


def _allowed_namespaces() -> list[str]:
    """Try each kind, once, in a child that is then thrown away."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        for name, flag in NAMESPACES.items():
            with contextlib.suppress(OSError):
                enter(flag)
                os.write(writer, name.encode() + b"\n")
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as lines:
        names = lines.read().split()
    os.waitpid(pid, 0)
    # A new PID namespace is of no use without a /proc of its own, which takes a mount namespace.
    usable = "mnt" in names and (_own_pid_namespace() is not None or not _has_threads())
    return names if usable else [name for name in names if name != "pid"]


def _fork_into_pid_namespace() -> int:
    """As `os.fork`, with the child as PID 1 of a new namespace.

    By `os.fork` itself where the parent finds its way back from `unshare`. A bare clone(2) is for a process that has no
    other thread: locks of the C library that one holds are nobody's in the child, and an interpreter that one has asked
    to let go of its lock waits in the child until somebody takes it, for ever.
    """
    own = _own_pid_namespace()
    if own is None:
        return _bare_clone()
    unshare(CLONE_NEWPID)
    pid = -1
    try:
        pid = os.fork()
    finally:
        if pid != 0:
            setns(own, CLONE_NEWPID)
    return pid


def _bare_clone() -> int:
    """Clone with a new PID namespace; as `os.fork` otherwise, where there is no other thread."""
    ctypes.pythonapi.PyOS_BeforeFork()
    made = _libc.syscall(ctypes.c_long(clone.number), ctypes.c_ulong(CLONE_NEWPID | signal.SIGCHLD), 0, 0, 0, 0)
    pid, error = int(made), ctypes.get_errno()
    if pid == 0:
        ctypes.pythonapi.PyOS_AfterFork_Child()
        return pid
    ctypes.pythonapi.PyOS_AfterFork_Parent()
    if pid < 0:
        raise OSError(error, "no process in a new PID namespace")
    return pid


def _has_threads() -> bool:
    """Whether this process has threads beside the one that asks; it is taken to have some where that is not told."""
    try:
        return len(os.listdir("/proc/self/task")) > 1
    except OSError:
        return True


@cache
def _own_pid_namespace() -> int | None:
    """An fd of the PID namespace of our children; None where one cannot go back to it, as under gVisor."""
    try:
        own = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    pid = os.fork()
    if pid == 0:
        status = 1
        with contextlib.suppress(OSError):
            unshare(CLONE_NEWPID)
            setns(own, CLONE_NEWPID)
            status = 0
        os._exit(status)
    if os.waitpid(pid, 0)[1] == 0:
        return own
    os.close(own)
    return None


def _children() -> list[int]:
    """Our children."""
    return [pid for pid in processes() if parent(pid) == os.getpid()]


def _unlock(tree: str) -> None:
    """Let everything below a directory be removed by its owner, whatever modes a case gave it."""
    for folder, names, _ in os.walk(tree):
        for path in (f"{folder}/{name}" for name in names):
            with contextlib.suppress(OSError):
                if not os.path.islink(path):
                    os.chmod(path, 0o700)
