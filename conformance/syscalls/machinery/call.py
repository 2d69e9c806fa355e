"""Typed system call stubs: `@syscall` turns a signature into a callable that goes straight to the kernel.

    @syscall(x86_64=257, aarch64=56, since="2.6.16", touches=FILES)
    def openat(dirfd: Dir, path: Path, flags: OpenFlags, mode: Mode) -> Fd: ...

    fd = openat(AT_FDCWD, b"a", O_RDWR | O_CREAT, 0o600)          # records the call, raises OSError(errno)
    openat.fails_with(ENOENT, AT_FDCWD, b"absent", O_RDONLY, 0)   # asserts the errno

The call is `syscall(2)` of the C library, which adds nothing but the errno convention. Trailing arguments may be left
out; they are passed as zero.
"""

from __future__ import annotations

import ctypes
import errno as errnos
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from mmap import mmap
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Generic,
    ParamSpec,
    Protocol,
    TypeAlias,
    get_args,
    get_origin,
    get_type_hints,
)

from conformance.syscalls.machinery.absence import Missing, refusal, with_telltales
from conformance.syscalls.machinery.buffers import Buffer, Struct, memory_at
from conformance.syscalls.machinery.choices import Choice, Choices
from conformance.syscalls.machinery.kinds import Kind, Renamed, Resource, Seen
from conformance.syscalls.machinery.memory import Pointer
from conformance.syscalls.machinery.taming import Instead, Tame
from conformance.syscalls.machinery.touches import EVERYTHING, Touches, TouchesUnless

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

P = ParamSpec("P")

RECORDED_BYTES = 1024
"""How much of a buffer goes into the trace."""

_libc = ctypes.CDLL(None, use_errno=True)
_raw = _libc.syscall
_raw.restype = ctypes.c_long
MACHINE = os.uname().machine
ABSENT_NUMBER = 0x7FFF
"""A number that no call has: what a stub uses on an architecture that lacks the call, so that it says ENOSYS."""


def missing(reason: str) -> None:
    """End the case with the verdict `missing`. `reason` names the feature, in a few words."""
    raise Missing(reason)


class Recorder(Protocol):
    """Who gets every call, as it was made and as it ended."""

    def record(self, name: str, args: list[Seen], result: int, error: int, outs: dict[str, Seen]) -> None:
        """`error` is 0 or the errno; `outs` maps an argument's position to what the kernel wrote there."""

    def child(self) -> Recorder | None:
        """The recorder of a child that is about to be forked; None when its calls are not to be recorded."""


_recorder: ContextVar[Recorder | None] = ContextVar("recorder", default=None)


@contextmanager
def recording(recorder: Recorder | None) -> Iterator[None]:
    """Every stub called inside goes to `recorder`; with None, to nobody."""
    token = _recorder.set(recorder)
    try:
        yield
    finally:
        _recorder.reset(token)


@contextmanager
def untraced() -> Iterator[None]:
    """Calls made inside stay out of the trace: for polling loops, whose length is a matter of timing."""
    with recording(None):
        yield


def recorder_of_child() -> Recorder | None:
    """Who is to record the calls of a child that is about to be forked."""
    recorder = _recorder.get()
    return recorder.child() if recorder else None


def see(value: object) -> Seen:
    """The form in which a record keeps a value that was passed or returned."""
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, Struct):
        return {name: see_member(getattr(value, name)) for name in value.members}
    data: bytes = bytes(value)  # type: ignore[call-overload] # bytes, Buffer and ctypes arrays all convert
    if len(data) > RECORDED_BYTES:
        return data[:RECORDED_BYTES].decode("latin-1") + f"…({len(data)} bytes)"
    return data.decode("latin-1")


def see_member(value: object) -> Seen:
    """A struct's member: arrays of bytes become text, arrays of anything else lists."""
    if isinstance(value, ctypes.Array) and value._type_ not in (ctypes.c_ubyte, ctypes.c_char):
        return [see_member(item) for item in value]
    return see(value)


MARKS = "CONFORMANCE_MARKS"
"""The variable of the environment that asks for `mark_case`."""


def mark_case() -> None:
    """Where that is asked for, make a call that nobody has: it tells whoever traces this process that a case begins."""
    if MARKS in os.environ:
        _raw(ctypes.c_long(ABSENT_NUMBER))


class _Reached:
    """A byte that says whether a call was made that reaches the process above the one that makes it."""

    page: mmap | None = None
    at = 0


def reaching(page: mmap, at: int) -> None:
    """Have a byte of memory made 1 by every call, of this process and its children, that reaches its parent or init.

    Whether it is recorded does not matter.
    """
    _Reached.page, _Reached.at = page, at


INIT = 1
"""The PID of the first process of a PID namespace."""


class Parameter:
    """One argument of a stub: its name, its kind, and for a pointer the struct that it points to."""

    def __init__(self, name: str, annotation: Any) -> None:
        self.name = name
        notes = get_args(annotation)[1:] if get_origin(annotation) is Annotated else ()
        kinds = [note for note in notes if isinstance(note, Kind)]
        self.kind = kinds[0] if kinds else Kind()
        if isinstance(self.kind, Pointer) and len(kinds) > 1:
            self.kind = self.kind.holding(kinds[-1])
        if family := next((note.family for note in notes if isinstance(note, Resource)), None):
            self.kind = self.kind.made_one_of(family)
        self._worth = next((note for note in reversed(notes) if isinstance(note, Choices)), None)
        self.tame = tuple(note for note in notes if isinstance(note, Tame | Instead))
        self.touches = tuple(note for note in notes if isinstance(note, TouchesUnless))
        inner = get_args(get_args(annotation)[0]) if notes else ()
        self.struct = next((each for each in inner if isinstance(each, type) and issubclass(each, Struct)), None)

    @cached_property
    def choices(self) -> tuple[Choice, ...]:
        """What a generated program may pass, the plainest that works first."""
        if self._worth:
            return self._worth.among(partial(self.kind.rest, self.struct))
        return self.kind.usual(self.struct)

    @cached_property
    def strays(self) -> tuple[int, ...]:
        """What it may pass beside, hardly ever."""
        return tuple(each for each in self.kind.strays if each not in self.choices and each not in self._harmful)

    @property
    def _harmful(self) -> set[int]:
        """Values that reach beyond a program."""
        return {value for mark in self.tame if isinstance(mark, Instead) for value in mark.values}

    @cached_property
    def beyond(self) -> frozenset[int]:
        """With which values the call reaches beyond the processes that belong together."""
        found = {value & 0xFFFF_FFFF for value in self._harmful}
        names_process = isinstance(self.kind, Renamed) and "pid" in self.kind.named
        return frozenset(found | ({INIT} if names_process else set()))

    def strategy(self) -> SearchStrategy[Choice]:
        """`choices` for Hypothesis, which is imported here and not before: it takes seconds in an emulated guest."""
        from hypothesis.strategies import sampled_from  # noqa: PLC0415 - see above

        return sampled_from(self.choices)


@dataclass(frozen=True, slots=True)
class Look:
    """That a call shows the state of something: of resources of a family (`fd:epoll`), or what a chapter is about."""

    of: str
    given: Mapping[str, Choice]
    """Arguments to look with, other than the plainest, by name."""

    def __init__(self, of: str, **given: Choice) -> None:
        object.__setattr__(self, "of", of)
        object.__setattr__(self, "given", given)


Shows: TypeAlias = "str | Look | tuple[str, ...]"
After: TypeAlias = "tuple[str, ...] | tuple[tuple[str, ...], ...]"


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What is known of a call beside its signature."""

    numbers: Mapping[str, int] = field(default_factory=dict)
    """By machine, as uname(2) calls it; it has no number where the architecture lacks it."""
    since: str = ""
    """The release that first had it, such as `6.6`; "" where it is older than Linux 2.6.13."""
    narrow: bool = False
    """Whether it returns a C int: the upper half of the register is zero, even where it has failed."""
    never: str = ""
    """Why no generated program may make it: what it does, as in "ends the machine"."""
    touches: Touches = EVERYTHING
    spares_networks: bool = False
    """Whether nothing comes of it in a network, even where it is given a socket of one."""
    shows: tuple[Look, ...] = ()
    after: tuple[tuple[str, ...], ...] = ()
    """Sequences of calls, by label, after which it means most: with their plainest arguments, each of them succeeds. A
    search that draws calls by chance would hardly ever meet a stopped tracee or a queue with a message in it."""
    refused: str = ""
    """What refuses such an operation of a call that is never made otherwise, whoever asks."""


def _sequences(after: After) -> tuple[tuple[str, ...], ...]:
    alone = tuple(each for each in after if isinstance(each, str))
    return (alone,) if alone else tuple(each for each in after if not isinstance(each, str))


def _looks(shows: Shows) -> tuple[Look, ...]:
    if isinstance(shows, Look):
        return (shows,)
    return (Look(shows),) if isinstance(shows, str) else tuple(map(Look, shows))


class Syscall(Generic[P]):
    """A system call with a typed signature. Calling it makes the raw call."""

    def __init__(self, function: Callable[P, int], facts: CallFacts, *, name: str | None = None) -> None:
        self.name = name or function.__name__
        self.facts = facts
        self._function = function
        self.__doc__ = function.__doc__
        self.__name__ = function.__name__
        self.__module__ = function.__module__
        self._number = ctypes.c_long(self.number)

    def __repr__(self) -> str:
        return f"<syscall {self.name}>"

    @property
    def number(self) -> int:
        """What this machine calls it by; `ABSENT_NUMBER` where it has no such call."""
        return self.facts.numbers.get(MACHINE, ABSENT_NUMBER)

    @cached_property
    def _hints(self) -> dict[str, Any]:
        return get_type_hints(self._function, include_extras=True)

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """The arguments, in order."""
        return tuple(Parameter(name, hint) for name, hint in self._hints.items() if name != "return")

    @cached_property
    def _beyond(self) -> tuple[tuple[int, frozenset[int]], ...]:
        """Which arguments decide whether it reaches beyond, and with which values."""
        return tuple((at, each.beyond) for at, each in enumerate(self.parameters) if each.beyond)

    def prepare(self) -> None:
        """Find out from the signature what the first call would."""
        self._beyond  # noqa: B018 - it is remembered

    def reaches(self, args: Sequence[object]) -> bool:
        """Whether it reaches the first process of a PID namespace, or who is above the process that makes it."""
        return any(at < len(args) and word(args[at]) in values for at, values in self._beyond)

    @cached_property
    def returns(self) -> Parameter:
        """What the call returns when it succeeds."""
        return Parameter("return", self._hints["return"])

    @property
    def result(self) -> Kind:
        """The kind of what it returns."""
        return self.returns.kind

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> int:
        """Make the call and record it. Raises OSError with the errno when the kernel refuses it."""
        __tracebackhide__ = True  # a failure is shown where the case made the call
        result, error = self._make(args)
        if error:
            raise refusal(self.name, error)
        return result

    def result_of(self, *args: P.args, **kwargs: P.kwargs) -> tuple[int, int]:
        """Make the call; its result and errno (0 on success), for a case in which both outcomes are right.

        Where it is ENOSYS and the case does not ask for that, a failure that follows means that the target lacks the
        call: see `absence`.
        """
        return with_telltales(self.name, *self._make(args))

    def or_missing(self, feature: str, absent: int | tuple[int, ...], *args: P.args, **kwargs: P.kwargs) -> int:
        """Make the call; a failure with `absent`, or ENOSYS, means that the target lacks `feature`.

        Raises Missing then, and OSError with any other errno.
        """
        __tracebackhide__ = True
        result, error = self._make(args)
        if error == errnos.ENOSYS or error in ((absent,) if isinstance(absent, int) else absent):
            raise Missing(feature)
        if error:
            raise refusal(self.name, error)
        return result

    def fails_with(self, error: int | tuple[int, ...], *args: P.args, **kwargs: P.kwargs) -> None:
        """Assert that the call fails with `error` (or, where Linux allows several, one of them).

        Raises Missing when the target does not know the call at all (ENOSYS, unless that is what is asserted).
        """
        __tracebackhide__ = True
        expected = (error,) if isinstance(error, int) else error
        result, got = self._make(args)
        if got in expected:
            return
        if got == errnos.ENOSYS:
            raise Missing(f"{self.name}: ENOSYS")
        said = errno_name(got) if got else f"success ({result})"
        raise AssertionError(f"{self.name}: {said}, not {' or '.join(map(errno_name, expected))}")

    def _make(self, args: tuple[object, ...]) -> tuple[int, int]:
        recorder = _recorder.get()
        if recorder is None:
            return self._enter(args)
        parameters = self.parameters
        seen: list[Seen] = [
            None if not parameter.kind.reads and not isinstance(value, int) and value is not None else see(value)
            for parameter, value in zip(parameters, args, strict=False)
        ]
        written = [
            (at, parameter, value, _beginning(value))
            for at, (parameter, value) in enumerate(zip(parameters, args, strict=False))
            if parameter.kind.out and isinstance(value, Buffer | Struct)
        ]
        result, error = self._enter(args)
        outs: dict[str, Seen] = {}
        for at, parameter, value, before in written:
            if error and _beginning(value) == before:  # a call that fails may tell something, such as a size it knows
                continue
            counted = isinstance(parameter.kind, Pointer) and parameter.kind.counted and not error
            after = see(value.take(max(result, 0)) if counted and isinstance(value, Buffer) else value)
            if after != seen[at]:
                outs[str(at)] = after
        recorder.record(self.name, seen, result, error, outs)
        return result, error

    def _enter(self, args: tuple[object, ...]) -> tuple[int, int]:
        if _Reached.page is not None and self.reaches(args):
            _Reached.page[_Reached.at] = 1
        registers = [register(value) for value in args]
        registers += [ctypes.c_long(0)] * (6 - len(registers))
        ctypes.set_errno(0)
        result: int = _raw(self._number, *registers)
        error = ctypes.get_errno() if result == -1 else 0
        if self.facts.narrow and result >> 31 == 1:
            return -1, (1 << 32) - result
        return result, error


def _beginning(memory: Buffer | Struct) -> bytes:
    """What is in memory, as far as a record would keep it."""
    size = memory.size if isinstance(memory, Buffer) else type(memory).size()
    return memory_at(memory.address, min(size, RECORDED_BYTES))


def register(value: object) -> ctypes.c_long | ctypes.c_char_p:
    """What goes into a register for an argument: a number, or the address of memory."""
    if isinstance(value, Buffer | Struct):
        return ctypes.c_long(value.address)
    if isinstance(value, bytes) or value is None:
        return ctypes.c_char_p(value)
    if isinstance(value, int):
        return ctypes.c_long(value)
    raise TypeError(f"{value!r} is neither a number nor memory")


def word(value: object) -> int | None:
    """What a call takes for an operation: the lower 32 bits of a number, as it has the type `int` there. None: memory,
    or what is not known yet."""
    return value & 0xFFFF_FFFF if isinstance(value, int) else None


class Operation(Syscall[P]):
    """One of the meanings of a call that has many: the signature that holds where some arguments are as given."""

    def __init__(
        self, function: Callable[P, int], facts: CallFacts, of: Syscall[Any], given: Mapping[str, tuple[int, ...]]
    ) -> None:
        super().__init__(function, facts, name=of.name)
        self.given = given
        """Values by argument."""

    def __repr__(self) -> str:
        return f"<operation {self.__name__} of {self.name}>"

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """The arguments, in order; what is given can be chosen only so.

        Where nothing is given, what nobody has named is tried by the call's own description alone, or one finding would
        be two.
        """
        found = super().parameters
        for parameter in found:
            if not self.given:
                parameter.strays = ()
            if parameter.name in self.given:
                parameter.choices, parameter.strays = self.given[parameter.name], ()
        return found

    @cached_property
    def _places(self) -> tuple[tuple[int, frozenset[int | None]], ...]:
        """Which argument must have which values."""
        names = [parameter.name for parameter in self.parameters]
        return tuple((names.index(name), frozenset(map(word, allowed))) for name, allowed in self.given.items())

    def matches(self, args: Sequence[object]) -> bool:
        """Whether arguments, as seen, mean this operation."""
        return all(at < len(args) and word(args[at]) in allowed for at, allowed in self._places)

    def may_match(self, args: Sequence[object], unknown: type) -> bool:
        """Whether they may mean it, when it is not known what those of a type will be, nor those that are left out."""
        return all(
            at >= len(args) or isinstance(args[at], unknown) or word(args[at]) in allowed
            for at, allowed in self._places
        )


class Pseudo(Syscall[P]):
    """What the executor of generated programs offers like a call: making children, touching memory. Not for cases."""

    def __init__(self, function: Callable[P, int], facts: CallFacts, number: int) -> None:
        super().__init__(function, facts)
        self.kind = number
        """Its number in the executor's protocol, which no call has."""

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """The arguments, in order; what the executor has no name for it does not know."""
        found = super().parameters
        for parameter in found:
            parameter.strays = ()
        return found


def syscall(
    *,
    x86_64: int | None = None,
    aarch64: int | None = None,
    number: int | None = None,
    since: str = "",
    narrow: bool = False,
    never: str = "",
    touches: Touches = EVERYTHING,
    spares_networks: bool = False,
    shows: Shows = (),
    after: After = (),
) -> Callable[[Callable[P, int]], Syscall[P]]:
    """Turn a typed signature into a stub. The function's name is the call's.

    The number is one for each machine, or `number` for all of them (calls since Linux 5.1). `CallFacts` has the rest.
    """
    by_machine = {"x86_64": number if x86_64 is None else x86_64, "aarch64": number if aarch64 is None else aarch64}
    numbers = {machine: each for machine, each in by_machine.items() if each is not None}
    facts = CallFacts(numbers, since, narrow, never, touches, spares_networks, _looks(shows), _sequences(after))
    return lambda function: Syscall(function, facts)


def operation(
    of: Syscall[Any],
    *,
    touches: Touches | None = None,
    shows: Shows = (),
    after: After = (),
    refused: str = "",
    **given: int | tuple[int, ...] | Choices,
) -> Callable[[Callable[P, int]], Operation[P]]:
    """Describe what a call means where arguments have certain values: `@operation(fcntl, command=(F_GETFD, F_GETFL))`.

    The signature has the call's parameters, with the kinds that they have then. Its name is for readers. What it
    `touches` is what its call does, where nothing else is said. Where some values are likelier than others, `Choices`
    say so. Programs make it even where its call is never made, if what is given is always `refused`: by what, in words.
    """
    values = {name: _given(value) for name, value in given.items()}
    touched = of.facts.touches if touches is None else touches
    facts = replace(of.facts, touches=touched, shows=_looks(shows), after=_sequences(after), refused=refused)
    if refused:
        facts = replace(facts, never="")
    return lambda function: Operation(function, facts, of, values)


def _given(values: int | tuple[int, ...] | Choices) -> tuple[int, ...]:
    if isinstance(values, Choices):
        return tuple(each for each in values.named if isinstance(each, int))
    return (values,) if isinstance(values, int) else values


def pseudo(
    number: int, *, touches: Touches, shows: Shows = (), never: str = ""
) -> Callable[[Callable[P, int]], Pseudo[P]]:
    """Describe what the executor offers under a number that no call has."""
    facts = CallFacts(touches=touches, shows=_looks(shows), never=never)
    return lambda function: Pseudo(function, facts, number)


def errno_name(error: int) -> str:
    """`ENOENT` for 2."""
    return errnos.errorcode.get(int(error), str(error))
