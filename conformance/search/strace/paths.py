"""TreeNames in a program's own tree for the paths of a log."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from conformance.programs.notation.tree import Numeral
from conformance.search.strace.left import Unsaid
from conformance.search.strace.lines import Traced
from conformance.search.strace.values import Said, SaidStruct, SaidText
from conformance.syscalls.machinery.kinds import AT_FDCWD, FileDescriptor, PathKind
from conformance.syscalls.machinery.table import grammar
from conformance.text import one_line

FILE, DIRECTORY, LINK, OTHER = "f", "d", "l", "other"
"""What is at a path; the first three are what names in the tree begin with."""
ABSENT = "n"
"""What names begin with that nothing is known of but that they are not there."""
KINDS = {"S_IFREG": FILE, "S_IFDIR": DIRECTORY, "S_IFLNK": LINK}
THERE = {"f0": FILE, "d0": DIRECTORY, "d0/f1": FILE, "l0": LINK}
"""What a tree has from the start."""
ELSEWHERE = ("/proc", "/sys", "/dev")
"""What is below these means something of its own."""
DEEPEST = 32
"""Directories of a path."""
LONGEST = 80
"""Characters of a path that are told."""
MAKERS = {"mkdir": DIRECTORY, "mkdirat": DIRECTORY, "symlink": LINK, "symlinkat": LINK}
NEW = frozenset(("mkdir", "mkdirat", "mknod", "mknodat", "symlink", "symlinkat", "link", "linkat", "creat"))
"""Calls whose last path is not there before."""
DUPLICATING = frozenset(("dup", "dup2", "dup3"))
RENAMING = frozenset(("rename", "renameat", "renameat2"))
OPENING = frozenset(("open", "openat", "openat2", "creat"))
ONLY_FILES = frozenset(("read", "pread64", "write", "pwrite64", "mmap"))


PATHS = frozenset(("path", "old", "new", "target", "link"))
"""What parameters are called that are paths; other texts with a zero byte at their end are names."""


@dataclass(frozen=True, slots=True)
class Place:
    """A path that a call names: which parameter, which other one is the directory that it starts from, and the text."""

    at: int
    directory: int
    """-1: the working directory."""
    path: str


def places(name: str, values: tuple[Said, ...]) -> Iterator[Place]:
    """The paths of a call's arguments."""
    directory = -1
    for at, parameter in enumerate(grammar()[name].parameters[: len(values)]):
        if isinstance(parameter.kind, FileDescriptor):
            directory = at
        value = values[at]
        if isinstance(parameter.kind, PathKind) and parameter.name in PATHS and isinstance(value, SaidText):
            yield Place(at, directory, value.data.decode("latin-1"))
            directory = -1


def fd_of(values: tuple[Said, ...], at: int) -> int | None:
    """The fd that an argument is; None for none, and for the working directory."""
    value = values[at] if 0 <= at < len(values) else None
    if not isinstance(value, Numeral) or len(value.terms) != 1 or value.terms[0].name:
        return None
    return value.terms[0].number if value.terms[0].number != AT_FDCWD else None


def words(value: Said | None) -> frozenset[str]:
    """The names in a number."""
    return frozenset(each.name for each in value.terms) if isinstance(value, Numeral) else frozenset()


@dataclass(slots=True)
class Where:
    """Which paths fds are open at, as a log goes on."""

    working: str = ""
    open: dict[int, str] = field(default_factory=dict)
    bases: set[str] = field(default_factory=set)
    """Directories from which paths started."""

    def at(self, values: tuple[Said, ...], argument: int) -> str:
        """Where the fd is open that an argument is; empty where that is not known."""
        fd = fd_of(values, argument)
        return self.open.get(fd, "") if fd is not None else ""

    def key(self, place: Place, values: tuple[Said, ...]) -> str:
        """A path as one from the working directory at the start, or an absolute one. Raises Unsaid."""
        base = self.working
        if not place.path.startswith("/") and (fd := fd_of(values, place.directory)) is not None:
            if not self.open.get(fd):
                raise Unsaid(f"the path of fd {fd} is not known")
            base = self.open[fd]
            self.bases.add(base)
        return posixpath.normpath(posixpath.join(base, place.path) or ".")

    def follow(self, call: Traced, values: tuple[Said, ...]) -> None:
        """Take in what a call changes."""
        first = fd_of(values, 0)
        said = frozenset[str]().union(*map(words, values))
        if not call.succeeded or call.name not in grammar():
            return
        if call.name in OPENING:
            try:
                place = next(places(call.name, values))
                self.open[call.result or 0] = self.key(place, values)
            except (StopIteration, Unsaid):
                self.open.pop(call.result or 0, None)
        elif call.name == "close" and first is not None:
            self.open.pop(first, None)
        elif call.name == "chdir" and values and isinstance(values[0], SaidText):
            self.working = self.key(Place(0, -1, values[0].data.decode("latin-1")), values)
        elif call.name == "fchdir" and (there := self.at(values, 0)):
            self.working = there
        elif (call.name in DUPLICATING or "F_DUPFD" in said or "F_DUPFD_CLOEXEC" in said) and call.result is not None:
            self.open[call.result] = self.at(values, 0)


@dataclass(frozen=True, slots=True)
class Survey:
    """What a whole log says of paths."""

    kinds: Mapping[str, str]
    bases: frozenset[str]


def survey(calls: Iterable[tuple[Traced, tuple[Said, ...]]]) -> Survey:
    """Go through a log for what is at each path."""
    where = Where()
    kinds: dict[str, str] = {}
    for call, values in calls:
        if call.name not in grammar():
            continue
        _learn(call, values, where, kinds)
        where.follow(call, values)
    return Survey(kinds, frozenset(where.bases))


def _learn(call: Traced, values: tuple[Said, ...], where: Where, kinds: dict[str, str]) -> None:
    keys: list[str] = []
    for place in places(call.name, values):
        try:
            keys.append(where.key(place, values) if place.path else where.at(values, 0))
        except Unsaid:
            keys.append("")
    if not call.succeeded:
        return
    fd = where.at(values, 0)
    if not keys and fd:
        keys = [fd]
    if not keys or not keys[-1]:
        return
    said = frozenset[str]().union(*map(words, values))
    if mode := _mode(values):
        kinds[keys[-1]] = mode
    elif call.name in MAKERS:
        kinds[keys[-1]] = MAKERS[call.name]
    elif "O_DIRECTORY" in said or call.name in ("chdir", "getdents64", "getdents", "rmdir", "chroot"):
        kinds[keys[0]] = DIRECTORY
    elif call.name in ("readlink", "readlinkat"):
        kinds[keys[-1]] = LINK
    elif "O_CREAT" in said or call.name in (*ONLY_FILES, "creat", "unlink", "truncate"):
        kinds.setdefault(keys[-1], FILE)
    elif call.name in RENAMING and keys[0] in kinds:
        kinds[keys[-1]] = kinds[keys[0]]


def _mode(values: tuple[Said, ...]) -> str:
    """What a struct that the call filled says of the file."""
    for value in values:
        if isinstance(value, SaidStruct):
            for name, member in value.items:
                if name.said in ("st_mode", "stx_mode"):
                    return next((KINDS[each] for each in words(member) if each in KINDS), OTHER)
    return ""


@dataclass(frozen=True, slots=True)
class Need:
    """A name that a call uses, and what must be there."""

    name: str
    kind: str
    """Empty: it need not be there."""


@dataclass(slots=True)
class TreeNames:
    """TreeNames in the tree, given as they are needed."""

    surveyed: Survey
    given: dict[str, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    counted: dict[str, int] = field(default_factory=dict)
    """The last number that was given to a name with a beginning."""

    def need(self, call: Traced, key: str, *, last: bool = False, creates: bool = False, kind: str = "") -> Need:
        """The name of a path, as a call meets it: as the `last` of its paths, and one that it `creates`. `kind` is what
        is sure to be there. Raises Unsaid."""
        shown = one_line(key if len(key) <= LONGEST else f"{key[:LONGEST]}…")
        if any(key == each or key.startswith(f"{each}/") for each in ELSEWHERE):
            raise Unsaid(f"{shown} is not of the tree that a program has")
        if key.count("/") > DEEPEST:
            raise Unsaid(f"{shown} has more than {DEEPEST} directories")
        kind = kind or self.surveyed.kinds.get(key, "")
        if kind == OTHER:
            raise Unsaid(f"{shown} is no file, directory or link, and there is nothing else in a program's tree")
        fresh = creates or (last and (call.name in NEW or call.name in RENAMING))
        missing = call.errno == "ENOENT" or (fresh and call.errno != "EEXIST")
        if not missing and not kind:
            raise Unsaid(f"what is at {shown} is not said")
        return Need(self._name(key, kind, missing), "" if missing else kind)

    def _name(self, key: str, kind: str, missing: bool) -> str:
        if key in (".", ""):
            return "."
        if key in self.given:
            return self.given[key]
        above, parent = "", posixpath.dirname(key)
        if parent in self.surveyed.bases and self.surveyed.kinds.get(parent) == DIRECTORY:
            above = self._name(parent, DIRECTORY, False)
        below = "" if above in ("", ".") else f"{above}/"
        found = next((each for each, of in THERE.items() if not missing and of == kind and self._free(each, below)), "")
        letter = below + (kind or ABSENT)
        while not found or found in self.taken:
            number = self.counted.get(letter, -1) + 1
            self.counted[letter] = number
            found = f"{letter}{number}" if f"{letter}{number}" not in THERE else ""
        self.given[key] = found
        self.taken.add(found)
        return found

    def _free(self, name: str, below: str) -> bool:
        return name not in self.taken and (f"{posixpath.dirname(name)}/" if "/" in name else "") == below


def relative(name: str, base: str) -> str:
    """A name as it is from another one, which is above it. Raises Unsaid."""
    if base in ("", "."):
        return name
    if name == base:
        return "."
    if not name.startswith(f"{base}/"):
        raise Unsaid("its path leads out of the directory that it starts from")
    return name[len(base) + 1 :]
