"""Structs against the C compiler: what the kernel's and the C library's headers say, by their debug information."""

from __future__ import annotations

import importlib
import pkgutil
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from elftools.dwarf.die import DIE
from elftools.elf.elffile import ELFFile

import conformance.syscalls
from conformance.syscalls.machinery.buffers import Struct
from conformance.syscalls.polling.aio import AioContext
from tests.conformance.syscalls.headers import newest_options

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="there is no gcc: apt install gcc libc6-dev")

KERNEL = (
    *("asm/stat.h", "asm/statfs.h", "asm/fcntl.h", "asm/poll.h", "asm/signal.h", "asm/siginfo.h"),
    *("asm/shmbuf.h", "asm/sembuf.h", "asm/msgbuf.h", "asm/sigcontext.h", "asm/ucontext.h", "asm/ldt.h"),
    *("linux/time.h", "linux/stat.h", "linux/openat2.h", "linux/uio.h", "linux/mqueue.h", "linux/mount.h"),
    *("linux/eventpoll.h", "linux/inotify.h", "linux/aio_abi.h", "linux/sched.h", "linux/sched/types.h"),
    *("linux/resource.h", "linux/ptrace.h", "linux/filter.h", "linux/landlock.h", "linux/bpf.h", "linux/perf_event.h"),
    *("linux/capability.h", "linux/in.h", "linux/nsfs.h", "linux/futex.h", "linux/times.h"),
    *("linux/fs.h", "linux/io_uring.h", "linux/userfaultfd.h", "linux/mman.h", "linux/fiemap.h", "linux/xattr.h"),
    *("linux/seccomp.h", "asm/termbits.h", "asm/termios.h", "linux/timex.h", "linux/pidfd.h", "linux/lsm.h"),
    *("linux/un.h", "linux/in6.h", "linux/ipv6.h", "linux/errqueue.h", "linux/netlink.h", "linux/rtnetlink.h"),
    *("linux/genetlink.h", "linux/neighbour.h", "linux/if_addr.h", "linux/netfilter/nfnetlink.h", "linux/utsname.h"),
)
LIBRARY = ("sched.h", "fcntl.h", "sys/socket.h", "sys/user.h", "sys/resource.h", "sys/times.h")
"""For what the kernel keeps to itself, or has only in headers that exclude one another."""

NAMED = re.compile(r"(?:The head of |The kernel's )?`(?:(?:struct|union) (\w+)|(\w+)_t)`")
"""How a docstring begins whose struct has a name in C."""
STRUCTS = ("DW_TAG_structure_type", "DW_TAG_union_type")
PADDING = re.compile(r"(pad|unused|spare|reserved|rest|padding|zero)\d*")
IN_PART = (
    "head of",
    "as far as",
    "first version",
    "size 88",
    "when `op`",
    "commands on",
    "without the padding",
    "with what fills it up",
)
"""What a docstring says when the struct is not all of the C one, or more."""
NEWEST = "of the newest headers"
"""What one says of a struct that has grown since those that may be installed."""
OTHER_NAMES = {"fd": "fildes", "priority": "reqprio", "address": "addr", "si_value": "sigval", "thread": "tid"}
SPLIT = {
    ("EpollEvent", "data"),
    ("EpollEvent", "data_high"),
    ("PerfEvent", "flags"),
    ("UserDesc", "flags"),
    ("IoUringBufReg", "flags"),
    ("LsmCtx", "ctx"),
    *(("Stamps", f"{each}{part}") for each in ("software", "legacy", "hardware") for part in ("", "_fraction")),
}
"""Members that are only a part of one in C, or several bit-fields, or nameless in headers of old."""
NAMELESS = {
    *("AioContext", "TimerId", "Tid", "Pidfd", "OwnerPid", "NewPid", "Word", "FutexOwner"),
    *("TwoIovecs", "CapData"),
    *("ExecReport", "Ustat", "InodeFlags", "WriteHint", "Action", "Timestamping"),
    *("ControlCharacters", "EarlyControlCharacters", "TerminalNumber", "TerminalDevice", "Foreground", "Discipline"),
    *("AttributeOffset", "Byte", "Checksum", "CmsghdrIp", "CmsghdrIpv6", "CmsghdrNetlink"),
    *("CmsghdrUdp", "DiagReq", "ErrorCode", "Flow", "Label", "Number"),
    *("Original", "Original6", "Rights", "Segment", "SomeId", "Stamp"),
    *("Value128", "Value16", "Value32", "Value8"),
}
"""Structs that C has no one name for: single numbers, pairs of structs, parts of one, and what no header has."""


@dataclass(frozen=True)
class Member:
    """Of a C struct, at any depth; `path` has the names of all that it lies in."""

    path: str
    offset: int
    size: int


@dataclass(frozen=True)
class Layout:
    """A C struct."""

    size: int
    members: tuple[Member, ...]


def bare(die: DIE) -> DIE:
    """What a type is without its qualifiers and names."""
    while die.tag in ("DW_TAG_typedef", "DW_TAG_const_type", "DW_TAG_volatile_type"):
        die = die.get_DIE_from_attribute("DW_AT_type")
    return die


def size_of(die: DIE) -> int:
    """In bytes."""
    die = bare(die)
    if die.tag != "DW_TAG_array_type":
        return int(die.attributes["DW_AT_byte_size"].value)
    count = 1
    for dimension in die.iter_children():
        bound = dimension.attributes.get("DW_AT_upper_bound")
        count *= bound.value + 1 if bound and isinstance(bound.value, int) else 0
    return count * size_of(die.get_DIE_from_attribute("DW_AT_type"))


def members_of(die: DIE, path: str = "", offset: int = 0) -> Iterator[Member]:
    """All members of a struct or union, and theirs."""
    for child in die.iter_children():
        if child.tag != "DW_TAG_member" or "DW_AT_data_bit_offset" in child.attributes:
            continue
        inner = bare(child.get_DIE_from_attribute("DW_AT_type"))
        place = child.attributes.get("DW_AT_data_member_location")
        here = offset + (place.value if place else 0)
        name = child.attributes.get("DW_AT_name")
        where = f"{path}_{name.value.decode()}" if name else path
        yield Member(where, here, size_of(inner))
        if inner.tag in STRUCTS:
            yield from members_of(inner, where, here)


def compiled(room: Path, headers: tuple[str, ...], options: tuple[str, ...] = ()) -> dict[str, Layout]:
    """Every struct and union that headers define, by tag or by the name of its type."""
    source = room / "source.c"
    lines = [f"#if __has_include(<{header}>)\n#include <{header}>\n#endif" for header in headers]
    source.write_text("\n".join(["#define _GNU_SOURCE", *lines, ""]))
    command = [
        "gcc",
        *options,
        "-g",
        "-fno-eliminate-unused-debug-types",
        "-c",
        str(source),
        "-o",
        str(room / "object.o"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = {}
    with (room / "object.o").open("rb") as stream:
        for unit in ELFFile(stream).get_dwarf_info().iter_CUs():
            for die in unit.iter_DIEs():
                name = die.attributes.get("DW_AT_name")
                if name is None or die.tag not in (*STRUCTS, "DW_TAG_typedef"):
                    continue
                struct = bare(die) if "DW_AT_type" in die.attributes else die
                if struct.tag in STRUCTS and "DW_AT_byte_size" in struct.attributes:
                    found[name.value.decode()] = Layout(size_of(struct), tuple(members_of(struct)))
    return found


@pytest.fixture(scope="module")
def layouts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Layout]:
    """What C knows. The kernel's own definition comes before the C library's."""
    library = compiled(tmp_path_factory.mktemp("library"), LIBRARY)
    return library | compiled(tmp_path_factory.mktemp("kernel"), KERNEL)


@pytest.fixture(scope="module")
def newest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Layout]:
    """What the newest headers know. Skips where they cannot be had."""
    return compiled(tmp_path_factory.mktemp("newest"), KERNEL, newest_options())


def structs() -> list[type[Struct]]:
    """Every struct that has a name in C."""
    return [each for each in all_structs() if NAMED.match(each.__doc__ or "")]


def all_structs() -> list[type[Struct]]:
    """Every struct that is described."""
    found: set[type[Struct]] = set()
    for info in pkgutil.walk_packages(conformance.syscalls.__path__, "conformance.syscalls."):
        module = importlib.import_module(info.name)
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Struct) and value is not Struct:
                found.add(value)
    found.discard(AioContext)  # a number in C
    return sorted(found, key=lambda each: (each.__module__, each.__name__))


def layout_of(struct: type[Struct], layouts: dict[str, Layout], request: pytest.FixtureRequest) -> Layout:
    """The C struct that a docstring names; skips where the newest headers cannot be had, and those here are older."""
    named = NAMED.match(struct.__doc__ or "")
    assert named
    names = [named[1]] if named[1] else [f"{named[2]}_t", named[2]]
    installed = {} if NEWEST in (struct.__doc__ or "") else layouts
    found = next((installed[name] for name in names if name in installed), None)
    if found is None:
        newest: dict[str, Layout] = request.getfixturevalue("newest")
        found = next((newest[name] for name in names if name in newest), None)
    assert found, f"no header of KERNEL and LIBRARY has {names[0]}: name the one that does"
    return found


def means(name: str, member: Member) -> bool:
    """Whether a C member is called after the same thing: every word of ours is the beginning of one of its, or vice
    versa (`size_` and `ss_size`, `address` and `sin_addr`)."""
    theirs = [word for word in member.path.lower().split("_") if word]
    return any(
        all(any(word.startswith(each) or each.startswith(word) for each in theirs) for word in ours.split("_"))
        for ours in (name.rstrip("_"), OTHER_NAMES.get(name, name))
    )


def test_every_struct_is_one_of_c_unless_it_is_known_to_be_none() -> None:
    assert {each.__name__ for each in all_structs()} - {each.__name__ for each in structs()} == NAMELESS - {
        "AioContext"
    }


@pytest.mark.parametrize("struct", structs(), ids=lambda each: each.__name__)
def test_a_struct_is_as_large_as_in_c(
    struct: type[Struct], layouts: dict[str, Layout], request: pytest.FixtureRequest
) -> None:
    layout = layout_of(struct, layouts, request)
    if any(words in (struct.__doc__ or "") for words in IN_PART):
        assert struct.size() % 4 == 0
        assert any(member.offset + member.size <= struct.size() for member in layout.members)
    else:
        assert struct.size() == layout.size


@pytest.mark.parametrize("struct", structs(), ids=lambda each: each.__name__)
def test_a_member_lies_where_it_does_in_c(
    struct: type[Struct], layouts: dict[str, Layout], request: pytest.FixtureRequest
) -> None:
    layout = layout_of(struct, layouts, request)
    for name in struct.members:
        if PADDING.fullmatch(name.rstrip("_")) or (struct.__name__, name) in SPLIT:
            continue
        ours = getattr(struct, name)
        there = [member for member in layout.members if (member.offset, member.size) == (ours.offset, ours.size)]
        assert any(means(name, member) for member in there), f"{name} at {ours.offset}, {ours.size} bytes: {there}"


def test_the_comparison_would_see_a_member_in_the_wrong_place(layouts: dict[str, Layout]) -> None:
    timespec = layouts["timespec"]
    assert timespec.size == 16
    assert [(member.path, member.offset) for member in timespec.members] == [("_tv_sec", 0), ("_tv_nsec", 8)]
    assert means("tv_sec", timespec.members[0])
    assert not means("tv_sec", timespec.members[1])
