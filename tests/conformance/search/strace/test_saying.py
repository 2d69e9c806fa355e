"""Whole logs, said."""

from __future__ import annotations

from conformance.search.strace.lines import read_log
from conformance.search.strace.saying import say
from tests.conformance.search.strace.logs import CAT, PAIR, SERVER, TAR, calls_of, left_of


def test_what_cat_does_is_said_but_for_what_a_program_does_not_have() -> None:
    assert calls_of(CAT) == [
        "brk(NULL)",
        "mmap(ARENA, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS, -1, 0)",
        'access("n0", R_OK)',
        'r3 = openat(AT_FDCWD, "f0", O_CLOEXEC)',
        "read(r3, room(832), 832)",
        'newfstatat(r3, "", room, AT_EMPTY_PATH)',
        "close(r3)",
        "mprotect(ARENA+0x1000, 4096, PROT_READ)",
        'mknodat(AT_FDCWD, "f1", 0100644, 0)',
        'r9 = openat(AT_FDCWD, "f1", O_RDONLY)',
        "read(r9, room(4096), 4096)",
        "close(r9)",
        "exit_group(0)",
    ]
    assert [line.split(":")[0] for line in left_of(CAT)] == ["line 1", "line 8", "line 10", "line 12", "line 13"]


def test_both_ends_of_a_pair_are_told_apart() -> None:
    assert calls_of(PAIR)[2:6] == [
        'sendto(r0.fds[0], "hello", 5, 0, NULL, 0)',
        "recvfrom(r0.fds[1], room(10), 10, 0, NULL, NULL)",
        "close(r0.fds[0])",
        "close(r0.fds[1])",
    ]


def test_a_directory_is_gone_through_by_its_fd() -> None:
    said = calls_of(TAR)
    assert said[1:4] == [
        'r1 = openat(AT_FDCWD, "d0", O_NONBLOCK|O_DIRECTORY|O_CLOEXEC)',
        'newfstatat(r1, "f1", room, AT_SYMLINK_NOFOLLOW)',
        'r3 = openat(r1, "f1", O_NOCTTY|O_NONBLOCK|O_NOFOLLOW|O_CLOEXEC)',
    ]
    assert "ppoll({fd=r5, events=POLLIN}, 1, {}, u64[0x100000002], 8)" in said
    assert len(left_of(TAR)) == 4


def test_a_server_is_said_up_to_its_clients() -> None:
    assert calls_of(SERVER)[-1] == 'connect(r7, {sun_family=AF_UNIX, sun_path="n0"}, 110)'
    assert [line.partition(": ")[2] for line in left_of(SERVER)] == [
        "accept4: it waits for another process",
        "read: fd 5 comes from line 8, which is left out",
        "connect: its address is none of this machine's",
    ]


def test_what_cannot_be_read_is_left_out_for_what_its_call_does_first() -> None:
    _, left = say(read_log("1 clone(a=1) = 2\n1 close(what is) = 0").calls)
    assert ["no program makes it" in each.why for each in left] == [True, False]
    assert "cannot be read" in left[1].why
