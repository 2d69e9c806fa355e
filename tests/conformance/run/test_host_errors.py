"""What this machine cannot do is the trouble of the target that needed it: one sentence, and the others go on."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from conformance.run.orchestrate import execute
from runners.base import About, Runner
from runners.registry import Careful
from tests.conformance.run.test_orchestrate import CASES, plan_of
from tests.fakes import FakeGuest, FakeRunner

pytestmark = pytest.mark.usefixtures("no_programs")

ERRORS = [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EMFILE, errno.ENOMEM]
PLACES = ("missing", "open", "spawn", "remember", "read", "label")


def failure(number: int) -> OSError:
    """As the kernel would have it."""
    return OSError(number, os.strerror(number), "/a/full/disk")


class Failing(FakeRunner):
    """Meets an error of this machine in one place."""

    def __init__(self, place: str, number: int) -> None:
        super().__init__(CASES)
        self._place, self._number = place, number

    def missing(self) -> str | None:
        """See `Runner`."""
        if self._place == "missing":
            raise failure(self._number)
        return None

    def open(self) -> FakeGuest:
        """See `Runner`."""
        if self._place == "open":
            raise failure(self._number)
        guest = super().open()
        number = self._number

        def fail(*_: object, **__: object) -> bytes:
            raise failure(number)

        if self._place == "read":
            guest.channel.read = fail  # type: ignore[method-assign] # it misbehaves on purpose
        elif self._place == "label":
            guest.__class__ = Unnamed
        elif self._place in ("spawn", "remember"):
            setattr(guest, self._place, fail)
        return guest


class Unnamed(FakeGuest):
    """Cannot even say what it is."""

    @property
    def about(self) -> About:  # type: ignore[override] # it is read, nothing else
        """See `Guest`."""
        raise failure(errno.EIO)


@pytest.mark.parametrize("number", ERRORS, ids=errno.errorcode.get)
@pytest.mark.parametrize("place", PLACES)
def test_an_error_of_this_machine_fails_one_target_and_no_other(tmp_path: Path, place: str, number: int) -> None:
    plan = plan_of("native", "broken", "other")
    plan.write(tmp_path / "run")
    runners: dict[str, Runner] = {
        "native": FakeRunner(CASES),
        "broken": Careful(Failing(place, number)),
        "other": FakeRunner(CASES),
    }
    matrix = execute(tmp_path / "run", plan, runners, [], lambda _: None)
    native, broken, other = matrix.columns
    assert (native.failed, other.failed) == (None, None)
    assert broken.failed
    assert "; " in broken.failed
    assert "\n" not in broken.failed
    assert len([comparison for comparison in matrix.comparisons if comparison.cells["other"].verdict == "same"]) == len(
        CASES
    )
