"""`conformance run` from its command line to its exit status, on guests that behave as they are told to."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest

import conformance.cli.run as module
from conformance.model import Matrix, Outcome, Target
from conformance.places import CASES
from conformance.protocol.lines import End, Trouble
from conformance.run.conduct import USUAL
from conformance.run.errors import Exit
from conformance.run.orchestrate import execute
from conformance.run.results import RunPlan, matrix_of, read_plan
from conformance.run.selection import Selection
from reports.summary import repeat_command
from runners.base import Runner
from runners.kernels import microsoft
from runners.kernels.download import Progress
from runners.kernels.feed import VARIABLE
from tests import packages
from tests.conformance.cli.command import Answered, is_one_sentence, told
from tests.fakes import Answer, FakeRunner, Importing, Said, greeting, line, says, well_behaved
from tests.feeds import feed

TARGETS = """
[target.native]
runner = "local"
[target.lts]
runner = "qemu"
kernel = "debian:6.1"
[target.wsl2]
runner = "qemu"
kernel = "wsl2"
control = "lts"
[target.gvisor]
runner = "gvisor"
"""
MODULE = "files/test_open.py"
NAMES = [f"{MODULE}::test_{name}" for name in ("one", "two", "three[x-1]", "three[$(id) 'y']")]
ONE, TWO, THREE, ODD = NAMES


class Absent(FakeRunner):
    """Cannot run here."""

    def missing(self) -> str | None:
        """See `Runner`."""
        return "it is not installed: apt install it"


class Broken(FakeRunner):
    """Cannot even find out."""

    def missing(self) -> str | None:
        """See `Runner`."""
        raise OSError(30, "Read-only file system")


def by_function(failing: dict[str, Outcome]) -> Answer:
    """Cases end as told, by their id; the others pass."""
    return lambda asked: [*(says(case, failing.get(case, Outcome.PASSED)) for case in asked), line(End())]


class Machines:
    """What stands in for the real runners: by target, one that behaves well unless it is given."""

    def __init__(self) -> None:
        self.runners: dict[str, Runner] = {}
        self.asked: list[tuple[str, str | None, bool]] = []

    def runner(self, target: Target, *, cold: bool = False, **_: object) -> Runner:
        """In the place of `runner_for`."""
        self.asked.append((target.name, target.given.get("kernel"), cold))
        return self.runners.setdefault(target.name, FakeRunner(NAMES))


@pytest.fixture
def machines(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, no_programs: None) -> Machines:
    """Fakes in the place of all runners, in an empty folder with a file of targets and no expectations."""
    found = Machines()
    monkeypatch.setattr(module, "runner_for", found.runner)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CONFORMANCE_WSL2_KERNEL", raising=False)
    (tmp_path / "targets.toml").write_text(TARGETS)
    (tmp_path / "expectations").mkdir()
    return found


def run(*arguments: str | Path) -> Answered:
    """Run, with results in ./out unless it is told otherwise."""
    return told("run", *([] if {"-o", "--resume"} & set(map(str, arguments)) else ["-o", "out"]), *arguments)


def cases_of(name: str, folder: Path = Path("out")) -> list[str]:
    """What a target ran, in order."""
    lines = (json.loads(each) for each in (folder / f"{name}.jsonl").read_text().splitlines())
    return [each["result"]["case"] for each in lines if each["kind"] == "result"]


# -- targets that cannot run here


def test_targets_that_nobody_named_and_that_cannot_run_do_not_fail_the_run(machines: Machines) -> None:
    machines.runners = {"wsl2": Absent(()), "gvisor": Broken(())}
    done = run()
    assert done.status == Exit.EXPECTED, done
    plan = read_plan(Path("out"))
    assert [target.name for target in plan.targets] == ["native", "lts"]
    assert [(each.target.name, each.why) for each in plan.absent] == [
        ("wsl2", "it is not installed: apt install it"),
        ("gvisor", "[Errno 30] Read-only file system"),
    ]
    assert [each.target.name for each in matrix_of(Path("out")).absent] == ["wsl2", "gvisor"]


@pytest.mark.parametrize(
    "arguments",
    [("-t", "wsl2"), ("-t", "lts", "-t", "wsl2"), ("--kernel", "wsl2=debian:6.1"), ("--reference", "wsl2")],
    ids=" ".join,
)
def test_a_target_that_was_asked_for_and_cannot_run_fails_the_run(
    arguments: tuple[str, ...], machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    machines.runners = {"wsl2": Absent(())}
    done = run(*arguments)
    assert done.status == Exit.FAILED, done
    assert "it is not installed: apt install it" in done.out
    assert [each.target.name for each in read_plan(Path("out")).absent] == []


def test_the_reference_is_always_asked_for(machines: Machines) -> None:
    machines.runners = {"native": Absent(())}
    assert run().status == Exit.FAILED


# -- what is fetched without being asked for


class Fetched(FakeRunner):
    """Lacks WSL2's kernel until it was fetched, as those do that boot it."""

    def missing(self) -> str | None:
        """See `Runner`."""
        return None if microsoft.here() else "there is no WSL2 kernel here: fetch it"

    def lacking(self) -> str:
        """See `Brings`."""
        return "" if microsoft.here() else microsoft.to_bring()

    def bring(self, progress: Progress) -> None:
        """See `Brings`."""
        microsoft.fetch("", progress)


@pytest.fixture
def empty(machines: Machines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machines:
    """With an empty cache."""
    monkeypatch.setenv("CONFORMANCE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    machines.runners = {"wsl2": Fetched(NAMES)}
    return machines


def with_wsl2(folder: str) -> bool:
    """Whether a run has WSL2's column."""
    return "wsl2" in [target.name for target in read_plan(Path(folder)).targets]


@pytest.mark.usefixtures("empty")
def test_the_first_run_fetches_wsl2s_kernel_once_it_was_said_and_the_next_ones_have_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with feed({"6.18.33.2-2": packages.package(tmp_path / "packages")}) as served:
        monkeypatch.setenv(VARIABLE, served.url)
        assert run("--offline", "-o", "offline").status == Exit.EXPECTED
        assert (with_wsl2("offline"), served.asked) == (False, [])
        done = run("-o", "first")
        assert (done.status, with_wsl2("first")) == (Exit.EXPECTED, True)
        said = "conformance: wsl2: fetching Microsoft's kernel, about 150 MB from 127.0.0.1; --offline does not"
        lines = done.err.splitlines()
        assert lines[lines.index(said) + 1].startswith("downloading (")
        assert microsoft.here() == ["6.18.33.2-2"]
        asked = len(served.asked)
        assert "fetching" not in run("-o", "second").err
        assert (with_wsl2("second"), len(served.asked)) == (True, asked)


@pytest.mark.usefixtures("empty")
@pytest.mark.parametrize(("arguments", "status"), [((), Exit.EXPECTED), (("-t", "wsl2"), Exit.FAILED)])
def test_a_run_without_a_network_goes_on_without_the_column_that_nobody_asked_for(
    arguments: tuple[str, ...], status: Exit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "http://127.0.0.1:9/index.json")
    first, second = run(*arguments, "-o", "first"), run(*arguments, "-o", "second")
    assert (first.status, second.status) == (status, status)
    (told,) = [line for line in first.err.splitlines() if "could not be fetched" in line]
    assert is_one_sentence(told)
    assert ("goes on without it" in told) is (arguments == ())
    assert "could not be fetched" not in second.err
    assert "there is no WSL2 kernel here" in first.out
    assert "there is no WSL2 kernel here" in second.out


# -- choosing cases


@pytest.mark.parametrize("arguments", [("-k", "nothing"), ("files/test_open.py::test_no_such",)], ids=" ".join)
@pytest.mark.parametrize("listing", [(), ("--list",)], ids=["run", "list"])
def test_no_case_selected_is_a_usage_error(
    arguments: tuple[str, ...], listing: tuple[str, ...], machines: Machines
) -> None:
    done = run(*arguments, *listing)
    assert (done.status, "no case was selected" in done.err) == (Exit.USAGE, True)


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf", "1e400", "soon"])
def test_time_that_no_clock_counts_is_a_usage_error_and_no_hang_of_the_target(seconds: str, machines: Machines) -> None:
    done = run("--timeout", seconds)
    assert (done.status, "--timeout" in done.err, Path("results").exists()) == (Exit.USAGE, True, False)


def test_a_list_is_printed_and_nothing_is_run(machines: Machines) -> None:
    done = told("run", "--list", "-k", "three", MODULE)
    assert (done.status, done.out.splitlines()) == (Exit.EXPECTED, [THREE, ODD])
    assert not Path("results").exists()


@pytest.mark.parametrize("wrong", [("-t", "no-such"), ("--reference", "no-such"), ("--runsc", "old=/no/such")])
def test_a_list_does_not_pass_over_a_target_that_there_is_not(wrong: tuple[str, ...], machines: Machines) -> None:
    done = told("run", "--list", *wrong)
    assert (done.status, done.out, "/no/such" in done.err or "no-such" in done.err) == (Exit.USAGE, "", True)


def test_a_list_that_lacks_a_module_is_incomplete(machines: Machines) -> None:
    lost = line(Trouble("a/test_x.py cannot be imported", lost="a/test_x.py"))
    machines.runners["native"] = FakeRunner((), first=[lost, *greeting(NAMES)])
    done = told("run", "--list")
    assert (done.status, "a/test_x.py" in done.err) == (Exit.INCOMPLETE, True)


def test_a_list_names_the_module_that_ends_the_guest_and_has_the_other_cases(machines: Machines) -> None:
    machines.runners["native"] = Importing(NAMES, ["a/test_x.py", "a/test_y.py"])
    done = told("run", "--list")
    assert (done.status, done.out.splitlines()) == (Exit.INCOMPLETE, NAMES)
    for lost in ("a/test_x.py", "a/test_y.py"):
        assert f"{lost} cannot be collected: importing it ends the guest" in done.err


def test_a_module_that_was_lost_makes_the_run_incomplete_and_is_named(machines: Machines) -> None:
    lost = line(Trouble("a/test_x.py cannot be imported", lost="a/test_x.py"))
    machines.runners["lts"] = FakeRunner((), first=[lost, *greeting(NAMES)])
    done = run("-t", "lts")
    assert done.status == Exit.INCOMPLETE
    assert "lts: a/test_x.py could not be collected" in done.err


def test_what_failed_in_a_run_can_be_run_again(machines: Machines) -> None:
    machines.runners["lts"] = FakeRunner(NAMES, by_function({TWO: Outcome.FAILED, ODD: Outcome.CRASH}))
    machines.runners["gvisor"] = FakeRunner(NAMES, by_function({ONE: Outcome.FAILED}))
    assert run().status == Exit.UNEXPECTED
    assert set(run("--failed-in", "out", "--list", "-o", "again").out.splitlines()) == {ONE, TWO, ODD}
    assert run("--failed-in", "out", "-t", "lts", "-o", "again").status == Exit.UNEXPECTED
    assert set(cases_of("lts", Path("again"))) == {TWO, ODD}


@pytest.mark.parametrize(("name", "words"), [("out", "nothing failed there"), ("no-such-run", "no results at")])
def test_where_nothing_failed_there_is_nothing_to_run(name: str, words: str, machines: Machines) -> None:
    assert run("-t", "lts").status == Exit.EXPECTED
    done = run("--failed-in", name, "-o", "again")
    assert (done.status, words in done.err) == (Exit.USAGE, True)


def test_cases_that_make_a_call_are_chosen_and_it_is_said_how_that_is_known(machines: Machines) -> None:
    done = run("--call", "openat", "--list")
    assert done.status == Exit.USAGE  # none of the fakes' cases has a source
    assert "by the source, since there are no records" in done.err
    results = Path("results/one")
    assert told("run", "-t", "lts", "-o", str(results)).status == Exit.EXPECTED
    record = results / "lts.jsonl"
    step = '"steps":[{"call":"sendmsg","args":[],"result":0}],'
    lines = [each.replace('"steps":[],', step) if TWO in each else each for each in record.read_text().splitlines()]
    record.write_text("\n".join(lines) + "\n")
    done = run("--call", "sendmsg,ppoll", "--list")
    assert (done.status, done.out.splitlines()) == (Exit.EXPECTED, [TWO])
    assert "1 case made the call in the records of one" in done.err


@pytest.mark.parametrize(("calls", "words"), [("", "names no system call"), ("sendmesg", "did you mean")])
def test_a_call_that_is_none_is_refused(calls: str, words: str, machines: Machines) -> None:
    done = run("--call", calls)
    assert (done.status, words in done.err) == (Exit.USAGE, True)


# -- how often, and how long


def test_each_case_is_run_as_often_as_asked_and_every_attempt_is_recorded(machines: Machines) -> None:
    assert run("-t", "lts", "--repeat", "4").status == Exit.EXPECTED
    for name in ("native", "lts"):
        assert sorted(cases_of(name)) == sorted(NAMES * 4)
    assert {comparison.cells["lts"].attempts for comparison in matrix_of(Path("out")).comparisons} == {4}


def test_a_repeated_run_that_was_killed_is_finished_with_what_is_left(machines: Machines) -> None:
    run("-t", "lts", "--repeat", "3")
    record = Path("out/lts.jsonl")
    lines = record.read_text().splitlines(keepends=True)
    results = [at for at, each in enumerate(lines) if '"kind":"result"' in each]
    record.write_text("".join(lines[: results[5]]))
    machines.runners.clear()
    assert run("--resume", "out").status == Exit.EXPECTED
    assert sorted(cases_of("lts")) == sorted(NAMES * 3)


def test_how_many_guests_there_may_be_is_planned_and_may_be_another_when_it_is_resumed(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[int | None] = []

    def executed(directory: Path, plan: RunPlan, *arguments: Any) -> Matrix:
        given.append(plan.jobs)
        return execute(directory, plan, *arguments)

    monkeypatch.setattr(module, "execute", executed)
    assert run("-t", "lts", "-j", "3").status == Exit.EXPECTED
    assert read_plan(Path("out")).jobs == 3
    for arguments in ([], ["--jobs", "1"]):
        assert run("--resume", "out", *arguments).status == Exit.EXPECTED
    assert given == [3, 3, 1]
    assert run("-t", "lts", "-o", "other").status == Exit.EXPECTED
    assert read_plan(Path("other")).jobs is None
    assert run("-t", "lts", "-j", "0").status == Exit.USAGE


def test_a_run_ends_early_once_enough_has_failed(machines: Machines, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.run.orchestrate.WATCH_SECONDS", 0.0)

    def slow(asked: list[str]) -> Sequence[Said]:
        return [says(asked[0], Outcome.FAILED)]  # and silence, until it is stopped

    machines.runners["lts"] = FakeRunner(NAMES, slow)
    done = run("-t", "lts", "--max-fail", "1")
    assert done.status == Exit.UNEXPECTED, done
    assert "ended early, since 1 cell fails; `conformance run --resume out` runs the rest" in done.err
    machines.runners.clear()
    assert run("--resume", "out").status in (Exit.EXPECTED, Exit.UNEXPECTED)
    assert set(cases_of("lts")) == set(NAMES)


def test_a_run_that_ends_early_is_incomplete_all_the_same_if_a_module_was_lost(
    machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("conformance.run.orchestrate.WATCH_SECONDS", 0.0)
    lost = line(Trouble("a/test_x.py cannot be imported", lost="a/test_x.py"))
    failing = by_function({ONE: Outcome.FAILED})
    machines.runners["lts"] = FakeRunner((), failing, first=[lost, *greeting(NAMES)])
    done = run("-t", "lts", "--max-fail", "1")
    assert "ended early" in done.err
    assert (done.status, "lost: lts: a/test_x.py" in done.err) == (Exit.INCOMPLETE, True)


def test_a_limit_that_is_not_reached_changes_nothing(machines: Machines) -> None:
    assert run("-t", "lts", "--max-fail", "1").status == Exit.EXPECTED


@pytest.mark.parametrize(
    "arguments",
    [
        *[("-t", "lts"), ("-k", "one"), (MODULE,), ("--repeat", "2"), ("--effort", "dev"), ("--timeout", "5")],
        *[("--kernel", "lts=debian:6.1"), ("--targets", "targets.toml"), ("--reference", "native"), ("-o", "x")],
        *[("--call", "read"), ("--failed-in", "out"), ("--list",)],
    ],
    ids=" ".join,
)
def test_what_makes_another_run_of_it_is_refused_when_one_is_resumed(
    arguments: tuple[str, ...], machines: Machines
) -> None:
    run("-t", "lts")
    done = told("run", "--resume", "out", *arguments)
    assert (done.status, "cannot be given with --resume" in done.err) == (Exit.USAGE, True), done


# -- gates


def test_flaky_and_outdated_are_gates_that_can_be_chosen(machines: Machines) -> None:
    counts: dict[str, int] = {}

    def answer(asked: list[str]) -> list[Said]:
        said = []
        for case in asked:
            counts[case] = counts.get(case, 0) + 1
            said.append(says(case, Outcome.FAILED if case == TWO and counts[case] == 1 else Outcome.PASSED))
        return [*said, line(End())]

    machines.runners["lts"] = FakeRunner(NAMES, answer)
    assert run("-t", "lts").status == Exit.EXPECTED
    assert told("run", "--resume", "out", "--flaky", "fail").status == Exit.UNEXPECTED
    assert told("run", "--resume", "out", "--flaky", "warn").status == Exit.EXPECTED
    Path("expectations/lts.toml").write_text(f'[[explained]]\ncase = "{ONE}"\nverdict = "fails"\nreason = "known"\n')
    assert told("run", "--resume", "out").status == Exit.EXPECTED
    assert told("run", "--resume", "out", "--outdated", "fail").status == Exit.UNEXPECTED


# -- the command that repeats


COMMANDS = [
    (),
    ("-t", "lts"),
    ("--kernel", "lts=debian:6.12"),
    ("--kernel", "wsl2=/tmp/a kernel; id"),
    ("--reference", "lts"),
    ("--effort", "nightly", "--timeout", "7.5"),
    ("--cold",),
    ("--targets", "other targets.toml"),
    ("--expectations", "known $HOME.toml"),
    ("--repeat", "2", "-k", "three"),
]


def given(plan: RunPlan) -> dict[str, dict[str, str]]:
    """What the command line gave to targets."""
    return {target.name: target.given for target in plan.targets}


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "elsewhere"])
def test_the_command_that_repeats_a_case_does_the_same_when_it_is_pasted(
    arguments: tuple[str, ...],
    elsewhere: bool,
    machines: Machines,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    Path("other targets.toml").write_text(TARGETS)
    Path("known $HOME.toml").write_text("")
    assert run(*arguments).status == Exit.EXPECTED
    first = read_plan(Path("out"))
    comparison = next(comparison for comparison in matrix_of(Path("out")).comparisons if comparison.case == ODD)
    pasted = shlex.split(repeat_command(matrix_of(Path("out")), comparison, "lts"))
    assert pasted[:2] == ["conformance", "run"]
    if elsewhere:
        (tmp_path / "else" / "where").mkdir(parents=True)
        monkeypatch.chdir(tmp_path / "else" / "where")
    machines.asked.clear()
    assert told(*pasted[1:], "-o", "again").status == Exit.EXPECTED
    again = read_plan(Path("again"))
    assert {target.name for target in again.targets} == {first.reference, "lts"}
    assert [each for each in again.targets if each.name == "lts"] == [
        each for each in first.targets if each.name == "lts"
    ]
    assert again.reference == first.reference
    assert given(again).items() <= given(first).items()
    assert again.conduct == replace(first.conduct, repeat=1)
    assert set(cases_of("lts", Path("again"))) == {ODD}
    assert {cold for _, _, cold in machines.asked[-2:]} == {"--cold" in arguments}


def test_the_kernel_that_the_environment_gives_is_in_the_command_too(
    machines: Machines, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CONFORMANCE_WSL2_KERNEL", "bz image")
    assert run("-t", "wsl2").status == Exit.EXPECTED
    assert read_plan(Path("out")).arguments[:2] == ["--kernel", f"wsl2={tmp_path}/bz image"]


def test_every_option_that_makes_a_run_is_known_to_resume_or_to_the_command_that_repeats() -> None:
    of_any_run = ("changed", "cold", "expectations", "flaky", "full", "jobs", "max_fail", "outdated", "resume")
    known: set[Any] = {*module.OF_A_NEW_RUN, *of_any_run}
    assert {parameter.name for parameter in module.command.params} == known
    assert isinstance(module.command, click.Command)


# -- plans of earlier versions


def test_a_plan_without_the_newer_fields_is_read_and_finished(machines: Machines) -> None:
    run("-t", "lts")
    plan = json.loads(Path("out/run.json").read_text())
    for name in ("absent", "arguments", "conduct"):
        del plan[name]
    plan["selection"] = {"paths": [], "expression": "", "timeout": 20.0, "profile": "gate"}
    plan["schema"] = 1
    Path("out/run.json").write_text(json.dumps(plan))
    assert (read_plan(Path("out")).selection, read_plan(Path("out")).conduct) == (Selection(), USUAL)
    assert run("--resume", "out").status == Exit.EXPECTED


def test_the_fakes_cases_lie_where_real_ones_do() -> None:
    assert (CASES / MODULE).exists()
    assert well_behaved(NAMES)


# -- since another run


@pytest.mark.usefixtures("machines")
def test_only_what_has_changed_is_shown_of_a_run_since_another() -> None:
    assert run("-t", "lts").status == Exit.EXPECTED
    one = read_plan(Path("out")).run
    done = run("-t", "lts", "--since", "out", "--only-changed", "-o", "two")
    assert done.status == Exit.EXPECTED, done
    assert done.out.splitlines()[:2] == ["native (6.1.0): 4 as before", "lts (6.1.0): 4 as before"]
    assert {cell.taken for _, _, cell in matrix_of(Path("two")).cells()} == {one}


@pytest.mark.usefixtures("machines")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--only-changed",), "--only-changed says what has changed since a run: name it with --since RUN"),
        (("--since", "nowhere"), "there are no results at nowhere"),
        (("--resume", "out", "--only-changed"), "--only-changed: out was not begun with --since, so leave it out"),
        (("--resume", "out", "--since", "out"), "--since cannot be given with --resume"),
    ],
)
def test_a_run_since_none_is_a_sentence(arguments: tuple[str, ...], said: str) -> None:
    run()
    done = run(*arguments)
    assert done.status == Exit.USAGE, done
    assert is_one_sentence(done.err)
    assert said in done.err
