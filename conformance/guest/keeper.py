"""The life of a keeper, which makes surroundings for cases, forks them, one after another, and sees to their ends.

It is PID 1 of a PID namespace where there is one. What a case may take of the machine is limited (see `limits`).
"""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from conformance.guest import loopback
from conformance.guest.limits import MEBIBYTE, OUTPUT, Spout, Watch, disk
from conformance.offspring import has_children
from conformance.syscalls.files.opening import close_range
from conformance.syscalls.machinery import call
from conformance.syscalls.mounts.mount import MNT_DETACH, MS_PRIVATE, MS_REC, mount, umount2
from conformance.syscalls.namespaces import (
    CLONE_NEWIPC,
    CLONE_NEWNET,
    CLONE_NEWNS,
    CLONE_NEWPID,
    CLONE_NEWUTS,
    unshare,
)
from conformance.syscalls.processes.prctl import PR_SET_CHILD_SUBREAPER, PR_SET_PDEATHSIG, prctl

NAMESPACES = {"mnt": CLONE_NEWNS, "pid": CLONE_NEWPID, "ipc": CLONE_NEWIPC, "uts": CLONE_NEWUTS, "net": CLONE_NEWNET}
"""What a case gets afresh, by the names of `/proc/PID/ns`."""
SCRATCH_BYTES = 64 * MEBIBYTE
LIMITS = {resource.RLIMIT_CORE: 0, resource.RLIMIT_NOFILE: 1024}
"""Soft limits that every case starts with, so that they are equal on all targets."""
UMASK = 0o022
NOT_MADE = "the case's namespaces or scratch directory could not be made"
SHORTEST_PAUSE = 0.005
"""Seconds after which the keeper passes on what a case has printed, the first time; later ones are longer."""
KEEPERS_PRIORITY = -20
LOOK_SECONDS = 0.1
"""How often the keeper looks at what a case has taken."""
LAST_PID = "/proc/sys/kernel/ns_last_pid"
"""What a PID namespace has counted to (Linux 3.3, with CONFIG_CHECKPOINT_RESTORE)."""
_READY, _REACHED = range(2)
"""Bytes of the page that a keeper shares with a case: that its surroundings are made, and `call.reaching`'s."""


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


class Keeper:
    """This process, from now on. What a case cannot change is made once, and the rest for each."""

    def __init__(self, fresh: Iterable[str], scratch: str) -> None:
        """`fresh` are the namespaces that are not the watcher's. Raises OSError."""
        self._scratch = scratch
        self._alone, self._mounts = "pid" in fresh, "mnt" in fresh
        os.setsid()
        self._awaited = {signal.SIGCHLD} if self._alone else {signal.SIGCHLD, signal.SIGTERM}
        signal.pthread_sigmask(signal.SIG_BLOCK, self._awaited)
        # A PID namespace ends with its PID 1. Without one there is clearing up to do before we follow our parent.
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL if self._alone else signal.SIGTERM)
        with contextlib.suppress(OSError):
            prctl(PR_SET_CHILD_SUBREAPER, 1)
        if self._mounts:
            _enter_mount_namespace()
            if self._alone:
                _mount_proc()
        self._usual = os.getpriority(os.PRIO_PROCESS, 0)
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, 0, KEEPERS_PRIORITY)  # or a case with many processes would not let it look
        self._last_pid = _opened(LAST_PID, os.O_WRONLY) if self._alone else None
        self._null = os.open("/dev/null", os.O_RDONLY)
        self._page = mmap.mmap(-1, mmap.PAGESIZE)
        self._watch = Watch(self._alone, ("/", *(() if self._mounts else (scratch,))))
        _have_what_a_case_has()

    def see_to(self, case: Callable[[], None], fresh: Iterable[str], deadline: float) -> tuple[Ending, bool]:
        """Run a case with namespaces of its own; how it ended, and whether this keeper is as it was before.

        It is not, if a process of the case is still there, if its files may be, or if the case made a call that reaches
        its keeper. Raises OSError when there cannot be a case.
        """
        self._page[:2] = bytes(2)
        if self._mounts:
            with contextlib.suppress(OSError):
                mount(b"scratch", self._scratch.encode(), b"tmpfs", 0, f"size={SCRATCH_BYTES},mode=755".encode())
        spouts = [Spout(1), Spout(2)]
        self._watch.begin()
        if self._last_pid is not None:
            with contextlib.suppress(OSError):
                os.pwrite(self._last_pid, b"1", 0)  # the same PIDs for each case
        child = os.fork()
        if child == 0:
            self._become_case(case, fresh, [spout.writer for spout in spouts])
        for spout in spouts:
            os.close(spout.writer)
        ending = self._wait_for(child, deadline, spouts)
        for spout in spouts:
            os.close(spout.reader)
        if not self._page[_READY] and not (ending.trouble or ending.timed_out or ending.signal):
            ending = Ending(trouble=NOT_MADE)
        elif self._mounts and not ending.trouble and disk(self._scratch) == (SCRATCH_BYTES, 0):
            ending = replace(ending, full=True)
        _reap(child)
        unseen = self._alone and not self._page[_REACHED] and not has_children()
        return ending, unseen and self._mounts and self._is_unmounted()

    def _is_unmounted(self) -> bool:
        """Let go of a case's file system. Where there was none, its files are where the next one's would be."""
        try:
            umount2(self._scratch.encode(), MNT_DETACH)
        except OSError:
            return False
        return True

    def _wait_for(self, child: int, deadline: float, spouts: list[Spout]) -> Ending:
        """How a case ends, or why it was not let go on. Reaps whatever else ends meanwhile."""
        now = time.monotonic()
        end, look, pause = now + deadline, now + LOOK_SECONDS, SHORTEST_PAUSE
        while True:
            status = _reap(child)
            for spout in spouts:
                spout.pass_on()
            if any(spout.count > OUTPUT for spout in spouts):
                most = f"{OUTPUT // MEBIBYTE} MiB"
                return Ending(trouble=f"it printed more than {most}, which the suite does not take from a case")
            if status is not None:
                code = os.waitstatus_to_exitcode(status)
                return Ending(signal=-code) if code < 0 else Ending(status=code)
            now = time.monotonic()
            if now >= look:
                look = now + LOOK_SECONDS
                if overdrawn := self._watch.overdrawn():
                    return Ending(trouble=overdrawn)
            if now >= end:
                return Ending(timed_out=True)
            came = signal.sigtimedwait(self._awaited, min(pause, end - now))
            pause = min(2 * pause, LOOK_SECONDS)
            if came and came.si_signo != signal.SIGCHLD:
                return Ending(timed_out=True)

    def _become_case(self, case: Callable[[], None], fresh: Iterable[str], outputs: list[int]) -> None:
        """The case's process: same signals, limits, umask and fds on every target. Never returns."""
        code = 1
        try:
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, 0, self._usual)
            _make_surroundings(fresh, proc=self._mounts and self._alone)
            os.chdir(self._scratch)
            os.setsid()
            signal.pthread_sigmask(signal.SIG_SETMASK, set())
            os.dup2(self._null, 0)
            for fd, output in enumerate(outputs, 1):
                os.dup2(output, fd)
            _close_from(3)
            call.reaching(self._page, _REACHED)
            self._page[_READY] = 1
            case()
            code = 0
        except BaseException as error:  # whatever a case raises was handled in `case`; this is our own fault
            os.write(2, f"isolation: {type(error).__name__}: {error}\n".encode())
        finally:
            os._exit(code)


def _have_what_a_case_has() -> None:
    """What children inherit, and the keeper does not mind."""
    for number in range(1, 32):
        if number not in (signal.SIGKILL, signal.SIGSTOP, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    os.umask(UMASK)
    for limit, value in LIMITS.items():
        hard = resource.getrlimit(limit)[1]
        resource.setrlimit(limit, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))
    # pytest's own streams write to fds that a case has not; where it captures, 1 and 2 lead there as well.
    sys.stdout = os.fdopen(1, "w", 1, errors="backslashreplace", closefd=False, encoding="utf-8")
    sys.stderr = os.fdopen(2, "w", 1, errors="backslashreplace", closefd=False, encoding="utf-8")


def _reap(child: int) -> int | None:
    """Let go of whatever has ended; how `child` did, if it has."""
    with contextlib.suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            if found[0] == child:
                return found[1]
    return None


def _opened(path: str, flags: int) -> int | None:
    """An fd, or None where there is none."""
    try:
        return os.open(path, flags | os.O_CLOEXEC)
    except OSError:
        return None


def _enter_mount_namespace() -> None:
    enter(CLONE_NEWNS)
    with contextlib.suppress(OSError):  # gVisor knows no propagation before 2023, and so has nothing to stop
        mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None)


def _mount_proc() -> None:
    """A /proc that shows the right processes."""
    mount(b"proc", b"/proc", b"proc", 0, None)


def _make_surroundings(fresh: Iterable[str], *, proc: bool) -> None:
    """Enter the namespaces of a case, whose keeper has made those that it can."""
    names = [name for name in fresh if name != "pid"]
    if names:
        enter(sum(NAMESPACES[name] for name in names))
    if proc and "mnt" in names:
        _mount_proc()  # whose options may be changed
    if "net" in names:
        with contextlib.suppress(OSError):
            loopback.bring_up()


def enter(flags: int) -> None:
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


def _close_from(first: int) -> None:
    """Close every fd from `first` on; `close_range` where there is one (Linux 5.9)."""
    try:
        close_range(first, 0xFFFFFFFF, 0)
    except OSError:
        for name in os.listdir("/proc/self/fd"):
            with contextlib.suppress(OSError):
                if int(name) >= first:
                    os.close(int(name))
