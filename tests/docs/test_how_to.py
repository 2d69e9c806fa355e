"""What the how-to pages have the reader write does what they say."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.run.errors import Exit
from conformance.run.targets import load
from reports import registry
from runners.profile import format as profiles
from tests.conformance.cli.command import told
from tests.docs.pages import ROOT, blocks, commands, files, module
from tests.suite import environment, run_cases

CASE = "cases/processes/test_comparing.py"


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """The case that is written there, in a folder of cases."""
    path = tmp_path / CASE
    path.parent.mkdir(parents=True)
    path.write_text(files("docs/how-to/write-a-case.md")[CASE], encoding="utf-8")
    return tmp_path / "cases"


def test_the_case_passes(case: Path) -> None:
    done = run_cases(case)
    assert "2 passed" in done.stdout, done.stdout


@pytest.mark.skipif(not shutil.which("strace"), reason="strace(1) is not installed: apt install strace")
@pytest.mark.parametrize(("lie", "said"), [("retval=0", "2 failed"), ("error=ENOSYS", "2 missing")])
def test_the_case_sees_a_kernel_that_lies_and_one_that_lacks_the_call(lie: str, said: str, case: Path) -> None:
    liar = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"inject=kcmp:{lie}"]
    asked = [*liar, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(case)]
    done = subprocess.run(
        asked, cwd=case.parent, env=environment(), capture_output=True, encoding="utf-8", timeout=120, check=False
    )
    assert said in done.stdout, done.stdout


def test_the_case_is_one_that_the_suite_does_not_have_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the page's first step finds out."""
    assert not (ROOT / CASE).exists(), "choose another promise for the page: its first step says that no case asks this"
    page = blocks("docs/how-to/write-a-case.md")
    asked = next(words for block in page for _, words in commands(block) if "--list" in words)
    monkeypatch.chdir(tmp_path)  # without records
    assert told(*asked).status == Exit.USAGE
    assert (ROOT / "cases/processes/call_kcmp.calls").exists(), "there is nothing that -k leaves out"


def test_the_description_is_the_one_that_the_suite_has() -> None:
    page = (ROOT / "conformance/syscalls/files/caching.py").read_text(encoding="utf-8")
    written = [block for block in blocks("docs/how-to/describe-a-call.md") if block.text.startswith("# conformance/")]
    assert len(written) == 2
    for block in written:
        named, _, described = block.text.partition("\n")
        assert named == "# conformance/syscalls/files/caching.py"
        assert described in page


def test_the_call_is_made_as_the_page_has_it(tmp_path: Path) -> None:
    (tmp_path / "try.py").write_text(files("docs/how-to/describe-a-call.md")["try.py"], encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "try.py"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    if os.strerror(errno.ENOSYS) in done.stderr:
        pytest.skip("this kernel has no cachestat(2), which came with Linux 6.5")
    assert done.stdout == "8192\n", done.stderr


def test_the_format_is_one_of_the_registry_and_passes_its_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    page = "docs/how-to/add-a-report-format.md"
    monkeypatch.setitem(sys.modules, "reports.csv_report", module(page, "reports/csv_report.py"))
    monkeypatch.setitem(registry.EXTENSIONS, "csv", "csv")
    monkeypatch.setitem(registry.MODULES, "csv", "csv_report")
    tests = [
        each for name, each in vars(module(page, "tests/reports/test_csv_report.py")).items() if name[:5] == "test_"
    ]
    assert len(tests) == 2
    for test in tests:
        test()


def test_the_lines_that_the_page_changes_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    source = (ROOT / "reports" / "registry.py").read_text(encoding="utf-8")
    removed = [
        line[1:]
        for block in blocks("docs/how-to/add-a-report-format.md")
        if block.language == "diff"
        for line in block.text.splitlines()
        if line.startswith("-")
    ]
    assert removed
    assert [line for line in removed if line not in source] == []


def test_the_targets_are_read_and_their_profile_takes_io_uring_away(tmp_path: Path) -> None:
    for name, text in files("docs/how-to/add-a-target.md").items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    target = load(tmp_path / "targets.toml")["no-uring"]
    assert target.control == "native"
    [rule] = profiles.load(Path(str(target.options["profile"]))).rules
    assert "io_uring_setup" in rule.syscalls
    assert rule.errno == errno.EPERM
