"""`conformance fuzz` and `conformance replay` as a user types them."""

from __future__ import annotations

import json
import re
import shutil
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from conformance.cli import fuzz as fuzz_command
from conformance.cli import main
from conformance.model import Json, Target
from conformance.programs.program import Program, to_json
from conformance.run.errors import Exit
from conformance.search import generate
from conformance.syscalls.files.opening import O_RDWR
from tests.executors import needs_executor, program, text
from tests.integration.command import QUICK, conformance, leftovers, refuses, started
from tests.mounts import needs_root, on_small_disk
from tests.processes import eventually

ABSENT = program(("open", text("absent"), O_RDWR, 0o644), ("getpid",))
TARGETS = """
[target.native]
runner = "local"
[target.again]
runner = "local"
[target.wsl2]
runner = "qemu"
kernel = "debian:trixie"
"""


@dataclass(frozen=True)
class Ended:
    """How the command ended."""

    returncode: int
    stdout: str
    stderr: str

    def refuses(self, status: Exit, *words: str) -> None:
        """It is that status and one sentence that has these words in it."""
        refuses(self, status, *words)  # type: ignore[arg-type] # it has what is asked of it


class Command:
    """The command, in this process: starting another one takes longer than what it does."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys
        for what in ("guard_streams", "end_tidily"):  # streams and signals are this process's own
            monkeypatch.setattr(f"conformance.cli.{what}", lambda: None)

    def __call__(self, *arguments: str | Path) -> Ended:
        self._monkeypatch.setattr(sys, "argv", ["conformance", *map(str, arguments)])
        status = main()
        said = self._capsys.readouterr()
        return Ended(status, said.out, said.err)


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    monkeypatch.setattr(generate, "DRAWN", 20)
    return Command(monkeypatch, capsys)


@pytest.fixture
def targets(tmp_path: Path) -> Path:
    """This machine twice, and a target that needs a kernel."""
    path = tmp_path / "targets.toml"
    path.write_text(TARGETS)
    return path


def written(folder: Path, made: Program = ABSENT, **members: Json) -> Path:
    """A folder with a program in it."""
    folder.mkdir(exist_ok=True)
    document = to_json(made)
    assert isinstance(document, dict)
    (folder / "program.json").write_text(json.dumps({**document, **members}))
    return folder


# -- fuzz


@pytest.mark.parametrize("name", ["fuzz", "replay"])
def test_help_has_an_example_or_what_to_give_and_the_exit_statuses(command: Command, name: str) -> None:
    done = command(name, "--help")
    assert done.returncode == Exit.EXPECTED
    assert re.search(
        r"Exit status: 0 .*, 1 .*, 2 usage, 3 a target failed, 4 incomplete", " ".join(done.stdout.split())
    )
    assert "conformance fuzz" in done.stdout


def test_search_of_this_machine_against_itself_finds_nothing_and_can_be_repeated(
    command: Command, targets: Path, tmp_path: Path
) -> None:
    needs_executor()
    told = []
    for name in ("one", "two"):
        options: list[str | Path] = [
            "--chapter",
            "time,namespaces",
            "--programs",
            "40",
            "--seed",
            "5",
            "-o",
            tmp_path / name,
        ]
        done = command("fuzz", "-t", "again", "--targets", targets, *options)
        assert done.returncode == Exit.EXPECTED, done.stdout + done.stderr
        assert f"seed 5; reproducers go to {tmp_path / name}\n" in done.stderr
        assert [line.split()[0] for line in done.stdout.splitlines()[2:5]] == ["native", "native", "again"]
        assert re.search(r"^40 programs in ", done.stdout, re.MULTILINE)
        assert done.stdout.endswith("no divergence\n")
        told.append(json.loads((tmp_path / name / "search.json").read_text()))
    assert told[0]["calls"] == told[1]["calls"]
    assert told[0]["chapters"] == ["time", "namespaces"]


def test_search_ends_when_its_time_is_over(command: Command, tmp_path: Path) -> None:
    needs_executor()
    done = command("fuzz", "-t", "native", "--chapter", "time", "--time", "0.1s", "-o", tmp_path / "results")
    assert done.returncode == Exit.EXPECTED, done.stdout + done.stderr
    assert re.search(r"^seed \d+; ", done.stderr)


@pytest.mark.parametrize("given", ["5x", "-1", "", "1h30m", "m", "five", "1e3", "٣"])
def test_duration_that_is_none_is_named(command: Command, given: str, tmp_path: Path) -> None:
    done = command("fuzz", "--time", given, "-o", tmp_path / "results")
    assert done.returncode == Exit.USAGE
    assert "Traceback" not in done.stderr
    assert "is no duration; write 90s, 5m or 1h" in done.stderr


@pytest.mark.parametrize("options", [("--programs", "0"), ("--programs", "many"), ("--seed", "x"), ("--frobnicate",)])
def test_number_that_is_none_is_named(command: Command, options: tuple[str, ...]) -> None:
    done = command("fuzz", *options)
    assert done.returncode == Exit.USAGE
    assert "Traceback" not in done.stderr
    assert options[0] in done.stderr


def test_chapter_that_there_is_not_is_named_with_those_that_there_are(command: Command, tmp_path: Path) -> None:
    done = command("fuzz", "-t", "native", "--chapter", "files,fils", "-o", tmp_path / "results")
    assert done.returncode == Exit.USAGE
    assert re.search(
        r"^conformance: there is no chapter fils; the chapters are files, .*sockets", done.stderr, re.MULTILINE
    )
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("sendmgs", "there is no call sendmgs; did you mean sendmsg"),
        ("close,ppol", "there is no call ppol; did you mean ppoll"),
        ("reboot", "reboot is a call that no program makes: it ends the machine"),
    ],
)
def test_call_that_cannot_be_made_is_named(command: Command, call: str, told: str, tmp_path: Path) -> None:
    done = command("fuzz", "-t", "native", "--call", call, "--programs", "1", "-o", tmp_path / "results")
    assert done.returncode == Exit.USAGE
    assert told in done.stderr.splitlines()[-1]
    assert not (tmp_path / "results").exists()


def test_search_about_calls_makes_them(command: Command, targets: Path, tmp_path: Path) -> None:
    needs_executor()
    options = ["--call", "timerfd_settime, timerfd_gettime", "--programs", "30", "--seed", "3"]
    place = tmp_path / "results"
    done = command("fuzz", "-t", "again", "--targets", targets, *options, "-o", place)
    assert done.returncode == Exit.EXPECTED, done.stdout + done.stderr
    told = json.loads((tmp_path / "results" / "search.json").read_text())
    assert told["about"] == ["timerfd_settime", "timerfd_gettime"]
    assert {"timerfd_settime", "timerfd_create"} <= set(told["calls"])


def test_words_that_open_a_target_again_are_its_own_and_the_references(tmp_path: Path) -> None:
    lts = Target("lts", "qemu", given={"kernel": "/boot/a"})
    new = Target("new", "gvisor", given={"binary": "/opt/runsc"})
    told = fuzz_command._again([lts, new], tmp_path / "my.toml")
    assert told == ("--kernel", "lts=/boot/a", "--runsc", "new=/opt/runsc", "--targets", str(tmp_path / "my.toml"))
    assert fuzz_command._again([Target("native", "local"), Target("gvisor", "gvisor")], None) == ()


@pytest.mark.parametrize("name", ["fuzz", "replay"])
def test_target_that_there_is_not_is_named(command: Command, name: str, tmp_path: Path) -> None:
    given = [written(tmp_path / "folder")] if name == "replay" else []
    command(name, *given, "-t", "wsl3").refuses(Exit.USAGE, "wsl3", "native, lts, wsl2, wsl1, gvisor")
    command(name, *given, "--reference", "vms").refuses(Exit.USAGE, "vms")
    command(name, *given, "-t", "native", "--kernel", "nonsense").refuses(Exit.USAGE, "nonsense", "TARGET=IMAGE")
    command(name, *given, "--targets", tmp_path / "no.toml").refuses(Exit.USAGE, "no.toml", "cannot be read")


def test_nothing_to_compare_is_refused(command: Command, tmp_path: Path) -> None:
    done = command("fuzz", "--no-twin", "--programs", "1", "-o", tmp_path / "results")
    done.refuses(Exit.USAGE, "nothing to compare", "-t", "--no-twin")


def test_expectations_that_are_none_are_refused(command: Command, tmp_path: Path) -> None:
    needs_executor()
    (tmp_path / "expectations.toml").write_text("[[expect]\n")
    given = tmp_path / "expectations.toml"
    done = command("fuzz", "-t", "native", "--programs", "1", "--expectations", given, "-o", tmp_path / "results")
    assert done.returncode == Exit.USAGE
    assert "expectations.toml" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["fuzz", "replay"])
def test_target_that_is_not_installed_is_one_sentence(
    command: Command, name: str, targets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs_executor()
    bin = tmp_path / "bin"
    bin.mkdir()
    (bin / "setpriv").symlink_to(shutil.which("setpriv") or "setpriv")
    monkeypatch.setenv("PATH", str(bin))
    given = [written(tmp_path / "folder")] if name == "replay" else ["-o", tmp_path / "results"]
    done = command(name, *given, "-t", "wsl2", "--targets", targets)
    assert done.returncode == Exit.FAILED
    assert "qemu-system-x86" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["fuzz", "replay"])
def test_missing_compiler_is_one_sentence_that_says_what_to_install(
    command: Command, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    monkeypatch.setenv("CONFORMANCE_CACHE", str(tmp_path / "cache"))
    given = [written(tmp_path / "folder")] if name == "replay" else ["-o", tmp_path / "results", "--programs", "1"]
    done = command(name, *given, "-t", "native")
    if done.returncode == Exit.EXPECTED:
        pytest.skip("an executor came along with the suite")
    assert done.returncode == Exit.FAILED
    assert "apt install gcc" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_without_a_compiler_everything_else_works(tmp_path: Path) -> None:
    done = conformance(
        "run",
        "-t",
        "native",
        "-o",
        tmp_path / "results",
        QUICK,
        CC="no-such-compiler",
    )
    assert done.returncode == Exit.EXPECTED, done.stdout + done.stderr


@needs_root
def test_full_disk_is_one_sentence(tmp_path: Path) -> None:
    needs_executor()
    disk = tmp_path / "disk"
    disk.mkdir()

    def fill() -> None:
        (disk / "ballast").write_bytes(bytes(16 << 10))
        done = conformance("fuzz", "-t", "native", "--chapter", "namespaces", "--programs", "3", "-o", disk / "results")
        assert done.returncode == Exit.FAILED, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        assert "cannot be written: No space left on device" in done.stderr.splitlines()[-1]

    on_small_disk(disk, "16k", fill)


def test_output_that_is_a_file_is_refused(command: Command, targets: Path) -> None:
    done = command("fuzz", "-t", "native", "-o", targets)
    assert done.returncode == Exit.USAGE
    assert "targets.toml" in done.stderr


def test_search_that_is_interrupted_says_what_it_came_to_and_leaves_nothing(tmp_path: Path) -> None:
    needs_executor()
    results, temporary = tmp_path / "results", tmp_path / "temporary"
    temporary.mkdir()
    run = started("fuzz", "-t", "native", "--chapter", "time", "--time", "1h", "-o", results, TMPDIR=str(temporary))
    assert eventually(lambda: len(list(temporary.iterdir())) >= 2, 60)
    run.send_signal(signal.SIGINT)
    said, told = run.communicate(timeout=60)
    assert run.returncode == Exit.INTERRUPTED, said + told
    assert f"conformance: interrupted; what was found is in {results}" in told.splitlines()[-1]
    assert "Traceback" not in told
    assert eventually(lambda: not leftovers(temporary)), leftovers(temporary)


# -- replay


def test_replay_on_this_machine_agrees(command: Command, targets: Path, tmp_path: Path) -> None:
    needs_executor()
    done = command("replay", written(tmp_path / "folder"), "-t", "again", "--targets", targets)
    assert done.returncode == Exit.EXPECTED, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == ["native", "again"]
    assert sum("ENOENT" in line for line in lines) == 2
    assert not any(line.startswith("  *") for line in lines)


def test_replay_takes_the_file_itself(command: Command, tmp_path: Path) -> None:
    needs_executor()
    assert command("replay", written(tmp_path / "folder") / "program.json", "-t", "native").returncode == Exit.EXPECTED


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"format": 2}, ("has format 2", "update the suite")),
        ({"calls": []}, ("at least one call",)),
        ({"calls": [{"call": "reboot", "args": [0, 0, 0, 0]}]}, ("call 0, reboot, is one that no program makes",)),
    ],
)
def test_program_that_cannot_be_run_is_refused(
    command: Command, members: dict[str, Json], words: tuple[str, ...], tmp_path: Path
) -> None:
    command("replay", written(tmp_path / "folder", ABSENT, **members)).refuses(Exit.USAGE, "program.json", *words)


def test_what_is_no_program_is_refused(command: Command, tmp_path: Path) -> None:
    command("replay", tmp_path / "absent").refuses(Exit.USAGE, "absent", "`conformance fuzz` wrote")
    command("replay", tmp_path).refuses(Exit.USAGE, "program.json", "`conformance fuzz` wrote")
    file = written(tmp_path / "folder") / "program.json"
    file.write_text(file.read_text()[:40])
    command("replay", file.parent).refuses(Exit.USAGE, "program.json", "cut short")
    file.write_text('{"schema": 1, "tests": []}')
    command("replay", file.parent).refuses(Exit.USAGE, "program.json", "this is no program")
    file.write_bytes(b"\x7fELF\x80\xff")
    command("replay", file.parent).refuses(Exit.USAGE, "program.json", "no JSON")


def test_program_is_kept_where_all_agree(
    command: Command, targets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs_executor()
    (tmp_path / "corpus").mkdir()
    monkeypatch.setattr("conformance.places.corpus_directory", lambda: tmp_path / "corpus")
    done = command("replay", written(tmp_path / "folder"), "-t", "again", "--targets", targets, "--keep")
    assert done.returncode == Exit.EXPECTED, done.stdout + done.stderr
    (path,) = (tmp_path / "corpus").rglob("*.json")
    assert done.stdout.splitlines()[-1] == f"kept as {path}"
    assert json.loads(path.read_text())["promise"] == ["ENOENT", "0"]


def test_replay_of_several_has_a_summary_and_the_gravest_status(
    command: Command, targets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs_executor()
    folders = [written(tmp_path / name) for name in ("one", "two")]
    done = command("replay", *folders, "-t", "again", "--targets", targets)
    assert done.returncode == Exit.EXPECTED, done.stdout + done.stderr
    assert [line for line in done.stdout.splitlines() if line.startswith("==")] == [f"== {each}" for each in folders]
    told = ["2 programs:", "  one: native ran, again agrees", "  two: native ran, again agrees"]
    assert done.stdout.splitlines()[-3:] == told
    statuses = iter([Exit.INCOMPLETE, Exit.UNEXPECTED])
    monkeypatch.setattr("conformance.search.replay.status_of_replay", lambda _: next(statuses))
    assert command("replay", *folders, "-t", "again", "--targets", targets).returncode == Exit.INCOMPLETE


def test_one_program_of_several_that_cannot_be_read_is_told_before_anything_runs(
    command: Command, tmp_path: Path
) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "program.json").write_text("{")
    command("replay", written(tmp_path / "good"), tmp_path / "bad").refuses(Exit.USAGE, "bad/program.json", "no JSON")


def test_imitation_is_no_witness(command: Command, tmp_path: Path) -> None:
    done = command("replay", written(tmp_path / "folder"), "-t", "gvisor", "--keep")
    done.refuses(Exit.USAGE, "--keep: gvisor is no kernel", "no promise of Linux")


def test_installed_suite_keeps_nothing(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.places.ROOT", tmp_path / "site-packages")
    (tmp_path / "site-packages" / "cases" / "programs").mkdir(parents=True)
    done = command("replay", written(tmp_path / "folder"), "-t", "native", "--keep")
    done.refuses(Exit.USAGE, "--keep", "in a checkout of the suite")
    assert not list((tmp_path / "site-packages").rglob("*.json"))


@pytest.mark.parametrize("folder", ["\x1b[2J", "a'b; rm -rf c"])
def test_name_of_a_folder_does_not_reach_the_terminal_as_it_is(
    command: Command, folder: str, targets: Path, tmp_path: Path
) -> None:
    needs_executor()
    given = [written(tmp_path / name) for name in (folder, "other")]
    done = command("replay", *given, "-t", "again", "--targets", targets)
    assert done.returncode == Exit.EXPECTED
    assert "\x1b" not in done.stdout + done.stderr
