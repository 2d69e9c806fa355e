"""Distilling from beginning to end, on this kernel."""

from __future__ import annotations

from errno import EBADF
from pathlib import Path

import pytest

from conformance.search.distill.comparing import Other
from conformance.search.distill.distilling import Distilled, DistillPlan, calls_of, distill_on
from conformance.search.distill.facts import Goal, Sort
from conformance.search.distill.files import path_of, read
from runners.local import LocalRunner
from tests.conformance.search.native import needs_executor
from tests.executors import LyingRunner, says


def distilled(folder: Path, *calls: str, seed: int = 1, seconds: float = 0) -> Distilled:
    """What comes of some calls."""
    return distill_on(DistillPlan(calls, seed, seconds, folder), LocalRunner(), lambda _: None)


def test_calls_are_named_by_their_own_names_and_none_are_all() -> None:
    assert calls_of(["fcntl_dupfd", "openat"]) == ("fcntl", "openat")
    assert len(calls_of([])) > 300
    assert not {"fork", "spawn_exit"} & set(calls_of([]))
    with pytest.raises(ValueError, match="could run away"):
        calls_of(["fork"])


@needs_executor
def test_a_file_says_what_linux_does(tmp_path: Path) -> None:
    done = distilled(tmp_path, "dup3", "lseek")
    text = path_of("lseek", tmp_path).read_text()
    assert "\nespipe" in text or "is-espipe:\n" in text
    assert {each.name for each in read("dup3", tmp_path).listings} >= {
        "succeeds",
        "o-cloexec-is-accepted",
        "ebadf-of-old",
        "unknown-bit-of-flags-is-einval",
    }
    assert Goal("lseek", Sort.ERRNO, ("ESPIPE",)) in done.met
    assert done.programs == len(read("dup3", tmp_path).listings) + len(read("lseek", tmp_path).listings)


@needs_executor
def test_another_seed_changes_nothing_that_is_there(tmp_path: Path) -> None:
    distilled(tmp_path, "dup3")
    text = path_of("dup3", tmp_path).read_text()
    done = distilled(tmp_path, "dup3", seed=2, seconds=1)
    assert done.already == set(done.names)
    assert path_of("dup3", tmp_path).read_text() == text


@needs_executor
def test_a_program_that_does_not_keep_its_promise_is_dropped_and_named(tmp_path: Path) -> None:
    distilled(tmp_path, "dup3")
    path = path_of("dup3", tmp_path)
    text = path.read_text()
    path.write_text(text.replace("= -1 EBADF", "= -1 EPERM"))
    done = distilled(tmp_path, "dup3")
    assert done.dropped
    assert all(each.startswith("dup3: ") for each in done.dropped)
    assert path.read_text() == text


@needs_executor
def test_a_program_that_another_kernel_does_not_agree_on_is_lost_if_it_was_there(tmp_path: Path) -> None:
    assert not distilled(tmp_path, "dup3").lost
    held = DistillPlan(("dup3",), 1, 0, tmp_path, find=False)
    done = distill_on(held, LocalRunner(), lambda _: None, [Other("liar", LyingRunner(says(0, EBADF)))])
    assert ("dup3", "ebadf-of-old") in done.lost
    assert not done.dropped
