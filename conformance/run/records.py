"""Record files: appended a line at a time, read strictly, resumed after a kill."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from conformance.model import SCHEMA, CaseInfo, CaseResult, Facts, Record, Target
from conformance.protocol.lines import (
    KINDS,
    LONGEST_LINE,
    End,
    FactsLine,
    Header,
    Line,
    Plan,
    ResultLine,
    Trouble,
)
from conformance.run.errors import UserError


@dataclass(frozen=True, slots=True)
class _Kind:
    kind: str


class MalformedLine(ValueError):
    """A line that is no line of a record."""


def parse_line(data: bytes) -> Line:
    """One line of a record, checked against its type. Raises MalformedLine."""
    try:
        kind = msgspec.json.decode(data, type=_Kind).kind
        if kind not in KINDS:
            raise MalformedLine(f"there is no line of kind {kind[:40]!r}")
        line: Line = msgspec.json.decode(data, type=KINDS[kind])
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise MalformedLine(str(error)) from error
    return line


class RecordFile:
    """A record that is being written. Every line goes to the file at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.written = 0
        """Bytes, by this process."""
        try:
            self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
            if path.stat().st_size and not _ends_whole(path):
                os.write(self._descriptor, b"\n")  # the process that wrote the last line was killed in the middle
        except OSError as error:
            raise _unwritable(path, error) from error

    def write(self, line: Line) -> None:
        """Append a line. Raises UserError when the disk is full."""
        data = memoryview(msgspec.json.encode(line) + b"\n")
        self.written += len(data)
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError as error:
            raise _unwritable(self.path, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as stream:
        stream.seek(-1, os.SEEK_END)
        return stream.read(1) == b"\n"


def _unwritable(path: Path, error: OSError) -> UserError:
    return UserError(
        f"{path} cannot be written: {error.strerror}; make room, then go on with "
        f"`conformance run --resume {path.parent}`"
    )


def read_if_begun(path: Path) -> Record | None:
    """As `read`; None where there is no file, or its writer was killed before the first line was whole."""
    try:
        with path.open("rb") as stream:
            if b"\n" not in stream.read(LONGEST_LINE):
                return None
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(f"the record {path} cannot be read: {error.strerror}") from error
    return read(path)


@dataclass(frozen=True, slots=True)
class _Took:
    case: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class _TimedLine:
    kind: str
    result: _Took | None = None


def seconds_of(path: Path) -> dict[str, float]:
    """How long each case of a record took last, of those that say so. Nothing where there is no record.

    A tenth of the time of `read`: nothing else is looked at.
    """
    found: dict[str, float] = {}
    try:
        with path.open("rb") as stream:
            for data in stream:
                try:
                    result = msgspec.json.decode(data, type=_TimedLine).result
                except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
                    continue
                if result and result.seconds > 0:
                    found[result.case] = result.seconds
    except OSError:
        pass
    return found


def read(path: Path) -> Record:
    """A record, as far as it goes: a last line that was cut short is passed over, a bad one is told as trouble.

    Raises UserError when the file cannot be read, has no header or comes from a newer version.
    """
    gathered = _Gathered(path)
    try:
        with path.open("rb") as stream:
            for number, data in enumerate(stream, 1):
                if data.strip():
                    gathered.take(number, data)
    except OSError as error:
        raise UserError(f"the record {path} cannot be read: {error.strerror}") from error
    return gathered.record()


@dataclass(slots=True)
class _Gathered:
    """What the lines of a record have said so far."""

    path: Path
    header: Header | None = None
    facts: Facts | None = None
    cases: list[CaseInfo] = field(default_factory=list)
    results: dict[str, list[CaseResult]] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)
    complete: bool = False
    failed: str | None = None
    lost: list[str] = field(default_factory=list)

    def take(self, number: int, data: bytes) -> None:
        """A line, which may be damaged."""
        try:
            self._add(parse_line(data))
        except MalformedLine as error:
            _refuse_newer(self.path, data)
            if data.endswith(b"\n"):
                self.troubles.append(f"line {number} of {self.path.name} is malformed: {error}")

    def _add(self, line: Line) -> None:
        match line:
            case Header():
                _check_schema(self.path, line.schema)
                self.header = line
            case FactsLine(facts):
                self.facts, self.failed = facts, None
            case Plan(cases):
                # What cannot be collected in this guest is told after its plan, that of earlier ones once more.
                self.cases, self.complete, self.lost = cases, False, []
            case ResultLine(result):
                kept = self.results.setdefault(result.case, [])
                attempt = len(kept) + 1
                kept.append(result if result.attempt == attempt else replace(result, attempt=attempt))
                self.complete = False
            case Trouble(message, fatal, lost):
                if message not in self.troubles:
                    self.troubles.append(message)
                if lost and lost not in self.lost:
                    self.lost.append(lost)
                self.failed = message if fatal else self.failed
            case End():
                self.complete = True

    def record(self) -> Record:
        """All of it. Raises UserError when it was no record."""
        header = self.header
        if header is None:
            raise UserError(
                f"{self.path} is not a record: it has no header line; give a file that `conformance run` wrote"
            )
        complete = self.complete and self.failed is None
        return Record(
            _declared(header.target),
            header.run,
            self.facts,
            self.cases,
            self.results,
            self.troubles,
            complete,
            self.failed,
            self.lost,
        )


def _declared(target: Target) -> Target:
    """Records of before it was written down do not say what answers in a target: its runner does."""
    if target.answers is not None:
        return target
    from runners.registry import declared  # noqa: PLC0415 - all runners, which hardly any record needs

    return declared(target)


def _refuse_newer(path: Path, data: bytes) -> None:
    """A header that cannot be read may be one of a later version, which says so."""
    try:
        found = msgspec.json.decode(data)
    except (msgspec.MsgspecError, RecursionError):
        return
    if isinstance(found, dict) and found.get("kind") == "header":
        _check_schema(path, found.get("schema"))


def _check_schema(path: Path, schema: object) -> None:
    if isinstance(schema, int) and schema > SCHEMA:
        raise UserError(
            f"{path} has schema {schema}, and this version reads up to {SCHEMA}: update the suite to read it"
        )


def empty(target: Target, run: str, failed: str) -> Record:
    """The record of a target of which nothing is known but why."""
    return Record(target, run, None, [], {}, failed=failed)
