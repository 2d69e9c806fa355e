from __future__ import annotations

import errno
import json
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from conformance.model import Json
from conformance.programs.notation.model import unpromised
from conformance.programs.program import Program, to_json
from conformance.run.errors import Exit, UsageError, UserError
from conformance.search import replay as replaying
from conformance.search.replay import Replayed
from conformance.search.replay_display import lines
from runners.local import HostGuest, LocalRunner
from tests.executors import ABSENT, BAD, ExecutorRunner, Lie, LyingRunner, Moody, dies, liar, needs_executor, program
from tests.fakes import DEATH


@pytest.fixture(autouse=True)
def _executor() -> None:
    needs_executor()


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
    replaying.replay([*map(unpromised, programs)], {"native": LocalRunner(), **liars}, found.append)
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
    _, dead = replayed(ABSENT, dead=dies)
    assert dead.said == ["the guest died"]
    assert dead.difference
    assert dead.difference.target == "the guest died"


def test_programs_share_guests_and_are_told_of_one_by_one_as_the_gravest() -> None:
    opened: list[str] = []

    class Counted(LocalRunner):
        def open(self) -> HostGuest:
            opened.append("guest")
            return super().open()

    told: list[list[str]] = []
    replaying.replay(
        [unpromised(ABSENT), unpromised(BAD)],
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
        replaying.replay([unpromised(ABSENT), unpromised(BAD)], {"native": runner}, lambda _: None)
    assert caught.value.status is Exit.FAILED


@pytest.mark.parametrize("moods", [[True, False, False], [False, True, False], [False, False, True]])
def test_replay_in_which_one_run_differs_does_not_agree(moods: list[bool]) -> None:
    found = replayed(ABSENT, moody=Moody(errno.EACCES, errno.ENOENT, moods))
    assert found[1].difference
    assert found[1].difference.target == "EACCES"
    assert replaying.status_of_replay(found) is Exit.UNEXPECTED


def test_reference_that_dies_itself_is_no_agreement() -> None:
    found: list[list[Replayed]] = []
    replaying.replay([unpromised(ABSENT)], {"native": LyingRunner(dies), "dead": LyingRunner(dies)}, found.append)
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


# -- in the notation

MINE = """"Mine"

two-of-them:
    r0 = open("f0", O_RDWR, 0)
    close(r0) = 0

is-absent:
    open("absent", O_RDWR, 0644) = -1 ENOENT
"""


def test_programs_that_people_have_written_are_read_by_their_names(tmp_path: Path) -> None:
    file = tmp_path / "mine.calls"
    file.write_text(MINE, encoding="utf-8")
    found = replaying.programs_at([file])
    assert list(found) == [f"{file}:two-of-them", f"{file}:is-absent"]
    assert found[f"{file}:is-absent"].program == ABSENT
    assert [step.call.label for step in found[f"{file}:two-of-them"].steps] == ["open", "close"]


def test_what_linux_promises_and_a_target_does_not_keep_is_told_of_each(tmp_path: Path) -> None:
    file = tmp_path / "mine.calls"
    file.write_text("""x:\n    close(41) = -1 EBADF\n    close(42) = ok\n""", encoding="utf-8")
    told: list[list[Replayed]] = []
    runners = {"native": LocalRunner(), "liar": LyingRunner(liar)}
    replaying.replay(list(replaying.programs_at([file]).values()), runners, told.append)
    (found,) = told
    assert [each.broken for each in found] == [
        ["call 1, close: -1 EBADF, and Linux promises success"],
        [
            "call 0, close: -1 EINVAL, and Linux promises -1 EBADF",
            "call 1, close: -1 EINVAL, and Linux promises success",
        ],
    ]
    assert "    call 1, close: -1 EBADF, and Linux promises success" in list(lines(found))
    assert replaying.status_of_replay(found[:1]) is Exit.UNEXPECTED


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "has no program: a name and calls below it were expected"),
        ("x:\n    clsoe(0)\n", "mine.calls:2:5: there is no call clsoe; did you mean close?"),
        ("x:\n    reboot(0xfee1dead, 0, 0, 0)\n", "mine.calls:x: call 0, reboot, is one that no program makes: it "),
        ("x:\n    kill(-1, SIGKILL)\n", "mine.calls:x: a call of it reaches for what is not a program's own"),
        ("x:\n    close(\udcff)\n", "is no UTF-8"),
    ],
)
def test_a_file_that_cannot_be_run_is_refused_in_a_sentence(text: str, why: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.calls"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(UsageError) as caught:
        replaying.programs_at([file])
    assert why in str(caught.value)
    assert str(file) in str(caught.value)
    with pytest.raises(UsageError, match="cannot be read"):
        replaying.programs_at([tmp_path / "absent.calls"])
