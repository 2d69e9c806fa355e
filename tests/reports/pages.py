"""A matrix with everything that a page can show: every verdict, known and not, lost evidence, long and hostile text."""

from __future__ import annotations

from dataclasses import replace

from conformance.model import (
    Absent,
    Cause,
    Cell,
    Column,
    Comparison,
    Expectation,
    ExpectationKind,
    Json,
    Level,
    Matrix,
    Target,
    Trace,
    Verdict,
)
from tests.builders import facts

HOSTILE = "</script><script>pwned=1</script><img src=x onerror=pwned=1>\"'`&\u202e\x1b[31m{{7*7}}"
"""What a guest would say that wants to run a script, to end an element or an attribute, or to turn a line round."""

TARGETS = ("native", "lts", "wsl2", "wsl1", "gvisor")
UEVENTS = "netlink/test_uevents.py"
LONG = UEVENTS + "::test_case_with_a_long_trace"
GAIN = "files/test_open.py::test_gain"
FIRST = 40
"""The first call of `LONG` that differs, from 0."""

_DEPARTING = (Verdict.DIFFERS, Verdict.MISSING, Verdict.FAILS, Verdict.CRASH, Verdict.HANG)


def whole() -> Matrix:
    """Three areas on five targets: `wsl1` departs unexpectedly in every way, `gvisor` as is known."""
    comparisons = [
        *(
            _comparison(f"files/test_open.py::test_{number}", "Opening: files get descriptors.", {})
            for number in range(4)
        ),
        _gain(),
        _long(),
        *(_departing(verdict) for verdict in Verdict if verdict is not Verdict.SAME),
        *(_comparison(f"quiet/test_same.py::test_{number}", "Quiet: everybody agrees.", {}) for number in range(8)),
    ]
    columns = [_column(name) for name in TARGETS]
    return Matrix(
        "20260101T000000Z",
        "native",
        columns,
        comparisons,
        ["lts and native differ in uid (0, 1000) as well"],
        [Absent(Target("ssh", "ssh", "another machine"), "there is no ssh: apt install openssh-client")],
        ["--kernel", "wsl2=/a path/bzImage"],
    )


def _column(name: str) -> Column:
    target = Target(name, "local", f"the title of {name}", None)
    label = "wsl2 (config)" if name == "wsl2" else name
    lost = ["memory/test_broken.py"] if name == "wsl2" else []
    return Column(target, label, facts("6.1.0-microsoft-standard", made_by="QEMU 7.2 (TCG)"), lost=lost)


def _comparison(case: str, feature: str, cells: dict[str, Cell], traces: dict[str, Trace] | None = None) -> Comparison:
    usual = Trace(["getpid() = 1", "socket(AF_NETLINK, SOCK_RAW, 15) = 3"])
    return Comparison(
        case,
        "0" * 16,
        "What it does, in a sentence.",
        feature,
        {name: cells.get(name, Cell(Verdict.SAME, reference="native", seconds=0.25)) for name in TARGETS},
        {name: (traces or {}).get(name, usual) for name in TARGETS},
    )


def _departing(verdict: Verdict) -> Comparison:
    level = Level.OUTCOME if verdict in _DEPARTING else None
    cell = Cell(
        verdict, f"it {verdict}, and EINVAL", Cause.SEMANTIC, level, "native", steady=verdict is not Verdict.FLAKY
    )
    case = f"{UEVENTS}::test_that_is_{verdict}"
    known = Expectation(case, "gvisor", verdict, "known for long", "https://example.org/1", since="2026-01-01")
    if verdict is Verdict.DIFFERS:
        known = replace(known, reason="", message="what was seen then", kind=ExpectationKind.BASELINE)
    return _comparison(
        case,
        "Uevents: the kernel tells what happens to devices.",
        {"wsl1": cell, "gvisor": replace(cell, expected=known, cause=Cause.VERSION)},
        {
            "wsl1": Trace(
                ["getpid() = 1", f"{verdict}_call(3) = -1 EINVAL"], message=f"> source_of(case)\nE   said_of_{verdict}"
            )
        },
    )


def _gain() -> Comparison:
    known = Expectation(GAIN, "gvisor", Verdict.FAILS, "it was so before", "javascript:pwned=1")
    return _comparison(
        GAIN, "Opening: files get descriptors.", {"gvisor": Cell(Verdict.SAME, reference="native", unmet=known)}
    )


def _long() -> Comparison:
    """A trace with lines that fit nowhere, and a difference in the midst of it."""
    path = "/a/long/path" * 40
    lines = [f"openat(AT_FDCWD, b'{path}{number}', O_RDONLY, 0) = {number}" for number in range(80)]
    other = [*lines[:FIRST], lines[FIRST].replace(f" = {FIRST}", " = -1 ENOENT"), *lines[FIRST + 1 :]]
    observations: dict[str, Json] = {"found": list(range(300)), "name": "x" * 500}
    return _comparison(
        LONG,
        "Uevents: the kernel tells what happens to devices.",
        {"wsl1": Cell(Verdict.DIFFERS, "openat: ENOENT", Cause.CONFIG, Level.RESULT, "native", FIRST)},
        {
            "native": Trace(lines, observations),
            "wsl1": Trace(other, {"name": "y" * 500}, "E   " + "word" * 200, truncated=True),
        },
    )


def hostile() -> Matrix:
    """Every text that a guest, a record or a file can bring says what would run a script."""
    cell = Cell(Verdict.FAILS, HOSTILE, Cause.SEMANTIC, Level.OUTCOME, "native", 0)
    known = Expectation(HOSTILE, HOSTILE, Verdict.FAILS, HOSTILE, "javascript:pwned=1", HOSTILE, since=HOSTILE)
    trace = Trace([f"{HOSTILE}({HOSTILE}) = {HOSTILE}"], {HOSTILE: [HOSTILE], "deep": _nested(100_000)}, HOSTILE)
    case = f"{HOSTILE}/{HOSTILE}.py::{HOSTILE}"
    cells = {"native": Cell(Verdict.SAME, HOSTILE, reference="native"), HOSTILE: cell}
    comparisons = [
        Comparison(case, "", HOSTILE, f"{HOSTILE}: {HOSTILE}", cells, {"native": trace, HOSTILE: trace}),
        Comparison(f"{case}[known]", "", HOSTILE, HOSTILE, {**cells, HOSTILE: replace(cell, expected=known)}, {}),
        Comparison(f"{case}[unmet]", "", HOSTILE, HOSTILE, {**cells, HOSTILE: replace(cell, unmet=known)}, {}),
        Comparison(
            f"{case}[gain]", "", "", HOSTILE, {**cells, HOSTILE: Cell(Verdict.SAME, unmet=known)}, {HOSTILE: trace}
        ),
        Comparison(f"{case}[error]", "", "", "", {**cells, HOSTILE: Cell(Verdict.ERROR, HOSTILE)}, {}),
    ]
    target = Target(HOSTILE, "local", HOSTILE)
    said = facts(HOSTILE, notes=[HOSTILE], made_by=HOSTILE)
    columns = [
        Column(Target("native", "local"), "native", facts()),
        Column(target, HOSTILE, said, None, [HOSTILE], False, [HOSTILE]),
    ]
    return Matrix(HOSTILE, "native", columns, comparisons, [HOSTILE], [Absent(target, HOSTILE)], [HOSTILE])


def _nested(levels: int) -> Json:
    value: Json = 1
    for _ in range(levels):
        value = [value]
    return value
