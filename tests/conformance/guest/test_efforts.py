from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from conformance.guest import efforts
from conformance.model import CaseResult, Outcome
from tests.suite import environment, read, run_cases, write_cases

PROPERTIES = '''
"""Properties: cases that have a model."""
from hypothesis import given, settings, strategies as st

def test_draws(observe):
    found = []
    @given(st.integers(0, 10**6))
    def draw(number): found.append(number)
    draw()
    observe("drawn", found)

def test_settings(observe):
    made = settings()
    observe("examples", made.max_examples)
    observe("derandomize", made.derandomize)
    observe("database", made.database is not None)
    observe("deadline", made.deadline)

@given(st.lists(st.integers(0, 9)))
def test_fails(numbers): assert sum(numbers) < 20, f"the model said {numbers}"
'''


def ran(folder: Path, *options: str) -> dict[str, CaseResult]:
    """What the cases came to, by the names of their functions."""
    folder.mkdir()
    record = folder / "record.jsonl"
    run_cases(
        write_cases(folder, properties=PROPERTIES),
        f"--conformance-record={record}",
        "-p",
        "no:hypothesispytest",
        *options,
    )
    return {case.rpartition("::")[2]: result for case, result in read(record).results.items()}


def kept(cache: Path) -> list[Path]:
    """The files of the example database."""
    return [path for path in (cache / "conformance" / "examples").rglob("*") if path.is_file()]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of our own, and a machine that Hypothesis does not take for one of continuous integration."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("CI", raising=False)
    return tmp_path / "cache"


def test_gate_tries_the_same_examples_at_every_run_and_keeps_none(tmp_path: Path, cache: Path) -> None:
    first, second = ran(tmp_path / "first"), ran(tmp_path / "second", "--conformance-effort=gate")
    assert len(first["test_draws"].observations["drawn"]) == efforts.EXAMPLES  # type: ignore[arg-type] # a list
    assert first["test_draws"].observations == second["test_draws"].observations
    assert first["test_settings"].observations == {
        "examples": efforts.EXAMPLES,
        "derandomize": True,
        "database": False,
        "deadline": None,
    }
    assert first["test_fails"].outcome is Outcome.FAILED
    assert kept(cache) == []


def test_a_failure_tells_the_smallest_example(tmp_path: Path) -> None:
    message = ran(tmp_path / "run")["test_fails"].message
    assert "the model said [" in message
    assert "Falsifying example" in message.replace("Failing test case", "Falsifying example")
    assert "reproduce_failure" not in message


@pytest.mark.parametrize("effort", [efforts.NIGHTLY, efforts.DEV])
def test_the_others_try_new_examples_and_more_of_them_and_keep_what_failed(
    tmp_path: Path, cache: Path, effort: str
) -> None:
    first, second = (ran(tmp_path / name, f"--conformance-effort={effort}") for name in ("first", "second"))
    for each in (first, second):
        assert each["test_settings"].observations["examples"] == efforts.EXAMPLES * efforts.EFFORTS[effort]
        assert each["test_settings"].observations["database"] is True
        assert each["test_fails"].outcome is Outcome.FAILED
    assert first["test_draws"].observations != second["test_draws"].observations
    assert kept(cache)


def test_a_property_has_more_time_where_it_tries_more(tmp_path: Path) -> None:
    cases = write_cases(
        tmp_path,
        property="import signal\nfrom hypothesis import given\ndef test_hangs(): signal.pause()\n",
        plain="import signal\ndef test_hangs(): signal.pause()\n",
    )
    record = tmp_path / "record.jsonl"
    run_cases(
        cases,
        f"--conformance-record={record}",
        "--conformance-effort=dev",
        "--conformance-case-timeout=0.1",
        "--conformance-slowdown=2",
    )
    assert {case.partition("::")[0]: result.message for case, result in read(record).results.items()} == {
        "area/test_property.py": "did not end within 0.8 s",
        "area/test_plain.py": "did not end within 0.2 s",
    }


def test_another_effort_is_a_mistake(tmp_path: Path) -> None:
    done = run_cases(write_cases(tmp_path, properties=PROPERTIES), "--conformance-effort=weekly")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "invalid choice: 'weekly'" in done.stderr


def test_examples_do_not_depend_on_what_else_is_loaded(tmp_path: Path) -> None:
    """Hypothesis would use the constants in modules that it takes for the user's own."""
    (tmp_path / "own.py").write_text("SEVEN = 770077\n")
    program = (
        "{}from conformance.guest import efforts; efforts.load('gate')\n"
        "from hypothesis import given, settings, strategies as st\n"
        "found = []\n"
        "@settings(max_examples=500)\n"
        "@given(st.integers(0, 10**6))\n"
        "def draw(number): found.append(number)\n"
        "draw(); print(found)\n"
    )
    first, second = (
        subprocess.run(
            [sys.executable, "-c", program.format(more)],
            cwd=tmp_path,
            env={**environment(), "PYTHONPATH": f"{environment()['PYTHONPATH']}:{tmp_path}"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for more in ("", "import own; ")
    )
    assert first == second
    assert "770077" not in first


def test_nothing_is_imported_before_it_is_needed(tmp_path: Path) -> None:
    cases = write_cases(tmp_path, plain="import sys\ndef test_plain(): assert 'hypothesis' not in sys.modules\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "conformance.guest.plugin", str(cases)],
        cwd=tmp_path,
        env={**environment(), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
