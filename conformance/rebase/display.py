"""A report as text for a terminal, as Markdown for a pull request, as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from xml.etree import ElementTree

import msgspec

from conformance.rebase.causes import Entry
from conformance.rebase.facts import Effect, RebaseFact
from conformance.rebase.options import Shift
from conformance.rebase.report import Configuration, MeaningGroup, Outlook, Report
from conformance.text import code_span, one_line, plural, wrapped

FACTS = 3
"""Facts of an entry that are told, unless all are asked for."""
CASES = 2
GAINS = 20
"""Gains that are told, unless all are asked for: a newer release has hundreds."""
OPTIONS = 12
"""Options of no known meaning that are named in a line."""
MOST_LINES = 60
"""How long Markdown is, so that a pull request is still read."""
HEADINGS = {Effect.LOST: "Lost", Effect.CHANGED: "Changed", Effect.GAINED: "Gained"}


def text(report: Report, *, full: bool = False, width: int | None = None) -> list[str]:
    """All lines, none wider than `width`."""
    lines = list(_text(report, full=full))
    if width is None:
        return lines
    return [part for line in lines for part in wrapped(line.strip(), width, len(line) - len(line.lstrip())) or [""]]


def _text(report: Report, *, full: bool) -> Iterator[str]:
    if is_nothing(report):
        yield f"{report.verdict}"
        return
    for each in report.failed:
        yield f"could not be run: {one_line(each)}"
    if report.failed:
        yield f"verdict: {summary(report)}"
        return
    for lost in report.lost:
        yield f"lost evidence: {one_line(lost.why)}"
        yield from (f"    {one_line(case)}" for case in lost.cases[: None if full else FACTS])
    for kind, heading in HEADINGS.items():
        if found := report.of_kind(kind):
            yield f"{heading} ({len(found)}):"
            shown = found[:GAINS] if kind is Effect.GAINED and not full else found
            for entry in shown:
                yield from _entry(entry, full=full)
            if more := len(found) - len(shown):
                yield f"  … and {more} more: --full shows all"
    yield from _flaky(report, full=full)
    yield from _configuration(report.configuration, full=full)
    yield from _machine(report, full=full)
    yield from (f"note: {one_line(each)}" for each in report.notes)
    yield f"{kernels(report)}: {report.same} of {plural(report.compared, 'case')} as before"
    yield f"verdict: {summary(report)}"


def is_nothing(report: Report) -> bool:
    """Whether there is nothing to tell."""
    moved = [each for each in report.machine if each.moved]
    told = report.entries or report.flaky or report.notes or moved or not report.configuration.is_empty
    return report.verdict is Outlook.UNNOTICED and not told


def kernels(report: Report) -> str:
    """The two, by their releases, and by their names where those are the same."""
    before, after = report.before, report.after
    if before.release == after.release:
        return f"{one_line(before.release or '?')}, {before.named} → {after.named}"
    return f"{one_line(before.release or '?')} → {one_line(after.release or '?')}"


def summary(report: Report) -> str:
    """The verdict with its counts."""
    if report.verdict is Outlook.UNNOTICED and report.entries:
        accepted = any(each.kind is not Effect.GAINED for each in report.entries)
        gained = f" ({len(report.of_kind(Effect.GAINED))} gained)" if report.of_kind(Effect.GAINED) else ""
        return f"nothing is lost or changed{' but what is accepted' if accepted else ''}{gained}"
    if report.verdict is not Outlook.NOTICED:
        return str(report.verdict)
    counts = []
    for kind in (Effect.LOST, Effect.CHANGED):
        failing = [each for each in report.of_kind(kind) if each.fails]
        if failing:
            counts.append(f"{len(failing)} {kind}")
    return f"{report.verdict} ({', '.join(counts)})"


def _entry(entry: Entry, *, full: bool) -> Iterator[str]:
    several = len(entry.facts) > 1 or entry.cause.means
    if not several:
        yield f"  {one_line(entry.facts[0].what)}"
    else:
        yield f"  {one_line(entry.title)}{' (needs its module now)' if entry.needs_module else ''}"
    yield f"    cause: {one_line(entry.cause.what)}"
    if entry.accepted:
        yield f"    accepted: {one_line(entry.accepted)}"
    if several:
        shown = entry.facts if full else representative(entry.facts)
        yield from (f"    {one_line(each.what)}" for each in shown)
        if more := len(entry.facts) - len(shown):
            yield f"    … and {more} more"
    cases = entry.witnesses if full else entry.witnesses[:CASES]
    others = f" and {len(entry.witnesses) - len(cases)} more" if len(cases) < len(entry.witnesses) else ""
    yield f"    seen by {', '.join(map(one_line, cases))}{others}"


def representative(facts: Sequence[RebaseFact]) -> list[RebaseFact]:
    """A few facts of many, those first that most cases have seen."""
    return sorted(facts, key=lambda each: -len(each.witnesses))[:FACTS]


def _flaky(report: Report, *, full: bool) -> Iterator[str]:
    if report.flaky:
        yield f"Flaky ({len(report.flaky)}), which do not agree with themselves, and say nothing:"
        shown = report.flaky if full else report.flaky[:FACTS]
        yield from (f"  {one_line(each.case)}: {one_line(each.message)}" for each in shown)
        if more := len(report.flaky) - len(shown):
            yield f"  … and {more} more"


def _machine(report: Report, *, full: bool) -> Iterator[str]:
    """What of the machines has moved: what the older one had alone, and what the newer one has."""
    moved = [each for each in report.machine if each.moved]
    if moved:
        yield "Machine, as it was booted:"
    for each in moved:
        yield f"  {one_line(each.name)}:"
        for mark, values in (("-", each.gone), ("+", each.come)):
            shown = values if full else values[:FACTS]
            yield from (f"    {mark} {one_line(value)}" for value in shown)
            if more := len(values) - len(shown):
                yield f"    {mark} … and {more} more"


def _configuration(found: Configuration, *, full: bool) -> Iterator[str]:
    if found.is_empty:
        return
    yield "Configuration:"
    for title, groups in _parts(found):
        if groups:
            yield f"  {title} ({sum(len(each.shifts) for each in groups)}):"
            yield from (f"    {_group(each, full=full)}" for each in groups)
    if found.unmentioned:
        names = _names(found.unmentioned, full=full)
        yield (
            f"  without a word in the newer configuration, so renamed, dropped, or hidden behind another option "
            f"({len(found.unmentioned)}): {names}"
        )


def _parts(found: Configuration) -> list[tuple[str, list[MeaningGroup]]]:
    return [
        ("lost", found.lost),
        ("became modules", found.modules),
        ("gained", found.gained),
        ("have another value", found.values),
    ]


def _group(group: MeaningGroup, *, full: bool) -> str:
    shifts = ", ".join(str(each).removeprefix("CONFIG_") for each in group.shifts)
    if group.means:
        return f"{group.means}: {shifts}"
    return f"others: {_names(group.shifts, full=full)}"


def _names(shifts: Sequence[Shift], *, full: bool) -> str:
    shown = shifts if full else shifts[:OPTIONS]
    more = f" and {len(shifts) - len(shown)} more" if len(shown) < len(shifts) else ""
    return ", ".join(one_line(each.name) for each in shown) + more


# -- for a pull request


def markdown(report: Report) -> list[str]:
    """At most MOST_LINES lines: what is lost or changed first, details folded."""
    head = [f"### Rebase: {_escaped(summary(report))}", "", _escaped(kernels(report)), ""]
    if is_nothing(report):
        return head[:3]
    body: list[str] = [f"- **could not be run**: {_escaped(each)}" for each in report.failed]
    body += [f"- **lost evidence**: {_escaped(each.why)}" for each in report.lost]
    for kind in Effect:
        body += [_row(kind, entry) for entry in report.of_kind(kind)]
    tail = _folded(report)
    room = MOST_LINES - len(head) - len(tail) - 1
    if len(body) > room:
        body = [*body[: room - 1], f"- … and {len(body) - room + 1} more: see `rebase.json`"]
    return [*head, *body, *tail]


def _row(kind: Effect, entry: Entry) -> str:
    module = ", needs its module now" if entry.needs_module else ""
    first = one_line(representative(entry.facts)[0].what)
    what = f"**{kind}**: {_escaped(entry.title)}{module}" if entry.cause.option else f"**{kind}**: {code_span(first)}"
    accepted = f" (accepted: {_escaped(entry.accepted)})" if entry.accepted else ""
    shown = f" {code_span(first)}," if entry.cause.option else ""
    count = plural(len(entry.witnesses), "case")
    return f"- {what}: {code_span(entry.cause.what)};{shown} {count} in {', '.join(entry.areas)}{accepted}"


def _folded(report: Report) -> list[str]:
    """Flaky cases, the configuration and notes, a line each."""
    lines = [f"- {_escaped(line.strip())}" for line in _configuration(report.configuration, full=False)][1:]
    lines += [f"- {_escaped(line.strip())}" for line in _machine(report, full=False)]
    lines += [f"- flaky: {code_span(each.case)}" for each in report.flaky[:FACTS]]
    lines += [f"- note: {_escaped(each)}" for each in report.notes]
    if not lines:
        return []
    most = MOST_LINES // 2
    if len(lines) > most:
        lines = [*lines[: most - 1], f"- … and {len(lines) - most + 1} more: see `rebase.json`"]
    return ["", "<details><summary>Configuration and notes</summary>", "", *lines, "", "</details>"]


def _escaped(said: str) -> str:
    """Text in which nothing is Markdown or HTML."""
    return "".join(f"\\{each}" if each in "\\`*_[]<>#|~" else each for each in one_line(said))


# -- for machines


def junit(report: Report) -> bytes:
    """A test for each entry, which fails as the entry does; an error for each kernel that did not run and for evidence
    that is lost."""
    suite = ElementTree.Element("testsuite", name="rebase")
    for why in [*report.failed, *(each.why for each in report.lost)]:
        _test(suite, "evidence", why, "error", str(report.verdict))
    for entry in report.entries:
        facts = "\n".join(one_line(each.what) for each in entry.facts)
        _test(suite, str(entry.kind), entry.title, "failure" if entry.fails else "", entry.cause.what, facts)
    _test(suite, "as before", plural(report.same, "case"))
    for name, found in (("tests", "testcase"), ("failures", "testcase/failure"), ("errors", "testcase/error")):
        suite.set(name, str(len(suite.findall(found))))
    written: bytes = ElementTree.tostring(suite, "utf-8", xml_declaration=True)
    return written


def _test(suite: ElementTree.Element, kind: str, name: str, ended: str = "", why: str = "", text: str = "") -> None:
    test = ElementTree.SubElement(suite, "testcase", classname=f"rebase.{kind}", name=one_line(name))
    if ended:
        ElementTree.SubElement(test, ended, message=one_line(why)).text = text


def json(report: Report) -> bytes:
    """All of it."""
    document: dict[str, Any] = {
        "schema": report.schema,
        "verdict": report.verdict.name.lower(),
        "before": {"named": report.before.named, "release": report.before.release},
        "after": {"named": report.after.named, "release": report.after.release},
        "compared": report.compared,
        "same": report.same,
        "entries": [_as_data(each) for each in report.entries],
        "configuration": {
            title.replace(" ", "_"): [
                {"means": group.means, "options": [_shift(each) for each in group.shifts]} for group in groups
            ]
            for title, groups in _parts(report.configuration)
        }
        | {"unmentioned": [each.name for each in report.configuration.unmentioned]},
        "flaky": [{"case": each.case, "message": each.message} for each in report.flaky],
        "lost": [{"why": each.why, "cases": each.cases} for each in report.lost],
        "failed": report.failed,
        "notes": report.notes,
        "machine": [
            {"name": each.name, "before": each.before, "after": each.after, "gone": each.gone, "come": each.come}
            for each in report.machine
        ],
    }
    return msgspec.json.format(msgspec.json.encode(document))


def _as_data(entry: Entry) -> dict[str, Any]:
    return {
        "kind": str(entry.kind),
        "title": entry.title,
        "cause": entry.cause.what,
        "option": entry.cause.option,
        "source": entry.cause.source,
        "needs_module": entry.needs_module,
        "accepted": entry.accepted,
        "fails": entry.fails,
        "areas": entry.areas,
        "witnesses": entry.witnesses,
        "facts": [
            {"kind": str(each.kind), "what": each.what, "witnesses": list(each.witnesses)} for each in entry.facts
        ],
    }


def _shift(shift: Shift) -> dict[str, str]:
    return {"name": shift.name, "before": shift.before, "after": shift.after}
