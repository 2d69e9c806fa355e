"""What a kernel shows below a directory: an entry a file, with what can be told of it without changing anything.

The modules of Python make the calls here, and not the stubs: nobody asks how the list was made, and it is long.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass

from cases.survey._rules import left_out, mounted, unread, varying

READ_BYTES, DEVICE_BYTES = 64 * 1024, 16
"""How much of a file, and of a device, is looked at."""
QUIET = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
"""How a file is opened that may wait for somebody, or be a terminal."""
_NUMBER = re.compile(r"[-+]?[\d./:]+")
_KEY = re.compile(r"([A-Za-z_][\w()/ .-]*?)\s*:")
_COUNTER = re.compile(r"([A-Za-z]\w*) -?\d+")
_TABLE = re.compile(
    r"/proc/(net/(?!netstat|snmp|sockstat|rt_acct|fib_trie|connector).*|self/limits|swaps|cgroups|sysvipc/.*)"
)
"""Files whose first line tells what the columns of all others are, if it is no line of numbers."""
_ALIKE = re.compile(r"/proc/(net/(softnet_stat|rt6_stats)|(thread-)?self/stat|stat)")
"""Files that always have a line of data, and whose lines all have the columns of the first."""
_HEXADECIMAL = re.compile(r"[\da-f:]+")


@dataclass(frozen=True, slots=True)
class Branch:
    """A part of what there is to be walked."""

    root: str
    depth: int
    """How many levels below the root are walked."""


def walk(branch: Branch, others: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Every entry below a root, and what is told of it, as `told_of` and `inside` have it.

    `others` are the roots of other branches, which are not entered. What the rules leave out is not there.
    """
    folders = [(branch.root, 0)]
    while folders:
        folder, level = folders.pop()
        try:
            names = sorted(os.listdir(folder))
        except OSError as error:
            if not left_out(f"{folder}/"):
                yield f"{folder}/", f"list: {name_of(error)}"
            continue
        for name in names:
            path = f"{folder}/{name}"
            if left_out(path):
                continue
            mode, said = told_of(path)
            most = READ_BYTES if stat.S_ISREG(mode) else DEVICE_BYTES if stat.S_ISCHR(mode) else 0
            more, names = inside(path, most) if most and not unread(path) else ("", [])
            yield path, said + more
            yield from ((named, "key") for key in names if not left_out(named := f"{path} {key}"))
            if stat.S_ISDIR(mode) and level + 1 < branch.depth and path not in others:
                folders.append((path, level + 1))


def told_of(path: str) -> tuple[int, str]:
    """The mode of a file, and its type and permissions as ls(1) writes them. 0 where that is refused."""
    try:
        mode = os.lstat(path).st_mode
    except OSError as error:
        return 0, f"stat: {name_of(error)}"
    return mode, stat.filemode(mode)[: 1 if mounted(path) else None]


def inside(path: str, most: int) -> tuple[str, list[str]]:
    """What is told of a file by opening it and reading so many bytes at most.

    That is what is refused, or its columns, behind a comma; and its keys.
    """
    try:
        fd = os.open(path, QUIET)
    except OSError as error:
        return f", open: {name_of(error)}", []
    try:
        lines = beginning(fd, most).decode("latin-1").splitlines()
    except OSError as error:
        return f", read: {name_of(error)}", []
    finally:
        os.close(fd)
    count = columns(path, lines)
    return f", columns: {count}" if count else "", keys(lines)


def beginning(fd: int, most: int) -> bytes:
    """The first bytes of a file. Raises OSError."""
    found = b""
    while len(found) < most and (data := os.read(fd, most - len(found))):
        found += data
    return found


def columns(path: str, lines: list[str]) -> int:
    """How many columns a table has, or a line of numbers that is all of a file; 0 where there is nothing to tell.

    One number is no table, and a table without a head is empty on some machines.
    """
    words = lines[0].split() if lines else []
    if _ALIKE.fullmatch(path) or (_TABLE.fullmatch(path) and words and not _HEXADECIMAL.fullmatch(words[0])):
        return len(words)
    line = len(lines) == 1 and len(words) > 1 and not varying(path)
    return len(words) if line and all(map(_NUMBER.fullmatch, words)) else 0


def keys(lines: list[str]) -> list[str]:
    """The names in a file all of whose lines are `Name: value` or `name number`, each once, in order.

    Where each name has two lines, one of words and one of their values (/proc/net/snmp), the words are told with it.
    """
    if len(lines) < 2:
        return []
    for form in (_KEY.match, _COUNTER.fullmatch):
        found = [form(line) for line in lines if line]
        if all(found):
            names = [each[1] for each in found if each]
            twice = names[::2] == names[1::2] and len(set(names)) * 2 == len(names)
            return words(names[::2], lines[::2]) if twice else list(dict.fromkeys(names))
    return []


def words(names: list[str], lines: list[str]) -> list[str]:
    """What each name's line has behind it, with the name."""
    return [f"{name}: {word}" for name, line in zip(names, lines, strict=True) for word in line.split()[1:]]


def name_of(error: OSError) -> str:
    """`ENOENT`."""
    return errno.errorcode.get(error.errno or 0, str(error.errno))
