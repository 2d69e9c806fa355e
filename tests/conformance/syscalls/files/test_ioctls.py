from __future__ import annotations

from conformance.syscalls.files.ioctls import FIONREAD, Requests


def test_an_ioctl_is_known_by_name_or_shown_in_hexadecimal() -> None:
    kind = Requests({"FIONREAD": FIONREAD}, bits=False)
    assert [kind.show(FIONREAD), kind.show(0x5401), kind.show(-1)] == ["FIONREAD", "0x5401", "-1"]
