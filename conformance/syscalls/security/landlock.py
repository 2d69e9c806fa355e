"""landlock(7): what a process gives up of its rights to files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from conformance.syscalls.machinery.aliases import Fd32, InBytes, Int, NoFlags, Size, Varying, Zero
from conformance.syscalls.machinery.buffers import U64, Buffer, Struct
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import (
    BAD_POINTERS,
    KERNEL_ADDRESS,
    Blob,
    Choices,
    Use,
    often,
    rarely,
    seldom,
    struct_blobs,
)
from conformance.syscalls.machinery.kinds import FileDescriptor, Flags, named
from conformance.syscalls.machinery.memory import OneOf, Pointer
from conformance.syscalls.machinery.touches import PROCESS

LANDLOCK_CREATE_RULESET_VERSION = 1

LANDLOCK_RULE_PATH_BENEATH = 1

LANDLOCK_ACCESS_FS_EXECUTE, LANDLOCK_ACCESS_FS_WRITE_FILE, LANDLOCK_ACCESS_FS_READ_FILE = 1, 2, 4
LANDLOCK_ACCESS_FS_READ_DIR, LANDLOCK_ACCESS_FS_MAKE_DIR = 8, 128
LANDLOCK_ACCESS_FS_REMOVE_FILE, LANDLOCK_ACCESS_FS_MAKE_REG = 32, 256

_ALL = 0x1FFF
"""All accesses to files that the first version knows."""


class PathBeneath(Struct):
    """`struct landlock_path_beneath_attr`: 12 bytes, which the kernel reads without the padding."""

    allowed_access: Annotated[
        U64,
        Flags(named(globals(), "LANDLOCK_ACCESS_FS")),
        Choices(
            LANDLOCK_ACCESS_FS_READ_FILE,
            LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
            LANDLOCK_ACCESS_FS_READ_DIR,
            LANDLOCK_ACCESS_FS_WRITE_FILE,
            LANDLOCK_ACCESS_FS_EXECUTE,
            *(_ALL, 0, 1 << 40),
        ),
    ]
    parent_fd: Annotated[Fd32, Choices(Use("fd:dir"), Use("fd:path"), ...)]


def _ruleset(handled: int, size: int = 8) -> Blob:
    """The first `size` bytes of a `struct landlock_ruleset_attr`."""
    return Blob(handled.to_bytes(8, "little").ljust(size, b"\0")[:size])


def _rules() -> Iterator[Blob]:
    return struct_blobs(PathBeneath)


RulesetFd = Annotated[int, FileDescriptor("landlock")]
InRuleset = Annotated[
    InBytes,
    Choices(
        *(_ruleset(_ALL), _ruleset(LANDLOCK_ACCESS_FS_READ_FILE), _ruleset(_ALL, size=16)),
        *(_ruleset(LANDLOCK_ACCESS_FS_WRITE_FILE), _ruleset(0), _ruleset(1 << 40)),
        *(_ruleset(4, size=4), _ruleset(4, size=24), KERNEL_ADDRESS, 0),
    ),
]
NoRuleset = Annotated[bytes | Buffer | int | None, Choices(0, rarely(1))]
NoSize = Annotated[int, Choices(often(0), seldom(1))]
RuleType = Annotated[int, Choices(LANDLOCK_RULE_PATH_BENEATH, rarely(0, 2, 99))]
InRule = Annotated[object, Pointer(), OneOf(PathBeneath), Choices(_rules, *BAD_POINTERS)]


@syscall(number=444, since="5.13", touches=PROCESS)
def landlock_create_ruleset(attr: InRuleset, size: Size, flags: NoFlags) -> RulesetFd: ...
@operation(landlock_create_ruleset, flags=(LANDLOCK_CREATE_RULESET_VERSION, 2))
def landlock_create_ruleset_version(attr: NoRuleset, size: NoSize, flags: Int) -> Varying: ...
@syscall(number=445, since="5.13", touches=PROCESS)
def landlock_add_rule(fd: RulesetFd, type: RuleType, attr: InRule, flags: NoFlags) -> Zero: ...
@syscall(
    number=446,
    since="5.13",
    touches=PROCESS,
    after=("landlock_create_ruleset", "landlock_add_rule", "prctl_set_strict"),
)
def landlock_restrict_self(fd: RulesetFd, flags: NoFlags) -> Zero: ...
