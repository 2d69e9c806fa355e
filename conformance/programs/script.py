"""Scripts: what a model wants called, as one program, and what it says of the answers once they are there.

A model says at once what is called, with which arguments; what it predicts of an answer it says in a function that is
called, in order, when the program has been run. So whatever decides which call comes next must be known beforehand,
and what is known only of an answer, such as how much a write took, belongs into such a function.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial, reduce
from operator import or_
from typing import ParamSpec, cast

from conformance.programs.execution import Execution, succeeded
from conformance.programs.harmful import reduced, touched_by
from conformance.programs.program import Argument, Memory, Program, ProgramCall, Ref, bytes_of
from conformance.programs.wire import Encoded, State, encode, kept_at, whole
from conformance.syscalls.files.opening import close
from conformance.syscalls.files.vectors import Vector
from conformance.syscalls.machinery.absence import with_telltales
from conformance.syscalls.machinery.buffers import Buffer, Struct
from conformance.syscalls.machinery.call import Syscall, errno_name
from conformance.syscalls.machinery.show import shown
from conformance.syscalls.machinery.touches import PROCESS, Touches
from conformance.syscalls.machinery.world import DATA, DATA_BYTES, FILES

P = ParamSpec("P")
MOST_CALLS = 4000
"""Calls of one script: the executor takes a few more."""
MOST_OUT = 6 << 20
"""Bytes that the calls of a script may put out before it is full; the executor takes two MiB more."""
MOST_LINES, LONGEST_LINE = 40, 160
"""How much is told of a script in which something was wrong: calls, and characters of each."""
LARGEST_OUT = 0xFFFF
"""How much of one buffer comes back, in bytes."""


class ScriptError(Exception):
    """A script could not be run, and nothing is known of what its calls do. One sentence."""


class Reply:
    """What a call of a script has said. There is nothing to ask before the script was run."""

    __slots__ = ("_said", "_written", "at")

    def __init__(self, at: int) -> None:
        self.at = at
        """The call's place in its script."""
        self._said: tuple[int, int] | None = None
        self._written: dict[str, bytes] = {}

    @property
    def said(self) -> tuple[int, int]:
        """Result and errno, as `Syscall.result_of` has them."""
        assert self._said is not None, "the call was not made yet: ask for its answer in what `then` is given"
        return self._said

    @property
    def result(self) -> int:
        """-1 where it failed."""
        return self.said[0]

    @property
    def error(self) -> int:
        """0 where it succeeded."""
        return self.said[1]

    @property
    def resource(self) -> int:
        """What the call will have returned, to be passed to a later call of the script: nobody else can read it."""
        return cast("int", Ref(self.at))

    def written(self, path: str) -> bytes:
        """What is in memory that other memory points to, by the way there: `1.0` is where argument 1 points at 0."""
        return self._written[path]

    def hear(self, name: str, result: int, written: dict[str, bytes]) -> None:
        """The script was run."""
        plain = (result, 0) if succeeded(result) else (-1, -result)
        self._said, self._written = with_telltales(name, *plain), written


@dataclass(frozen=True, slots=True)
class _Called:
    answer: Reply
    outs: tuple[tuple[str, Buffer | Struct], ...]
    """Whose content is to be what the call has left there."""


@dataclass(slots=True)
class Script:
    """A program that is being written. Memory of one call is not there any more at the next."""

    steps: list[ProgramCall] = field(default_factory=list)
    open: set[int] = field(default_factory=set)
    """The fds that are open, as far as the model knows: a program begins without any."""
    kept: bytes = b""
    """What lies in memory at every call, from `keep` on."""
    judged: int = 0
    """How many calls have been judged, once the script was run."""
    _kinds: set[tuple[str, tuple[int | Ref, ...]]] = field(default_factory=set)
    """What matters of each call for what it touches."""
    _out: int = 0
    _events: list[_Called | Callable[[], object]] = field(default_factory=list)

    @property
    def full(self) -> bool:
        """Whether there is no room for much more."""
        return len(self.steps) > MOST_CALLS - 500 or self._out > MOST_OUT

    # -- writing

    def call(self, stub: Syscall[P], *args: P.args, **kwargs: P.kwargs) -> Reply:
        """Make a call. What it writes into a `Buffer` or a struct is there for whatever `then` is given next.

        An argument may also be a `Ref` or `Memory`, as in any program.
        """
        made: list[Argument] = []
        plain: list[int | Ref] = []
        outs: list[tuple[str, Buffer | Struct]] = []
        room = DATA_BYTES - len(self.kept) - 128 * len(args)
        for index, value in enumerate(args):
            argument = value if type(value) is int else _argument(value)
            made.append(argument)
            if not isinstance(argument, Memory):
                plain.append(argument)
                continue
            plain.append(0)
            room -= bytes_of(argument)
            self._out += len(argument.data)
            if isinstance(value, Vector):
                outs += [(f"{index}.{16 * at}", part) for at, part in enumerate(value.parts)]
            elif isinstance(value, (Buffer, Struct)):
                outs.append((str(index), value))
        assert room > 0, f"{stub.name}: there is no room for its memory"
        answer = Reply(len(self.steps))
        self.steps.append(ProgramCall(stub.__name__, tuple(made)))
        self._kinds.add((stub.__name__, tuple(plain)))
        self._events.append(_Called(answer, tuple(outs)))
        return answer

    def then(self, judge: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """Have this called once all calls so far have answered, and no later one. It raises AssertionError."""
        self._events.append(partial(judge, *args, **kwargs))

    def does(self, stub: Syscall[P], *args: P.args, **kwargs: P.kwargs) -> Reply:
        """Make a call that must succeed."""
        answer = self.call(stub, *args, **kwargs)
        self.then(_must_say, answer, stub.name, (0,))
        return answer

    def says(self, result: int, stub: Syscall[P], *args: P.args, **kwargs: P.kwargs) -> Reply:
        """Make a call whose result is known: a number, or minus an errno."""
        answer = self.call(stub, *args, **kwargs)
        self.then(_must_be, answer, stub.name, result)
        return answer

    def keep(self, data: bytes) -> int:
        """Have memory that is there at every call; its address. It is sent once, however often it is passed."""
        assert not self.kept, "there is one such memory"
        self.kept = data
        return DATA + kept_at(data)

    # -- fds

    def takes_fd(self) -> int:
        """A call that was made has a new fd, which must be the lowest that was free (open(2)); that."""
        fd = next(fd for fd in range(FILES + 1) if fd not in self.open)
        self.open.add(fd)
        return fd

    def opens(self, stub: Syscall[P], *args: P.args, **kwargs: P.kwargs) -> int:
        """Make a call that must return a new fd; that."""
        fd = self.takes_fd()
        self.says(fd, stub, *args, **kwargs)
        return fd

    def closes(self, fd: int) -> None:
        """close(2), which must succeed."""
        self.does(close, fd)
        self.open.discard(fd)

    # -- what comes of it

    def encoded(self) -> Encoded:
        """For an executor."""
        touched = reduced(reduce(or_, (_touched(*each) for each in self._kinds), PROCESS))
        return encode(Program(tuple(self.steps)), largest_out=LARGEST_OUT, reuse=True, touched=touched, kept=self.kept)

    def judge(self, found: Execution) -> None:
        """Let the model say what it says of what was done. Raises AssertionError, ScriptError, Missing."""
        if found.outcome.state in (State.MALFORMED, State.HARNESS):
            raise ScriptError(f"the executor could not run a script: {found.ending}")
        for event in self._events:
            if isinstance(event, _Called):
                self._heard(event, found)
            else:
                event()
        assert found.outcome.state is State.DONE, f"all calls returned, and then: {found.ending}"

    def _heard(self, called: _Called, found: Execution) -> None:
        at = called.answer.at
        self.judged = at + 1
        step, results = self.steps[at], found.outcome.results
        assert at < len(results), f"call {at}, {step.label}, did not return: {found.ending}"
        result, buffers = results[at]
        written = {
            observed.path: whole(content, observed.size)
            for observed, content in zip(found.encoded.observed[at], buffers, strict=True)
        }
        called.answer.hear(step.description.name, result, written)
        for path, memory in called.outs:
            if path in written:
                ctypes.memmove(memory.address, written[path], len(written[path]))

    def told(self, found: Execution) -> list[str]:
        """The last of the calls that were judged, as lines of text, with what they said."""
        said = [_shortened(shown(each)) for each in found.steps[: self.judged]]
        if self.judged > len(found.steps):
            said.append(f"{self.steps[len(found.steps)].label}: {found.ending}")
        more = len(said) - MOST_LINES
        return [f"… ({more} calls before these)", *said[-MOST_LINES:]] if more > 0 else said


@cache
def _touched(label: str, args: tuple[int | Ref, ...]) -> Touches:
    """What a call touches; of memory it does not matter what is in it, as scripts stay in their tree."""
    return touched_by(ProgramCall(label, args))


def _shortened(line: str) -> str:
    """Both ends of a line."""
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE // 2]} … {line[-LONGEST_LINE // 2 :]}"


def _argument(value: object) -> Argument:
    """As programs have it."""
    if value is None:
        return 0
    if isinstance(value, int | Ref | Memory):
        return value
    if isinstance(value, bytes):
        return Memory(value + b"\0")  # as Python's bytes have it, which makes them paths
    if isinstance(value, Vector):
        lengths = ((16 * at + 8, 8, len(part)) for at, part in enumerate(value.parts))
        places = ((16 * at, 8, _argument(part)) for at, part in enumerate(value.parts))
        return Memory(bytes(len(value)), (*places, *lengths))
    if isinstance(value, Buffer):
        return Memory(bytes(value)) if value.initial else Memory(bytes(value.size), room=True)
    if isinstance(value, Struct):
        return Memory(bytes(value))
    raise TypeError(f"{value!r} is nothing that a script can pass to a call")


def _must_say(answer: Reply, name: str, errors: tuple[int, ...]) -> None:
    said = errno_name(answer.error) if answer.error else "success"
    wanted = " or ".join(errno_name(each) if each else "success" for each in errors)
    assert answer.error in errors, f"{name}: {said}, not {wanted}"


def _must_be(answer: Reply, name: str, result: int) -> None:
    if result < 0:
        _must_say(answer, name, (-result,))
        return
    _must_say(answer, name, (0,))
    assert answer.result == result, f"{name}: {answer.result}, not {result}"
