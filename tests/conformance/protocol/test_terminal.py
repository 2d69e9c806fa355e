from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.protocol.terminal import (
    HEADER,
    LARGEST_FRAME,
    OUTPUT,
    TerminalError,
    TerminalFrames,
    ended,
    failed,
    frame,
    read_ended,
    read_failed,
    read_size,
    size,
)


@given(st.lists(st.tuples(st.integers(1, 7), st.binary(max_size=20))), st.integers(1, 9))
def test_frames_come_out_as_they_went_in_however_they_were_cut(sent: list[tuple[int, bytes]], piece: int) -> None:
    stream = b"".join(frame(kind, payload) for kind, payload in sent)
    frames = TerminalFrames()
    found = [each for at in range(0, len(stream), piece) for each in frames.take(stream[at : at + piece])]
    assert found == sent


def test_a_frame_that_is_too_long_is_refused_before_it_is_waited_for() -> None:
    with pytest.raises(TerminalError, match="a frame of 1048577 bytes was announced"):
        TerminalFrames().take(HEADER.pack(OUTPUT, LARGEST_FRAME + 1))


@pytest.mark.parametrize("status", [0, 7, 255, -9])
def test_a_status_is_read_as_it_was_written(status: int) -> None:
    assert read_ended(ended(status)) == status
    assert read_failed(failed(status, "why é")) == (status, "why é")


@pytest.mark.parametrize("payload", [b"", b"abc", bytes(5)])
def test_an_end_that_is_none_is_refused(payload: bytes) -> None:
    with pytest.raises(TerminalError):
        read_ended(payload)


def test_a_terminal_has_no_more_rows_than_can_be_said() -> None:
    assert read_size(size(24, 80)) == (24, 80)
    assert read_size(size(1 << 20, 80)) == (0xFFFF, 80)
