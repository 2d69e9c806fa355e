"""Programs end with calls that show what they have done."""

from __future__ import annotations

import random

from conformance.search.bind import Call, complete
from conformance.search.observe import MOST, looks
from conformance.syscalls.machinery.choices import text
from conformance.syscalls.machinery.table import grammar


def plain(label: str) -> Call:
    return Call(label, tuple(parameter.choices[0] for parameter in grammar()[label].parameters))


def looked_at(*calls: Call) -> set[str]:
    """The labels of all looks that chance ever picks."""
    return {look.label for seed in range(60) for look in looks(calls, random.Random(seed))}


def test_what_an_fd_refers_to_and_its_flags_are_looked_at() -> None:
    assert {"fcntl_getfd", "fcntl_getfl", "fstat"} <= looked_at(plain("openat"))


def test_a_file_that_was_named_is_looked_at_by_its_name() -> None:
    name = text(b"f1")
    seen = [look for seed in range(60) for look in looks([Call("mkdirat", (-100, name, 0o755))], random.Random(seed))]
    assert any(look.label == "newfstatat" and name in look.args for look in seen)


def test_the_state_of_the_process_is_looked_at_by_the_chapter_of_the_call() -> None:
    assert "rt_sigpending" in looked_at(plain("rt_sigprocmask"))
    assert "rt_sigpending" not in looked_at(plain("getcwd"))


def test_there_are_only_so_many_looks_and_the_same_chance_gives_the_same() -> None:
    calls = [plain(label) for label in ("openat", "socket", "rt_sigprocmask", "mmap", "semget")]
    assert 1 <= len(looks(calls, random.Random(3))) <= MOST
    assert looks(calls, random.Random(3)) == looks(calls, random.Random(3))


def test_a_program_with_looks_is_a_program() -> None:
    calls = [plain(label) for label in grammar()]
    for at in range(0, len(calls), 5):
        some = calls[at : at + 5]
        assert complete([*some, *looks(some, random.Random(at))]).steps
