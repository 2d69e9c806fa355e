from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import median
from zlib import crc32

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from conformance.programs.harmful import is_tame, neutralised
from conformance.programs.program import NO_RESOURCE, Memory, Program, ProgramCall, Ref
from conformance.search.bind import complete
from conformance.search.compare import ERRNO, ProgramDifference
from conformance.search.minimise import ROUNDS, minimise
from conformance.syscalls.files.opening import O_APPEND, O_CREAT, O_TRUNC
from conformance.syscalls.machinery.table import grammar
from tests.conformance.search.drawn import faults, likely, raws
from tests.conformance.search.native import program

Differs = Callable[[Program], int | None]
"""In which call a program differs."""


class Sides:
    """Both sides of a comparison: no kernels, but a rule of what differs. Counts what it is asked."""

    def __init__(self, differs: Differs) -> None:
        self.differs = differs
        self.executed: list[Program] = []
        self.batches = 0

    def __call__(self, programs: Sequence[Program]) -> list[ProgramDifference | None]:
        self.batches += 1
        self.executed += programs
        return [self.of(each) for each in programs]

    def of(self, made: Program) -> ProgramDifference | None:
        """The difference of a program, if it has one."""
        at = self.differs(made)
        return None if at is None else ProgramDifference(at, made.steps[at].label, ERRNO, "success", "EINVAL")


def minimised(made: Program, differs: Differs, *, deadly: bool = False) -> tuple[Program, Sides]:
    """The smallest program that differs, and who was asked."""
    sides = Sides(differs)
    found = sides.of(made)
    assert found is not None
    small, last = minimise(made, found, sides, deadly=deadly)
    assert sides.of(small) == last, "what is told of it is so"
    return small, sides


def last_of(label: str, *needed: str) -> Differs:
    """A rule: `label` differs when all that it needs has been called before, in whatever order."""

    def differs(made: Program) -> int | None:
        before: set[str] = set()
        for at, step in enumerate(made.steps):
            if step.label == label and before >= set(needed):
                return at
            before.add(step.label)
        return None

    return differs


def chance(made: Program, seed: int) -> int:
    """A number that has nothing to do with a program, and is always the same one."""
    return crc32(repr((made, seed)).encode())


F1 = Memory(b"f1\0")
EIGHT = program(
    ("getpid",),
    ("umask", 0),
    ("openat", -100, F1, O_CREAT | O_APPEND | 2, 0o644),
    ("write", Ref(2), Memory(b"x" * 4096), 4096),
    ("getuid",),
    ("lseek", Ref(2), 100, 0),
    ("ftruncate", Ref(2), 4097),
    ("close", Ref(2)),
)


# What is left


def test_what_follows_the_difference_is_cut() -> None:
    small, sides = minimised(EIGHT, last_of("getpid"))
    assert small == program(("getpid",))
    assert len(sides.executed) == 1


def test_calls_without_which_it_differs_too_are_dropped_and_resources_move() -> None:
    small, _ = minimised(EIGHT, last_of("ftruncate", "openat"))
    assert [step.label for step in small.steps] == ["openat", "ftruncate"]
    assert small.steps[1].args[0] == Ref(0), "it is still the file that was opened"


def test_a_resource_that_does_not_matter_goes_with_its_maker() -> None:
    small, _ = minimised(EIGHT, last_of("ftruncate"))
    assert [step.label for step in small.steps] == ["ftruncate"]
    assert small.steps[0].args[0] == NO_RESOURCE


def test_all_that_is_needed_stays() -> None:
    everything = [step.label for step in EIGHT.steps]
    small, _ = minimised(EIGHT, last_of("close", *everything[:-1]))
    assert [step.label for step in small.steps] == everything


def test_calls_of_which_either_is_enough_do_not_both_go() -> None:
    def differs(made: Program) -> int | None:
        labels = [step.label for step in made.steps]
        return labels.index("close") if {"getpid", "getuid"} & set(labels) and "close" in labels else None

    small, _ = minimised(EIGHT, differs)
    assert len(small.steps) == 2
    assert small.steps[0].label in ("getpid", "getuid")


def test_an_argument_that_does_not_matter_becomes_the_plainest() -> None:
    small, _ = minimised(EIGHT, last_of("ftruncate", "openat"))
    opened, cut = small.steps
    plain = [parameter.choices[0] for parameter in grammar()["openat"].parameters]
    assert list(opened.args[2:]) == plain[2:]
    assert opened.args[1] == Memory(b"f0\0")
    assert cut.args[1] == grammar()["ftruncate"].parameters[1].choices[0]


def test_an_argument_that_matters_stays() -> None:
    def differs(made: Program) -> int | None:
        at = last_of("ftruncate")(made)
        return at if at is not None and made.steps[at].args[1] == 4097 else None

    small, _ = minimised(EIGHT, differs)
    assert small.steps == (ProgramCall("ftruncate", (NO_RESOURCE, 4097)),)


def test_of_flags_those_that_matter_stay() -> None:
    """The decisive bit, and not the others."""

    def differs(made: Program) -> int | None:
        at = last_of("openat")(made)
        flags = made.steps[at].args[2] if at is not None else 0
        return at if isinstance(flags, int) and flags & O_APPEND else None

    flags = O_CREAT | O_APPEND | O_TRUNC | 2
    small, _ = minimised(program(("openat", -100, F1, flags, 0o644)), differs)
    assert small.steps[0].args[2] == O_APPEND


def test_memory_at_an_edge_is_moved_from_it_where_that_does_not_matter() -> None:
    at_edge = program(("write", 1, Memory(b"abc", ((0, 1, 7),), edge=True), 3))
    small, _ = minimised(at_edge, last_of("write"))
    assert small.steps[0].args[1] == Memory(b"abc", ((0, 1, 7),))

    def on_edge(made: Program) -> int | None:
        (memory,) = (each for each in made.steps[0].args if isinstance(each, Memory))
        return 0 if memory.edge else None

    assert minimised(at_edge, on_edge)[0].steps[0].args[1] == at_edge.steps[0].args[1]


def test_arguments_that_matter_only_together_stay_together() -> None:
    """Each may be plainer where the other is not; both at once may not."""

    def differs(made: Program) -> int | None:
        at = last_of("lseek")(made)
        return at if at is not None and (made.steps[at].args[1] == 100 or made.steps[at].args[2] == 2) else None

    small, _ = minimised(program(("lseek", 0, 100, 2)), differs)
    assert small.steps[0].args[1:] in ((100, 0), (0, 2))


def test_a_program_that_does_not_repeat_stays_as_it_is() -> None:
    found = ProgramDifference(7, "close", ERRNO, "success", "EBADF")
    assert minimise(EIGHT, found, lambda programs: [None] * len(programs)) == (EIGHT, found)


# What takes a guest along


def test_of_a_deadly_program_the_shortest_beginning_is_looked_for_and_arguments_stay() -> None:
    """Its difference is said to be in the last call, as nobody can tell."""

    def differs(made: Program) -> int | None:
        return len(made.steps) - 1 if last_of("write", "openat")(made) is not None else None

    small, _ = minimised(EIGHT, differs, deadly=True)
    assert small == Program(EIGHT.without({0, 1}).steps[:2])


# How long it takes


TYPICAL: list[tuple[str, tuple[str, ...]]] = [
    ("ftruncate", ("openat",)),
    ("close", ("openat",)),
    ("lseek", ("openat", "write")),
    ("write", ("openat",)),
    ("openat", ()),
    ("lseek", ("openat",)),
    ("getuid", ("umask",)),
    ("openat", ("umask",)),
    ("close", ("openat", "write")),
]


def test_some_sixteen_executions_are_enough_for_a_program_of_eight_calls() -> None:
    counts = [len(minimised(EIGHT, last_of(label, *needed))[1].executed) for label, needed in TYPICAL]
    assert median(counts) <= 24
    assert max(counts) <= 32


def test_candidates_go_in_few_batches() -> None:
    """A round trip costs more than an execution."""
    batches = [minimised(EIGHT, last_of(label, *needed))[1].batches for label, needed in TYPICAL]
    assert max(batches) <= 1 + 4 * 2 + 1


@pytest.mark.parametrize("chosen", [0, 1, 2, 3])
def test_a_rule_that_is_none_ends_it_as_well(chosen: int) -> None:
    """Whether a program differs is a matter of chance: nothing that is found holds for the next candidate."""

    def differs(made: Program) -> int | None:
        return len(made.steps) - 1 if chance(made, chosen) % 3 else None

    made = next(each for at in range(9) if differs(each := EIGHT.with_argument(1, 0, at)) is not None)
    small, sides = minimised(made, differs)
    assert len(small.steps) <= len(EIGHT.steps)
    assert sides.batches <= 1 + 4 * ROUNDS


# Any program


@settings(deadline=None, max_examples=150)
@given(raws().map(complete).map(neutralised).filter(lambda made: bool(made.steps)), st.data())
def test_any_program_is_made_as_small_as_its_difference_lets_it(made: Program, data: st.DataObject) -> None:
    """Where it matters which calls are there, none is there in vain, and each argument is as plain as can be."""
    at = data.draw(st.integers(0, len(made.steps) - 1))
    before = [step.label for step in made.steps[:at]]
    needed = data.draw(st.sets(st.sampled_from(before))) if before else set()
    assume(all(before.count(each) == 1 for each in needed))
    small, _ = minimised(made, last_of(made.steps[at].label, *needed))
    assert sorted(step.label for step in small.steps[:-1]) == sorted(needed)
    assert all("is not in memory of that step" in each for each in faults(small)), "memory may be smaller than it was"
    for at, step in enumerate(small.steps):
        for index, (value, parameter) in enumerate(zip(step.args, step.description.parameters, strict=False)):
            plain = parameter.choices[0]
            if isinstance(value, int) and isinstance(plain, int):
                assert value == plain or not is_tame(small.with_argument(at, index, plain))


@settings(deadline=None, max_examples=150)
@given(likely().filter(lambda made: bool(made.steps)), st.integers(0, 1 << 30))
def test_whatever_differs_minimising_ends_and_makes_nothing_longer(made: Program, seed: int) -> None:
    def differs(each: Program) -> int | None:
        return len(each.steps) - 1 if each == made or chance(each, seed) % 4 == 0 else None

    small, sides = minimised(made, differs)
    assert len(small.steps) <= len(made.steps)
    assert len(set(sides.executed)) <= len(sides.executed) <= 500
