"""What every runner promises of its guests, as tests that any runner's can inherit.

class TestGuestsOfMine(GuestContract):
    @pytest.fixture(scope="class")
    def guest(self) -> Iterator[Guest]:
        with MyRunner().open() as opened:
            yield opened
"""

from __future__ import annotations

import threading

import pytest

from runners.base import Channel, Guest

PATIENCE = 60.0


def everything(channel: Channel) -> bytes:
    """All that a process says, to its end."""
    said = bytearray()
    while data := channel.read(PATIENCE):
        said += data
    return bytes(said)


def python(guest: Guest, program: str, env: dict[str, str] | None = None) -> Channel:
    """A Python program in the guest."""
    return guest.spawn([*guest.inside.python, "-c", program], env)


class GuestContract:
    """Takes a fixture `guest`."""

    def test_what_goes_in_comes_out_unchanged(self, guest: Guest) -> None:
        data = bytes(range(256)) * 1000
        with guest.spawn(["/bin/cat"]) as channel:

            def write() -> None:
                channel.write(data)
                channel.close_input()

            writer = threading.Thread(target=write, daemon=True)  # while we read: pipes hold less than that
            writer.start()
            assert everything(channel) == data
            writer.join(PATIENCE)
            assert channel.wait(PATIENCE) == 0

    def test_exit_status_is_told(self, guest: Guest) -> None:
        with guest.spawn(["/bin/sh", "-c", "exit 7"]) as channel:
            assert everything(channel) == b""
            assert channel.wait(PATIENCE) == 7

    def test_program_that_is_not_there_ends_at_once_and_the_guest_lives_on(self, guest: Guest) -> None:
        with guest.spawn(["/no/such/program"]) as channel:
            everything(channel)
            assert channel.wait(PATIENCE) != 0
        with guest.spawn(["/bin/true"]) as channel:
            assert channel.wait(PATIENCE) == 0

    def test_environment_is_passed_on(self, guest: Guest) -> None:
        with python(guest, "import os; print(os.environ['COLOUR'])", {"COLOUR": "red"}) as channel:
            assert everything(channel) == b"red\n"

    def test_processes_run_side_by_side(self, guest: Guest) -> None:
        with guest.spawn(["/bin/cat"]) as one, guest.spawn(["/bin/cat"]) as other:
            for channel, word in ((other, b"first"), (one, b"second")):
                channel.write(word)
                assert channel.read(PATIENCE) == word

    def test_silence_is_a_timeout_and_no_end(self, guest: Guest) -> None:
        with guest.spawn(["/bin/cat"]) as channel:
            with pytest.raises(TimeoutError):
                channel.read(0.1)
            channel.write(b"still there")
            assert channel.read(PATIENCE) == b"still there"

    def test_kill_ends_a_process_that_does_not_want_to(self, guest: Guest) -> None:
        stubborn = (
            "import os, signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); os.write(1, b'up'); signal.pause()"
        )
        with python(guest, stubborn) as channel:
            assert channel.read(PATIENCE) == b"up"
            channel.kill()
            assert channel.wait(PATIENCE) != 0

    def test_suite_and_its_cases_are_inside(self, guest: Guest) -> None:
        place = f"{guest.inside.cases}/files/test_open.py"
        suite = "importlib.util.find_spec('conformance.guest.plugin') is not None"
        program = f"import importlib.util, os; print({suite}, os.path.exists({place!r}))"
        with python(guest, program) as channel:
            assert everything(channel) == b"True True\n"

    def test_guest_that_lives_has_not_died(self, guest: Guest) -> None:
        assert guest.death() is None
        assert guest.about.made_by
