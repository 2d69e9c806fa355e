"""Passing descriptors and credentials: control messages of unix sockets (unix(7), cmsg(3))."""

from __future__ import annotations

import struct
from errno import EBADF, EINVAL, ENOPROTOOPT, EPERM, ETOOMANYREFS

import pytest

from cases.sockets._sockets import pair, set_int
from conformance.syscalls import Buffer, untraced
from conformance.syscalls.files.descriptors import F_GETFD, FD_CLOEXEC, dup, fcntl
from conformance.syscalls.files.opening import close
from conformance.syscalls.files.reading import pread64, read, write
from conformance.syscalls.help.child import in_child
from conformance.syscalls.help.paths import new_file
from conformance.syscalls.help.pipes import new_pipe
from conformance.syscalls.processes.credentials import setresuid
from conformance.syscalls.processes.identity import getpid
from conformance.syscalls.processes.limits import RLIMIT_NOFILE, Rlimit, setrlimit
from conformance.syscalls.sockets.controls import SCM_CREDENTIALS, SCM_PIDFD, SCM_RIGHTS
from conformance.syscalls.sockets.messages import (
    MSG_CMSG_CLOEXEC,
    MSG_CTRUNC,
    Message,
    control_message,
    recvmsg,
    sendmsg,
)
from conformance.syscalls.sockets.options import SO_PASSCRED, SO_PASSPIDFD, SOL_SOCKET, Ucred, setsockopt
from conformance.syscalls.sockets.socket import SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM

KINDS = pytest.mark.parametrize("kind", [SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET], ids=["stream", "dgram", "seqpacket"])


def rights(*fds: int) -> bytes:
    """A control message with descriptors."""
    return control_message(SOL_SOCKET, SCM_RIGHTS, struct.pack(f"={len(fds)}i", *fds))


def credentials(pid: int, uid: int, gid: int) -> bytes:
    """A control message with credentials."""
    return control_message(SOL_SOCKET, SCM_CREDENTIALS, bytes(Ucred(pid=pid, uid=uid, gid=gid)))


def send(fd: int, control: bytes) -> None:
    """A byte with a control message."""
    assert sendmsg(fd, Message(b"x", control=control).header, 0) == 1


def received_fds(message: Message) -> list[int]:
    """The descriptors in a message."""
    found = [data for level, kind, data in message.controls() if (level, kind) == (SOL_SOCKET, SCM_RIGHTS)]
    return [fd for data in found for fd in struct.unpack(f"={len(data) // 4}i", data)]


@KINDS
def test_descriptor_that_was_passed_is_the_same_file(kind: int) -> None:
    left, right = pair(kind)
    send(left, rights(new_file(b"file", b"hello", 0o600)))
    message = Message(8, control=64)
    assert recvmsg(right, message.header, 0) == 1
    (fd,) = received_fds(message)
    data = Buffer(8)
    assert pread64(fd, data, 8, 0) == 5
    assert data.take(5) == b"hello"


def test_descriptor_survives_the_senders_close() -> None:
    left, right = pair(SOCK_STREAM)
    fd = new_file(b"file", b"hello", 0o600)
    send(left, rights(fd))
    close(fd)
    close(left)
    message = Message(8, control=64)
    assert recvmsg(right, message.header, 0) == 1
    (passed,) = received_fds(message)
    assert pread64(passed, Buffer(8), 8, 0) == 5


def test_descriptor_reaches_another_process() -> None:
    left, right = pair(SOCK_STREAM)

    def sender() -> None:
        send(left, rights(new_file(b"file", b"hello", 0o600)))

    assert in_child(sender) == 0
    message = Message(8, control=64)
    assert recvmsg(right, message.header, 0) == 1
    (fd,) = received_fds(message)
    assert pread64(fd, Buffer(8), 8, 0) == 5


@pytest.mark.parametrize(("flags", "expected"), [(0, 0), (MSG_CMSG_CLOEXEC, FD_CLOEXEC)], ids=["plain", "cloexec"])
def test_receiver_decides_whether_it_closes_on_execve(flags: int, expected: int) -> None:
    left, right = pair(SOCK_STREAM)
    send(left, rights(new_file(b"file", b"hello", 0o600)))
    message = Message(8, control=64)
    assert recvmsg(right, message.header, flags) == 1
    (fd,) = received_fds(message)
    assert fcntl(fd, F_GETFD) == expected


def test_descriptors_without_room_are_closed_and_the_message_says_so() -> None:
    """Room for one of two; the other is not left open: the pipe's end is seen to be gone."""
    left, right = pair(SOCK_STREAM)
    reader, writer = new_pipe()
    send(left, rights(dup(left), writer))
    close(writer)
    message = Message(8, control=20)
    assert recvmsg(right, message.header, 0) == 1
    assert message.header.flags & MSG_CTRUNC
    assert len(received_fds(message)) == 1
    assert read(reader, Buffer(1), 1) == 0


def test_bad_descriptor_is_ebadf() -> None:
    left, _ = pair(SOCK_STREAM)
    sendmsg.fails_with(EBADF, left, Message(b"x", control=rights(999)).header, 0)


def test_more_than_253_descriptors_are_einval() -> None:
    """SCM_MAX_FD, unix(7)."""
    left, right = pair(SOCK_STREAM)
    send(left, rights(*[left] * 253))
    message = Message(8, control=2048)
    assert recvmsg(right, message.header, 0) == 1
    assert len(received_fds(message)) == 253
    sendmsg.fails_with(EINVAL, left, Message(b"x", control=rights(*[left] * 254)).header, 0)


@pytest.mark.needs("root")
def test_descriptors_in_flight_are_limited() -> None:
    """Beyond RLIMIT_NOFILE, for the unprivileged: ETOOMANYREFS (Linux 4.5)."""
    left, right = pair(SOCK_STREAM)
    setrlimit(RLIMIT_NOFILE, Rlimit(cur=64, max=64))
    setresuid(65533, 65533, 65533)
    with untraced():  # whether the limit itself still passes has changed between releases
        for _ in range(10):
            error = sendmsg.result_of(left, Message(b"x", control=rights(*[right] * 10)).header, 0)[1]
    assert error == ETOOMANYREFS


def test_control_message_shorter_than_its_head_is_einval() -> None:
    left, _ = pair(SOCK_STREAM)
    short = struct.pack("Qii", 8, SOL_SOCKET, SCM_RIGHTS)
    sendmsg.fails_with(EINVAL, left, Message(b"x", control=short).header, 0)


@KINDS
def test_credentials_come_unasked_where_they_are_wanted(kind: int) -> None:
    left, right = pair(kind)
    set_int(right, SOL_SOCKET, SO_PASSCRED, 1)
    assert write(left, b"x", 1) == 1
    message = Message(8, control=64)
    assert recvmsg(right, message.header, 0) == 1
    ((_, found, data),) = message.controls()
    assert found == SCM_CREDENTIALS
    assert Ucred.parse(data).pid == getpid()


@pytest.mark.needs("root")
def test_privileged_process_may_claim_another_user() -> None:
    left, right = pair(SOCK_DGRAM)
    set_int(right, SOL_SOCKET, SO_PASSCRED, 1)
    send(left, credentials(getpid(), 1234, 5678))
    message = Message(8, control=64)
    recvmsg(right, message.header, 0)
    ((_, _, data),) = message.controls()
    sender = Ucred.parse(data)
    assert (sender.pid, sender.uid, sender.gid) == (getpid(), 1234, 5678)


@pytest.mark.needs("root")
def test_unprivileged_process_may_claim_no_other_user_and_no_other_process() -> None:
    left, _ = pair(SOCK_DGRAM)
    setresuid(65534, 65534, 65534)
    sendmsg.fails_with(EPERM, left, Message(b"x", control=credentials(getpid(), 0, 0)).header, 0)
    sendmsg.fails_with(EPERM, left, Message(b"x", control=credentials(1, 65534, 0)).header, 0)


def test_stream_does_not_join_data_of_messages_with_different_descriptors() -> None:
    left, right = pair(SOCK_STREAM)
    send(left, rights(left))
    send(left, rights(right))
    message = Message(8, control=64)
    assert recvmsg(right, message.header, 0) == 1
    assert len(received_fds(message)) == 1


def test_descriptor_of_the_sending_process_comes_where_it_is_wanted() -> None:
    """SO_PASSPIDFD (Linux 6.5)."""
    left, right = pair(SOCK_STREAM)
    unknown = (ENOPROTOOPT, EINVAL)
    setsockopt.or_missing("SO_PASSPIDFD", unknown, right, SOL_SOCKET, SO_PASSPIDFD, struct.pack("=i", 1), 4)
    write(left, b"x", 1)
    message = Message(8, control=64)
    assert recvmsg(right, message.header, 0) == 1
    ((level, kind, data),) = message.controls()
    assert (level, kind, len(data)) == (SOL_SOCKET, SCM_PIDFD, 4)
    close(struct.unpack("=i", data)[0])
