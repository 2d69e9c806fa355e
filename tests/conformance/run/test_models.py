from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from conformance import places
from conformance.guest.definitions import (
    MODELS,
    all_of_models,
    case_id,
    definition_hash,
    is_run_from_outside,
    models,
)
from conformance.model import Outcome
from conformance.programs.cases import Given
from conformance.programs.efforts import GATE
from conformance.run.lane import LaneError
from conformance.run.models import selected_models
from conformance.run.programs import selected
from conformance.run.selection import Selection
from tests.suite import SOURCES, environment

STREAMS = "sockets/test_streams_model.py"
ROOT = Given({}, True, "x86_64")


def test_models_are_the_cases_that_pytest_finds() -> None:
    modules = [path for path in sorted(places.CASES.rglob(MODELS)) if any(models(path).values())]
    assert modules
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *map(str, modules)],
        cwd=SOURCES,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    found, troubles = selected_models(Selection(), GATE)
    assert not troubles
    collected = {line.removeprefix("cases/") for line in done.stdout.splitlines() if "::" in line}
    ours = {each.info.id for each in found}
    assert ours <= collected
    assert {each.partition("::")[0] for each in ours} == {each.relative_to(places.CASES).as_posix() for each in modules}
    others = {name for path in modules for name, is_model in models(path).items() if not is_model}
    assert {each.partition("::")[2].partition("[")[0] for each in collected - ours} == others


def test_a_selection_takes_some_of_them_with_what_a_plan_says() -> None:
    found, _ = selected_models(Selection((f"{STREAMS}::test_pair_does_what_its_model_says[dgram]",)), GATE)
    (info,) = (each.info for each in found)
    path = places.CASES / STREAMS
    name = "test_pair_does_what_its_model_says[dgram]"
    assert (info.id, info.hash) == (case_id(path, name), definition_hash(path, name))
    assert info.feature.startswith("Pairs of unix sockets")
    assert info in selected(Selection((STREAMS,))).infos
    assert selected_models(Selection(("events",), "nothing_has_this_name"), GATE) == ([], [])


def test_what_a_target_lacks_is_why_a_model_is_skipped() -> None:
    (queue, *_), _ = selected_models(Selection(("ipc/test_queues_model.py",)), GATE)
    (masks,), _ = selected_models(Selection(("signals/test_masks_model.py",)), GATE)
    assert queue.lacking(ROOT) == masks.lacking(ROOT) == ""
    assert queue.lacking(Given({}, False, "x86_64")) == "needs root"
    assert masks.lacking(Given({}, False, "x86_64")) == ""
    assert masks.lacking(Given({}, True, "aarch64")) == "written for x86_64"
    assert masks.skipped("no").outcome is Outcome.SKIPPED


def test_a_target_that_cannot_go_on_is_no_verdict() -> None:
    def gone(*_: object) -> list[bytes]:
        raise LaneError("it is gone")

    (pipes, *_), _ = selected_models(Selection(("ipc/test_pipes_model.py",)), GATE)
    with pytest.raises(LaneError):
        pipes.result(gone)


def test_a_module_that_cannot_be_imported_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = tmp_path / "cases" / "broken_area" / "test_broken_model.py"
    module.parent.mkdir(parents=True)
    module.write_text("def test_it(kernel: Kernel) -> None: ...\nraise ValueError('so')\n")
    monkeypatch.setattr(places, "CASES", tmp_path / "cases")
    found, (trouble,) = selected_models(Selection(), GATE)
    assert found == []
    assert trouble.lost == "broken_area/test_broken_model.py"


def test_a_guest_imports_no_module_that_has_nothing_but_models() -> None:
    assert all_of_models(places.CASES / STREAMS)
    assert all(map(all_of_models, places.CASES.rglob(MODELS)))
    assert not all_of_models(places.CASES / "ipc/test_pipes.py")
    assert not all_of_models(places.CASES / "no_such_model.py")


@pytest.mark.parametrize(
    ("module", "head", "outside"),
    [
        ("test_a_model.py", "def test_b(kernel: Kernel) -> None:", True),
        ("test_a_model.py", "def test_b(other: object) -> None:", False),
        ("test_a_model.py", "def test_b(other: tuple[()], kernel: Kernel) -> None:", False),
        ("test_a_model.py", "class Test:\n    def test_b(self, kernel: Kernel) -> None:", False),
        ("test_a.py", "def test_b(kernel: Kernel) -> None:", False),
    ],
    ids=["model", "no-model", "not-read", "in-a-class", "in-another-module"],
)
def test_a_guest_leaves_out_what_its_host_knows_and_no_more(
    tmp_path: Path, module: str, head: str, outside: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "cases" / module
    path.parent.mkdir()
    path.write_text(f"Kernel = object\n\n\n{head}\n        pass\n")
    monkeypatch.setattr(places, "CASES", path.parent)
    assert is_run_from_outside(path, "test_b") is outside
    found, troubles = selected_models(Selection(), GATE)
    assert (bool(found), troubles) == (outside, [])
