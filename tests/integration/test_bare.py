"""Guests that have nothing in them but the executor, on real kernels."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.programs.program import Program, ProgramCall
from conformance.programs.wire import ProgramOutcome, State, decode, encode
from conformance.run.lane import Lane
from conformance.syscalls.sockets.socket import AF_VSOCK
from runners.base import Ending, RunnerError
from runners.qemu.bare import BareGuest
from tests.integration.targets import dead, runner

PATIENCE = 60.0
NAMES = ("lts", "wsl2")
SOCK_STREAM = 1


def opened(name: str) -> BareGuest:
    """A bare guest of a target."""
    guest = runner(name, bare=True).open()
    assert isinstance(guest, BareGuest)
    return guest


def room_of(guest: BareGuest) -> Path:
    """Its files on this machine."""
    return guest._machine.room


def pid_of(guest: BareGuest) -> int:
    """Its machine's, on this one."""
    return int((room_of(guest) / "qemu.pid").read_text())


def is_gone(guest: BareGuest, pid: int) -> None:
    """It has left no process and no file."""
    assert not room_of(guest).exists()
    assert not Path(f"/proc/{pid}").exists()


def results(lane: Lane, *steps: ProgramCall) -> ProgramOutcome:
    """What a program does there, however long that takes: a module is loaded by a program of the guest."""
    encoded = encode(Program(steps))
    return decode(lane.run([encoded.data], PATIENCE)[0], encoded)


@pytest.fixture(scope="module", params=NAMES)
def lane(request: pytest.FixtureRequest) -> Iterator[Lane]:
    with Lane(request.param, runner(request.param, bare=True)) as started:
        started.ready()
        yield started
        guest = started._guest
        assert isinstance(guest, BareGuest)
        pid = pid_of(guest)
        os.kill(pid, 0)
    is_gone(guest, pid)


def test_programs_run_and_forks_are_measured(lane: Lane) -> None:
    assert lane.release[:1].isdigit()
    assert results(lane, ProgramCall("getpid", ())).state is State.DONE
    assert 0.0 < lane.forks(10) < PATIENCE


def test_batch_that_is_larger_than_any_buffer_on_the_way_goes_through(lane: Lane) -> None:
    encoded = encode(Program((ProgramCall("getpid", ()),) * 8))
    outcomes = lane.run([encoded.data] * 5000, patience=25)
    assert {decode(each, encoded).state for each in outcomes} == {State.DONE}


@pytest.mark.parametrize("lane", ["wsl2"], indirect=True)
def test_guest_that_was_killed_is_booted_again(lane: Lane) -> None:
    guest = lane._guest
    assert isinstance(guest, BareGuest)
    pid = pid_of(guest)
    os.kill(pid, signal.SIGKILL)
    assert results(lane, ProgramCall("getpid", ())).state is State.DONE
    assert lane.deaths == 1
    assert lane._guest is not guest
    is_gone(guest, pid)


@pytest.mark.parametrize("lane", ["lts"], indirect=True)
def test_modules_of_a_distribution_kernel_load_on_demand(lane: Lane) -> None:
    outcome = results(lane, ProgramCall("socket", (AF_VSOCK, SOCK_STREAM, 0)))
    assert outcome.state is State.DONE
    assert outcome.results[0][0] >= 0


def test_nothing_can_be_started_but_one_executor_which_takes_the_machine_along() -> None:
    with opened("wsl2") as guest:
        pid = pid_of(guest)
        with pytest.raises(RunnerError, match="nothing in it but the executor"):
            guest.spawn(["/bin/true"])
        with guest.spawn(guest.inside.executor) as channel:
            with pytest.raises(RunnerError, match="open another guest"):
                guest.spawn(guest.inside.executor)
            assert guest.about.made_by.endswith("virtio-serial")
            assert channel.read(PATIENCE)
            with pytest.raises(TimeoutError):
                channel.read(0.1)
            assert guest.death() is None
            channel.close_input()
            assert channel.wait(PATIENCE) == 0
            assert channel.read(PATIENCE) == b""
            dead(guest, Ending.GONE)
    is_gone(guest, pid)


def test_what_the_executor_does_not_understand_ends_it_and_it_says_why() -> None:
    with opened("wsl2") as guest, guest.spawn(guest.inside.executor) as channel:
        said = channel.read(PATIENCE)
        channel.write(bytes(12))
        while data := channel.read(PATIENCE):
            said += data
        assert said.endswith(b"magic number")
        dead(guest, Ending.GONE)
