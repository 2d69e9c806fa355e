"""What to run next: programs from Hypothesis, and variations of those that have shown something new.

There is no coverage of a kernel's code on most targets. What stands for it is what can be seen everywhere: which errno
a call ended with, which call made the resource that it used, and with which flags it was made.
"""

from __future__ import annotations

import random
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from conformance.programs.efforts import ignore_modules
from conformance.programs.execution import Execution, succeeded
from conformance.programs.harmful import is_allowed, neutralised
from conformance.programs.program import Program, Ref
from conformance.search.bind import Call, complete, is_a, makers, makes, plain_call, strays_of, wants
from conformance.search.observe import has_flags, looks
from conformance.search.sweep import sweep
from conformance.syscalls.machinery.call import Operation, Pseudo
from conformance.syscalls.machinery.choices import Choice
from conformance.syscalls.machinery.kinds import Flags
from conformance.syscalls.machinery.table import chapters, grammar
from conformance.syscalls.pseudo import URING

CALLS = 8
"""How many calls a program is drawn with, at most; those that make what they need come on top."""
LONG = 14
"""How many calls one that is composed has, at most: running a call more costs less than making a program more."""
DRAWN = 400
"""How many programs Hypothesis draws at a time, with the weights of that moment."""
VARIED = 0.5
"""The share of programs that are variations of earlier ones, once there are some."""
POOL = 4000
COMPOSED = 0.7
"""The share of fresh programs that are put together call by call, near to what is there; Hypothesis draws the rest."""
NEAR, SAME_CHAPTER = 0.5, 0.35
"""How often a call is one that uses what another one made, and one of the same chapter."""
PLAIN = 0.75
"""How often an argument is the plainest one: where most of them are odd, the call only fails."""
STRAY = 0.03
"""How often an argument that may be anything is a stray, where it has such."""
MADE_ODDLY = 0.3
"""The share of programs in which something that is used was made with flags."""
LOOKED_AT = 0.9
"""The share of programs that end with looks at what they have done."""
RARE = 60
"""Calls that were made fewer times than this are likelier to be drawn."""
SWEPT = 0.3
"""The share of programs that are of the plain pass, until it is over."""
ABOUT = 0.35
"""Where programs are about some calls: how often the next one is one of these."""

ONE_OF_MANY = 4
"""How many calls one counts as that has a label for what it is given, such as `sendto_route`: there are many such of a
few calls, which would else be drawn in the place of all others."""

Raw = tuple[Call, ...]


@dataclass(slots=True)
class Reached:
    """What has been met on the reference."""

    pairs: set[tuple[str, int]] = field(default_factory=set)
    """Call and errno; 0 for success."""
    made_by: set[tuple[str, str]] = field(default_factory=set)
    flags: set[tuple[str, int, int]] = field(default_factory=set)
    made: Counter[str] = field(default_factory=Counter)
    """How often each label was called."""
    succeeded: set[str] = field(default_factory=set)

    @property
    def calls(self) -> set[str]:
        """System calls that have succeeded at least once."""
        return {call for call, error in self.pairs if not error}

    def learn(self, execution: Execution) -> bool:
        """Take in what a program did; whether any of it is new."""
        new, program = False, execution.program
        for step, (result, _) in zip(program.steps, execution.outcome.results, strict=False):
            error = 0 if succeeded(result) else -result
            self.made[step.label] += 1
            new |= _add(self.pairs, (step.description.name, error))
            if not error:
                self.succeeded.add(step.label)
            for at, argument in enumerate(step.args):
                if isinstance(argument, Ref):
                    new |= _add(self.made_by, (step.label, program.steps[argument.step].label))
                elif isinstance(argument, int) and isinstance(step.description.parameters[at].kind, Flags):
                    new |= _add(self.flags, (step.label, at, argument)) and not error
        return new


def _add(
    to: set[tuple[object, ...]] | set[tuple[str, int]] | set[tuple[str, str]] | set[tuple[str, int, int]],
    what: tuple[object, ...],
) -> bool:
    if what in to:
        return False
    to.add(what)  # type: ignore[arg-type] # one of the kinds that the set holds
    return True


@cache
def _is_one_of_many(label: str) -> bool:
    """Whether its label alone tells what is meant, and no argument."""
    description = grammar()[label]
    return (isinstance(description, Pseudo) and description.kind == URING) or (
        isinstance(description, Operation) and not description.given
    )


class Generator:
    """Draws programs. The same seed and the same outcomes give the same programs."""

    def __init__(self, chosen: Iterable[str] = (), seed_: int = 0, about: Iterable[str] = ()) -> None:
        """`chosen` are chapters; none: all of them. `about` are calls of which every program has one at least.

        Raises ValueError for a chapter or a call that there is not, and for a call that no program makes.
        """
        labels = [label for label in grammar() if is_allowed(label)]
        known = {chapters()[label] for label in labels}
        wanted = set(chosen)
        if unknown := wanted - known:
            raise ValueError(f"there is no chapter {sorted(unknown)[0]}; the chapters are {', '.join(sorted(known))}")
        self.about = labels_of(about)
        """What programs are about; empty: everything."""
        if self.about and not wanted:
            wanted = {chapters()[label] for label in self.about}
        needed = {*self.about, *_makers_for(self.about)}
        self.labels = [label for label in labels if not wanted or chapters()[label] in wanted or label in needed]
        self.coverage = Reached()
        self.tiresome: Counter[str] = Counter()
        """Calls in which divergences have been found already, and how many: they are drawn less."""
        self._random = random.Random(seed_)  # noqa: S311 - reproducible on purpose
        self._drawn: deque[Raw] = deque()
        self._tried: Counter[str] = Counter()
        self._users: dict[str, list[str]] = {}
        self._makers: dict[str, list[str]] = {}
        self._strategies = {label: _strategy(label) for label in self.labels}
        self._pool: deque[Raw] = deque(self._chains(), maxlen=POOL)
        self._sweep = self._plain_pass()

    def batch(self, count: int) -> list[tuple[Raw, Program]]:
        """The next programs. None of them is empty."""
        found: list[tuple[Raw, Program]] = []
        while len(found) < count:
            if self._random.random() < SWEPT and (swept := next(self._sweep, None)):
                raw = swept
            elif self._pool and self._random.random() < VARIED:
                raw = self._vary(self._random.choice(self._pool))
            else:
                raw = self._draw()
            if self.about and not any(call.label in self.about for call in raw):
                raw = (*raw[: LONG - 1], self._about_call())
            if self._random.random() < MADE_ODDLY:
                raw = self._with_odd_maker(raw)
            seen = looks(raw, self._random) if self._random.random() < LOOKED_AT else ()
            program = neutralised(complete((*raw, *seen)))
            if any(step.label in self.about or not self.about for step in program.steps):
                found.append((raw, program))
        return found

    def learn(self, raw: Raw, execution: Execution) -> None:
        """Take in what a program did on the reference."""
        if self.coverage.learn(execution):
            self._pool.append(raw)

    def _chains(self) -> Iterator[Raw]:
        """Known sequences of calls that belong together, as far as they may be generated."""
        for chain in sequences():
            if all(label in self._strategies for label in chain):
                yield tuple(map(plain_call, chain))

    def _plain_pass(self) -> Iterator[Raw]:
        """Every choice of every argument by itself, those of flags first. In no order beside: a search that is ended
        has met some of all calls."""
        calls = list(sweep(self.labels))
        self._random.shuffle(calls)
        calls.sort(key=has_flags, reverse=True)
        for call in calls:
            yield (call,)

    # -- fresh ones

    def _draw(self) -> Raw:
        if self._random.random() < COMPOSED:
            calls: list[Call] = []
            for _ in range(self._random.randint(3, LONG)):
                calls.append(self._any_call(calls))
            return tuple(calls)
        if not self._drawn:
            self._drawn.extend(self._programs(DRAWN))
        return self._drawn.popleft()

    def _programs(self, count: int) -> list[Raw]:
        """Programs from Hypothesis: about one chapter each, or about everything."""
        by_chapter: dict[str, list[str]] = {}
        for label in self.labels:
            by_chapter.setdefault(chapters()[label], []).extend([label] * self._weight(label))
        everything = [label for labels in by_chapter.values() for label in labels]
        one = {
            chapter: st.sampled_from(labels).flatmap(self._strategies.__getitem__)
            for chapter, labels in by_chapter.items()
        }
        anything = st.sampled_from(everything).flatmap(self._strategies.__getitem__)
        # Larger chapters are drawn more often, and everything together a quarter of the time.
        themes = [theme for chapter, theme in one.items() for _ in range(1 + len(set(by_chapter[chapter])) // 8)]
        themes += [anything] * (1 + len(themes) // 3)
        programs = st.sampled_from(themes).flatmap(lambda theme: st.lists(theme, min_size=1, max_size=CALLS))
        found: list[Raw] = []
        ignore_modules()  # a seed draws the same, whatever else was imported

        @seed(self._random.getrandbits(64))
        @settings(
            max_examples=count,
            phases=[Phase.generate],
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(programs)
        def collect(drawn: list[Call]) -> None:
            found.append(tuple(drawn))

        collect()
        self._random.shuffle(found)
        return found

    def _weight(self, label: str) -> int:
        """How likely a call is to be drawn: more where little is known of it, less where it was found to differ."""
        if self.tiresome[label] > 3:
            return 1
        made = self.coverage.made[label]
        if _is_one_of_many(label):
            made *= ONE_OF_MANY
        if label not in self.coverage.succeeded:
            return 8 if made < RARE else 2 if made < RARE * 4 else 1
        return 6 if made < RARE else 4

    # -- variations

    def _vary(self, raw: Raw) -> Raw:
        """Change a few things: an argument, a call more, a call less, two programs in one."""
        calls = list(raw)
        for _ in range(self._random.choice((1, 1, 2, 3))):
            match self._random.randrange(8):
                case 0 | 1 | 2 if calls:
                    self._another_argument(calls)
                case 3 | 4:
                    calls.insert(self._random.randint(0, len(calls)), self._any_call(calls))
                case 5 if len(calls) > 1:
                    del calls[self._random.randrange(len(calls))]
                case 6 if calls:
                    calls.append(self._random.choice(calls))
                case _:
                    other = self._random.choice(self._pool)
                    cut = self._random.randint(0, len(calls))
                    calls = [*calls[:cut], *other[self._random.randint(0, len(other)) :]]
        return tuple(calls[: CALLS * 3 // 2]) or (self._any_call(calls),)

    def _another_argument(self, calls: list[Call]) -> None:
        at = self._random.randrange(len(calls))
        call = calls[at]
        if call.args:
            which = self._random.randrange(len(call.args))
            choices = grammar()[call.label].parameters[which].choices
            value = choices[0] if self._random.random() < 1 - PLAIN else self._random.choice(choices)
            calls[at] = Call(call.label, (*call.args[:which], value, *call.args[which + 1 :]))

    def _any_call(self, beside: Sequence[Call]) -> Call:
        """A call that goes with those that are there, more often than not; most of its arguments are plain."""
        if self.about and self._random.random() < ABOUT:
            return self._about_call()
        labels: Sequence[str] = self.labels
        if beside:
            other, kin = self._random.choice(beside).label, self._random.random()
            if kin < NEAR:
                labels = self._users_of(other) or labels
            elif kin < NEAR + SAME_CHAPTER:
                labels = self._of_chapter(chapters()[other]) or labels
        label = self._seldom(labels)
        if self.tiresome[label] > 3:
            label = self._seldom(self.labels)
        return self._tried_call(label)

    def _about_call(self) -> Call:
        """One of the calls that programs are about."""
        return self._tried_call(self._seldom(self.about))

    def _tried_call(self, label: str) -> Call:
        self._tried[label] += ONE_OF_MANY if _is_one_of_many(label) else 1
        parameters = grammar()[label].parameters
        odd = self._random.randrange(len(parameters)) if parameters else 0
        return self._call(label, odd)

    def _call(self, label: str, odd: int) -> Call:
        """A call of which one argument may be anything, and the others mostly are plain."""
        parameters = grammar()[label].parameters
        args = [self._argument(each.choices, at == odd) for at, each in enumerate(parameters)]
        if parameters and (strays := strays_of(label)[odd]) and self._random.random() < STRAY:
            args[odd] = self._random.choice(strays)
        return Call(label, tuple(args))

    def _argument(self, choices: Sequence[Choice], odd: bool) -> Choice:
        return self._random.choice(choices) if odd or self._random.random() > PLAIN else choices[0]

    def _seldom(self, labels: Sequence[str]) -> str:
        """One of three that was picked the least, so that none is left out; what others needed does not count."""
        return min((self._random.choice(labels) for _ in range(3)), key=lambda label: self._tried[label])

    def _with_odd_maker(self, raw: Raw) -> Raw:
        """The same, with a call before one of them that makes what it uses, and that with flags: what is made for want
        of anything else is plain."""
        at = self._random.randrange(len(raw)) if raw else 0
        families = sorted(wants(raw[at].label)) if raw else []
        makers = self._makers_of(self._random.choice(families)) if families else []
        if not makers:
            return raw
        label = self._random.choice(makers)
        parameters = grammar()[label].parameters
        flags = [index for index, each in enumerate(parameters) if isinstance(each.kind, Flags)]
        odd = self._random.choice(flags or range(len(parameters) or 1))
        return (*raw[:at], self._call(label, odd), *raw[at:])

    def _makers_of(self, family: str) -> list[str]:
        """Calls that make what counts as one of a family."""
        if family not in self._makers:
            self._makers[family] = [
                each for each in self.labels if any(is_a(made.family, family) for made in makes(each))
            ]
        return self._makers[family]

    def _users_of(self, label: str) -> list[str]:
        """Calls that use what a call makes."""
        if label not in self._users:
            made = [each.family for each in makes(label)]
            self._users[label] = [
                each for each in self.labels if any(is_a(family, wanted) for family in made for wanted in wants(each))
            ]
        return self._users[label]

    def _of_chapter(self, chapter: str) -> list[str]:
        return [label for label in self.labels if chapters()[label] == chapter]


def sequences() -> list[tuple[str, ...]]:
    """Calls that mean most after one another, by label."""
    return [(*before, label) for label, each in grammar().items() for before in each.facts.after]


def labels_of(calls: Iterable[str]) -> tuple[str, ...]:
    """The descriptions of system calls, given by name, or by a description's own. Raises ValueError."""
    found: list[str] = []
    for call in calls:
        labels = [label for label, each in grammar().items() if call in (label, each.name)]
        if not labels:
            names = {name for label, each in grammar().items() for name in (label, each.name)}
            near = get_close_matches(call, sorted(names))
            raise ValueError(f"there is no call {call}" + (f"; did you mean {', '.join(near)}?" if near else ""))
        able = [label for label in labels if is_allowed(label)]
        if not able:
            raise ValueError(f"{call} is a call that no program makes: it {grammar()[labels[0]].facts.never}")
        found += able
    return tuple(dict.fromkeys(found))


def _makers_for(labels: Iterable[str]) -> set[str]:
    """Whatever makes the resources that calls need, and what those need in turn."""
    found: set[str] = set()
    waiting = list(labels)
    while waiting:
        able = {maker for family in wants(waiting.pop()) for maker in makers(family)} - found
        found |= able
        waiting += able
    return found


def _strategy(label: str) -> st.SearchStrategy[Call]:
    """Calls of one description with any of its arguments' choices."""
    args = [parameter.strategy() for parameter in grammar()[label].parameters]
    return st.tuples(*args).map(lambda drawn: Call(label, tuple(drawn)))
