from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from conformance.model import Absent, Outcome, Target
from conformance.places import CASES
from conformance.run.conduct import USUAL, Conduct
from conformance.run.errors import UsageError
from conformance.run.planning import Choice, areas, begin, case_path, new_plan, select, unable, with_calls
from conformance.run.results import PLAN_FILE
from conformance.run.selection import Selection
from runners.base import Runner
from tests.builders import result
from tests.conformance.run.runs import CASES as OF_RUN
from tests.conformance.run.runs import Said, with_first, write
from tests.fakes import FakeRunner

NATIVE, LTS = Target("native", "local"), Target("lts", "qemu", options={"kernel": "debian:6.1"})
OPEN = "files/test_open.py"


class Lacking(FakeRunner):
    """Cannot run here, or cannot even find out."""

    def __init__(self, why: str | OSError) -> None:
        super().__init__(())
        self._why = why

    def missing(self) -> str | None:
        """See `Runner`."""
        if isinstance(self._why, OSError):
            raise self._why
        return self._why


# -- which targets


def test_of_those_that_nobody_named_the_ones_that_cannot_run_are_left_out() -> None:
    targets = [Target(name, "qemu") for name in ("native", "lts", "wsl2", "gvisor")]
    runners: Mapping[str, Runner] = {
        "native": Lacking("asked for all the same"),
        "lts": FakeRunner(()),
        "wsl2": Lacking("apt install it"),
        "gvisor": Lacking(OSError(30, "Read-only file system")),
    }
    assert unable(targets, lambda each: runners[each.name], ["native"]) == [
        Absent(targets[2], "apt install it"),
        Absent(targets[3], "[Errno 30] Read-only file system"),
    ]


def test_a_plan_has_the_targets_that_are_not_absent() -> None:
    plan = new_plan([NATIVE, LTS], [Absent(LTS, "apt install it")], Selection(("files",)), Conduct(repeat=3))
    assert (plan.targets, plan.absent) == ([NATIVE], [Absent(LTS, "apt install it")])
    assert (plan.selection.paths, plan.conduct.repeat, plan.reference) == (("files",), 3, "native")


def test_what_is_usual_need_not_be_said_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert new_plan([NATIVE], [], Selection(), USUAL).arguments == []


def test_all_else_is_said_so_that_it_holds_in_any_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    plan = new_plan(
        [Target("lts", "qemu", given={"kernel": "/boot/a"})],
        [],
        Selection(),
        Conduct(timeout=7.5, effort="nightly"),
        targets_file=Path("my.toml"),
        expectations=Path("known"),
        reference="lts",
        cold=True,
    )
    assert plan.arguments == [
        *("--kernel", "lts=/boot/a", "--targets", str(tmp_path.resolve() / "my.toml")),
        *("--expectations", str(tmp_path.resolve() / "known"), "--reference", "lts"),
        *("--effort", "nightly", "--timeout", "7.5", "--cold"),
    ]


def test_a_file_of_targets_that_is_found_here_is_said_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "targets.toml").touch()
    assert new_plan([NATIVE], [], Selection(), USUAL).arguments == ["--targets", str(tmp_path / "targets.toml")]


# -- which cases


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ("files", "files"),
        ("cases/files", "files"),
        (f"cases/{OPEN}", OPEN),
        (f"{OPEN}::test_x[a/b]", f"{OPEN}::test_x[a/b]"),
        (str(CASES / OPEN), OPEN),
        ("cases", "."),
    ],
)
def test_a_path_is_as_guests_know_it(given: str, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CASES.parent)
    assert case_path(given) == path


@pytest.mark.parametrize("given", ["no-such-area", "..", "/etc", "x" * 5000])
def test_a_path_where_no_cases_are_is_refused_with_the_areas(given: str) -> None:
    with pytest.raises(UsageError, match=r"there are no cases at .*; the areas are .*files, .*netlink"):
        case_path(given)


def test_areas_are_the_folders_that_have_cases() -> None:
    assert {"files", "netlink"} <= set(areas())
    assert "__pycache__" not in areas()


def test_an_expression_that_is_none_is_refused_with_what_is_wrong() -> None:
    with pytest.raises(UsageError, match=r"^-k 'a and' is no expression of names with and, or, not: "):
        select(Choice(expression="a and"), (), ())


def test_where_nothing_is_asked_for_all_cases_are_meant() -> None:
    assert select(Choice(), (), ()) == (Selection(), "")


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of which the first case failed on `lts`."""
    monkeypatch.chdir(tmp_path)
    return write(
        tmp_path / "results" / "one", native=Said(), lts=Said(with_first(result(Outcome.FAILED, message="no")))
    )


def test_what_failed_in_a_run_is_chosen_on_the_targets_that_are_named(runs: Path) -> None:
    assert select(Choice(failed_in="one"), (), ())[0].cases == (OF_RUN[0],)
    assert select(Choice(failed_in="one"), ("lts",), ())[0].cases == (OF_RUN[0],)
    with pytest.raises(UsageError, match="nothing failed there on native"):
        select(Choice(failed_in="one"), ("native",), ())
    with pytest.raises(UsageError, match="that run has none of the targets wsl2"):
        select(Choice(failed_in="one"), ("wsl2",), ())


def test_modules_that_were_lost_and_cases_that_were_not_run_are_chosen_again(tmp_path: Path) -> None:
    run = write(
        tmp_path / "run",
        native=Said(),
        lts=Said(with_first(result(Outcome.ERROR, message="the channel broke")), lost="a/test_b.py"),
    )
    assert select(Choice(failed_in=str(run)), (), ())[0].cases == ("a/test_b.py", OF_RUN[0])


def test_cases_that_make_a_call_are_known_from_records_and_else_from_the_source(runs: Path) -> None:
    cases, told = with_calls("read")
    assert set(OF_RUN) <= set(cases)
    assert "8 cases made the call in the records of one" in told
    assert "by the source, since no record has them" in told


def test_both_choices_leave_what_both_take(runs: Path) -> None:
    selection, told = select(Choice(calls="read", failed_in="one"), (), ())
    assert selection.cases == (OF_RUN[0],)
    assert told.startswith("--call read: ")
    assert select(Choice(calls="reboot", failed_in="one"), (), ())[0].cases == ()


@pytest.mark.parametrize(
    ("calls", "words"), [("", "names no system call"), (" , ", "names no"), ("raed", "did you mean")]
)
def test_a_call_that_is_none_is_refused(calls: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        with_calls(calls)


def test_a_run_begins_in_a_directory_of_its_own_with_its_plan(tmp_path: Path) -> None:
    plan = new_plan([NATIVE], [], Selection(), USUAL)
    directory = begin(plan, tmp_path / "results")
    assert directory == tmp_path / "results"
    assert (directory / PLAN_FILE).exists()
    with pytest.raises(UsageError, match=r"results has a run already; choose another -o, or finish it with --resume"):
        begin(plan, directory)
