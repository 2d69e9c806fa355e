from __future__ import annotations

import html
import re
from dataclasses import replace
from functools import cache

import pytest
from markdown_it import MarkdownIt

from conformance.matrix.build import build
from conformance.matrix.expectations.applying import apply
from conformance.model import Absent, CaseInfo, Cell, Expectation, Level, Matrix, Outcome, Target, Verdict
from reports.markdown import LIMIT, plain, render
from tests.builders import facts, record, result
from tests.reports.matrices import matrix

ATTACKS = [
    "<script>alert(1)</script>",
    "</summary></details><img src=x onerror=alert(1)>",
    "`</code><b>`",
    "``` \n```\n<b>x</b>",
    "a|b|c",
    "\n\n# a heading of its own\n\n- [x](javascript:alert(1))",
    "**bold** _it_ ~~gone~~ [link](https://example.org) ![image](x)",
    "&lt;b&gt; \\` \\",
    "\x1b[2J\u202e",
]
PLACES = (
    *("case", "parameter", "module", "title", "feature", "message", "reason", "unmet", "label", "note", "trouble"),
    *("failed", "warning", "absent", "lost", "run", "target", "argument"),
)


def planted(place: str, said: str) -> Matrix:  # noqa: PLR0912 - a place each
    """The matrix with a text at one of the places where a guest's, or a file's, text lands."""
    found = matrix()
    first, second, third = found.comparisons
    native, other, absent = found.columns
    cell = first.cells["other"]
    known = Expectation("*", "other", Verdict.FAILS, said)
    seen = other.facts or facts()
    match place:
        case "case" | "parameter" | "module":
            ids = {"case": said, "parameter": f"a/test_b.py::test_c[{said}]", "module": f"a/{said}.py::test_c"}
            first = replace(first, case=ids[place])
        case "title" | "feature":
            first = replace(first, title=said, feature=f"{said}: of the kernel")
        case "message":
            first = replace(first, cells={**first.cells, "other": replace(cell, message=said)})
        case "reason":
            first = replace(first, cells={**first.cells, "other": replace(cell, expected=known)})
        case "unmet":
            first = replace(first, cells={**first.cells, "other": Cell(Verdict.SAME, unmet=known)})
        case "label":
            other = replace(other, label=said)
        case "note":
            other = replace(other, facts=replace(seen, notes=[said], made_by=said, release=said))
        case "trouble":
            other = replace(other, troubles=[said])
        case "failed":
            absent = replace(absent, failed=said)
        case "lost":
            other = replace(other, lost=[said])
        case "warning":
            found = replace(found, warnings=[said])
        case "absent":
            found = replace(found, absent=[Absent(Target("lts", "qemu"), said)])
        case "run":
            found = replace(found, run=said)
        case "argument":
            found = replace(found, arguments=["--targets", said])
        case "target":
            name = said
            rename = lambda comparison: replace(comparison, cells={**comparison.cells, name: comparison.cells["other"]})  # noqa: E731
            first, second, third = map(rename, (first, second, third))
            other = replace(other, target=Target(name, "local"), label=name)
    return replace(found, columns=[native, other, absent], comparisons=[first, second, third])


def as_html(text: str) -> str:
    """What a reader of the Markdown sees, as HTML."""
    return str(MarkdownIt("commonmark", {"html": True}).enable("table").enable("strikethrough").render(text))


OWN = re.compile(
    r"</?(h[1-6]|p|ul|li|table|thead|tbody|tr|t[hd]|strong|pre|code( class=\"language-sh\")?|details|summary)>"
)


@cache
def tags_around(place: str, said: str, *, full: bool) -> list[str]:
    """The tags of a page in which a text was planted, sorted."""
    return sorted(re.findall(r"<[^<>]*>", as_html(render(planted(place, said), full=full).decode())))


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("said", ATTACKS, ids=range(len(ATTACKS)))
@pytest.mark.parametrize("place", PLACES)
def test_text_of_a_guest_is_text_wherever_it_lands(place: str, said: str, *, full: bool) -> None:
    tags = tags_around(place, said, full=full)
    assert [tag for tag in tags if not OWN.fullmatch(tag)] == []
    assert tags == tags_around(place, "harmless", full=full)


@pytest.mark.parametrize("place", PLACES)
def test_what_a_guest_said_can_be_read(place: str) -> None:
    assert "a < b & c" in html.unescape(as_html(render(planted(place, "a < b & c")).decode()))


def test_nobody_is_called_by_a_message() -> None:
    assert "@torvalds" not in plain("ask @torvalds")


def big(*, accepted: bool) -> Matrix:
    """As large as the whole suite with seven targets, and with more that differs."""
    cases = [
        CaseInfo(f"area{n // 200}/test_part{n // 8}.py::test_case[{n}]", "0", "", f"Part {n // 8}: x")
        for n in range(1000)
    ]
    records = [record("native", *(result(case=each.id) for each in cases), cases=cases)]
    for name in ("lts", "wsl2", "wsl1", "gvisor", "gvisor-new", "ssh"):
        results = [
            result(Outcome.FAILED, case=each.id, message=f"E   assert {n} == 4, {'a long message ' * 20}")
            for n, each in enumerate(cases)
        ]
        records.append(
            record(name, *results, cases=cases, facts_of=replace(facts(), notes=["not emulated: x" * 9] * 99))
        )
    known = [Expectation("*", each.target.name, Verdict.FAILS, "known for long") for each in records[1:] if accepted]
    return apply(build(records, "native"), known)


@pytest.mark.parametrize("accepted", [True, False])
def test_page_fits_whatever_the_matrix_is_and_says_what_it_leaves_out(*, accepted: bool) -> None:
    found = big(accepted=accepted)
    text = render(found).decode()
    assert len(text.encode()) <= LIMIT
    assert "more" in text
    assert "`conformance report RUN -f markdown --full`" in text
    for column in found.columns:
        assert re.search(rf"^\|{column.label}(\\\*)?\|", text, re.MULTILINE), "the sums are always there"
    assert text.count("<details>") == text.count("</details>")
    whole = render(found, full=True).decode()
    assert len(whole) > LIMIT
    assert "--full" not in whole
    assert whole.count("test_case[999]`") == 6


def test_one_huge_text_does_not_break_the_limit() -> None:
    for place in PLACES:
        assert len(render(planted(place, "x" * 200_000))) <= LIMIT, place


def test_there_is_no_padding() -> None:
    assert "   " not in re.sub(r"(?m)^ +", "", render(matrix(), full=True).decode())


def test_what_is_wrong_comes_before_the_sums() -> None:
    found = matrix()
    comparison = found.comparisons[2]
    cells = {
        **comparison.cells,
        "native": Cell(Verdict.FLAKY, "differs from itself", level=Level.DATA, attempts=3, steady=False),
    }
    gain = {
        **found.comparisons[1].cells,
        "other": Cell(Verdict.SAME, unmet=Expectation("*", "other", Verdict.FAILS, "known")),
    }
    text = render(
        replace(
            found,
            comparisons=[
                found.comparisons[0],
                replace(found.comparisons[1], cells=gain),
                replace(comparison, cells=cells),
            ],
        )
    ).decode()
    heads = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert heads == [
        "Lost evidence",
        "2 unexpected differences",
        "1 expectation out of date",
        "1 flaky cell",
        "3 cases",
    ]
    assert "native flaky in 3 attempts: differs from itself" in text
    assert text.index("## 3 cases") < text.index("features</summary>") < text.index("on the targets</summary>")


def test_unexpected_difference_has_its_command() -> None:
    assert "conformance run -t other 'area/test_feature.py::test_one[a]'\n" in render(matrix()).decode()


def test_known_difference_has_its_own_message_and_the_reason() -> None:
    assert "**missing** (absent): `a feature`; expected: known for long" in render(matrix()).decode()
