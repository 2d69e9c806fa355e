"""What a target does not know at all (ENOSYS), and whether the case took notice.

A case that is told ENOSYS and asks for it handles that; one that holds the answer against another errno, or against
what a success gives, has found that a feature is absent and not that the target breaks a promise. So what such a call
gives back are numbers that remember being looked at, and a case that fails afterwards is `missing`.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.syscalls.help.child import Child

MOST_ANSWERS = 1000
"""How many unknown calls of a process are kept in mind: a loop may make many more."""


class Missing(Exception):
    """The target lacks a feature that a case is about. Not a failure, not a skip: a verdict of its own."""


@dataclass(slots=True, eq=False)
class Answer:
    """That a call said ENOSYS, and what was made of it."""

    call: str
    looked_at: bool = False
    """Whether its result or its errno was held against anything."""
    recognised: bool = False
    """Whether it was found to be ENOSYS."""

    @property
    def reason(self) -> str:
        """For the verdict `missing`."""
        return f"{self.call}: ENOSYS"


class Telltale(int):
    """A number that comes from an unknown call: its result, its errno, or the exit status that a child made of that."""

    answer: Answer

    def __new__(cls, value: int, answer: Answer) -> Telltale:
        self = super().__new__(cls, value)
        self.answer = answer
        return self

    def __eq__(self, other: object) -> bool:
        self.answer.looked_at = True
        equal = int.__eq__(self, other) if isinstance(other, int) else False
        if equal and int(self) == errno.ENOSYS and not isinstance(other, Telltale):
            self.answer.recognised = True
        return equal

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:  # where it is looked for in a set, it may be compared with nothing
        self.answer.looked_at = True
        return super().__hash__()

    def __bool__(self) -> bool:
        self.answer.looked_at = True
        return super().__bool__()

    def __neg__(self) -> int:
        self.answer.looked_at = True
        return super().__neg__()

    def __lt__(self, other: int) -> bool:
        self.answer.looked_at = True
        return super().__lt__(other)

    def __le__(self, other: int) -> bool:
        self.answer.looked_at = True
        return super().__le__(other)

    def __gt__(self, other: int) -> bool:
        self.answer.looked_at = True
        return super().__gt__(other)

    def __ge__(self, other: int) -> bool:
        self.answer.looked_at = True
        return super().__ge__(other)


@dataclass(slots=True, eq=False)
class Witness:
    """What one process of a case has been told by ENOSYS, and the children that it made."""

    answers: list[Answer] = field(default_factory=list)
    children: list[Child] = field(default_factory=list)

    def told(self, call: str) -> Answer:
        """A call has said ENOSYS."""
        answer = Answer(call)
        if len(self.answers) < MOST_ANSWERS:
            self.answers.append(answer)
        return answer

    def reason(self) -> str | None:
        """What is absent, if a failure of this process is to be put down to that; None where nothing says so.

        An unknown call whose outcome nobody looked at was not needed, and one that was recognised is not to blame. What
        a child lacked is told by it, whatever its parent made of its exit status.
        """
        for answer in self.answers:
            if answer.looked_at and not answer.recognised:
                return answer.reason
        for child in self.children:
            if child.lacked:
                return child.lacked
            if child.status_of and not child.waited_for:
                return Answer(child.status_of).reason
        return None


_witness: ContextVar[Witness | None] = ContextVar("witness", default=None)


@contextmanager
def witnessing() -> Iterator[Witness]:
    """Keep in mind what the calls inside are told by ENOSYS. Without it they give back plain numbers."""
    witness = Witness()
    token = _witness.set(witness)
    try:
        yield witness
    finally:
        _witness.reset(token)


def witness_here() -> Witness | None:
    """Who keeps it in mind, if anybody does."""
    return _witness.get()


def with_telltales(call: str, result: int, error: int) -> tuple[int, int]:
    """A call's result and errno, as a case gets them."""
    witness = _witness.get()
    if error != errno.ENOSYS or witness is None:
        return result, error
    answer = witness.told(call)
    return Telltale(result, answer), Telltale(error, answer)


def refusal(call: str, error: int) -> OSError:
    """The error that a call raises when the kernel refuses it."""
    _, number = with_telltales(call, -1, error)
    raised = OSError(number, f"{call}: {os.strerror(error)}")
    if isinstance(number, Telltale):
        number.answer.looked_at = False  # Python did, for the error's class
    return raised


def what_is_absent(error: BaseException) -> str | None:
    """What the target lacks, if that is why an uncaught error was raised; None where it is a failure.

    Several errors at once (Hypothesis reports all that it found) are absence only if each is.
    """
    if isinstance(error, BaseExceptionGroup):
        reasons = [_told_by(each) for each in error.exceptions]
        told = reasons[0] if all(reasons) else None
    else:
        told = _told_by(error)
    witness = _witness.get()
    return told or (witness.reason() if witness else None)


def _told_by(error: BaseException) -> str | None:
    """What an error itself says, or one of those that it was raised for or while they were handled."""
    seen: set[int] = set()
    at: BaseException | None = error
    while at is not None and id(at) not in seen:
        seen.add(id(at))
        if isinstance(at, Missing):
            return str(at)
        if isinstance(at, OSError) and at.errno is not None:
            # One that was recognised and let through all the same is what the case says; in the past it was handled.
            answer = at.errno.answer if isinstance(at.errno, Telltale) else None
            if int(at.errno) == errno.ENOSYS and (at is error or answer is None or not answer.recognised):
                return str(at)
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)
    return None
