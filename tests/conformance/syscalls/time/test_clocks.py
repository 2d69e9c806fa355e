from __future__ import annotations

from conformance.syscalls.machinery.choices import Blob
from conformance.syscalls.machinery.table import grammar
from conformance.syscalls.time.clocks import ADJ_FREQUENCY, ADJ_OFFSET, ADJ_STATUS, Timex


def test_no_clock_is_adjusted_by_anything() -> None:
    """What moves a clock even by nothing (its frequency, its status) is not asked for."""
    (buf,) = grammar()["adjtimex"].parameters
    asked = [Timex.parse(each.data) for each in buf.choices if isinstance(each, Blob)]
    assert {each.modes for each in asked} > {0, 0x4000}
    assert not any(each.modes & (ADJ_OFFSET | ADJ_FREQUENCY | ADJ_STATUS) for each in asked if each.modes != 0xA001)
    assert not any(each.offset or each.freq or each.status or bytes(each.rest).strip(b"\0") for each in asked)
