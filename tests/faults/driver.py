"""Runs bad cases in real guests as `conformance run` does, and looks at what is left of them on this machine."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from conformance import places
from conformance.model import CaseResult, Matrix, Record
from conformance.run import records
from conformance.run.conduct import Conduct
from conformance.run.orchestrate import execute
from conformance.run.results import RunPlan
from conformance.run.selection import Selection
from conformance.run.worker import Worker, raise_first_error
from runners.host import cgroup
from tests.integration.targets import runner, target
from tests.processes import eventually, marked, new_mark

CASES = Path(__file__).parent / "cases"
TARGETS = ("native", "wsl1", "gvisor", "wsl2")
"""One of each runner."""
TIMEOUT = 30.0
"""Seconds that a case has, before the guest's slowdown."""
PATIENCE = 600.0


def available(names: Sequence[str] = TARGETS) -> list[str]:
    """Those of the targets that can run here."""
    found = []
    for name in names:
        try:
            runner(name)
        except pytest.skip.Exception:
            continue
        found.append(name)
    return found


@dataclass(frozen=True)
class Faults:
    """What came of bad cases."""

    records: Mapping[str, Record]
    """By target."""
    left: Sequence[str]
    """What was left of them on this machine, in words."""
    bytes_written: int
    """In records and reports."""

    def result(self, name: str, case: str) -> CaseResult:
        """What a case did on a target, once. Skips the test where the target cannot run."""
        if name not in self.records:
            runner(name)  # says why
        (found,) = (each for id, each in self.records[name].results.items() if id.endswith(f"::{case}"))
        (only,) = found
        return only


@contextmanager
def cases(room: Path, *areas: str, **modules: str) -> Iterator[str]:
    """Let guests have these areas of the bad cases, and `modules` by text; the name that their processes bear."""
    mark = new_mark()
    tree = room / "cases"
    tree.mkdir()
    (tree / "__init__.py").touch()
    for area in areas:
        shutil.copytree(CASES / area, tree / area, ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in modules.items():
        (tree / "modules").mkdir(exist_ok=True)
        (tree / "modules" / f"test_{name}.py").write_text(text)
    for path in tree.rglob("test_*.py"):
        path.write_text(path.read_text().replace("MARK", mark))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(places, "CASES", tree)
        yield mark


@contextmanager
def temporary(room: Path) -> Iterator[Path]:
    """Have all temporary files made in a folder of their own."""
    folder = room / "temporary"
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(folder))
        patch.setattr(tempfile, "tempdir", str(folder))
        yield folder


def faults(room: Path, names: Sequence[str], *areas: str, **modules: str) -> Faults:
    """Run bad cases on these targets, each case once."""
    groups = abandoned()
    with temporary(room) as folder, cases(room, *areas, **modules) as mark:
        results = room / "results"
        results.mkdir()
        workers = [
            Worker(
                target(name),
                runner(name, cold=True),
                results / f"{name}.jsonl",
                "run",
                Selection(),
                Conduct(timeout=TIMEOUT),
            )
            for name in available(names)
        ]
        for worker in workers:
            worker.start()
            worker.again(None)
        for worker in workers:
            worker.join(PATIENCE)
            assert not worker.is_alive(), late(worker)
        raise_first_error(workers)
        found = {worker.name: records.read(results / f"{worker.name}.jsonl") for worker in workers}
        return Faults(found, left(folder, mark, groups), size(results))


def whole_run(room: Path, names: Sequence[str], *areas: str, timeout: float = TIMEOUT) -> tuple[Matrix, Faults]:
    """Run bad cases as `conformance run` does: the first target is the reference, what is suspicious is run again."""
    groups = abandoned()
    with temporary(room) as folder, cases(room, *areas) as mark:
        targets = [target(name) for name in available(names)]
        plan = RunPlan("run", targets[0].name, targets, Selection(), Conduct(timeout=timeout))
        results = room / "results"
        plan.write(results)
        matrix = execute(
            results, plan, {each.name: runner(each.name, cold=True) for each in targets}, [], lambda _: None
        )
        found = {each.name: records.read(results / f"{each.name}.jsonl") for each in targets}
        return matrix, Faults(found, left(folder, mark, groups), size(results))


def late(worker: Worker) -> str:
    """Where a worker that should have ended is, and what it has done: what one needs to know of it afterwards."""
    frame = sys._current_frames().get(worker.ident or 0)
    stack = "".join(traceback.format_stack(frame)) if frame else "its thread has gone"
    return f"{worker.name} has not ended within {PATIENCE:g} s: {worker.progress}\n{stack}"


def left(folder: Path, mark: str, groups: set[Path]) -> list[str]:
    """What is left: processes, mounts, files, control groups that were not there before."""
    found = [] if eventually(lambda: not marked(mark)) else [f"process {pid}" for pid in marked(mark)]
    found += [f"process {pid}: {line}" for pid, line in command_lines().items() if str(folder) in line]
    mounts = Path("/proc/self/mounts").read_text().splitlines()
    found += [f"mount {line}" for line in mounts if str(folder) in line]
    found += [f"file {path}" for path in folder.rglob("*")]
    return found + [f"control group {path}" for path in abandoned() - groups]


def command_lines() -> dict[int, str]:
    """Of all processes but this one."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has gone
            found[int(path.parts[2])] = path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    found.pop(os.getpid(), None)
    return found


def abandoned() -> set[Path]:
    """Control groups of this process in which nobody is."""
    found = set()
    for parent, _ in cgroup._parents():
        for path in parent.glob(f"conformance-*-{os.getpid()}-*"):
            with suppress(OSError):  # it has gone
                if not (path / "cgroup.procs").read_text():
                    found.add(path)
    return found


def size(directory: Path) -> int:
    """Bytes of all files below it."""
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())
