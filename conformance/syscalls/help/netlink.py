"""Conversations with the kernel by netlink: what a case asks, and what it is answered.

What a kernel sends is received untraced: lengths, counters and the attributes that a release adds differ between
kernels, while what a case asserts of them does not.
"""

from __future__ import annotations

import struct
from errno import EAGAIN, ENOPROTOOPT

from conformance.syscalls.help.waiting import in_vain, patience, ready
from conformance.syscalls.machinery.buffers import Buffer
from conformance.syscalls.machinery.call import untraced
from conformance.syscalls.polling.poll import POLLIN
from conformance.syscalls.sockets.addresses import sockaddr_nl
from conformance.syscalls.sockets.connections import bind, getsockname
from conformance.syscalls.sockets.messages import MSG_DONTWAIT, recvfrom, sendto
from conformance.syscalls.sockets.netlink import (
    NLM_F_ACK,
    NLM_F_DUMP,
    NLM_F_MULTI,
    NLM_F_REQUEST,
    NLMSG_DONE,
    NLMSG_ERROR,
    NetlinkMessage,
    messages,
    request,
)
from conformance.syscalls.sockets.options import SOL_NETLINK, setsockopt
from conformance.syscalls.sockets.socket import AF_NETLINK, SOCK_CLOEXEC, SOCK_RAW, socket

ANSWERS_WITHIN = 2.0
"""Seconds to wait for what the kernel is bound to send: it has sent it when the call returns that causes it, and an
emulation that sends nothing is waited for in a dozen cases. So this is less than `waiting.PATIENCE`."""


ANSWER = "an answer by netlink"
"""What a kernel owes to a request; an event, as `patience` takes it."""


class NetlinkTimeout(AssertionError):
    """Nothing came from the kernel, although it was bound to send something."""


def netlink_socket(protocol: int, *, groups: int = 0) -> int:
    """A raw netlink socket, bound to a port id of the kernel's choice and to `groups`, a bit mask."""
    fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol)
    bind(fd, sockaddr_nl(groups=groups), 12)
    return fd


def port_of(fd: int) -> int:
    """The port id that a netlink socket is bound to."""
    address, length = Buffer(12), Buffer(struct.pack("=I", 12))
    getsockname(fd, address, length)
    return address.int_at(4)


def set_netlink_option(fd: int, option: int, value: int, name: str) -> None:
    """Set an option of SOL_NETLINK, an int. A target that does not know it lacks it, by its name."""
    setsockopt.or_missing(name, ENOPROTOOPT, fd, SOL_NETLINK, option, struct.pack("=i", value), 4)


def send(fd: int, message: bytes) -> None:
    """Send a message to the kernel."""
    assert sendto(fd, message, len(message), 0, sockaddr_nl(), 12) == len(message)


def readable(fd: int, seconds: float = ANSWERS_WITHIN) -> bool:
    """Whether `fd` becomes readable within `seconds`, or has an error to tell. Not traced."""
    return bool(ready(fd, POLLIN, seconds))


def receive_bytes(fd: int, seconds: float = ANSWERS_WITHIN, event: str = ANSWER) -> bytes:
    """The next datagram, which brings `event`. Not traced.

    Raises NetlinkTimeout when there is none within `seconds`, or sooner where the target has shown not to send such an
    event; OSError when receiving fails (ENOBUFS, say).
    """
    if not readable(fd, patience(event, seconds)):
        if seconds:  # without, it was not waited for
            in_vain(event)
        raise NetlinkTimeout("nothing was received in time")
    room = Buffer(1 << 16)
    with untraced():
        return room.take(recvfrom(fd, room, len(room), 0, 0, 0))


def receive(fd: int, seconds: float = ANSWERS_WITHIN, event: str = ANSWER) -> list[NetlinkMessage]:
    """The messages of the next datagram; raises as `receive_bytes` does. Not traced."""
    return messages(receive_bytes(fd, seconds, event))


def hears_nothing(fd: int) -> bool:
    """Whether nothing is waiting to be received, at this moment. Not traced."""
    with untraced():
        return recvfrom.result_of(fd, Buffer(16), 16, MSG_DONTWAIT, 0, 0)[1] == EAGAIN


def ask(fd: int, message: bytes) -> list[NetlinkMessage]:
    """Send a request; all that answers it: up to NLMSG_DONE, NLMSG_ERROR, or the one message that is not a part.

    What was not asked for (events of groups that the socket is a member of) is passed over.
    """
    flags, sequence = struct.unpack_from("=HI", message, 6)
    send(fd, message)
    found: list[NetlinkMessage] = []
    while True:
        for answer in receive(fd):
            if answer.sequence != sequence:
                continue
            found.append(answer)
            parts = answer.flags & NLM_F_MULTI or flags & NLM_F_ACK
            if answer.kind in (NLMSG_ERROR, NLMSG_DONE) or not parts:
                return found


def verdict(fd: int, message: bytes) -> int:
    """Send a request that wants an acknowledgement; the errno that the kernel answers, 0 when it obeys."""
    return ask(fd, message)[-1].error


def dump(fd: int, kind: int, payload: bytes) -> list[NetlinkMessage]:
    """Everything of a kind, without the NLMSG_DONE that must end it. Raises OSError when the kernel refuses."""
    answers = ask(fd, request(kind, NLM_F_REQUEST | NLM_F_DUMP, payload))
    last = answers.pop()
    if last.error:
        raise OSError(last.error, f"dump of {kind} refused")
    assert last.kind == NLMSG_DONE, "a dump ended without NLMSG_DONE"
    return answers
