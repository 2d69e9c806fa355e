"""Every number that the kernel's headers have a name for and that a system call may be given.

    python -m tools.constants

fetches the newest headers that Debian's archive has and writes `conformance/coverage/constants.tsv` anew. The
preprocessor says which names there are, the compiler what they are worth: macros and enumerators alike.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Container, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from tools.headers import PACKAGE, Headers, newest_headers

TABLE = Path(__file__).parents[1] / "conformance/coverage/constants.tsv"

FILES = (
    *("fcntl", "openat2", "close_range", "falloc", "fadvise", "stat", "fs", "mount", "xattr", "fiemap", "fsmap"),
    *("nsfs", "pidfd", "fscrypt", "fsverity", "quota", "dqblk_xfs", "memfd", "watch_queue"),
)
WAITING = (
    *("eventpoll", "eventfd", "inotify", "fanotify", "signalfd", "timerfd", "userfaultfd", "aio_abi", "io_uring"),
    *("poll", "futex"),
)
PROCESSES = (
    *("mman", "mempolicy", "membarrier", "sched", "sched/types", "prctl", "wait", "resource", "capability"),
    *("securebits", "personality", "kcmp", "ptrace", "seccomp", "rseq", "ioprio", "signal", "time", "timex"),
)
MACHINE = ("reboot", "kexec", "module", "acct")
SECURITY = ("keyctl", "landlock", "lsm", "bpf", "bpf_common", "filter", "perf_event")
IPC = ("ipc", "sem", "shm", "msg", "mqueue")
SOCKETS = (
    *("socket", "sockios", "net", "un", "in", "in6", "tcp", "udp", "icmp", "icmpv6", "if", "netlink", "rtnetlink"),
    *("genetlink", "sock_diag", "if_link", "if_addr", "neighbour", "if_packet", "if_alg", "vm_sockets", "if_xdp"),
    *("errqueue", "net_tstamp", "tls", "mptcp"),
)
TERMINALS = ("termios", "tty")

HEADERS = (
    *(f"linux/{name}.h" for name in (*FILES, *WAITING, *PROCESSES, *MACHINE, *SECURITY, *IPC, *SOCKETS, *TERMINALS)),
    *("asm/prctl.h", "asm/ldt.h", "asm/ptrace-abi.h", "asm/ioctls.h"),
)
"""The headers that say what calls take. What drivers take by ioctl(2), file systems write on disks and protocols send
to each other is none of a call's own, and is left out."""

NO_ARGUMENTS = (
    *("asm-generic/errno.h", "asm-generic/errno-base.h", "asm-generic/param.h", "asm-generic/ioctl.h"),
    "asm/processor-flags.h",
)
"""What those include and no call takes: errnos, how long a tick is, what requests are made of, flags of the processor.
"""
BEFORE = ("linux/types.h", "linux/limits.h", "linux/fcntl.h", "linux/termios.h", "linux/time.h", "linux/sockios.h")
"""What headers use and leave it to programs to include."""
OF_THE_LIBRARY = """\
#pragma once
#include <linux/socket.h>
typedef __kernel_sa_family_t sa_family_t;
struct sockaddr { sa_family_t sa_family; char sa_data[14]; };
"""
"""What headers use of the C library's own."""


MESSAGES = ("-w", "-fmax-errors=0", "-ftrack-macro-expansion=0")
"""So that every name that is no number is told, by its own line."""


class Constant(NamedTuple):
    """A name, and the number that it stands for, of 64 bits with a sign."""

    header: str
    name: str
    value: int


def names_of(source: str, places: Iterable[Path]) -> Iterator[tuple[str, str]]:
    """Header and name of what preprocessed source (`-dD`) defines that may be a number."""
    prefixes = tuple(f"{place}/" for place in places)
    header, texts = "", dict[str, list[str]]()
    for line in source.splitlines():
        if marker := re.match(r'# \d+ "([^"]*)"', line):
            path = marker[1]
            header = next((path.removeprefix(each) for each in prefixes if path.startswith(each)), "")
        elif macro := re.match(r"#define (\w+) (\S.*)", line):
            if header and is_public(macro[1]):
                yield header, macro[1]
        elif header and not line.startswith("#"):
            texts.setdefault(header, []).append(line)
    for each, lines in texts.items():
        for body in re.findall(r"\benum\b[^{};()]*\{([^{}]*)\}", "\n".join(lines)):
            yield from ((each, name) for name in re.findall(r"(?:^|,)\s*(\w+)", body) if is_public(name))


def is_public(name: str) -> bool:
    """Whether a name is one for programs, in capital letters: none with an underscore before it, and no guard."""
    return not name.startswith("_") and name.upper() == name and not name.endswith("_H")


def values_of(header: str, names: Iterable[str], options: Iterable[str]) -> dict[str, int]:
    """What of some names is a number, and which, with a header included. Raises CalledProcessError."""
    wanted = list(dict.fromkeys(names))
    while wanted:
        asked = (f"long long value_{name} = (long long)({name});" for name in wanted)
        head = including(header)
        done = compiled(("-S", *MESSAGES, "-o-", *options), head + "\n".join(asked))
        first = head.count("\n") + 1
        wrong = {int(line) - first for line in re.findall(r"^<stdin>:(\d+):\d+: error", done.stderr, re.MULTILINE)}
        if not done.returncode:
            found = re.findall(r"^value_(\w+):\n\t\.(?:quad\t(-?\d+)|zero\t8)$", done.stdout, re.MULTILINE)
            return {name: int(value or 0) for name, value in found}
        if not wrong & set(range(len(wanted))):
            raise subprocess.CalledProcessError(done.returncode, "gcc", done.stdout, done.stderr)
        wanted = [name for at, name in enumerate(wanted) if at not in wrong]
    return {}


def including(header: str) -> str:
    """Source that includes a header, and before it what it needs."""
    return "".join(f"#include <{each}>\n" for each in (*BEFORE, header))


def compiled(options: Iterable[str], source: str) -> subprocess.CompletedProcess[str]:
    """What the compiler says to some source."""
    return subprocess.run(
        ["gcc", *options, "-x", "c", "-"], input=source, capture_output=True, text=True, check=False, encoding="utf-8"
    )


def constants(headers: Headers) -> list[Constant]:
    """All of them, by header and name. Raises CalledProcessError where a header cannot be read."""
    found: dict[str, Constant] = {}
    with tempfile.TemporaryDirectory() as library:
        for name in ("sys/socket.h", "netinet/in.h"):
            Path(library, name).parent.mkdir()
            Path(library, name).write_text(OF_THE_LIBRARY, encoding="utf-8")
        for header in HEADERS:
            found |= {each.name: each for each in of_header(header, headers, library, found)}
    return sorted(each for each in found.values() if is_wanted(each.header))


def of_header(header: str, headers: Headers, library: str, known: Container[str]) -> Iterator[Constant]:
    """What a header defines, and what others do that it includes, but for what is known. Raises CalledProcessError."""
    options = (*headers.options, f"-I{library}")
    done = compiled(("-E", "-dD", *options), including(header))
    done.check_returncode()
    owners: Mapping[str, str] = {
        name: owner for owner, name in names_of(done.stdout, headers.places) if name not in known
    }
    for name, value in values_of(header, owners, options).items():
        yield Constant(owners[name], name, value)


def is_wanted(header: str) -> bool:
    """Whether what a header defines is taken: it is one of those that are asked for, or is of an architecture."""
    return header in HEADERS or (header.startswith(("asm/", "asm-generic/")) and header not in NO_ARGUMENTS)


def table(headers: Headers) -> str:
    """The table, as it is committed."""
    rows = constants(headers)
    return "\n".join(
        [
            f"# The numbers that have a name in the headers of Debian's {PACKAGE} {headers.version}, those for x86-64:",
            "# macros and enumerators, as the compiler evaluates them. Made by `python -m tools.constants`.",
            "header\tconstant\tvalue",
            *(f"{each.header}\t{each.name}\t{each.value}" for each in rows),
            "",
        ]
    )


def main() -> int:
    """Write the table anew, and say what it is made of."""
    headers = newest_headers()
    text = table(headers)
    TABLE.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{TABLE.name}: {text.count(chr(10)) - 3} constants of {headers.version}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
