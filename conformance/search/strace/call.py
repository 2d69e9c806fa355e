"""One call of a log, argument by argument, as one of a program."""

from __future__ import annotations

from dataclasses import dataclass, field

from conformance.programs.notation.calls import label_of
from conformance.programs.notation.fields import known_struct
from conformance.programs.notation.meaning import Meaning
from conformance.programs.notation.tokens import WORD, Token
from conformance.programs.notation.tree import Block, Numeral, Result, Room, Term, Value
from conformance.programs.program import NO_RESOURCE, Argument, ProgramCall
from conformance.search.strace.knowledge import Knowledge, Origin, SaidCall, result_name
from conformance.search.strace.left import Unsaid
from conformance.search.strace.lines import Traced
from conformance.search.strace.memory import MOST_ROOM, filled, memory, row, text
from conformance.search.strace.paths import DIRECTORY, Need, Place, places, relative, words
from conformance.search.strace.values import Arguments, Said, SaidRow, SaidText, number_in, numeral
from conformance.syscalls.machinery.call import Parameter
from conformance.syscalls.machinery.choices import Blob
from conformance.syscalls.machinery.kinds import AddressKind, Length, PathKind
from conformance.syscalls.machinery.memory import Pointer
from conformance.syscalls.machinery.table import grammar
from conformance.syscalls.machinery.world import PAGE, UNMAPPED
from conformance.syscalls.memory.mapping import MAP_FIXED

ACCEPTING = frozenset(("accept", "accept4"))
WAITING = ACCEPTING | {"wait4", "waitid"}
SLEEPING = frozenset(("nanosleep", "clock_nanosleep", "ppoll", "pselect6", "epoll_pwait2", "rt_sigtimedwait"))
"""Calls that are given how long to wait."""
SHORT_WAIT = 10
"""How long they do at most, in milliseconds: a call that takes longer is taken for one that does not return."""
_TREE = "paths of a program start from its own tree"
NEVER = {
    "execve": "what it executes is not there",
    "execveat": "what it executes is not there",
    "chdir": _TREE,
    "fchdir": _TREE,
    "chroot": _TREE,
    "pivot_root": _TREE,
}
"""Calls that are left out, beside those that no program makes."""


@dataclass(slots=True)
class OneCall:
    """A call that is being said."""

    known: Knowledge
    traced: Traced
    given: Arguments
    deps: set[int] = field(default_factory=set)
    needs: list[Need] = field(default_factory=list)
    first: Origin | None = None
    """Where the first fd that it uses comes from."""

    def said(self) -> SaidCall:
        """The call. Raises Unsaid, NotationError."""
        traced, values = self.traced, self.given.values
        if why := refusal(traced.name):
            raise Unsaid(why)
        if traced.succeeded and traced.name in WAITING and not (self.known.connected and traced.name in ACCEPTING):
            raise Unsaid("it waits for another process")
        meaning = Meaning(self.given.tokens, self.known.calls, self.known.results)
        plain = tuple(each if isinstance(each, Numeral) else Block(each.at, ()) for each in values)
        label = label_of(traced.name, plain, meaning)
        named = {place.at: place for place in places(label, values)}
        args: list[Argument] = []
        for at, (value, each) in enumerate(zip(values, grammar()[label].parameters, strict=False)):
            found = (
                self._path(named[at], value, last=at == max(named))
                if at in named
                else self._of(at, value, each, meaning)
            )
            args.append(meaning.argument(found, each.kind, each.struct, args))
        return SaidCall(traced.line, ProgramCall(label, tuple(args)), frozenset(self.deps), tuple(self.needs))

    # -- paths

    def _path(self, place: Place, value: Said, *, last: bool) -> Value:
        if isinstance(value, SaidText) and value.cut:
            raise Unsaid("the log has its path only in part")
        if not place.path:
            return text(value.at, b"")
        values = self.given.values
        base = ""
        if (
            not place.path.startswith("/")
            and 0 <= place.directory < len(values)
            and number_in(values[place.directory]) >= 0
        ):
            there = Traced(self.traced.line, "", "", 0)
            key = self.known.where.key(Place(0, place.directory, "."), values)
            base = self._need(self.known.names.need(there, key, kind=DIRECTORY))
        creates = any("O_CREAT" in words(each) for each in values)
        key = self.known.where.key(place, values)
        name = relative(self._need(self.known.names.need(self.traced, key, last=last, creates=creates)), base)
        return text(value.at, (name + "/" * place.path.endswith("/")).encode())

    def _need(self, need: Need) -> str:
        if need.name != ".":
            self.needs.append(need)
        return need.name

    # -- anything else

    def _of(self, at: int, value: Said, parameter: Parameter, meaning: Meaning) -> Value:
        kind = parameter.kind
        family = (kind.family or "").partition(":")[0]
        if isinstance(value, Numeral) and family in ("fd", "pid"):
            return self._resource(value, family, new=parameter.name == "new")
        if isinstance(kind, Pointer):
            return self._number_or_memory(at, value, parameter)
        if isinstance(kind, PathKind) and isinstance(value, SaidText):
            return text(value.at, filled(value, 0))
        if not isinstance(value, Numeral):
            raise Unsaid(f"{parameter.name} is a number in a program")
        if isinstance(kind, AddressKind):
            return self._address(value, meaning.number(value, kind))
        return self._number(value, parameter)

    def _number(self, value: Numeral, parameter: Parameter) -> Value:
        kind = parameter.kind
        if parameter.name == "timeout" and not 0 <= number_in(value) <= SHORT_WAIT:
            return numeral(value.at, SHORT_WAIT)
        if isinstance(kind, Length) and not self.traced.errno:
            most = MOST_ROOM // max(kind.unit, 1)
            return value if number_in(value) <= most else numeral(value.at, most)
        if self.traced.name == "mmap" and parameter.name == "flags":
            return Numeral(value.at, (*value.terms, Term(value.at, MAP_FIXED)))
        return value

    def _resource(self, value: Numeral, family: str, *, new: bool = False) -> Value:
        number = number_in(value)
        if number < 0 or (family == "pid" and number == 0):
            return value
        origin = self.known.alive.get((family, number))
        if origin is None:
            if family == "fd" and new:
                return value
            if family == "fd" and self.traced.errno == "EBADF":
                return numeral(value.at, NO_RESOURCE)
            what = "is open since before the log" if family == "fd" else "is no process that a program has"
            raise Unsaid(f"{family} {number} {what}")
        if origin.call < 0:
            raise Unsaid(f"{family} {number} comes from line {origin.line}, which is left out")
        self.first = self.first or origin
        self.deps |= {origin.call, *self.known.shaped.get(origin, ())}
        name = _word(value.at, result_name(origin.call))
        if origin.argument < 0:
            return Result(name)
        parameter = self.known.said[origin.call].call.description.parameters[origin.argument]
        return Result(name, (_word(value.at, parameter.name),), -1, origin.offset, origin.width)

    def _address(self, value: Numeral, number: int) -> Value:
        if self.traced.name == "mmap" and not number:
            values = self.given.values
            return numeral(value.at, self.known.allot(number_in(values[1]) if len(values) > 1 else 0))
        return self._known(value, number, "it is about memory that a program does not have") if number else value

    def _known(self, value: Numeral, number: int, otherwise: str) -> Value:
        """An address in memory that a program has mapped. Raises Unsaid with what is said `otherwise`."""
        found = self.known.address(number)
        if found is None:
            raise Unsaid(otherwise)
        self.deps.add(found[1])
        return numeral(value.at, found[0])

    def _number_or_memory(self, at: int, value: Said, parameter: Parameter) -> Value:
        kind = parameter.kind
        if isinstance(value, Numeral) and (any(each.name for each in value.terms) or abs(number_in(value)) < PAGE):
            return value
        if isinstance(value, Numeral) and self.traced.errno == "EFAULT":
            return numeral(value.at, UNMAPPED)
        unshown = isinstance(value, Numeral)  # a call that fails leaves memory as it was, and strace tells its address
        if kind.out and (not kind.reads or (unshown and self.traced.errno)):
            return Room(value.at, self._room(at, value, parameter))
        if isinstance(value, Numeral):
            return self._known(value, number_in(value), f"what {parameter.name} points to is not said")
        return self._memory(at, value, parameter)

    def _memory(self, at: int, value: Said, parameter: Parameter) -> Value:
        if isinstance(value, SaidText):
            return text(value.at, filled(value, self._length(at)))
        if isinstance(value, SaidRow) and (parameter.name in ("mask", "set") or self.traced.name.startswith("rt_sig")):
            return row(value, 8) if value.items else row(SaidRow(value.at, (numeral(value.at, 0),), value.cut), 8)
        if isinstance(value, SaidRow) and all(isinstance(each, Numeral) for each in value.items):
            return row(value)
        struct = known_struct(parameter.struct, parameter.kind)
        return memory(value, parameter.kind, struct, self._translated)

    def _translated(self, name: str, value: Said) -> Value | None:
        """What stands for a member that means something outside of the call."""
        if name == "fd" and isinstance(value, Numeral):
            return self._resource(value, "fd")
        if name in ("tv_sec", "tv_nsec") and self.traced.name in SLEEPING and number_in(value) > 0:
            return numeral(value.at, 0 if name == "tv_sec" else min(number_in(value), SHORT_WAIT * 1_000_000))
        if name != "sun_path" or not isinstance(value, SaidText) or value.data.startswith(b"\0"):
            return None
        key = self.known.where.key(Place(0, -1, value.data.decode("latin-1")), ())
        if self.traced.name != "bind" and self.traced.errno != "ENOENT" and key not in self.known.names.given:
            raise Unsaid("what is bound to the path is another process's")
        return text(value.at, self._need(self.known.names.need(self.traced, key, creates=True)).encode())

    def _length(self, at: int) -> int:
        """How many bytes the argument behind one says that it has; 0 where none does."""
        values, parameters = self.given.values, grammar()[self.traced.name].parameters
        if at + 1 >= min(len(values), len(parameters)):
            return 0
        kind, value = parameters[at + 1].kind, values[at + 1]
        return max(number_in(value), 0) * kind.unit if isinstance(kind, Length) else 0

    def _room(self, at: int, value: Said, parameter: Parameter) -> int:
        """How many bytes a call fills."""
        struct = known_struct(parameter.struct, parameter.kind)
        values = self.given.values
        if length := self._length(at):
            return min(length, MOST_ROOM)
        behind = values[at + 1] if at + 1 < len(values) else None
        if isinstance(behind, SaidRow) and len(behind.items) == 1:
            return min(max(number_in(behind.items[0]), 0), MOST_ROOM)
        if struct is not None:
            return struct.size()
        plainest = parameter.choices[0]
        if isinstance(plainest, Blob):
            return len(plainest.data)
        return 4 * len(value.items) if isinstance(value, SaidRow) else 0


def refusal(name: str) -> str:
    """Why no program has a call, whatever it is given; empty where one may."""
    if name not in grammar():
        return "it is not described here"
    never = grammar()[name].facts.never
    return NEVER.get(name) or (f"no program makes it: it {never}" if never else "")


def _word(at: Token, said: str) -> Token:
    return Token(WORD, said, at.at, at.line, at.column, False)
