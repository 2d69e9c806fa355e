from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from urllib.parse import parse_qsl

import pytest

from conformance.coverage.counting import coverage_of
from conformance.coverage.facts import Coverage
from conformance.model import Cell, Comparison, Matrix, Outcome, Verdict
from reports.html_report import SIGNS, is_address
from reports.registry import render
from reports.summary import repeat_command
from tests.builders import facts, record, result, step
from tests.reports import matrices
from tests.reports.browser import CONTRASTS, browser, lacking
from tests.reports.pages import FIRST, GAIN, HOSTILE, LONG, TARGETS, UEVENTS, hostile, whole

if TYPE_CHECKING:
    from playwright.sync_api import Browser, FloatRect, Locator, Page

WIDTHS = (390, 1440)
HEIGHT = 900
Scheme: TypeAlias = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
ENOUGH = 4.5
"""The least contrast of text (WCAG 2.1, 1.4.3)."""

Open: TypeAlias = "Callable[..., Page]"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as found:
        yield found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the pages, as somebody would get them."""
    place = tmp_path_factory.mktemp("pages")
    for name, matrix in (("whole", whole()), ("hostile", hostile()), ("plain", matrices.matrix())):
        (place / f"{name}.html").write_bytes(render(matrix, "html", coverage=met("sockets", HOSTILE)))
    return place


def met(*areas: str) -> Coverage:
    """What a run has met whose areas are these."""
    read = step("read", 3, None, 4, result=4)
    results = [result(Outcome.PASSED, read, case=f"{area}/test_a.py::test_b") for area in areas]
    return coverage_of([record("native", *results, facts_of=facts(HOSTILE, machine=HOSTILE)), record("lts", *results)])


@pytest.fixture(scope="module")
def windows(chromium: Browser) -> dict[str, tuple[Page, list[str]]]:
    """The windows that are open, with what went wrong in each: to open one takes longer than most tests."""
    return {}


@pytest.fixture
def visit(chromium: Browser, folder: Path, windows: dict[str, tuple[Page, list[str]]]) -> Iterator[Open]:
    """Opens a page at an address. What the page's script throws, or its policy forbids, fails the test."""

    def page_at(
        hash: str = "", name: str = "whole", *, width: int = 1440, scheme: Scheme = "light", **more: Any
    ) -> Page:
        key = f"{scheme} {more}"
        if key not in windows:
            page = chromium.new_page(color_scheme=scheme, **more)
            page.set_default_timeout(30_000)
            windows[key] = page, watched(page)
        page, _ = windows[key]
        page.set_viewport_size({"width": width, "height": HEIGHT})
        page.goto("about:blank")
        page.goto(f"{(folder / name).with_suffix('.html').as_uri()}{hash}")
        return page

    yield page_at
    wrong = [each for _, found in windows.values() for each in found]
    for _, found in windows.values():
        found.clear()
    assert wrong == []


def watched(page: Page) -> list[str]:
    """What goes wrong in a page from now on: errors, what the policy forbids, dialogs, anything asked of a network."""
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("dialog", lambda dialog: wrong.append(dialog.message))
    page.on("request", lambda asked: None if asked.url.startswith("file:") else wrong.append(asked.url))
    return wrong


def said(page: Page) -> list[tuple[str, str]]:
    """The state that the address has."""
    return parse_qsl(page.evaluate("location.hash.slice(1)"))


def cell(page: Page, target: str, title: str = "Uevents") -> Locator:
    """The button of a cell."""
    return page.locator("tr.feature").filter(has_text=title).locator(f"td[data-target={target}] > button")


def open_cases(page: Page) -> list[str]:
    """The cases that are open, by name."""
    found: list[str] = page.locator("details.case[open] > summary code").all_inner_texts()
    return found


def seen(page: Page, selector: str) -> list[str]:
    """The text of what a selector finds and a reader sees."""
    return [each.inner_text() for each in page.locator(selector).all() if each.is_visible()]


def unfold(page: Page) -> None:
    """Shows all calls of the traces that are open."""
    page.locator(".fold button").evaluate_all("all => all.forEach(each => each.click())")


def box(found: Locator) -> FloatRect:
    """Where something stands in the window."""
    where = found.bounding_box()
    assert where is not None
    return where


def open_all(page: Page, cases: int) -> None:
    """Opens cell after cell, with all their cases, at least so many."""
    for button in page.locator("td.cell > button").all():
        button.click()
        page.locator("tr.detail details").evaluate_all("all => all.forEach(each => each.open = true)")
        page.locator("tr.detail details.case .body").nth(cases - 1).wait_for(state="attached")


EVERYTHING = "#" + "&".join(
    (
        *(f"open=wsl1/{UEVENTS}::test_that_is_{verdict}" for verdict in Verdict if verdict is not Verdict.SAME),
        f"open=wsl1/{LONG}",
        f"open=gvisor/{GAIN}",
        "open=lts/quiet/test_same.py::test_0",
    )
)
STATES = ("", EVERYTHING, "#verdict=fails&verdict=same&target=wsl1&target=native", "#only=unexpected&message=nowhere")


# -- what it looks like


@pytest.mark.parametrize("state", STATES, ids=["closed", "open", "filtered", "empty"])
def test_page_never_scrolls_sideways(visit: Open, state: str) -> None:
    page = visit(state)
    unfold(page)
    inside = (
        "[...document.querySelectorAll('main *')].filter(each => each.getBoundingClientRect().right > innerWidth + 1)"
    )
    for width in (*WIDTHS, 320, 768, 1000):
        page.set_viewport_size({"width": width, "height": HEIGHT})
        assert page.evaluate("innerWidth") == width
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        beyond = f"{inside}.filter(each => each.checkVisibility()).map(each => each.outerHTML.slice(0, 80))"
        assert page.evaluate(beyond) == [], width


@pytest.mark.parametrize("state", STATES, ids=["closed", "open", "filtered", "empty"])
@pytest.mark.parametrize(("width", "scheme"), [*zip(WIDTHS, SCHEMES, strict=True)])
def test_all_text_has_enough_contrast(visit: Open, width: int, scheme: Scheme, state: str) -> None:
    page = visit(state, width=width, scheme=scheme)
    page.locator("main details").evaluate_all("all => all.forEach(each => { if (!each.item) each.open = true })")
    found: list[tuple[float, str]] = page.evaluate(CONTRASTS)
    assert len(found) > 50
    assert [each for each in sorted(found) if each[0] < ENOUGH] == []


def test_dark_scheme_is_dark(visit: Open) -> None:
    papers = [visit(scheme=scheme).evaluate("getComputedStyle(document.body).backgroundColor") for scheme in SCHEMES]
    assert papers == ["rgb(255, 255, 255)", "rgb(13, 17, 23)"]


@pytest.mark.parametrize("width", [*WIDTHS, 320, 768, 916, 1000])
def test_no_cell_is_too_narrow_to_read(visit: Open, width: int) -> None:
    page = visit(width=width)
    assert min(page.locator("td.cell > button").evaluate_all("all => all.map(each => each.offsetWidth)")) >= 120
    assert page.locator("td.cell > button .who").first.is_visible() == (width < 916)


@pytest.mark.parametrize("width", WIDTHS)
def test_every_call_is_shown_to_its_end(visit: Open, width: int) -> None:
    page = visit(f"#open=wsl1/{LONG}", width=width)
    unfold(page)
    assert page.locator(".trace .row .at").count() > 80
    cut = "each => each.scrollWidth > each.clientWidth || getComputedStyle(each).overflow !== 'visible'"
    assert page.locator(".trace .line").evaluate_all(f"all => all.filter({cut}).length") == 0
    ends = page.locator(".trace .line b").evaluate_all(
        "all => all.filter(each => each.checkVisibility()).map(each => each.getBoundingClientRect().right)"
    )
    assert len(ends) >= 80
    assert max(ends) <= width


def test_first_call_that_differs_is_marked_with_what_differs_in_it(visit: Open) -> None:
    page = visit(f"#open=wsl1/{LONG}")
    first = page.locator(".trace .row.first")
    assert first.locator(".at").inner_text() == str(FIRST + 1)
    assert first.locator("mark").all_inner_texts() == [str(FIRST), "-1 ENOENT"]
    assert first.is_visible()


@pytest.mark.parametrize("name", ["whole", "hostile", "plain"])
def test_page_says_no_word_of_the_script(visit: Open, name: str) -> None:
    page = visit(name=name)
    for button in page.locator("td.cell > button").all():
        button.click()
        page.locator("tr.detail details").evaluate_all("all => all.forEach(each => each.open = true)")
        page.locator("tr.detail details.case .body").first.wait_for(state="attached")
        unfold(page)
        assert not re.search(
            r"undefined|null|NaN|\[object|\bfalse\b|\btrue\b", page.locator("tr.detail").last.inner_text()
        )


def test_every_call_of_a_trace_is_there_once(visit: Open) -> None:
    page = visit(f"#open=wsl1/{LONG}")
    numbers = page.locator(".trace .row .at").all_inner_texts()
    assert [each for each in numbers if each] == [str(number + 1) for number in range(80)]


def test_calls_that_are_alike_are_folded_and_can_be_had(visit: Open) -> None:
    page = visit(f"#open=wsl1/{LONG}")
    before = len(seen(page, ".trace .row .at"))
    page.locator(".fold button").first.click()
    assert len(seen(page, ".trace .row .at")) > before


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_has_a_colour_in_both_schemes_and_a_sign_of_its_own(
    visit: Open, scheme_colours: dict[Scheme, list[str]], verdict: Verdict
) -> None:
    assert list(SIGNS.values()).count(SIGNS[verdict]) == 1
    for colours in scheme_colours.values():
        assert colours[list(Verdict).index(verdict)]


@pytest.fixture(scope="module")
def scheme_colours(chromium: Browser, folder: Path) -> dict[Scheme, list[str]]:
    """The colours of the verdicts by scheme."""
    found: dict[Scheme, list[str]] = {}
    for scheme in SCHEMES:
        page = chromium.new_page(color_scheme=scheme)
        page.goto((folder / "whole.html").as_uri())
        found[scheme] = [
            page.evaluate(f"getComputedStyle(document.documentElement).getPropertyValue('--{verdict}')")
            for verdict in Verdict
        ]
        page.close()
    return found


def test_bar_tells_same_from_fails_without_colour(visit: Open) -> None:
    page = visit()
    heights = {
        name: page.locator(f"svg.bar rect.s-{name}").first.evaluate("each => getComputedStyle(each).height")
        for name in ("same", "fails")
    }
    assert heights["same"] != heights["fails"]
    patterns = {
        page.locator(f"svg.bar rect.s-{name}").first.evaluate("each => getComputedStyle(each).fill")
        for name in ("fails", "missing", "differs", "skipped")
    }
    assert len(patterns) == 4


def test_printed_page_keeps_its_bars_and_chips(chromium: Browser, folder: Path) -> None:
    page = chromium.new_page(color_scheme="dark")
    page.goto((folder / "whole.html").as_uri())
    fails = rgb(page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--fails')"))
    printed = page.pdf(print_background=False, format="A4")
    page.emulate_media(media="print")
    light = rgb(page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--fails')"))
    page.close()
    drawn = b"".join(map(inflated, re.findall(rb"stream\r?\n(.*?)\r?\nendstream", printed, re.DOTALL)))
    colours = {tuple(round(float(part), 2) for part in each.split()) for each in re.findall(rb"([\d. ]+) rg\b", drawn)}
    assert light in colours
    assert fails not in colours


def rgb(colour: str) -> tuple[float, ...]:
    """`#c01c28` as a PDF says it, from 0 to 1."""
    return tuple(round(int(colour.strip()[at : at + 2], 16) / 255, 2) for at in (1, 3, 5))


def inflated(stream: bytes) -> bytes:
    """A stream of a PDF; nothing where it is no compressed one."""
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return b""


# -- what stands first, and what is marked


def test_lost_evidence_is_said_first_and_names_what_is_lost(visit: Open) -> None:
    page = visit()
    headings = page.locator("main h2").all_inner_texts()
    assert headings[:3] == ["Lost evidence", "Unexpected", "Expectations that are out of date"]
    told = page.locator("#lost").inner_text()
    assert "memory/test_broken.py" in told
    page.locator("#lost a").first.click()
    assert ("verdict", "error") in said(page)
    assert len(seen(page, "tr.feature > th")) == 1


def test_target_that_could_not_be_run_is_lost_evidence(visit: Open) -> None:
    assert "it is not installed: apt install it" in visit(name="plain").locator("#lost").inner_text()


def test_target_that_cannot_run_here_is_listed_under_the_matrix(visit: Open) -> None:
    page = visit()
    assert "apt install openssh-client" in page.locator("#absent").inner_text()
    assert box(page.locator("#matrix"))["y"] < box(page.locator("#absent"))["y"]


@pytest.mark.parametrize("width", WIDTHS)
def test_what_the_run_has_met_stands_under_the_matrix_and_unfolds(visit: Open, width: int) -> None:
    page = visit(width=width)
    section = page.locator("#coverage")
    assert box(page.locator("#matrix"))["y"] < box(section)["y"]
    assert "documented errnos: 0 of 2126" in section.inner_text()
    assert "all errnos: 0; LTP 1154, gVisor 502" in section.inner_text()
    assert "sockets" not in section.inner_text()
    unfold_coverage(page)
    row = section.locator("tbody tr", has_text="sockets")
    assert row.locator("td").all_inner_texts()[:2] == ["1", "1"]
    assert "reboot ends the machine" in section.inner_text()
    assert "pipe2 EFAULT" in section.inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate("window.pwned") is None


def unfold_coverage(page: Page) -> None:
    """Show all that is folded in what the run has met."""
    page.locator("#coverage details").evaluate_all("all => all.forEach(each => { each.open = true })")


def test_page_without_a_coverage_says_nothing_of_it() -> None:
    assert 'id="coverage"' not in render(whole(), "html").decode()


def test_unexpected_cells_are_marked_where_they_stand_and_listed_the_gravest_first(visit: Open) -> None:
    page = visit()
    count = sum(found.unexpected for _, _, found in whole().cells())
    assert f"{count} unexpected" in page.locator(".sums").inner_text()
    assert f"{count} unexpected" in cell(page, "wsl1").inner_text()
    assert "unexpected" not in cell(page, "gvisor").inner_text()
    listed = page.locator("#unexpected > ul li .chip").all_inner_texts()
    assert listed[:2] == [f"{SIGNS[Verdict.CRASH]} crash", f"{SIGNS[Verdict.HANG]} hang"]
    cell(page, "wsl1").click()
    assert page.locator("tr.detail summary .badge", has_text="unexpected").count() == count
    assert "unexpected" in page.locator("tr.detail details.case").first.locator("summary").inner_text()


def test_expectation_that_is_out_of_date_has_a_list_of_its_own(visit: Open) -> None:
    page = visit()
    told = page.locator("#outdated").inner_text()
    assert GAIN in told
    assert "it was so before" in told
    assert GAIN not in page.locator("#unexpected").inner_text()
    assert "1 out of date" in cell(page, "gvisor", "Opening").inner_text()


def test_totals_of_all_cases_stand_above_the_matrix(visit: Open) -> None:
    page = visit()
    all_cases = page.locator("tr.all")
    assert f"All {len(whole().comparisons)} cases" in all_cases.inner_text()
    assert "1 crash" in all_cases.locator("td[data-target=wsl1]").inner_text()


def test_message_and_reason_are_both_shown(visit: Open) -> None:
    page = visit(f"#open=gvisor/{UEVENTS}::test_that_is_fails")
    summary = page.locator("details.case[open] > summary").inner_text()
    assert "it fails, and EINVAL" in summary
    assert "known for long" in summary
    body = page.locator("details.case[open] .body").inner_text()
    assert "it fails, and EINVAL" in body
    assert "known for long" in body
    assert page.locator("details.case[open] .body .said a").get_attribute("href") == "https://example.org/1"


def test_baseline_is_called_that_and_shows_what_was_seen(visit: Open) -> None:
    page = visit(f"#open=gvisor/{UEVENTS}::test_that_is_differs")
    assert "expected: baseline, as seen on 2026-01-01" in page.locator("details.case[open] > summary").inner_text()
    said = page.locator("details.case[open] .body .said").all_inner_texts()
    assert any(each.startswith("Expected: baseline, as seen on 2026-01-01: what was seen then ") for each in said)


def test_case_has_the_commands_that_repeat_and_show_it(visit: Open) -> None:
    page = visit(f"#open=wsl1/{LONG}")
    matrix = whole()
    comparison = next(comparison for comparison in matrix.comparisons if comparison.case == LONG)
    commands = page.locator("details.case[open] .command").all_inner_texts()
    assert commands == [repeat_command(matrix, comparison, "wsl1"), f"conformance show {LONG}"]


# -- the address


def test_opened_cell_is_in_the_address_and_back_closes_it(visit: Open) -> None:
    page = visit()
    cell(page, "wsl1").click()
    assert said(page) == [("open", f"wsl1/{UEVENTS}")]
    assert cell(page, "wsl1").get_attribute("aria-expanded") == "true"
    page.locator("tr.detail summary", has_text="test_that_is_hang").click()
    page.wait_for_url(re.compile("hang"))
    assert ("open", f"wsl1/{UEVENTS}::test_that_is_hang") in said(page)
    page.go_back()
    assert open_cases(page) == []
    assert page.locator("tr.detail").count() == 1
    page.go_back()
    assert page.locator("tr.detail").count() == 0
    assert said(page) == []
    assert cell(page, "wsl1").get_attribute("aria-expanded") == "false"
    page.go_forward()
    page.go_forward()
    assert open_cases(page) == ["test_that_is_hang"]


def test_cells_and_cases_that_are_open_together_are_all_in_the_address(visit: Open) -> None:
    page = visit(EVERYTHING)
    assert page.locator("tr.detail").count() == 3
    assert len(open_cases(page)) == len(Verdict) + 2
    cell(page, "gvisor", "Opening").click()
    assert page.locator("tr.detail").count() == 2
    assert not any(value.startswith("gvisor/") for _, value in said(page))


@pytest.mark.parametrize("address", ["#open=wsl1/{}", "#message=ENOENT&target=wsl1&open=wsl1/{}", "#wsl1/{}"])
@pytest.mark.parametrize("width", WIDTHS)
def test_address_opens_the_case_that_it_names_below_the_header(visit: Open, width: int, address: str) -> None:
    page = visit(address.format(LONG), width=width)
    assert open_cases(page) == [LONG.partition("::")[2]]
    summary = box(page.locator("details.case[open] > summary"))
    header = page.locator("thead th").first.bounding_box()
    assert (header["y"] + header["height"] if header else 0) <= summary["y"] < 300
    page.locator("details.case[open] .body").wait_for()


def test_link_into_a_row_that_the_filter_hides_clears_the_filter(visit: Open) -> None:
    page = visit("#verdict=crash")
    assert seen(page, "tr.feature > th bdi") == ["Uevents"]
    page.evaluate(f"location.hash = '#verdict=crash&open=gvisor/{GAIN}'")
    page.locator("details.case[open]").wait_for()
    assert said(page) == [("open", f"gvisor/{GAIN}")]
    assert "filter was cleared" in page.locator("#note").inner_text()
    assert box(page.locator("details.case[open] > summary"))["y"] >= box(page.locator("thead th").first)["height"]


def test_link_that_filters_shows_the_matrix_and_back_undoes_it(visit: Open) -> None:
    page = visit()
    page.locator("#unexpected a", has_text="on wsl1").click()
    assert said(page) == [("target", "wsl1"), ("only", "unexpected")]
    assert 0 <= box(page.locator("#filter"))["y"] < 60
    assert seen(page, "thead th") == ["Feature", "wsl1"]
    head = box(page.locator("#matrix thead"))
    assert box(page.locator("tr.area").nth(1))["width"] == pytest.approx(head["width"], abs=2)
    page.go_back()
    assert said(page) == []
    assert len(seen(page, "thead th")) == len(TARGETS) + 1


def test_link_in_a_list_opens_its_case(visit: Open) -> None:
    page = visit("#verdict=new")
    page.locator("#unexpected a", has_text="test_that_is_hang").click()
    page.locator("details.case[open]").wait_for()
    assert open_cases(page) == ["test_that_is_hang"]


@pytest.mark.parametrize(
    "address",
    ["#%", "#open=nobody/nothing", f"#open=wsl1/{UEVENTS}::none", "#__proto__/x", "#only=x&verdict=y", "#=&&="],
)
def test_address_that_says_nothing_sensible_does_no_harm(visit: Open, address: str) -> None:
    page = visit(address)
    page.locator("#clear").evaluate("each => each.click()")
    assert len(seen(page, "tr.feature > th")) == 3


# -- the filter

FILTERS: dict[str, tuple[str, Callable[[str, Cell, Comparison], bool]]] = {
    "target": ("wsl1", lambda target, _, __: target == "wsl1"),
    "verdict": ("fails", lambda _, found, __: found.verdict == "fails"),
    "cause": ("version", lambda _, found, __: found.cause == "version"),
    "call": ("crash_call", lambda target, _, comparison: "crash_call" in str(comparison.traces[target].calls)),
    "message": ("ENOENT", lambda _, found, __: "ENOENT" in found.message),
    "name": ("quiet/", lambda _, __, comparison: "quiet/" in comparison.case),
    "only": ("unexpected", lambda _, found, __: found.unexpected),
}


def admitted(*keys: str) -> int:
    """How many cells pass the filters of these keys."""
    return sum(
        all(FILTERS[key][1](column.target.name, found, comparison) for key in keys)
        for column, comparison, found in whole().cells()
    )


def choose(page: Page, key: str, value: str) -> None:
    """What a reader does to filter."""
    control = page.locator(f"#filter [data-key={key}]")
    if key in ("target", "verdict"):
        page.locator(f"#filter [data-key={key}][data-value={value}]").click()
    elif key in ("only", "cause"):
        control.select_option(value)
    else:
        control.fill(value)


@pytest.mark.parametrize("key", FILTERS)
def test_filter_is_in_the_address_and_the_address_filters(visit: Open, key: str) -> None:
    value = FILTERS[key][0]
    page = visit()
    choose(page, key, value)
    assert said(page) == [(key, value)]
    count = page.locator("#count").inner_text()
    assert f", {admitted(key)} cell" in count
    assert admitted(key) > 0
    page.reload()
    assert page.locator("#count").inner_text() == count
    if key in ("target", "verdict"):
        assert page.locator("#filter [aria-pressed=true]").get_attribute("data-value") == value
    else:
        assert page.locator(f"#filter [data-key={key}]").input_value() == value
    page.go_back()
    assert said(page) == []
    assert "all shown" in page.locator("#count").inner_text()


@pytest.mark.parametrize(
    ("one", "other"), [("target", "verdict"), ("cause", "message"), ("call", "only"), ("name", "verdict")]
)
def test_filters_combine(visit: Open, one: str, other: str) -> None:
    page = visit()
    for key in (one, other):
        choose(page, key, FILTERS[key][0])
    assert sorted(said(page)) == sorted((key, FILTERS[key][0]) for key in (one, other))
    assert f", {admitted(one, other)} cell" in page.locator("#count").inner_text()


def test_several_verdicts_and_several_calls_are_any_of_them(visit: Open) -> None:
    page = visit("#verdict=crash&verdict=hang&call=crash_call,hang_call")
    assert "2 cells found" in page.locator("#count").inner_text()


def test_message_is_what_failed_and_not_the_source_around_it(visit: Open) -> None:
    assert "1 feature, 1 cell" in visit("#message=said_of_hang").locator("#count").inner_text()
    assert visit("#message=source_of").locator("#nothing").is_visible()


def test_filter_leaves_no_empty_heading(visit: Open) -> None:
    page = visit("#verdict=fails")
    assert seen(page, "tr.area") == ["netlink"]
    assert seen(page, "tr.feature > th bdi") == ["Uevents"]
    page.locator("#clear").click()
    assert seen(page, "tr.area") == ["files", "netlink", "quiet"]
    assert visit("#message=nowhere").locator("#nothing").is_visible()


def test_filter_by_target_shows_its_column_alone(visit: Open) -> None:
    assert seen(visit("#target=wsl1&target=lts"), "thead th") == ["Feature", "lts", "wsl1"]


def test_opened_cell_shows_what_the_filter_found_before_the_rest(visit: Open) -> None:
    page = visit(f"#verdict=hang&open=wsl1/{UEVENTS}")
    assert seen(page, "tr.detail details.case > summary code") == ["test_that_is_hang"]
    assert "not found by the filter" in page.locator("tr.detail details.more > summary").inner_text()


def test_filter_that_hides_an_open_row_closes_it(visit: Open) -> None:
    page = visit(f"#open=gvisor/{GAIN}")
    choose(page, "verdict", "crash")
    assert said(page) == [("verdict", "crash")]


# -- without a mouse, without scripts, with a hostile guest


def test_keyboard_opens_and_closes(visit: Open) -> None:
    page = visit()
    cell(page, "wsl1").focus()
    page.keyboard.press("Enter")
    assert cell(page, "wsl1").get_attribute("aria-expanded") == "true"
    page.locator("tr.detail summary").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("::"))
    assert len(open_cases(page)) == 1
    page.keyboard.press("Escape")
    assert page.locator("tr.detail").count() == 0
    assert cell(page, "wsl1").evaluate("each => each === document.activeElement")


def test_focus_is_seen(visit: Open) -> None:
    page = visit()
    for _ in range(40):
        page.keyboard.press("Tab")
        style = page.evaluate(
            "(() => { const s = getComputedStyle(document.activeElement); return [s.outlineStyle, s.outlineWidth] })()"
        )
        assert style[0] != "none", page.evaluate("document.activeElement.outerHTML")
        assert style[1] != "0px"


def test_nothing_moves_by_itself(visit: Open) -> None:
    page = visit(EVERYTHING)
    moving = "each.transitionDuration !== '0s' || each.animationName !== 'none' || each.scrollBehavior !== 'auto'"
    styles = "[...document.querySelectorAll('*')].map(each => getComputedStyle(each))"
    assert page.evaluate(f"{styles}.filter(each => {moving}).length") == 0


def test_matrix_can_be_read_without_scripts(visit: Open) -> None:
    page = visit(java_script_enabled=False)
    assert "unexpected" in page.locator("tr.feature").nth(1).inner_text()
    assert page.locator("tr.feature").count() == 3
    assert not page.locator("#filter").is_visible()


@pytest.mark.parametrize("width", WIDTHS)
def test_guest_runs_nothing_in_the_page(visit: Open, width: int) -> None:
    page = visit(name="hostile", width=width)
    open_all(page, cases=5)
    choose(page, "message", HOSTILE)
    page.reload()
    assert page.evaluate("window.pwned") is None
    assert page.locator("script").count() == 2
    assert page.locator("img, iframe, object, embed, base, form:not(#filter)").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_no_link_of_the_page_is_a_script(visit: Open) -> None:
    for name in ("hostile", "whole"):
        page = visit(name=name)
        open_all(page, cases=1)
        links: list[str] = page.locator("a").evaluate_all("all => all.map(each => each.getAttribute('href'))")
        assert links
        assert [link for link in links if not link.startswith(("#", "https://"))] == []


def test_policy_lets_only_the_pages_own_script_and_style_be(chromium: Browser, folder: Path) -> None:
    page = chromium.new_page()
    forbidden: list[str] = []
    page.on("console", lambda said: forbidden.append(said.text))
    page.goto((folder / "whole.html").as_uri())
    assert forbidden == []
    page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "window.pwned = 1";
          document.body.append(script);
          const style = document.createElement("style");
          style.textContent = "body { color: red !important }";
          document.body.append(style);
          document.body.setAttribute("onclick", "window.pwned = 2");
          document.body.click();
          document.body.append(Object.assign(new Image(), {src: "https://127.0.0.1:9/x.png"}));
        }"""
    )
    page.wait_for_timeout(100)
    assert page.evaluate("window.pwned") is None
    assert page.evaluate("getComputedStyle(document.body).color") != "rgb(255, 0, 0)"
    assert len(forbidden) >= 4
    page.close()


@pytest.mark.parametrize(
    ("link", "followed"),
    [
        ("https://example.org/1", True),
        ("http://example.org", True),
        ("javascript:alert(1)", False),
        ("JavaScript:alert(1)", False),
        ("\x01javascript:alert(1)", False),
        ("java\nscript:alert(1)", False),
        ("data:text/html,<script>alert(1)</script>", False),
        ("vbscript:x", False),
        ("file:///etc/passwd", False),
        ("//example.org", False),
        ("runners/profile/wsl1.toml", False),
        ("https://[", False),
        ("https:", False),
        ("", False),
    ],
)
def test_only_addresses_of_the_web_become_links(link: str, followed: bool) -> None:
    assert is_address(link) == followed


# -- the file


class Scripts(HTMLParser):
    """Collects the script elements of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.scripts: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag == "script"
        if self._inside:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.scripts[-1] += data


def embedded(matrix: Matrix) -> dict[str, Any]:
    """The data in the page."""
    parser = Scripts()
    parser.feed(render(matrix, "html").decode())
    assert len(parser.scripts) == 2
    found: dict[str, Any] = json.loads(parser.scripts[0])
    return found


def test_page_needs_nothing_from_elsewhere() -> None:
    text = render(whole(), "html").decode()
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", text)
    assert not re.search(r"url\((?!#)|@import", text)


def test_guest_cannot_put_a_script_into_the_page() -> None:
    text = render(hostile(), "html").decode()
    assert "<script>pwned" not in text
    assert "<img" not in text
    assert any(
        found["message"] == HOSTILE
        for case in embedded(hostile())["cases"]
        for found in case["cells"]
        if "message" in found
    )


def test_case_carries_both_traces_and_the_first_differing_call() -> None:
    data = embedded(matrices.matrix())
    names = [target["name"] for target in data["targets"]]
    native, other, _ = data["cases"][0]["cells"]
    assert names == ["native", "other", "absent"]
    assert other["step"] == 0
    assert other["reference"] == "native"
    first = [data["lines"][data["traces"][found["trace"]]["calls"][0]] for found in (native, other)]
    assert [line.rpartition(" = ")[2] for line in first] == ["4", "1"]


def test_page_of_no_cases_and_of_no_targets_can_be_made(visit: Open, folder: Path) -> None:
    for name, matrix in (
        ("no-cases", replace(whole(), comparisons=[])),
        ("nothing", Matrix("run", "native", [], [])),
    ):
        (folder / f"{name}.html").write_bytes(render(matrix, "html"))
        assert visit(name=name).locator("#nothing").is_visible()


def test_targets_of_the_page_are_all_of_the_matrix(visit: Open) -> None:
    assert [each.rstrip("*") for each in seen(visit(), "thead th")[1:]] == [
        "wsl2 (config)" if name == "wsl2" else name for name in TARGETS
    ]


@pytest.mark.parametrize(("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_tests_of_the_page_are_not_skipped_under_continuous_integration(
    monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="apt install chromium"):
        lacking("there is no Chromium: apt install chromium")
