"""The matrix as JUnit XML: a test suite a target, for whatever shows such files."""

from __future__ import annotations

import re
from xml.etree import ElementTree as Xml

from conformance.model import Cell, Column, Matrix, Row, Verdict

NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot contain."""
UNTESTED = (Verdict.SKIPPED, Verdict.INVALID, Verdict.FLAKY)


def render(matrix: Matrix) -> bytes:
    """See `reports.registry.render`. Unexpected differences are failures, what could not be run is an error."""
    top = Xml.Element("testsuites", name="conformance")
    for column in matrix.columns:
        _suite(top, matrix, column)
    Xml.indent(top)
    text: bytes = Xml.tostring(top, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _suite(top: Xml.Element, matrix: Matrix, column: Column) -> None:
    suite = Xml.SubElement(top, "testsuite", name=clean(column.label))
    for row in matrix.rows:
        _case(suite, row, row.cells[column.target.name])
    for outcome, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(outcome, str(len(suite.findall(f"testcase/{tag}"))))
    suite.set("tests", str(len(matrix.rows)))


def _case(suite: Xml.Element, row: Row, cell: Cell) -> None:
    case = Xml.SubElement(suite, "testcase", classname=clean(row.module), name=clean(row.name))
    told = clean(f"{cell.verdict}: {cell.message}")
    if cell.verdict is Verdict.ERROR:
        Xml.SubElement(case, "error", message=told)
    elif cell.unexpected:
        kind = f"{cell.verdict}{f'.{cell.cause}' if cell.cause else ''}"
        Xml.SubElement(case, "failure", message=told, type=kind)
    elif cell.expected or cell.verdict in UNTESTED:
        reason = f"expected: {cell.expected.reason}" if cell.expected else told
        Xml.SubElement(case, "skipped", message=clean(reason))


def clean(text: str) -> str:
    """Text without the characters that XML cannot contain."""
    return NOT_XML.sub("\ufffd", text)
