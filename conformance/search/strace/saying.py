"""From the calls of a log to calls of programs; references count all calls that are said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from conformance.programs.notation.errors import NotationError
from conformance.search.strace.call import OneCall, refusal
from conformance.search.strace.knowledge import Knowledge, SaidCall
from conformance.search.strace.left import Left, Unsaid
from conformance.search.strace.lines import Traced
from conformance.search.strace.paths import TreeNames, survey
from conformance.search.strace.values import Arguments, arguments
from conformance.text import one_line


def say(calls: Sequence[Traced]) -> tuple[list[SaidCall], list[Left]]:
    """All calls of a log that can be said, and those that cannot."""
    known = Knowledge(TreeNames(survey((call, given.values) for call, given in _readable(calls, []))))
    left: list[Left] = []
    for call, given in _readable(calls, left):
        one = OneCall(known, call, given)
        try:
            said = one.said()
        except (Unsaid, NotationError) as error:
            why = error.message if isinstance(error, NotationError) else str(error)
            left.append(Left(call.line, call.name, one_line(why)))
            known.follow(call, given.values, None)
        else:
            known.follow(call, given.values, said, one.first)
    return known.said, left


def _readable(calls: Sequence[Traced], left: list[Left]) -> Iterator[tuple[Traced, Arguments]]:
    """Calls with their arguments; those that cannot be read are `left`. Arguments are large: none are kept."""
    for call in calls:
        try:
            given = arguments(call.args)
        except Unsaid as error:
            left.append(Left(call.line, call.name, refusal(call.name) or one_line(str(error))))
        else:
            yield call, given
