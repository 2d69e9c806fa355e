"""Which programs are remembered of each fact."""

from __future__ import annotations

from conformance.programs.notation.parse import parse_program
from conformance.search.bind import complete, plain_call
from conformance.search.distill.facts import ACCEPTED, Fact, Goal, Sort, goals
from conformance.search.distill.gathering import KEPT, Gathered, cost, odd, programs_of, run_trials, search
from conformance.search.distill.surroundings import surroundings
from conformance.search.distill.trials import Trial, trials
from conformance.search.generate import Generator
from tests.conformance.search.distill.native_lane import ENOENT, NOWHERE, OPEN, given, native, run_of
from tests.conformance.search.native import needs_executor

EBADF = -9
EINVAL = -22
NO_ENTRY = Fact(Goal("openat", Sort.ERRNO, ("ENOENT",)), "ENOENT")
PLAIN = Trial((plain_call("openat"),), plain=True)


def answered(*several: tuple[Trial, tuple[int, ...]]) -> Gathered:
    """What is known after trials with these results."""
    gathered = Gathered(set())
    for trial, results in several:
        gathered.answer(trial, run_of(complete(trial.calls), *results))
    return gathered


def of_flag(value: int = 0x200) -> Trial:
    """A trial of O_EXCL."""
    goal = Goal("openat", Sort.FLAG, ("flags", "O_EXCL"))
    return Trial((plain_call("openat", flags=value),), goal, "flags")


def test_the_smallest_programs_are_remembered() -> None:
    gathered = Gathered(set())
    sizes = (5, 3, 1, 4, 2)
    for size in sizes:
        gathered.learn(given("\n".join([OPEN] * (size - 1) + [NOWHERE]), *[0] * (size - 1), ENOENT))
    assert [len(each.program.steps) for each in gathered.found[NO_ENTRY]] == [1, 2, 3]
    assert KEPT == 3


def test_a_program_is_cut_behind_the_call_that_shows_the_fact() -> None:
    gathered = Gathered(set())
    gathered.learn(given(f"{NOWHERE}\n{OPEN}\n{OPEN}", ENOENT, 0, 1))
    assert gathered.found[NO_ENTRY][0].program == parse_program(NOWHERE)


def test_one_program_is_remembered_once() -> None:
    gathered = Gathered(set())
    for _ in range(3):
        gathered.learn(given(NOWHERE, ENOENT))
    assert len(gathered.found[NO_ENTRY]) == 1


def test_an_answer_to_a_question_is_a_fact() -> None:
    gathered = answered((PLAIN, (0,)), (of_flag(), (EINVAL,)))
    goal = of_flag().goal
    assert goal is not None
    assert Fact(goal, "EINVAL") in gathered.found
    assert goal in gathered.met


def test_a_flag_that_is_refused_says_nothing_where_the_plain_call_is_refused_too() -> None:
    gathered = answered((PLAIN, (EINVAL,)), (of_flag(), (EINVAL,)))
    assert of_flag().goal not in gathered.met


def test_a_question_has_no_answer_where_what_comes_before_has_failed() -> None:
    goal = Goal("lseek", Sort.DESCRIPTOR, ("lseek", "fd", "file"))
    trial = Trial((plain_call("lseek"),), goal)
    assert goal not in answered((trial, (ENOENT, EBADF))).met
    assert goal in answered((trial, (0, 0))).met


def test_an_argument_answers_with_an_errno_that_the_plain_call_does_not_have() -> None:
    odd_path = Trial((plain_call("openat", path=0),), odd="path")
    about = ("openat", "path", "EFAULT")
    fact = Fact(Goal("openat", Sort.ARGUMENT, about), "EFAULT")
    assert fact in answered((PLAIN, (0,)), (odd_path, (-14,))).found
    assert fact not in answered((PLAIN, (-14,)), (odd_path, (-14,))).found
    assert not any(each.goal.sort is Sort.ARGUMENT for each in answered((PLAIN, (0,)), (odd_path, (0,))).found)


def test_what_a_plain_call_shows_is_preferred_to_a_smaller_program() -> None:
    gathered = Gathered(set())
    small = given("lseek(3, 0, 0)", 0)
    gathered.learn(small)
    trial = Trial((plain_call("lseek"),), plain=True)
    gathered.answer(trial, run_of(complete(trial.calls), 0, 0))
    first, second = gathered.found[Fact(Goal("lseek", Sort.CALL), ACCEPTED)]
    assert (first.asked, len(first.program.steps)) == (True, 2)
    assert second.program == small.program


def test_odd_arguments_are_those_that_are_not_the_plainest() -> None:
    assert odd(parse_program(OPEN).steps[0]) == ()
    assert odd(parse_program(NOWHERE).steps[0]) == ("path",)
    assert odd(complete([plain_call("lseek", fd=-1)]).steps[-1]) == ("fd",)
    assert odd(complete([plain_call("lseek")]).steps[-1]) == ()
    assert odd(complete([plain_call("write")]).steps[-1]) == ()


def test_a_program_costs_by_its_calls_then_by_its_surroundings() -> None:
    assert cost(parse_program(OPEN)) < cost(parse_program(NOWHERE)) < cost(parse_program(f"{OPEN}\n{OPEN}"))
    assert cost(parse_program("getpid()")) < cost(parse_program("unshare(CLONE_NEWNET)"))


def test_a_trial_whose_last_call_may_not_be_made_so_is_left_out() -> None:
    tamed = Trial((plain_call("kill", pid=-1),), odd="pid")
    assert list(programs_of([tamed])) == []
    assert len(list(programs_of([PLAIN, PLAIN]))) == 1


@needs_executor
def test_trials_and_a_search_meet_what_linux_does() -> None:
    told = []
    gathered = Gathered(goals(["dup", "lseek"]))
    with native() as lane:
        run_trials([lane], trials(["lseek"]), gathered, lambda: told.append(0))
        run_trials([lane], surroundings(["dup"]), gathered, lambda: told.append(0))
        asked = gathered.programs
        rounds = iter((True, False))
        search([lane], Generator(seed_=1), gathered, lambda: next(rounds), lambda: told.append(0))
    assert gathered.programs > asked
    assert len(told) == gathered.programs
    shown = {(fact.goal.call, fact.said) for fact in gathered.found}
    assert {("lseek", "ESPIPE"), ("lseek", "EINVAL"), ("lseek", "EBADF"), ("dup", "EMFILE"), ("dup", ACCEPTED)} <= shown


@needs_executor
def test_a_search_ends_when_everything_is_known() -> None:
    gathered = Gathered({Goal("openat", Sort.CALL)})
    gathered.learn(given(OPEN, 0))
    with native() as lane:
        search([lane], Generator(seed_=1), gathered, lambda: True, lambda: None)
    assert gathered.programs == 1
