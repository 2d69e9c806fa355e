from __future__ import annotations

import pytest

from runners.base import RunnerError
from runners.kernels.preparing import run


def test_a_program_that_fails_is_told_with_the_last_thing_it_said() -> None:
    run("true")
    with pytest.raises(RunnerError, match=r"^ls failed: .*No such file"):
        run("ls", "/there is nothing")


def test_a_program_that_is_not_there_is_told_with_what_brings_it() -> None:
    with pytest.raises(RunnerError, match=r"no-such-program could not be run: .*; run `conformance doctor --install`"):
        run("no-such-program")
