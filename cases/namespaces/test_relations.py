"""Relations of namespaces: their owners and parents (ioctl_ns(2)), and what cannot be joined or made."""

from __future__ import annotations

from errno import EINVAL, EPERM

import pytest

from cases.namespaces._namespaces import ask, enter, identity
from conformance.syscalls.files.ioctls import ioctl
from conformance.syscalls.files.opening import O_CLOEXEC, O_RDONLY, open
from conformance.syscalls.namespaces import (
    CLONE_NEWNET,
    CLONE_NEWUSER,
    CLONE_NEWUTS,
    NS_GET_NSTYPE,
    NS_GET_PARENT,
    NS_GET_USERNS,
    setns,
)

pytestmark = pytest.mark.needs("root")


def namespace(kind: bytes) -> int:
    """A namespace of this process, as a descriptor."""
    return open(b"/proc/self/ns/" + kind, O_RDONLY | O_CLOEXEC)


def test_owner_of_a_namespace_is_the_user_namespace_that_made_it() -> None:
    """NS_GET_USERNS (Linux 4.9)."""
    enter(CLONE_NEWUSER | CLONE_NEWUTS)
    owner = ask(namespace(b"uts"), NS_GET_USERNS)
    assert identity(b"/proc/self/fd/%d" % owner) == identity(b"/proc/self/ns/user")


def test_parent_that_is_out_of_sight_is_eperm() -> None:
    """NS_GET_PARENT (Linux 4.9) does not lead out; and only some kinds have parents."""
    enter(CLONE_NEWUSER)
    ask(namespace(b"uts"), NS_GET_NSTYPE)
    ioctl.fails_with(EPERM, namespace(b"user"), NS_GET_PARENT)
    ioctl.fails_with(EINVAL, namespace(b"uts"), NS_GET_PARENT)


def test_namespace_of_another_kind_is_not_joined() -> None:
    setns.fails_with(EINVAL, namespace(b"uts"), CLONE_NEWNET)
    setns(namespace(b"uts"), CLONE_NEWUTS)
    setns(namespace(b"uts"), 0)
