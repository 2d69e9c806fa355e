from __future__ import annotations

import errno
from xml.etree import ElementTree

import msgspec
import pytest

from conformance.model import Expectation, Verdict
from conformance.rebase.display import MOST_LINES, json, junit, markdown, text
from conformance.rebase.report import ComparedKernel, Report, judge
from tests.conformance.rebase.rebases import FILES, QUEUE, Results, between, did, kernel, lacks, lists, of
from tests.conformance.rebase.test_report import AFTER, BEFORE, HAS, LESS


def report(before: Results = HAS, after: Results = LESS) -> Report:
    return judge(between(before, after), BEFORE, AFTER)


def test_of_a_kernel_beside_itself_one_line_is_said() -> None:
    found = judge(between(HAS, HAS), BEFORE, BEFORE)
    assert text(found) == ["nothing will be noticed"]
    assert markdown(found)[0] == "### Rebase: nothing will be noticed"


def test_a_gain_and_what_is_accepted_are_told_in_the_verdict() -> None:
    back = judge(between(LESS, HAS), AFTER, BEFORE)
    assert text(back)[-1] == "verdict: nothing is lost or changed (2 gained)"
    known = Expectation("*", "to", Verdict.MISSING, "meant")
    accepted = judge(between(HAS, LESS), BEFORE, AFTER, lambda _: known)
    assert text(accepted)[-1] == "verdict: nothing is lost or changed but what is accepted"


def test_what_is_lost_is_told_with_its_cause_and_who_saw_it() -> None:
    assert text(report()) == [
        "Lost (2):",
        "  POSIX message queues",
        "    cause: CONFIG_POSIX_MQUEUE=y → n",
        "    mq_open: ENOSYS",
        f"    seen by {QUEUE}",
        "  file systems of programs (FUSE): sshfs, AppImage (needs its module now)",
        "    cause: CONFIG_FUSE_FS=y → m",
        "    file system fuse: module fuse, before built in",
        f"    seen by {FILES}",
        "Configuration:",
        "  lost (1):",
        "    POSIX message queues: POSIX_MQUEUE=y → n",
        "  became modules (1):",
        "    file systems of programs (FUSE): sshfs, AppImage: FUSE_FS=y → m",
        "6.18.15, A → B: 0 of 2 cases as before",
        "verdict: users will notice (2 lost)",
    ]


def test_a_kernel_that_did_not_run_is_told_first() -> None:
    found = judge(of(kernel("from", *HAS), kernel("to", failed="it panicked")), BEFORE, AFTER)
    assert text(found)[0] == "could not be run: to: it panicked"
    assert text(found)[1:] == ["verdict: a kernel did not run"]
    assert "**could not be run**" in "\n".join(markdown(found))


def test_lost_evidence_is_told_with_its_cases() -> None:
    lines = text(judge(between(HAS, LESS[:1]), BEFORE, AFTER))
    assert lines[0].startswith("lost evidence: ")
    assert FILES in lines[1]
    assert lines[-1] == "verdict: evidence is lost"


def test_many_facts_and_cases_are_cut_unless_all_are_asked_for() -> None:
    cases = [f"ipc/test_x.py::test_{at}" for at in range(9)]
    before = [did(case, f"mq_{at}") for at, case in enumerate(cases)]
    after = [lacks(case, f"mq_{at}", errno=errno.ENOSYS, says="") for at, case in enumerate(cases)]
    short, full = "\n".join(text(report(before, after))), "\n".join(text(report(before, after), full=True))
    assert "… and 6 more" in short
    assert "and 7 more" in short
    assert all(case in full for case in cases)


def test_gains_are_cut_and_losses_are_not() -> None:
    names = [f"/proc/{at}" for at in range(50)]
    case = "survey/test_entries.py::test_entries[proc]"
    few, many = [lists(case, **{"/x": "d"})], [lists(case, **dict.fromkeys(["/x", *names], "d"))]
    gained, lost = text(report(few, many)), text(report(many, few))
    assert "  … and 30 more: --full shows all" in gained
    assert sum(line.startswith("  entry") for line in gained) == 20
    assert sum(line.startswith("  entry") for line in lost) == 50


@pytest.mark.parametrize("count", [1, 30, 300])
def test_markdown_fits_a_pull_request_and_details_are_folded(count: int) -> None:
    names = [f"/proc/{at}" for at in range(count)]
    before, after = (
        [lists("survey/test_entries.py::test_entries[proc]", **dict.fromkeys(names, value))] for value in ("d", "x")
    )
    many = {f"OPTION_{at}": "y" for at in range(count)}
    found = judge(between(before, after), ComparedKernel("A", config=many), ComparedKernel("B", config={}))
    lines = markdown(found)
    assert len(lines) <= MOST_LINES
    assert lines[-1] == "</details>"
    assert "<details>" in "\n".join(lines)
    assert (f"… and {count}" in "\n".join(lines)) is False
    assert ("more: see `rebase.json`" in "\n".join(lines)) is (count > 30)


def test_no_line_is_wider_than_asked_for() -> None:
    assert all(len(line) <= 60 for line in text(report(), width=60))


def test_what_a_guest_says_is_no_markdown_and_nothing_for_a_terminal() -> None:
    hostile = "</details>\n# `x` **y** \x1b[2J[a](b)"
    before, after = ([lists(QUEUE, mode=value)] for value in ("a", hostile))
    found = report(before, after)
    said = "\n".join([*text(found), *markdown(found)])
    assert "\x1b" not in said
    assert "\n# `x`" not in said
    assert sum(line.startswith("</details>") for line in markdown(found)) == 1


def test_junit_has_a_test_for_each_entry_that_fails_as_it_does() -> None:
    suite = ElementTree.fromstring(junit(report()))
    assert {name: suite.get(name) for name in ("tests", "failures", "errors")} == {
        "tests": "3",
        "failures": "2",
        "errors": "0",
    }
    first = suite.find("testcase/failure")
    assert first is not None
    assert (first.get("message"), first.text) == ("CONFIG_POSIX_MQUEUE=y → n", "mq_open: ENOSYS")
    back = ElementTree.fromstring(junit(judge(between(LESS, HAS), AFTER, BEFORE)))
    assert (back.get("tests"), back.get("failures")) == ("3", "0")


def test_junit_has_an_error_where_a_kernel_did_not_run_or_evidence_is_lost() -> None:
    for found in (
        judge(of(kernel("from", *HAS), kernel("to", failed="it panicked")), BEFORE, AFTER),
        judge(between(HAS, LESS[:1]), BEFORE, AFTER),
    ):
        assert ElementTree.fromstring(junit(found)).get("errors") == "1"


def test_json_has_all_of_it() -> None:
    found = msgspec.json.decode(json(report()))
    assert (found["verdict"], found["schema"], found["compared"], found["same"]) == ("noticed", 1, 2, 0)
    first = found["entries"][0]
    assert (first["option"], first["kind"], first["witnesses"]) == ("POSIX_MQUEUE", "lost", [QUEUE])
    assert found["entries"][1]["needs_module"] is True
    assert found["configuration"]["lost"][0]["options"] == [{"name": "POSIX_MQUEUE", "before": "y", "after": "n"}]
