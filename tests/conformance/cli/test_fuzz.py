"""`conformance fuzz` as a user types it, on this machine."""

from __future__ import annotations

import json
import re
import shutil
import signal
from pathlib import Path

import pytest

from conformance.run.errors import Exit
from conformance.search import generate
from tests.conformance.cli.command import told
from tests.conformance.cli.searching import refuses, targets_in, written
from tests.executors import needs_executor
from tests.integration.command import QUICK, conformance, leftovers, started
from tests.mounts import needs_root, on_small_disk
from tests.processes import eventually


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few programs at a time."""
    monkeypatch.setattr(generate, "DRAWN", 20)


@pytest.fixture
def targets(tmp_path: Path) -> Path:
    """This machine twice, and a target that needs a kernel."""
    return targets_in(tmp_path)


@pytest.mark.parametrize("name", ["fuzz", "replay"])
def test_help_has_an_example_or_what_to_give_and_the_exit_statuses(name: str) -> None:
    done = told(name, "--help")
    assert done.status == Exit.EXPECTED
    assert re.search(r"Exit status: 0 .*, 1 .*, 2 usage, 3 a target failed, 4 incomplete", " ".join(done.out.split()))
    assert "conformance fuzz" in done.out


@pytest.mark.parametrize("name", ["fuzz", "replay"])
def test_target_that_there_is_not_is_named(name: str, tmp_path: Path) -> None:
    given = [written(tmp_path / "folder")] if name == "replay" else []
    refuses(told(name, *given, "-t", "wsl3"), Exit.USAGE, "wsl3", "native, lts, wsl2, wsl1, gvisor")
    refuses(told(name, *given, "--reference", "vms"), Exit.USAGE, "vms")
    refuses(told(name, *given, "-t", "native", "--kernel", "nonsense"), Exit.USAGE, "nonsense", "TARGET=IMAGE")
    refuses(told(name, *given, "--targets", tmp_path / "no.toml"), Exit.USAGE, "no.toml", "cannot be read")


@pytest.mark.parametrize("name", ["fuzz", "replay"])
def test_target_that_is_not_installed_is_one_sentence(
    name: str, targets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs_executor()
    bin = tmp_path / "bin"
    bin.mkdir()
    (bin / "setpriv").symlink_to(shutil.which("setpriv") or "setpriv")
    monkeypatch.setenv("PATH", str(bin))
    given = [written(tmp_path / "folder")] if name == "replay" else ["-o", tmp_path / "results"]
    done = told(name, *given, "-t", "wsl2", "--targets", targets)
    assert done.status == Exit.FAILED
    assert "qemu-system-x86" in done.err.splitlines()[-1]
    assert "Traceback" not in done.err


@pytest.mark.parametrize("name", ["fuzz", "replay"])
def test_missing_compiler_is_one_sentence_that_says_what_to_install(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    monkeypatch.setenv("CONFORMANCE_CACHE", str(tmp_path / "cache"))
    given = [written(tmp_path / "folder")] if name == "replay" else ["-o", tmp_path / "results", "--programs", "1"]
    done = told(name, *given, "-t", "native")
    if done.status == Exit.EXPECTED:
        pytest.skip("an executor came along with the suite")
    assert done.status == Exit.FAILED
    assert "apt install gcc" in done.err.splitlines()[-1]
    assert "Traceback" not in done.err


def test_search_of_this_machine_against_itself_finds_nothing_and_can_be_repeated(targets: Path, tmp_path: Path) -> None:
    needs_executor()
    found = []
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
        done = told("fuzz", "-t", "again", "--targets", targets, *options)
        assert done.status == Exit.EXPECTED, done.out + done.err
        assert f"seed 5; reproducers go to {tmp_path / name}\n" in done.err
        assert [line.split()[0] for line in done.out.splitlines()[2:5]] == ["native", "native", "again"]
        assert re.search(r"^40 programs in ", done.out, re.MULTILINE)
        assert done.out.endswith("no divergence\n")
        found.append(json.loads((tmp_path / name / "search.json").read_text()))
    assert found[0]["calls"] == found[1]["calls"]
    assert found[0]["chapters"] == ["time", "namespaces"]


def test_search_ends_when_its_time_is_over(tmp_path: Path) -> None:
    needs_executor()
    done = told("fuzz", "-t", "native", "--chapter", "time", "--time", "0.1s", "-o", tmp_path / "results")
    assert done.status == Exit.EXPECTED, done.out + done.err
    assert re.search(r"^seed \d+; ", done.err)


@pytest.mark.parametrize("given", ["5x", "-1", "", "1h30m", "m", "five", "1e3", "٣"])
def test_duration_that_is_none_is_named(given: str, tmp_path: Path) -> None:
    done = told("fuzz", "--time", given, "-o", tmp_path / "results")
    assert done.status == Exit.USAGE
    assert "Traceback" not in done.err
    assert "is no duration; write 90s, 5m or 1h" in done.err


@pytest.mark.parametrize("options", [("--programs", "0"), ("--programs", "many"), ("--seed", "x"), ("--frobnicate",)])
def test_number_that_is_none_is_named(options: tuple[str, ...]) -> None:
    done = told("fuzz", *options)
    assert done.status == Exit.USAGE
    assert "Traceback" not in done.err
    assert options[0] in done.err


def test_chapter_that_there_is_not_is_named_with_those_that_there_are(tmp_path: Path) -> None:
    done = told("fuzz", "-t", "native", "--chapter", "files,fils", "-o", tmp_path / "results")
    assert done.status == Exit.USAGE
    assert re.search(
        r"^conformance: there is no chapter fils; the chapters are files, .*sockets", done.err, re.MULTILINE
    )
    assert "Traceback" not in done.err
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    ("call", "why"),
    [
        ("sendmgs", "there is no call sendmgs; did you mean sendmsg"),
        ("close,ppol", "there is no call ppol; did you mean ppoll"),
        ("fork", "fork is a call that no program makes: it could run away"),
    ],
)
def test_call_that_cannot_be_made_is_named(call: str, why: str, tmp_path: Path) -> None:
    done = told("fuzz", "-t", "native", "--call", call, "--programs", "1", "-o", tmp_path / "results")
    assert done.status == Exit.USAGE
    assert why in done.err.splitlines()[-1]
    assert not (tmp_path / "results").exists()


def test_search_about_calls_makes_them(targets: Path, tmp_path: Path) -> None:
    needs_executor()
    options = ["--call", "timerfd_settime, timerfd_gettime", "--programs", "30", "--seed", "3"]
    place = tmp_path / "results"
    done = told("fuzz", "-t", "again", "--targets", targets, *options, "-o", place)
    assert done.status == Exit.EXPECTED, done.out + done.err
    found = json.loads((tmp_path / "results" / "search.json").read_text())
    assert found["about"] == ["timerfd_settime", "timerfd_gettime"]
    assert {"timerfd_settime", "timerfd_create"} <= set(found["calls"])


def test_nothing_to_compare_is_refused(tmp_path: Path) -> None:
    done = told("fuzz", "--no-twin", "--programs", "1", "-o", tmp_path / "results")
    refuses(done, Exit.USAGE, "nothing to compare", "-t", "--no-twin")


def test_expectations_that_are_none_are_refused(tmp_path: Path) -> None:
    needs_executor()
    (tmp_path / "expectations.toml").write_text("[[expect]\n")
    given = tmp_path / "expectations.toml"
    done = told("fuzz", "-t", "native", "--programs", "1", "--expectations", given, "-o", tmp_path / "results")
    assert done.status == Exit.USAGE
    assert "expectations.toml" in done.err.splitlines()[-1]
    assert "Traceback" not in done.err


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


def test_output_that_is_a_file_is_refused(targets: Path) -> None:
    done = told("fuzz", "-t", "native", "-o", targets)
    assert done.status == Exit.USAGE
    assert "targets.toml" in done.err


def test_search_that_is_interrupted_says_what_it_came_to_and_leaves_nothing(tmp_path: Path) -> None:
    needs_executor()
    results, temporary = tmp_path / "results", tmp_path / "temporary"
    temporary.mkdir()
    run = started("fuzz", "-t", "native", "--chapter", "time", "--time", "1h", "-o", results, TMPDIR=str(temporary))
    assert eventually(lambda: len(list(temporary.iterdir())) >= 2, 60)
    run.send_signal(signal.SIGINT)
    said, complained = run.communicate(timeout=60)
    assert run.returncode == Exit.INTERRUPTED, said + complained
    assert f"conformance: interrupted; what was found is in {results}" in complained.splitlines()[-1]
    assert "Traceback" not in complained
    assert eventually(lambda: not leftovers(temporary)), leftovers(temporary)
