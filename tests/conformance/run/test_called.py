"""Which cases make a call."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.run.called import calling, functions, uses
from conformance.run.errors import UsageError
from tests.suite import SOURCES

HELPERS = """
from conformance.syscalls.files.opening import O_RDONLY, openat

def opened(name):
    return openat(-100, name, O_RDONLY, 0)
"""
MODULE = '''
"""A feature."""

import pytest

from cases.area._helpers import opened
from conformance.syscalls.files.opening import close
from conformance.syscalls.files.descriptors import fcntl_dupfd
from conformance.syscalls.files.status import fstat
from conformance.syscalls.sockets.socket import socketpair as pair

NAME = b"file"


@pytest.fixture
def descriptor():
    yield opened(NAME)


class Machine:
    def step(self):
        fstat(0, None)


def test_nothing():
    assert NAME


def test_directly():
    close(3)


def test_expects_a_failure():
    close.fails_with(9, -1)


def test_by_a_helper():
    assert opened(NAME)


def test_by_a_fixture(descriptor):
    assert descriptor


def test_by_a_class():
    Machine().step()


def test_under_another_name():
    pair(1, 1, 0, None)


def test_an_operation():
    fcntl_dupfd(0, 0, 10)


TestMachine = Machine
'''


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    """A folder of cases with one module and a helper."""
    area = tmp_path / "cases" / "area"
    area.mkdir(parents=True)
    (area / "_helpers.py").write_text(HELPERS)
    (area / "test_feature.py").write_text(MODULE)
    return tmp_path / "cases"


@pytest.mark.parametrize(
    ("name", "calls"),
    [
        ("test_nothing", set()),
        ("test_directly", {"close"}),
        ("test_expects_a_failure", {"close"}),
        ("test_by_a_helper", {"openat"}),
        ("test_by_a_fixture", {"openat"}),
        ("test_by_a_class", {"fstat"}),
        ("test_under_another_name", {"socketpair"}),
        ("test_an_operation", {"fcntl"}),
        ("TestMachine", {"fstat"}),
    ],
)
def test_the_source_says_what_a_case_may_call(name: str, calls: set[str], cases: Path) -> None:
    assert uses(cases)[f"area/test_feature.py::{name}"] == calls


def record(folder: Path, *results: tuple[str, list[str]]) -> Path:
    """A results directory with one record."""
    folder.mkdir(parents=True)
    lines = ["this is no line", json.dumps({"kind": "end"})]
    for case, calls in results:
        result = {"case": f"area/test_feature.py::{case}", "steps": [{"call": each, "args": []} for each in calls]}
        lines.append(json.dumps({"kind": "result", "result": result}))
    (folder / "native.jsonl").write_text("\n".join(lines) + "\n")
    return folder


def test_without_records_the_source_decides(cases: Path) -> None:
    found = calling(["close", "fcntl_dupfd"], [], cases)
    assert (found.seen, found.runs) == ([], [])
    names = ["test_directly", "test_expects_a_failure", "test_an_operation"]
    assert found.by_source == [f"area/test_feature.py::{name}" for name in names]


def test_what_was_seen_goes_before_what_the_source_says(cases: Path, tmp_path: Path) -> None:
    run = record(tmp_path / "run", ("test_nothing[x]", ["close", "read"]), ("test_directly", ["read"]))
    found = calling(["close"], [run], cases)
    assert found.seen == ["area/test_feature.py::test_nothing[x]"]
    assert found.by_source == ["area/test_feature.py::test_expects_a_failure"]
    assert found.runs == ["run"]


def test_the_newest_run_that_has_a_case_decides(cases: Path, tmp_path: Path) -> None:
    new = record(tmp_path / "new", ("test_nothing", ["read"]))
    old = record(tmp_path / "old", ("test_nothing", ["close"]), ("test_directly", ["close"]))
    found = calling(["close"], [new, old], cases)
    assert found.seen == ["area/test_feature.py::test_directly"]
    assert found.runs == ["new", "old"]


def test_a_name_that_is_no_call_is_named_with_those_that_are_near(cases: Path) -> None:
    with pytest.raises(UsageError, match=r"no system call sendmesg .*did you mean .*sendmsg"):
        calling(["sendmesg"], [], cases)


def test_the_shipped_cases_that_call_sendmsg_are_found_by_their_source() -> None:
    found = calling(["sendmsg"], [], SOURCES / "cases").by_source
    assert len(found) >= 15
    assert [name for name in found if "sendmsg" in name] != found


def test_functions_are_those_of_the_source_and_no_helpers(cases: Path) -> None:
    found = functions(cases)
    assert {"area/test_feature.py::test_directly", "area/test_feature.py::test_by_a_fixture"} <= found
    assert all(each.startswith("area/test_feature.py::test_") for each in found)


def test_every_function_that_the_suite_has_is_found() -> None:
    used = uses(SOURCES / "cases")
    assert {each for each in used if "::test_" in each or ".calls::" in each} == functions(SOURCES / "cases")
    assert used["files/paths.calls::path-that-is-not-there-is-enoent"] == {"openat"}
