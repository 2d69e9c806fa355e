"""A command inside, for a person outside: `python -m conformance.guest.terminal [--terminal] -- [COMMAND…]`.

Standard input and output speak in frames (see `conformance.protocol.terminal`). With `--terminal` the command has a
terminal of its own, and without a COMMAND it is a shell, or this Python where there is none. When the host goes away,
everything that the command has started goes too.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
from contextlib import suppress
from shutil import which

from conformance.offspring import end_descendants, signal_group
from conformance.protocol.terminal import (
    ENDED,
    ERRORS,
    FAILED,
    INPUT,
    NOT_FOUND,
    NOT_STARTED,
    OUTPUT,
    SIGNAL,
    SIZE,
    TerminalFrames,
    ended,
    failed,
    frame,
    read_size,
)

SHELLS = ("bash", "sh")
PIECE = 1 << 16
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36


class Command:
    """A command that runs, and the bytes between it and the host."""

    def __init__(self, pid: int, into: int, outputs: dict[int, int]) -> None:
        """`into`: the fd that it reads from. `outputs`: the fds that it writes to, each with the kind of its frames."""
        self.pid = pid
        self._into, self._outputs = into, outputs
        self._pending = bytearray()
        self._closing = False
        self._frames = TerminalFrames()
        self._status: int | None = None
        self._poll = select.poll()
        self._poll.register(0, select.POLLIN)
        for each in outputs:
            self._poll.register(each, select.POLLIN)
        if into not in outputs:
            os.set_blocking(into, False)

    def attend(self, woken: int) -> int | None:
        """Pass bytes on until the command has ended and said everything; its status, as `ENDED` has it.

        None: the host has gone. `woken` is an fd that can be read from when a child has ended.
        """
        self._poll.register(woken, select.POLLIN)
        while self._status is None or self._outputs:
            ready = self._poll.poll(0 if self._status is not None else None)
            if self._status is not None and not any(fd in self._outputs for fd, _ in ready):
                break  # what it has left behind may keep its output open for ever
            for fd, _ in ready:
                if fd == 0 and not self._receive():
                    return None
                if fd == woken:
                    os.read(woken, PIECE)
                    self._reap()
                elif fd in self._outputs:
                    self._forward(fd)
                elif fd == self._into:
                    self._feed()
        return self._status

    def _receive(self) -> bool:
        """Act on what the host says; False when it has gone."""
        data = os.read(0, PIECE)
        for kind, payload in self._frames.take(data):
            if kind == INPUT:
                self._pending += payload
                self._closing |= not payload
                self._feed()
            elif kind == SIZE:
                with suppress(OSError):
                    fcntl.ioctl(self._into, termios.TIOCSWINSZ, struct.pack("HHHH", *read_size(payload), 0, 0))
            elif kind == SIGNAL and self._status is None:
                signal_group(self.pid, signal.Signals(payload[0]))
        return bool(data)

    def _feed(self) -> None:
        """Give the command as much of what is pending as it takes, and come back when it takes more."""
        if self._into < 0:
            self._pending.clear()
            return
        try:
            while self._pending:
                del self._pending[: os.write(self._into, self._pending[:PIECE])]
        except BlockingIOError:
            self._poll.register(self._into, select.POLLOUT)
            return
        except OSError:
            self._pending.clear()  # it has closed its input
        if self._into not in self._outputs:
            with suppress(KeyError):
                self._poll.unregister(self._into)
            if self._closing:
                os.close(self._into)
                self._into = -1

    def _forward(self, fd: int) -> None:
        """What it has written, to the host."""
        try:
            data = os.read(fd, PIECE)
        except OSError:  # EIO: nobody has the terminal open any more
            data = b""
        if data:
            send(self._outputs[fd], data)
        else:
            self._poll.unregister(fd)
            del self._outputs[fd]

    def _reap(self) -> None:
        """Let go of children that have ended. Orphans come to us as well."""
        with suppress(ChildProcessError):
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                if found[0] == self.pid:
                    self._status = os.waitstatus_to_exitcode(found[1])


def send(kind: int, payload: bytes) -> None:
    """A frame to the host, whole."""
    view = memoryview(frame(kind, payload))
    while view:
        view = view[os.write(1, view) :]


def at_pipes(argv: list[str]) -> Command:
    """Start a command with pipes for its streams. Raises OSError."""
    process = subprocess.Popen(
        argv,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        process_group=0,
    )
    into, said, errors = (
        os.dup(stream.fileno()) for stream in (process.stdin, process.stdout, process.stderr) if stream is not None
    )
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()
    process.returncode = 0  # it is ours to wait for
    return Command(process.pid, into, {said: OUTPUT, errors: ERRORS})


def at_terminal(argv: list[str]) -> Command:
    """Start a command with a terminal of its own. Raises OSError."""
    found = which(argv[0])
    if found is None:
        raise FileNotFoundError(argv[0])
    pid, terminal = pty.fork()
    if not pid:
        try:
            os.execv(found, argv)  # noqa: S606 - whatever a person wants to run
        finally:
            os._exit(NOT_STARTED)
    return Command(pid, terminal, {terminal: OUTPUT})


def shell() -> list[str]:
    """What a person can type into here."""
    found = next((path for name in SHELLS if (path := which(name))), None)
    return [found, "-i"] if found else [sys.executable, *(["-S"] if sys.flags.no_site else []), "-i"]


def main(arguments: list[str]) -> None:
    """Run the command to its end, and tell the host how that was."""
    prctl = ctypes.CDLL(None).prctl
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0)  # the end of the stream says it as well, and leaves time to tidy up
    woken, waking = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(waking)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda *_: leave())
    separator = arguments.index("--")
    start = at_terminal if "--terminal" in arguments[:separator] else at_pipes
    argv = arguments[separator + 1 :] or shell()
    try:
        command = start(argv)
    except FileNotFoundError:
        send(FAILED, failed(NOT_FOUND, f"there is no {argv[0]} in the guest"))
        return
    except OSError as error:
        send(FAILED, failed(NOT_STARTED, f"{argv[0]} cannot be started in the guest: {error.strerror}"))
        return
    status = command.attend(woken)
    if status is not None:
        send(ENDED, ended(status))
    leave()


def leave() -> None:
    """Nothing of the command stays."""
    end_descendants()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
