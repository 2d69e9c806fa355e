from __future__ import annotations

from pathlib import Path

import pytest

from conformance.model import Target
from conformance.run.errors import UsageError
from conformance.search.planning import USUAL_SECONDS, Asked, again, new_search, targets_of_lanes, words

NATIVE, GVISOR = Target("native", "local"), Target("gvisor", "gvisor")
LTS = Target("lts", "qemu", given={"kernel": "/boot/a"})


@pytest.mark.parametrize(
    ("seconds", "programs", "goes_on"),
    [(None, None, (USUAL_SECONDS, None)), (9.0, None, (9.0, None)), (None, 7, (None, 7)), (9.0, 7, (9.0, 7))],
)
def test_a_search_goes_on_for_a_while_unless_it_is_told_how_long(
    seconds: float | None, programs: int | None, goes_on: tuple[float | None, int | None]
) -> None:
    plan = new_search(Asked(seconds=seconds, programs=programs), [NATIVE], "native")
    assert (plan.seconds, plan.programs) == goes_on


def test_a_seed_is_another_one_each_time_unless_it_is_given() -> None:
    seeds = {new_search(Asked(), [NATIVE], "native").seed for _ in range(5)}
    assert len(seeds) > 1
    assert all(0 <= each < 1 << 32 for each in seeds)
    assert new_search(Asked(seed=0), [NATIVE], "native").seed == 0


def test_the_targets_are_all_but_the_reference_which_has_a_twin() -> None:
    plan = new_search(Asked("files, mounts", "read write"), [NATIVE, LTS, GVISOR], "native")
    assert (plan.reference, plan.targets, plan.twin) == ("native", ("lts", "gvisor"), "native again")
    assert (plan.chapters, plan.calls) == (("files", "mounts"), ("read", "write"))
    assert plan.arguments == {"lts": ("--kernel", "lts=/boot/a"), "gvisor": ()}
    lanes = targets_of_lanes(plan, [NATIVE, LTS, GVISOR])
    assert list(lanes.items()) == [("native", NATIVE), ("native again", NATIVE), ("lts", LTS), ("gvisor", GVISOR)]


def test_without_a_twin_there_must_be_something_to_compare() -> None:
    plan = new_search(Asked(twin=False), [NATIVE, LTS], "native")
    assert plan.twin is None
    assert list(targets_of_lanes(plan, [NATIVE, LTS])) == ["native", "lts"]
    with pytest.raises(UsageError, match="nothing to compare"):
        new_search(Asked(twin=False), [NATIVE], "native")


def test_words_that_open_a_target_again_are_its_own_and_the_references(tmp_path: Path) -> None:
    new = Target("new", "gvisor", given={"binary": "/opt/runsc"})
    told = again([LTS, new], tmp_path / "my.toml")
    assert told == ("--kernel", "lts=/boot/a", "--runsc", "new=/opt/runsc", "--targets", str(tmp_path / "my.toml"))
    assert again([NATIVE, GVISOR], None) == ()


@pytest.mark.parametrize(
    ("given", "listed"), [("", ()), ("a", ("a",)), ("a,b c", ("a", "b", "c")), (" a , b ", ("a", "b"))]
)
def test_what_is_listed_has_commas_or_spaces_between(given: str, listed: tuple[str, ...]) -> None:
    assert words(given) == listed
