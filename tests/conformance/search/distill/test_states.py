"""States, places and fds: what they are good for, on this kernel."""

from __future__ import annotations

import pytest

from conformance.coverage.facts import NAMES
from conformance.programs.execution import Execution
from conformance.programs.harmful import is_tame
from conformance.search.bind import complete, plain_call
from conformance.search.distill.states import descriptors, places, states
from conformance.syscalls.machinery.choices import text
from tests.conformance.search.native import needs_executor, run_one


@needs_executor
@pytest.mark.parametrize(
    ("place", "errno"),
    [
        ("below a file", "ENOTDIR"),
        ("a long name", "ENAMETOOLONG"),
        ("a long path", "ENAMETOOLONG"),
        ("a loop", "ELOOP"),
        ("a link to nothing", "ENOENT"),
        ("where nobody enters", "EACCES"),
        ("what nobody reads", "EACCES"),
        ("what can only be read", "EROFS"),
        ("a directory", "EISDIR"),
        ("a socket", "ENXIO"),
    ],
)
def test_a_place_is_what_it_is_called(place: str, errno: str) -> None:
    before, path = places()[place]
    encoded, outcome = run_one(complete((*before, plain_call("openat", path=text(path)))))
    *made, last = outcome.results
    assert all(result >= 0 for result, _ in made)
    assert NAMES[-last[0]] == errno
    assert is_tame(encoded.program)


@needs_executor
def test_without_privileges_and_without_room_for_fds_calls_are_refused() -> None:
    refused = {
        name: Execution(*run_one(complete((*before, plain_call("chroot"))))).errnos[-1]
        for name, before in states().items()
    }
    assert refused["unprivileged"] == "EPERM"
    (limit,) = [each for name, each in states().items() if name == "limit 7"]
    assert Execution(*run_one(complete((*limit, plain_call("eventfd2"))))).errnos == ["0", "EMFILE"]


@needs_executor
def test_every_kind_of_fd_can_be_had() -> None:
    for name, (before, fd) in descriptors().items():
        execution = Execution(*run_one(complete((*before, plain_call("fstat", fd=fd)))))
        assert execution.errnos[-1] == "0", name
