"""What a call touches beyond its own arguments and fds, so that a program can be given what keeps it apart.

Each description says it of its call: `@syscall(touches=FILES)`. What says nothing is taken to touch everything, and so
gets a process, namespaces and a tree to itself. A case's own surroundings can be told by the same words.
"""

from __future__ import annotations

from enum import IntFlag


class Touches(IntFlag):
    """A set of these. The executor's protocol has them with the same bits (`conformance/programs/wire.py`)."""

    NOTHING = 0
    """Fds, the umask, and what lies behind fds: programs that touch no more share a process."""
    FILES = 1
    """It names files. What it changes of them shows in their times."""
    LABELS = 2
    """Attributes of files that their status does not show, though it shows that something was changed."""
    HIDDEN = 4
    """Something of files that leaves no trace in their status."""
    PLACE = 8
    """The working directory."""
    NAMES = 16
    """It is told names of files that are not its own."""
    PROCESS = 32
    """More of its process than its fds, its working directory and its umask."""
    MEMORY = 64
    """Mappings and limits that the executor relies on itself."""
    IPC = 128
    """System V IPC, POSIX message queues, the names of the machine."""
    NETWORK = 256
    MOUNTS = 512
    CHILDREN = 1024
    """Processes that may be there when it is over."""
    SOCKETS = 0x2000
    """It may have made a socket, without which nothing is changed in a network: what says `NETWORK` does so if this is
    said as well."""
    CONNECTIONS = 0x4000
    """A socket of a network. Nothing comes of it there before it is bound, connected or sent through, so this is
    `NETWORK` unless every other call of the program says that it spares networks (`CallFacts.spares_networks`)."""
    PRIVILEGES = 0x8000
    """Credentials, or a namespace in which it has others: what it is refused later may be for want of them. No program
    needs to be kept apart for that alone."""


NOTHING = Touches.NOTHING
(
    FILES,
    LABELS,
    HIDDEN,
    PLACE,
    NAMES,
    PROCESS,
    MEMORY,
    IPC,
    NETWORK,
    MOUNTS,
    CHILDREN,
    SOCKETS,
    CONNECTIONS,
    PRIVILEGES,
) = Touches
EVERYTHING = Touches(sum(Touches)) & ~(SOCKETS | CONNECTIONS | PRIVILEGES)
"""What a call is taken to touch of which nothing is said."""


class TouchesUnless:
    """Stands in a parameter's annotation: the call touches `what` unless the argument is one of `values`."""

    def __init__(self, what: Touches, *values: int) -> None:
        self.what = what
        self.values = frozenset(values)

    def spares(self, argument: object) -> bool:
        """Whether the call does not touch it, with this argument."""
        return argument in self.values


class TouchesUnlessFirst(TouchesUnless):
    """The same of memory: unless its first byte is one of `values`, and what it is given."""

    def spares(self, argument: object) -> bool:
        data, parts = getattr(argument, "data", b""), getattr(argument, "parts", ())
        return data[:1] != b"" and data[0] in self.values and all(offset for offset, _, _ in parts)
