from __future__ import annotations

import errno
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from conformance.guest.keeper import Ending
from conformance.guest.plugin import RECORD_LOST, judge
from conformance.guest.tape import Tape
from conformance.model import CaseInfo, Outcome, Step
from tests.processes import eventually, marked, new_mark
from tests.suite import Written, environment, read, run_cases, write_cases

ROOT = os.geteuid() == 0
needs_root = pytest.mark.skipif(not ROOT, reason="these cases need root")

OUTCOMES = '''
"""Outcomes: how a case may end.

More of it.
"""
import errno
import os
import signal
import sys
import pytest
from conformance.syscalls import missing
from conformance.syscalls.machinery.call import CallFacts, Syscall
from conformance.syscalls.help.child import in_child
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.opening import O_RDONLY, close, openat
from conformance.syscalls.processes.identity import getpid
from conformance.syscalls.signals import kill
from conformance.syscalls.sockets.socket import socket

def absent(first: int) -> int: ...
absent = Syscall(absent, CallFacts(), name="nonsense")

def test_passes():
    """A title.

    And more.
    """
    openat.fails_with(errno.ENOENT, AT_FDCWD, b"absent", O_RDONLY, 0)

def test_fails():
    value = 1
    assert value == 2, "as it must"

def test_an_unexpected_error(): close(77)

def test_missing(): missing("overlayfs")

def test_missing_by_enosys():
    getpid()
    getpid()
    absent(1)

def test_missing_by_enosys_where_another_error_was_promised(): absent.fails_with(errno.EINVAL, 1)

def test_missing_by_the_first_call(): socket(99, 1, 0)

def test_the_second_call_is_no_feature():
    getpid()
    socket(99, 1, 0)

def test_an_error_that_names_no_feature(): close(-1)

def test_skips(): pytest.skip("not today")

def test_crashes(): kill(getpid(), signal.SIGSEGV)

def test_exits():
    getpid()
    os._exit(7)

def test_exits_with_success(): os._exit(0)

@pytest.mark.deadline(1.5)
def test_hangs():
    getpid()
    while True: signal.pause()

def test_observes(observe):
    observe("number", 1)
    observe("list", ["a", {"b": None}])
    observe("number", 2)

def test_observes_what_is_not_json(observe): observe("bytes", b"x")

def test_observes_no_number(observe): observe("nan", float("nan"))

def test_says_what_is_no_text(): assert False, "\\udcff \\x00 \\x1b[31m"

def test_fails_without_means():
    os.chdir("/proc/self/fd")
    os.closerange(0, 100)
    assert 1 == 2

def test_traces_a_child():
    getpid()
    assert in_child(lambda: getpid() and 3) == 3

def test_prints():
    print("on standard output")
    print("on standard error", file=sys.stderr)
    os.write(1, b"past Python")
    assert False, "so that it is shown"

def test_a_child_fails():
    assert in_child(lambda: 1 // 0) == 1
    assert False, "so that it is shown"

def test_leaves_a_mess():
    os.closerange(0, 1000)
    os.umask(0o777)
    os.kill(0, 9)

def test_after_the_mess(): assert os.umask(0) == 0o022 and os.listdir() == []

@pytest.mark.parametrize(("one", "two"), [(1, "a"), (2, "b/c")], ids=["1-a", "b/c[x]::y"])
def test_parameters(one, two): assert isinstance(one, int)

def test_without_its_fixture(nonsense): pass

@pytest.mark.needs("root")
def test_needs_root(): assert os.geteuid() == 0

@pytest.mark.needs("disposable")
def test_needs_a_machine_that_is_thrown_away(): pass

@pytest.mark.needs("splendour")
def test_needs_nonsense(): pass

@pytest.mark.needs("root")
@pytest.mark.shares("uts", "net")
def test_shares(observe):
    observe("namespaces", {name: os.readlink(f"/proc/self/ns/{name}") for name in ("uts", "net", "ipc")})
'''


@dataclass(frozen=True)
class Ran:
    """A run of pytest, and its record."""

    text: str
    status: int
    written: Written


def ran(cases: Path, *arguments: str) -> Ran:
    """Run cases with a record."""
    record = cases.parent / "record.jsonl"
    done = run_cases(cases, f"--conformance-record={record}", *arguments)
    return Ran(done.stdout + done.stderr, done.returncode, read(record))


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """With the plugins that a person has: Hypothesis's stays."""
    cases = write_cases(tmp_path_factory.mktemp("outcomes"), outcomes=OUTCOMES)
    return ran(cases, "-rA", "-p", "hypothesispytest")


# Outcomes


@pytest.mark.parametrize(
    ("name", "outcome", "message"),
    [
        ("test_passes", Outcome.PASSED, ""),
        ("test_fails", Outcome.FAILED, "AssertionError: as it must"),
        ("test_an_unexpected_error", Outcome.FAILED, "Bad file descriptor"),
        ("test_missing", Outcome.MISSING, "overlayfs"),
        ("test_missing_by_enosys", Outcome.MISSING, "nonsense: Function not implemented"),
        ("test_missing_by_enosys_where_another_error_was_promised", Outcome.MISSING, "nonsense: ENOSYS"),
        ("test_missing_by_the_first_call", Outcome.MISSING, "Address family not supported"),
        ("test_the_second_call_is_no_feature", Outcome.FAILED, "Address family not supported"),
        ("test_an_error_that_names_no_feature", Outcome.FAILED, "Bad file descriptor"),
        ("test_skips", Outcome.SKIPPED, "not today"),
        ("test_crashes", Outcome.CRASH, "killed by signal 11"),
        ("test_exits", Outcome.CRASH, "ended with exit status 7 before the case did"),
        ("test_exits_with_success", Outcome.CRASH, "ended with exit status 0 before the case did"),
        ("test_hangs", Outcome.HANG, "did not end within 1.5 s"),
        ("test_observes", Outcome.PASSED, ""),
        ("test_observes_what_is_not_json", Outcome.FAILED, "not JSON serializable"),
        ("test_observes_no_number", Outcome.FAILED, "not JSON compliant"),
        ("test_says_what_is_no_text", Outcome.FAILED, "AssertionError: ? \0 \x1b[31m"),
        ("test_fails_without_means", Outcome.FAILED, "assert 1 == 2"),
        ("test_leaves_a_mess", Outcome.CRASH, "killed by signal 9"),
        ("test_after_the_mess", Outcome.PASSED, ""),
        ("test_parameters[1-a]", Outcome.PASSED, ""),
        ("test_parameters[b/c[x]::y]", Outcome.PASSED, ""),
        ("test_without_its_fixture", Outcome.ERROR, "fixture 'nonsense' not found"),
        (
            "test_needs_a_machine_that_is_thrown_away",
            Outcome.SKIPPED,
            "runs only in guests that are thrown away (--conformance-disposable says that this is one)",
        ),
        ("test_needs_nonsense", Outcome.ERROR, "not one of root, disposable, x86_64"),
    ],
)
def test_the_end_of_a_case_is_its_outcome(outcomes: Ran, name: str, outcome: Outcome, message: str) -> None:
    found = outcomes.written[name]
    assert found.outcome is outcome
    assert message in found.message


def test_every_case_has_a_start_and_one_result(outcomes: Ran) -> None:
    planned = [info.id for info in outcomes.written.plan]
    assert len(planned) > 20
    assert outcomes.written.started == list(outcomes.written.results) == planned


def test_the_plan_tells_what_a_case_is_about(outcomes: Ran) -> None:
    (info,) = (each for each in outcomes.written.plan if each.id.endswith("::test_passes"))
    result = outcomes.written["test_passes"]
    assert info == CaseInfo(
        "area/test_outcomes.py::test_passes", result.hash, "A title.", "Outcomes: how a case may end."
    )
    assert len(info.hash) == 16


def test_the_record_says_what_the_machine_is(outcomes: Ran) -> None:
    (facts,) = outcomes.written.facts
    assert (facts.release, facts.uid, facts.machine) == (os.uname().release, os.geteuid(), os.uname().machine)


def test_parameter_sets_share_a_definition(outcomes: Ran) -> None:
    one, two = (outcomes.written[f"test_parameters[{each}]"] for each in ("1-a", "b/c[x]::y"))
    assert one.hash == two.hash
    assert one.hash != outcomes.written["test_passes"].hash


def test_every_call_is_in_the_trace_with_its_arguments_and_its_result(outcomes: Ran) -> None:
    assert outcomes.written["test_passes"].steps == [Step("openat", [-100, "absent", 0, 0], -1, errno.ENOENT)]


def test_the_trace_survives_the_death_of_the_case(outcomes: Ran) -> None:
    assert [step.call for step in outcomes.written["test_crashes"].steps] == ["getpid"]
    assert [step.call for step in outcomes.written["test_exits"].steps] == ["getpid"]
    assert [step.call for step in outcomes.written["test_hangs"].steps] == ["getpid"]


def test_the_calls_of_a_child_are_traced_as_its_own(outcomes: Ran) -> None:
    steps = outcomes.written["test_traces_a_child"].steps
    assert [(step.call, step.process) for step in steps] == [("getpid", 0), ("getpid", 1)]
    assert steps[0].result != steps[1].result


def test_observations_are_kept_by_name(outcomes: Ran) -> None:
    assert outcomes.written["test_observes"].observations == {"number": 2, "list": ["a", {"b": None}]}


@needs_root
def test_a_case_shares_the_namespaces_that_it_names_and_no_other(outcomes: Ran) -> None:
    seen = outcomes.written["test_shares"].observations["namespaces"]
    ours = {name: str(Path(f"/proc/self/ns/{name}").readlink()) for name in ("uts", "net", "ipc")}
    assert isinstance(seen, dict)
    assert [name for name in ours if seen[name] == ours[name]] == ["uts", "net"]


def test_pytest_tells_outcomes_apart_in_its_summary(outcomes: Ran) -> None:
    last = outcomes.text.strip().splitlines()[-1]
    assert outcomes.status == 1
    counts = {word: int(number) for number, word in re.findall(r"(\d+) (\w+)", last)}
    by_outcome = [each.outcome for each in outcomes.written.results.values()]
    assert counts["missing"] == by_outcome.count(Outcome.MISSING)
    assert counts["passed"] == by_outcome.count(Outcome.PASSED)
    assert counts["skipped"] == by_outcome.count(Outcome.SKIPPED)
    assert counts["failed"] == sum(map(by_outcome.count, (Outcome.FAILED, Outcome.CRASH, Outcome.HANG)))


def test_a_failure_is_shown_as_the_case_said_it_and_not_as_the_harness_raised_it(outcomes: Ran) -> None:
    assert "as it must" in outcomes.text
    assert "Failed:" not in outcomes.text


@pytest.mark.parametrize(
    "words", ["on standard output", "on standard error", "past Python", "ZeroDivisionError: integer division"]
)
def test_what_a_case_and_its_children_print_is_shown_with_its_failure(outcomes: Ran, words: str) -> None:
    assert words in outcomes.text


# Options


FIXTURES = """
import os
import time
import pytest

@pytest.fixture
def own(): return [1]
@pytest.fixture
def indirect(request): return request.param * 10
@pytest.fixture(autouse=True)
def whose(request, monkeypatch):
    if "always" in request.node.name:
        monkeypatch.setenv("WHOSE", "this one's")

def test_plain(observe): observe("pid", os.getpid())
def test_own(observe, own): observe("own", own)
@pytest.mark.parametrize("value", [3, 4])
def test_values(observe, value): observe("value", value)
@pytest.mark.parametrize("indirect", [5], indirect=True)
def test_indirect(observe, indirect): observe("value", indirect)
def test_always(observe): observe("whose", os.environ.get("WHOSE"))

class TestInAClass:
    value = 6
    def setup_method(self): self.value = 7
    def test_in_a_class(self, observe): observe("value", self.value)
"""


@pytest.mark.parametrize("autouse", [True, False])
def test_a_case_may_have_fixtures_of_its_own(tmp_path: Path, autouse: bool) -> None:
    """Which a keeper that was there before them has not."""
    text = FIXTURES if autouse else FIXTURES.replace("(autouse=True)", "").replace("def test_always", "def not_always")
    found = ran(write_cases(tmp_path, fixtures=text)).written
    told = {case.rpartition("::")[2]: result.observations for case, result in found.results.items()}
    assert told.pop("test_plain")
    assert told == {
        "test_own": {"own": [1]},
        "test_values[3]": {"value": 3},
        "test_values[4]": {"value": 4},
        "test_indirect[5]": {"value": 50},
        "test_in_a_class": {"value": 7},
        **({"test_always": {"whose": "this one's"}} if autouse else {}),
    }


def test_a_machine_that_is_thrown_away_runs_cases_that_could_harm_it(tmp_path: Path) -> None:
    cases = write_cases(tmp_path, outcomes=OUTCOMES)
    done = ran(cases, "--conformance-disposable", "-k", "thrown_away")
    assert done.written["test_needs_a_machine_that_is_thrown_away"].outcome is Outcome.PASSED


def test_deadlines_are_multiplied_on_a_slow_machine(tmp_path: Path) -> None:
    cases = write_cases(tmp_path, slow="import signal\ndef test_hangs(): signal.pause()\n")
    done = ran(cases, "--conformance-case-timeout=0.1", "--conformance-slowdown=3")
    assert done.written["test_hangs"].message == "did not end within 0.3 s"


def test_without_a_record_cases_run_as_well(tmp_path: Path) -> None:
    done = run_cases(write_cases(tmp_path, one="def test_one(): pass\ndef test_two(): assert 0\n"))
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1].startswith("1 failed, 1 passed")


def test_tests_that_are_no_cases_are_left_to_pytest(tmp_path: Path) -> None:
    cases = write_cases(tmp_path, one="def test_case(): pass\n")
    (tmp_path / "test_other.py").write_text(f"import os\ndef test_it(): assert os.getppid() == {os.getpid()}\n")
    record = tmp_path / "record.jsonl"
    done = run_cases(cases, str(tmp_path / "test_other.py"), f"--conformance-record={record}")
    assert done.returncode == 0, done.stdout
    found = read(record)
    assert [info.id for info in found.plan] == found.started == list(found.results) == ["area/test_one.py::test_case"]


def test_collecting_writes_no_plan(tmp_path: Path) -> None:
    done = ran(write_cases(tmp_path, one="def test_one(): pass\n"), "--collect-only")
    assert (done.status, done.written.plan, done.written.facts) == (0, [], [])


def test_a_module_that_cannot_be_imported_is_a_trouble_that_says_why(tmp_path: Path) -> None:
    done = ran(write_cases(tmp_path, bad="import nonsense\n", good="def test_good(): pass\n"))
    assert done.status != 0
    (trouble,) = done.written.troubles
    assert trouble == "area/test_bad.py cannot be collected: ModuleNotFoundError: No module named 'nonsense'"


def test_a_module_that_no_worker_can_import_is_told_once(tmp_path: Path) -> None:
    done = ran(write_cases(tmp_path, bad="import nonsense\n", good="def test_good(): pass\n"), "-n", "2")
    assert done.status != 0
    (trouble,) = done.written.troubles
    assert trouble == "area/test_bad.py cannot be collected: ModuleNotFoundError: No module named 'nonsense'"


@pytest.mark.parametrize("place", ["absent/record.jsonl", "cases", "fd:x", "fd:999"])
def test_a_record_that_cannot_be_made_is_one_sentence(tmp_path: Path, place: str) -> None:
    done = run_cases(write_cases(tmp_path, one="def test_one(): pass\n"), f"--conformance-record={place}")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert f"--conformance-record {place}: cannot be written" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_full_disk_ends_the_run_with_one_sentence(tmp_path: Path) -> None:
    done = run_cases(write_cases(tmp_path, one="def test_one(): pass\n"), "--conformance-record=/dev/full")
    assert done.returncode == RECORD_LOST
    assert "the record cannot be written: No space left on device" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("order", ["earlier", "later"])
def test_a_plugin_with_options_of_the_same_names_can_be_used_beside_ours(tmp_path: Path, order: str) -> None:
    cases = write_cases(tmp_path, one="import signal\ndef test_hangs(): signal.pause()\n")
    (tmp_path / "other.py").write_text(OTHER.format(order="tryfirst" if order == "earlier" else "trylast"))
    done = ran(cases, "-p", "other", "--profile", "--conformance-effort=dev", "--conformance-case-timeout=0.1")
    assert "PROFILING=True" in done.text
    assert done.written["test_hangs"].message == "did not end within 0.1 s"
    assert "Deprecation" not in done.text


OTHER = """
import pytest
@pytest.hookimpl({order}=True)
def pytest_addoption(parser):
    parser.getgroup("profiling").addoption("--profile", action="store_true", help="measure")
def pytest_terminal_summary(terminalreporter, config):
    terminalreporter.write_line(f"PROFILING={{config.getoption('--profile')}}")
"""


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (["--record", "RECORD"], "--record is --conformance-record now"),
        (["--record=RECORD"], "--record is --conformance-record now"),
        (["--conformance-record=RECORD", "--case-timeout=0.1"], "--case-timeout is --conformance-case-timeout now"),
        (["--conformance-record=RECORD", "--slowdown", "0.05"], "--slowdown is --conformance-slowdown now"),
        (["--conformance-record=RECORD", "--disposable"], "--disposable is --conformance-disposable now"),
        (["--conformance-record=RECORD", "--profile=gate"], "--profile is --conformance-effort now"),
        (
            ["--conformance-record=RECORD", "--conformance-profile=gate"],
            "--conformance-profile is --conformance-effort now",
        ),
    ],
)
def test_an_option_by_its_former_name_works_and_says_the_new_one(tmp_path: Path, given: list[str], name: str) -> None:
    cases = write_cases(tmp_path, one=FORMERLY)
    record = tmp_path / "record.jsonl"
    done = run_cases(cases, *(word.replace("RECORD", str(record)) for word in given))
    assert name in done.stdout
    assert done.returncode == (1 if "0." in given[-1] else 0), done.stdout + done.stderr
    assert read(record)["test_thrown_away"].outcome is (Outcome.PASSED if "--disposable" in given else Outcome.SKIPPED)


FORMERLY = """
import pytest, time
def test_takes_two_seconds(): time.sleep(2)
@pytest.mark.needs("disposable")
def test_thrown_away(): pass
"""


def test_a_former_name_after_the_end_of_options_is_none(tmp_path: Path) -> None:
    done = run_cases(write_cases(tmp_path, one="def test_one(): pass\n"), "--", "--record=x")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "file or directory not found: --record=x" in done.stderr


# Several workers


def test_results_that_no_worker_could_send_as_they_are_reach_the_record(tmp_path: Path) -> None:
    done = ran(write_cases(tmp_path, odd=ODD), "-n", "1")
    assert (done.status, "INTERNALERROR" in done.text) == (0, False), done.text
    assert done.written["test_odd"].observations == {"large": 2**63, "small": -(2**40), "text": "?\0", "half": 0.5}


ODD = """
def test_odd(observe):
    for name, value in {"large": 2**63, "small": -2**40, "text": chr(0xDC80) + chr(0), "half": 0.5}.items():
        observe(name, value)
"""


def test_workers_of_xdist_run_cases_and_one_record_is_written(outcomes: Ran, tmp_path: Path) -> None:
    done = ran(write_cases(tmp_path, outcomes=OUTCOMES), "-n", "2")
    assert "INTERNALERROR" not in done.text
    assert done.status == 1
    here, there = done.written, outcomes.written
    assert len(here.facts) == 1
    assert here.plan == there.plan
    assert sorted(here.started) == sorted(here.results) == sorted(there.results)
    assert {case: each.outcome for case, each in here.results.items()} == {
        case: each.outcome for case, each in there.results.items()
    }
    assert here["test_passes"].steps == there["test_passes"].steps


# Ctrl-C


def test_an_interrupt_ends_the_run_at_once_and_leaves_no_process(tmp_path: Path) -> None:
    mark = new_mark()
    cases = write_cases(
        tmp_path,
        hanging=f"""
import os, signal
from conformance.syscalls.processes.prctl import PR_SET_NAME, prctl
def test_hangs():
    prctl(PR_SET_NAME, {mark.encode()!r})
    os.fork()
    signal.pause()
def test_never(): pass
""",
    )
    record = tmp_path / "record.jsonl"
    with subprocess.Popen(
        [sys.executable, "-m", "pytest", str(cases), f"--conformance-record={record}", "-p", "no:cacheprovider"],
        env=environment(),
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    ) as started:
        assert eventually(lambda: len(marked(mark)) == 2)
        started.send_signal(signal.SIGINT)
        said, _ = started.communicate(timeout=60)
    assert started.returncode == pytest.ExitCode.INTERRUPTED
    assert "KeyboardInterrupt" in said
    assert marked(mark) == []
    found = read(record)
    assert (len(found.plan), found.started, found.results) == (2, ["area/test_hanging.py::test_hangs"], {})


# Judging


@pytest.mark.parametrize(
    ("ending", "outcome"),
    [
        (Ending(trouble="no scratch directory"), Outcome.ERROR),
        (Ending(timed_out=True), Outcome.HANG),
        (Ending(signal=9), Outcome.CRASH),
        (Ending(status=1), Outcome.PASSED),
    ],
)
def test_evidence_of_the_kernel_counts_more_than_what_a_case_says_of_itself(ending: Ending, outcome: Outcome) -> None:
    tape = Tape()
    tape.writer().end("passed", "")
    assert judge(ending, list(tape.lines()), 1.0)[0] is outcome
    tape.close()
