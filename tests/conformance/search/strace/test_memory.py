"""Memory of a log as memory of a program: what is said of it, and what is not."""

from __future__ import annotations

import pytest

from tests.conformance.search.strace.logs import calls_of, left_of

SOCKET = "1 socket(AF_INET, SOCK_STREAM, 0) = 3\n1 "


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            'bind(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, 16) = 0',
            "{sin_family=AF_INET, sin_port=80, sin_addr=INADDR_LOOPBACK}",
        ),
        (
            'bind(3, {sa_family=AF_INET6, sin6_port=htons(80), inet_pton(AF_INET6, "::", &sin6_addr)}, 28) = 0',
            "{sin6_family=AF_INET6, sin6_port=80}",
        ),
        ('bind(3, {sa_family=AF_UNIX, sun_path=@"x"}, 4) = 0', '{sun_family=AF_UNIX, sun_path="\\0x"}'),
        ('bind(3, {sa_family=AF_UNIX, sun_path="/run/x"}, 9) = 0', '{sun_family=AF_UNIX, sun_path="n0"}'),
        ('writev(3, [{iov_base="a"..., iov_len=4}], 1) = 4', '[{iov_base="a\\0\\0\\0", iov_len='),
        (
            "rt_sigaction(SIGINT, {sa_handler=0x7f0000, sa_mask=[INT], sa_flags=SA_RESTART}, NULL, 8) = 0",
            "{handler=HANDLER, flags=SA_RESTART, mask=2}",
        ),
        ("nanosleep({tv_sec=5, tv_nsec=50000000}, NULL) = 0", "{tv_nsec=0x989680}"),
        ("poll([{fd=3, events=POLLIN}], 1, -1) = 0", "{fd=r0, events=POLLIN}"),
        ("epoll_ctl(3, EPOLL_CTL_ADD, 3, {events=EPOLLIN, data={u32=7, u64=7}}) = 0", "{events=EPOLLIN, data=7}"),
    ],
)
def test_structs_are_said_by_their_members(line: str, said: str) -> None:
    assert said in calls_of(SOCKET + line)[-1]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('connect(3, {sa_family=AF_INET, sin_port=htons(1), sin_addr=inet_addr("8.8.8.8")}, 16) = 0', "none of this"),
        ('connect(3, {sa_family=AF_INET6, inet_pton(AF_INET6, "2::1", &sin6_addr)}, 28) = 0', "none of this machine's"),
        ('connect(3, {sa_family=AF_UNIX, sun_path="/run/x"}, 9) = 0', "another process's"),
        ("writev(3, [{iov_base=0x7f0000001234, iov_len=4}], 1) = 4", "what iov_base points to is not said"),
        ('writev(3, [{iov_base="a", iov_len=4}, ...], 9) = 4', "only in part"),
        ('sendto(3, "a"..., 1, 0, {what=1}, 9) = 1', "nothing is known of the member what"),
        ('setsockopt(3, SOL_SOCKET, SO_REUSEADDR, ["a"], 4) = 0', "an address has 8 bytes"),
    ],
)
def test_what_leads_out_of_a_program_is_left_out(line: str, why: str) -> None:
    (left,) = left_of(SOCKET + line)
    assert why in left
