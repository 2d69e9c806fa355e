"""The pytest plugin: every case in a forked child, every call in the trace, every verdict in the record.

pytest cases/                            on any Linux, alone or with `-n auto`
pytest cases/ --conformance-record FILE  also writes what happened, a JSON line at a time
"""

from __future__ import annotations

import errno
import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from conformance.guest.definitions import (
    MODEL,
    all_of_models,
    below_cases,
    case_id,
    definition_hash,
    described,
    headline,
    is_case,
    is_run_from_outside,
)
from conformance.guest.facts import facts
from conformance.guest.isolation import Isolation, Lasting
from conformance.guest.keeper import NAMESPACES, Ending
from conformance.guest.limits import CASE_SECONDS
from conformance.guest.record import RecordWriter
from conformance.guest.tape import Tape, Writer, steps
from conformance.model import CaseInfo, CaseResult, Json, Outcome
from conformance.places import CALLS
from conformance.programs.efforts import EFFORTS, GATE
from conformance.protocol.lines import FactsLine, Line, Plan, ResultLine, Start, Trouble, as_line
from conformance.syscalls.help import waiting
from conformance.syscalls.help.child import Child
from conformance.syscalls.machinery.absence import Missing, what_is_absent, witnessing
from conformance.syscalls.machinery.call import Syscall, mark_case, recording

if TYPE_CHECKING:
    from conformance.guest.programs import Executor, ProgramItem
    from conformance.programs.keeping import Kernel

ABSENT = frozenset(
    {
        errno.ENOSYS,
        errno.ENODEV,
        errno.EPROTONOSUPPORT,
        errno.EAFNOSUPPORT,
        errno.ESOCKTNOSUPPORT,
        errno.ENOPROTOOPT,
        errno.EOPNOTSUPP,
        errno.EPFNOSUPPORT,
    }
)
"""What the first call of a case says when its feature is not there."""

RESULT = pytest.StashKey[CaseResult]()
NEEDS = ("root", "disposable", "x86_64")
OBSERVE = "observe"
"""The fixture of a case's own that is not pytest's."""
RECORD_LOST = 3
"""pytest's exit status when the record cannot be written any more (a full disk): the harness failed."""


FULL = "its scratch file system, which is all the disk that the suite gives a case, is full"


class Observe(Protocol):
    """Records a named value that makes the case comparable between targets."""

    def __call__(self, name: str, value: Json) -> None: ...


FORMER = {
    **{f"--{name}": f"--conformance-{name}" for name in ("record", "case-timeout", "slowdown", "disposable")},
    **dict.fromkeys(("--profile", "--conformance-profile"), "--conformance-effort"),
}
"""What options are called now that had no prefix before 0.2, or another name in it."""


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance", "cases of system calls (syscall-conformance)")
    group.addoption(
        "--conformance-record", metavar="FILE", help="write facts, traces and outcomes to FILE, a JSON line each"
    )
    group.addoption(
        "--conformance-case-timeout",
        type=float,
        default=CASE_SECONDS,
        metavar="SECONDS",
        help="how long a case may take before it counts as hanging (default: %(default)s)",
    )
    group.addoption(
        "--conformance-slowdown",
        type=float,
        default=1.0,
        metavar="N",
        help="this machine is N times slower than real hardware: multiply every deadline (default: 1)",
    )
    group.addoption(
        "--conformance-disposable",
        action="store_true",
        help="this machine is thrown away afterwards: run the cases that could harm it, too",
    )
    group.addoption(
        "--conformance-effort",
        choices=tuple(EFFORTS),
        default=GATE,
        help="examples for cases that have a model: gate (the same everywhere and always), nightly (random, and 100 "
        "times as many), dev (random, and 20 times as many); default: %(default)s",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, parser: pytest.Parser, args: list[str]) -> None:
    """Take the options of before, which had other names, where they are no other plugin's.

    They are no options of the parser: one that a plugin registers after us would clash with them.
    """
    others = parser.optparser._option_string_actions  # noqa: SLF001 - nothing public says which options there are
    for at, word in enumerate(args[: args.index("--")] if "--" in args else args):
        option, separator, value = word.partition("=")
        if (name := FORMER.get(option)) and option not in others:
            args[at] = f"{name}{separator}{value}"
            early_config.issue_config_time_warning(
                pytest.PytestDeprecationWarning(f"{option} is {name} now, and will not be known by its old name"), 2
            )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", f"needs(what, ...): run only where it is given, of: {', '.join(NEEDS)}; else skipped"
    )
    config.addinivalue_line("markers", f"shares(namespace, ...): not in a fresh one, of: {', '.join(NAMESPACES)}")
    config.addinivalue_line("markers", "deadline(seconds): instead of --conformance-case-timeout")
    config.addinivalue_line("markers", "starves_itself: has the kernel end a process of its own for want of memory")
    # Python 3.12 warns of every fork beside threads. A case's process is made for a case that may fork, come what may.
    config.addinivalue_line("filterwarnings", "ignore:.*multi-threaded, use of fork:DeprecationWarning")
    config.pluginmanager.register(Cases(config), "conformance-cases")


class Cases:
    """The hooks that turn a pytest item into a case. One a session."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.isolation: Isolation | None = None
        self.is_worker = hasattr(config, "workerinput")
        target = config.getoption("--conformance-record")
        self.served = str(target).startswith("fd:")
        """Whether the host of a guest started us, and not a person."""
        self.planned = False
        self.pid = os.getpid()
        self.lost: set[str] = set()
        """What could not be collected and has been told."""
        self.items: dict[str, pytest.Item] = {}
        """What was collected, by name, when there is no more to come."""
        self.tape = Tape()
        """That of a case of `lasting`, and then of the next."""
        self.lasting: Lasting | None = None
        """The keeper of all cases that it can see to."""
        self._current: Writer | None = None
        self._observed: dict[str, Json] | None = None
        """What a model observes, while one is tried."""
        self.executor: Executor | None = None
        """Runs programs, once there has been one."""
        try:
            self.record = RecordWriter(target) if target and not self.is_worker else None
        except (OSError, ValueError) as error:
            raise pytest.UsageError(f"--conformance-record {target}: cannot be written: {error}") from error

    # -- running a case

    @pytest.fixture
    def observe(self) -> Observe:
        """`observe(name, value)` records a JSON value on purpose, to be compared between targets."""
        return self.observed

    def observed(self, name: str, value: Json) -> None:
        """What a case, or a model, records on purpose."""
        if self._observed is not None:
            self._observed[name] = value
        elif self._current is not None:
            self._current.observe(name, value)

    @pytest.fixture
    def kernel(self) -> Kernel:
        """This machine's, for a model whose calls an executor makes (`conformance.programs.keeping`)."""
        from conformance.guest import programs  # noqa: PLC0415 - a served guest needs none of it

        executor = self.started_executor()
        if why := executor.lacking():
            pytest.skip(why)
        return programs.kernel(executor, self.config.getoption("--conformance-effort"))

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        """Programs as text, below a folder of cases. The host of a guest has them run by itself."""
        if file_path.suffix != CALLS or self.served or not is_case(file_path):
            return None
        from conformance.guest.programs import ProgramFile  # noqa: PLC0415 - a served guest needs none of it

        collector: pytest.Collector = ProgramFile.from_parent(parent, path=file_path, run=self.run_program)
        return collector

    def run_program(self, item: ProgramItem) -> None:
        """Have the executor run a program, and raise here what came of it."""
        result = item.stash[RESULT] = self.started_executor().result(item.listed)
        if result.outcome is not Outcome.PASSED:
            pytest.fail(result.message, pytrace=False)  # it says itself where it failed

    def started_executor(self) -> Executor:
        """What runs programs here."""
        if self.executor is None:
            from conformance.guest.programs import Executor  # noqa: PLC0415 - as above

            self.executor = Executor(self.config.getoption("--conformance-slowdown"))
        return self.executor

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """The host of a guest runs models whose calls an executor makes: a guest need not import them."""
        return True if self.served and is_case(collection_path) and all_of_models(collection_path) else None

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """As for whole modules."""
        if self.served:
            items[:] = [item for item in items if not is_run_from_outside(item.path, item.name.partition("[")[0])]

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        """Run the function in a child and raise here what came of it."""
        if not is_case(pyfuncitem.path):
            return None
        names = pyfuncitem._fixtureinfo.argnames  # noqa: SLF001 - what pytest's own hook passes on
        function, arguments = pyfuncitem.obj, {name: pyfuncitem.funcargs[name] for name in names}
        if MODEL in names:
            from conformance.programs.keeping import held  # noqa: PLC0415 - as above

            observed = self._observed = {}
            result = held(case_info(pyfuncitem), lambda: function(**arguments), observed)
            self._observed = None
        else:
            result = self.run(pyfuncitem, lambda: function(**arguments))
        pyfuncitem.stash[RESULT] = result
        if result.outcome is not Outcome.PASSED:
            pytest.fail(result.message, pytrace=False)  # it says itself where it failed
        return True

    def isolate(self) -> Isolation:
        """What this machine allows; one that is thrown away afterwards is ours alone."""
        return Isolation(alone=bool(self.config.getoption("--conformance-disposable")))

    def run(self, item: pytest.Function, case: Callable[[], None]) -> CaseResult:
        """One case, isolated; what it did and how it ended."""
        if self.isolation is None:
            self.isolation = self.isolate()
        if self.lasting is None:
            self.lasting = Lasting(self.isolation, self.perform_asked)
        shares = frozenset(name for mark in item.iter_markers("shares") for name in mark.args)
        starves = item.get_closest_marker("starves_itself") is not None
        deadline = self.deadline_of(item)
        asked = self.asked(item)
        started = time.perf_counter()
        if asked and self.lasting.keeps(shares):
            tape = self.tape
            tape.clear()
            ending = self.lasting.run(asked, deadline=deadline, shares=shares, starves_itself=starves)
        else:
            tape = Tape()
            alone = partial(self.perform, item, case, tape)
            ending = self.isolation.run(alone, deadline=deadline, shares=shares, starves_itself=starves)
        seconds = time.perf_counter() - started
        own = list(tape.lines())
        waiting.absent.update(str(line["absent"]) for line in own if "absent" in line)
        outcome, message = judge(ending, own, deadline)
        result = CaseResult(
            case=case_id(item.path, item.name),
            hash=definition_hash(item.path, item.name),
            outcome=outcome,
            message=message,
            seconds=round(seconds, 4),
            steps=steps(tape),
            observations={str(line["o"]): line["v"] for line in own if "o" in line},
            truncated=tape.truncated(),
        )
        if tape is not self.tape:
            tape.close()
        if outcome not in (Outcome.PASSED, Outcome.MISSING, Outcome.SKIPPED):
            self.lasting.end()  # who knows what it has done
        return result

    def deadline_of(self, item: pytest.Item) -> float:
        """How many seconds a case has."""
        usual = self.config.getoption("--conformance-case-timeout")
        deadline = next((mark.args[0] for mark in item.iter_markers("deadline")), usual)
        return float(deadline * self.config.getoption("--conformance-slowdown"))

    def asked(self, item: pytest.Function) -> list[str]:
        """How a keeper is asked for a case; with nothing, if that has fixtures which the keeper has not."""
        values = values_of(item)
        known = all(name == OBSERVE or values.get(name) is value for name, value in item.funcargs.items())
        needs = set(item._fixtureinfo.names_closure) <= {OBSERVE, *values}  # noqa: SLF001 - nothing public has them all
        if not known or not needs or item.cls or self.items.get(item.nodeid) is not item:
            return []
        return [item.nodeid, *sorted(waiting.absent)]

    def perform_asked(self, asked: Sequence[str]) -> None:
        """In the process of a case: the case that was asked for."""
        nodeid, *absent = asked
        item = self.items[nodeid]
        assert isinstance(item, pytest.Function)
        waiting.absent.clear()
        waiting.absent.update(absent)
        values = {**values_of(item), OBSERVE: self.observed}
        names = item._fixtureinfo.argnames  # noqa: SLF001 - what pytest's own hook passes on
        self.perform(item, partial(item.obj, **{name: values[name] for name in names}), self.tape)

    def perform(self, item: pytest.Function, case: Callable[[], None], tape: Tape) -> None:
        """In the process of a case: run it, and write down what it does and how it ends."""
        writer = self._current = tape.writer()
        mark_case()
        perform(item, case, writer)

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Skip what this run cannot give."""
        if not is_case(item.path):
            return
        for mark in item.iter_markers("needs"):
            for need in mark.args:
                if need not in NEEDS:
                    raise pytest.UsageError(f"{item.nodeid}: needs({need!r}): not one of {', '.join(NEEDS)}")
                if reason := self.lacks(need):
                    pytest.skip(reason)

    def lacks(self, need: str) -> str | None:
        """Why a need is not met, or None."""
        if need == "root" and os.geteuid() != 0:
            return "needs root"
        if need == "disposable" and not self.config.getoption("--conformance-disposable"):
            by_hand = "" if self.served else " (--conformance-disposable says that this is one)"
            return f"could harm this machine: runs only in guests that are thrown away{by_hand}"
        if need == "x86_64" and os.uname().machine != "x86_64":
            return "written for x86_64"
        return None

    # -- reporting

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """A module that wants to end the interpreter when it is imported is one that cannot be imported."""
        try:
            return (yield)
        except SystemExit as error:
            if not below_a_folder_of_cases(collector.path):
                raise
            said = f"SystemExit: {error}"
            return pytest.CollectReport(collector.nodeid, "failed", longrepr=said, result=[])
        finally:
            if os.getpid() != self.pid:
                os._exit(0)  # a child that the module has forked, and that has no business here

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Cases whose module cannot be imported are in no plan, so the record says why."""
        path, _ = self.located(report.nodeid)
        if report.passed or not below_a_folder_of_cases(path):
            return
        module = below_cases(path)
        if module not in self.lost:  # every worker of pytest-xdist says so
            self.lost.add(module)
            self.write(Trouble(f"{module or report.nodeid} cannot be collected: {why_not(report)}", lost=module))

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        if session.config.option.collectonly:
            return
        self.items = {item.nodeid: item for item in session.items}
        for stub in stubs_of(session.items):
            stub.prepare()  # once here, and not in the process of each case
        if not self.is_worker and not session.config.getoption("numprocesses", None):
            gc.freeze()  # children then copy fewer pages
            gc.enable()
        self.write_plan([case_info(item) for item in session.items if is_case(item.path)])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Under pytest-xdist only workers collect, all the same: the first that is done says what there is."""
        if not self.planned:
            cases = [(path, name) for path, name in map(self.located, ids) if is_case(path)]
            self.write_plan([CaseInfo(case_id(path, name), *described(path, name)) for path, name in cases])

    def write_plan(self, cases: list[CaseInfo]) -> None:
        """What this machine is, and which cases were found."""
        self.planned = True
        if self.record:
            self.isolation = self.isolation or self.isolate()
            self.write(FactsLine(facts(self.isolation)))
            self.write(Plan(cases))

    def write(self, line: Line | str) -> None:
        """Append a line, or text that is one, to the record, or end the run when that cannot be done."""
        if self.record:
            try:
                self.record.write(line)
            except OSError as error:
                pytest.exit(f"the record cannot be written: {error.strerror}", returncode=RECORD_LOST)

    def located(self, nodeid: str) -> tuple[Path, str]:
        """The module and the name of a test that pytest names."""
        path, _, name = nodeid.partition("::")
        return self.config.rootpath / path, name

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        result = result_of(item, report) if is_case(item.path) else None
        if result is not None:
            # pytest passes extra attributes on, and pytest-xdist sends them to its controller. It is sent as text: what
            # execnet takes ends at integers of 32 bits and at lone surrogates, and a kernel's results do not.
            report.conformance = as_line(ResultLine(result)).decode()  # type: ignore[attr-defined] # ours
            report.conformance_outcome = str(result.outcome)  # type: ignore[attr-defined] # as above
            if result.outcome in (Outcome.MISSING, Outcome.SKIPPED):
                prefix = "missing: " if result.outcome is Outcome.MISSING else "Skipped: "
                report.outcome = "skipped"
                report.longrepr = (str(item.path), (item.location[1] or 0) + 1, prefix + result.message)
            elif report.failed:
                report.longrepr = result.message
        return report

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """`missing`, `crash` and `hang` have words of their own."""
        outcome = getattr(report, "conformance_outcome", None)
        if outcome in (Outcome.MISSING, Outcome.CRASH, Outcome.HANG):
            category = "failed" if report.failed else str(outcome)
            return category, str(outcome)[0].upper() if report.failed else "m", str(outcome).upper()
        return None

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        path, name = self.located(nodeid)
        if is_case(path):
            self.write(Start(case_id(path, name)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if result := getattr(report, "conformance", None):
            self.write(result)

    def pytest_unconfigure(self) -> None:
        if self.lasting:
            self.lasting.end()
        if self.executor:
            self.executor.close()
        if self.record:
            self.record.close()


def stubs_of(items: Iterable[pytest.Item]) -> list[Syscall[Any]]:
    """The calls that cases name, and those that help them."""
    modules = {id(module): module for item in items if (module := getattr(item, "module", None))}
    helping = [module for name, module in sys.modules.items() if name.startswith("conformance.syscalls.help.")]
    return [
        each for module in (*modules.values(), *helping) for each in vars(module).values() if isinstance(each, Syscall)
    ]


def values_of(item: pytest.Function) -> Mapping[str, object]:
    """What a test is parametrized with, by name."""
    return item.callspec.params if hasattr(item, "callspec") else {}


def result_of(item: pytest.Item, report: pytest.TestReport) -> CaseResult | None:
    """What a phase says of a case: its own result, or why it was not run."""
    if RESULT in item.stash:
        return item.stash[RESULT] if report.when == "call" else None
    if report.passed:
        return None
    return CaseResult(
        case=case_id(item.path, item.name),
        hash=definition_hash(item.path, item.name),
        outcome=Outcome.SKIPPED if report.skipped else Outcome.ERROR,
        message=skip_reason(report) if report.skipped else report.longreprtext,
    )


def below_a_folder_of_cases(path: Path) -> bool:
    """As `is_case`, for such a folder itself, too."""
    return "cases" in path.parts


def why_not(report: pytest.CollectReport) -> str:
    """The reason that a module's report gives, in a line."""
    if report.skipped:
        return f"it skips itself: {skip_reason(report)}"
    last = report.longreprtext.strip().splitlines()[-1:]
    return "".join(last).removeprefix("E").strip()


def skip_reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """What `pytest.skip` was told."""
    return report.longrepr[2].removeprefix("Skipped: ") if isinstance(report.longrepr, tuple) else ""


def case_info(item: pytest.Item) -> CaseInfo:
    """What the plan says of a case."""
    if item.path.suffix == CALLS:
        return CaseInfo(case_id(item.path, item.name), *described(item.path, item.name))
    return CaseInfo(
        id=case_id(item.path, item.name),
        hash=definition_hash(item.path, item.name),
        title=headline(getattr(getattr(item, "obj", None), "__doc__", None)),
        feature=headline(getattr(getattr(item, "module", None), "__doc__", None)),
    )


def perform(item: pytest.Function, case: Callable[[], None], writer: Writer) -> None:
    """Inside the child: run the case and write down how it ended."""
    with witnessing() as witness:
        outcome, message = Outcome.PASSED, ""
        try:
            with recording(writer):
                case()
            outcome, message = judged_by_children(witness.children)
        except Missing as reason:
            outcome, message = Outcome.MISSING, str(reason)
        except pytest.skip.Exception as reason:
            outcome, message = Outcome.SKIPPED, str(reason)
        except BaseException as error:
            if absent := feature_is_absent(error, writer):
                outcome, message = Outcome.MISSING, absent
            else:
                outcome, message = Outcome.FAILED, in_children(witness.children) + explained(item, error)
    for event in sorted(waiting.absent):
        writer.write({"absent": event})
    writer.end(outcome, message)


def judged_by_children(children: list[Child]) -> tuple[Outcome, str]:
    """What a case that passed has not noticed of its children: that they lacked something, or asserted it in vain."""
    if lacked := [child.lacked for child in children if child.lacked]:
        return Outcome.MISSING, lacked[0]
    failed = in_children(children)
    return (Outcome.FAILED, failed) if failed else (Outcome.PASSED, "")


def in_children(children: list[Child]) -> str:
    """What the children of a case failed of, a line each, in the form in which pytest tells errors."""
    return "".join(f"E   in a child: {child.failed}\n" for child in children if child.failed)


def explained(item: pytest.Function, error: BaseException) -> str:
    """An uncaught error as pytest would show it; in a word where the case has lost the means for that."""
    try:
        told = str(item.repr_failure(pytest.ExceptionInfo.from_exception(error)))
        return told.replace(f"{item.config.rootpath}/", "")  # the same on every target
    except BaseException:
        return f"{type(error).__name__}: {error}"


def feature_is_absent(error: BaseException, writer: Writer) -> str | None:
    """Whether an uncaught error means that the target lacks the feature: ENOSYS anywhere, or the first call refused."""
    if absent := what_is_absent(error):
        return absent
    if isinstance(error, OSError) and error.errno in ABSENT and writer.count == 1:
        return str(error)
    return None


def judge(ending: Ending, own: list[dict[str, Json]], deadline: float) -> tuple[Outcome, str]:
    """The outcome, by evidence: the deadline, a signal, then what the case wrote about itself."""
    if ending.trouble:
        return Outcome.ERROR, ending.trouble
    if ending.timed_out:
        return Outcome.HANG, f"did not end within {deadline:g} s"
    if ending.signal == signal.SIGBUS and ending.full:
        return Outcome.ERROR, FULL  # how a mapped file says so
    if ending.signal:
        return Outcome.CRASH, f"killed by signal {ending.signal}"
    for line in own:
        if "end" in line:
            outcome, message = Outcome(str(line["end"])), str(line["message"])
            spoilt = ending.full and outcome in (Outcome.FAILED, Outcome.MISSING)
            return (Outcome.ERROR, f"{FULL}: {message}") if spoilt else (outcome, message)
    return Outcome.CRASH, f"ended with exit status {ending.status} before the case did"
