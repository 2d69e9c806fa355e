from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings

from conformance.matrix.expectations.files import TargetFile
from conformance.matrix.expectations.foreign.formats import Format, Wanted, read, write
from conformance.matrix.expectations.foreign.notes import ForeignError
from conformance.matrix.expectations.foreign.qa_reports import read as items
from conformance.model import Expectation, Verdict
from tests.conformance.matrix.expectations.strategies import CASES, lists

KNOWN = """\
globals:
  - environments: &boards
    - hikey
    - juno

projects:
- name: staging
  projects: &all
    - group/mainline
    - group/next
  url: https://qa.example.org
  environments: &everywhere [hikey, juno, x86]
  known_issues:
  - environments: *everywhere
    notes: 'fork13: runs long'
    projects: *all
    test_name: syscalls/fork13
    url: https://bugs.example.org/3719
    active: true
    intermittent: false
  - environments: *boards
    notes: overheats the board
    projects: [group/next]
    test_names:
      - syscalls/msgctl10
      - syscalls/msgctl11
    url:
    active: true
    intermittent: true
  - environments: *everywhere
    projects: *all
    test_name: syscalls/fork14
    active: false
  - test_name: syscalls/fork10
    active: true
    matrix_apply:
      - environments: [hikey]
        projects: *all
      - environments: *everywhere
        projects: [group/mainline]
"""


def test_an_issue_is_known_of_its_tests_in_its_environments() -> None:
    found, unread = items(KNOWN, "x86")
    assert [(each.name, each.line, list(each.notes), each.said) for each in found] == [
        ("syscalls/fork13", 14, ["fork13: runs long"], {"link": "https://bugs.example.org/3719"}),
        ("syscalls/fork10", 34, [], {}),
    ]
    assert [(each.name, each.why) for each in unread] == [
        ("syscalls/msgctl10", "the issue is one of hikey, juno, not of x86"),
        ("syscalls/msgctl11", "the issue is one of hikey, juno, not of x86"),
        ("syscalls/fork14", "the issue is not active"),
    ]


def test_what_is_intermittent_is_flaky() -> None:
    found, _ = items(KNOWN, "juno")
    said = {each.name: each.said for each in found}
    assert said["syscalls/msgctl11"] == {"verdict": Verdict.FLAKY}


@settings(deadline=None)
@given(lists("wsl1", CASES))
def test_what_was_written_is_read_again_and_what_is_there_twice_is_told(known: list[Expectation]) -> None:
    text, left = write(Format.QA_REPORTS, TargetFile("wsl1", known))
    wanted = Wanted("wsl1", "wsl1", Verdict.HANG, "")
    functions = {each.case.partition("[")[0] for each in known}
    again, unread = read(Format.QA_REPORTS, text, "known.yaml", wanted, functions)
    assert sorted(map(repr, [*again, *left])) == sorted(map(repr, known))
    assert len({each.case for each in known}) == len(again)
    assert unread == []


def test_what_is_written_is_what_the_tool_that_uploads_it_asks_for() -> None:
    known = [
        Expectation("a/test_b.py::test_c", "wsl1", Verdict.FLAKY, "it races", "https://example.org/"),
        Expectation("a/test_b.py::test_d", "wsl1", Verdict.FAILS, "it has none"),
    ]
    file = yaml.safe_load(write(Format.QA_REPORTS, TargetFile("wsl1", known))[0])
    (project,) = file["projects"]
    assert {"name", "url", "projects", "environments", "known_issues"} <= project.keys()
    racing, failing = project["known_issues"]
    assert racing == {
        "test_names": ["a/test_b.py::test_c"],
        "environments": ["wsl1"],
        "projects": project["projects"],
        "notes": "it races\nverdict: flaky",
        "url": "https://example.org/",
        "active": True,
        "intermittent": True,
    }
    assert failing["intermittent"] is False
    assert set(racing["environments"]) <= set(project["environments"])


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("projects: [", 1, "it is no YAML: "),
        ("- one\n", 1, "it has no `projects`"),
        ("known: 1\n", 1, "`projects` is no list of mappings"),
        ("projects:\n- name: a\n", 2, "`known_issues` is no list of mappings"),
        ("projects:\n- known_issues:\n  - notes: a\n", 3, "an issue names no test: give it `test_names`"),
        ("projects:\n- known_issues:\n  - test_names: [1]\n", 3, "`test_names`: 1 is no text"),
        ("projects:\n- known_issues:\n  - test_name: a\n    matrix_apply: x\n", 3, "`matrix_apply` is no list of"),
        ("a: !!python/object:os.system {}\n", 1, "it is no YAML: could not determine a constructor"),
        ("[" * 5000, 1, "it is no YAML"),  # whether it is refused for its depth, or ends, is libyaml's to say
        ("a: 2026-99-99\n", 1, "it is no YAML of known issues: "),
    ],
)
def test_what_are_no_known_issues_is_told_with_its_line(text: str, line: int, told: str) -> None:
    with pytest.raises(ForeignError) as found:
        items(text, "x86")
    assert (found.value.line, str(found.value)[: len(told)]) == (line, told)
