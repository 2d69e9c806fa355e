"""`conformance expect` as a user types it, on a run of this machine in which something differs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.model import Expectation, ExpectationKind, Outcome, Verdict
from conformance.places import SHIPPED
from conformance.protocol.lines import End, FactsLine, Header, Line, Plan, ResultLine
from conformance.run.errors import Exit
from conformance.run.known import load
from conformance.run.records import RecordFile
from conformance.run.results import RunPlan
from conformance.run.selection import Selection
from tests.builders import facts, passed, record, result
from tests.integration.command import Command, Ended

CASE = "a/test_b.py::test_c[x]"
"""It lacks its feature on `wsl1`, and passes natively."""


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capsys)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, in which there are no expectations."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


Run = Callable[..., Path]
RUNSC = "20240729"


@pytest.fixture
def run(here: Path) -> Run:
    """Writes a run of one case, or of several that end so, on a target that has a version."""

    def written(
        case: str = CASE,
        outcome: Outcome = Outcome.MISSING,
        message: str = "overlayfs",
        version: str = RUNSC,
        selection: Selection | None = None,
        **others: Outcome,
    ) -> Path:
        folder = here / "run"
        folder.mkdir(exist_ok=True)
        said = [result(outcome, case=case, message=message)]
        said += [result(each, case=f"a/test_{name}.py::test_c", message="so") for name, each in others.items()]
        found = [record("native", *[replace(passed(), case=each.case) for each in said]), record("wsl1", *said)]
        targets = [each.target for each in found]
        RunPlan("test", "native", targets, selection or Selection()).write(folder)
        for each in found:
            path = folder / f"{each.target.name}.jsonl"
            path.unlink(missing_ok=True)
            with RecordFile(path) as writer:
                lines: list[Line] = [
                    Header(each.target, "test"),
                    FactsLine(facts(versions={"runsc": version})),
                    Plan(each.cases),
                ]
                for line in (*lines, *(ResultLine(last) for (last,) in each.results.values()), End()):
                    writer.write(line)
        return folder

    return written


def known(place: Path) -> list[Expectation]:
    """What a place says."""
    return load(place).expectations


def unexpected(command: Command, run: Path, *arguments: str | Path) -> int:
    """How many cells of a run are."""
    done = command("report", run, "-f", "json", *arguments)
    assert done.returncode == Exit.EXPECTED, done.stderr
    comparisons = json.loads(done.stdout)["comparisons"]
    return sum(cell["unexpected"] for each in comparisons for cell in each["cells"].values())


# -- accepting


def test_what_differs_is_explained_and_no_longer_unexpected(command: Command, run: Run, here: Path) -> None:
    done = command("expect", run(), "-t", "wsl1", "--reason", "it has no overlayfs", "--file", here / "own")
    assert (done.returncode, done.stdout) == (
        Exit.EXPECTED,
        f"{here / 'own'}: 1 explained and 0 baseline now, 0 explained and 0 baseline before\n",
    )
    (each,) = known(here / "own")
    assert (each.case, each.target, each.verdict) == ("a/test_b.py::*", "wsl1", Verdict.MISSING)
    assert (each.kind, each.reason, each.when) == (ExpectationKind.EXPLAINED, "it has no overlayfs", "")
    assert unexpected(command, here / "run", "--expectations", here / "own") == 0


@pytest.mark.parametrize("arguments", [(), ("--baseline",)])
def test_without_a_reason_it_is_a_baseline_as_it_was_seen(
    command: Command, run: Run, here: Path, arguments: tuple[str, ...]
) -> None:
    done = command("expect", run(), "-t", "wsl1", *arguments, "--expectations", here / "own")
    assert done.stdout.endswith("own: 0 explained and 1 baseline now, 0 explained and 0 baseline before\n")
    (each,) = known(here / "own")
    assert (each.kind, each.reason, each.message, each.when) == (
        *(ExpectationKind.BASELINE, "", "overlayfs", f"runsc == {RUNSC}"),
    )
    assert (here / "own/wsl1.toml").read_text().startswith("[[baseline]]\n")


def test_a_file_of_one_target_can_be_named_and_says_whom_it_is_about(command: Command, run: Run, here: Path) -> None:
    for _ in range(2):
        assert command("expect", run(), "--file", here / "own.toml").returncode == Exit.EXPECTED
    assert (here / "own.toml").read_text().startswith('target = "wsl1"\n\n[[baseline]]\n')
    assert unexpected(command, here / "run", "--expectations", here / "own.toml") == 0
    (here / "own.toml").write_text('target = "gvisor"\n')
    command("expect", run(), "--file", here / "own.toml").refuses(
        Exit.USAGE, "own.toml is a file of one target, gvisor"
    )


def test_a_reason_explains_a_baseline(command: Command, run: Run, here: Path) -> None:
    command("expect", run(), "--file", here / "own")
    done = command("expect", run(), "--file", here / "own", "--reason", "it has no overlayfs")
    assert done.stdout.endswith("1 explained and 0 baseline now, 0 explained and 1 baseline before\n")


def test_where_nothing_is_left_to_accept_no_copy_of_the_suites_expectations_is_made(
    command: Command, run: Run, here: Path
) -> None:
    done = command("expect", run(outcome=Outcome.PASSED), "--reason", "known")
    assert (done.returncode, "nothing was written" in done.stdout) == (Exit.EXPECTED, True)
    assert re.search(r"; \d+ explained and \d+ baseline\n", done.stdout)
    assert not (here / "expectations").exists()


@pytest.mark.parametrize(("when", "expected"), [("kernel < 6.6", "kernel < 6.6"), ("", ""), (None, "runsc >= 2024")])
def test_a_condition_can_be_said_or_is_that_of_the_targets_file(
    command: Command, run: Run, here: Path, when: str | None, expected: str
) -> None:
    (here / "own").mkdir()
    (here / "own/wsl1.toml").write_text('# Known.\n[shared]\nwhen = "runsc >= 2024"\n')
    given = [] if when is None else ["--when", when]
    assert command("expect", run(), "--file", here / "own", "--reason", "so", *given).returncode == Exit.EXPECTED
    assert [each.when for each in known(here / "own")] == [expected]
    text = (here / "own/wsl1.toml").read_text()
    assert text.startswith("# Known.\n")
    assert text.count("when = ") == (1 if when is None else 2)


def test_what_is_dead_is_pruned_and_what_is_inert_is_not(command: Command, run: Run, here: Path) -> None:
    own = here / "own"
    command("expect", run(), "--file", own)
    command("expect", run(e=Outcome.FAILED), "--file", own, "-k", "a/test_e*", "--reason", "so")
    place = run(outcome=Outcome.PASSED, version="20250101")
    done = command("expect", place, "--prune", "--file", own)
    assert [each.kind for each in known(own)] == [ExpectationKind.BASELINE]
    assert done.stdout.endswith("0 explained and 1 baseline now, 1 explained and 1 baseline before\n")
    done = command("expect", run(outcome=Outcome.PASSED), "--prune", "--file", own)
    assert known(own) == []


# -- moving the baseline on


def test_a_new_version_makes_the_baseline_inert_and_one_command_takes_the_new_one(
    command: Command, run: Run, here: Path
) -> None:
    own = here / "own"
    place = run(e=Outcome.FAILED, f=Outcome.MISSING)
    command("expect", place, "--file", own)
    command("expect", place, "--file", own, "-k", "a/test_f*", "--reason", "there is none")
    assert command("expect", place, "--moved", "-t", "wsl1", "--file", own).returncode == Exit.EXPECTED
    text = (own / "wsl1.toml").read_text()
    assert text.count(f'when = "runsc == {RUNSC}"') == 1
    assert unexpected(command, place, "--expectations", own) == 0
    # another version: the condition's value, as if the run were of another
    (own / "wsl1.toml").write_text(text.replace(RUNSC, "20201231"))
    assert unexpected(command, place, "--expectations", own) == 2
    done = command("expect", place, "--moved", "-t", "wsl1", "--file", own)
    assert done.stdout.splitlines() == [
        "wsl1: the baseline is that of runsc == 20240729: 2 as before, 0 new, 0 dropped; 1 explained stay",
        f"{own}: 1 explained and 2 baseline now, 1 explained and 2 baseline before",
    ]
    assert (own / "wsl1.toml").read_text() == text
    assert unexpected(command, place, "--expectations", own) == 0


def test_what_a_run_does_not_have_stays_with_the_version_that_it_was_seen_with(
    command: Command, run: Run, here: Path
) -> None:
    own = here / "own"
    command("expect", run(e=Outcome.FAILED), "--moved", "--file", own)
    place = run(outcome=Outcome.PASSED, version="20250101", selection=Selection(("a/test_b.py",)))
    done = command("expect", place, "--moved", "--file", own)
    assert "  1 entry of cases that this run does not have: kept, for the versions they were seen with" in done.stdout
    assert [(each.case, each.when) for each in known(own)] == [("a/test_e.py::*", f"runsc == {RUNSC}")]


def test_what_does_otherwise_than_is_explained_is_told(command: Command, run: Run, here: Path) -> None:
    own = here / "own"
    command("expect", run(), "--reason", "it has none", "--file", own)
    done = command("expect", run(outcome=Outcome.FAILED, version="20250101"), "--moved", "--file", own)
    assert f"  1 case does otherwise than is explained, and a human must say why: {CASE}" in done.stdout
    assert [each.reason for each in known(own)] == ["it has none"]


def test_a_target_that_did_not_run_to_its_end_moves_no_baseline(command: Command, run: Run, here: Path) -> None:
    place = run()
    path = place / "wsl1.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    done = command("expect", place, "--moved", "--file", here / "own")
    done.refuses(Exit.USAGE, "wsl1 did not run to its end", "conformance run --resume")
    assert not (here / "own").exists()


# -- what is refused


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--expires", "tomorrow", "--expires: 'tomorrow' is no date such as 2030-12-31"),
        ("--expires", "2030-02-30", "--expires: '2030-02-30' is no date"),
        ("--expires", "2001-01-01", "--expires: 2001-01-01 has come already"),
        ("--when", "nonsense", "--when: 'nonsense' is not a condition such as"),
        ("--when", "kernel >= 6 or kernel < 5", "--when: 'kernel >= 6 or kernel < 5' is not a condition"),
        ("--reason", "runsc: {message}", "--reason: '{message}' is what a case said and not why it is so"),
        ("--reason", "AssertionError: 1", "--reason: 'AssertionError' is what a case said"),
        ("--prune", "", "--reason and --prune exclude each other: give one of them"),
        ("--moved", "", "--reason and --moved exclude each other: give one of them"),
        ("--to", "x.skip", "leave RESULTS out, since no run is asked about"),
        ("--link", "https://example.org/\x1b[31m", "--link: there is a character in it that cannot be shown, U+001B"),
        ("--reason", "so\x07", "--reason: there is a character in it that cannot be shown, U+0007"),
        ("--reason", "so\udcff", "--reason: there is a character in it that cannot be shown, U+DCFF"),
        ("--reason", " ", "--reason: it is empty"),
        ("-t", "gvisor", "-t gvisor: there is no such target"),
    ],
)
def test_what_no_file_may_say_is_refused_before_anything_is_written(
    command: Command, run: Run, here: Path, option: str, value: str, told: str
) -> None:
    done = command("expect", run(), "--file", here / "own.toml", "--reason", "so", option, *([value] if value else []))
    done.refuses(Exit.USAGE, told)
    assert not (here / "own.toml").exists()


def test_case_that_no_file_may_name_is_refused_before_anything_is_written(
    command: Command, run: Run, here: Path
) -> None:
    done = command("expect", run("a/test_\x1b.py::test_c"), "--file", here / "own.toml", "-k", "*", "--reason", "so")
    done.refuses(Exit.USAGE, "nothing was written")
    assert not (here / "own.toml").exists()


def test_cases_parameters_in_a_glob_are_themselves(command: Command, run: Run, here: Path) -> None:
    done = command("expect", run(), "--file", here / "own.toml", "-k", CASE, "--reason", "so")
    assert done.returncode == Exit.EXPECTED
    assert len(known(here / "own.toml")) == 1


def test_a_run_is_needed_unless_a_list_is_exchanged(command: Command, here: Path) -> None:
    command("expect").refuses(Exit.USAGE, "RESULTS is missing; `conformance expect --help` has examples")


# -- whose expectations


def shipped() -> Path:
    """The suite's expectations."""
    return SHIPPED[0] / "expectations"


def report(command: Command, run: Path, *arguments: str | Path) -> Ended:
    """The run's report."""
    done = command("report", run, *arguments)
    assert done.returncode == Exit.EXPECTED
    return done


def test_in_another_directory_the_suites_expectations_are_used_and_that_is_said(
    command: Command, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = run()
    assert f"note: expectations are those that ship with the suite, {shipped()}" in report(command, place).stderr
    monkeypatch.chdir(shipped().parent)
    assert "expectations are" not in report(command, place).stderr


def test_that_there_are_no_expectations_is_said(
    command: Command, run: Run, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("conformance.places.SHIPPED", (here,))
    assert "note: there are no expectations" in report(command, run()).stderr


def test_expectations_that_are_begun_here_are_begun_with_the_suites(command: Command, run: Run, here: Path) -> None:
    done = command("expect", run(), "--reason", "so")
    assert done.returncode == Exit.EXPECTED
    ours, theirs = known(here / "expectations"), known(shipped())
    shipped_ones = set(map(repr, theirs))
    (new,) = [each for each in ours if repr(each) not in shipped_ones]
    assert (new.reason, len(ours)) == ("so", len(theirs) + 1)
    assert "ship with the suite" in done.stderr
    for each in shipped().glob("[!w]*.toml"):
        assert (here / "expectations" / each.name).read_text() == each.read_text()


# -- the one file of old

OLD = f'''[[expectation]]
case = "{CASE}"
target = "wsl1"
verdict = "missing"
reason = "runsc: AssertionError: 1"

[[expectation]]
case = "other/*"
target = "gvisor"
verdict = "fails"
reason = "there is none"
condition = "kernel < 6.6"
'''


def test_the_file_of_old_is_still_read_with_a_note_that_says_how_to_move_on(
    command: Command, run: Run, here: Path
) -> None:
    (here / "expectations.toml").write_text(OLD)
    note = "`conformance expect --from expectations.toml` makes a file a target of it"
    assert unexpected(command, run()) == 0
    assert note in report(command, run()).stderr
    assert note in report(command, run(), "--expectations", "expectations.toml").stderr


def test_the_file_of_old_is_not_written_any_more(command: Command, run: Run, here: Path) -> None:
    (here / "expectations.toml").write_text(OLD)
    for arguments in ((), ("--file", "expectations.toml")):
        done = command("expect", run(e=Outcome.FAILED), *arguments)
        assert done.returncode == Exit.USAGE
        assert "expectations.toml has the form of old, which is not written any more" in done.stderr
    assert (here / "expectations.toml").read_text() == OLD


def test_the_file_of_old_becomes_a_file_a_target(command: Command, run: Run, here: Path) -> None:
    (here / "expectations.toml").write_text(OLD)
    done = command("expect", "--from", "expectations.toml")
    assert done.stdout == "expectations: 1 explained and 1 baseline now, 0 explained and 0 baseline before\n"
    assert sorted(path.name for path in (here / "expectations").iterdir()) == ["gvisor.toml", "wsl1.toml"]
    gvisor, wsl1 = known(Path("expectations"))
    assert (gvisor.kind, gvisor.reason, gvisor.when) == (ExpectationKind.EXPLAINED, "there is none", "kernel < 6.6")
    assert (wsl1.kind, wsl1.message) == (ExpectationKind.BASELINE, "runsc: AssertionError: 1")
    assert "note" not in report(command, run()).stderr


# -- others' lists

OURS = "netlink/test_audit.py::*"
FOREIGN = {
    "known.skip": f"# no audit\n{OURS}\n\nfork13\n",
    "known.filter": f"# no audit\n-{OURS}\n\n-fork13\n",
    "known.yaml": f"""\
projects:
- known_issues:
  - {{test_names: ["{OURS}", fork13], notes: no audit, environments: [wsl1], active: true}}
""",
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_foreign_list_is_taken_over_and_what_is_not_ours_is_told(command: Command, here: Path, name: str) -> None:
    (here / name).write_text(FOREIGN[name])
    done = command("expect", "--from", name, "-t", "wsl1", "--verdict", "missing", "--expectations", here / "own")
    assert done.returncode == Exit.EXPECTED
    told, summary = done.stdout.splitlines()
    assert re.fullmatch(rf"  not taken over, {name}:\d: fork13: there is no such case here", told)
    assert summary.endswith("own: 1 explained and 0 baseline now, 0 explained and 0 baseline before")
    (each,) = known(here / "own")
    assert (each.case, each.verdict, each.reason) == (OURS, Verdict.MISSING, "no audit")


@pytest.mark.parametrize("form", [*FOREIGN, "known.toml"])
def test_what_the_suite_ships_is_written_as_others_keep_it_and_read_again(
    command: Command, here: Path, form: str
) -> None:
    theirs = known(shipped())
    for target in ("gvisor", "wsl1", "lts", "wsl2"):
        done = command("expect", "--to", form, "-t", target)
        count = sum(each.target == target for each in theirs)
        assert done.stdout == f"{form}: {count} expectations written\n"
        done = command("expect", "--from", form, "-t", target, "--expectations", here / "own")
        assert (done.returncode, "not taken over" in done.stdout) == (Exit.EXPECTED, False)
    assert sorted(map(repr, known(here / "own"))) == sorted(map(repr, theirs))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--from", "known.skip"), "--from known.skip: say of which target the list is, with one -t TARGET"),
        (
            ("--from", "known.txt", "-t", "wsl1"),
            "--from known.txt: its name does not tell its format; say --format ltp",
        ),
        (("--from", "absent.skip", "-t", "wsl1"), "absent.skip: [Errno 2] No such file"),
        (("--from", "bad.yaml", "-t", "wsl1"), "bad.yaml:1: it has no `projects`"),
        (("--from", "bad.skip", "-t", "wsl1"), "bad.skip:2: verdict: 'bad' is none of same,"),
        (("--to", "new.skip"), "--to new.skip: say of which target"),
        (("--to", "new.skip", "-t", "other"), "--to new.skip: nothing is expected of other in"),
    ],
)
def test_what_is_no_list_is_refused_in_a_sentence(
    command: Command, here: Path, arguments: tuple[str, ...], told: str
) -> None:
    (here / "known.skip").write_text(OURS)
    (here / "known.txt").write_text(OURS)
    (here / "bad.yaml").write_text("- one\n")
    (here / "bad.skip").write_text(f"# verdict: bad\n{OURS}\n")
    done = command("expect", *arguments)
    assert done.returncode == Exit.USAGE
    assert told in done.stderr.splitlines()[-1]
    assert not (here / "expectations").exists()
