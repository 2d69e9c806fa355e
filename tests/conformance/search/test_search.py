from __future__ import annotations

import datetime
import errno
import json
import os
import re
import shlex
import signal
import struct
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.model import Expectation, Verdict
from conformance.programs.program import Program, Ref
from conformance.programs.wire import State
from conformance.run.errors import Exit, UsageError, UserError
from conformance.search import display as displays
from conformance.search import search as searching
from conformance.search.display import report
from conformance.search.loop import Search
from conformance.search.search import SearchPlan
from conformance.syscalls.files.opening import O_RDWR
from runners.base import Runner, RunnerError
from runners.local import LocalRunner
from tests.executors import (
    ABSENT,
    BAD,
    Dies,
    ExecutorRunner,
    Lie,
    LyingRunner,
    Moody,
    Scripted,
    dies,
    hello,
    lanes_left,
    liar,
    needs_executor,
    program,
    text,
)
from tests.mounts import needs_root, on_small_disk

TWIN = "native again"
LATER = (*[ABSENT] * 8, *[program(("getpid",))] * 8, *[BAD] * 40)
"""Two batches fly at a time: BAD is submitted when what is wrong with ABSENT has been found."""


@pytest.fixture(autouse=True)
def _executor() -> None:
    needs_executor()


def searched(
    directory: Path,
    *programs: Program,
    lie: Lie = liar,
    expectations: Sequence[Expectation] = (),
    runners: Mapping[str, Runner] | None = None,
    about: tuple[str, ...] = (),
    arguments: Mapping[str, tuple[str, ...]] | None = None,
    beside: bool = False,
) -> Search:
    """Search these programs, and no others."""
    generator = Scripted(*programs)
    generator.about = about
    plan = SearchPlan("native", ("liar",), ("time",), 7, None, len(programs), TWIN, (), arguments or {}, beside)
    given = runners or {"native": LocalRunner(), TWIN: LocalRunner(), "liar": LyingRunner(lie)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(searching, "Generator", lambda *_: generator)
        return searching.search(plan, given, expectations, directory, lambda _: None)


def kept(directory: Path) -> list[str]:
    """The signatures of the reproducers in a folder."""
    return sorted(json.loads(path.read_text())["found"]["signature"] for path in directory.glob("*/program.json"))


def expected(case: str, target: str = "liar") -> Expectation:
    """That a divergence is known."""
    return Expectation(case, target, Verdict.DIFFERS, "known")


# -- searching


def test_what_is_found_is_a_folder_each_and_the_search_is_told(tmp_path: Path) -> None:
    search = searched(tmp_path / "results", ABSENT, BAD, ABSENT)
    assert kept(tmp_path / "results") == ["close/errno/EBADF - EINVAL", "open/errno/ENOENT - EACCES"]
    told = json.loads((tmp_path / "results" / "search.json").read_text())
    assert (told["schema"], told["seed"], told["chapters"], told["programs"]) == (2, 7, ["time"], 3)
    assert sorted(told["divergences"]) == kept(tmp_path / "results")
    assert (told["holes"], told["flaky"], told["states"]) == ([], [], {"done": 3})
    assert told["executions"] == search.tally.executions > 0
    assert list(told["lanes"]) == ["native", TWIN, "liar"]
    assert told["lanes"][TWIN] == {
        "release": os.uname().release,
        "made_by": "local",
        "programs": 3,
        "busy": told["lanes"][TWIN]["busy"],
        "deaths": 0,
    }
    assert searching.status_of(search) is Exit.UNEXPECTED
    assert not lanes_left()


def test_search_that_pursues_beside_it_finds_the_same(tmp_path: Path) -> None:
    search = searched(tmp_path, ABSENT, BAD, ABSENT, beside=True)
    assert kept(tmp_path) == ["close/errno/EBADF - EINVAL", "open/errno/ENOENT - EACCES"]
    assert json.loads((tmp_path / "search.json").read_text())["left"] == 0
    assert search.lanes[-1].ran == 3, "the search's own guest has run nothing but new programs"
    assert not lanes_left()


def test_search_that_finds_nothing_is_as_expected(tmp_path: Path) -> None:
    search = searched(tmp_path, ABSENT, lie=lambda outcome: outcome)
    assert searching.status_of(search) is Exit.EXPECTED
    assert {path.name for path in tmp_path.iterdir()} == {"search.json"}


def test_twin_that_differs_fails_the_search(tmp_path: Path) -> None:
    search = searched(tmp_path, ABSENT, runners={"native": LocalRunner(), TWIN: LyingRunner(liar)})
    assert searching.status_of(search) is Exit.UNEXPECTED
    assert not search.tally.findings
    assert json.loads((tmp_path / "search.json").read_text())["holes"] == ["open/errno/ENOENT - EACCES"]


@pytest.mark.parametrize("case", ["fuzz/open/errno/ENOENT - EACCES", "fuzz/open/*", "fuzz/*ENOENT*"])
def test_what_is_expected_is_not_kept(case: str, tmp_path: Path) -> None:
    searched(tmp_path, ABSENT, BAD, expectations=[expected(case)])
    assert kept(tmp_path) == ["close/errno/EBADF - EINVAL"]


@pytest.mark.parametrize(
    "other",
    [
        expected("fuzz/open/*", "wsl2"),
        expected("fuzz/open/*", "li*"),
        expected("fuzz/open/*", "*"),
        expected("*"),
        expected("open/*"),
        expected("files/test_open.py::test_*"),
        expected("fuzz/OPEN/*"),
        expected("fuzz/open/errno/ENOENT - EPERM"),
    ],
    ids=lambda each: each.case + " on " + each.target,
)
def test_what_is_expected_of_others_is_kept(other: Expectation, tmp_path: Path) -> None:
    searched(tmp_path, ABSENT, expectations=[other])
    assert kept(tmp_path) == ["open/errno/ENOENT - EACCES"]


@pytest.mark.parametrize(
    ("condition", "expires", "holds"),
    [
        ("", "", True),
        ("kernel >= 3.0", "", True),
        ("kernel < 3.0", "", False),
        (f"kernel == {'.'.join(os.uname().release.split('.')[:2])}", "", True),
        ("liar == 7", "", True),
        ("liar == 8", "", False),
        ("runsc == 7", "", False),
        ("", "2001-01-01", False),
        ("", datetime.date.today().isoformat(), False),
        ("", "9999-12-31", True),
        ("kernel >= 3.0", "2001-01-01", False),
    ],
)
def test_what_is_expected_of_a_search_has_its_condition_and_its_day(
    condition: str, expires: str, holds: bool, tmp_path: Path
) -> None:
    known = replace(expected("fuzz/open/*"), when=condition, expires=expires)
    searched(tmp_path, ABSENT, expectations=[known])
    assert bool(kept(tmp_path)) is not holds


def test_a_chapter_that_there_is_not_is_a_usage_error_before_anything_is_opened(tmp_path: Path) -> None:
    runner = ExecutorRunner()
    plan = SearchPlan("native", ("liar",), ("fils",), 1, None, 1)
    with pytest.raises(UsageError, match=r"^there is no chapter fils; the chapters are .*files"):
        searching.search(plan, {"native": runner}, (), tmp_path, lambda _: None)
    assert not runner.guests


def test_target_that_is_not_there_is_a_runner_error_and_the_others_are_closed(tmp_path: Path) -> None:
    reference = ExecutorRunner()
    with pytest.raises(RunnerError, match="apt install qemu"):
        searched(tmp_path, runners={"native": reference, "liar": ExecutorRunner(lacking="apt install qemu")})
    assert all(guest.closed for guest in reference.guests)
    assert not lanes_left()


def test_executor_of_another_version_in_a_guest_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(RunnerError, match=r"^liar: the executor there speaks version 99 of the protocol"):
        searched(tmp_path, runners={"native": LocalRunner(), "liar": ExecutorRunner(first=[hello(99)])})


def test_target_that_is_given_up_ends_the_search_in_a_sentence_and_what_was_found_is_kept(tmp_path: Path) -> None:
    dead: list[bytes] = []

    def dies_later(outcome: bytes) -> bytes:
        if struct.pack("<q", -errno.EBADF) in outcome or dead:
            dead.append(outcome)
            raise Dies
        return liar(outcome)

    with pytest.raises(
        UserError, match=r"^liar: \d+ executors have died in a row.*; what was found until then is in "
    ) as caught:
        searched(tmp_path, *LATER, lie=dies_later)
    assert caught.value.status is Exit.FAILED
    assert str(tmp_path) in str(caught.value)
    assert kept(tmp_path) == ["open/errno/ENOENT - EACCES"]
    assert json.loads((tmp_path / "search.json").read_text())["divergences"] == kept(tmp_path)


def test_interrupt_during_minimising_keeps_what_was_found(tmp_path: Path) -> None:
    def interrupts(outcome: bytes) -> bytes:
        if struct.pack("<q", -errno.EBADF) in outcome and not sent:
            sent.append(signal.SIGINT)
            os.kill(os.getpid(), sent[0])
        return liar(outcome)

    sent: list[int] = []

    with pytest.raises(KeyboardInterrupt):
        searched(tmp_path, *LATER, lie=interrupts)
    assert kept(tmp_path) == ["open/errno/ENOENT - EACCES"]
    assert json.loads((tmp_path / "search.json").read_text())["divergences"] == kept(tmp_path)
    assert not lanes_left()


def test_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"file.* cannot be written: .*") as caught:
        searched(tmp_path / "file" / "results", ABSENT)
    assert caught.value.status is Exit.FAILED


@needs_root
def test_full_disk_is_one_sentence(tmp_path: Path) -> None:
    def fill() -> None:
        (tmp_path / "ballast").write_bytes(bytes(12 << 10))
        with pytest.raises(UserError, match="No space left on device") as caught:
            searched(tmp_path / "results", ABSENT)
        assert caught.value.status is Exit.FAILED
        assert "\n" not in str(caught.value)

    on_small_disk(tmp_path, "16k", fill)


def test_what_did_not_repeat_is_counted_the_most_frequent_first(tmp_path: Path) -> None:
    moods = [True] + [False] * 1000
    first = Moody(errno.EACCES, errno.ENOENT, moods)
    second = Moody(errno.EINVAL, errno.EBADF, [True, False, False, False] * 100)
    search = searched(tmp_path, ABSENT, *[BAD] * 3, lie=lambda outcome: second(first(outcome)))
    counts = displays.flaky(search.tally)
    assert [count for count, _ in counts] == sorted((count for count, _ in counts), reverse=True)
    assert sum(count for count, _ in counts) == len(search.tally.flakes) >= 2
    assert all(what.startswith("liar: ") for _, what in counts)
    assert kept(tmp_path) == []
    told = json.loads((tmp_path / "search.json").read_text())["flaky"]
    assert {each["call"] for each in told} == {"open", "close"}


def test_coverage_is_of_the_calls_that_may_be_made(tmp_path: Path) -> None:
    search = searched(tmp_path, ABSENT, program(("getuid",)), lie=lambda outcome: outcome)
    done, able = displays.described(search.coverage)
    assert done == 1
    assert 300 < able < 400


def test_text_of_a_finding_says_how_its_target_was_opened(tmp_path: Path) -> None:
    searched(tmp_path, ABSENT, arguments={"liar": ("--kernel", "liar=/boot/x"), "other": ("--no",)})
    (place,) = tmp_path.glob("*/issue.md")
    lines = place.read_text(encoding="utf-8").splitlines()
    assert shlex.join(["conformance", "replay", str(place.parent), "-t", "liar", "--kernel", "liar=/boot/x"]) in lines
    assert any(line.startswith("| target | liar | `a liar` |") for line in lines)


def test_text_about_the_reference_itself_replays_the_reference(tmp_path: Path) -> None:
    searched(tmp_path, ABSENT, runners={"native": LocalRunner(), TWIN: LyingRunner(liar)})
    (place,) = tmp_path.glob("*/issue.md")
    lines = place.read_text(encoding="utf-8").splitlines()
    assert shlex.join(["conformance", "replay", str(place.parent), "-t", "native"]) in lines


# -- what a search is about


@pytest.mark.parametrize(
    ("about", "wanted"),
    [
        ((), ["close/errno/EBADF - EINVAL", "open/errno/ENOENT - EACCES"]),
        (("close",), ["close/errno/EBADF - EINVAL"]),
        (("read",), []),
    ],
)
def test_only_what_needs_a_call_that_the_search_is_about_is_kept(
    about: tuple[str, ...], wanted: list[str], tmp_path: Path
) -> None:
    """The last program has the call, but differs without it."""
    needless = program(("open", text("f0"), O_RDWR, 0), ("close", Ref(0)), ("open", text("absent"), O_RDWR, 0o644))
    search = searched(tmp_path, ABSENT, BAD, needless, about=about)
    assert kept(tmp_path) == wanted
    assert bool(search.tally.beside) is bool(about)
    assert ("left alone" in report(search)) is bool(about)


def test_death_is_kept_whatever_the_search_is_about(tmp_path: Path) -> None:
    search = searched(tmp_path, ABSENT, lie=dies, about=("read",))
    assert searching.status_of(search) is Exit.UNEXPECTED


# -- what a search deserves


@pytest.mark.parametrize("state", searching.NO_EVIDENCE)
def test_search_whose_programs_were_compared_with_nothing_is_incomplete(state: State, tmp_path: Path) -> None:
    def ends(outcome: bytes) -> bytes:
        if state is State.LOST:
            raise Dies
        return bytes([state, 0, 0, 0, 0])

    runners = {"native": LyingRunner(ends), "liar": LyingRunner(ends)}
    search = searched(tmp_path, *[ABSENT] * 3, runners=runners)
    assert searching.status_of(search) is Exit.INCOMPLETE
    assert searching.lost(search)[0].startswith("3 programs ")
    assert report(search).startswith("incomplete: 3 programs ")
    assert json.loads((tmp_path / "search.json").read_text())["lost"] == searching.lost(search)


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("who", ["native", TWIN, "liar"])
def test_death_that_does_not_repeat_is_no_agreement(times: int, who: str, tmp_path: Path) -> None:
    """Once: it survives the next try. Three times: it is lost with others and alone, and survives a closer look."""
    left = [times]

    def dies_first(outcome: bytes) -> bytes:
        if struct.pack("<q", -errno.ENOENT) in outcome and left[0]:
            left[0] -= 1
            raise Dies
        return outcome

    runners = {name: LyingRunner(dies_first) if name == who else LocalRunner() for name in ("native", TWIN, "liar")}
    search = searched(tmp_path, ABSENT, BAD, runners=runners)
    assert left == [0]
    wanted = {Exit.INCOMPLETE} if who == "native" or (who == TWIN and times == 1) else {Exit.UNEXPECTED}
    assert searching.status_of(search) in wanted
    assert re.search(r"died", report(search))
    assert kept(tmp_path) == []


def test_death_that_is_expected_is_no_news(tmp_path: Path) -> None:
    known = expected("fuzz/open/state/*the guest died*")
    search = searched(tmp_path, ABSENT, lie=dies, expectations=[known])
    assert search.lanes[-1].deaths > 0
    assert searching.status_of(search) is Exit.EXPECTED


def test_target_that_dies_of_everything_does_not_end_as_expected(tmp_path: Path) -> None:
    search = searched(tmp_path, ABSENT, lie=dies)
    assert searching.status_of(search) is Exit.UNEXPECTED


def test_target_that_talks_nonsense_ends_the_search_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"an outcome .*; what was found until then is in ") as caught:
        searched(tmp_path, ABSENT, lie=lambda _: b"\xff" * 7)
    assert caught.value.status is Exit.FAILED
