"""Holding programs against other targets."""

from __future__ import annotations

from conformance.conditions import KERNEL
from conformance.search.distill.choosing import Chosen
from conformance.search.distill.comparing import Other, held_against
from conformance.search.distill.promising import listing
from runners.local import LocalRunner
from tests.conformance.search.distill.native_lane import NOWHERE, OPEN, done, given
from tests.conformance.search.native import needs_executor

HERE = {KERNEL: "99.0"}
EPERM = -1


def some(**texts: str) -> Chosen:
    """Programs as they run here."""
    found = Chosen("openat")
    for name, text in texts.items():
        execution = done(text)
        found.keep(listing(name, execution), execution)
    return found


def held(chosen: Chosen, *, imitates: bool = False) -> tuple[list[str], list[str]]:
    """What is dropped, and what was told."""
    told: list[str] = []
    other = Other("other", LocalRunner(), imitates)
    return held_against([other], {"openat": chosen}, HERE, told.append), told


@needs_executor
def test_what_another_kernel_does_too_stays_as_it_is() -> None:
    chosen = some(succeeds=OPEN, fails=NOWHERE)
    before = dict(chosen.listings)
    assert held(chosen) == ([], [f"asking other ({turn} of 2)" for turn in (1, 1, 2, 2)])
    assert chosen.listings == before


@needs_executor
def test_errnos_of_two_kernels_are_a_choice() -> None:
    chosen = Chosen("openat")
    execution = given(NOWHERE, EPERM)
    chosen.keep(listing("fails", execution), execution)
    assert held(chosen)[0] == []
    (promise,) = chosen.listings["fails"].steps[0].promises
    assert set(getattr(promise.end, "errnos", ())) == {"ENOENT", "EPERM"}


@needs_executor
def test_what_is_otherwise_on_another_kernel_for_no_reason_is_dropped() -> None:
    chosen = Chosen("openat")
    execution = given(OPEN, EPERM)
    chosen.keep(listing("fails", execution), execution)
    assert held(chosen)[0] == ["openat: fails, kernels disagree"]
    assert chosen.listings == {}


@needs_executor
def test_an_imitation_promises_nothing() -> None:
    chosen = Chosen("openat")
    execution = given(OPEN, EPERM)
    chosen.keep(listing("fails", execution), execution)
    assert held(chosen, imitates=True)[0] == []
    assert set(chosen.listings) == {"fails"}


@needs_executor
def test_what_differs_from_run_to_run_on_another_target_is_dropped() -> None:
    random = "getrandom(room(8), 8, 0)"
    chosen = some(succeeds=OPEN)
    execution = done(random)
    chosen.keep(listing("random", execution), execution)
    dropped = held(chosen, imitates=True)[0]
    assert set(dropped) <= {"openat: random, unsteady on other"}
    assert "succeeds" in chosen.listings
