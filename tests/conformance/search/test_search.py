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

from conformance.model import Expectation, Json, Target, Verdict
from conformance.programs.program import Program, Ref, to_json
from conformance.programs.wire import State
from conformance.run.errors import Exit, UsageError, UserError
from conformance.search import corpus as keeping
from conformance.search import display as displays
from conformance.search import replay as replaying
from conformance.search import search as searching
from conformance.search.compare import ProgramDifference
from conformance.search.display import report
from conformance.search.loop import Search
from conformance.search.replay import Replayed
from conformance.search.search import SearchPlan
from conformance.syscalls.files.opening import O_RDWR
from runners.base import Runner, RunnerError
from runners.local import HostGuest, LocalRunner
from runners.registry import declarations, declared
from tests.executors import (
    Dies,
    ExecutorRunner,
    Lie,
    LyingRunner,
    Moody,
    Scripted,
    hello,
    lanes_left,
    needs_executor,
    program,
    room,
    says,
    text,
)
from tests.fakes import DEATH
from tests.mounts import needs_root, on_small_disk

ABSENT = program(("open", text("absent"), O_RDWR, 0o644))
BAD = program(("close", 40))
TWIN = "native again"
LATER = (*[ABSENT] * 8, *[program(("getpid",))] * 8, *[BAD] * 40)
"""Two batches fly at a time: BAD is submitted when what is wrong with ABSENT has been found."""


def liar(outcome: bytes) -> bytes:
    """Says EACCES for ENOENT, and EINVAL for EBADF."""
    return says(errno.EINVAL, errno.EBADF)(says(errno.EACCES, errno.ENOENT)(outcome))


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
) -> Search:
    """Search these programs, and no others."""
    generator = Scripted(*programs)
    generator.about = about
    plan = SearchPlan("native", ("liar",), ("time",), 7, None, len(programs), TWIN, (), arguments or {})
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


# -- reading programs


def refused(path: Path) -> str:
    """Why a program cannot be read, in one sentence."""
    with pytest.raises(UsageError) as caught:
        replaying.read_program(path)
    said = str(caught.value)
    assert "\n" not in said
    assert str(path) in said
    return said


def changed(**members: Json) -> str:
    """A program's text with other members."""
    document = to_json(program(("getpid",), ("close", 1)))
    assert isinstance(document, dict)
    return json.dumps({**document, **members})


def test_program_is_read_from_a_folder_and_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "program.json").write_text(json.dumps(to_json(ABSENT)))
    assert replaying.read_program(tmp_path) == replaying.read_program(tmp_path / "program.json") == ABSENT


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (changed()[:-9], "is no JSON, or cut short"),
        ("", "is no JSON, or cut short"),
        ("\x7fELF", "is no JSON, or cut short"),
        ("[" * 100_000, "is no JSON, or cut short"),
        ("[]", "this is no program"),
        ("null", "this is no program"),
        ('{"schema": 1, "cases": []}', "this is no program"),
        (changed(format=2), "has format 2, and this version reads up to 1: update the suite"),
        (changed(format=None), "no version"),
        (changed(format="1"), "no version"),
        (changed(format=True), "no version"),
        (changed(calls=[]), "at least one call"),
        (changed(calls=[{"call": "getpid", "args": []}] * 1000), "at most"),
        (changed(calls=[{"call": "quantum_read", "args": []}]), "'quantum_read' is not described here"),
        (changed(calls=[{"call": "close", "args": [{"of": 0}]}]), "a resource must come `of` an earlier call"),
        (changed(calls=[{"call": "close", "args": [1.5]}]), "neither a number"),
        (changed(calls=[{"call": "close", "args": [1 << 70]}]), "neither a number"),
        (
            changed(calls=[{"call": "reboot", "args": [1, 2, 3, 0]}]),
            "call 0, reboot, is one that no program makes: it ",
        ),
        (changed(calls=[{"call": "getpid", "args": []}, {"call": "fork", "args": []}]), "call 1, fork, is one"),
    ],
)
def test_program_that_is_none_or_harmful_is_refused_in_a_sentence(content: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / "program.json"
    path.write_text(content)
    assert why in refused(path)


def test_program_that_is_not_there_or_no_text_is_refused_in_a_sentence(tmp_path: Path) -> None:
    assert "cannot be read: No such file or directory; give a folder that `conformance fuzz` wrote" in refused(
        tmp_path / "absent"
    )
    assert "program.json cannot be read" in refused(tmp_path)
    (tmp_path / "program.json").write_bytes(b'{"format": 1, "calls": [\xff\xfe]}')
    assert "no JSON" in refused(tmp_path / "program.json")


# -- replaying


def replayed(made: Program, **lies: Lie) -> list[Replayed]:
    """A program on this kernel and on liars."""
    (found,) = all_replayed([made], **lies)
    return found


def all_replayed(programs: Sequence[Program], **lies: Lie) -> list[list[Replayed]]:
    """Programs on this kernel and on liars."""
    found: list[list[Replayed]] = []
    liars = {name: LyingRunner(lie) for name, lie in lies.items()}
    replaying.replay(programs, {"native": LocalRunner(), **liars}, found.append)
    return found


def test_replay_tells_what_each_target_does_and_where_it_differs() -> None:
    native, one, other = replayed(ABSENT, one=liar, other=lambda outcome: outcome)
    assert (native.target, native.said, native.difference, native.stable) == ("native", ["ENOENT"], None, True)
    assert (one.target, one.said, one.stable) == ("one", ["EACCES"], True)
    assert one.difference
    assert (one.difference.reference, one.difference.target) == ("ENOENT", "EACCES")
    assert (other.said, other.difference) == (["ENOENT"], None)
    assert native.release == os.uname().release
    assert len(native.lines) == 1
    assert "open(" in native.lines[0]


def test_replay_tells_what_differs_from_run_to_run() -> None:
    _, moody = replayed(ABSENT, moody=Moody(errno.EACCES, errno.ENOENT, [True, False, True]))
    assert not moody.stable


def test_replay_on_a_target_that_dies_of_it_says_so() -> None:
    def dies(outcome: bytes) -> bytes:
        raise Dies

    _, dead = replayed(ABSENT, dead=dies)
    assert dead.said == ["the guest died"]
    assert dead.difference
    assert dead.difference.target == "the guest died"


def dies(outcome: bytes) -> bytes:
    """A target that nothing survives."""
    raise Dies


def test_programs_share_guests_and_are_told_of_one_by_one_as_the_gravest() -> None:
    opened: list[str] = []

    class Counted(LocalRunner):
        def open(self) -> HostGuest:
            opened.append("guest")
            return super().open()

    told: list[list[str]] = []
    replaying.replay(
        [ABSENT, BAD],
        {"native": Counted(), "again": Counted()},
        lambda each: told.append([one.said[0] for one in each]),
    )
    assert told == [["ENOENT"] * 2, ["EBADF"] * 2]
    assert len(opened) == 2


def test_target_that_dies_of_every_program_is_not_given_up() -> None:
    found = all_replayed([ABSENT] * 15, dead=dies)
    assert [dead.said for _, dead in found] == [["the guest died"]] * 15
    assert {replaying.status_of_replay(each) for each in found} == {Exit.UNEXPECTED}


def test_target_that_cannot_be_opened_again_is_told_with_what_was_left_out() -> None:
    runner = ExecutorRunner(lambda *_: [DEATH], taken_along=True, times=1)
    with pytest.raises(
        UserError, match=r"^native: cannot be opened again: .*; 2 programs of 2 not replayed$"
    ) as caught:
        replaying.replay([ABSENT, BAD], {"native": runner}, lambda _: None)
    assert caught.value.status is Exit.FAILED


@pytest.mark.parametrize("moods", [[True, False, False], [False, True, False], [False, False, True]])
def test_replay_in_which_one_run_differs_does_not_agree(moods: list[bool]) -> None:
    found = replayed(ABSENT, moody=Moody(errno.EACCES, errno.ENOENT, moods))
    assert found[1].difference
    assert found[1].difference.target == "EACCES"
    assert replaying.status_of_replay(found) is Exit.UNEXPECTED


def test_reference_that_dies_itself_is_no_agreement() -> None:
    found: list[list[Replayed]] = []
    replaying.replay([ABSENT], {"native": LyingRunner(dies), "dead": LyingRunner(dies)}, found.append)
    ((native, dead),) = found
    assert (native.lost, dead.difference) == (True, None)
    assert replaying.status_of_replay(found[0]) is Exit.INCOMPLETE


def test_programs_of_a_whole_search_are_found_and_its_summary_is_none(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "program.json").write_text(json.dumps(to_json(ABSENT)))
    (tmp_path / "search.json").write_text("{}")
    both = [str(tmp_path / name) for name in ("one", "two")]
    assert list(replaying.programs_at([tmp_path])) == both
    assert list(replaying.programs_at(sorted(tmp_path.iterdir()))) == both
    assert list(replaying.programs_at([tmp_path / "two" / "program.json", tmp_path / "one"])) == [
        str(tmp_path / "two" / "program.json"),
        both[0],
    ]
    with pytest.raises(UsageError, match=r"search\.json: this is no program"):
        replaying.programs_at([tmp_path / "search.json"])
    with pytest.raises(UsageError, match="cannot be read"):
        replaying.programs_at([tmp_path / "one", tmp_path / "absent"])


# -- keeping


def keep(corpus: Path, made: Program, *results: Replayed) -> Path:
    """Keep a program on which targets said this."""
    return keeping.keep(made, results, corpus, *keeping.last_call(made))


def said(target: str, *what: str, stable: bool = True, difference: ProgramDifference | None = None) -> Replayed:
    """What a target did."""
    return Replayed(target, "6.1.0", [], list(what), difference, stable)


def test_program_on_which_all_agree_is_kept_with_its_promise(tmp_path: Path) -> None:
    path = keep(tmp_path, ABSENT, said("native", "ENOENT"), said("wsl2", "ENOENT"))
    assert path.parent == tmp_path / "files"
    assert path.name.startswith("open-")
    document = json.loads(path.read_text())
    assert (document["promise"], document["agreed"]) == (["ENOENT"], ["native 6.1.0", "wsl2 6.1.0"])
    assert replaying.read_program(path) == ABSENT
    assert keep(tmp_path, ABSENT, said("native", "ENOENT")) == path


def test_programs_about_the_same_call_are_kept_apart(tmp_path: Path) -> None:
    others = program(("getpid",), ("close", 41))
    assert keep(tmp_path, BAD, said("native", "EBADF")) != keep(tmp_path, others, said("native", "0", "EBADF"))


@pytest.mark.parametrize("field", ["errno", "result", "buf", "buf.st_size", "signals", "state"])
def test_program_on_which_targets_disagree_in_anything_is_not_kept(field: str, tmp_path: Path) -> None:
    apart = ProgramDifference(0, "open", field, "one thing", "another\x1b")
    with pytest.raises(UsageError, match=rf"^not kept: open, {field}: another\ufffd on wsl2, one thing on native$"):
        keep(tmp_path, ABSENT, said("native", "ENOENT"), said("wsl2", "ENOENT", difference=apart))
    assert not list(tmp_path.iterdir())


def test_program_of_which_a_target_is_not_sure_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^not kept: wsl2 says something else from run to run$"):
        keep(tmp_path, ABSENT, said("native", "ENOENT"), said("wsl2", "ENOENT", stable=False))


def test_program_that_writes_other_data_on_a_target_is_not_kept(tmp_path: Path) -> None:
    reads = program(("open", text("f0"), O_RDWR, 0), ("read", Ref(0), room(64), 8))
    found = replayed(reads, wrong=lambda outcome: outcome.replace(b"abcdefgh", b"abcdefgX"))
    assert found[0].said == found[1].said
    with pytest.raises(UsageError, match=r"^not kept: read, buf: .*X.* on wrong, .*abcdefgh.* on native$"):
        keep(tmp_path, reads, *found)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("runner", declarations())
def test_only_kernels_are_witnesses_of_what_linux_promises(runner: str) -> None:
    targets = [declared(Target("native", "local")), declared(Target("other", runner))]
    if runner in ("local", "qemu"):
        keeping.refuse_imitations(targets)
        return
    with pytest.raises(UsageError, match=rf"^--keep: other is no kernel but imitates one \(runner {runner}\)"):
        keeping.refuse_imitations(targets)


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
        return bytes([state, 0, 0, 0])

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
