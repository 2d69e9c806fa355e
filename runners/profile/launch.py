"""Run a program under a profile: `python -m runners.profile.launch [--no-files] PROFILE.toml -- PROGRAM [ARGUMENT...]`.

Three processes take part. The *launcher* is what the caller started; it waits, passes signals on and ends as the
program ends. Its child, the *supervisor*, answers the calls that the filter hands over. Its child in turn is the
*target*, which puts itself under the filter and becomes the program.

`--no-files` leaves out the files of which the profile says that they read differently or are absent, for a program
that cannot reach any: each open(2) would wait for the supervisor to look at its path.

Nothing stays behind: what the program leaves running ends with it, the supervisor ends everything when the launcher
is gone (`kill -9` included), and the launcher does so when the supervisor is. Both adopt orphans for that purpose
(prctl(2), PR_SET_CHILD_SUBREAPER).

Exit status: the program's own, or 128 and the signal that ended it; 2 for a profile or command line that cannot be
used; 126 and 127 for a program that cannot be started or found; 125 when the filter cannot be installed.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from conformance.offspring import end_descendants
from conformance.syscalls.processes.prctl import PR_SET_CHILD_SUBREAPER, PR_SET_PDEATHSIG, prctl
from conformance.syscalls.signals import SI_KERNEL
from runners.profile.filter import compile_filter
from runners.profile.format import NO_FILES, Profile, ProfileError, load
from runners.profile.install import install
from runners.profile.notify import Supervisor

USAGE = 2
NO_FILTER = 125
NOT_EXECUTABLE = 126
NOT_FOUND = 127

FORWARDED = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2})


def main(arguments: Sequence[str]) -> int:
    """Run a command line; the exit status."""
    files = arguments[:1] != [NO_FILES]
    arguments = arguments if files else arguments[1:]
    if len(arguments) < 3 or arguments[1] != "--":
        print(
            f"usage: python -m runners.profile.launch [{NO_FILES}] PROFILE.toml -- PROGRAM [ARGUMENT...]",
            file=sys.stderr,
        )
        return USAGE
    try:
        profile = load(Path(arguments[0]))
        profile = profile if files else replace(profile, files=())
        program = compile_filter(profile)
    except ProfileError as error:
        print(f"launch: {error}", file=sys.stderr)
        return USAGE
    return launch(profile, program, arguments[2:])


def launch(profile: Profile, program: bytes, argv: Sequence[str]) -> int:
    """Run `argv` under the compiled filter of a profile. Takes over the calling process; returns its exit status."""
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, FORWARDED | {signal.SIGCHLD})
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    launcher = os.getpid()
    supervisor = os.fork()
    if supervisor == 0:
        _supervise(launcher, profile, program, argv, mask)
    _let_go_of_files()
    return _follow(supervisor)


def _follow(supervisor: int) -> int:
    """The launcher's life: pass signals on until the supervisor ends."""
    while True:
        info = signal.sigwaitinfo(FORWARDED | {signal.SIGCHLD})
        if info.si_signo != signal.SIGCHLD:
            # A terminal's ^C has reached the whole foreground group, the target among them, already.
            if info.si_code != SI_KERNEL:
                os.kill(supervisor, info.si_signo)
            continue
        with suppress(ChildProcessError):
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                if found[0] == supervisor:
                    end_descendants()
                    return _exit_status(found[1])


def _supervise(
    launcher: int, profile: Profile, program: bytes, argv: Sequence[str], mask: set[signal.Signals | int]
) -> NoReturn:
    """The supervisor's life."""
    status = NO_FILTER
    try:
        prctl(PR_SET_CHILD_SUBREAPER, 1)
        launcher_fd = os.pidfd_open(launcher)
        ours, theirs = socket.socketpair()
        target = os.fork()
        if target == 0:
            ours.close()
            _become(argv, program, theirs, mask, listen=bool(profile.notified))
        # Out of the terminal's and the caller's reach: whoever kills the process group must not kill the cleaner.
        os.setsid()
        theirs.close()
        listener = _receive_listener(ours)
        target_fd = os.pidfd_open(target)
        _let_go_of_files(launcher_fd, target_fd, *([] if listener is None else [listener]))
        for number in FORWARDED:
            signal.signal(number, lambda number, _: _tell(target_fd, number))
        signal.signal(signal.SIGCHLD, lambda *_: _reap_all_but(target))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, FORWARDED | {signal.SIGCHLD})
        if os.getppid() == launcher:
            answering = None if listener is None else Supervisor(profile, listener)
            _serve(answering, listener, stop=[launcher_fd, target_fd])
        found, ending = os.waitpid(target, os.WNOHANG)
        status = _exit_status(ending) if found else 128 + signal.SIGKILL
    except BaseException as error:
        os.write(2, f"launch: the supervisor failed: {type(error).__name__}: {error}\n".encode())
    finally:
        end_descendants()
        os._exit(status)


def _serve(answering: Supervisor | None, listener: int | None, stop: Sequence[int]) -> None:
    """Answer calls until one of `stop`, fds of processes, says that its process has ended."""
    poll = select.poll()
    for fd in stop:
        poll.register(fd, select.POLLIN)
    if listener is not None:
        poll.register(listener, select.POLLIN)
    while True:
        for fd, event in poll.poll():
            if fd != listener:
                return
            if event & select.POLLIN and answering is not None:
                answering.answer()
            else:
                poll.unregister(fd)  # nobody is under the filter any more


def _become(
    argv: Sequence[str], program: bytes, channel: socket.socket, mask: set[signal.Signals | int], *, listen: bool
) -> NoReturn:
    """The target's life until it is the program. From the filter on it makes only calls that no sane profile denies."""
    status = NO_FILTER
    try:
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and a program would inherit that
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        listener = install(program, listen=listen)
        if listener is None:
            channel.send(b"-")
        else:
            socket.send_fds(channel, [b"+"], [listener])
            os.close(listener)
        channel.close()
        status = NOT_FOUND
        os.execvp(argv[0], list(argv))  # noqa: S606 - the program is the caller's
    except OSError as error:
        if status == NOT_FOUND:
            if not isinstance(error, FileNotFoundError):
                status = NOT_EXECUTABLE
            what = f"{argv[0]} cannot be started"
        else:
            what = "the filter cannot be installed, which takes a Linux from 5.14 on with seccomp"
        os.write(2, f"launch: {what}: {error.strerror}\n".encode())
    finally:
        os._exit(status)


def _receive_listener(channel: socket.socket) -> int | None:
    """The fd on which the target's calls arrive; None when there are none to answer, or the target failed."""
    with channel:
        _, fds, _, _ = socket.recv_fds(channel, 1, 1)
    return fds[0] if fds else None


def _tell(process: int, number: int) -> None:
    with suppress(ProcessLookupError):
        signal.pidfd_send_signal(process, number)


def _reap_all_but(target: int) -> None:
    """Let adopted orphans go as soon as they have ended, as init would."""
    with suppress(ChildProcessError):
        while found := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            if found.si_pid == target:
                return
            os.waitpid(found.si_pid, 0)


def _exit_status(ending: int) -> int:
    """What a shell would say of a status from wait(2)."""
    return 128 + os.WTERMSIG(ending) if os.WIFSIGNALED(ending) else os.WEXITSTATUS(ending)


def _let_go_of_files(*kept: int) -> None:
    """Close all files but `kept` and stderr, so that whoever reads from the program sees the end when it closes."""
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1):
        os.dup2(null, fd)
    for fd in [int(path.name) for path in Path("/proc/self/fd").iterdir()]:
        if fd > 2 and fd not in kept:
            with suppress(OSError):
                os.close(fd)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
