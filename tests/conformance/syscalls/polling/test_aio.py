from __future__ import annotations

from conformance.syscalls.machinery.call import Parameter
from conformance.syscalls.machinery.choices import Blob
from conformance.syscalls.polling.aio import Iocb, Iocbs


def test_requests_are_passed_by_their_addresses() -> None:
    blobs = [each for each in Parameter("iocbs", Iocbs).choices if isinstance(each, Blob)]
    for each in blobs[0], next(each for each in blobs if len(each.parts) == 2):
        assert len(each.data) == 8 * len(each.parts)
        assert [(offset, width) for offset, width, _ in each.parts] == [(0, 8), (8, 8)][: len(each.parts)]
        assert all(isinstance(part, Blob) and len(part.data) == Iocb.size() for _, _, part in each.parts)
