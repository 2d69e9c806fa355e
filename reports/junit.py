"""The matrix as JUnit XML: a test suite a target, for whatever shows such files.

What passes is as on the reference, or ahead of it. An unexpected difference is a failure, lost evidence is an error,
and what says nothing about the target, or is known and accepted, is skipped with its reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree as Xml

from conformance.model import Cell, Column, Comparison, Matrix, Trace, Verdict
from reports.summary import attempts, because, explained, observation_text, repeat_command

NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u202a-\u202e\u2066-\u2069]")
"""What XML 1.0 cannot contain, and what turns the direction of a line: a guest may have said it."""
PASSES = (Verdict.SAME, Verdict.NEW)
TRACE_LINES = 40
"""How many calls of a trace a failed case shows, around the first that differs."""
LINE_WIDTH = 400
"""Characters of a call, or of an observation."""
MESSAGE_WIDTH = 4000


def render(matrix: Matrix) -> bytes:
    """See `reports.registry.render`. Suites are named by target, so that their names outlive a kernel."""
    top = Xml.Element("testsuites", name="conformance")
    for column in matrix.columns:
        _suite(top, matrix, column)
    _count(top, "testsuite/testcase", sum(_seconds(matrix, column) for column in matrix.columns))
    Xml.indent(top)
    text: bytes = Xml.tostring(top, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _suite(top: Xml.Element, matrix: Matrix, column: Column) -> None:
    suite = Xml.SubElement(top, "testsuite", name=clean(column.target.name))
    _properties(suite, _facts(matrix, column))
    if column.failed:
        _error(suite, "target", column.target.name, f"could not be run: {column.failed}")
    for module in column.lost:
        _error(suite, module, "collection", "could not be collected: no case of it was run")
    for comparison in matrix.comparisons:
        _case(suite, matrix, comparison, column.target.name)
    _count(suite, "testcase", _seconds(matrix, column))


def _facts(matrix: Matrix, column: Column) -> dict[str, str]:
    found = {"run": matrix.run, "reference": matrix.reference, "label": column.label}
    if facts := column.facts:
        found |= {"release": facts.release, "version": facts.version, "machine": facts.machine}
        found |= {"made_by": facts.made_by, "uid": str(facts.uid), "suite": facts.suite}
    return found


def _properties(element: Xml.Element, values: Mapping[str, str]) -> None:
    properties = Xml.SubElement(element, "properties")
    for name, value in values.items():
        Xml.SubElement(properties, "property", name=name, value=clean(value))


def _error(suite: Xml.Element, classname: str, name: str, message: str) -> None:
    """Lost evidence that is no case's."""
    case = Xml.SubElement(suite, "testcase", classname=clean(classname), name=clean(name), time="0.000")
    Xml.SubElement(case, "error", message=clean(message), type="lost")


def _count(element: Xml.Element, cases: str, seconds: float) -> None:
    element.set("tests", str(len(element.findall(cases))))
    for outcome, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(outcome, str(len(element.findall(f"{cases}/{tag}"))))
    element.set("time", f"{seconds:.3f}")


def _seconds(matrix: Matrix, column: Column) -> float:
    return sum(comparison.cells[column.target.name].seconds for comparison in matrix.comparisons)


def _case(suite: Xml.Element, matrix: Matrix, comparison: Comparison, target: str) -> None:
    cell = comparison.cells[target]
    case = Xml.SubElement(
        suite, "testcase", classname=clean(comparison.module), name=clean(comparison.name), time=f"{cell.seconds:.3f}"
    )
    told = clean(_told(cell))
    kind = f"{cell.verdict}{f'.{cell.cause}' if cell.cause else ''}"
    if cell.verdict is Verdict.ERROR:
        Xml.SubElement(case, "error", message=told, type=kind)
    elif cell.unexpected:
        Xml.SubElement(case, "failure", message=told, type=kind).text = told
        evidence = "\n".join(_evidence(matrix, comparison, target))
        Xml.SubElement(case, "system-out").text = clean(f"\n{evidence}\n")
    elif cell.verdict not in PASSES:
        Xml.SubElement(case, "skipped", message=told, type=kind)
    elif cell.outdated:
        _properties(case, {"outdated": because(cell)})
        Xml.SubElement(case, "system-out").text = clean(f"the expectation is out of date: {because(cell)}")


def _told(cell: Cell) -> str:
    tried = attempts(cell)
    return f"{cell.verdict}{f' {tried}' if tried else ''}: {explained(cell)}"[:MESSAGE_WIDTH]


def _evidence(matrix: Matrix, comparison: Comparison, target: str) -> Iterator[str]:
    """What repeats the case, and what it did on both sides around the first difference."""
    cell = comparison.cells[target]
    yield repeat_command(matrix, comparison, target)
    for name in (target, cell.reference):
        if name and (trace := comparison.traces.get(name)):
            yield ""
            yield f"{name}:"
            yield from _calls(trace, cell.step)
            if name == target and trace.message:
                yield from trace.message[-MESSAGE_WIDTH:].splitlines()


def _calls(trace: Trace, step: int | None) -> Iterator[str]:
    """A trace's calls, the first that differs marked; at the end those before the end, where none is."""
    around = len(trace.calls) if step is None else step + TRACE_LINES // 2
    last = min(len(trace.calls), max(around, TRACE_LINES))
    first = max(0, last - TRACE_LINES)
    if first:
        yield f"  … {first} earlier"
    for at, call in enumerate(trace.calls[first:last], first):
        yield f"{'*' if at == step else ' '} {call[:LINE_WIDTH]}"
    if last < len(trace.calls):
        yield f"  … {len(trace.calls) - last} more"
    for name, value in list(trace.observations.items())[:TRACE_LINES]:
        yield f"  {name} = {observation_text(value)}"[:LINE_WIDTH]


def clean(text: str) -> str:
    """Text without the characters that XML cannot contain, or that would reorder a line."""
    return NOT_XML.sub("\ufffd", text)
