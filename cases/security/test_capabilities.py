"""Capabilities: the privileges of root in parts, which can be given up and passed on (capabilities(7))."""

from __future__ import annotations

from errno import EINVAL, EPERM

import pytest

from conformance.syscalls.files.directories import chroot
from conformance.syscalls.help.child import in_child
from conformance.syscalls.help.code import DATA, EXIT_WITH_ERRNO, call
from conformance.syscalls.help.programs import new_program
from conformance.syscalls.processes.credentials import setresuid
from conformance.syscalls.processes.executing import execve
from conformance.syscalls.processes.prctl import (
    PR_CAP_AMBIENT,
    PR_CAP_AMBIENT_IS_SET,
    PR_CAP_AMBIENT_RAISE,
    PR_CAPBSET_DROP,
    PR_CAPBSET_READ,
    PR_SET_KEEPCAPS,
    prctl,
)
from conformance.syscalls.security.capabilities import (
    CAP_CHOWN,
    CAP_KILL,
    CAP_SETUID,
    LINUX_CAPABILITY_VERSION_3,
    CapData,
    CapHeader,
    capget,
    capset,
)

CAP_SETPCAP, CAP_SYS_CHROOT = 8, 18
ABSENT = 63
"""A capability that no kernel has."""

pytestmark = pytest.mark.needs("root")


def bits(*capabilities: int) -> int:
    """A set, its low half."""
    return sum(1 << each for each in capabilities)


def header() -> CapHeader:
    """For this thread, in the current format."""
    return CapHeader(version=LINUX_CAPABILITY_VERSION_3)


def hold(permitted: int, *, effective: int | None = None, inheritable: int = 0) -> None:
    """Set the sets of this thread; all that is permitted is effective, unless told otherwise."""
    now = permitted if effective is None else effective
    capset(header(), CapData(effective=now, permitted=permitted, inheritable=inheritable))


def held() -> tuple[int, int]:
    """The effective and the permitted set."""
    data = CapData()
    capget(header(), data)
    return data.effective, data.permitted


def test_capability_that_was_given_up_does_not_come_back() -> None:
    hold(bits(CAP_KILL, CAP_CHOWN), effective=bits(CAP_KILL))
    hold(bits(CAP_KILL, CAP_CHOWN))
    hold(bits(CAP_KILL))
    assert held() == (bits(CAP_KILL), bits(CAP_KILL))
    more = CapData(permitted=bits(CAP_KILL, CAP_CHOWN))
    capset.fails_with(EPERM, header(), more)
    capset.fails_with(EPERM, header(), CapData(effective=bits(CAP_CHOWN), permitted=bits(CAP_KILL)))


@pytest.mark.parametrize(("keep", "left"), [(0, 0), (1, bits(CAP_KILL, CAP_SETUID))], ids=["dropped", "kept"])
def test_change_from_root_to_a_user_drops_the_capabilities_unless_they_are_kept(keep: int, left: int) -> None:
    """PR_SET_KEEPCAPS keeps what is permitted, while nothing is effective any more."""
    hold(bits(CAP_KILL, CAP_SETUID))
    assert held() == (bits(CAP_KILL, CAP_SETUID), bits(CAP_KILL, CAP_SETUID))
    prctl(PR_SET_KEEPCAPS, keep)
    setresuid(65534, 65534, 65534)
    assert held() == (0, left)


def chroot_program() -> bytes:
    """An executable that changes its root, which takes CAP_SYS_CHROOT; its exit status is the errno, 0 on success."""
    return new_program(b"program", call(chroot, DATA) + EXIT_WITH_ERRNO, b"/\0")


@pytest.mark.needs("x86_64")
def test_ambient_capability_survives_execve() -> None:
    """Linux 4.3: raised from what is permitted and inheritable; without it an unprivileged program has none."""
    none = prctl.or_missing("ambient capabilities", EINVAL, PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_SYS_CHROOT)
    assert none == 0
    prctl.fails_with(EPERM, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_CHROOT)
    path = chroot_program()
    prctl(PR_SET_KEEPCAPS, 1)
    setresuid(65534, 65534, 65534)
    hold(bits(CAP_SYS_CHROOT), inheritable=bits(CAP_SYS_CHROOT))
    assert in_child(lambda: execve(path, None, None)) == EPERM
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_CHROOT)
    assert prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_SYS_CHROOT) == 1
    assert in_child(lambda: execve(path, None, None)) == 0


@pytest.mark.needs("x86_64")
def test_bounding_set_limits_what_a_program_of_root_gets() -> None:
    path = chroot_program()
    assert in_child(lambda: execve(path, None, None)) == 0
    prctl(PR_CAPBSET_DROP, CAP_SYS_CHROOT)
    assert prctl(PR_CAPBSET_READ, CAP_SYS_CHROOT) == 0
    assert in_child(lambda: execve(path, None, None)) == EPERM
    prctl.fails_with(EINVAL, PR_CAPBSET_READ, ABSENT)
    hold(bits(CAP_KILL))
    prctl.fails_with(EPERM, PR_CAPBSET_DROP, CAP_SETPCAP)
