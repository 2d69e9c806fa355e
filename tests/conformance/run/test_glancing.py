from __future__ import annotations

from collections.abc import Iterable

import pytest

from conformance.run import glancing
from conformance.run.glancing import glance
from tests.fakes import DEATH, BrokenRunner, FakeRunner, Said


def says(*first: Said) -> FakeRunner:
    """A guest whose process says this."""
    return FakeRunner((), first=first)


def test_what_a_guest_says_of_its_machine_is_read() -> None:
    runner = says(b'{"modules": ["tun"', b"]}\n", DEATH)
    assert glance(runner) == {"modules": ["tun"]}
    (guest,) = runner.guests
    assert guest.closed
    assert guest.spawned == ["python", "-m", "conformance.guest.machine"]


@pytest.mark.parametrize(
    "said",
    [[DEATH], [b"nonsense", DEATH], [b'{"modules": 7}', DEATH], [b"[]", DEATH], [TimeoutError(), DEATH]],
    ids=["nothing", "nonsense", "a number", "a list", "silence"],
)
def test_what_is_no_answer_is_nothing(said: Iterable[Said]) -> None:
    assert glance(says(*said)) == {}


def test_a_guest_that_talks_without_end_is_not_listened_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glancing, "MOST_BYTES", 10)
    assert glance(says(b'{"modules": ["tun"]}', DEATH)) == {}


def test_a_guest_that_does_not_start_says_nothing() -> None:
    assert glance(BrokenRunner("it panicked")) == {}
