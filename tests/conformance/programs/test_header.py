"""The world of programs is one: the executor is compiled with it, reproducers begin with it, choices come from it."""

from __future__ import annotations

import shutil
import signal
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.programs import header, wire
from conformance.programs.program import Argument, Memory, Program, Ref
from conformance.programs.wire import Encoded, ProgramOutcome, State, whole
from conformance.protocol import agent, executor
from conformance.search.reproducer import calls_c, whole_c
from conformance.syscalls import pseudo
from conformance.syscalls.machinery import choices, world
from conformance.syscalls.machinery.buffers import U32, Struct
from conformance.syscalls.machinery.touches import EVERYTHING, FILES
from tests.conformance.search.native import needs_executor, program, run_one
from tests.executors import room, text

needs_compiler = pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler: apt install gcc")

CAPABILITY_VERSION_3 = 0x20080522
PR_CAPBSET_READ, PR_GET_NAME = 23, 16
O_RDWR, LOCK_EX, LOCK_NB = 2, 2, 4
PIDS = ("getpid", "spawn_raise", "spawn_lock", "wait4")


class Shorter(Struct):
    """Another report."""

    uid: U32


def in_the_source() -> dict[str, str]:
    """The headers as the executor is compiled with them."""
    return {name: (header.FOLDER / name).read_text() for name in header.headers()}


def test_c_headers_are_what_the_modules_say() -> None:
    assert in_the_source() == header.headers(), "python -m conformance.programs.header"


@pytest.mark.parametrize(
    ("of", "name", "value"),
    [
        (world, "DATA", 1 << 44),
        (world, "ARENA_PAGES", 65),
        (world, "HANDLER_CODE", ((b"\xc3", "ret"),)),
        (world, "FILE_HAS", b"other"),
        (world, "LIMITS", {"RLIMIT_CORE": (4, 0, 1)}),
        (world, "DROPPED_CAPABILITIES", {"CAP_CHOWN": 0}),
        (world, "UMASK", 0),
        (header, "POISON", 0x55),
        (agent, "PORT", "another"),
        (executor, "VERSION", 8),
        (executor, "RUN", 3),
        (wire, "STORE", 5),
        (wire, "SLOTS", 65),
        (wire, "State", wire.Wish),
        (wire, "Wish", State),
        (header, "EVERYTHING", EVERYTHING & ~FILES),
        (pseudo, "SPAWN_FLOCK", 6),
        (pseudo, "LOAD", 0x8009),
        (pseudo, "CHILD_UMASK", 9),
        (pseudo, "DEEDS", {"CHILD_PAUSES": 0}),
        (pseudo, "ExecReport", Shorter),
    ],
)
def test_what_changes_there_changes_in_it(
    of: object, name: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(of, name, value)
    assert header.headers() != in_the_source()


def test_names_in_the_tree_are_a_letter_each_and_the_same_digit() -> None:
    """The executor finds by it which of them a program names."""
    names = [world.FILE, world.DIRECTORY, world.LINK]
    assert [len(name) for name in names] == [2, 2, 2]
    assert len({name[0] for name in names}) == 3
    assert len({name[1] for name in names}) == 1
    assert world.FILE_BELOW.startswith(world.DIRECTORY + b"/")


def test_paths_that_programs_are_given_name_all_of_the_tree() -> None:
    given = {each.data.rstrip(b"\0") for each in choices.PATHS.named if isinstance(each, choices.Blob)}
    assert {world.FILE, world.DIRECTORY, world.FILE_BELOW, world.LINK} <= given


def files() -> Iterator[tuple[str, *tuple[Argument, ...]]]:
    """Calls that show the tree."""
    for name in (world.FILE, world.DIRECTORY, world.FILE_BELOW, world.LINK):
        yield "lstat", Memory(name + b"\0"), room(144)
        yield "readlink", Memory(name + b"\0"), room(64), 64
    for at, name in ((8, world.FILE), (10, world.FILE_BELOW)):
        yield "open", Memory(name + b"\0"), 0, 0
        yield "read", Ref(at), room(64), 64


HEADER = Memory(CAPABILITY_VERSION_3.to_bytes(4, "little") + bytes(4))
ACTION = Memory(struct.pack("<QQQQ", world.HANDLER, 0x04000000, world.RESTORER, 0))
LOOKS = {
    "limits": program(*(("getrlimit", which, room(16)) for which in range(16))),
    "capabilities": program(
        ("capget", HEADER, room(24)), *(("prctl_capbset", PR_CAPBSET_READ, each) for each in range(10, 64))
    ),
    "names": program(("prctl_get_name", PR_GET_NAME, room(16)), ("uname", room(390)), ("umask", 0)),
    "files": program(*files()),
    "memory": program(
        *(("load", at) for at in (world.DATA, world.READ_ONLY, world.READ_ONLY + world.PAGE - 8, world.SIGLOG)),
        *(("load", at + 8 * n) for at in (world.HANDLER, world.RESTORER, world.OTHER_HANDLER) for n in range(4)),
        *(("munmap", at, world.PAGE) for at in (world.ARENA, world.READ_ONLY, world.DATA + world.EDGES[3])),
    ),
    "a signal": program(
        ("rt_sigaction", signal.SIGUSR1, ACTION, 0, 8),
        ("getpid",),
        ("kill", Ref(1), signal.SIGUSR1),
        ("load", world.SIGLOG + signal.SIGUSR1),
    ),
    "children": program(
        ("spawn_raise", pseudo.SPAWN_RAISE, signal.SIGKILL),
        ("open", text(world.FILE.decode()), O_RDWR, 0),
        ("spawn_lock", pseudo.SPAWN_FLOCK, Ref(1)),
        ("open", text(world.FILE.decode()), O_RDWR, 0),
        ("flock", Ref(3), LOCK_EX | LOCK_NB),
        ("wait4", Ref(0), room(4), 0, 0),
    ),
    "a new image": program(("exec_report", room(104))),
}
COMPARED = {"lstat": ((24, 12), (48, 8)), "uname": ((65, 65),), "exec_report": ((0, 88),)}
"""Offsets and sizes of what is compared of what a call writes: not times, inodes, releases, the name of a file."""


def expected(made: Program, outcome: ProgramOutcome, encoded: Encoded, at: int) -> Iterator[str]:
    """What the executor says of a call, as a check in C."""
    label = made.steps[at].label
    result, buffers = outcome.results[at]
    yield f'expect({f"r{at} > 0" if label in PIDS else f"r{at} == {result}L"}, "{result}");'
    for seen, content in zip(encoded.observed[at], buffers, strict=True):
        data = whole(content, seen.size)
        for start, size in COMPARED.get(label, ((0, seen.size),)):
            numbers = ", ".join(map(str, data[start : start + size]))
            place = f"(void *)(DATA + {seen.offset + start})"
            yield f'{{ unsigned char is[] = {{ {numbers} }}; expect(!memcmp({place}, is, {size}), "other bytes"); }}'


@needs_executor
@needs_compiler
@pytest.mark.parametrize("look", LOOKS)
def test_reproducer_lives_in_the_world_that_the_executor_makes(look: str, tmp_path: Path) -> None:
    made = LOOKS[look]
    encoded, outcome = run_one(made)
    assert (outcome.state, len(outcome.results)) == (State.DONE, len(made.steps))
    body = calls_c(encoded, lambda at: expected(made, outcome, encoded, at))
    source = whole_c(body, look, "the executor", surroundings="tree.c.in").replace(
        "@CHROOT@", str(int("image" not in look))
    )
    (tmp_path / "repro.c").write_text(source)
    subprocess.run(["cc", "-Wall", "-Wno-unused", "-Werror", "repro.c"], cwd=tmp_path, check=True, timeout=60)
    done = subprocess.run([tmp_path / "a.out"], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stdout
