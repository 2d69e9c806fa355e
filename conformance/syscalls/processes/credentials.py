"""credentials(7): user and group ids, and supplementary groups."""

from __future__ import annotations

import struct
from typing import Annotated

from conformance.syscalls.machinery.aliases import InBytes, Int, Out, Uid, Zero
from conformance.syscalls.machinery.buffers import Struct
from conformance.syscalls.machinery.call import syscall
from conformance.syscalls.machinery.choices import KERNEL_ADDRESS, Blob, Choices, often, room, seldom
from conformance.syscalls.machinery.touches import NOTHING, PRIVILEGES, PROCESS

OutId = Annotated[Out[Struct], Choices(often(room(4)), seldom(0, KERNEL_ADDRESS))]
OutGroups = Annotated[Out[Struct], Choices(often(room(64)), 0, KERNEL_ADDRESS)]
RoomForGroups = Annotated[int, Choices(0, often(16), 1, 2, -1)]
"""How many there is room for; 0 asks how many there are."""


def _groups(*ids: int) -> Blob:
    return Blob(struct.pack(f"={len(ids)}I", *ids))


InGroups = Annotated[
    InBytes,
    Choices(often(_groups(1000, 2000, 3000)), _groups(3, 1, 2), Blob(b"\xff" * 12), 0, KERNEL_ADDRESS),
]
"""Three in order, three that are not, and -1, which is no group."""
NumberOfGroups = Annotated[int, Choices(2, 3, 1, 0, 65537, -1)]
"""NGROUPS_MAX is 65536."""


@syscall(x86_64=102, aarch64=174, touches=NOTHING)
def getuid() -> Uid: ...
@syscall(x86_64=107, aarch64=175, touches=NOTHING)
def geteuid() -> Uid: ...
@syscall(x86_64=104, aarch64=176, touches=NOTHING)
def getgid() -> Uid: ...
@syscall(x86_64=108, aarch64=177, touches=NOTHING)
def getegid() -> Uid: ...
@syscall(x86_64=105, aarch64=146, touches=PROCESS | PRIVILEGES, after=("capset", "capget"))
def setuid(uid: Uid) -> Zero: ...
@syscall(x86_64=106, aarch64=144, touches=PROCESS | PRIVILEGES)
def setgid(gid: Uid) -> Zero: ...
@syscall(x86_64=113, aarch64=145, touches=PROCESS | PRIVILEGES)
def setreuid(ruid: Uid, euid: Uid) -> Zero: ...
@syscall(x86_64=114, aarch64=143, touches=PROCESS | PRIVILEGES)
def setregid(rgid: Uid, egid: Uid) -> Zero: ...
@syscall(x86_64=117, aarch64=147, touches=PROCESS | PRIVILEGES)
def setresuid(ruid: Uid, euid: Uid, suid: Uid) -> Zero: ...
@syscall(x86_64=119, aarch64=149, touches=PROCESS | PRIVILEGES)
def setresgid(rgid: Uid, egid: Uid, sgid: Uid) -> Zero: ...
@syscall(x86_64=118, aarch64=148, touches=NOTHING, after=("setgroups", "getgroups", "setresgid", "setresuid"))
def getresuid(ruid: OutId, euid: OutId, suid: OutId) -> Zero: ...
@syscall(x86_64=120, aarch64=150, touches=NOTHING)
def getresgid(rgid: OutId, egid: OutId, sgid: OutId) -> Zero: ...
@syscall(x86_64=122, aarch64=151, touches=PROCESS | PRIVILEGES)
def setfsuid(uid: Uid) -> Uid: ...
@syscall(x86_64=123, aarch64=152, touches=PROCESS | PRIVILEGES)
def setfsgid(gid: Uid) -> Uid: ...
@syscall(x86_64=115, aarch64=158, touches=NOTHING)
def getgroups(size: RoomForGroups, groups: OutGroups) -> Int: ...
@syscall(x86_64=116, aarch64=159, touches=PROCESS | PRIVILEGES)
def setgroups(size: NumberOfGroups, groups: InGroups) -> Zero: ...
