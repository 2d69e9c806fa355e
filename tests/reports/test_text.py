from __future__ import annotations

import re
import shlex
from dataclasses import replace
from functools import cache

import pytest
from rich.cells import cell_len

from conformance.matrix.build import build
from conformance.model import (
    Absent,
    CaseInfo,
    CaseResult,
    Cell,
    Expectation,
    Level,
    Matrix,
    Outcome,
    Target,
    Verdict,
)
from reports.text import COMMANDS, LINES, render, render_text
from tests.builders import facts, record, result
from tests.reports.matrices import matrix
from tests.reports.test_markdown import ATTACKS, PLACES, planted

WIDTHS = [40, 60, 80, 100, 120, 155]
OTHERS = ("lts", "wsl2", "wsl1", "gvisor")


@cache
def whole(*, unexpected: int = 0) -> Matrix:
    """A matrix like that of the whole suite: 140 features, 22 areas, five targets; all but so many are expected."""
    cases = [
        CaseInfo(f"area{n // 45}/test_part{n // 7}.py::test_case[{n}]", "0", "", f"The {n // 7}th feature, as it is: x")
        for n in range(980)
    ]
    records = [record("native", *(result(case=each.id) for each in cases), cases=cases)]
    for name in OTHERS:
        results = [_result(each, n) for n, each in enumerate(cases)]
        guest = replace(facts(), notes=["a note that is not short, and says what this target does not emulate"] * 20)
        records.append(record(name, *results, cases=cases, facts_of=guest))
    left = unexpected
    comparisons = []
    for comparison in build(records, "native").comparisons:
        cells = dict(comparison.cells)
        for name, cell in comparison.cells.items():
            if cell.unexpected and not left:
                cells[name] = replace(cell, expected=Expectation(comparison.case, name, cell.verdict, "known for long"))
            left -= cell.unexpected and left > 0
        comparisons.append(replace(comparison, cells=cells))
    return replace(build(records, "native"), comparisons=comparisons)


def _result(case: CaseInfo, number: int) -> CaseResult:
    match number % 5:
        case 0:
            return result(Outcome.FAILED, case=case.id, message=f"E   assert {number} == 4, because of what it is")
        case 1:
            return result(Outcome.MISSING, case=case.id, message="a feature")
        case _:
            return result(case=case.id)


def lines(found: Matrix, width: int = 100, *, full: bool = False) -> list[str]:
    """The text, line by line."""
    return render_text(found, width, full=full).splitlines()


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("width", WIDTHS)
def test_only_a_word_that_is_to_be_copied_is_wider_than_the_terminal(width: int, *, full: bool) -> None:
    for found in (whole(), whole(unexpected=30), matrix()):
        wide = [line for line in lines(found, width, full=full) if cell_len(line) > width]
        assert [line for line in wide if len(line.removesuffix(" \\").split()) > 1 and "::" not in line] == []
        assert [line for line in wide if width >= 60] == []


@pytest.mark.parametrize("width", [60, 80, 100, 120, 155])
def test_no_more_than_40_lines_unless_all_is_asked_for(width: int) -> None:
    assert len(lines(whole(), width)) <= LINES
    assert len(lines(matrix(), width)) <= LINES
    assert len(lines(whole(), width, full=True)) > LINES
    assert lines(whole(), width)[-1].endswith("--full shows all.")
    assert "--full" not in "".join(lines(whole(), width, full=True))


@pytest.mark.parametrize("full", [False, True])
def test_all_that_is_unexpected_is_shown_however_much_it_is(*, full: bool) -> None:
    found = whole(unexpected=300)
    shown = lines(found, 80, full=full)
    for column, comparison, cell in found.cells():
        if cell.unexpected:
            assert f"      {comparison.case}" in shown, column
    assert sum(line.startswith("      area") for line in shown) >= 300


def test_the_gravest_comes_first() -> None:
    first, second, third = matrix().comparisons
    native, other, absent = matrix().columns
    known = Expectation("*", "other", Verdict.FAILS, "known")
    flaky = Cell(Verdict.FLAKY, "differs from itself", level=Level.DATA, attempts=3, steady=False)
    found = replace(
        matrix(),
        columns=[native, replace(other, lost=["area/test_lost.py"]), absent],
        comparisons=[
            first,
            replace(second, cells={**second.cells, "other": Cell(Verdict.SAME, unmet=known)}),
            replace(third, cells={**third.cells, "native": flaky}),
        ],
        absent=[Absent(Target("lts", "qemu"), "QEMU is not installed: apt install qemu-system-x86")],
    )
    said = render_text(found)
    order = [
        "LOST EVIDENCE",
        "area/test_lost.py",
        "2 UNEXPECTED DIFFERENCES",
        "1 expectation out of date",
        "1 flaky cell",
        "native flaky in 3 attempts: differs from itself",
        "3 cases, run",
        "Cases by verdict",
        "lts is not here: QEMU is not installed: apt install qemu-system-x86",
    ]
    assert [said.count(each) for each in order] == [1] * len(order)
    assert sorted(order, key=said.index) == order


def test_crash_is_told_before_what_fails() -> None:
    first, second, third = matrix().comparisons
    died = Cell(Verdict.CRASH, "died", level=Level.OUTCOME, attempts=3, steady=False)
    said = render_text(
        replace(matrix(), comparisons=[first, second, replace(third, cells={**third.cells, "other": died})])
    )
    assert said.index("other crash in 3 attempts: died") < said.index("other fails")


def test_what_is_known_is_not_listed_as_unexpected() -> None:
    listed = render_text(matrix()).partition("UNEXPECTED")[2].partition("3 cases, run")[0]
    assert "test_one" in listed
    assert "test_two" not in listed


@pytest.mark.parametrize("width", WIDTHS)
def test_command_that_repeats_what_is_unexpected_can_be_pasted(width: int) -> None:
    found = replace(matrix(), arguments=["--targets", "a path/with spaces.toml", "--kernel", "other=/b/bzImage"])
    said = render_text(found, width).replace(" \\\n", " ")
    commands = [shlex.split(line) for line in said.splitlines() if line.strip().startswith("conformance run")]
    assert commands[0] == [
        *("conformance", "run", "--targets", "a path/with spaces.toml", "--kernel", "other=/b/bzImage"),
        *("-t", "other", found.comparisons[0].case),
    ]
    assert len(commands) == 2


def test_many_unexpected_differences_have_one_command_as_an_example() -> None:
    assert render_text(whole(unexpected=COMMANDS)).count("conformance run") == COMMANDS
    assert render_text(whole(unexpected=COMMANDS + 1)).count("conformance run") == 1
    assert render_text(whole(unexpected=COMMANDS + 1), full=True).count("conformance run") == COMMANDS + 1


def test_sums_are_a_table_where_there_is_room_and_sentences_elsewhere() -> None:
    assert re.search(r"^wsl1 +588 +196 +196 +3$", render_text(_three_of_wsl1(), 80), re.MULTILINE)
    labelled = replace(_three_of_wsl1(), columns=[replace(each, label="x" * 60) for each in whole().columns])
    assert re.search(r"^wsl1 +588 +196 +196 +3$", render_text(labelled, 80), re.MULTILINE)
    assert re.search(r"^x{60} +588 +196 +196 +3$", render_text(labelled, 120), re.MULTILINE)
    narrow = " ".join(render_text(_three_of_wsl1(), 32).split())
    assert "wsl1: 588 same, 196 fails, 196 missing, 3 unexpected" in narrow


def _three_of_wsl1() -> Matrix:
    """The whole matrix, with three unexpected cells on wsl1."""
    comparisons = list(whole().comparisons)
    for at in (0, 1, 5):
        cells = comparisons[at].cells
        comparisons[at] = replace(comparisons[at], cells={**cells, "wsl1": replace(cells["wsl1"], expected=None)})
    return replace(whole(), comparisons=comparisons)


def test_table_is_by_area_then_a_paragraph_a_target_where_there_is_no_room() -> None:
    assert any(re.match(r"area3 +45 +=  +9F 9M", line) for line in lines(whole(), 100))
    two = replace(whole(), columns=whole().columns[:2])
    paragraph = " ".join(" ".join(lines(two, 36)).split())
    assert re.search(r"native\*: all the same lts: .*area3 9F 9M, area4 9F 9M", paragraph)
    assert any(
        re.match(r"area0 +The 0th feature, as it is +7 +=  +2F 2M", line) for line in lines(whole(), 155, full=True)
    )


def test_unexpected_cells_of_the_table_are_marked_and_the_mark_is_explained() -> None:
    said = render_text(_three_of_wsl1(), 120, full=True)
    assert re.search(r"^area0 +The 0th feature, as it is +7 +=  +2F 2M +2F 2M +2F 2M! +2F 2M$", said, re.MULTILINE)
    assert "! some unexpected" in said
    assert "some unexpected" not in render_text(whole())


def test_kernels_are_told_even_where_there_is_no_room_for_every_note() -> None:
    two = replace(whole(), columns=whole().columns[:2])
    said = render_text(two)
    assert re.search(r"^lts: 6\.1\.0 x86_64", said, re.MULTILINE)
    assert "a note that is not short" not in said
    assert said.endswith("Left out: features and notes; --full shows all.")


def test_cell_that_could_not_be_run_has_its_reason() -> None:
    first, *others = matrix().comparisons
    broken = Cell(Verdict.ERROR, "the harness's fork failed: Cannot allocate memory")
    said = render_text(replace(matrix(), comparisons=[replace(first, cells={**first.cells, "other": broken}), *others]))
    assert "other has 1 case without a verdict: the harness's fork failed: Cannot allocate memory" in said
    assert "area/test_feature.py: 1 case\n" in said


@pytest.mark.parametrize("said", ATTACKS, ids=range(len(ATTACKS)))
@pytest.mark.parametrize("place", PLACES)
def test_text_of_a_guest_writes_no_line_of_its_own_and_no_escape_sequence(place: str, said: str) -> None:
    found = planted(place, f"{said}\nLOST EVIDENCE: nothing\r\x1b[1A\x9b2J")
    text = render(found, full=True).decode()
    assert all(each.isprintable() or each == "\n" for each in text)
    assert len(re.findall("^LOST EVIDENCE", text, re.MULTILINE)) == 1


def test_wide_characters_keep_the_lines_within_the_terminal() -> None:
    found = planted("message", "試験" * 200)
    assert max(cell_len(line) for line in lines(found, 80)) <= 80
    assert max(cell_len(line) for line in lines(planted("feature", "試験" * 50), 80, full=True)) <= 80
