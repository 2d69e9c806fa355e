"""The suite as an installed wheel, in an environment without a checkout and in an empty folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from conformance.run.errors import Exit
from tests.integration.targets import runner
from tests.runners.payload.test_wheel import built, copied


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel, which has the packages that it needs from the one that runs the tests."""
    checkout = copied(tmp_path_factory.mktemp("source"))
    wheel, _ = built(checkout, "build_wheel", os.environ.get("CC") or "cc")
    venv = tmp_path_factory.mktemp("installed") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True, timeout=120)
    site = next(venv.glob("lib/python3*/site-packages"))
    pip = [sys.executable, "-m", "pip", "--python", venv / "bin" / "python"]
    install = [*map(str, pip), "install", "-q", "--no-deps", "--no-index", "--disable-pip-version-check"]
    install.append("--no-compile")  # little of it is imported
    subprocess.run([*install, wheel], check=True, timeout=300)
    # Added by path, so that nothing in it is obeyed which an editable install has left there.
    (site / "needed.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    for path in (*checkout.rglob("*.py"), *checkout.rglob("*.toml")):
        path.unlink()
    return venv


def tree(folder: Path) -> set[str]:
    """Everything in a folder, but for byte-code."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if "__pycache__" not in path.parts}


def test_an_installed_wheel_lists_runs_and_searches_in_an_empty_folder_and_writes_nothing_into_itself(
    installed: Path, tmp_path: Path
) -> None:
    runner("wsl1")
    place, home = tmp_path / "empty", tmp_path / "home"
    place.mkdir()
    home.mkdir()
    before = tree(installed)
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "CONFORMANCE"))}
    environment |= {"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), "CC": "/no/such/compiler"}

    def conformance(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [installed / "bin" / "conformance", *arguments],
            cwd=place,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    done = conformance("targets")
    assert done.returncode == Exit.EXPECTED, done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()[2:] if line[:1].isalpha()][:1] == ["native"]

    done = conformance("run", "-t", "wsl1", "-o", "results/one", "events/test_eventfd.py", "events/test_timerfd.py")
    assert done.returncode == Exit.EXPECTED, done.stdout + done.stderr
    matrix = json.loads((place / "results/one/matrix.json").read_bytes())
    assert len(matrix["comparisons"]) > 4
    assert {cell["verdict"] for comparison in matrix["comparisons"] for cell in comparison["cells"].values()} & {
        "same",
        "missing",
    }
    assert not [
        cell
        for comparison in matrix["comparisons"]
        for cell in comparison["cells"].values()
        if cell["verdict"] == "error"
    ]
    assert conformance("report", "LATEST", "-f", "markdown").returncode == Exit.EXPECTED

    done = conformance("fuzz", "-t", "native", "--programs", "50", "-o", "results/fuzz")
    assert done.returncode == Exit.EXPECTED, done.stdout + done.stderr
    assert "50 programs" in done.stdout

    assert tree(installed) == before
    assert {path.name for path in place.iterdir()} == {"results"}


def test_a_program_is_not_kept_where_the_suite_is_installed(installed: Path, tmp_path: Path) -> None:
    asked = "from conformance.places import corpus_directory; print(corpus_directory())"
    said = subprocess.run(
        [installed / "bin" / "python", "-c", asked], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    assert said == "None\n"
