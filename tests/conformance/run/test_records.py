from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from conformance.model import SCHEMA, Answers, CaseInfo, CaseResult, Outcome, Record, Step, Target
from conformance.protocol.lines import End, FactsLine, Header, Line, Plan, ResultLine, Start, Trouble
from conformance.run.errors import Exit, UserError
from conformance.run.records import MalformedLine, RecordFile, empty, parse_line, read, seconds_of
from tests.builders import CASE, facts, passed, step

TARGET = Target("lts", "qemu", control=None, options={"kernel": "debian:6.1"}, answers=Answers.KERNEL)
HEADER = Header(TARGET, "run")
RESULT = ResultLine(passed(step("read", 0, None, 4, result=2, outs={"1": "a\xff"})))
PLAN = Plan([CaseInfo(CASE, "0123456789abcdef", "title", "feature")])
WHOLE: list[Line] = [HEADER, FactsLine(facts()), PLAN, Start(CASE), RESULT, End()]


def written(tmp_path: Path, *lines: Line | bytes) -> Path:
    """A record file that holds these lines; bytes go into it as they are."""
    path = tmp_path / "lts.jsonl"
    path.write_bytes(b"".join(each if isinstance(each, bytes) else msgspec.json.encode(each) + b"\n" for each in lines))
    return path


def from_lines(tmp_path: Path, *lines: Line | bytes) -> Record:
    """What is read from such a file."""
    return read(written(tmp_path, *lines))


# Reading


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "lts.jsonl"
    with RecordFile(path) as file:
        for line in WHOLE:
            file.write(line)
    assert read(path) == Record(TARGET, "run", facts(), PLAN.cases, {CASE: [RESULT.result]}, [], complete=True)


def test_every_line_is_in_the_file_before_the_next(tmp_path: Path) -> None:
    with RecordFile(tmp_path / "lts.jsonl") as file:
        for count, line in enumerate(WHOLE, 1):
            file.write(line)
            assert len(file.path.read_bytes().splitlines()) == count


def test_attempts_are_numbered_in_order(tmp_path: Path) -> None:
    found = from_lines(tmp_path, HEADER, RESULT, RESULT, RESULT)
    assert [each.attempt for each in found.results[CASE]] == [1, 2, 3]


def test_a_record_without_an_end_is_incomplete(tmp_path: Path) -> None:
    assert not from_lines(tmp_path, *WHOLE[:-1]).complete


def test_a_record_that_goes_on_after_its_end_is_incomplete_until_the_next(tmp_path: Path) -> None:
    assert not from_lines(tmp_path, *WHOLE, RESULT).complete
    assert from_lines(tmp_path, *WHOLE, RESULT, End()).complete


def test_fatal_trouble_makes_a_target_failed_and_says_why(tmp_path: Path) -> None:
    found = from_lines(tmp_path, HEADER, Trouble("a hiccup"), Trouble("no image", fatal=True), End())
    assert (found.failed, found.troubles, found.complete) == ("no image", ["a hiccup", "no image"], False)


def test_a_target_that_started_later_is_not_failed_any_more(tmp_path: Path) -> None:
    found = from_lines(tmp_path, HEADER, Trouble("no image", fatal=True), *WHOLE[1:])
    assert (found.failed, found.complete) == (None, True)


def test_a_last_line_that_was_cut_off_is_passed_over(tmp_path: Path) -> None:
    cut = msgspec.json.encode(RESULT)[:40]
    found = from_lines(tmp_path, HEADER, PLAN, RESULT, cut)
    assert (len(found.results[CASE]), found.troubles, found.complete) == (1, [], False)


@pytest.mark.parametrize("size", range(1, len(msgspec.json.encode(RESULT)), 17))
def test_a_record_that_was_cut_off_anywhere_goes_on(tmp_path: Path, size: int) -> None:
    path = written(tmp_path, HEADER, PLAN, RESULT, msgspec.json.encode(RESULT)[:size])
    with RecordFile(path) as file:
        file.write(RESULT)
        file.write(End())
    found = read(path)
    assert (len(found.results[CASE]), found.complete) == (2, True)


def test_a_malformed_line_is_told_and_the_others_are_kept(tmp_path: Path) -> None:
    found = from_lines(tmp_path, HEADER, b"{}\n", PLAN, b"\n", b"\xff\xfe\n", RESULT, End())
    assert [each.split(":")[0] for each in found.troubles] == [
        "line 2 of lts.jsonl is malformed",
        "line 5 of lts.jsonl is malformed",
    ]
    assert (len(found.results[CASE]), found.complete) == (1, True)


@pytest.mark.parametrize("body", [b"", b"\n", msgspec.json.encode(RESULT) + b"\n", b"PNG\r\n\x1a\n"])
def test_a_file_that_is_no_record_is_refused_by_name(tmp_path: Path, body: bytes) -> None:
    path = written(tmp_path, body)
    with pytest.raises(UserError, match="is not a record: it has no header line") as found:
        read(path)
    assert str(path) in str(found.value)


def test_a_record_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"absent\.jsonl cannot be read: No such file"):
        read(tmp_path / "absent.jsonl")


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"has schema {SCHEMA + 1}, .* update the suite"):
        from_lines(tmp_path, Header(TARGET, "run", schema=SCHEMA + 1), *WHOLE[1:])


def test_a_newer_schema_whose_header_cannot_even_be_read_is_refused_as_such(tmp_path: Path) -> None:
    header = b'{"kind": "header", "schema": %d, "targets": ["lts"]}\n' % (SCHEMA + 1)
    with pytest.raises(UserError, match="update the suite"):
        from_lines(tmp_path, header)


def test_fields_that_a_later_version_added_are_passed_over() -> None:
    assert parse_line(b'{"kind": "start", "case": "a", "color": "red"}') == Start("a")


def test_the_record_of_a_target_of_which_nothing_is_known_says_why() -> None:
    assert empty(TARGET, "run", "it was never started") == Record(
        TARGET, "run", None, [], {}, failed="it was never started"
    )


# Lines from a guest


@pytest.mark.parametrize("line", WHOLE)
def test_a_line_is_parsed_as_it_was_encoded(line: Line) -> None:
    assert parse_line(msgspec.json.encode(line)) == line


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"null",
        b"{}",
        b"plain text",
        b'{"kind": "verdict"}',
        b'{"kind": 5}',
        b'{"kind": "start"}',
        b'{"kind": "start", "case": 5}',
        b'{"kind": "start", "case": "a"} trailing',
        b'{"kind": "start", "case": "\xff"}',
        b'{"kind": "result", "result": {"case": "a", "hash": "", "outcome": "splendid"}}',
        b'{"kind": "result", "result": {"case": "a", "hash": "", "outcome": "passed", "steps": [{}]}}',
        b'{"kind": "result", "result": {"case": "a", "hash": "", "outcome": "passed", "seconds": "soon"}}',
        b'{"kind": "plan", "cases": [{"id": ["a"], "hash": ""}]}',
        b'{"kind": "facts", "facts": {"release": "6.1"}}',
        b'{"kind": "result", "result": ' + b"[" * 100_000,
        b'{"kind": "start", "case": ' + b'{"a":' * 100_000,
    ],
)
def test_a_line_of_any_other_form_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedLine):
        parse_line(data)


def test_the_text_of_a_case_survives_whatever_bytes_it_stands_for() -> None:
    everything = bytes(range(256)).decode("latin-1")
    line = ResultLine(CaseResult(CASE, "", Outcome.PASSED, steps=[Step("read", [everything], 0)]))
    assert parse_line(msgspec.json.encode(line)) == line


# Writing


def test_a_full_disk_is_one_sentence_that_says_how_to_go_on(tmp_path: Path) -> None:
    path = tmp_path / "lts.jsonl"
    path.symlink_to("/dev/full")
    with RecordFile(path) as file, pytest.raises(UserError) as found:
        file.write(HEADER)
    assert str(found.value) == (
        f"{path} cannot be written: No space left on device; make room, then go on with "
        f"`conformance run --resume {tmp_path}`"
    )
    assert found.value.status is Exit.FAILED


def test_a_directory_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"absent/lts\.jsonl cannot be written: No such file or directory"):
        RecordFile(tmp_path / "absent" / "lts.jsonl")


def test_what_answers_in_a_target_of_an_earlier_record_is_what_its_runner_says(tmp_path: Path) -> None:
    for runner, answers in (("gvisor", Answers.IMITATION), ("profile", Answers.FILTER), ("of yesterday", None)):
        path = tmp_path / f"{runner}.jsonl"
        with RecordFile(path) as file:
            file.write(Header(Target("a", runner), "run"))
        assert read(path).target.answers is answers


def test_how_long_cases_took_is_read_without_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "lts.jsonl"
    with RecordFile(path) as file:
        for case, seconds in (("one", 2.0), ("two", 0.0), ("one", 0.5), ("three", 0.25)):
            file.write(ResultLine(CaseResult(case, "", Outcome.PASSED, "", seconds)))
    with path.open("ab") as file_of_bytes:
        file_of_bytes.write(b'no JSON\n[]\n{"kind":"result","result":{"case":"four","secon')
    assert seconds_of(path) == {"one": 0.5, "three": 0.25}
    assert seconds_of(tmp_path / "absent.jsonl") == {}
