"""How hard a kernel is held against models: how many examples, from where, for how long.

`gate`     the same examples on every target and at every run, quickly; what the matrix needs
`nightly`  new examples at every run, a hundred times as many; those that failed once are tried again first
`dev`      as `nightly`, with twenty times as many as `gate`

Nothing here imports Hypothesis before it is needed: that takes a while.
"""

from __future__ import annotations

import os
import random
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hypothesis import settings

    from conformance.programs.keeping import Effort

GATE, NIGHTLY, DEV = "gate", "nightly", "dev"
EFFORTS = {GATE: 1, NIGHTLY: 100, DEV: 20}
"""Each effort with how many times as many examples it tries as the least has."""
EXAMPLES = 25
"""Of a property, where `EFFORTS` says 1."""
STEPS = 40
"""Steps of a state machine, at most."""
SHRINKING_SECONDS = {GATE: 5.0, NIGHTLY: 100.0, DEV: 20.0}
"""How long a failing example is made smaller, before slowdown."""


def database_directory() -> Path:
    """Where examples that failed once are kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "conformance" / "examples"


def settle() -> Path:
    """Have Hypothesis keep its things in the user's cache, where it would be any directory; that of its examples."""
    from hypothesis import configuration  # noqa: PLC0415 - as above

    examples = database_directory()
    configuration.set_hypothesis_home_dir(examples.parent)
    return examples


def settings_of(effort: str) -> settings:
    """How properties are tried."""
    from hypothesis import HealthCheck, Phase, settings  # noqa: PLC0415 - slow, and rarely needed
    from hypothesis.database import DirectoryBasedExampleDatabase  # noqa: PLC0415

    examples = settle()
    gate = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        derandomize=True,
        database=None,
        deadline=None,
        print_blob=False,
        report_multiple_bugs=False,
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much),
    )
    if effort == GATE:
        return gate
    return settings(
        gate,
        max_examples=EXAMPLES * EFFORTS[effort],
        derandomize=False,
        database=DirectoryBasedExampleDatabase(examples),
        phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
    )


def bound_shrinking(effort: str, slowdown: float = 1.0) -> None:
    """Have Hypothesis make a failing example smaller for so long and no longer.

    It takes five minutes otherwise; there is no setting for that.
    """
    from hypothesis.internal.conjecture import engine  # noqa: PLC0415 - as above

    seconds = SHRINKING_SECONDS[effort] * slowdown
    engine.MAX_SHRINKING_SECONDS = seconds  # type: ignore[assignment] # an int only because it happens to be one


def ignore_modules() -> None:
    """Keep Hypothesis from using the constants in the modules that it takes for the user's own.

    Which those are depends on where things are installed; and reading them takes long.
    """
    from hypothesis.internal.conjecture import providers  # noqa: PLC0415 - as above

    with suppress(AttributeError):  # before Hypothesis 6.131 there was no such thing
        nothing = providers._local_constants  # noqa: SLF001 - there is no setting for that
        providers._get_local_constants = lambda: nothing  # noqa: SLF001


def new_seed() -> int:
    """One that no run has had.

    A guest that was resumed from a snapshot would repeat itself otherwise: only its clock has gone on.
    """
    return int.from_bytes(os.urandom(16), "little") ^ time.time_ns()


def begin(effort: str, seed: int) -> None:
    """Before a property: begin from a seed, if the effort does not always try the same."""
    from hypothesis import core  # noqa: PLC0415 - as above

    if effort != GATE:
        with suppress(AttributeError):  # a private place; without it all is as random as Hypothesis makes it
            core.threadlocal._hypothesis_global_random = random.Random(seed)  # noqa: SLF001, S311 - nobody's secret


def effort_of(name: str, slowdown: float = 1.0) -> Effort:
    """How hard models are tried in this process."""
    from conformance.programs.keeping import Effort  # noqa: PLC0415 - as above

    bound_shrinking(name, slowdown)
    ignore_modules()
    return Effort(settings_of(name), partial(begin, name), new_seed())
