"""Running a case so that nothing of it remains: a forked child, fresh namespaces, a scratch file system, a deadline.

What it may take of the machine is limited, and more is no verdict on the target (see `limits`).

Three processes take part. The *watcher* is pytest. It forks a *keeper*, which is PID 1 of a new PID namespace where
there is one, makes the surroundings and forks the *case*. When the case ends, or its deadline passes, the keeper ends
and takes every stray process with it.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import resource
import select
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from conformance.guest import loopback
from conformance.guest.limits import (
    MEBIBYTE,
    OUTPUT,
    Kills,
    Spout,
    Watch,
    disk,
)
from conformance.offspring import end_descendants, parent, processes
from conformance.syscalls.files.opening import close_range
from conformance.syscalls.mounts.mount import MS_PRIVATE, MS_REC, mount
from conformance.syscalls.namespaces import (
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWUTS,
    setns,
    unshare,
)
from conformance.syscalls.processes.creating import clone
from conformance.syscalls.processes.prctl import PR_SET_CHILD_SUBREAPER, PR_SET_PDEATHSIG, prctl

NAMESPACES = {"mnt": CLONE_NEWNS, "pid": CLONE_NEWPID, "ipc": CLONE_NEWIPC, "uts": CLONE_NEWUTS, "net": CLONE_NEWNET}
"""What a case gets afresh, by the names of `/proc/PID/ns`."""

SCRATCH_BYTES = 64 * MEBIBYTE
GRACE = 5.0
"""Seconds beyond the deadline that the keeper has for clearing up before it is killed itself."""
LIMITS = {resource.RLIMIT_CORE: 0, resource.RLIMIT_NOFILE: 1024}
"""Soft limits that every case starts with, so that they are equal on all targets."""
_SETUP_FAILED = 251
_TIMED_OUT = 252
_FULL = b"\0"
SHORTEST_PAUSE = 0.005
"""Seconds after which the keeper passes on what a case has printed, the first time; later ones are longer."""
KEEPERS_PRIORITY = -20
LOOK_SECONDS = 0.1
"""How often the keeper looks at what a case has taken."""
_libc = ctypes.PyDLL(None, use_errno=True)
"""Keeps the interpreter's lock, which a child cannot get back where there are threads."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How the case's process ended: with an exit status, by a signal, or not in time."""

    status: int = 0
    signal: int = 0
    timed_out: bool = False
    trouble: str = ""
    """Why the surroundings could not be made, or what the case took too much of; empty when neither was so."""
    full: bool = False
    """Whether its scratch file system had no room left at the end."""


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
        scratch = tempfile.mkdtemp(prefix="conformance-")
        before = self.kills.seen()
        ended, keeper_end = os.pipe()
        try:
            keeper = _fork_into_pid_namespace() if "pid" in fresh else os.fork()
            if keeper == 0:
                try:
                    os.close(ended)
                    _keep(case, fresh, scratch, deadline, keeper_end)
                finally:
                    os._exit(_SETUP_FAILED)
            os.close(keeper_end)
            ending = _watch(keeper, ended, deadline + GRACE)
            ours, anywhere = (now > then for now, then in zip(self.kills.seen(), before, strict=True))
            # What a case makes of the end of its child is no verdict either, if the child is surely its own.
            others = self.alone and not starves_itself
            if not ending.trouble and (ours or (anywhere and (others or ending.signal == signal.SIGKILL))):
                return Ending(trouble="the kernel ended a process of it because memory ran out")
            return ending
        finally:
            os.close(ended)
            if "pid" not in fresh:
                end_descendants(spared)  # a keeper that was killed could not do it
            if "mnt" not in fresh:
                _unlock(scratch)
            shutil.rmtree(scratch, ignore_errors=True)


def _allowed_namespaces() -> list[str]:
    """Try each kind, once, in a child that is then thrown away."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        for name, flag in NAMESPACES.items():
            with contextlib.suppress(OSError):
                _unshare(flag)
                os.write(writer, name.encode() + b"\n")
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as lines:
        names = lines.read().split()
    os.waitpid(pid, 0)
    # A new PID namespace is of no use without a /proc of its own, which takes a mount namespace.
    usable = "mnt" in names and (_own_pid_namespace() is not None or not _has_threads())
    return names if usable else [name for name in names if name != "pid"]


def _unshare(flags: int) -> None:
    """Enter new namespaces. Raises OSError, too where the kernel only claims a new mount namespace.

    An emulation, or a fault that was injected, must not make us mount things on the machine itself.
    """
    before = _mount_namespace()
    unshare(flags)
    if flags & CLONE_NEWNS and before and _mount_namespace() == before:
        raise OSError(errno.ENOSYS, "unshare(2) made no new mount namespace")


def _mount_namespace() -> str | None:
    """Which one we are in, or None where that is not told (gVisor before 2023)."""
    try:
        return os.readlink("/proc/self/ns/mnt")
    except OSError:
        return None


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


def _watch(keeper: int, ended: int, limit: float) -> Ending:
    """Wait for the keeper; kill it when even its grace is over, or when we are interrupted."""
    poll = select.poll()
    poll.register(ended, select.POLLIN)
    in_time, said = None, b""
    try:
        in_time = poll.poll(limit * 1000)
        said = os.read(ended, 4096) if in_time else b""
    finally:
        if not in_time:
            os.kill(keeper, signal.SIGKILL)
        _, status = os.waitpid(keeper, 0)
    if not in_time:
        return Ending(timed_out=True)
    if said and said != _FULL:
        return Ending(trouble=said.decode("utf-8", "replace"))
    full = said == _FULL
    if os.WIFSIGNALED(status):
        # The keeper passes on the signal that ended the case by dying of it, or was itself a victim.
        return Ending(signal=os.WTERMSIG(status), full=full)
    code = os.WEXITSTATUS(status)
    if code == _TIMED_OUT:
        return Ending(timed_out=True, full=full)
    if code == _SETUP_FAILED:
        return Ending(trouble="the case's namespaces or scratch directory could not be made")
    return Ending(status=code, full=full) if code < 128 else Ending(signal=code - 128, full=full)


def _keep(case: Callable[[], None], fresh: frozenset[str], scratch: str, deadline: float, watcher: int) -> None:
    """The keeper's life. What the fd `watcher` is told is why the case was ended, or `_FULL`. Never returns."""
    code = _SETUP_FAILED
    try:
        os.setsid()
        awaited = {signal.SIGCHLD} if "pid" in fresh else {signal.SIGCHLD, signal.SIGTERM}
        signal.pthread_sigmask(signal.SIG_BLOCK, awaited)
        # A PID namespace ends with its PID 1. Without one there is clearing up to do before we follow our parent.
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL if "pid" in fresh else signal.SIGTERM)
        with contextlib.suppress(OSError):
            prctl(PR_SET_CHILD_SUBREAPER, 1)
        _make_surroundings(fresh, scratch)
        usual = os.getpriority(os.PRIO_PROCESS, 0)
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, KEEPERS_PRIORITY)  # or a case with many processes would not let it look
        spouts = [Spout(1), Spout(2)]
        watch = Watch("pid" in fresh, ("/", *(() if "mnt" in fresh else (scratch,))))
        child = os.fork()
        if child == 0:
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, 0, usual)
            _become_case(case, [spout.writer for spout in spouts])
        for spout in spouts:
            os.close(spout.writer)
        code, overdrawn = _wait_for_case(child, deadline, awaited, watch, spouts)
        if overdrawn:
            os.write(watcher, overdrawn.encode())
        elif "mnt" in fresh and disk(scratch) == (SCRATCH_BYTES, 0):
            os.write(watcher, _FULL)
    except BaseException as error:  # the keeper's only way to speak is its exit status and its stderr
        os.write(2, f"isolation: {error}\n".encode())
    finally:
        if "pid" not in fresh:
            end_descendants()
        os._exit(code)


def _wait_for_case(
    child: int, deadline: float, awaited: set[signal.Signals], watch: Watch, spouts: list[Spout]
) -> tuple[int, str]:
    """The keeper's exit status, and what the case took too much of. Reaps whatever else ends meanwhile.

    The status is the case's own, 128 + signal, or `_TIMED_OUT`. `awaited` are blocked signals; any but SIGCHLD ends the
    case.
    """
    now = time.monotonic()
    end, look, pause = now + deadline, now + LOOK_SECONDS, SHORTEST_PAUSE
    while True:
        status = _reap(child)
        for spout in spouts:
            spout.pass_on()
        if any(spout.count > OUTPUT for spout in spouts):
            return (
                _TIMED_OUT,
                f"it printed more than {OUTPUT // MEBIBYTE} MiB, which the suite does not take from a case",
            )
        if status is not None:
            return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else min(os.WEXITSTATUS(status), 127), ""
        now = time.monotonic()
        if now >= look:
            look = now + LOOK_SECONDS
            if overdrawn := watch.overdrawn():
                return _TIMED_OUT, overdrawn
        if now >= end:
            return _TIMED_OUT, ""
        came = signal.sigtimedwait(awaited, min(pause, end - now))
        pause = min(2 * pause, LOOK_SECONDS)
        if came and came.si_signo != signal.SIGCHLD:
            return _TIMED_OUT, ""


def _reap(child: int) -> int | None:
    """Let go of whatever has ended; how `child` did, if it has."""
    with contextlib.suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            if found[0] == child:
                return found[1]
    return None


def _make_surroundings(fresh: frozenset[str], scratch: str) -> None:
    """Enter the namespaces, mount the scratch file system and a /proc that shows the right processes."""
    flags = sum(NAMESPACES[name] for name in fresh if name != "pid")
    if flags:
        _unshare(flags)
    if "mnt" in fresh:
        with contextlib.suppress(OSError):  # gVisor knows no propagation before 2023, and so has nothing to stop
            mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None)
        with contextlib.suppress(OSError):
            mount(b"scratch", scratch.encode(), b"tmpfs", 0, f"size={SCRATCH_BYTES},mode=755".encode())
        if "pid" in fresh:
            mount(b"proc", b"/proc", b"proc", 0, None)
    if "net" in fresh:
        with contextlib.suppress(OSError):
            loopback.bring_up()
    os.chdir(scratch)


def _become_case(case: Callable[[], None], outputs: list[int]) -> None:
    """The case's process: same signals, limits, umask and fds on every target. Never returns."""
    code = 1
    try:
        os.setsid()
        for number in range(1, 32):
            if number not in (signal.SIGKILL, signal.SIGSTOP, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_SETMASK, set())
        os.umask(0o022)
        for limit, value in LIMITS.items():
            hard = resource.getrlimit(limit)[1]
            resource.setrlimit(limit, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))
        null = os.open("/dev/null", os.O_RDONLY)
        os.dup2(null, 0)
        for fd, output in enumerate(outputs, 1):
            os.dup2(output, fd)
        _close_from(3)
        # pytest's own streams write to fds that have just been closed; where it captures, 1 and 2 lead there as well.
        sys.stdout = os.fdopen(1, "w", 1, errors="backslashreplace", closefd=False, encoding="utf-8")
        sys.stderr = os.fdopen(2, "w", 1, errors="backslashreplace", closefd=False, encoding="utf-8")
        case()
        code = 0
    except BaseException as error:  # whatever a case raises was handled in `case`; this is our own fault
        os.write(2, f"isolation: {type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(code)


def _close_from(first: int) -> None:
    """Close every fd from `first` on; `close_range` where there is one (Linux 5.9)."""
    try:
        close_range(first, 0xFFFFFFFF, 0)
    except OSError:
        for name in os.listdir("/proc/self/fd"):
            with contextlib.suppress(OSError):
                if int(name) >= first:
                    os.close(int(name))


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
