"""landlock(7): what a process gives up of its rights to files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from conformance.syscalls.machinery.aliases import Fd32, In, Int, NoFlags, Size, Zero
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
from conformance.syscalls.machinery.touches import NOTHING, PROCESS

LANDLOCK_CREATE_RULESET_VERSION = 1

LANDLOCK_RULE_PATH_BENEATH = 1

LANDLOCK_ACCESS_FS_EXECUTE, LANDLOCK_ACCESS_FS_WRITE_FILE, LANDLOCK_ACCESS_FS_READ_FILE = 1, 2, 4
LANDLOCK_ACCESS_FS_READ_DIR, LANDLOCK_ACCESS_FS_MAKE_DIR = 8, 128
LANDLOCK_ACCESS_FS_REMOVE_FILE, LANDLOCK_ACCESS_FS_MAKE_REG = 32, 256
LANDLOCK_ACCESS_NET_BIND_TCP, LANDLOCK_ADD_RULE_QUIET, LANDLOCK_RESTRICT_SELF_LOG_SAME_EXEC_OFF = 1, 1, 1
LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET, LANDLOCK_ACCESS_NET_CONNECT_TCP, LANDLOCK_CREATE_RULESET_ERRATA = 1, 2, 2
LANDLOCK_RESTRICT_SELF_LOG_NEW_EXEC_ON, LANDLOCK_RULE_NET_PORT, LANDLOCK_SCOPE_SIGNAL = 2, 2, 2
LANDLOCK_ACCESS_NET_BIND_UDP, LANDLOCK_RESTRICT_SELF_LOG_SUBDOMAINS_OFF, LANDLOCK_ACCESS_NET_CONNECT_SEND_UDP = 4, 4, 8
LANDLOCK_RESTRICT_SELF_TSYNC, LANDLOCK_ACCESS_FS_REMOVE_DIR, LANDLOCK_RESTRICT_SELF_NO_NEW_PRIVS = 8, 0x10, 0x10
LANDLOCK_ACCESS_FS_MAKE_CHAR, LANDLOCK_ACCESS_FS_MAKE_SOCK, LANDLOCK_ACCESS_FS_MAKE_FIFO = 0x40, 0x200, 0x400
LANDLOCK_ACCESS_FS_MAKE_BLOCK, LANDLOCK_ACCESS_FS_MAKE_SYM, LANDLOCK_ACCESS_FS_REFER = 0x800, 0x1000, 0x2000
LANDLOCK_ACCESS_FS_TRUNCATE, LANDLOCK_ACCESS_FS_IOCTL_DEV, LANDLOCK_ACCESS_FS_RESOLVE_UNIX = 0x4000, 0x8000, 0x10000

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


class NetPort(Struct):
    """`struct landlock_net_port_attr` (Linux 6.7)."""

    allowed_access: Annotated[U64, Flags(named(globals(), "LANDLOCK_ACCESS_NET"))]
    port: Annotated[U64, Choices(5000, 0, 65535, 65536)]


class RulesetAttr(Struct):
    """`struct landlock_ruleset_attr` of the newest headers: it had 8 bytes at first, and 24 in Linux 6.12."""

    handled_access_fs: Annotated[
        U64,
        Flags(named(globals(), "LANDLOCK_ACCESS_FS")),
        Choices(_ALL, LANDLOCK_ACCESS_FS_READ_FILE, LANDLOCK_ACCESS_FS_WRITE_FILE, 0, 1 << 40),
    ]
    handled_access_net: Annotated[U64, Flags(named(globals(), "LANDLOCK_ACCESS_NET")), Choices(0, 1, 2, 1 << 40)]
    scoped: Annotated[U64, Flags(named(globals(), "LANDLOCK_SCOPE")), Choices(0, 1, 2, 1 << 40)]
    quiet_access_fs: Annotated[U64, Flags(named(globals(), "LANDLOCK_ACCESS_FS")), Choices(0, 4, 1 << 40)]
    quiet_access_net: Annotated[U64, Flags(named(globals(), "LANDLOCK_ACCESS_NET")), Choices(0, 1, 1 << 40)]
    quiet_scoped: Annotated[U64, Flags(named(globals(), "LANDLOCK_SCOPE")), Choices(0, 1, 1 << 40)]


def _of_size(size: int, *attrs: RulesetAttr) -> tuple[Blob, ...]:
    """As many bytes of what an earlier kernel has, or a later one."""
    return tuple(Blob(bytes(each).ljust(size, b"\0")[:size]) for each in attrs)


def _rulesets() -> Iterator[Blob]:
    return struct_blobs(RulesetAttr)


def _rules() -> Iterator[Blob]:
    return struct_blobs(PathBeneath)


RulesetFd = Annotated[int, FileDescriptor("landlock")]
InRuleset = Annotated[
    In[RulesetAttr],
    Choices(
        *_of_size(8, *(RulesetAttr(handled_access_fs=each) for each in (_ALL, 4, 2, 0, 1 << 40))),
        *_of_size(16, RulesetAttr(handled_access_fs=_ALL)),
        *_of_size(24, RulesetAttr(handled_access_fs=_ALL, scoped=1)),
        *(*_of_size(4, RulesetAttr(handled_access_fs=4)), *_of_size(56, RulesetAttr(handled_access_fs=4))),
        *(_rulesets, KERNEL_ADDRESS, 0),
    ),
]
NoRuleset = Annotated[bytes | Buffer | int | None, Choices(0, rarely(1))]
NoSize = Annotated[int, Choices(often(0), seldom(1))]
RuleType = Annotated[
    int, Flags(named(globals(), "LANDLOCK_RULE_"), bits=False), Choices(LANDLOCK_RULE_PATH_BENEATH, rarely(0, 2, 99))
]
InRule = Annotated[object, Pointer(), OneOf(PathBeneath), Choices(_rules, *BAD_POINTERS)]
InPortRule = In[NetPort]
RuleFlags = Annotated[int, Flags(named(globals(), "LANDLOCK_ADD_RULE_")), Choices(often(0), 1)]
RestrictFlags = Annotated[int, Flags(named(globals(), "LANDLOCK_RESTRICT_SELF_")), Choices(often(0), 1)]
VersionFlags = Annotated[int, Flags(named(globals(), "LANDLOCK_CREATE_RULESET_"))]


@syscall(number=444, since="5.13", touches=NOTHING)
def landlock_create_ruleset(attr: InRuleset, size: Size, flags: NoFlags) -> RulesetFd: ...
@operation(landlock_create_ruleset, flags=(LANDLOCK_CREATE_RULESET_VERSION, LANDLOCK_CREATE_RULESET_ERRATA))
def landlock_create_ruleset_version(attr: NoRuleset, size: NoSize, flags: VersionFlags) -> Int: ...
@syscall(number=445, since="5.13", touches=NOTHING)
def landlock_add_rule(fd: RulesetFd, type: RuleType, attr: InRule, flags: RuleFlags) -> Zero: ...
@operation(landlock_add_rule, type=LANDLOCK_RULE_NET_PORT)
def landlock_add_rule_port(fd: RulesetFd, type: RuleType, attr: InPortRule, flags: RuleFlags) -> Zero: ...
@syscall(
    number=446,
    since="5.13",
    touches=PROCESS,
    after=("landlock_create_ruleset", "landlock_add_rule", "prctl_set_strict"),
)
def landlock_restrict_self(fd: RulesetFd, flags: RestrictFlags) -> Zero: ...
