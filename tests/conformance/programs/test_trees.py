"""Programs that share a process get the tree of a fresh one, whatever those before them did to it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.programs.execution import Execution
from conformance.programs.program import Argument, Memory, Program, Ref
from conformance.programs.wire import encode
from conformance.search.compare import differences
from conformance.search.generate import Generator
from tests.conformance.search.native import needs_executor, program, run

pytestmark = needs_executor

HERE = -100
PARTS = (b".", b"f0", b"d0", b"d0/f1", b"l0")
O_DIRECTORY, O_PATH, O_NOFOLLOW = 0o200000, 0o10000000, 0o400000
STATX, DO_NOT_FOLLOW = 0x17FF, 0x100
GET_RW_HINT, SET_RW_HINT = 1035, 1036
GETFLAGS, SETFLAGS = 0x80086601, 0x40086602
CREATE, WRITE_ONLY, READ_WRITE = 0o100, 1, 2
SOON = 0.1
"""Seconds, for calls that block."""
FLAG = Memory(b"\x80\0\0\0")
"""FS_NOATIME_FL (ioctl_iflags(2))."""


def text(of: bytes) -> Memory:
    return Memory(of + b"\0")


def room(size: int) -> Memory:
    return Memory(bytes(size), room=True)


def look() -> Program:
    """Everything that can be seen of a tree."""
    steps: list[tuple[str, *tuple[Argument, ...]]] = []

    def do(label: str, *args: Argument) -> Ref:
        steps.append((label, *args))
        return Ref(len(steps) - 1)

    for name in (b".", b"d0"):
        do("getdents64", do("openat", HERE, text(name), O_DIRECTORY, 0), room(512), 512)
    for name in PARTS:
        do("statx", HERE, text(name), DO_NOT_FOLLOW, STATX, room(256))
        do("llistxattr", text(name), room(100), 100)
    for name in PARTS[:4]:
        fd = do("openat", HERE, text(name), 0, 0)
        do("read", fd, room(100), 100)
        do("ioctl_getflags", fd, GETFLAGS, room(4))
        do("fcntl_get_rw_hint", fd, GET_RW_HINT, room(8))
    do("readlink", text(b"l0"), room(100), 100)
    do("getcwd", room(100), 100)
    return program(*steps)


def opened(name: bytes, flags: int, *then: tuple[str, *tuple[Argument, ...]]) -> Program:
    return program(("openat", HERE, text(name), flags, 0o600), *then)


CHANGES = {
    "nothing": program(("getuid",)),
    "a read": opened(b"f0", 0, ("read", Ref(0), room(9), 9)),
    "a byte": opened(b"f0", WRITE_ONLY, ("write", Ref(0), text(b""), 1)),
    "more": opened(b"f0", WRITE_ONLY, ("pwrite64", Ref(0), text(b"x"), 2, 5000)),
    "less": program(("truncate", text(b"f0"), 3)),
    "a hole": opened(b"f0", READ_WRITE, ("fallocate", Ref(0), 3, 0, 13)),
    "blocks": opened(b"f0", READ_WRITE, ("fallocate", Ref(0), 1, 0, 20000)),
    "a mode": program(("chmod", text(b"f0"), 0o4755)),
    "an owner": program(("lchown", text(b"l0"), 5, 5)),
    "times": program(("utimensat", HERE, text(b"f0"), Memory(b"\1" + bytes(31)), 0)),
    "times of a directory": program(("utimensat", HERE, text(b"."), Memory(b"\1" + bytes(31)), 0)),
    "a mode of a directory": program(("chmod", text(b"."), 0o700)),
    "a file": opened(b"new", CREATE),
    "a file below": opened(b"d0/new", CREATE),
    "a directory": program(("mkdir", text(b"d1"), 0o700), ("mkdir", text(b"d1/d2"), 0o700)),
    "a directory and its attribute": program(
        ("setxattr", text(b"."), text(b"user.a"), text(b"x"), 1, 0), ("mkdir", text(b"d1"), 0o700)
    ),
    "an attribute": program(("setxattr", text(b"f0"), text(b"user.a"), text(b"x"), 1, 0)),
    "an attribute and a byte": opened(
        b"f0",
        WRITE_ONLY,
        ("setxattr", text(b"f0"), text(b"user.a"), text(b"x"), 1, 0),
        ("write", Ref(0), text(b""), 1),
    ),
    "a flag": opened(b"f0", 0, ("ioctl_setflags", Ref(0), SETFLAGS, FLAG)),
    "a flag of a directory, and a file in it": opened(
        b"d0", O_DIRECTORY, ("ioctl_setflags", Ref(0), SETFLAGS, FLAG), ("mkdir", text(b"d0/d1"), 0o700)
    ),
    "a hint": opened(b"f0", WRITE_ONLY, ("fcntl_set_rw_hint", Ref(0), SET_RW_HINT, Memory(b"\2" + bytes(7)))),
    "a link": program(("link", text(b"f0"), text(b"f2"))),
    "a name": program(("rename", text(b"f0"), text(b"f2"))),
    "names swapped": program(("renameat2_swap", HERE, text(b"f0"), HERE, text(b"l0"), 2)),
    "a file that became a directory": program(("unlink", text(b"f0")), ("mkdir", text(b"f0"), 0o700)),
    "a link elsewhere": program(("unlink", text(b"l0")), ("symlink", text(b"d0"), text(b"l0"))),
    "nothing left": program(
        ("unlink", text(b"d0/f1")), ("rmdir", text(b"d0")), ("unlink", text(b"f0")), ("unlink", text(b"l0"))
    ),
    "its place": program(("chdir", text(b"d0")), ("mkdir", text(b"d1"), 0o700)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_change_is_undone(change: str) -> None:
    seen = look()
    ((_, fresh),) = run([seen])
    for _, shared in run([CHANGES[change], seen, CHANGES["nothing"], seen, CHANGES[change], seen], own=False)[1::2]:
        assert list(differences(Execution(encode(seen), fresh), Execution(encode(seen), shared))) == []


def test_changes_are_changes() -> None:
    """The look sees them, so that the test before can fail."""
    seen = look()
    ((encoded, fresh),) = run([seen])
    changes = [each for name, each in CHANGES.items() if name not in ("nothing", "a read", "its place")]
    joined = [Program((*each.steps, *shifted(seen, len(each.steps)).steps)) for each in changes]
    for made, (_, both) in zip(changes, run(joined), strict=True):
        changed = replace(both, results=both.results[len(made.steps) :])
        assert list(differences(Execution(encoded, fresh), Execution(encoded, changed))) != [], made


def shifted(of: Program, by: int) -> Program:
    """A program whose references are to steps that many later."""

    def moved(argument: Argument) -> Argument:
        return Ref(argument.step + by) if isinstance(argument, Ref) else argument

    return Program(tuple(type(step)(step.label, tuple(map(moved, step.args))) for step in of.steps))


def test_what_a_search_does_to_it_is_undone() -> None:
    """Of programs that a search draws, those of the chapters that share a process."""
    programs = [made for _, made in Generator(("files", "polling", "sockets"), 5).batch(1500)]
    seen = look()
    ((encoded, fresh),) = run([seen])
    shared = run([each for made in programs for each in (made, seen)], SOON, own=False)[1::2]
    expected = Execution(encoded, fresh)
    for made, (_, outcome) in zip(programs, shared, strict=True):
        assert list(differences(expected, Execution(encoded, outcome))) == [], made


def tree_after(*before: Program) -> int:
    """The inode number of the tree that a program gets in a process of its own, after others in theirs."""
    *_, (_, outcome) = run([*before, program(("newfstatat", HERE, text(b"."), room(144), 0))])
    result, (status,) = outcome.results[0]
    assert result == 0
    return int.from_bytes(status[8:16], "little")


def test_tree_that_no_program_has_reached_is_used_again() -> None:
    quiet = program(("prctl_set_name", 15, text(b"other")))
    assert tree_after(quiet, quiet) == tree_after()
    assert tree_after(quiet, CHANGES["a byte"], quiet) != tree_after()
