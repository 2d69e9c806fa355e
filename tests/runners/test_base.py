from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from runners.base import HINTS, LOG_BYTES, Inside, RunnerError, head, legible, sentence, tail


@pytest.mark.parametrize("number", [*HINTS, errno.EIO])
def test_an_error_of_this_machine_says_what_where_and_what_to_do(number: int) -> None:
    said = sentence(OSError(number, os.strerror(number), "/some/where"))
    assert said == f"/some/where: {os.strerror(number)}; {HINTS.get(number, 'run `conformance doctor`')}"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError("no words"), "no words; run `conformance doctor`"),
        (OSError(), "OSError; run `conformance doctor`"),
        (OSError(errno.EIO, "broken", b"/a\xff"), "/a\udcff: broken; run `conformance doctor`"),
    ],
)
def test_an_error_that_says_little_is_a_sentence_all_the_same(error: OSError, said: str) -> None:
    assert sentence(error) == said


def test_of_a_long_log_the_two_ends_can_be_had(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"first" + bytes(LOG_BYTES).replace(b"\0", b".") + b"last")
    assert (head(log)[:5], len(head(log))) == ("first", LOG_BYTES)
    assert (tail(log)[-4:], len(tail(log))) == ("last", LOG_BYTES)


def test_a_log_that_is_not_there_says_nothing(tmp_path: Path) -> None:
    assert (head(tmp_path / "absent"), tail(tmp_path / "absent")) == ("", "")


def test_what_a_guest_says_is_nothing_that_a_terminal_obeys() -> None:
    assert legible(b"one\n\ttwo \x1b[2J\x07three\r\xff") == "one\n\ttwo [2Jthree\ufffd"


def test_an_executor_is_looked_for_when_it_is_wanted() -> None:
    def fails() -> tuple[str, ...]:
        raise RunnerError("no C compiler")

    inside = Inside(("python",), "/cases", fails)
    assert inside.python == ("python",)
    with pytest.raises(RunnerError, match="no C compiler"):
        _ = inside.executor
