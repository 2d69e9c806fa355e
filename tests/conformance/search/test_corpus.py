from __future__ import annotations

from pathlib import Path

import pytest

from conformance import places
from conformance.model import Target
from conformance.programs.notation.model import Listing, unpromised
from conformance.programs.notation.parse import parse_file
from conformance.programs.notation.promises import Fails, Promise
from conformance.programs.program import Program, Ref
from conformance.run.errors import UsageError
from conformance.search import corpus as keeping
from conformance.search.compare import ProgramDifference
from conformance.search.distill.files import area_of
from conformance.search.replay import Replayed, replay
from conformance.syscalls.files.opening import O_RDWR
from conformance.syscalls.machinery.table import chapters
from runners.local import LocalRunner
from runners.registry import declarations, declared
from tests.executors import ABSENT, BAD, LyingRunner, needs_executor, program, room, text


def keep(corpus: Path, made: Program, *results: Replayed) -> str:
    """Keep a program on which targets said this."""
    return keeping.keep(made, results, corpus, *keeping.last_call(made))


def said(target: str, *what: str, stable: bool = True, difference: ProgramDifference | None = None) -> Replayed:
    """What a target did."""
    return Replayed(target, "6.1.0", [], list(what), difference, stable)


def kept_as(place: str) -> Listing:
    """What was kept, read again."""
    path, _, name = place.partition("::")
    return parse_file(Path(path).read_text(), path).of(name)


def test_program_on_which_all_agree_is_kept_with_its_promise(tmp_path: Path) -> None:
    place = keep(tmp_path, ABSENT, said("native", "ENOENT"), said("wsl2", "ENOENT"))
    assert place == f"{tmp_path}/files/found.calls::open"
    found = kept_as(place)
    assert (found.program, found.above) == (ABSENT, ("agreed: native 6.1.0, wsl2 6.1.0",))
    assert [step.promises for step in found.steps] == [(Promise(Fails(("ENOENT",))),)]
    assert keep(tmp_path, ABSENT, said("native", "ENOENT")) == place


def test_programs_about_the_same_call_are_kept_apart_in_one_file(tmp_path: Path) -> None:
    others = program(("getpid",), ("close", 41))
    one, other = keep(tmp_path, BAD, said("native", "EBADF")), keep(tmp_path, others, said("native", "0", "EBADF"))
    assert one != other
    assert (kept_as(one).program, kept_as(other).program) == (BAD, others)


def test_programs_go_to_the_area_of_cases_of_their_chapter(tmp_path: Path) -> None:
    polls = program(("eventfd2", 0, 0))
    assert keep(tmp_path, polls, said("native", "0")).startswith(f"{tmp_path}/events/found.calls::")
    areas = {path.name for path in places.CASES.iterdir()}
    assert {area_of(chapter) for chapter in chapters().values()} <= areas


def test_a_file_that_somebody_has_spoilt_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "found.calls").write_text("one:\n    close(1, 2)\n")
    with pytest.raises(UsageError, match=r"^not kept: .*found\.calls:2:14: close takes 1 arguments"):
        keep(tmp_path, ABSENT, said("native", "ENOENT"))
    assert (tmp_path / "files" / "found.calls").read_text() == "one:\n    close(1, 2)\n"


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
    needs_executor()
    reads = program(("open", text("f0"), O_RDWR, 0), ("read", Ref(0), room(64), 8))
    liar = LyingRunner(lambda outcome: outcome.replace(b"abcdefgh", b"abcdefgX"))
    runs: list[list[Replayed]] = []
    replay([unpromised(reads)], {"native": LocalRunner(), "wrong": liar}, runs.append)
    (found,) = runs
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


def test_programs_are_kept_only_in_a_checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kernel, imitation = declared(Target("lts", "qemu")), declared(Target("gvisor", "gvisor"))
    monkeypatch.setattr("conformance.places.corpus_directory", lambda: tmp_path)
    assert keeping.corpus_for([kernel]) == tmp_path
    with pytest.raises(UsageError, match="no promise of Linux"):
        keeping.corpus_for([kernel, imitation])
    monkeypatch.setattr("conformance.places.corpus_directory", lambda: None)
    with pytest.raises(UsageError, match="in a checkout of the suite"):
        keeping.corpus_for([kernel])


def test_of_several_programs_those_are_kept_on_which_all_agree(tmp_path: Path) -> None:
    programs = {"/x/one": ABSENT, "/x/two": BAD}
    done = {"/x/one": [said("native", "ENOENT")], "/x/two": [said("native", "EBADF", stable=False)]}
    kept, refused = keeping.keep_all(programs, done, tmp_path)
    assert [Path(place.partition("::")[0]).parent.name for place in kept] == ["files"]
    assert refused == ["two: not kept: native says something else from run to run"]
    alone = keeping.keep_all({"/x/two": BAD}, done, tmp_path)
    assert alone == ([], ["not kept: native says something else from run to run"])
