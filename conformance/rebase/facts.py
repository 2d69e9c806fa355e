"""What two kernels do otherwise, fact by fact: a call that is refused now, an entry that is not there any more.

Many cases may see the same fact; it is one, with its witnesses. A fact has signs, lines of text by which the table of
options knows it: `call socket(AF_PACKET, SOCK_RAW, 0) = -1 EAFNOSUPPORT`, `entry /proc/sys/fs/mqueue`.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from conformance.matrix.attempts import Attempts, attempts_of
from conformance.matrix.causes import introduced, since
from conformance.matrix.compare import Difference, difference
from conformance.matrix.history import BEFORE, Change, Diff, Moved
from conformance.matrix.versions import series
from conformance.model import Expectation, Outcome, Step
from conformance.syscalls.machinery.call import errno_name
from conformance.syscalls.machinery.show import shown
from conformance.syscalls.machinery.table import numbers, operations
from conformance.text import one_line

NOTHING = "nothing"
"""What is said of an entry that is not there."""
GONE = {
    NOTHING,
    *("ENOSYS", "ENODEV", "ENOENT", "EAFNOSUPPORT", "EPROTONOSUPPORT", "ESOCKTNOSUPPORT", "EPFNOSUPPORT"),
    *("EOPNOTSUPP", "ENOTSUP", "ENOPROTOOPT", "ENXIO", "ENOTTY"),
}
"""What is observed of something that is not there: an error that says so, or nothing."""
BUILT_IN, MODULE = "built in", "module "
"""What a survey says of something that is there by itself, and of what has come by a module."""
BY_ARGUMENT = {"mount": 2, "fsopen": 0, "openat": 1, "open": 0, "openat2": 1}
"""Calls that are about what one of their arguments names, by the place of that."""
BY_CONSTANT = {"socket", "socketpair", "setsockopt", "getsockopt", "ioctl"}
"""Calls that are about what a constant names, beside those whose operations are described."""
ERRNO = re.compile(r"E[A-Z0-9]+")
CONSTANT = re.compile(r"\b[A-Z][A-Z0-9_]{3,}\b")
SAME_NUMBERS = 424
"""From pidfd_send_signal(2) on, a call has the same number on all machines (Linux 5.1)."""


class Effect(StrEnum):
    """What a fact means for those who had the older kernel, the gravest first."""

    LOST = "lost"
    CHANGED = "changed"
    GAINED = "gained"


@dataclass(frozen=True, slots=True)
class RebaseFact:
    """One thing that the newer kernel does otherwise."""

    kind: Effect
    what: str
    """In one line, as somebody who tries it sees it."""
    signs: tuple[str, ...]
    witnesses: tuple[str, ...]
    """The cases that have seen it."""
    since: str = ""
    """The release that brought it, where that explains it."""
    accepted: Expectation | None = None
    """Who has accepted it, in all its witnesses."""

    @property
    def subject(self) -> str:
        """What it is about: a file of which a key is another, a call whatever way it was made; else itself."""
        first = self.signs[0] if self.signs else ""
        if first.startswith("entry "):
            return " ".join(first.split(" ")[:2])
        called = next((each for each in self.signs if each.endswith("()")), "")
        return called if first.startswith("number ") and called else self.what


Accepted = Callable[[str], Expectation | None]


def facts_of(diff: Diff, accepted: Accepted = lambda _: None) -> list[RebaseFact]:
    """The facts in what has moved, the gravest first; those of which two cases tell are one.

    What is lost or flaky evidence is no fact. `accepted`: who has accepted what a case does on the newer kernel.
    """
    seen: dict[tuple[Effect, str], list[RebaseFact]] = {}
    for moved in diff.moved:
        if moved.change not in (Change.LOST, Change.FLAKY, Change.DEATH):
            for fact in _of_case(diff, moved, accepted(moved.case)):
                seen.setdefault((fact.kind, fact.what), []).append(fact)
    found = [_merged(facts) for facts in seen.values()]
    return sorted(found, key=lambda each: (list(Effect).index(each.kind), each.what))


def _merged(facts: Sequence[RebaseFact]) -> RebaseFact:
    first = facts[0]
    signs = tuple(dict.fromkeys(sign for each in facts for sign in each.signs))
    witnesses = tuple(dict.fromkeys(case for each in facts for case in each.witnesses))
    accepted = first.accepted if all(each.accepted for each in facts) else None
    brought = next((each.since for each in facts if each.since), "")
    return RebaseFact(first.kind, first.what, signs, witnesses, brought, accepted)


def _of_case(diff: Diff, moved: Moved, accepted: Expectation | None) -> Iterator[RebaseFact]:
    was, now = (attempts_of(side.record, moved.case) for side in (diff.before, diff.after))
    if now.death or was.death:
        dies = now if now.death else was
        kind = Effect.LOST if now.death else Effect.GAINED
        what = f"{moved.case} {dies.outcome}: {dies.message}{'' if now.death else f', {BEFORE}'}"
        yield RebaseFact(kind, one_line(what), (), (moved.case,), accepted=accepted)
        return
    found = difference(was.speaking, now.speaking, BEFORE)
    if found is not None and found.step is None and was.outcome is now.outcome:
        for fact in _of_observations(moved.case, was, now, accepted):
            yield replace(fact, since=_brought(fact, diff)) if fact.kind is Effect.GAINED else fact
        return
    titles = {info.id: info.title for info in diff.before.record.cases}
    newer = series(diff.before.release) < series(diff.after.release)
    title, of = titles.get(moved.case, ""), series(diff.before.release)
    brought = introduced(was, title, of) if newer and was.results and not was.passed else ""
    yield _of_call(moved, was, now, found, brought, accepted)


def _brought(fact: RebaseFact, diff: Diff) -> str:
    """The release between the two that first had a call whose number a survey found."""
    calls = (sign.removeprefix("call ").removesuffix("()") for sign in fact.signs if sign.startswith("call "))
    found = next((release for each in calls if (release := since(each))), "")
    between = series(diff.before.release) < series(found) <= series(diff.after.release)
    return found if found and between else ""


def _of_call(
    moved: Moved, was: Attempts, now: Attempts, found: Difference | None, brought: str, accepted: Expectation | None
) -> RebaseFact:
    """The fact of a case that ends otherwise, or makes its calls with another outcome."""
    at = found.step if found else None
    steps = [side.said.steps[at] if at is not None and at < len(side.said.steps) else None for side in (was, now)]
    before, after = steps
    if before and after and before.call == after.call and before.errno != after.errno:
        kind = _by_change(moved, _word(before), _word(after))
        what = _about(f"{_call(after)}: {_outcomes(before, after)}", after.call, was, now)
    else:
        kind, what = _by_change(moved, "", ""), _told(moved, was, now, found)
    words = [f"says {one_line(side.message)}" for side in (was, now) if side.outcome is not Outcome.PASSED]
    signs = [*(f"call {shown(replace(step, process=0))}" for step in steps if step), *words]
    return RebaseFact(kind, one_line(what), tuple(dict.fromkeys(signs)), (moved.case,), brought, accepted)


def _about(what: str, call: str, was: Attempts, now: Attempts) -> str:
    """What a call did, with what the case is about, where it says in its own words what the one of the two lacks."""
    lacking = now if now.lacks else was if was.lacks else None
    said = lacking.message if lacking else ""
    return f"{said} ({what})" if said and call not in said else what


def _told(moved: Moved, was: Attempts, now: Attempts, found: Difference | None) -> str:
    """What has changed, in words, where no call with two outcomes says it."""
    if now.lacks and not was.lacks:
        return f"missing: {now.message}"
    if was.lacks and not now.lacks:
        return f"there, {BEFORE} missing: {was.message}"
    if found and found.step is not None:
        return found.message
    return moved.message or f"{moved.case} {moved.before} → {moved.after}"


def _by_change(moved: Moved, before: str, after: str) -> Effect:
    if moved.change is Change.REGRESSION:
        return Effect.LOST
    if moved.change is Change.GAIN:
        return Effect.GAINED
    return _of_values(before, after)


def _of_values(before: str, after: str) -> Effect:
    """What it means that something was observed to be so, and is so now."""
    if _presence(before) == _presence(after):
        return Effect.CHANGED
    return Effect.LOST if _presence(before) > _presence(after) else Effect.GAINED


def _presence(value: str) -> int:
    """How much something is there: not even asked about, not at all, by a module, refused, as it should be."""
    if value in (NOTHING, "ENOSYS"):
        return 0
    if value in GONE or value.startswith(MODULE):
        return 1 if value in GONE else 2
    return 3 if ERRNO.fullmatch(value) else 4


def _outcomes(before: Step, after: Step) -> str:
    """How a call ended on both. Where it is not there at all on one, all that the other says of it is one fact."""
    if errno.ENOSYS in (before.errno, after.errno):
        return "ENOSYS" if after.errno == errno.ENOSYS else f"there, {BEFORE} ENOSYS"
    return f"{_word(after)}, {BEFORE} {_word(before)}"


def _word(step: Step) -> str:
    return errno_name(step.errno) if step.errno else "success"


def _call(step: Step) -> str:
    """A call with what it is about."""
    if (at := BY_ARGUMENT.get(step.call)) is not None and at < len(step.args) and isinstance(step.args[at], str):
        return f"{step.call} {str(step.args[at]).rstrip(chr(0))}"
    if step.call not in BY_CONSTANT and step.call not in operations():
        return step.call
    constants = CONSTANT.findall(shown(replace(step, outs={})).partition(") = ")[0])[:2]
    return " ".join([step.call, *constants])


# -- what surveys observe


@dataclass(frozen=True, slots=True)
class Lister:
    """A case that lists what a kernel shows: what an observation of it is called."""

    case: re.Pattern[str]
    called: Callable[[re.Match[str], str], tuple[str, ...]]
    """By the case and the observation's name: its signs, of which the first is its name."""


def _number(case: re.Match[str], name: str) -> tuple[str, ...]:
    way = case["way"]
    found = [f"number {way} {name}"]
    if way != "int80" or (name.isdecimal() and int(name) >= SAME_NUMBERS):
        found += [f"call {call}()" for call, number in numbers("x86_64").items() if f"{number:03}" == name]
    return tuple(found)


def _named(prefix: str) -> Callable[[re.Match[str], str], tuple[str, ...]]:
    return lambda _, name: (f"{prefix} {name}",)


LISTINGS = tuple(
    Lister(re.compile(rf"survey/{case}"), called)
    for case, called in {
        r"test_calls\.py::test_numbers(_that_could_harm)?\[(?P<way>\w+)\]": _number,
        r"test_entries\.py::.*": _named("entry"),
        r"test_mechanisms\.py::test_(file_systems|mount_options)": _named("file system"),
        r"test_mechanisms\.py::test_controllers_of_control_groups": _named("controller"),
        r"test_mechanisms\.py::test_security_modules": _named("security module"),
        r"test_protocols\.py::test_families": _named("family"),
        r"test_protocols\.py::test_protocols_of_ip": _named("protocol"),
        r"test_protocols\.py::test_protocols_of_netlink": _named("netlink"),
        r"test_protocols\.py::test_congestion_controls": _named("congestion control"),
        r"test_protocols\.py::test_crypto": _named("algorithm"),
        r"test_modules\.py::test_modules_of_file_systems": _named("file system"),
        r"test_modules\.py::test_modules_of_families": _named("family"),
        r"test_modules\.py::test_modules_of_links": _named("link"),
        r"test_modules\.py::test_modules_of_expressions": _named("expression"),
    }.items()
)
"""The cases of the survey, each with what it lists."""


def _of_observations(case: str, was: Attempts, now: Attempts, accepted: Expectation | None) -> Iterator[RebaseFact]:
    older, newer = was.said.observations, now.said.observations
    normal = dict(was.speaking.observations), dict(now.speaking.observations)
    for name in sorted({*normal[0], *normal[1]}):
        if normal[0].get(name) == normal[1].get(name):
            continue
        before, after = (one_line(str(each.get(name, NOTHING))) for each in (older, newer))
        signs = _signs(case, name)
        what = f"{signs[0]}: {after}, {BEFORE} {before}"
        yield RebaseFact(_of_values(before, after), one_line(what), signs, (case,), accepted=accepted)


def _signs(case: str, name: str) -> tuple[str, ...]:
    for listing in LISTINGS:
        if match := listing.case.fullmatch(case):
            return listing.called(match, name)
    return (f"observation {name} of {case}",)
