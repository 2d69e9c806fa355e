from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from conformance.matrix.build import build
from conformance.model import Expectation, Outcome, Target, Verdict
from conformance.run.rebasing import FROM, TO, acceptances, earlier, failed, given, sides
from conformance.run.results import RunPlan
from conformance.run.selection import Selection
from conformance.run.taking import suite
from tests.builders import CASE, record, result

NATIVE = Target("native", "local")
OWN = Target("own", "qemu", options={"kernel": "debian:6.1", "memory": 512, "commandline": "a=1"})
WSL2 = Target("wsl2", "qemu", options={"kernel": "wsl2", "commandline": "nr_cpus=2", "preload": "tun"})
TARGETS = {each.name: each for each in (NATIVE, OWN, WSL2)}


def test_a_kernel_is_a_target_of_the_file_or_what_an_image_may_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert given("own", TARGETS).source == "debian:6.1"
    assert given("debian:6.12", TARGETS).source == "debian:6.12"
    assert given("bzImage", TARGETS).source == str(tmp_path / "bzImage")
    with pytest.raises(ValueError, match="boots no kernel of its own"):
        given("native", TARGETS)


def test_a_target_is_taken_with_what_the_command_line_gives_it() -> None:
    lent = {**TARGETS, "own": replace(OWN, given={"kernel": "debian:6.12"})}
    assert given("own", lent).source == "debian:6.12"


def test_two_images_have_the_surroundings_that_they_are_like_or_none() -> None:
    one, other = given("debian:6.1", {}), given("debian:6.12", {})
    before, after = sides(one, other, WSL2)
    assert (before.name, before.options) == (
        FROM,
        {"commandline": "nr_cpus=2", "preload": "tun", "kernel": "debian:6.1"},
    )
    assert (after.name, after.options) == (TO, {"commandline": "nr_cpus=2", "preload": "tun", "kernel": "debian:6.12"})
    assert [each.options for each in sides(one, other, None)] == [{"kernel": "debian:6.1"}, {"kernel": "debian:6.12"}]


def test_an_image_beside_a_target_has_the_surroundings_of_the_target() -> None:
    before, after = sides(given("own", TARGETS), given("debian:6.12", TARGETS), WSL2)
    assert before.options == OWN.options
    assert after.options == {"commandline": "a=1", "kernel": "debian:6.12"}


def planned(folder: Path, name: str, target: Target, made_by: str | None = None, *, said: str = "x") -> Path:
    plan = RunPlan(name, FROM, [target], Selection(), suite=suite() if made_by is None else made_by)
    plan.write(folder / name)
    (folder / name / f"{FROM}.jsonl").write_text(said)
    return folder / name


def test_the_newest_run_of_the_same_kernel_by_the_same_suite_stands_in(tmp_path: Path) -> None:
    mine, other = sides(given("debian:6.1", {}), given("debian:6.12", {}), None)
    assert earlier(mine, tmp_path) is None
    planned(tmp_path, "20260101T000000Z", mine)
    found = planned(tmp_path, "20260102T000000Z", mine)
    planned(tmp_path, "20260103T000000Z", replace(other, name=FROM))
    planned(tmp_path, "20260104T000000Z", mine, made_by="another")
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged/run.json").write_text("{")
    assert earlier(mine, tmp_path) == found
    whole = planned(tmp_path, "20251231T000000Z", mine, said="more")
    assert earlier(mine, tmp_path) == whole
    (whole / f"{FROM}.jsonl").unlink()
    assert earlier(mine, tmp_path) == found


def test_a_run_has_failed_when_one_of_the_two_could_not_be_run() -> None:
    ran = record(FROM, result())
    assert not failed(build([ran, record(TO, result())], FROM))
    assert failed(build([ran, record(TO, failed="it panicked")], FROM))


def test_what_is_expected_of_the_newer_kernel_is_accepted_and_of_nobody_else() -> None:
    records = [record(FROM, result()), record(TO, result(Outcome.MISSING, message="x"))]
    known = [Expectation(CASE, name, Verdict.MISSING, name) for name in (FROM, TO)]
    assert {case: each.target for case, each in acceptances(build(records, FROM, known)).items()} == {CASE: TO}
    assert acceptances(build(records, FROM, known[:1])) == {}
