from __future__ import annotations

import errno
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from conformance.programs.execution import Execution
from conformance.programs.harmful import is_allowed
from conformance.programs.program import MOST_CALLS, Program, Ref, to_json
from conformance.programs.wire import ProgramOutcome, State, encode
from conformance.search import generate
from conformance.search.bind import Call
from conformance.search.generate import Generator, Reached, sequences
from conformance.search.observe import has_flags
from conformance.search.sweep import sweep
from conformance.syscalls.files.opening import O_RDONLY, O_RDWR
from conformance.syscalls.machinery.table import chapters, grammar
from tests.executors import program, text
from tests.suite import SOURCES

DRAWN = 60
"""As many as a test needs: drawing takes time."""


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate, "DRAWN", DRAWN)


def answered(*results: int) -> ProgramOutcome:
    """What a program did whose calls ended so."""
    return ProgramOutcome(State.DONE, results=tuple((result, ()) for result in results))


def programs(seed: int, *chosen: str, count: int = DRAWN) -> list[Program]:
    """What a fresh generator draws first."""
    return [each for _, each in Generator(chosen, seed).batch(count)]


def fresh(generator: Generator, count: int = 250) -> Counter[str]:
    """How often each call is in many programs that are no variations."""
    return Counter(call.label for raw in generator._programs(count) for call in raw)


# What is drawn


def test_the_same_seed_gives_the_same_programs_and_another_one_others() -> None:
    assert programs(7, "files", "sockets") == programs(7, "files", "sockets")
    assert programs(7, "files", "sockets") != programs(8, "files", "sockets")


def test_the_same_seed_and_the_same_outcomes_give_the_same_programs() -> None:
    def drawn(result: int) -> list[Program]:
        generator, found = Generator(("time", "polling"), 3), []
        for _ in range(6):
            for raw, each in generator.batch(10):
                found.append(each)
                generator.learn(raw, Execution(encode(each), answered(*[result] * len(each.steps))))
        return found

    assert drawn(0) == drawn(0)
    assert drawn(0) != drawn(-errno.EINVAL)


def test_programs_are_never_empty_never_too_long_and_can_be_kept() -> None:
    for each in programs(1, count=200):
        assert 1 <= len(each.steps) <= MOST_CALLS
        assert to_json(each)


def test_programs_make_no_call_that_is_never_to_be_made() -> None:
    made = {step.label for each in programs(2, count=300) for step in each.steps}
    assert len(made) > 50
    assert all(map(is_allowed, made))
    assert all(map(is_allowed, Generator(()).labels))


def test_programs_are_tamed(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = Generator(("time",), 1)
    generator._pool.clear()
    generator._sweep = iter(())
    monkeypatch.setattr(generator, "_draw", lambda: (Call("kill", (-1, 9)), Call("reboot", (1, 2, 3, 0))))
    ((_, made),) = generator.batch(1)
    assert made.steps[:1] == program(("kill", 0, 9)).steps
    assert all(is_allowed(step.label) for step in made.steps)


def test_programs_of_a_chapter_are_of_its_calls_and_of_those_that_make_what_they_need() -> None:
    generator = Generator(("polling",), 1)
    batch = generator.batch(100)
    drawn = {call.label for raw, _ in batch for call in raw}
    assert {chapters()[label] for label in drawn} == {"polling"}
    assert len(drawn) > len(generator.labels) / 2
    assert {chapters()[step.label] for _, each in batch for step in each.steps} > {"polling"}


def test_programs_of_several_chapters_mix_them() -> None:
    drawn = [{chapters()[call.label] for call in raw} for raw, _ in Generator(("time", "signals"), 1).batch(200)]
    assert {"time", "signals"} in drawn


def test_without_chapters_every_chapter_is_drawn_from() -> None:
    generator = Generator((), 1)
    missing = {chapters()[label] for label in generator.labels}
    for _ in range(10):
        missing -= {chapters()[label] for label in fresh(generator)}
        if not missing:
            return
    pytest.fail(f"not drawn from: {missing}")


def test_a_chapter_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ValueError, match=r"^there is no chapter fils; the chapters are .*files, .*sockets.*$"):
        Generator(("files", "fils"))


# The plain pass


def test_every_choice_is_tried_by_itself_once_flags_first_beside_what_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generate, "SWEPT", 1.0)
    monkeypatch.setattr(generate, "LOOKED_AT", 0.0)
    monkeypatch.setattr(generate, "MADE_ODDLY", 0.0)
    generator = Generator(("time",), 1)
    wanted = [(call,) for call in sweep(generator.labels)]
    found = [raw for raw, _ in generator.batch(len(wanted))]
    assert Counter(found) == Counter(wanted)
    with_flags = [has_flags(call) for (call,) in found]
    assert with_flags == sorted(with_flags, reverse=True)
    assert any(with_flags)
    monkeypatch.setattr(generator, "_draw", lambda: (Call("getpid", ()),))
    generator._pool.clear()
    assert [raw for raw, _ in generator.batch(3)] == [(Call("getpid", ()),)] * 3


# Calls that belong together


@pytest.mark.parametrize("sequence", sequences(), ids="-".join)
def test_a_sequence_is_of_calls_that_are_described(sequence: tuple[str, ...]) -> None:
    assert set(sequence) <= grammar().keys()
    assert len(sequence) > 1


# What programs are about


@pytest.mark.parametrize(
    "calls", [("sendmsg",), ("ppoll",), ("sendmsg", "ppoll"), ("getsockopt",), ("close",), ("load",)]
)
def test_every_program_has_one_of_the_calls_that_it_is_to_be_about(calls: tuple[str, ...]) -> None:
    generator = Generator((), 5, calls)
    made: Counter[str] = Counter()
    for _ in range(4):
        for raw, each in generator.batch(DRAWN):
            names = {step.description.name for step in each.steps} | {step.label for step in each.steps}
            assert names & set(calls)
            made.update(names & set(calls))
            generator.learn(raw, Execution(encode(each), answered(*[0] * len(each.steps))))
    assert set(made) == set(calls)


def test_what_is_beside_them_is_of_their_chapters_or_makes_what_they_need() -> None:
    generator = Generator((), 5, ("sendmsg",))
    others = {chapters()[label] for label in generator.labels}
    assert "sockets" in others
    assert "mounts" not in others
    assert "socketpair_unix" in generator.labels


def test_chapters_may_be_chosen_beside_them() -> None:
    generator = Generator(("time",), 5, ("sendmsg",))
    assert {"sendmsg", "socketpair_unix", "clock_gettime"} <= set(generator.labels)
    assert "getsockname" not in generator.labels


@pytest.mark.parametrize("of", [("getsockopt",), ("fcntl",), ("ioctl",)])
def test_a_call_stands_for_all_its_operations_and_an_operation_for_itself(of: tuple[str, ...]) -> None:
    labels = generate.labels_of(of)
    assert len(labels) > 2
    assert {grammar()[label].name for label in labels} == set(of)
    assert generate.labels_of(labels[1:2]) == labels[1:2]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ("sendmgs", "^there is no call sendmgs; did you mean .*sendmsg"),
        ("pol", "^there is no call pol; did you mean poll"),
        ("xyzzy", "^there is no call xyzzy$"),
        (
            "rt_sigreturn",
            "^rt_sigreturn is a call that no program makes: it jumps to what lies on the executor's stack$",
        ),
        ("fork", "^fork is a call that no program makes: it could run away"),
    ],
)
def test_a_call_that_there_is_not_or_that_no_program_makes_is_refused(call: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Generator((), 0, (call,))


# What weighs


def test_what_was_found_to_differ_often_is_drawn_less() -> None:
    generator = Generator(("time",), 1)
    before = fresh(generator)
    tiresome = [label for label, _ in before.most_common(10)]
    generator.tiresome.update(dict.fromkeys(tiresome, 9))
    after = fresh(generator)
    assert (
        sum(after[label] for label in tiresome) / after.total()
        < 0.6 * sum(before[label] for label in tiresome) / before.total()
    )
    assert all(after[label] for label in tiresome)


def test_what_has_not_succeeded_yet_is_drawn_more() -> None:
    generator = Generator(("time",), 1)
    known = generator.labels[::2]
    generator.coverage.succeeded.update(known)
    generator.coverage.made.update(dict.fromkeys(known, 1000))
    after = fresh(generator)
    assert sum(after[label] for label in known) < 0.45 * after.total()
    assert all(generator._weight(label) == 4 for label in known)
    assert all(generator._weight(label) == 8 for label in generator.labels[1::2])


def test_what_fails_however_often_it_is_made_is_given_up_by_and_by() -> None:
    generator = Generator(("time",), 1)
    weights = []
    for made in (0, generate.RARE, generate.RARE * 4):
        generator.coverage.made["nanosleep"] = made
        weights.append(generator._weight("nanosleep"))
    assert weights == [8, 2, 1]


# What is learnt


def test_what_shows_something_new_is_varied_later_and_what_does_not_is_not() -> None:
    generator = Generator(("time",), 1)
    raw = (Call("getitimer", (0, 0)),)
    before = len(generator._pool)
    for result, more in ((0, 1), (0, 1), (-errno.EFAULT, 2), (-errno.EFAULT, 2), (-errno.EINVAL, 3)):
        generator.learn(raw, Execution(encode(program(("getitimer", 0, 0))), answered(result)))
        assert len(generator._pool) == before + more
    assert list(generator._pool)[-3:] == [raw] * 3


def test_variations_are_of_what_was_learnt() -> None:
    generator = Generator(("time", "polling"), 1)
    generator._pool.clear()
    raw = tuple(Call("timerfd_create", (1, at)) for at in range(4))
    generator._pool.append(raw)
    varied = [generator._vary(raw) for _ in range(100)]
    assert sum(sum(call.label == "timerfd_create" for call in each) >= 3 for each in varied) > 60
    assert sum(each != raw for each in varied) > 80
    assert all(1 <= len(each) <= generate.CALLS * 3 // 2 for each in varied)
    assert all(len(call.args) == len(grammar()[call.label].parameters) for each in varied for call in each)


def test_sequences_that_belong_together_are_there_from_the_start() -> None:
    everything, files = (
        {tuple(call.label for call in raw) for raw in Generator(chosen, 1)._pool} for chosen in ((), ("files",))
    )
    assert everything <= set(sequences())
    assert len(everything) > len(sequences()) / 2
    assert files == {chain for chain in everything if {chapters()[label] for label in chain} == {"files"}}


def test_coverage_is_of_calls_errnos_makers_and_flags() -> None:
    coverage = Reached()
    opened = program(("open", text("f0"), O_RDONLY, 0), ("dup", Ref(0)))
    assert coverage.learn(Execution(encode(opened), answered(0, 1)))
    assert not coverage.learn(Execution(encode(opened), answered(0, 1)))
    assert coverage.learn(Execution(encode(opened), answered(-errno.ENOENT, -errno.EBADF)))
    assert coverage.pairs == {("open", 0), ("open", errno.ENOENT), ("dup", 0), ("dup", errno.EBADF)}
    assert coverage.made_by == {("dup", "open")}
    assert coverage.calls == coverage.succeeded == {"open", "dup"}
    assert coverage.made == {"open": 3, "dup": 3}
    other = program(("open", text("f0"), O_RDWR, 0))
    assert coverage.learn(Execution(encode(other), answered(0)))
    assert not coverage.learn(Execution(encode(other), answered(0)))


def test_calls_that_were_not_reached_are_not_learnt() -> None:
    coverage = Reached()
    blocked = ProgramOutcome(State.BLOCKED, results=((7, ()),))
    coverage.learn(Execution(encode(program(("getpid",), ("pause",), ("getuid",))), blocked))
    assert coverage.made == {"getpid": 1}


def test_a_seed_draws_the_same_whatever_was_imported(tmp_path: Path) -> None:
    """Hypothesis takes constants from modules that it takes for the user's, if it is left to."""
    (tmp_path / "numbers_of_others.py").write_text(f"THEIRS = {[*range(1000)]}")
    program = (
        "import hashlib, sys; sys.path[:0] = sys.argv[1:3]; __import__(sys.argv[3]); "
        "from conformance.search.generate import Generator; made = Generator((), 5).batch(250); "
        "print(hashlib.sha256(repr([program for _, program in made]).encode()).hexdigest())"
    )
    drawn = {
        subprocess.run(
            [sys.executable, "-c", program, str(SOURCES), str(tmp_path), module],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for module in ("json", "numbers_of_others")
    }
    assert len(drawn) == 1
