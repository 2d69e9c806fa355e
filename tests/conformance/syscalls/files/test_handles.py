from __future__ import annotations

from conformance.syscalls.files.handles import name_to_handle_at, open_by_handle_at
from conformance.syscalls.machinery.memory import Pointer


def families(kind: object) -> list[str]:
    assert isinstance(kind, Pointer)
    return [family for _, _, family in kind.resources(None)]


def test_a_handle_is_a_resource_where_it_is_filled() -> None:
    assert families(name_to_handle_at.parameters[2].kind) == [
        "handle:type",
        "handle:first",
        "handle:second",
        "handle:third",
    ]
    assert families(open_by_handle_at.parameters[1].kind) == []
