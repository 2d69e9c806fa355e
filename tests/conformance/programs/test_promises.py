"""What a program does not promise to leave alone is undone for the next one, whatever it takes; what it does is not.

For every bit of the word of promises: a program that does the thing, and one that looks whether it has been done. That
the second sees it where the bit is promised falsely shows that the test could fail.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

import pytest

from conformance.programs.execution import Execution
from conformance.programs.program import Memory, Program, Ref
from conformance.programs.wire import Encoded, ProgramOutcome, State, encode
from conformance.search.compare import differences
from conformance.syscalls.machinery.touches import (
    CHILDREN,
    EVERYTHING,
    FILES,
    HIDDEN,
    IPC,
    LABELS,
    MEMORY,
    MOUNTS,
    NAMES,
    NETWORK,
    NOTHING,
    PLACE,
    PROCESS,
    Touches,
)
from conformance.syscalls.machinery.world import ARENA, DATA, PAGE
from tests.conformance.programs.test_trees import CHANGES, HERE, O_DIRECTORY, look, room, shifted, text
from tests.conformance.search.native import needs_executor, program, run_encoded

pytestmark = needs_executor

IN_TREE = FILES | LABELS | HIDDEN | PLACE | NAMES
LOOPBACK = Memory(struct.pack("<HH4s8x", 2, 0x0100, bytes([127, 0, 0, 1])))
DOWN = Memory(b"lo".ljust(16, b"\0") + bytes(24))
SIOCSIFFLAGS = 0x8914
KEY, CREATE = 0x77, 0o1600
MS_BIND = 0x1000
FIXED = 0x32
"""MAP_FIXED, MAP_ANONYMOUS and MAP_PRIVATE."""
TOLD = DATA + 128 + 2 * 24 + 19
"""Where getdents64(2) puts the first name that is neither `.` nor `..`: its memory lies behind that of the path."""


@dataclass(frozen=True)
class Deed:
    """A thing that a program does, and what sees that it has been done."""

    does: Program
    sees: Program
    beside: Touches = NOTHING
    """What else is promised falsely, both times: it would undo the thing as well."""


DEEDS = {
    FILES: Deed(CHANGES["a byte"], look()),
    LABELS: Deed(CHANGES["an attribute and a byte"], look()),
    HIDDEN: Deed(CHANGES["a hint"], look()),
    PLACE: Deed(program(("chdir", text(b"d0"))), program(("getcwd", room(100), 100)), beside=FILES),
    NAMES: Deed(
        program(
            ("openat", HERE, text(b"."), O_DIRECTORY, 0), ("getdents64", Ref(0), room(512), 512), ("lchown", TOLD, 5, 5)
        ),
        look(),
    ),
    PROCESS: Deed(program(("prctl_set_name", 15, text(b"other"))), program(("prctl_get_name", 16, room(16)))),
    MEMORY: Deed(program(("mmap", ARENA, PAGE, 3, FIXED, -1, 0)), program(("load", ARENA)), beside=PROCESS),
    IPC: Deed(
        program(("sethostname", text(b"other"), 5), ("semget", KEY, 1, CREATE)),
        program(("uname", room(390)), ("semget", KEY, 1, 0)),
    ),
    NETWORK: Deed(
        program(("socket", 2, 2, 0), ("ioctl", Ref(0), SIOCSIFFLAGS, DOWN)),
        program(("socket", 2, 1, 0), ("connect", Ref(0), LOOPBACK, 16)),
    ),
    MOUNTS: Deed(
        program(("mount", text(b"d0"), text(b"d0"), text(b"none"), MS_BIND, 0)),  # what is in the tree stays
        program(("umount2", text(b"d0"), 0)),
    ),
    CHILDREN: Deed(
        program(("spawn_exit", 0, 42), ("wait4", Ref(0), room(4), 0, 0)),
        program(("getrusage", -1, room(144))),
        beside=PROCESS,
    ),
}


def touching(of: Program, touched: Touches) -> Encoded:
    """A program that promises to leave alone all but what it is said to touch."""
    encoded = encode(of)
    return replace(encoded, data=encoded.data[:8] + struct.pack("<H", EVERYTHING & ~touched) + encoded.data[10:])


def touched_by(of: Program) -> Touches:
    """What a program does not promise to leave alone."""
    (untouched,) = struct.unpack_from("<H", encode(of).data, 8)
    return EVERYTHING & ~Touches(untouched)


def is_seen(deed: Deed, *before: Encoded) -> bool:
    """Whether what looks sees something else, in the surroundings that all programs share, than with none before it."""
    sees = touching(deed.sees, touched_by(deed.sees) & IN_TREE)
    ((_, fresh),) = run_encoded([sees])
    *done, (_, after) = run_encoded([*before, sees])
    assert all(result >= 0 for _, outcome in done for result, _ in outcome.results), "what was to be done has been done"
    assert {outcome.state for _, outcome in done} == {State.DONE}
    return differs(deed, sees, fresh, after)


def differs(deed: Deed, sees: Encoded, fresh: ProgramOutcome, after: ProgramOutcome) -> bool:
    """Whether two looks do. Of the tree, times and inodes are always others."""
    if deed.sees == look():
        return next(iter(differences(Execution(sees, fresh), Execution(sees, after))), None) is not None
    return fresh != after


def test_every_bit_is_looked_at() -> None:
    assert set(DEEDS) == set(EVERYTHING)


@pytest.mark.parametrize("bit", DEEDS, ids=lambda bit: str(bit.name))
def test_what_is_not_promised_is_undone(bit: Touches) -> None:
    deed = DEEDS[bit]
    touched = touched_by(deed.does)
    assert bit in touched, "the description says it"
    assert not is_seen(deed, touching(deed.does, touched))
    assert not is_seen(deed, touching(deed.does, touched & ~deed.beside)), "this bit is enough"
    assert not is_seen(deed, touching(deed.does, EVERYTHING)), "a header of zeros"


@pytest.mark.parametrize("bit", DEEDS, ids=lambda bit: str(bit.name))
def test_what_is_promised_falsely_is_seen(bit: Touches) -> None:
    deed = DEEDS[bit]
    assert is_seen(deed, touching(deed.does, touched_by(deed.does) & ~deed.beside & ~bit))


def test_program_that_does_everything_and_promises_nothing_leaves_nothing() -> None:
    everything = DEEDS[NAMES].does  # its memory must be where it alone has it
    for bit in (*(bit for bit in DEEDS if bit not in (NAMES, PLACE)), PLACE):
        everything = Program((*everything.steps, *shifted(DEEDS[bit].does, len(everything.steps)).steps))
    assert touched_by(everything) == EVERYTHING
    wild = touching(everything, EVERYTHING)
    assert wild.data[8:10] == bytes(2)
    for deed in DEEDS.values():
        assert not is_seen(deed, wild, wild)
