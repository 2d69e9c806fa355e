from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.model import Outcome
from conformance.protocol.lines import Collecting, End, FactsLine, Line, Plan, ResultLine, Start, Trouble, request
from conformance.run.records import parse_line
from conformance.syscalls.help.waiting import BRIEFLY
from tests.suite import environment, write_cases

CASES = '''
"""Served: cases."""
import os
import pytest
from conformance.syscalls.help.waiting import in_vain, patience
from conformance.syscalls.processes.identity import getpid

def test_passes(): print("what a case prints is no line of the record")

def test_fails(): assert 0

@pytest.mark.parametrize("x", ["a/b::c", "d"])
def test_parameters(x): os.write(1, b"neither is this\\n")

def test_runs_in_the_same_suite(observe):
    observe("keeper", os.readlink("/proc/self/exe") != "")

def test_waits(observe):
    observe("seconds", patience("an event", 9))
    in_vain("an event")
'''
PASSES, FAILS, WAITS = (f"area/test_served.py::test_{name}" for name in ("passes", "fails", "waits"))


class Served:
    """The suite, as the host has it."""

    def __init__(self, cases: Path) -> None:
        self.collected: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "conformance.guest.serve", f"--rootdir={cases.parent}", str(cases)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(),
            cwd="/",
        )

    def line(self) -> Line:
        """The next that it says, apart from what it is collecting."""
        assert self.process.stdout is not None
        while isinstance(line := parse_line(self.process.stdout.readline()), Collecting):
            self.collected.append(line.module)
        return line

    def run(self, *cases: str, fresh: bool = True) -> list[Line]:
        """Ask for cases; what it says up to the end."""
        assert self.process.stdin is not None
        self.process.stdin.write(request(cases, fresh=fresh))
        self.process.stdin.flush()
        found: list[Line] = []
        while not isinstance(line := self.line(), End):
            found.append(line)
        return found


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    served = Served(write_cases(tmp_path, served=CASES))
    yield served
    served.process.communicate(timeout=60)


def outcomes(lines: list[Line]) -> list[tuple[str, Outcome]]:
    """The results among lines, each of which must follow its start."""
    results = [line.result for line in lines if isinstance(line, ResultLine)]
    assert [line.case for line in lines if isinstance(line, Start)] == [result.case for result in results]
    return [(result.case, result.outcome) for result in results]


def test_cases_are_run_when_they_are_asked_for_as_often_as_they_are(served: Served) -> None:
    assert isinstance(served.line(), FactsLine)
    plan = served.line()
    assert isinstance(plan, Plan)
    assert [info.id.partition("::test_")[2] for info in plan.cases] == [
        "passes",
        "fails",
        "parameters[a/b::c]",
        "parameters[d]",
        "runs_in_the_same_suite",
        "waits",
    ]
    assert {info.feature for info in plan.cases} == {"Served: cases."}
    assert outcomes(served.run(FAILS, PASSES)) == [(FAILS, Outcome.FAILED), (PASSES, Outcome.PASSED)]
    assert outcomes(served.run(FAILS, FAILS)) == [(FAILS, Outcome.FAILED)] * 2
    assert outcomes(served.run(plan.cases[2].id)) == [(plan.cases[2].id, Outcome.PASSED)]
    assert served.run() == []
    assert served.run("area/test_served.py::test_that_is_not_there") == []
    assert served.process.poll() is None


def test_what_a_case_has_waited_for_in_vain_others_of_its_request_wait_for_briefly(served: Served) -> None:
    served.line()
    served.line()

    def seconds(lines: list[Line]) -> list[object]:
        return [line.result.observations["seconds"] for line in lines if isinstance(line, ResultLine)]

    assert seconds(served.run(WAITS, WAITS, WAITS)) == [9, BRIEFLY, BRIEFLY]
    assert seconds(served.run(WAITS, fresh=False)) == [BRIEFLY], "it is a part of the same pass"
    assert seconds(served.run(WAITS)) == [9], "what is run again is owed full patience"


def test_nothing_but_the_record_goes_to_its_output(served: Served) -> None:
    served.line()
    served.line()
    served.run(PASSES, FAILS, "area/test_served.py::test_parameters[d]")
    output, errors = served.process.communicate(timeout=60)
    assert output == b""
    assert b"assert 0" in errors


def test_a_case_that_could_harm_the_machine_says_nothing_of_options_that_the_host_does_not_have(tmp_path: Path) -> None:
    text = 'import pytest\n@pytest.mark.needs("disposable")\ndef test_harms(): pass\n'
    served = Served(write_cases(tmp_path, served=text))
    served.line()
    served.line()
    (result,) = (each.result for each in served.run("area/test_served.py::test_harms") if isinstance(each, ResultLine))
    assert result.outcome is Outcome.SKIPPED
    assert result.message == "could harm this machine: runs only in guests that are thrown away"
    served.process.communicate(timeout=60)


def test_it_ends_when_there_are_no_more_requests(served: Served) -> None:
    served.process.communicate(timeout=60)
    assert served.process.returncode == 0


def test_modules_that_cannot_be_imported_are_told_before_the_plan(tmp_path: Path) -> None:
    served = Served(write_cases(tmp_path, served=CASES, bad="import nonsense\n"))
    trouble = served.line()
    assert isinstance(trouble, Trouble)
    assert trouble.message.startswith("area/test_bad.py cannot be collected: ModuleNotFoundError: No module named")
    assert trouble.lost == "area/test_bad.py"
    assert isinstance(served.line(), FactsLine)
    assert isinstance(served.line(), Plan)
    assert outcomes(served.run(PASSES)) == [(PASSES, Outcome.PASSED)]
    served.process.communicate(timeout=60)


LOST = {
    "syntax": ("def (:\n", "SyntaxError: invalid syntax"),
    "absent": ("import nonsense\n", "ModuleNotFoundError: No module named 'nonsense'"),
    "raises": ("1 / 0\n", "ZeroDivisionError: division by zero"),
    "exits": ("import sys\nsys.exit(3)\n", "SystemExit: 3"),
    "exits with success": ("raise SystemExit\n", "SystemExit"),
    "interrupts": ("raise KeyboardInterrupt\n", "KeyboardInterrupt"),
    "ends pytest": ("import pytest\npytest.exit('enough')\n", "enough"),
    "skips": ("import pytest\npytest.skip('not today', allow_module_level=True)\n", "it skips itself: not today"),
    "skips what is absent": (
        "import pytest\npytest.importorskip('nonsense')\n",
        "it skips itself: could not import 'nonsense'",
    ),
    "has wrong parameters": (
        "import pytest\n@pytest.mark.parametrize('x', [1])\ndef test(): pass\n",
        "no argument 'x'",
    ),
    "is no text": ("# -*- coding: nonsense -*-\n", "unknown encoding: nonsense"),
}
"""Modules that cannot be collected, and what is said of them."""


@pytest.mark.parametrize("how", LOST)
def test_a_module_that_cannot_be_collected_is_named_and_the_others_are_run(tmp_path: Path, how: str) -> None:
    text, why = LOST[how]
    served = Served(write_cases(tmp_path, bad=text, served=CASES))
    trouble = served.line()
    assert isinstance(trouble, Trouble), trouble
    assert trouble.lost == "area/test_bad.py"
    assert trouble.message.startswith("area/test_bad.py cannot be collected: ")
    assert why in trouble.message
    assert isinstance(served.line(), FactsLine)
    assert isinstance(served.line(), Plan)
    assert outcomes(served.run(PASSES)) == [(PASSES, Outcome.PASSED)]
    served.process.communicate(timeout=60)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("import os\nos._exit(0)\n", id="ends"),
        pytest.param("import os\nos.kill(os.getpid(), 9)\n", id="is killed"),
        pytest.param("import os\nif os.fork(): os._exit(0)\n", id="goes on as its child"),
    ],
)
def test_a_module_that_ends_the_suite_was_announced_before(tmp_path: Path, text: str) -> None:
    served = Served(write_cases(tmp_path, a=CASES, bad=text, served=CASES))
    with pytest.raises(ValueError, match="truncated"):
        served.line()
    assert served.collected == ["area", "area/test_a.py", "area/test_bad.py"]
    served.process.communicate(timeout=60)


@pytest.mark.parametrize("then", ["", "if not child: raise SystemExit", "if not child: 1 / 0"])
def test_a_child_that_a_module_forks_when_it_is_imported_runs_no_cases(tmp_path: Path, then: str) -> None:
    served = Served(write_cases(tmp_path, bad=f"import os\nchild = os.fork()\n{then}\n", served=CASES))
    assert isinstance(served.line(), FactsLine)
    assert isinstance(served.line(), Plan)
    assert outcomes(served.run(PASSES)) == [(PASSES, Outcome.PASSED)]
    output, _ = served.process.communicate(timeout=60)
    assert output == b""
    assert served.collected == ["area", "area/test_bad.py", "area/test_served.py"]
