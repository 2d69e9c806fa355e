"""Answers to the calls that a profile's filter hands over: seccomp_unotify(2) from the supervisor's side.

The process that made the call waits in the kernel meanwhile. Either the kernel then runs the call after all, or the
process gets the errno, the value or the fd that is said here. That the process could change its memory between our
look and the kernel's does not matter: this is an emulation, not a guard.
"""

from __future__ import annotations

import errno
import fcntl
import os
import posixpath
import re
import socket
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.vectors import Iovec
from conformance.syscalls.machinery.buffers import Buffer
from conformance.syscalls.memory.others import TwoIovecs, process_vm_readv, process_vm_writev
from conformance.syscalls.namespaces import CLONE_NEWUTS, setns
from conformance.syscalls.processes.pidfds import pidfd_getfd
from conformance.syscalls.security.seccomp import (
    SECCOMP_ADDFD_FLAG_SEND,
    SECCOMP_IOCTL_NOTIF_ADDFD,
    SECCOMP_IOCTL_NOTIF_ID_VALID,
    SECCOMP_IOCTL_NOTIF_RECV,
    SECCOMP_IOCTL_NOTIF_SEND,
    SECCOMP_USER_NOTIF_FLAG_CONTINUE,
    SeccompNotif,
    SeccompNotifAddfd,
    SeccompNotifResp,
)
from conformance.syscalls.system import UTS_FIELD, uname
from runners.profile.format import OPENERS, UNAME_FIELDS, Condition, File, Profile, Rule, glob


@dataclass(frozen=True, slots=True)
class Call:
    """A system call that waits for an answer. `pid` is the thread's id as we see it."""

    id: int
    pid: int
    number: int
    args: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Fail:
    """The call returns this errno; 0: it returns 0."""

    errno: int


@dataclass(frozen=True, slots=True)
class Give:
    """The call returns a new fd from which `text` can be read."""

    name: str
    text: str
    flags: int


Answer = Fail | Give | None
"""None: the kernel shall run the call."""


class Supervisor:
    """Answers for one profile on one listener fd."""

    def __init__(self, profile: Profile, listener: int) -> None:
        self._listener = listener
        self._memory = _Memory(_LONGEST)
        self._response = SeccompNotifResp()
        self._deciders: dict[int, Callable[[Call], Answer]] = {}
        self._rules: dict[int, list[Rule]] = {}
        self._uname = dict(profile.uname)
        self._patterns = [(re.compile(glob(path)), file) for file in profile.files for path in file.paths]
        last = (glob(path.rpartition("/")[2]) for file in profile.files for path in file.paths)
        self._last = re.compile("|".join(sorted(set(last))))
        for name in profile.notified:
            number = profile.number(name)
            if number is None:
                continue
            self._rules[number] = [rule for rule in profile.rules if name in rule.syscalls]
            if name == "uname" and self._uname:
                self._deciders[number] = self._decide_uname
            elif name in OPENERS and self._patterns:
                self._deciders[number] = partial(self._decide_open, OPENERS[name])

    def answer(self) -> None:
        """Take up one call and answer it. Returns without an answer when the process has died meanwhile."""
        received = SeccompNotif()
        try:
            fcntl.ioctl(self._listener, SECCOMP_IOCTL_NOTIF_RECV, received)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.EINTR):
                return
            raise
        call = Call(received.id, received.pid, received.data.nr, tuple(received.data.args))
        try:
            answer = self._decide(call)
        except OSError:
            answer = None  # it cannot be looked at: the kernel knows what to say
        try:
            self._send(call, answer)
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise

    def _decide(self, call: Call) -> Answer:
        for rule in self._rules[call.number]:
            if all(self._holds(call, condition) for condition in rule.when):
                return Fail(rule.errno)
        decider = self._deciders.get(call.number)
        return decider(call) if decider else None

    def _holds(self, call: Call, condition: Condition) -> bool:
        argument = call.args[condition.arg]
        match condition.op:
            case "string":
                return self._string(call, argument) in condition.strings
            case "socket":
                return _is_socket(call.pid, argument & 0xFFFFFFFF, condition.values[0], condition.protocol)
        return condition.holds(argument)

    def _decide_uname(self, call: Call) -> Answer:
        names = _names_of(call.pid)
        fields = dict(zip(("sysname", "nodename", "release", "version", "machine", "domainname"), names, strict=True))
        fields |= {name: self._uname[name].encode() for name in UNAME_FIELDS if name in self._uname}
        packed = b"".join(value.ljust(UTS_FIELD, b"\0") for value in fields.values())
        # Between the look at the caller's namespace and the write another process may have got its id.
        fcntl.ioctl(self._listener, SECCOMP_IOCTL_NOTIF_ID_VALID, call.id.to_bytes(8, sys.byteorder))
        try:
            _write(call.pid, call.args[0], packed)
        except OSError as error:
            if error.errno != errno.EFAULT:
                raise
            return Fail(errno.EFAULT)
        return Fail(0)

    def _decide_open(self, position: int, call: Call) -> Answer:
        path = self._string(call, call.args[position])
        if path is None or not self._last.fullmatch(path.rpartition("/")[2]):
            return None
        file = self._file(_absolute(call, path, at=call.args[0] & 0xFFFFFFFF if position else _AT_FDCWD))
        if file is None:
            return None
        if file.text is None:
            return Fail(file.errno)
        flags = call.args[position + 1] & 0xFFFFFFFF
        if flags & (os.O_ACCMODE | os.O_PATH | os.O_DIRECTORY | os.O_CREAT):
            return None
        return Give(posixpath.basename(path), file.text, flags)

    def _file(self, path: str) -> File | None:
        return next((file for pattern, file in self._patterns if pattern.fullmatch(path)), None)

    def _string(self, call: Call, address: int) -> str | None:
        """The text at an address of the caller; None if it is longer than any that a profile may speak of."""
        text, end, _ = self._memory.read(call.pid, address).partition(b"\0")
        return os.fsdecode(text) if end else None

    def _send(self, call: Call, answer: Answer) -> None:
        match answer:
            case None:
                self._respond(call, flags=SECCOMP_USER_NOTIF_FLAG_CONTINUE)
            case Fail(number):
                self._respond(call, error=-number)
            case Give(name, text, flags):
                fd = _readable(name, text, flags)
                try:
                    # The new fd is the call's result, in one step (Linux 5.14).
                    added = SeccompNotifAddfd(
                        id=call.id, flags=SECCOMP_ADDFD_FLAG_SEND, srcfd=fd, newfd_flags=flags & os.O_CLOEXEC
                    )
                    fcntl.ioctl(self._listener, SECCOMP_IOCTL_NOTIF_ADDFD, bytes(added))
                finally:
                    os.close(fd)

    def _respond(self, call: Call, *, error: int = 0, flags: int = 0) -> None:
        self._response.id, self._response.error, self._response.flags = call.id, error, flags
        fcntl.ioctl(self._listener, SECCOMP_IOCTL_NOTIF_SEND, self._response)


_AT_FDCWD = AT_FDCWD & 0xFFFFFFFF
_LONGEST = 256
_PAGE = os.sysconf("SC_PAGESIZE")


class _Memory:
    """Reads other processes' memory into some of its own, which is made once: that happens at every open(2)."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._data = Buffer(size)
        self._local = bytes(Iovec(self._data.address, size))

    def read(self, pid: int, address: int) -> bytes:
        """What a process has there, as much as there is room for; less where the next page cannot be read.

        Raises OSError.
        """
        here = min(self._size, _PAGE - address % _PAGE)
        # The kernel stops between pieces, not within one, so the two pages are a piece each (process_vm_readv(2)).
        remote = TwoIovecs(address, here, address + here, self._size - here)
        count = process_vm_readv(pid, self._local, 1, remote, 2 if here < self._size else 1, 0)
        return bytes(self._data)[:count]


def _write(pid: int, address: int, data: bytes) -> None:
    """Write into a process's memory, as far as the process itself may. Raises OSError."""
    buffer = Buffer(data)
    size = len(data)
    if process_vm_writev(pid, Iovec(buffer.address, size), 1, Iovec(address, size), 1, 0) != size:
        raise OSError(errno.EFAULT, os.strerror(errno.EFAULT))


def _is_socket(pid: int, fd: int, family: int, protocol: int | None) -> bool:
    """Whether a process's fd is a socket of this family and protocol (None: any). Raises OSError."""
    if not stat.S_ISSOCK(Path(f"/proc/{pid}/fd/{fd}").stat().st_mode):
        return False
    with socket.socket(family, fileno=_fd_of(pid, fd)) as mine:  # told the family, it does not ask for everything
        if mine.getsockopt(socket.SOL_SOCKET, socket.SO_DOMAIN) != family:
            return False
        return protocol in (None, mine.getsockopt(socket.SOL_SOCKET, socket.SO_PROTOCOL))


def _fd_of(pid: int, fd: int) -> int:
    """A duplicate of a process's fd (pidfd_getfd(2)). Raises OSError."""
    pidfd = _process_of(pid)
    try:
        return pidfd_getfd(pidfd, fd, 0)
    finally:
        os.close(pidfd)


def _process_of(thread: int) -> int:
    """A pidfd of the process of a thread, which is mostly the thread that it began with. Raises OSError."""
    try:
        return os.pidfd_open(thread)
    except OSError:
        status = Path(f"/proc/{thread}/status").read_text(encoding="utf-8", errors="replace")
        return os.pidfd_open(int(re.search(r"^Tgid:\s*(\d+)", status, re.MULTILINE)[1]))  # type: ignore[index] # it is always there


def _names_of(pid: int) -> list[bytes]:
    """struct new_utsname as this kernel fills it in for a process, whose host name may be its own."""
    own = f"/proc/{os.getpid()}/ns/uts"
    theirs = f"/proc/{pid}/ns/uts"
    if Path(own).readlink() == Path(theirs).readlink():
        return _own_names()
    back, there = os.open(own, os.O_RDONLY), os.open(theirs, os.O_RDONLY)
    try:
        try:
            setns(there, CLONE_NEWUTS)
        except OSError:
            return _own_names()  # without privilege the host name is ours
        try:
            return _own_names()
        finally:
            setns(back, CLONE_NEWUTS)
    finally:
        os.close(back)
        os.close(there)


def _own_names() -> list[bytes]:
    names = Buffer(6 * UTS_FIELD)
    uname(names)
    said = bytes(names)
    return [said[at : at + UTS_FIELD].partition(b"\0")[0] for at in range(0, names.size, UTS_FIELD)]


def _absolute(call: Call, path: str, at: int) -> str:
    """The path that a process means, as well as can be told without walking it. Raises OSError."""
    if not path.startswith("/"):
        directory = "cwd" if at == _AT_FDCWD else f"fd/{at}"
        path = posixpath.join(Path(f"/proc/{call.pid}/{directory}").readlink(), path)
    return re.sub("^//", "/", posixpath.normpath(path))


def _readable(name: str, text: str, flags: int) -> int:
    """A new fd, open for reading only, of a file without a name that holds `text`."""
    writable = os.memfd_create(name)
    try:
        os.write(writable, text.encode())
        os.fchmod(writable, 0o444)
        return os.open(f"/proc/self/fd/{writable}", os.O_RDONLY | os.O_CLOEXEC | flags & os.O_NONBLOCK)
    finally:
        os.close(writable)
