"""The data that everything else passes on: targets, facts, what a case did, verdicts and the matrix.

Plain frozen dataclasses with nothing but the standard library behind them, since guests import them too. The host reads
them from JSON strictly, by type (`msgspec`), so a malformed line from a guest is an error and not a surprise.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

SCHEMA = 1
"""Version of records. A reader refuses a newer one and reads every older one."""
MATRIX_SCHEMA = 3
"""Version of a matrix as JSON. 2: `verdict` where 1 had `status`. 3: `comparisons` where 2 had `rows`."""

if TYPE_CHECKING:
    Json: TypeAlias = "int | float | bool | str | list[Json] | dict[str, Json] | None"
else:
    Json = Any  # what readers of types at run time can follow


class Outcome(StrEnum):
    """How a case ended on one target."""

    PASSED = "passed"
    FAILED = "failed"
    """An assertion about what Linux promises did not hold."""
    MISSING = "missing"
    """The feature that the case is about is not there."""
    SKIPPED = "skipped"
    """The case needs something that this run does not have (root, a guest that is thrown away)."""
    CRASH = "crash"
    """The case, or the whole guest, died of a signal, a panic or an oops."""
    HANG = "hang"
    """The case, or the whole guest, did not end within its deadline."""
    ERROR = "error"
    """The harness is to blame; says nothing about the target."""


class Level(StrEnum):
    """How deep two results differ."""

    OUTCOME = "outcome"
    """Outcome, or which errno."""
    RESULT = "result"
    """What a call returned."""
    DATA = "data"
    """What a call wrote, or what the case observed."""


class Verdict(StrEnum):
    """What a cell says."""

    SAME = "same"
    NEW = "new"
    """There, and the reference lacks it."""
    DIFFERS = "differs"
    MISSING = "missing"
    FAILS = "fails"
    CRASH = "crash"
    HANG = "hang"
    FLAKY = "flaky"
    SKIPPED = "skipped"
    INVALID = "invalid"
    ERROR = "error"
    """The harness or the target could not run the case."""


class Cause(StrEnum):
    """Why a cell is not `same`."""

    ABSENT = "absent"
    VERSION = "version"
    CONFIG = "config"
    HARDWARE = "hardware"
    POLICY = "policy"
    ORDER = "order"
    ENVIRONMENT = "environment"
    """Our fault, or that of what lies below an emulation: the kernel under a profile lacks it itself."""
    SEMANTIC = "semantic"
    UNKNOWN = "unknown"


class Answers(StrEnum):
    """What answers the system calls of a target, as its runner says."""

    HOST = "host"
    """The kernel of this machine."""
    KERNEL = "kernel"
    """A kernel of its own."""
    FILTER = "filter"
    """The kernel of this machine, less what a filter takes away: it imitates what lacks that."""
    IMITATION = "imitation"
    """A program that imitates a kernel."""


@dataclass(frozen=True, slots=True)
class Target:
    """One kernel, or one emulation of a kernel, as `targets.toml` names it."""

    name: str
    runner: str
    title: str = ""
    control: str | None = None
    options: dict[str, str | int] = field(default_factory=dict)
    """What its runner takes from `targets.toml` (see `runners.declaration.Declaration.options`)."""
    given: dict[str, str] = field(default_factory=dict)
    """Options that the command line gives in place of those: another kernel, another build."""
    answers: Answers | None = None
    """None where nobody knows its runner, and in records of before it was written down."""

    @property
    def taken(self) -> dict[str, str | int]:
        """The options as they hold."""
        return {**self.options, **self.given}

    @property
    def imitates(self) -> bool:
        """Whether it is no kernel of its own, but stands for one: what it says of its release is said of another."""
        return self.answers in (Answers.FILTER, Answers.IMITATION)


@dataclass(frozen=True, slots=True)
class Step:
    """One system call of a case: arguments and what the kernel wrote, raw, as they were seen.

    `args` has numbers, text for bytes (latin-1), dicts for structs, None for NULL. `outs` maps an argument's position
    to what the call wrote there. `process` is 0 for the case itself, n for its nth traced child.
    """

    call: str
    args: list[Json]
    result: int
    errno: int = 0
    outs: dict[str, Json] = field(default_factory=dict)
    process: int = 0
    label: str = ""
    """The description that a program names, where the arguments do not tell which one is meant."""


@dataclass(frozen=True, slots=True)
class CaseInfo:
    """A case that exists: its id, the hash of its definition, its first docstring line and its feature's."""

    id: str
    hash: str
    title: str = ""
    feature: str = ""


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What one case did on one target, once."""

    case: str
    hash: str
    outcome: Outcome
    message: str = ""
    seconds: float = 0.0
    steps: list[Step] = field(default_factory=list)
    observations: dict[str, Json] = field(default_factory=dict)
    attempt: int = 1
    truncated: bool = False
    """Whether the trace was cut because the case made too many calls."""
    taken: str = ""
    """The earlier run that it was taken over from; "" where the case was run."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a guest is. The first part is seen inside it, the second is said by the runner that made it."""

    release: str
    version: str
    machine: str
    cpus: int
    uid: int
    capabilities: int
    scratch: str
    """ExpectationKind of the file system that cases run in (`tmpfs`, `ext4` …)."""
    python: str
    suite: str
    isolation: list[str] = field(default_factory=list)
    """Namespaces that every case gets afresh."""
    label: str = ""
    """The column's name where it is not the target's (`wsl2 (config)`)."""
    made_by: str = ""
    """Runner, version and accelerator."""
    notes: list[str] = field(default_factory=list)
    """What a reader of the column must know, a sentence each."""
    versions: dict[str, str] = field(default_factory=dict)
    """What else it is made of, by name, as the runner says: `{"runsc": "20240729"}`. Expectations may hang on it."""


@dataclass(frozen=True, slots=True)
class Record:
    """Everything one target said in one run. `results` holds every attempt of each case, in order."""

    target: Target
    run: str
    facts: Facts | None
    cases: list[CaseInfo]
    results: dict[str, list[CaseResult]]
    troubles: list[str] = field(default_factory=list)
    complete: bool = False
    failed: str | None = None
    """Why the target could not be run, in one sentence."""
    lost: list[str] = field(default_factory=list)
    """Modules of cases that could not be collected in its guests, below the folder of cases."""


# -- the matrix


class ExpectationKind(StrEnum):
    """Who vouches for an expectation."""

    EXPLAINED = "explained"
    """A human, who says why."""
    BASELINE = "baseline"
    """Nobody: a command took down what a run showed. It says nothing of a version that was not run."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """A difference that is known and accepted, as a file in `expectations/` says it.

    Matrices as JSON have `when` from version 3 on (`condition` before), and `message` and `kind`.
    """

    case: str
    """A case id, or a glob over case ids."""
    target: str
    verdict: Verdict
    reason: str = ""
    """Why it is accepted. A baseline has none."""
    link: str = ""
    when: str = ""
    """`kernel >= 6.6`, `runsc == 20240729`, on what the target's facts say; empty: always."""
    cause: Cause | None = None
    since: str = ""
    expires: str = ""
    """A date (ISO 8601) from which it does not hold any more."""
    message: str = ""
    """Of a baseline: what the cell said when it was taken."""
    kind: ExpectationKind = ExpectationKind.EXPLAINED

    @property
    def why(self) -> str:
        """What a report says of it: the human's reason, or plainly that there is none."""
        if self.kind is ExpectationKind.EXPLAINED:
            return self.reason
        return f"baseline, as seen on {self.since}" if self.since else "baseline"


@dataclass(frozen=True, slots=True)
class Cell:
    """What the matrix says of one case on one target."""

    verdict: Verdict
    message: str = ""
    """What differs, in one line."""
    cause: Cause | None = None
    level: Level | None = None
    """How deep it differs from what it was held against; None where it does not, or was held against nothing."""
    reference: str | None = None
    """The target that it was held against; None where no other target passes, so that the case's own assertions
    decided."""
    step: int | None = None
    """The first differing call, as an index into both traces."""
    attempts: int = 1
    steady: bool = True
    """Whether all attempts of the target ended alike. One that died once and passed twice is `crash`, not steady."""
    seconds: float = 0.0
    """How long the last attempt took, in the guest."""
    expected: Expectation | None = None
    unmet: Expectation | None = None
    """An expectation for this cell that did not come true."""
    taken: str = ""
    """The earlier run that its last attempt was taken over from; "" where it was run."""

    @property
    def differs(self) -> bool:
        """Whether the target departs from what it was held against, and that says something about the target."""
        told = self.cause not in (Cause.HARDWARE, Cause.ENVIRONMENT)
        return told and self.verdict in DIFFERENCES and self.level is not None

    @property
    def unexpected(self) -> bool:
        """Whether a gate must not let it through: a difference that nobody accepted, or another than was accepted."""
        return self.differs and self.expected is None

    @property
    def outdated(self) -> bool:
        """Whether it is a gain: the target is as the reference, or ahead of it, where a difference was expected."""
        return self.unmet is not None and self.verdict in GAINS


DIFFERENCES = (Verdict.DIFFERS, Verdict.MISSING, Verdict.FAILS, Verdict.CRASH, Verdict.HANG)
"""What a cell says of its target when the target departs from the reference."""
GAINS = (Verdict.SAME, Verdict.NEW)
"""What a cell says where nothing is wanting. An expectation of anything else is out of date there."""


@dataclass(frozen=True, slots=True)
class Trace:
    """What one target did in one case, as text: a line a call, then what was observed."""

    calls: list[str]
    observations: dict[str, Json] = field(default_factory=dict)
    message: str = ""
    truncated: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """One case held against the reference: its identity, its cells by target, its traces by target."""

    case: str
    hash: str
    title: str
    feature: str
    """The feature's title."""
    cells: dict[str, Cell]
    traces: dict[str, Trace]

    @property
    def module(self) -> str:
        """`netlink/test_uevents.py`."""
        return self.case.partition("::")[0]

    @property
    def area(self) -> str:
        """`netlink`."""
        return self.case.partition("/")[0]

    @property
    def name(self) -> str:
        """`test_listener_sees_a_synthetic_event`."""
        return self.case.partition("::")[2]


@dataclass(frozen=True, slots=True)
class Column:
    """One target of a matrix."""

    target: Target
    label: str
    facts: Facts | None
    failed: str | None = None
    troubles: list[str] = field(default_factory=list)
    complete: bool = True
    lost: list[str] = field(default_factory=list)
    """Modules of cases that could not be collected there: their cells are missing, and not the target's fault."""


@dataclass(frozen=True, slots=True)
class Absent:
    """A target that was not asked for by name and cannot run here. It is no column, and fails no run."""

    target: Target
    why: str
    """One sentence, with the command that brings what is missing."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """The verdicts of all targets against the reference."""

    run: str
    reference: str
    columns: list[Column]
    comparisons: list[Comparison]
    warnings: list[str] = field(default_factory=list)
    """Why the comparison is less than clean, a sentence each."""
    absent: list[Absent] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)
    """What `conformance run` must be told, beside targets and cases, to do the same again: `--kernel`, `--targets` …"""
    schema: int = MATRIX_SCHEMA

    def cells(self) -> list[tuple[Column, Comparison, Cell]]:
        """Every cell, case by case."""
        return [
            (column, comparison, comparison.cells[column.target.name])
            for comparison in self.comparisons
            for column in self.columns
        ]
