"""Socket options: what getsockopt(2) and setsockopt(2) take, keep and refuse (socket(7), ip(7), tcp(7))."""

from __future__ import annotations

import struct
from errno import (
    EBADF,
    EDOM,
    EFAULT,
    EINVAL,
    ENODEV,
    ENOENT,
    ENOPROTOOPT,
    ENOTSOCK,
    EOPNOTSUPP,
    EPERM,
)

import pytest

from cases.sockets._sockets import get_int, pair, set_int, size_of
from conformance.syscalls import Buffer, untraced
from conformance.syscalls.files.opening import O_RDONLY, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import write
from conformance.syscalls.processes.credentials import setresuid
from conformance.syscalls.sockets.ip import IP_TTL, IPV6_V6ONLY, TCP_KEEPCNT, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_NODELAY
from conformance.syscalls.sockets.messages import MSG_DONTWAIT, recvfrom
from conformance.syscalls.sockets.options import (
    SO_ATTACH_FILTER,
    SO_BINDTODEVICE,
    SO_BROADCAST,
    SO_DETACH_FILTER,
    SO_DOMAIN,
    SO_ERROR,
    SO_KEEPALIVE,
    SO_LINGER,
    SO_LOCK_FILTER,
    SO_MARK,
    SO_OOBINLINE,
    SO_PRIORITY,
    SO_RCVBUF,
    SO_RCVBUFFORCE,
    SO_RCVLOWAT,
    SO_RCVTIMEO,
    SO_REUSEADDR,
    SO_SNDBUF,
    SO_TYPE,
    SOL_SOCKET,
    getsockopt,
    setsockopt,
)
from conformance.syscalls.sockets.socket import (
    AF_INET,
    AF_INET6,
    AF_UNIX,
    IPPROTO_IP,
    IPPROTO_IPV6,
    IPPROTO_TCP,
    IPPROTO_UDP,
    SOCK_DGRAM,
    SOCK_STREAM,
    socket,
)


@pytest.mark.parametrize(
    ("level", "option"),
    [
        (SOL_SOCKET, SO_REUSEADDR),
        (SOL_SOCKET, SO_KEEPALIVE),
        (SOL_SOCKET, SO_BROADCAST),
        (SOL_SOCKET, SO_OOBINLINE),
        (IPPROTO_TCP, TCP_NODELAY),
    ],
    ids=["reuseaddr", "keepalive", "broadcast", "oobinline", "nodelay"],
)
def test_switch_is_off_and_can_be_turned_on(level: int, option: int) -> None:
    fd = socket(AF_INET, SOCK_STREAM, 0)
    assert get_int(fd, level, option) == 0
    set_int(fd, level, option, 5)
    assert get_int(fd, level, option) == 1
    set_int(fd, level, option, 0)
    assert get_int(fd, level, option) == 0


@pytest.mark.parametrize(
    ("name", "level", "option", "value"),
    [
        ("SO_PRIORITY", SOL_SOCKET, SO_PRIORITY, 3),
        ("SO_RCVLOWAT", SOL_SOCKET, SO_RCVLOWAT, 100),
        ("IP_TTL", IPPROTO_IP, IP_TTL, 33),
        ("TCP_KEEPIDLE", IPPROTO_TCP, TCP_KEEPIDLE, 99),
        ("TCP_KEEPINTVL", IPPROTO_TCP, TCP_KEEPINTVL, 11),
        ("TCP_KEEPCNT", IPPROTO_TCP, TCP_KEEPCNT, 4),
    ],
    ids=["priority", "rcvlowat", "ttl", "keepidle", "keepintvl", "keepcnt"],
)
def test_number_is_kept(name: str, level: int, option: int, value: int) -> None:
    fd = socket(AF_INET, SOCK_STREAM, 0)
    set_int(fd, level, option, value, name=name)
    assert get_int(fd, level, option, name=name) == value


def test_ipv6_only_is_kept() -> None:
    fd = socket(AF_INET6, SOCK_STREAM, 0)
    set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1)
    assert get_int(fd, IPPROTO_IPV6, IPV6_V6ONLY) == 1


@pytest.mark.parametrize("option", [SO_SNDBUF, SO_RCVBUF], ids=["sndbuf", "rcvbuf"])
def test_size_of_a_buffer_is_doubled(option: int) -> None:
    """socket(7): to allow space for bookkeeping overhead; the doubled value is returned."""
    fd = socket(AF_INET, SOCK_STREAM, 0)
    set_int(fd, SOL_SOCKET, option, 20_000)
    assert get_int(fd, SOL_SOCKET, option) == 40_000


@pytest.mark.parametrize(("option", "least"), [(SO_SNDBUF, 2048), (SO_RCVBUF, 256)], ids=["sndbuf", "rcvbuf"])
def test_size_of_a_buffer_has_a_floor(option: int, least: int) -> None:
    """socket(7); how much bookkeeping is added to the floor differs between releases."""
    fd = socket(AF_UNIX, SOCK_DGRAM, 0)
    set_int(fd, SOL_SOCKET, option, 1)
    with untraced():
        assert get_int(fd, SOL_SOCKET, option) >= least


@pytest.mark.needs("root")
def test_forcing_a_larger_buffer_takes_a_privilege() -> None:
    fd = socket(AF_UNIX, SOCK_DGRAM, 0)
    set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
    assert get_int(fd, SOL_SOCKET, SO_RCVBUF) == 128 << 20
    setresuid(65534, 65534, 65534)
    setsockopt.fails_with(EPERM, fd, SOL_SOCKET, SO_RCVBUFFORCE, struct.pack("=i", 64 << 20), 4)


def test_linger_is_a_switch_and_seconds() -> None:
    fd = socket(AF_INET, SOCK_STREAM, 0)
    setsockopt(fd, SOL_SOCKET, SO_LINGER, struct.pack("=ii", 1, 7), 8)
    value, length = Buffer(16), size_of(16)
    getsockopt(fd, SOL_SOCKET, SO_LINGER, value, length)
    assert length.int_at(0) == 8
    assert value.take(8) == struct.pack("=ii", 1, 7)


def test_receive_timeout_is_kept_and_must_be_a_time() -> None:
    fd = socket(AF_INET, SOCK_DGRAM, 0)
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, struct.pack("=qq", 3, 0), 16)
    value = Buffer(16)
    getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, value, size_of(16))
    assert bytes(value) == struct.pack("=qq", 3, 0)
    setsockopt.fails_with(EDOM, fd, SOL_SOCKET, SO_RCVTIMEO, struct.pack("=qq", 0, 1_000_000), 16)


def test_value_is_cut_to_the_room_that_there_is() -> None:
    fd = socket(AF_INET, SOCK_DGRAM, 0)
    value, length = Buffer(4), size_of(2)
    getsockopt(fd, SOL_SOCKET, SO_TYPE, value, length)
    assert length.int_at(0) == 2
    assert bytes(value) == struct.pack("=H", SOCK_DGRAM) + b"\xaa\xaa"


@pytest.mark.parametrize(
    ("family", "kind", "level"),
    [
        (AF_INET, SOCK_STREAM, SOL_SOCKET),
        (AF_INET, SOCK_STREAM, IPPROTO_IP),
        (AF_INET, SOCK_STREAM, IPPROTO_TCP),
        (AF_INET, SOCK_DGRAM, IPPROTO_UDP),
        (AF_INET6, SOCK_STREAM, IPPROTO_IPV6),
        (AF_UNIX, SOCK_STREAM, SOL_SOCKET),
    ],
    ids=["socket", "ip", "tcp", "udp", "ipv6", "unix"],
)
def test_unknown_option_is_enoprotoopt(family: int, kind: int, level: int) -> None:
    fd = socket(family, kind, 0)
    setsockopt.fails_with(ENOPROTOOPT, fd, level, 9999, struct.pack("=i", 1), 4)
    getsockopt.fails_with(ENOPROTOOPT, fd, level, 9999, Buffer(4), size_of(4))


@pytest.mark.parametrize("option", [SO_TYPE, SO_DOMAIN, SO_ERROR], ids=["type", "domain", "error"])
def test_option_that_can_only_be_read_is_enoprotoopt(option: int) -> None:
    fd = socket(AF_INET, SOCK_STREAM, 0)
    setsockopt.fails_with(ENOPROTOOPT, fd, SOL_SOCKET, option, struct.pack("=i", 1), 4)


def test_level_of_another_protocol_is_refused() -> None:
    """A unix socket has options of SOL_SOCKET alone, and says EOPNOTSUPP of every other level."""
    fd = socket(AF_UNIX, SOCK_STREAM, 0)
    setsockopt.fails_with(EOPNOTSUPP, fd, IPPROTO_TCP, TCP_NODELAY, struct.pack("=i", 1), 4)


def test_value_too_short_is_einval_and_one_nowhere_efault() -> None:
    fd = socket(AF_INET, SOCK_STREAM, 0)
    setsockopt.fails_with(EINVAL, fd, SOL_SOCKET, SO_KEEPALIVE, b"\1", 1)
    setsockopt.fails_with(EFAULT, fd, SOL_SOCKET, SO_KEEPALIVE, 8, 4)
    getsockopt.fails_with(EFAULT, fd, SOL_SOCKET, SO_KEEPALIVE, Buffer(4), 8)
    getsockopt.fails_with(EINVAL, fd, SOL_SOCKET, SO_KEEPALIVE, Buffer(4), Buffer(struct.pack("=i", -1)))


def test_file_is_enotsock_and_a_closed_descriptor_ebadf() -> None:
    fd = openat(AT_FDCWD, b".", O_RDONLY, 0)
    setsockopt.fails_with(ENOTSOCK, fd, SOL_SOCKET, SO_KEEPALIVE, struct.pack("=i", 1), 4)
    getsockopt.fails_with(EBADF, 999, SOL_SOCKET, SO_KEEPALIVE, Buffer(4), size_of(4))


@pytest.mark.needs("root")
def test_mark_takes_a_privilege() -> None:
    fd = socket(AF_INET, SOCK_DGRAM, 0)
    set_int(fd, SOL_SOCKET, SO_MARK, 42, name="SO_MARK")
    assert get_int(fd, SOL_SOCKET, SO_MARK, name="SO_MARK") == 42
    setresuid(65534, 65534, 65534)
    setsockopt.fails_with(EPERM, fd, SOL_SOCKET, SO_MARK, struct.pack("=i", 43), 4)


@pytest.mark.needs("root")
def test_socket_is_bound_to_a_device_by_name() -> None:
    fd = socket(AF_INET, SOCK_DGRAM, 0)
    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, b"lo\0", 3)
    name, length = Buffer(16), size_of(16)
    getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, length)
    assert name.take(length.int_at(0)) == b"lo\0"
    setsockopt.fails_with(ENODEV, fd, SOL_SOCKET, SO_BINDTODEVICE, b"absent\0", 7)


def attach(fd: int, *instructions: tuple[int, int, int, int]) -> None:
    """Attach a classic BPF program; its address is in the argument, so this is not traced."""
    program = Buffer(b"".join(struct.pack("=HBBI", *each) for each in instructions))
    with untraced():
        setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("=HxxxxxxQ", len(instructions), program.address), 16)


def test_filter_drops_what_it_does_not_let_through() -> None:
    left, right = pair(SOCK_DGRAM)
    # Load the first byte; let pass what begins with `y`.
    attach(right, (0x30, 0, 0, 0), (0x15, 0, 1, ord("y")), (0x06, 0, 0, 0xFFFF), (0x06, 0, 0, 0))
    write(left, b"no", 2)
    write(left, b"yes", 3)
    data = Buffer(8)
    assert recvfrom(right, data, 8, MSG_DONTWAIT, 0, 0) == 3
    assert data.take(3) == b"yes"


def test_filter_cuts_what_it_lets_through() -> None:
    left, right = pair(SOCK_DGRAM)
    attach(right, (0x06, 0, 0, 2))
    write(left, b"hello", 5)
    assert recvfrom(right, Buffer(8), 8, MSG_DONTWAIT, 0, 0) == 2


def test_filter_can_be_detached_unless_it_is_locked() -> None:
    """SO_LOCK_FILTER (Linux 3.9)."""
    fd = socket(AF_UNIX, SOCK_DGRAM, 0)
    setsockopt.fails_with(ENOENT, fd, SOL_SOCKET, SO_DETACH_FILTER, bytes(4), 4)
    attach(fd, (0x06, 0, 0, 0))
    setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, bytes(4), 4)
    attach(fd, (0x06, 0, 0, 0))
    set_int(fd, SOL_SOCKET, SO_LOCK_FILTER, 1)
    setsockopt.fails_with(EPERM, fd, SOL_SOCKET, SO_DETACH_FILTER, bytes(4), 4)


def test_filter_that_jumps_out_of_itself_is_einval() -> None:
    fd = socket(AF_UNIX, SOCK_DGRAM, 0)
    program = Buffer(struct.pack("=HBBI", 0x05, 0, 0, 100) + struct.pack("=HBBI", 0x06, 0, 0, 0))
    with untraced():  # as in `attach`
        head = struct.pack("=HxxxxxxQ", 2, program.address)
        setsockopt.fails_with(EINVAL, fd, SOL_SOCKET, SO_ATTACH_FILTER, head, 16)
