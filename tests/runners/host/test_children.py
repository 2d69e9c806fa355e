from __future__ import annotations

import ast
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from runners.base import RunnerError
from runners.host import children
from runners.kernels import debian
from runners.kernels.debian import Suite
from tests.processes import eventually
from tests.programs import put
from tests.suite import SOURCES, environment

RUNNERS = SOURCES / "runners"
HELPERS = {"children.py", "workspace.py"}
"""Where a child is what everything else relies on; they have tests of their own."""
BUSY = "sleep {number} & sleep {number} & echo ready; wait"
"""A program with children, found by the seconds that they sleep."""


def sleeping(number: int) -> bool:
    """Whether a process sleeps for so many seconds."""
    wanted = f"sleep\0{number}\0".encode()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if path.read_bytes() == wanted:
                return True
        except OSError:
            pass
    return False


def places() -> Iterator[tuple[str, str]]:
    """Where a runner starts a program without `children`: the place, and the whole call."""
    for path in sorted(RUNNERS.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            if ast.unparse(node.func) in (
                *("subprocess.run", "subprocess.Popen", "subprocess.check_output", "subprocess.call", "os.system"),
                *("os.popen", "os.posix_spawn", "subprocess.check_call"),
            ):
                yield f"{path.name}:{node.lineno}", ast.unparse(node)


@pytest.mark.parametrize(("place", "call"), [each for each in places() if each[0].split(":")[0] not in HELPERS])
def test_whatever_a_runner_starts_dies_with_it(place: str, call: str) -> None:
    """By the prefix, or by who calls it in the one module that knows nothing of ours."""
    prefixed = any(prefix in call for prefix in ("*DIE_WITH_PARENT", "*unprivileged("))  # which ends with the former
    assert prefixed or place.startswith("compiler.py"), f"{place}: use runners.host.children"


def test_the_executor_s_compiler_has_the_prefix() -> None:
    assert "DIE_WITH_PARENT)" in (RUNNERS / "payload" / "executor.py").read_text()


def test_what_a_program_says_and_how_it_ends_is_told() -> None:
    done = children.run(["sh", "-c", "printf 'a\\377'; echo b >&2; exit 3"])
    assert (done.returncode, done.stdout, done.stderr) == (3, "a\N{REPLACEMENT CHARACTER}", "b\n")


def test_a_program_that_is_not_there_is_told_by_name() -> None:
    with pytest.raises(FileNotFoundError, match="no-such-program"):
        children.run(["no-such-program"])


def test_a_time_limit_ends_a_program_and_its_children() -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        children.run(["sh", "-c", BUSY.format(number=4201)], timeout=0.5)
    assert eventually(lambda: not sleeping(4201))


def test_an_exception_ends_a_program_and_its_children() -> None:
    def interrupted() -> None:
        with children.child(["sh", "-c", BUSY.format(number=4202)]) as started:
            assert started.stdout is not None
            assert started.stdout.readline() == b"ready\n"
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        interrupted()
    assert not sleeping(4202)


def test_a_program_that_ends_takes_its_children_along() -> None:
    assert children.run(["sh", "-c", "sleep 4203 >/dev/null 2>&1 & exit 0"]).returncode == 0
    assert eventually(lambda: not sleeping(4203))


def test_a_program_is_asked_before_it_is_killed(tmp_path: Path) -> None:
    """apt-get and dpkg leave their databases whole when they are asked."""
    script = f"trap 'echo asked >{tmp_path}/said; exit' TERM; echo ready; while :; do sleep 0.05; done"
    with children.child(["sh", "-c", script]) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == b"ready\n"
    assert (tmp_path / "said").read_text() == "asked\n"


OWNER = """
import sys
from runners.host import children
with children.child(["sh", "-c", sys.argv[1]]) as started:
    print(started.stdout.readline().decode(), flush=True)
    started.wait()
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_however_the_host_process_ends_neither_the_program_nor_its_children_stay(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER, BUSY.format(number=4300 + number)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "ready\n"
        begun = eventually(lambda: sleeping(4300 + number))  # they are forked when the shell says so, not yet started
        owner.send_signal(number)
    assert begun
    assert eventually(lambda: not sleeping(4300 + number))


def test_an_apt_that_does_not_end_is_ended_with_its_children(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONFORMANCE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(debian, "TIMEOUT", 0.5)
    put(monkeypatch, tmp_path / "bin", {"apt-get": BUSY.format(number=4204)})
    with pytest.raises(RunnerError, match="apt-get could not be run"):
        Suite("bookworm").update()
    assert eventually(lambda: not sleeping(4204))
