"""A glance says what the closer look says, or nothing."""

from __future__ import annotations

import inspect
import pkgutil
import re
import struct
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import conformance.syscalls
from conformance.programs.execution import Execution
from conformance.programs.harmful import touches
from conformance.programs.program import Memory, Program
from conformance.programs.wire import HEAD_OF_OUTCOME, Encoded, ProgramOutcome, State, encode
from conformance.protocol.executor import ProtocolError
from conformance.search import glance
from conformance.search.compare import ERRNO, ProgramDifference, differences
from conformance.search.generate import Generator
from conformance.search.glance import differences_of
from conformance.syscalls.files.status import STATX_ATIME, Stat, Statx, StatxTimestamp
from conformance.syscalls.machinery.kinds import Kind
from conformance.syscalls.machinery.touches import PROCESS
from conformance.syscalls.machinery.world import ARENA
from tests.conformance.search.drawn import likely
from tests.conformance.search.native import needs_executor, program, run

NOW = 1_700_000_000
ENOENT = 2
SOON = 0.1
"""Seconds, for calls that block."""


def room(size: int) -> Memory:
    return Memory(bytes(size), room=True)


def as_bytes(outcome: ProgramOutcome) -> bytes:
    """An outcome as an executor sends it."""
    head = outcome.state, outcome.detail, len(outcome.results), len(outcome.signals)
    data = bytearray(HEAD_OF_OUTCOME.pack(*head))
    for signal in outcome.signals:
        data += bytes(signal)
    for result, buffers in outcome.results:
        data += struct.pack("<q", result)
        for each in buffers:
            data += struct.pack("<H", len(each)) + each
    return bytes(data) + (struct.pack("<iQ", *outcome.fault) if outcome.fault else b"")


def done(*results: tuple[int, *tuple[bytes, ...]], state: State = State.DONE) -> bytes:
    return as_bytes(ProgramOutcome(state, 0, (), tuple((result, tuple(buffers)) for result, *buffers in results)))


def status(
    *, size: int = 26, dev: int = 5, ino: int = 3, mtime: int = NOW, ns: int = 123_456, mode: int = 0o100644
) -> bytes:
    return bytes(Stat(st_dev=dev, st_ino=ino, st_size=size, st_mtime=mtime, st_mtime_nsec=ns, st_mode=mode))


TWICE = program(("fstat", 3, room(144)), ("getuid",), ("fstat", 4, room(144)))


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """No closer look is taken."""
    monkeypatch.delattr(glance, "differences")


def found(made: Program, reference: bytes, target: bytes) -> list[tuple[int, str, str, str]]:
    return [
        (each.step, each.field, each.reference, each.target) for each in differences_of(encode(made), reference, target)
    ]


@pytest.mark.usefixtures("plain")
def test_times_and_numbers_of_devices_are_seen_to_be_the_kernels_choice() -> None:
    one = done((0, status()), (0,), (0, status(ino=4)))
    other = done((0, status(dev=9, ns=9_999, mtime=NOW + 1)), (0,), (0, status(dev=9, ino=4)))
    assert found(TWICE, one, other) == []


@pytest.mark.usefixtures("plain")
def test_errno_is_seen_where_results_part() -> None:
    one = done((0, status()), (0,), (0, status()))
    other = done((0, status(dev=9)), (0,), (-ENOENT, b""))
    assert found(TWICE, one, other) == [(2, ERRNO, "success", "ENOENT")]
    assert found(TWICE, other, one) == [(2, ERRNO, "ENOENT", "success")]


EXTENDED = program(("statx", 3, Memory(b"\0"), 0x1000, 0xFFF, room(256)))


def extended(
    *, mtime: int = NOW, ns: int = 123_456, reserved: int = 0, size: int = 0, spare: int = 0, mask: int = 0xFFF
) -> bytes:
    """A status whose times are structs of their own, and which has an array."""
    time = StatxTimestamp(tv_sec=mtime, tv_nsec=ns, pad=reserved)
    return bytes(Statx(stx_mask=mask, stx_mode=0o100644, stx_size=size, stx_mtime=time, spare=(spare,)))


@pytest.mark.usefixtures("plain")
def test_members_of_structs_within_structs_are_looked_at_each_by_itself() -> None:
    one, other = done((0, extended())), done((0, extended(ns=9_999, mtime=NOW + 1, spare=7)))
    assert found(EXTENDED, one, other) == []


@pytest.mark.usefixtures("plain")
def test_times_that_were_not_asked_for_and_those_of_a_socket_are_not_looked_at() -> None:
    one, other = (done((0, extended(mtime=each, mask=0x7FF & ~0x40))) for each in (0, NOW))
    assert found(EXTENDED, one, other) == []
    one, other = (done((0, status(mtime=each, mode=0o140777)), (0,), (0, b"")) for each in (0, NOW))
    assert found(TWICE, one, other) == []


@pytest.mark.parametrize("other", [extended(reserved=1), extended(mtime=5), extended(size=1)])
def test_difference_within_a_struct_is_not_overlooked(other: bytes) -> None:
    encoded, one = encode(EXTENDED), done((0, extended()))
    close = list(differences(Execution.read(encoded, one), Execution.read(encoded, done((0, other)))))
    assert list(differences_of(encoded, one, done((0, other)))) == close != []


@pytest.mark.parametrize(
    "other",
    [
        done((0, status(size=25)), (0,), (0, status())),
        done((0, status(mtime=5)), (0,), (0, status())),
        done((0, status(dev=9)), (0,), (0, status())),
        done((0, status(dev=9)), (0,), (0, status(dev=8))),
        done((0, status()), (0,), (0, status(ino=4))),
        done((0, status()), (1,), (0, status())),
        done((0, status()), (0,)),
        done((0, status()), (0,), (0, status()), state=State.EXITED),
    ],
)
def test_difference_is_not_overlooked(other: bytes) -> None:
    one = done((0, status()), (0,), (0, status()))
    encoded = encode(TWICE)
    close = list(differences(Execution.read(encoded, one), Execution.read(encoded, other)))
    assert list(differences_of(encoded, one, other)) == close != []
    assert list(differences_of(encoded, other, one)) != []


def test_what_is_no_outcome_is_refused() -> None:
    one = done((0, status()), (0,), (0, status()))
    too_many, too_long = bytes([0, 0, 9, 0, 0]) + one[5:], one[:13] + b"\xff\xff" + one[15:]
    for broken in (b"", one[:3], one[:-1], one + b"x", too_many, too_long):
        with pytest.raises(ProtocolError):
            list(differences_of(encode(TWICE), one, broken))


@st.composite
def near(draw: st.DrawFn, encoded: Encoded) -> tuple[bytes, bytes]:
    """Two outcomes that are alike but for a few results and bytes."""
    sides: tuple[list[tuple[int, tuple[bytes, ...]]], ...] = ([], [])
    for observed in encoded.observed:
        result = draw(st.sampled_from((0, 1, 3, 4, -ENOENT)))
        buffers = [draw(st.binary(max_size=each.size)) for each in observed]
        sides[0].append((result, tuple(buffers)))
        if draw(st.integers(0, 5)) == 0:
            result = draw(st.sampled_from((0, 1, 5, -ENOENT, -38)))
        for index, content in enumerate(buffers):
            if content and draw(st.booleans()):
                at = draw(st.integers(0, len(content) - 1))
                buffers[index] = content[:at] + draw(st.binary(min_size=1, max_size=1)) + content[at + 1 :]
        sides[1].append((result, tuple(buffers)))
    ended = draw(st.sampled_from((State.DONE, State.DONE, State.BLOCKED)))
    deaths = draw(st.sampled_from(FAULTS))
    calls = [draw(st.sampled_from((len(side), len(side), len(side) - 1))) for side in sides]
    one, other = (
        as_bytes(ProgramOutcome(State.DIED if fault else state, 0, (), tuple(side[:count]), fault))
        for state, side, count, fault in zip((State.DONE, ended), sides, calls, deaths, strict=True)
    )
    return one, other


FAULTS = ((None, None), (None, None), ((1, ARENA), (1, ARENA)), ((1, ARENA), (2, ARENA)), ((1, ARENA), None))
"""What ended the two sides."""


def test_two_equal_faults_are_seen_to_be_equal_at_a_glance(monkeypatch: pytest.MonkeyPatch) -> None:
    encoded = encode(program(("getpid",), ("load", ARENA)))
    fault = as_bytes(ProgramOutcome(State.DIED, 11, (), ((7, ()),), (1, ARENA)))
    monkeypatch.setattr(glance, "differences", None)  # there is no closer look
    assert list(differences_of(encoded, fault, fault)) == []


@settings(deadline=None, max_examples=300)
@given(likely(), st.data())
def test_glance_says_what_a_closer_look_says(made: Program, data: st.DataObject) -> None:
    encoded = encode(made)
    one, other = data.draw(near(encoded))
    close = list(differences(Execution.read(encoded, one), Execution.read(encoded, other)))
    assert list(differences_of(encoded, one, other)) == close


def test_a_member_that_says_what_others_mean_is_looked_at_closely() -> None:
    """Of a time that only one side has filled in, `stx_mask` says so, whatever else is equal."""
    made = program(("statx", -100, Memory(b"f0\0"), 0, 0x7FF, room(256)))
    one, other = (bytes(Statx(stx_mask=mask, stx_mode=0o100644)) for mask in (0x7FF, 0x7FF & ~STATX_ATIME))
    sides = [as_bytes(ProgramOutcome(State.DONE, 0, (), ((0, (each,)),))) for each in (one, other)]
    encoded = encode(made)
    close = list(differences(*(Execution.read(encoded, each) for each in sides)))
    assert [each.field for each in close] == ["buf.stx_mask", "buf.stx_atime.tv_sec", "buf.stx_atime.tv_nsec"]
    assert list(differences_of(encoded, *sides)) == close


@needs_executor
def test_glance_is_enough_for_nearly_all_that_a_kernel_says_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = [made for _, made in Generator(("files", "polling", "sockets"), 3).batch(600)]
    programs = [made for made in drawn if not touches(made) & PROCESS]
    looked = []

    def look(*given: Any) -> Iterator[ProgramDifference]:
        looked.append(given)
        return differences(*given)

    monkeypatch.setattr(glance, "differences", look)
    sides = [[as_bytes(outcome) for _, outcome in run(programs, SOON, own=False)] for _ in range(2)]
    apart = [(made, *each) for made, *each in zip(programs, *sides, strict=True) if each[0] != each[1]]
    for made, one, other in apart:
        found(made, one, other)
    assert len(apart) > 20
    assert len(looked) < len(apart) / 4


# What is named


def modules() -> Iterator[object]:
    for each in pkgutil.walk_packages(conformance.syscalls.__path__, "conformance.syscalls."):
        yield import_module(each.name)


def test_kinds_say_what_they_name() -> None:
    """Otherwise a glance would miss that a number stands for two things."""
    for module in modules():
        source = inspect.getsource(module)  # type: ignore[arg-type] # a module it is
        own = [each for each in vars(module).values() if inspect.isclass(each) and each.__module__ == module.__name__]  # type: ignore[attr-defined] # as above
        said = {family for each in own if issubclass(each, Kind) for family in vars(each).get("named", ())}
        assert set(re.findall(r'names\.(?:name|known)\("(\w+)"', source)) == said, module
