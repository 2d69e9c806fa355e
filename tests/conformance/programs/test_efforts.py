from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conformance.programs import efforts
from tests.suite import environment, run_cases, write_cases

DRAWING = """
import json
from hypothesis import given, settings, strategies as st
from conformance.programs import efforts
{before}
how = efforts.settings_of({effort!r})
found = []

@settings(how, max_examples={examples})
@given(st.integers(0, 10**6))
def draw(number):
    found.append(number)

@settings(how, max_examples=20)
@given(st.lists(st.integers(0, 9)))
def fail(numbers):
    assert sum(numbers) < 20

for each in (draw, fail):
    efforts.begin({effort!r}, efforts.new_seed())
    try:
        each()
    except AssertionError:
        pass
print(json.dumps([found, how.max_examples, how.derandomize, how.database is not None, how.deadline]))
"""


def drawn(folder: Path, effort: str, *, before: str = "", examples: int = efforts.EXAMPLES) -> list[Any]:
    """What a process of its own has drawn, and the settings."""
    done = subprocess.run(
        [sys.executable, "-c", DRAWING.format(before=before, effort=effort, examples=examples)],
        cwd=folder,
        env={**environment(), "PYTHONPATH": f"{environment()['PYTHONPATH']}:{folder}"},
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[Any] = json.loads(done.stdout)
    return found


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
    first, second = drawn(tmp_path, efforts.GATE), drawn(tmp_path, efforts.GATE)
    assert len(first[0]) == efforts.EXAMPLES
    assert first == second
    assert first[1:] == [efforts.EXAMPLES, True, False, None]
    assert kept(cache) == []


@pytest.mark.parametrize("effort", [efforts.NIGHTLY, efforts.DEV])
def test_the_others_try_new_examples_and_more_of_them_and_keep_what_failed(
    tmp_path: Path, cache: Path, effort: str
) -> None:
    first, second = drawn(tmp_path, effort), drawn(tmp_path, effort)
    assert first[1:] == second[1:] == [efforts.EXAMPLES * efforts.EFFORTS[effort], False, True, None]
    assert first[0] != second[0]
    assert kept(cache)


def test_examples_do_not_depend_on_what_else_is_loaded(tmp_path: Path) -> None:
    """Hypothesis would use the constants in modules that it takes for the user's own."""
    (tmp_path / "own.py").write_text("SEVEN = 770077\n")
    first, second = (
        drawn(tmp_path, efforts.GATE, before=f"efforts.ignore_modules(){more}", examples=500)
        for more in ("", "; import own")
    )
    assert first == second
    assert 770077 not in first[0]


def test_another_effort_is_a_mistake(tmp_path: Path) -> None:
    done = run_cases(write_cases(tmp_path, plain="def test_plain(): ...\n"), "--conformance-effort=weekly")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "invalid choice: 'weekly'" in done.stderr


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
